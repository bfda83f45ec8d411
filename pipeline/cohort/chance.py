"""How far a group's figures may hang on who happened to be in it: people drawn again and again.

*Definition*: all of a person's sessions are drawn together, because one person's sessions resemble
each other (a cluster bootstrap; Field & Welsh 2007). Where nobody is named, a session stands for a
person of its own, which makes ranges too narrow if they were the same people; the figure says so. A
group that is one person's only has its sessions drawn. The percentiles are widened as those over
turns are (``pipeline.measures.intervals``), with people in the place of blocks.

Every measure of a group is worked out of the same draws in one product of matrices: how often each
person was drawn, times what they add to numerators and denominators.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import isclose

import numpy as np
from numpy.typing import NDArray

from pipeline.cohort.form import Drawn
from pipeline.cohort.sessions import Key, Session
from pipeline.measures.adding import form_of
from pipeline.measures.intervals import percentiles
from pipeline.settings import IntervalsConfig

Floats = NDArray[np.float64]

_CELLS = 2_000_000
"""Numbers held at once while drawing: 16 MB."""


@dataclass(frozen=True, slots=True)
class Draws:
    """What each draw of a group makes of its ratios.

    Attributes:
        ratios: draws x measures; nan where a draw holds nothing of one.
        units: people, or sessions in their place, that each measure has.
    """

    ratios: Floats
    units: NDArray[np.int64]


def draw(
    sessions: Sequence[Session], keys: Sequence[Key], config: IntervalsConfig, *, stream: int = 0
) -> Draws:
    """The group's ratios, over and over with other people; ``stream`` makes draws independent."""
    units = units_of(sessions)
    sums = _sums(sessions, keys, units)
    rng = np.random.default_rng([config.seed, stream])
    drawn = np.concatenate([w @ sums for w in _weights(int(units.max()) + 1, config, rng)])
    return Draws(_ratios(drawn), _present(sums))


def draw_both(
    first: Sequence[Session],
    second: Sequence[Session],
    keys: Sequence[Key],
    config: IntervalsConfig,
) -> tuple[Draws, Draws]:
    """Both groups' draws: apart, or with the people who are in both drawn for both at once."""
    both = {s.person for s in first} & {s.person for s in second} - {None}
    if not both:
        return draw(first, keys, config, stream=1), draw(second, keys, config, stream=2)
    units = units_of((*first, *second))
    here, there = units[: len(first)], units[len(first) :]
    people = int(units.max()) + 1
    columns = [_sums(s, keys, u, people) for s, u in ((first, here), (second, there))]
    rng = np.random.default_rng([config.seed, 3])
    sums = np.concatenate(columns, axis=1)
    drawn = np.concatenate([w @ sums for w in _weights(people, config, rng)])
    halves = np.split(drawn, 2, axis=1)
    return (
        Draws(_ratios(halves[0]), _present(columns[0])),
        Draws(_ratios(halves[1]), _present(columns[1])),
    )


def middle(
    sessions: Sequence[Session], key: Key, value: float, config: IntervalsConfig
) -> tuple[float, float] | None:
    """The range of a median of pooled observations, sessions (or people) drawn again."""
    units = units_of(sessions)
    samples = [s.figures[key].sample if key in s.figures else () for s in sessions]
    pooled = np.concatenate([np.asarray(sample) for sample in samples])
    order = np.argsort(pooled, kind="stable")
    whose = np.repeat(units, [len(sample) for sample in samples])[order]
    rng = np.random.default_rng([config.seed, 0])
    found: list[Floats] = []
    for weights in _weights(int(units.max()) + 1, config, rng, columns=len(pooled)):
        up_to = np.cumsum(weights[:, whose], axis=1)
        at = (up_to >= up_to[:, -1:] / 2).argmax(axis=1)
        found.append(pooled[order][at][up_to[:, -1] > 0])
    return between(np.concatenate(found), value, len(np.unique(whose)), config)


def units_of(sessions: Sequence[Session]) -> NDArray[np.int64]:
    """Whom each session is drawn with, numbered as they first come.

    By the order of the sessions, not of the names: other pseudonyms draw the same people.
    """
    alone = len({s.person for s in sessions}) == 1
    seen: dict[object, int] = {}
    return np.array(
        [
            seen.setdefault(i if alone or s.person is None else s.person, len(seen))
            for i, s in enumerate(sessions)
        ],
        dtype=np.int64,
    )


def drawn_of(sessions: Sequence[Session]) -> Drawn:
    """What stands for a person among these sessions."""
    people = {s.person for s in sessions}
    if len(people) == 1:
        return "sessions"
    return "people and unnamed sessions" if None in people else "people"


def between(
    drawn: Floats, value: float, units: float, config: IntervalsConfig
) -> tuple[float, float] | None:
    """The range of a figure from its draws; no width where all draws agree."""
    told = drawn[~np.isnan(drawn)]
    if not len(told):
        return None
    low, high = (float(x) for x in np.quantile(told, percentiles(config.level, float(units))))
    if isclose(low, high, rel_tol=1e-9, abs_tol=1e-12):
        return value, value
    return min(low, value), max(high, value)


def _sums(
    sessions: Sequence[Session],
    keys: Sequence[Key],
    units: NDArray[np.int64],
    people: int | None = None,
) -> Floats:
    """What each person adds: people x (numerator, denominator of every measure in turn)."""
    sums = np.zeros((people or int(units.max()) + 1, 2 * len(keys)))
    for session, unit in zip(sessions, units, strict=True):
        for i, key in enumerate(keys):
            figure = session.figures.get(key)
            if figure is not None and form_of(figure) == "ratio":
                sums[unit, 2 * i] += figure.numerator or 0.0
                sums[unit, 2 * i + 1] += figure.denominator or 0.0
    return sums


def _weights(
    people: int, config: IntervalsConfig, rng: np.random.Generator, *, columns: int = 1
) -> Iterator[Floats]:
    """How often each person is in each draw, some draws at a time."""
    step = max(1, _CELLS // max(people, columns))
    for first in range(0, config.draws, step):
        draws = min(step, config.draws - first)
        drawn = rng.integers(0, people, size=(draws, people))
        flat = (drawn + people * np.arange(draws)[:, None]).ravel()
        counts = np.bincount(flat, minlength=draws * people)
        yield counts.reshape(draws, people).astype(np.float64)


def _ratios(drawn: Floats) -> Floats:
    above, below = drawn[:, 0::2], drawn[:, 1::2]
    ratios: Floats = np.full(above.shape, np.nan)
    np.divide(above, below, out=ratios, where=below > 0)
    return ratios


def _present(sums: Floats) -> NDArray[np.int64]:
    present: NDArray[np.int64] = (sums[:, 1::2] > 0).sum(axis=0)
    return present
