"""Both at once: an overlap detector trained on the session it listens to.

Once two voices are known, their clean stretches are mixed with each other at random levels, a small
network learns to tell A, B and both on these mixtures, and the session is decoded with it::

    voice A        |~~~~~~~~~~|
    voice B              |~~~~~~~~|
    learned         AAAAA|both|BBBB

Nothing is carried from one session to another. Some of the clean stretches are held back and mixed
for an examination; where the network fails it, the session is reported without overlaps.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.audio import RATE, Recording, Samples
from pipeline.diarization.cepstra import HOP, Frames, Matrix, bands_of, cepstra_of
from pipeline.diarization.voices import Labels, Mixture, Speech, best_path
from pipeline.settings import EmbeddedConfig

BOTH = 2
"""The state in which two voices sound."""

_STEP = round(HOP * RATE)
_BLOCK = 6_000
_LOWEST = -8.0

Stretch = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Overlaps:
    """Where both speak.

    Attributes:
        path: 0, 1 or ``BOTH`` for each frame of speech.
        precision: of the frames called both in the examination.
        recall: of the frames that were.
    """

    path: Labels
    precision: float
    recall: float


def find_overlaps(
    recording: Recording,
    frames: Frames,
    speech: Speech,
    path: Labels,
    voices: tuple[Mixture, ...],
    config: EmbeddedConfig,
) -> Overlaps | None:
    """Who speaks, overlaps included; None where the clean stretches don't suffice."""
    rng = np.random.default_rng(config.seed)
    clean = [clean_stretches(speech, path, voice, config) for voice in (0, 1)]
    taught = [[s for i, s in enumerate(own) if i % 4] for own in clean]
    held = [own[::4] for own in clean]
    if min(sum(e - s for s, e in own) for own in taught) < config.overlap_clean:
        return None
    ear = _Ear(frames, speech, voices, config)
    wanted = len(speech) * HOP / 60 * config.overlap_mixtures_a_minute
    fewest, most = config.overlap_mixtures
    count = round(min(most, max(fewest, wanted)))
    rows, answers = _lesson(recording, taught, ear, count, config, rng)
    network = _Network(rows, answers, config)
    rows, answers = _lesson(recording, held, ear, config.overlap_exam, config, rng)
    called = network.decode(rows, np.full(len(rows), config.overlap_switch)) == BOTH
    right = float(np.sum(called & (answers == BOTH)))
    scores = np.concatenate(
        [network.scores(part) for part in ear.hear_in_blocks(frames, speech.index)]
    )
    gap = np.diff(speech.index, prepend=speech.index[:1] - 1) > round(config.pause / HOP)
    penalties = np.where(gap, config.overlap_switch_at_pause, config.overlap_switch)
    return Overlaps(
        path=best_path(scores, penalties),
        precision=right / max(1, int(called.sum())),
        recall=right / max(1, int((answers == BOTH).sum())),
    )


def clean_stretches(
    speech: Speech, path: Labels, voice: int, config: EmbeddedConfig
) -> list[Stretch]:
    """Seconds in which one voice speaks and no other within reach, its short pauses included."""
    gaps = np.diff(speech.index) > round(config.overlap_bridge / HOP)
    breaks = np.flatnonzero((np.diff(path) != 0) | gaps) + 1
    starts = np.concatenate([[0], breaks])
    ends = np.concatenate([breaks, [len(path)]])
    found = []
    for first, last in zip(starts.tolist(), (ends - 1).tolist(), strict=True):
        start = int(speech.index[first]) * HOP + config.overlap_trim
        end = (int(speech.index[last]) + 1) * HOP - config.overlap_trim
        if path[first] == voice and end - start >= config.overlap_shortest:
            found.append((start, end))
    return found


def _lesson(
    recording: Recording,
    stretches: list[list[Stretch]],
    ear: "_Ear",
    count: int,
    config: EmbeddedConfig,
    rng: np.random.Generator,
) -> tuple[Matrix, Labels]:
    """Mixtures as the network hears them, and who speaks in each frame; silent frames left out."""
    rows, answers = [], []
    for number in range(count):
        tracks = _mixed(recording, stretches, number % 2, config, rng)
        speaks = np.stack([_audible(track, config) for track in tracks])
        bands = bands_of(tracks[0] + tracks[1])
        heard = ear.hear(bands, cepstra_of(bands))
        answer = np.where(speaks.all(axis=0), BOTH, speaks[1].astype(np.int64))
        known = speaks.any(axis=0)
        rows.append(heard[known])
        answers.append(answer[known])
    return np.concatenate(rows), np.concatenate(answers)


