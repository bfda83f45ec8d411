"""Ranges of figures had the turns fallen a little differently: a block bootstrap over turns.

*Definition*: neighbouring turns resemble each other, so whole blocks of them are drawn, not single
ones (Künsch 1989), from the turns laid in a circle, so that first and last are drawn as often as
the rest (Politis & Romano 1992). A block holds ``n ** block_power`` of n turns (Hall, Horowitz &
Jing 1995: the cube root keeps the error of the estimated variance least). The range lies between
two percentiles of the figure over all draws; they are moved outwards as Student's t and the lost
degree of freedom ask for so many blocks (Hesterberg 2015, "expanded percentiles"), because plain
percentiles of few blocks are too narrow.

*Conventions*: the draws are seeded, so the same turns have the same range. Turns that are all alike
have a range of no width. The figure itself always lies inside.

*What this can't tell*: what another day, another client or another microphone would have given, and
whether the voices were told apart rightly: only how far chance in these very turns may reach.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache
from math import ceil, isclose, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from pipeline.records import Measure, Turn
from pipeline.settings import IntervalsConfig

Floats = NDArray[np.float64]
Range = tuple[float, float]


def bootstrap_ratio(
    numerators: Sequence[float], denominators: Sequence[float], config: IntervalsConfig
) -> Range | None:
    """The range of ``sum(numerators) / sum(denominators)``; one of each for every turn, in order.

    None under ``config.least`` turns, or where the denominators are nothing.
    """
    above, below = (np.asarray(x, dtype=np.float64) for x in (numerators, denominators))
    turns, whole = len(below), float(below.sum())
    if turns < config.least or not whole > 0:
        return None
    value = float(above.sum()) / whole
    if np.allclose(above, value * below, rtol=1e-12, atol=0.0):
        return value, value
    length = block_length(turns, config)
    starts = _starts(turns, length, config)
    sums = [_sums(x, starts, length) for x in (above, below)]
    heard = sums[1] > 0
    if not heard.any():
        return None
    return _between(sums[0][heard] / sums[1][heard], value, turns / length, config)


def bootstrap_median(values: Sequence[float], config: IntervalsConfig) -> Range | None:
    """The range of the median of some observations, in the order in which they were made.

    None under ``config.least`` observations.
    """
    observed = np.asarray(values, dtype=np.float64)
    count = len(observed)
    if count < config.least:
        return None
    value = float(np.median(observed))
    length = block_length(count, config)
    starts = _starts(count, length, config)
    drawn = (starts[:, :, None] + np.arange(length)).reshape(config.draws, -1)[:, :count] % count
    medians = np.median(observed[drawn], axis=1, overwrite_input=True)
    return _between(medians, value, count / length, config)


def exchanges(
    turns: Iterable[Turn],
    *,
    opens: Callable[[Turn], bool],
    above: Callable[[Turn], float],
    below: Callable[[Turn], float],
) -> tuple[list[float], list[float]]:
    """Numerators and denominators by exchange: a turn that opens one, and all up to the next.

    Turns alternate between people: drawn one by one, a draw would hold more of one person's turns
    than anybody's share of the talk ever does.
    """
    sums: list[list[float]] = [[], []]
    for turn in turns:
        if not sums[0] or (turn.kind == "turn" and opens(turn)):
            for column in sums:
                column.append(0.0)
        sums[0][-1] += above(turn)
        sums[1][-1] += below(turn)
    return sums[0], sums[1]


def ranged(measure: Measure, found: Range | None) -> Measure:
    """The measure with its range over turns, where it has a value."""
    if measure.value is None or found is None:
        return measure
    low, high = min(found[0], measure.value), max(found[1], measure.value)
    return replace(measure, interval=(low, high), interval_of="turns")


def block_length(turns: int, config: IntervalsConfig) -> int:
    """How many turns are drawn together."""
    length: float = turns**config.block_power
    return max(1, round(length))


@cache
def percentiles(level: float, units: float) -> Range:
    """Between which shares of the draws a range of this level, in %, lies for so many units."""
    from scipy.special import stdtrit

    tail = (1 - level / 100) / 2
    if units <= 1:
        return 0.0, 1.0
    moved = sqrt(units / (units - 1)) * float(stdtrit(units - 1, tail))
    low = NormalDist().cdf(moved)
    return low, 1 - low


def _starts(turns: int, length: int, config: IntervalsConfig) -> NDArray[np.int64]:
    """Where the blocks of each draw begin: draws x blocks."""
    blocks = ceil(turns / length)
    return np.random.default_rng(config.seed).integers(0, turns, size=(config.draws, blocks))


def _sums(values: Floats, starts: NDArray[np.int64], length: int) -> Floats:
    """The sum of each draw, as many values as there are: the last block is cut short."""
    turns, blocks = len(values), starts.shape[1]
    up_to = np.concatenate(([0.0], np.cumsum(np.concatenate((values, values[:length])))))
    last = turns - (blocks - 1) * length
    whole, cut = starts[:, :-1], starts[:, -1]
    sums: Floats = (up_to[whole + length] - up_to[whole]).sum(axis=1)
    sums += up_to[cut + last] - up_to[cut]
    return sums


def _between(drawn: Floats, value: float, units: float, config: IntervalsConfig) -> Range:
    low, high = (float(x) for x in np.quantile(drawn, percentiles(config.level, units)))
    if isclose(low, high, rel_tol=1e-12):
        return value, value
    return min(low, value), max(high, value)
