"""Intervals on a recording's time axis, and the little algebra everything else is built from.

A *timeline* is a tuple of spans sorted by start. The functions below take any sorted sequence of
spans and return a timeline whose spans neither overlap nor touch::

    a              |------|    |---|
    b                  |----|         |--|
    union(a, b)    |--------|  |---|  |--|
    intersect      (    |--|             )
    subtract(a, b) |---|       |---|
"""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from math import inf
from typing import NamedTuple

from pipeline.errors import AttuneError


class Span(NamedTuple):
    """A stretch of time, ``start <= t < end``, in seconds from the recording's beginning."""

    start: float
    end: float

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return self.end - self.start

    def covers(self, other: "Span") -> bool:
        """Whether the other span lies wholly inside this one."""
        return self.start <= other.start and other.end <= self.end

    def overlap(self, other: "Span") -> float:
        """Seconds shared with another span; 0 where they only touch."""
        return max(0.0, min(self.end, other.end) - max(self.start, other.start))

    def shifted(self, seconds: float) -> "Span":
        """The same stretch, later by so many seconds."""
        return Span(self.start + seconds, self.end + seconds)


Timeline = tuple[Span, ...]


def union(*timelines: Iterable[Span], gap: float = 0.0) -> Timeline:
    """Time covered by any of the timelines; silences of ``gap`` seconds or less are bridged."""
    merged: list[Span] = []
    for span in sorted(span for timeline in timelines for span in timeline):
        if span.end <= span.start:
            continue
        if merged and span.start - merged[-1].end <= gap:
            merged[-1] = Span(merged[-1].start, max(merged[-1].end, span.end))
        else:
            merged.append(Span(*span))
    return tuple(merged)


def intersect(a: Sequence[Span], b: Sequence[Span]) -> Timeline:
    """Time covered by both timelines (each without overlaps inside itself)."""
    out: list[Span] = []
    i = j = 0
    while i < len(a) and j < len(b):
        start, end = max(a[i].start, b[j].start), min(a[i].end, b[j].end)
        if start < end:
            out.append(Span(start, end))
        if a[i].end <= b[j].end:
            i += 1
        else:
            j += 1
    return tuple(out)


def subtract(a: Sequence[Span], b: Sequence[Span]) -> Timeline:
    """Time covered by ``a`` and not by ``b`` (each without overlaps inside itself)."""
    out: list[Span] = []
    j = 0
    for span in a:
        while j < len(b) and b[j].end <= span.start:
            j += 1
        start, k = span.start, j
        while k < len(b) and b[k].start < span.end:
            if b[k].start > start:
                out.append(Span(start, b[k].start))
            start = max(start, b[k].end)
            k += 1
        if start < span.end:
            out.append(Span(start, span.end))
    return tuple(out)


def complement(timeline: Sequence[Span], within: Span) -> Timeline:
    """The rest of ``within``: where nothing of the timeline lies."""
    return subtract((within,), timeline)


def clip(timeline: Iterable[Span], within: Span) -> Timeline:
    """The part of the timeline that lies inside ``within``; overlapping spans stay apart."""
    cut = (Span(max(s.start, within.start), min(s.end, within.end)) for s in timeline)
    return tuple(span for span in cut if span.start < span.end)


def total(timeline: Iterable[Span]) -> float:
    """Seconds covered by a timeline without overlaps."""
    return sum((span.end - span.start for span in timeline), 0.0)


def covering(timeline: Sequence[Span], moment: float) -> Span | None:
    """The span that a moment falls into, if any (timeline without overlaps)."""
    i = bisect_right(timeline, (moment, inf)) - 1
    return timeline[i] if i >= 0 and moment < timeline[i].end else None


def checked(spans: Iterable[Span], *, what: str) -> Timeline:
    """The spans sorted, after making sure that each ends after it starts.

    Raises:
        AttuneError: a span is reversed, negative or endless; the message gives its times.
    """
    out = tuple(sorted(spans))
    for span in out:
        if not 0 <= span.start <= span.end < inf:
            raise AttuneError(
                f"{what}: a span from {span.start:.3f} s to {span.end:.3f} s is not a stretch of "
                "time; give a start of 0 or later and an end that doesn't lie before it"
            )
    return out
