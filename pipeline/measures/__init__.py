"""The measures, each a module of its own (docs/measures.md); this runs them all on one section."""

from collections.abc import Iterable
from dataclasses import replace

from pipeline.measures import (
    backchannels,
    candidates,
    echo,
    latency,
    overlaps,
    phrasing,
    recording,
    silences,
    talk,
    tone,
    words,
)
from pipeline.measures.basis import Basis, Found
from pipeline.records import Event


def measure(basis: Basis) -> Found:
    """Every measure of a section, and the moments they count, sorted by start."""
    further = (tone, words, phrasing, candidates, echo, recording)
    return _together((timing(basis), *(m.evaluate(basis) for m in further)))


def timing(basis: Basis) -> Found:
    """The measures that need no words."""
    return _together(m.evaluate(basis) for m in (talk, latency, silences, overlaps, backchannels))


def _together(parts: Iterable[Found]) -> Found:
    found = tuple(parts)
    events = [_rounded(event) for part in found for event in part.events]
    return Found(
        measures={name: figure for part in found for name, figure in part.measures.items()},
        events=tuple(sorted(events, key=lambda e: (e.start, e.end, e.type))),
    )


def _rounded(event: Event) -> Event:
    return replace(event, start=round(event.start, 3), end=round(event.end, 3))
