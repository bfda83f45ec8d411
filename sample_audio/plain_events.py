"""The events of a conversation, recomputed from its speech spans by the plain definitions.

Written for being checked by eye against the definitions, not for speed; it shares no code with
the pipeline. ``spans`` holds each voice's speech, silences of 0.2 s or less already bridged.

    contribution   a voice's spans, silences <= 1.5 s bridged, unless more than 1.0 s of somebody
                   else's speech lies wholly in the silence
    embedded       a contribution that starts and ends inside another voice's contribution, and
                   doesn't answer a question that ended less than 1.5 s before
    backchannel    embedded, <= 1.0 s;   overlap_floor_kept: embedded, longer
    floor_taken    S starts >= 0.5 s after the other began; the other's span ends 0.5-2.0 s later
                   and they stay silent for >= 1.0 s; S has >= 1.0 s of speech in the 1.5 s after
    silence        nobody speaks for >= 3 s between the first and the last speech
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

Span = tuple[float, float]
Speech = Mapping[str, Sequence[Span]]

BRIDGE = 1.5  # s
BREAK = 1.0  # s of others' speech
BACKCHANNEL = 1.0  # s at most
ANSWER = 1.5  # s after a question
BEGAN = 0.5  # s before, at least
OVERLAP = (0.5, 2.0)  # s
SILENT = 1.0  # s at least
HOLDS = (1.0, 1.5)  # s of speech at least, within so many seconds
SILENCE = 3.0  # s at least


class Event(NamedTuple):
    """What happened, when, and by whom."""

    start: float
    end: float
    type: str
    by: str


def events(spans: Speech, questions: Sequence[tuple[str, float]] = ()) -> list[Event]:
    """All events, sorted; ``questions`` are (speaker, end) of turns that ask."""
    held = {who: contributions(spans, who) for who in spans}
    found = silences(spans)
    inside: dict[str, list[Span]] = {who: [] for who in spans}
    for who, other in _pairs(spans):
        for start, end in held[who]:
            if _embedded((start, end), held[other]) and not _answers(who, start, questions):
                inside[who].append((start, end))
                kind = "backchannel" if end - start <= BACKCHANNEL else "overlap_floor_kept"
                found.append(Event(start, end, kind, who))
    for who, other in _pairs(spans):
        for start, _ in spans[who]:
            if any(s <= start < e for s, e in inside[who]):
                continue
            end = _taken_at(start, spans[who], spans[other], held[other])
            if end is not None:
                found.append(Event(start, end, "floor_taken", who))
    return sorted(set(found))


def contributions(spans: Speech, who: str) -> list[Span]:
    """One voice's contributions."""
    others = [span for other in spans if other != who for span in spans[other]]
    out: list[Span] = []
    for start, end in sorted(spans[who]):
        if out:
            since = out[-1][1]
            between = sum(e - s for s, e in others if since <= s and e <= start)
            if start - since <= BRIDGE and between <= BREAK:
                out[-1] = (out[-1][0], end)
                continue
        out.append((start, end))
    return out


def silences(spans: Speech) -> list[Event]:
    """Where nobody speaks for 3 s or more; ``by`` breaks it."""
    everyone = sorted((s, e, who) for who in spans for s, e in spans[who])
    out, reach = [], everyone[0][1]
    for start, end, who in everyone:
        if start - reach >= SILENCE:
            out.append(Event(reach, start, "silence", who))
        reach = max(reach, end)
    return out


def _pairs(spans: Speech) -> list[tuple[str, str]]:
    return [(who, other) for who in spans for other in spans if other != who]


def _embedded(span: Span, others: Sequence[Span]) -> bool:
    return any(s < span[0] and span[1] < e for s, e in others)


def _answers(who: str, start: float, questions: Sequence[tuple[str, float]]) -> bool:
    return any(asker != who and -0.5 <= start - end <= ANSWER for asker, end in questions)


def _taken_at(
    start: float, own: Sequence[Span], other: Sequence[Span], held: Sequence[Span]
) -> float | None:
    """When the other stopped, if a voice starting at ``start`` took their floor."""
    began = [s for s, e in held if s <= start < e]
    ends = [e for s, e in other if s <= start < e]
    if not began or not ends or start - began[0] < BEGAN:
        return None
    end = ends[0]
    if not OVERLAP[0] <= end - start <= OVERLAP[1]:
        return None
    if any(end < s < end + SILENT for s, _ in other):
        return None
    speech, window = HOLDS
    after = sum(max(0.0, min(e, end + window) - max(s, end)) for s, e in own)
    return end if after >= speech else None
