"""Where the bars of a swimlane lie: a lane per voice, rows of ten minutes, silences between.

Only numbers; the template draws them. Widths are in units of which a row has 1000.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.records import Section, TurnKind
from pipeline.timeline import Span, union

WIDTH = 1000.0
LANE = 22.0
ROW_SECONDS = 600.0
"""Seconds in a row; in longer ones a turn of some seconds is too thin to see on paper."""

_TICKS = (5, 15, 30, 60, 120)
_MIN_BAR = 1.0


@dataclass(frozen=True, slots=True)
class Bar:
    """A stretch of a lane."""

    x: float
    width: float
    kind: TurnKind


@dataclass(frozen=True, slots=True)
class Lane:
    """One voice in a row; ``y`` is the lane's upper edge."""

    label: str
    role: str
    y: float
    bars: tuple[Bar, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """Up to ten minutes: lanes, silences as (x, width) over all lanes, ticks as (x, second)."""

    span: Span
    lanes: tuple[Lane, ...]
    silences: tuple[tuple[float, float], ...]
    ticks: tuple[tuple[float, float], ...]
    height: float


def swimlane(section: Section, *, speakers: Sequence[str]) -> tuple[Row, ...]:
    """The rows of a section."""
    length = section.end - section.start
    count = max(1, -int(-length // ROW_SECONDS))
    seconds = min(max(length, 1.0), ROW_SECONDS)
    starts = (section.start + i * ROW_SECONDS for i in range(count))
    return tuple(_row(section, Span(start, start + seconds), speakers=speakers) for start in starts)


def _row(section: Section, span: Span, *, speakers: Sequence[str]) -> Row:
    lanes = tuple(
        Lane(label, _role(section, label), i * LANE, _bars(section, label, span))
        for i, label in enumerate(speakers)
    )
    silences = tuple(
        _place(Span(e.start, e.end), span)
        for e in section.events
        if e.type == "silence" and span.overlap(Span(e.start, e.end)) > 0
    )
    step = next((s for s in _TICKS if span.duration / s <= 10), _TICKS[-1])
    first = int(-(-span.start // step)) * step
    ticks = tuple(
        ((t - span.start) / span.duration * WIDTH, float(t))
        for t in range(first, int(span.end) + 1, step)
    )
    return Row(span, lanes, silences, ticks, LANE * len(lanes))


def _bars(section: Section, label: str, span: Span) -> tuple[Bar, ...]:
    return tuple(
        Bar(*_place(piece, span), turn.kind)
        for turn in section.turns
        if turn.speaker == label
        for piece in union(turn.speech or (turn.span,))
        if span.overlap(piece) > 0
    )


def _place(piece: Span, row: Span) -> tuple[float, float]:
    start, end = max(piece.start, row.start), min(piece.end, row.end)
    scale = WIDTH / row.duration
    return (start - row.start) * scale, max((end - start) * scale, _MIN_BAR)


def _role(section: Section, label: str) -> str:
    person = section.roles.get(label)
    return person.role if person else "other"
