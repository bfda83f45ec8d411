"""Change over time: one person's sessions against their own usual differences.

*Definition*: a line through the person's sessions by date, its slope the median of the slopes
between all pairs of them (Theil 1950, Sen 1968), with Sen's range from the ranks of those slopes.
The usual difference between two sessions is the median of the differences between all pairs, the
line taken out. A change is called one only if it is bigger than that, over the whole time, and the
range excludes none; otherwise it is "no bigger than the usual difference between two of their
sessions", or may be chance.

*What this can't tell*: whether the person changed, or the partner, the scenario or the recording.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from pipeline.cohort.form import Change, PersonChanges
from pipeline.cohort.sessions import Key, Session, names_of
from pipeline.exports.wording import figure
from pipeline.settings import Config

Floats = NDArray[np.float64]
_MONTH = 30.0
"""Days that a slope is told for."""


def changes(sessions: Sequence[Session], config: Config) -> tuple[PersonChanges, ...]:
    """Everybody's changes of whom there are dated sessions, by name."""
    by_person: dict[str, list[Session]] = {}
    for session in sessions:
        if session.person is not None and session.day is not None:
            by_person.setdefault(session.person, []).append(session)
    return tuple(_of(person, by_person[person], config) for person in sorted(by_person))


def slope_of(days: Floats, values: Floats, level: float) -> tuple[float, float, float]:
    """The Theil-Sen slope per day and its range at ``level`` per cent; days may repeat.

    Needs two different days.
    """
    first, second = _pairs(len(days))
    apart = days[second] - days[first]
    other = apart != 0
    slopes = np.sort((values[second] - values[first])[other] / apart[other])
    ties = Counter(days.tolist()).values()
    variance = (_ordered(len(days)) - sum(map(_ordered, ties))) / 18
    reach = NormalDist().inv_cdf((1 + level / 100) / 2) * sqrt(variance)
    low = max(round((len(slopes) - reach) / 2) - 1, 0)
    high = min(round((len(slopes) + reach) / 2), len(slopes) - 1)
    return _middle(slopes), float(slopes[low]), float(slopes[high])


@cache
def _pairs(count: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Every two of so many, the earlier first."""
    first, second = np.triu_indices(count, k=1)
    return first, second


def _ordered(count: int) -> int:
    """Eighteen times the variance of Kendall's S for so many that chance puts in order."""
    return count * (count - 1) * (2 * count + 5)


def _middle(ordered: Floats) -> float:
    count = len(ordered)
    return float(ordered[(count - 1) // 2] + ordered[count // 2]) / 2


def _of(person: str, dated: Sequence[Session], config: Config) -> PersonChanges:
    ordered = sorted(dated, key=lambda s: (s.day, s.name))
    days = [s.day.isoformat() for s in ordered if s.day is not None]
    least = config.cohort.trend_sessions
    note = ""
    found: tuple[Change, ...] = ()
    if len(ordered) < least:
        note = f"too few to tell a trend: {len(ordered)} of at least {least} dated sessions"
    elif days[0] == days[-1]:
        note = "all on one day: no trend"
    else:
        found = tuple(_changes(ordered, config))
        ways = len({s.stratum for s in ordered})
        if ways > 1:
            note = (
                f"recorded or analysed in {ways} ways: part of a change may come from that, "
                "not from the person"
            )
    return PersonChanges(
        person=person,
        sessions=len(ordered),
        first_day=days[0] if days else "",
        last_day=days[-1] if days else "",
        changes=found,
        note=note,
    )


def _changes(ordered: Sequence[Session], config: Config) -> Iterable[Change]:
    for key in names_of(ordered):
        told = [
            (float(s.day.toordinal()), value, s.figures[key].unit)
            for s in ordered
            if s.day is not None and key in s.figures
            if (value := s.figures[key].value) is not None
        ]
        if len(told) >= config.cohort.trend_sessions and told[0][0] < told[-1][0]:
            days, values = (np.array(column) for column in list(zip(*told, strict=True))[:2])
            yield _change(key, days, values, told[0][2], config)


def _change(key: Key, days: Floats, values: Floats, unit: str, config: Config) -> Change:
    slope, low, high = slope_of(days, values, config.intervals.level)
    middle = _middle(np.sort(values)) - slope * _middle(days)
    start, end = (middle + slope * float(day) for day in (days[0], days[-1]))
    rest = values - slope * days
    first, second = _pairs(len(rest))
    usual = _middle(np.sort(np.abs(rest[second] - rest[first])))
    bigger, sure = abs(end - start) > usual, low > 0 or high < 0
    if not bigger:
        text = "no bigger than the usual difference between two of their sessions"
    elif not sure:
        text = "may be chance: the range of the trend holds no change too"
    else:
        text = f"from about {figure(start, unit)} to about {figure(end, unit)}"
    return Change(
        measure=key.name,
        draft=key.draft,
        unit=unit,
        sessions=len(days),
        start=start,
        end=end,
        per_30_days=slope * _MONTH,
        interval=(low * _MONTH, high * _MONTH),
        usual=usual,
        beyond=bigger and sure,
        text=text,
    )