def _mixed(
    recording: Recording,
    stretches: list[list[Stretch]],
    first: int,
    config: EmbeddedConfig,
    rng: np.random.Generator,
) -> list[Samples]:
    """Two tracks of equal length: ``first`` begins, the other comes in before it has ended."""
    parts = []
    for own in (stretches[first], stretches[1 - first]):
        lengths = np.array([e - s for s, e in own])
        start, end = own[rng.choice(len(own), p=lengths / lengths.sum())]
        shortest, longest = config.overlap_lengths
        length = min(rng.uniform(shortest, longest), end - start)
        begin = start + rng.random() * max(0.0, end - start - length)
        parts.append(recording.block(begin, begin + length))
    parts[1] = parts[1] * 10 ** (rng.uniform(-config.overlap_level, config.overlap_level) / 20)
    shift = int(rng.uniform(0.0, 0.9) * len(parts[0]))
    size = max(len(parts[0]), shift + len(parts[1])) // _STEP * _STEP
    tracks = [np.zeros(size, np.float32), np.zeros(size, np.float32)]
    tracks[first][: len(parts[0])] = parts[0][:size]
    tracks[1 - first][shift : shift + len(parts[1])] = parts[1][: size - shift]
    return tracks


def _audible(track: Samples, config: EmbeddedConfig) -> npt.NDArray[np.bool_]:
    """Frames in which the track stands out from its own pauses."""
    level = np.abs(track).reshape(-1, _STEP).mean(axis=1)
    # Over 50 ms, so that the gaps between glottal pulses and short closures don't count as pauses.
    smooth = np.convolve(level, np.ones(5) / 5, mode="same")
    audible: npt.NDArray[np.bool_] = smooth > config.overlap_audible * level[level > 0].mean()
    return audible


class _Ear:
    """What the network hears: levels, cepstra and voices, each with its surroundings."""

    def __init__(
        self, frames: Frames, speech: Speech, voices: tuple[Mixture, ...], config: EmbeddedConfig
    ) -> None:
        cepstra = frames.cepstra[speech.index[speech.strong]]
        self._mean, self._spread = cepstra.mean(axis=0), cepstra.std(axis=0) + 1e-6
        self._voices = voices
        self._reaches = [round(reach / HOP) for reach in config.overlap_reaches]

    def hear(self, bands: Matrix, cepstra: Matrix) -> Matrix:
        """One row a frame: the frame, then mean and deviation within each reach."""
        normal = (cepstra - self._mean) / self._spread
        likely = np.stack([voice.score(normal) for voice in self._voices], axis=1) / 10
        now = np.hstack([normal, bands, likely[:, 1:] - likely[:, :1], likely.max(1)[:, None]])
        sums = np.cumsum(np.vstack([np.zeros((1, now.shape[1])), now]), axis=0)
        squares = np.cumsum(np.vstack([np.zeros((1, now.shape[1])), now * now]), axis=0)
        frame, count = np.arange(len(now)), len(now)
        rows = [now]
        for reach in self._reaches:
            a, b = np.clip(frame - reach, 0, count), np.clip(frame + reach + 1, 0, count)
            width = (b - a)[:, None]
            mean = (sums[b] - sums[a]) / width
            spread = (squares[b] - squares[a]) / width - mean**2
            rows += [mean, np.sqrt(np.maximum(spread, 1e-6))]
        heard: Matrix = np.hstack(rows).astype(np.float32)
        return heard

    def hear_in_blocks(self, frames: Frames, index: Labels) -> Any:
        """Rows of the frames in ``index``, block by block."""
        margin = max(self._reaches)
        for first in range(0, len(frames), _BLOCK):
            a, b = max(0, first - margin), min(len(frames), first + _BLOCK + margin)
            wanted = index[(index >= first) & (index < first + _BLOCK)] - a
            if len(wanted):
                yield self.hear(frames.bands[a:b], frames.cepstra[a:b])[wanted]


class _Network:
    """Small networks that tell A, B and both, and vote; trained in the constructor."""

    def __init__(self, rows: Matrix, answers: Labels, config: EmbeddedConfig) -> None:
        import warnings

        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier

        rng = np.random.default_rng(config.seed)
        self._mean, self._spread = rows.mean(axis=0), rows.std(axis=0) + 1e-6
        self._voters = []
        for voter in range(config.overlap_networks):
            chosen = rng.permutation(len(rows))[: config.overlap_frames]
            network = MLPClassifier(
                (config.overlap_units,),
                alpha=config.overlap_decay,
                max_iter=config.overlap_epochs,
                random_state=config.seed + voter,
            )
            with warnings.catch_warnings():
                # A fixed number of passes is what is wanted, converged or not.
                warnings.simplefilter("ignore", ConvergenceWarning)
                network.fit((rows[chosen] - self._mean) / self._spread, answers[chosen])
            self._voters.append(network)
        frequency = np.bincount(answers, minlength=3) / len(answers)
        both = config.overlap_prior
        self._prior = np.log(np.array([(1 - both) / 2, (1 - both) / 2, both]) / frequency)
        self._scale = config.overlap_scale

    def scores(self, rows: Matrix) -> Matrix:
        """Scaled log-likelihoods of A, B and both, shape (frames, 3)."""
        normal = (rows - self._mean) / self._spread
        votes = [np.maximum(voter.predict_log_proba(normal), _LOWEST) for voter in self._voters]
        scores: Matrix = (np.mean(votes, axis=0) + self._prior) * self._scale
        return scores

    def decode(self, rows: Matrix, penalties: npt.NDArray[np.float64]) -> Labels:
        """The best path through consecutive rows."""
        return best_path(self.scores(rows), penalties)
