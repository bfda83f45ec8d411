"""First guesses of who speaks when, from which the voices are refined.

No single guess is safe: clustering sometimes finds a channel's noise, loudness or an excited
passage instead of the voice. So several independent ones are made, and the refined results compared
(``voices.separate``). All work on windows laid over the speech, pauses left out::

    speech    |------------------------------------------|
    windows   |--1--|  |--3--|  ...
                 |--2--|  |--4--|

*Slow directions* are the ones that pay: the directions of the window statistics that change much
over the session but little from one window to the next, because who speaks changes more slowly
than what is said (a linear discriminant analysis whose classes come from neighbourhood alone).

Source: Ward 1963; Wiskott & Sejnowski 2002 (slow features).
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from pipeline.diarization.voices import Labels, Speech
from pipeline.settings import EmbeddedConfig

Windows = npt.NDArray[np.float64]

_LEAST_ROWS = 10
_SHRINK = 0.1


def first_guesses(
    speech: Speech, config: EmbeddedConfig, *, voices: int
) -> Iterator[tuple[str, Labels]]:
    """Named guesses, one voice a frame of speech; none where there is too little speech."""
    for seconds in config.window_lengths:
        found = _windows(speech, seconds, seconds * config.window_step, config)
        if len(found[0]) > voices:
            yield f"ward {seconds:g}", _spread(_ward(_scaled(found[0]), voices), found, speech)
    # Neighbours half a window apart; the change is taken between those that share no frame.
    found = _windows(speech, config.slow_window, config.slow_window / 2, config)
    if len(found[0]) > 2 * voices + 2:
        for count in config.slow_directions:
            slow = _slow(found[0], int(count))
            yield f"slow {count:g}", _spread(_ward(slow, voices), found, speech)
    yield from _by_pitch(speech, config, voices)
    rng = np.random.default_rng(config.seed)
    length = round(config.random_run / 0.01)
    for number in range(config.random_starts):
        runs = rng.integers(0, voices, len(speech) // length + 1)
        yield f"random {number}", np.repeat(runs, length)[: len(speech)]


_Found = tuple[Windows, npt.NDArray[np.int64], int]


def _windows(speech: Speech, seconds: float, apart: float, config: EmbeddedConfig) -> _Found:
    """Mean and half the deviation of the strong frames of each window; its start; its length."""
    size = min(round(seconds / 0.01), len(speech))
    step = max(1, round(apart / 0.01), len(speech) // config.most_windows)
    starts = np.arange(0, len(speech) - size + 1, step)
    rows = []
    for start in starts:
        part = speech.cepstra[start : start + size]
        strong = part[speech.strong[start : start + size]]
        used = strong if len(strong) >= _LEAST_ROWS else part
        rows.append(np.concatenate([used.mean(axis=0), 0.5 * used.std(axis=0)]))
    return np.array(rows, np.float64), starts, size


def _scaled(rows: Windows) -> Windows:
    scaled: Windows = (rows - rows.mean(axis=0)) / (rows.std(axis=0) + 1e-6)
    return scaled


def _ward(rows: Windows, voices: int) -> Labels:
    from scipy.cluster.hierarchy import fcluster, linkage

    labels: Labels = fcluster(linkage(rows, "ward"), voices, "maxclust").astype(np.int64) - 1
    return labels


def _slow(rows: Windows, count: int) -> Windows:
    """The windows' coordinates in the slowest directions, smoothed over three windows."""
    from scipy.linalg import eigh

    change = rows[2:] - rows[:-2]
    within = change.T @ change / (2 * len(change))
    within += _SHRINK * np.trace(within) / len(within) * np.eye(len(within))
    _, directions = eigh(np.cov(rows.T), within)
    slow = (rows - rows.mean(axis=0)) @ directions[:, -count:]
    padded = np.pad(slow, ((1, 1), (0, 0)), mode="edge")
    smooth: Windows = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    return smooth


def _by_pitch(speech: Speech, config: EmbeddedConfig, voices: int) -> Iterator[tuple[str, Labels]]:
    size = round(config.window_lengths[0] / 0.01)
    starts = np.arange(0, len(speech), size)
    medians = np.full(len(starts), np.nan)
    for i, start in enumerate(starts):
        voiced = speech.voicing[start : start + size] > config.voiced
        if voiced.sum() >= _LEAST_ROWS:
            medians[i] = np.median(np.log(speech.pitch[start : start + size][voiced]))
    known = ~np.isnan(medians)
    if known.sum() > voices:
        medians[~known] = np.median(medians[known])
        labels = _ward(medians[:, None], voices)
        yield "pitch", np.repeat(labels, size)[: len(speech)]


def _spread(labels: Labels, found: _Found, speech: Speech) -> Labels:
    """Each frame gets the label most of its windows have."""
    _, starts, size = found
    votes = np.zeros((len(speech) + 1, int(labels.max()) + 1))
    np.add.at(votes, (starts, labels), 1)
    np.add.at(votes, (np.minimum(starts + size, len(speech)), labels), -1)
    counts = np.cumsum(votes[:-1], axis=0)
    # Frames behind the last whole window keep its label.
    counts[starts[-1] + size :] = counts[starts[-1] + size - 1]
    owner: Labels = counts.argmax(axis=1)
    return owner
