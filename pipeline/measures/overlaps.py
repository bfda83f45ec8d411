"""Speaking at the same time: overlapping starts, dual starts, floor taken, floor kept.

*Definitions* (S starts, O was speaking)::

    O |--------------------|   >= floor_silent   |---
    S            |---------------------
                 <-overlap->  S speaks >= floor_speech of the next floor_window

- Overlapping start: S begins a contribution that is not embedded while O speaks.
- Dual start: S begins within ``dual_start`` of O's own beginning; nobody interrupted anybody.
- Floor taken (a *candidate* for an interruption): S starts ``floor_after`` or more after O's
  contribution began (a breath within it is no new beginning); O's IPU ends ``floor_overlap_min``
  to ``floor_overlap_max`` after S started, while both speak, and O stays silent for
  ``floor_silent``; S has ``floor_speech`` of speech in the ``floor_window`` after that. Who is
  embedded has no floor to lose. Vetoed by words that agree.
- Overlap, floor kept: an embedded contribution longer than a backchannel, or with its own words.

*What this can't tell*: whether anyone was interrupted. Overlap timing alone agrees with people's
"interrupted" tags at 10-28 % precision: listen to the moment.
"""

from bisect import bisect_left

from pipeline.measures.basis import Basis, Found, count, needs_overlap
from pipeline.records import Event, EventType, Measure
from pipeline.timeline import Span, Timeline, clip, covering, total


def evaluate(basis: Basis) -> Found:
    """Counts by person and the moments; two clients' overlaps enter no figure but their own."""
    starts = _starts(basis)
    taken = _floor_taken(basis)
    kept = tuple(
        Event("overlap_floor_kept", t.start, t.end, t.speaker)
        for t in basis.conversation.of("embedded")
    )
    events = tuple(sorted((*starts, *taken, *kept), key=lambda e: (e.start, e.type)))
    measures: dict[str, Measure] = {}
    practice = basis.practice
    for speaker in basis.speakers:
        for name, found in (
            ("overlapping_starts", [e for e in starts if e.type == "overlapping_start"]),
            ("floor_taken", taken),
            ("overlap_floor_kept", kept),
        ):
            own = [e for e in found if e.by == speaker]
            measures[f"{name}.{speaker}"] = needs_overlap(
                basis, count(basis, own, speaker=speaker, parts=_rate(basis, practice, len(own)))
            )
    return Found(measures, events if basis.sees_overlap and basis.voices != "abstained" else ())


def _rate(basis: Basis, practice: float, moments: int) -> dict[str, float]:
    """Seconds of practice, from which several sessions make one rate; a long one's own rate."""
    exposure = {"exposure": practice}
    if not practice or practice < basis.config.min_practice:
        return exposure
    return exposure | {"per_10_min": 600 * moments / practice}


def _starts(basis: Basis) -> tuple[Event, ...]:
    """Contributions that hold the floor and begin while somebody else, who holds it, speaks.

    Each is one start, however many others are speaking.
    """
    conversation = basis.conversation
    out: list[Event] = []
    for speaker, contributions in conversation.contributions.items():
        for contribution in contributions:
            spoken = _speaking(basis, contribution.start, but=speaker).values()
            if not spoken:
                continue
            own = covering(conversation.ipus[speaker], contribution.start)
            end = min(max(s.end for s in spoken), own.end if own else contribution.end)
            began = min(s.start for s in spoken)
            dual = contribution.start - began <= basis.config.dual_start
            kind: EventType = "dual_start" if dual else "overlapping_start"
            out.append(Event(kind, contribution.start, end, speaker))
    return tuple(out)


def _floor_taken(basis: Basis) -> tuple[Event, ...]:
    """One moment for each IPU that takes the floor, of however many others."""
    out: list[Event] = []
    for speaker, own in basis.conversation.ipus.items():
        for ipu in own:
            if not _holds_floor(basis, speaker, ipu):
                continue
            ends = [
                spoken.end
                for other, spoken in _speaking(basis, ipu.start, but=speaker).items()
                if _takes_floor(basis, speaker, ipu, other, spoken)
            ]
            if ends:
                out.append(Event("floor_taken", ipu.start, max(ends), speaker))
    return tuple(sorted(out, key=lambda e: e.start))


def _takes_floor(basis: Basis, speaker: str, ipu: Span, other: str, spoken: Span) -> bool:
    """Whether ``speaker``, starting with ``ipu``, takes the floor that ``other`` holds."""
    config, ipus = basis.config, basis.conversation.ipus
    after = Span(spoken.end, spoken.end + config.floor_window)
    return (
        ipu.start - _began(basis, other, spoken) >= config.floor_after
        and config.floor_overlap_min <= spoken.end - ipu.start <= config.floor_overlap_max
        and ipu.end >= spoken.end
        and _silent_for(ipus[other], spoken.end, config.floor_silent)
        and total(clip(_near(ipus[speaker], after), after)) >= config.floor_speech
        and not (basis.spoken is not None and basis.spoken.agrees(speaker, ipu))
    )


def _speaking(basis: Basis, moment: float, *, but: str) -> dict[str, Span]:
    """The IPUs in which others, who hold the floor, speak at this moment."""
    out: dict[str, Span] = {}
    for other, ipus in basis.conversation.ipus.items():
        spoken = covering(ipus, moment) if other != but else None
        if spoken is not None and spoken.start < moment and _holds_floor(basis, other, spoken):
            out[other] = spoken
    return out


def _began(basis: Basis, speaker: str, ipu: Span) -> float:
    """When the person whose IPU this is began to contribute."""
    contribution = covering(basis.conversation.contributions[speaker], ipu.start)
    return contribution.start if contribution else ipu.start


def _holds_floor(basis: Basis, speaker: str, ipu: Span) -> bool:
    """Whether this IPU belongs to a contribution that is not embedded in another's."""
    return covering(basis.conversation.contributions[speaker], ipu.start) is not None


def _silent_for(ipus: Timeline, moment: float, seconds: float) -> bool:
    i = bisect_left(ipus, (moment,))
    return i >= len(ipus) or ipus[i].start - moment >= seconds


def _near(ipus: Timeline, span: Span) -> Timeline:
    i = max(0, bisect_left(ipus, (span.start,)) - 1)
    j = bisect_left(ipus, (span.end,))
    return ipus[i:j]
