"""Which moments and figures hang on a threshold: each is halved and raised by half, one at a time.

*Definition*: a moment is uncertain where a changed threshold leaves no moment of its type, by the
same person, that it shares time with. A count is uncertain where a changed threshold changes it.
Thresholds that only decide whether a figure is told are weighed where they are applied
(``pipeline.measures.basis``).

What is marked stays counted: a silence of 3.2 s is one, and would not be listed if the limit were
4.5 s. Feedback doesn't stand on it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from typing import Any

from pipeline.measures.basis import Found
from pipeline.records import Event, EventType, Measure
from pipeline.settings import MeasuresConfig, TurnsConfig

FACTORS = (0.5, 1.5)
"""Half less, half more (docs/measures.md, Certainty)."""

COUNTED: dict[EventType, str] = {
    "overlapping_start": "overlapping_starts",
    "dual_start": "",
    "floor_taken": "floor_taken",
    "overlap_floor_kept": "overlap_floor_kept",
    "backchannel": "backchannels",
    "silence": "silences",
}
"""The moments of timing, and the figure that counts each."""

OF_TURNS = (
    *("ipu_gap", "contribution_gap", "contribution_break"),
    *("backchannel_max", "backchannel_words", "question_reach", "answer_lead"),
)
OF_MEASURES: dict[str, tuple[EventType, ...]] = {
    "silence_listed": ("silence",),
    "dual_start": ("overlapping_start", "dual_start"),
    **dict.fromkeys(
        (
            *("floor_after", "floor_overlap_min", "floor_overlap_max"),
            *("floor_silent", "floor_speech", "floor_window"),
        ),
        ("floor_taken",),
    ),
}
"""Thresholds of single measures, and the moments that each decides on."""

Moments = Callable[[TurnsConfig, MeasuresConfig, tuple[EventType, ...]], tuple[Event, ...]]
"""The moments of these kinds that these thresholds find."""


def weigh(found: Found, moments: Moments, turns: TurnsConfig, measures: MeasuresConfig) -> Found:
    """The same moments and figures, those marked that a changed threshold would change."""
    doubts: dict[int, list[str]] = {}
    recount: dict[tuple[EventType, str | None], list[str]] = {}
    for name, changed, kinds in _changed(turns, measures):
        mine = _by_kind(found.events, kinds)
        theirs = _by_kind(moments(*changed, kinds), kinds)
        for kind in mine.keys() | theirs.keys():
            own, other = mine.get(kind, []), theirs.get(kind, [])
            if len(own) != len(other):
                recount.setdefault(kind, []).append(name)
            for event in _without_match(own, other):
                doubts.setdefault(id(event), []).append(name)
    return Found(
        {name: _marked_figure(name, figure, recount) for name, figure in found.measures.items()},
        tuple(_marked(event, doubts.get(id(event), ())) for event in found.events),
    )


def _changed(
    turns: TurnsConfig, measures: MeasuresConfig
) -> Iterator[tuple[str, tuple[TurnsConfig, MeasuresConfig], tuple[EventType, ...]]]:
    for factor in FACTORS:
        for name in OF_TURNS:
            changed: dict[str, Any] = {name: _scaled(getattr(turns, name), factor)}
            yield name, (replace(turns, **changed), measures), tuple(COUNTED)
        for name, kinds in OF_MEASURES.items():
            changed = {name: _scaled(getattr(measures, name), factor)}
            yield name, (turns, replace(measures, **changed)), kinds


def _scaled(value: float, factor: float) -> float:
    """Whole numbers stay whole, rounded away from where they were."""
    if not isinstance(value, int):
        return value * factor
    return int(value * factor) if factor < 1 else -int(-value * factor // 1)


def _by_kind(
    events: Iterable[Event], kinds: Collection[EventType]
) -> dict[tuple[EventType, str | None], list[Event]]:
    """Moments by type and person, sorted by start."""
    out: dict[tuple[EventType, str | None], list[Event]] = {}
    for event in events:
        if event.type in kinds:
            out.setdefault((event.type, event.by), []).append(event)
    return out


def _without_match(own: list[Event], other: list[Event]) -> Iterator[Event]:
    """Those that share time with none of the others; both sorted by start."""
    j = 0
    for event in own:
        while j < len(other) and other[j].end < event.start:
            j += 1
        if j == len(other) or other[j].start > event.end:
            yield event


def _marked(event: Event, names: Iterable[str]) -> Event:
    return replace(event, uncertain=_sorted((*event.uncertain, *names)))


def _marked_figure(
    name: str, figure: Measure, recount: dict[tuple[EventType, str | None], list[str]]
) -> Measure:
    if figure.certainty == "abstained":
        return figure
    key = name.partition(".")[0]
    kinds = {kind for kind, counted in COUNTED.items() if counted == key}
    names = [
        threshold
        for (kind, by), thresholds in recount.items()
        if kind in kinds and figure.speaker in (None, by)
        for threshold in thresholds
    ]
    return replace(figure, uncertain=_sorted((*figure.uncertain, *names)))


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))
