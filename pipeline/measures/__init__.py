"""The measures, each a module of its own (docs/measures.md); this runs them all on one section."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

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
from pipeline.records import Event, EventType

_MOMENTS: tuple[tuple[Any, frozenset[EventType]], ...] = (
    (silences, frozenset({"silence"})),
    (overlaps, frozenset({"overlapping_start", "dual_start", "floor_taken", "overlap_floor_kept"})),
    (backchannels, frozenset({"backchannel"})),
    (phrasing, frozenset({"reflection", "question", "information"})),
    (candidates, frozenset({"affirmation", "summary"})),
)
"""Which measure makes which moments."""


def measure(basis: Basis) -> Found:
    """Every measure of a section, and the moments they count, sorted by start."""
    further = (tone, words, phrasing, candidates, echo, recording)
    return _together((timing(basis), *(m.evaluate(basis) for m in further)))


def again(basis: Basis, kinds: Collection[EventType], *, turns: bool = False) -> Found:
    """The moments of these kinds and the figures beside them; no ranges are drawn, for speed.

    ``turns``: also the figures that are told or not by how many turns there are.
    """
    bare = replace(basis, intervals=None)
    parts = [m.evaluate(bare) for m, made in _MOMENTS if made & set(kinds)]
    if turns:
        parts += [talk.lengths(bare), latency.evaluate(bare)]
        parts += [words.rates(bare), echo.enough(bare)]
        if tone.few(bare):
            parts.append(tone.figures(bare))
    found = _together(parts)
    return replace(found, events=tuple(event for event in found.events if event.type in kinds))


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
