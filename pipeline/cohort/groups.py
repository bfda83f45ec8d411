"""A group's figures: added, spread over its sessions, with each stratum's own beside them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median, quantiles

from pipeline.cohort.chance import Draws, between, draw, draw_both, drawn_of, middle
from pipeline.cohort.form import (
    Difference,
    Drawn,
    Figure,
    Group,
    Spread,
    StratumFacts,
    StratumFigure,
)
from pipeline.cohort.known import KNOWN, head_of
from pipeline.cohort.sessions import Key, Session, Stratum, names_of
from pipeline.measures.adding import added, form_of
from pipeline.records import Grade, Measure
from pipeline.settings import Config

POOLED = "recorded or analysed"
"""How the note begins that stands beside a figure of unlike sessions."""

_GRADES: tuple[Grade, ...] = ("good", "low", "draft")


def group(name: str, sessions: Sequence[Session], config: Config) -> Group:
    """Every figure of these sessions together."""
    strata = sorted({s.stratum for s in sessions})
    keys = tuple(names_of(sessions))
    drawn = draw(sessions, keys, config.intervals)
    return Group(
        name=name,
        sessions=len(sessions),
        people=people_in(sessions),
        unnamed=unnamed_in(sessions),
        strata=tuple(_facts(stratum, sessions) for stratum in strata),
        figures=tuple(
            _figure(key, sessions, strata, _Column(drawn, i), config) for i, key in enumerate(keys)
        ),
    )


def differences(
    first: Group,
    second: Group,
    sessions: tuple[Sequence[Session], Sequence[Session]],
    config: Config,
) -> tuple[Difference, ...]:
    """What two groups differ by, where both have a value that is a ratio of sums."""
    theirs = {_key(figure): figure for figure in second.figures}
    pairs = [
        (mine, theirs[_key(mine)])
        for mine in first.figures
        if mine.denominator is not None and mine.numerator is not None and _key(mine) in theirs
    ]
    keys = [_key(mine) for mine, _ in pairs]
    both = draw_both(sessions[0], sessions[1], keys, config.intervals)
    out: list[Difference] = []
    for i, (mine, other) in enumerate(pairs):
        if mine.value is None or other.value is None:
            continue
        value = mine.value - other.value
        units = min(int(draws.units[i]) for draws in both)
        apart = both[0].ratios[:, i] - both[1].ratios[:, i]
        enough = units >= config.cohort.least_people
        out.append(
            Difference(
                measure=mine.measure,
                draft=mine.draft,
                unit=mine.unit,
                first=first.name,
                second=second.name,
                value=value,
                interval=between(apart, value, units, config.intervals) if enough else None,
                note="\n".join(_difference_notes(first, second, enough, config)),
            )
        )
    return tuple(out)


def people_in(sessions: Iterable[Session]) -> int:
    """How many people are named."""
    return len({s.person for s in sessions} - {None})


def unnamed_in(sessions: Iterable[Session]) -> int:
    """In how many sessions nobody is."""
    return sum(s.person is None for s in sessions)


def _key(figure: Figure) -> Key:
    return Key(figure.measure, figure.draft, figure.unit)


@dataclass(frozen=True, slots=True)
class _Column:
    """One measure's draws."""

    draws: Draws
    i: int


def _figure(
    key: Key,
    sessions: Sequence[Session],
    strata: Sequence[Stratum],
    column: _Column,
    config: Config,
) -> Figure:
    taking = [s for s in sessions if key in s.figures and form_of(s.figures[key]) is not None]
    whole = together(key, taking or sessions, config)
    values = [v for s in taking if (v := s.figures[key].value) is not None]
    interval, drawn = _interval(key, whole, taking, column, config)
    own = _by_stratum(key, taking, strata, config)
    return Figure(
        measure=key.name,
        draft=key.draft,
        unit=whole.unit,
        sessions=len(taking),
        left_out=_without(key, sessions),
        people=people_in(taking),
        unnamed=unnamed_in(taking),
        numerator=whole.numerator,
        denominator=whole.denominator,
        value=whole.value,
        certainty=whole.certainty,
        interval=interval,
        drawn=drawn,
        spread=_spread(values),
        strata=own if len(own) > 1 else (),
        note="\n".join(_notes(taking, own, whole, interval, config)),
    )


