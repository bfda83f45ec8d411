"""Which moments and figures hang on a threshold: each is halved and raised by half, one at a time.

*Definition*: a moment is uncertain where a changed threshold leaves no moment of its type, by the
same person, that it shares time with. A figure is uncertain where a changed threshold makes it told
or not told, or, of moments, changes their number. Thresholds that only decide whether a figure is
told are weighed where they are applied (``pipeline.measures.basis``, ``tone``, ``recording``).

*Conventions*: no model runs for it. Under other turns each utterance keeps the phrasing model's
reading. ``window``, ``window_step`` and ``note_practice`` change no reading's being.

What is marked stays counted: a silence of 3.2 s is one, and would not be listed if the limit were
4.5 s. Feedback doesn't stand on it.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from typing import get_args

from pipeline.measures.basis import Found
from pipeline.records import Event, EventType, Measure
from pipeline.settings import MeasuresConfig, TurnsConfig
from pipeline.thresholds import changed

OF_TURNS = (
    *("ipu_gap", "contribution_gap", "contribution_break"),
    *("backchannel_max", "backchannel_words", "question_reach", "answer_lead"),
)
OF_MEASURES: dict[str, tuple[EventType, ...]] = {
    **dict.fromkeys(("silence_listed", "silence_counted"), ("silence",)),
    "dual_start": ("overlapping_start", "dual_start"),
    **dict.fromkeys(
        (
            *("floor_after", "floor_overlap_min", "floor_overlap_max"),
            *("floor_silent", "floor_speech", "floor_window"),
        ),
        ("floor_taken",),
    ),
    "candidate": ("reflection", "question", "information", "summary"),
    **dict.fromkeys(("summary_words", "summary_turns", "summary_reach"), ("summary",)),
}
"""Thresholds of single measures, and the moments that each decides on."""

_NUMBERS = ("count", "per min")
"""Units of figures that are numbers of moments."""

Again = Callable[[TurnsConfig, MeasuresConfig, tuple[EventType, ...]], Found]
"""The moments of these kinds that these thresholds find, and the figures beside them."""


def weigh(found: Found, again: Again, turns: TurnsConfig, measures: MeasuresConfig) -> Found:
    """The same moments and figures, those marked that a changed threshold would change."""
    doubts: dict[int, list[str]] = {}
    flipped: dict[str, list[str]] = {}
    for name, thresholds, kinds in _changed(turns, measures):
        other = again(*thresholds, kinds)
        mine, theirs = _by_kind(found.events, kinds), _by_kind(other.events, kinds)
        for kind, own in mine.items():
            for event in _without_match(own, theirs.get(kind, [])):
                doubts.setdefault(id(event), []).append(name)
        for key, figure in other.measures.items():
            if key in found.measures and _reading(figure) != _reading(found.measures[key]):
                flipped.setdefault(key, []).append(name)
    return Found(
        {
            key: replace(figure, uncertain=_sorted((*figure.uncertain, *flipped.get(key, ()))))
            for key, figure in found.measures.items()
        },
        tuple(_marked(event, doubts.get(id(event), ())) for event in found.events),
    )


def _changed(
    turns: TurnsConfig, measures: MeasuresConfig
) -> Iterator[tuple[str, tuple[TurnsConfig, MeasuresConfig], tuple[EventType, ...]]]:
    for name in OF_TURNS:
        for other in changed(turns, name):
            yield name, (other, measures), get_args(EventType)
    for name, kinds in OF_MEASURES.items():
        for moved in changed(measures, name):
            yield name, (turns, moved), kinds


def _reading(figure: Measure) -> tuple[bool, float | None]:
    """Whether it is told, and how many moments it counts."""
    counts = figure.unit in _NUMBERS
    return figure.value is None, figure.numerator if counts else None


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


def _sorted(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(set(names)))
