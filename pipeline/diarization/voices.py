"""Voices as mixtures of Gaussians, and the most likely path from one to another.

Each voice is a diagonal mixture over normalised cepstra; a path gives every frame of speech its
voice, and changing voice costs ``switch`` (less across a pause). Mixtures and path are fitted to
each other in turn until the path stands still::

    path      AAAAAAAABBBBBBBBAAAA  --fit-->  mixtures A, B
    mixtures  --score frames, search the best path-->  AAAAAABBBBBBBBBBAAAA

Frames follow each other too closely to be independent evidence, so log-likelihoods are scaled.

Source: Ajmera & Wooters 2003 (agglomerative GMM-HMM diarization).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.diarization.cepstra import Matrix
from pipeline.settings import EmbeddedConfig

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Speech:
    """The frames in which somebody speaks, one after the other.

    Attributes:
        index: of each frame in the recording, increasing.
        cepstra: normalised over the strong frames, shape (frames, coefficients).
        strong: frames loud enough to carry a voice rather than the room's noise.
        pitch: Hz.
        voicing: 0 to 1.
    """

    index: Labels
    cepstra: Matrix
    strong: npt.NDArray[np.bool_]
    pitch: Matrix
    voicing: Matrix

    def __len__(self) -> int:
        return len(self.index)

    def penalties(self, config: EmbeddedConfig) -> npt.NDArray[np.float64]:
        """What it costs to change voice before each frame, shape (frames,)."""
        gap = np.diff(self.index, prepend=self.index[:1] - 1)
        pause = gap > round(config.pause / 0.01)
        return np.where(pause, config.switch_at_pause, config.switch)


class Mixture:
    """A diagonal mixture of Gaussians, grown by expectation-maximisation."""

    def __init__(
        self, rows: Matrix, components: int, config: EmbeddedConfig, rng: np.random.Generator
    ) -> None:
        """Start at frames drawn at random, all with the variance of the whole."""
        picked = rng.choice(len(rows), components, replace=len(rows) < components)
        self._means = rows[picked].astype(np.float64)
        self._variances = np.tile(rows.var(axis=0) + config.variance_floor, (components, 1))
        self._weights = np.full(components, 1.0 / components)
        self._floor = config.variance_floor
        self.fit(rows, config.first_iterations)

    def fit(self, rows: Matrix, iterations: int) -> None:
        """Move the mixture towards these frames."""
        both = np.hstack([rows, rows * rows])
        width = rows.shape[1]
        for _ in range(iterations):
            scores = self._components(both)
            share = np.exp(scores - scores.max(axis=1, keepdims=True))
            share /= share.sum(axis=1, keepdims=True)
            counts = share.sum(axis=0, dtype=np.float64) + 1e-3
            sums = (share.T @ both).astype(np.float64)
            self._means = sums[:, :width] / counts[:, None]
            spread = sums[:, width:] / counts[:, None] - self._means**2
            self._variances = np.maximum(spread, 0.0) + self._floor
            self._weights = counts / counts.sum()

    def score(self, rows: Matrix) -> Matrix:
        """Log-likelihood of each frame."""
        scores = self._components(np.hstack([rows, rows * rows]))
        highest = scores.max(axis=1)
        total: Matrix = highest + np.log(np.exp(scores - highest[:, None]).sum(axis=1))
        return total

    def _components(self, both: Matrix) -> Matrix:
        """Weighted log densities, shape (frames, components); ``both`` holds rows and squares."""
        linear = np.hstack([self._means / self._variances, -0.5 / self._variances])
        constant = np.log(self._weights) - 0.5 * (
            np.log(2 * np.pi * self._variances) + self._means**2 / self._variances
        ).sum(axis=1)
        scores: Matrix = both @ linear.T.astype(np.float32) + constant.astype(np.float32)
        return scores


@dataclass(frozen=True, slots=True)
class Separation:
    """One way of telling the voices apart.

    Attributes:
        path: the voice of each frame of speech.
        score: log-likelihood a strong frame of the path, its changes paid for; higher is better.
        mixtures: one a voice.
        start: name of the first guess it grew from.
    """

    path: Labels
    score: float
    mixtures: tuple[Mixture, ...]
    start: str


def separate(
    speech: Speech,
    guess: Labels,
    config: EmbeddedConfig,
    *,
    voices: int,
    thin: int = 1,
    start: str = "",
) -> Separation | None:
    """Fit mixtures and path to each other, beginning with a guess, on one frame in ``thin``.

    Returns None where a voice dies out on the way.
    """
    rng = np.random.default_rng(config.seed)
    rows, strong = speech.cepstra[::thin], speech.strong[::thin]
    penalties = speech.penalties(config)[::thin]
    path = guess[::thin]
    weight = config.likelihood_scale * thin
    components = mixture_size(speech, config)
    mixtures: list[Mixture] = []
    score = -np.inf
    for _ in range(config.rounds):
        mine = [rows[(path == voice) & strong] for voice in range(voices)]
        if min(len(m) for m in mine) * thin < config.least_frames:
            return None
        if mixtures:
            for mixture, own in zip(mixtures, mine, strict=True):
                mixture.fit(own, config.iterations)
        else:
            mixtures = [Mixture(own, components, config, rng) for own in mine]
        scores = np.stack([m.score(rows) for m in mixtures], axis=1) * (strong * weight)[:, None]
        new = best_path(scores, penalties)
        changes = new[1:] != new[:-1]
        paid = scores[np.arange(len(new)), new].sum() - penalties[1:][changes].sum()
        score = float(paid / weight / max(1, strong.sum()))
        moved = float(np.mean(new != path))
        path = new
        if moved < config.settled:
            break
    whole = np.repeat(path, thin)[: len(speech)]
    return Separation(whole, score, tuple(mixtures), start)


def mixture_size(speech: Speech, config: EmbeddedConfig) -> int:
    """Components a voice: fewer where there is little speech to fit them to."""
    seconds = len(speech) * 0.01
    size = round(seconds / config.seconds_per_component)
    return int(np.clip(size, config.components_min, config.components_max))


def best_path(scores: Matrix, penalties: npt.NDArray[np.float64]) -> Labels:
    """The Viterbi path through ``scores``, shape (frames, states).

    ``penalties[i]`` is paid for changing state before frame ``i``.
    """
    if scores.shape[1] == 2:
        return _path_of_two(scores[:, 1] - scores[:, 0], penalties)
    count, states = scores.shape
    value = scores[0].tolist()
    came: list[list[int]] = []
    order = range(states)
    for row, cost in zip(scores[1:].tolist(), penalties[1:].tolist(), strict=True):
        best = max(value)
        leader, rival = value.index(best), best - cost
        came.append([s if value[s] >= rival else leader for s in order])
        value = [(value[s] if value[s] >= rival else rival) + row[s] for s in order]
    path = np.empty(count, np.int64)
    state = value.index(max(value))
    path[-1] = state
    for i in range(count - 2, -1, -1):
        state = came[i][state]
        path[i] = state
    return path


def _path_of_two(lead: Matrix, penalties: npt.NDArray[np.float64]) -> Labels:
    """The same for two states, of which only the second's lead over the first matters.

    Where the lead exceeds the next penalty the state is certain whatever follows; elsewhere it is
    the state of the frame after.
    """
    total = 0.0
    leads = []
    for gained, cost in zip(lead.tolist(), penalties.tolist(), strict=True):
        total = (cost if total > cost else -cost if total < -cost else total) + gained
        leads.append(total)
    held = np.array(leads)
    bar = np.append(penalties[1:], 0.0)
    certain = np.abs(held) > bar
    certain[-1] = True
    following = np.flatnonzero(certain)[np.cumsum(certain[::-1])[::-1] * -1]
    path: Labels = (held[following] > 0).astype(np.int64)
    return path