def _without(key: Key, sessions: Sequence[Session]) -> int:
    """Sessions with nothing to add; not those that have it in draft words, or another unit."""
    return sum(
        form_of(s.figures[key]) is None
        if key in s.figures
        else all(other.name != key.name for other in s.figures)
        for s in sessions
    )


def together(key: Key, sessions: Sequence[Session], config: Config) -> Measure:
    """The sum of a measure; one of sessions that were each too short has a value if all aren't.

    The rules are those of one session: so much practice, and so many in the denominator where that
    counts something.
    """
    having = [s for s in sessions if key in s.figures]
    whole = added(s.figures[key] for s in having)
    config_ = config.measures
    enough = sum(s.practice for s in having) >= config_.min_practice
    rate = "per " in whole.unit
    if (
        whole.value is not None
        or len(having) < 2
        or not (enough and whole.denominator and whole.numerator is not None)
        or not (rate or whole.denominator >= config_.min_denominator)
    ):
        return whole
    ground = KNOWN[head_of(key.name)].words
    grades = {s.grades[ground] for s in having} - {"abstained"}
    return Measure(
        value=whole.numerator / whole.denominator,
        numerator=whole.numerator,
        denominator=whole.denominator,
        unit=whole.unit,
        certainty=max(grades, key=_GRADES.index) if grades else "low",
    )


def _interval(
    key: Key, whole: Measure, taking: Sequence[Session], column: _Column, config: Config
) -> tuple[tuple[float, float] | None, Drawn]:
    if whole.value is None:
        return None, ""
    found: tuple[float, float] | None = None
    units = int(column.draws.units[column.i])
    if form_of(whole) == "ratio" and units >= config.cohort.least_people:
        found = between(column.draws.ratios[:, column.i], whole.value, units, config.intervals)
    elif form_of(whole) == "median" and len(taking) >= config.cohort.least_people:
        found = middle(taking, key, whole.value, config.intervals)
    return found, drawn_of(taking) if found is not None else ""


def _by_stratum(
    key: Key, taking: Sequence[Session], strata: Sequence[Stratum], config: Config
) -> tuple[StratumFigure, ...]:
    out: list[StratumFigure] = []
    for i, stratum in enumerate(strata):
        inside = [s for s in taking if s.stratum == stratum]
        if inside:
            whole = together(key, inside, config)
            out.append(
                StratumFigure(
                    i,
                    len(inside),
                    people_in(inside),
                    whole.numerator,
                    whole.denominator,
                    whole.value,
                )
            )
    return tuple(out)


def _notes(
    taking: Sequence[Session],
    own: Sequence[StratumFigure],
    whole: Measure,
    interval: tuple[float, float] | None,
    config: Config,
) -> Iterable[str]:
    if len(own) > 1:
        yield f"{POOLED} in {len(own)} ways, each with its own figure"
    if whole.value is None:
        yield "not enough to tell"
    elif interval is None and form_of(whole) != "longest":
        yield f"fewer than {config.cohort.least_people} people, or sessions of one: no range"
    elif interval is not None and None in {s.person for s in taking}:
        yield "sessions were drawn where nobody is named: the range may be too narrow"


def _difference_notes(first: Group, second: Group, enough: bool, config: Config) -> Iterable[str]:
    ways = [
        {(s.setup, s.diarization, s.transcription, s.config_hash) for s in g.strata}
        for g in (first, second)
    ]
    if ways[0] != ways[1] or len(ways[0]) > 1:
        yield "the groups were not recorded and analysed in one and the same way"
    if not enough:
        yield f"fewer than {config.cohort.least_people} people in a group: no range"


def _facts(stratum: Stratum, sessions: Sequence[Session]) -> StratumFacts:
    inside = [s for s in sessions if s.stratum == stratum]
    return StratumFacts(*stratum, sessions=len(inside), people=people_in(inside))


def _spread(values: Sequence[float]) -> Spread | None:
    if not values:
        return None
    q1, _, q3 = quantiles(values, n=4, method="inclusive") if len(values) > 1 else [*values] * 3
    return Spread(median(values), q1, q3, min(values), max(values))
