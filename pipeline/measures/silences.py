"""Silences: where nobody spoke, and who broke it.

*Definition*: nobody speaks for ``silence_counted`` seconds or more (the distribution) and for
``silence_listed`` or more (the moments), between the first and the last speech. Each is inside a
turn or between two, and has somebody who broke it.

*What this can't tell*: what the silence was. There may be tears, breath or laughter in it, and the
amount of silence predicts nothing about a session (Levitt & Morrill; Soma 2022).
"""

from bisect import bisect_right
from itertools import pairwise

from pipeline.measures.basis import Basis, Found, count
from pipeline.records import Event
from pipeline.timeline import Span


def evaluate(basis: Basis) -> Found:
    """``silences`` and an event for each that is long enough to be listed."""
    config = basis.config
    found = find_silences(basis, min_duration=config.silence_counted)
    listed = tuple(e for e in found if e.end - e.start >= config.silence_listed)
    lengths = [e.end - e.start for e in found]
    parts = {
        "count_1s": float(len(lengths)),
        "seconds": sum(e.end - e.start for e in listed),
        "exposure": basis.practice,
    }
    if basis.therapist is not None:
        parts["broken_by_therapist"] = float(sum(e.by == basis.therapist for e in listed))
    figure = count(basis, listed, parts=parts, sample=sorted(lengths))
    return Found({"silences": figure}, listed if basis.voices != "abstained" else ())


def find_silences(basis: Basis, *, min_duration: float) -> tuple[Event, ...]:
    """Every silence of at least ``min_duration`` seconds between the first and the last speech."""
    speech = basis.conversation.speech()
    return tuple(
        _event(basis, Span(before.end, after.start))
        for before, after in pairwise(speech)
        if after.start - before.end >= min_duration
    )


def _event(basis: Basis, silence: Span) -> Event:
    by = _who(basis, silence.end, starting=True)
    before = _who(basis, silence.start, starting=False)
    return Event(
        type="silence",
        start=silence.start,
        end=silence.end,
        by=by,
        detail={
            "after": before or "",
            "place": "inside a turn" if by == before else "between turns",
        },
    )


def _who(basis: Basis, moment: float, *, starting: bool) -> str | None:
    """Whose IPU starts, or ends, at this very moment."""
    for speaker, ipus in basis.conversation.ipus.items():
        i = bisect_right(ipus, moment, key=lambda s: s.start) - 1
        if i >= 0 and moment == (ipus[i].start if starting else ipus[i].end):
            return speaker
    return None
