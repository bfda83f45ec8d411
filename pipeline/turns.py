"""From who spoke when to who held the floor: IPUs, contributions, backchannels, turns.

*Conventions* (docs/measures.md, Units)::

    therapist |-----------turn 1-----------|              |---turn 3---
    client            |bc|              |------turn 2------|
                      embedded          <->  overlap       gap (floor transfer > 0)

- IPU: one person's speech, silences of ``ipu_gap`` or less bridged.
- Contribution: one person's IPUs, silences of ``contribution_gap`` or less bridged, unless more
  than ``contribution_break`` of the others' speech lies wholly in the silence, or the other answers
  there a question that was just asked ("Do you sleep?" "Yes." "And do you eat?").
- Embedded: a contribution that lies inside another person's; it ends no turn.
- Backchannel: embedded, ``backchannel_max`` or shorter, its words (where known) all cue words.
- Turn: consecutive contributions of one person that are not embedded.

Source: NaturalTurn (Cychosz et al. 2025) for contributions; MITI 4.2.1's volley for turns.
"""

import heapq
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from pipeline.records import Diarization, SpeakerSpan, Turn, TurnKind
from pipeline.settings import TurnsConfig
from pipeline.timeline import Span, Timeline, clip, total, union

_INFINITY = float("inf")


class SpokenWords(Protocol):
    """What the words know about a stretch; only a transcript that is no draft may be asked."""

    def only_cues(self, speaker: str, span: Span) -> bool | None:
        """Whether all words there are backchannel cues; None where there are no words."""
        ...

    def asks(self, speaker: str, moment: float) -> bool:
        """Whether the speaker ends a question at about this moment."""
        ...


@dataclass(frozen=True, slots=True)
class Conversation:
    """One section's turns, ready to be measured.

    Attributes:
        span: of the section.
        ipus: of each speaker, in the order of ``speakers``.
        contributions: of each speaker, those that hold the floor (not embedded).
        turns: of every kind, sorted by start.
        answers_known: whether words could tell short answers from backchannels.
    """

    span: Span
    speakers: tuple[str, ...]
    ipus: Mapping[str, Timeline]
    contributions: Mapping[str, Timeline]
    turns: tuple[Turn, ...]
    answers_known: bool = False

    def of(self, kind: TurnKind, speaker: str | None = None) -> tuple[Turn, ...]:
        """Turns of one kind, of one speaker or of all."""
        return tuple(t for t in self.turns if t.kind == kind and speaker in (None, t.speaker))

    def speech(self) -> Timeline:
        """Where anybody speaks (IPUs)."""
        return union(*self.ipus.values())

    def others(self, speaker: str) -> Timeline:
        """Where anybody but ``speaker`` speaks (IPUs)."""
        return union(*(ipus for name, ipus in self.ipus.items() if name != speaker))


def converse(
    diarization: Diarization,
    config: TurnsConfig,
    *,
    within: Span,
    words: SpokenWords | None = None,
) -> Conversation:
    """The turns of one section of a recording."""
    builder = TurnBuilder(diarization.speakers, config, words=words)
    inside = tuple(
        SpeakerSpan(cut.start, cut.end, s.speaker)
        for s in diarization.spans
        for cut in clip((s.span,), within)
    )
    turns = builder.feed(inside, until=within.end) + builder.finish()
    return Conversation(
        span=within,
        speakers=diarization.speakers,
        ipus=builder.ipus(),
        contributions=builder.contributions(),
        turns=tuple(sorted(turns, key=lambda t: (t.start, t.end, t.speaker))),
        answers_known=words is not None,
    )


@dataclass(slots=True)
class _Contribution:
    """Under construction: indices of its first and last IPU in its voice's list."""

    voice: "_Voice"
    first: int
    last: int
    closed: bool = False

    @property
    def start(self) -> float:
        return self.voice.ipus[self.first].start

    @property
    def end(self) -> float:
        return self.voice.ipus[self.last].end

    def speech(self) -> Timeline:
        return tuple(self.voice.ipus[self.first : self.last + 1])


@dataclass(slots=True)
class _Voice:
    """Everything heard of one speaker, and how far it has been worked through."""

    speaker: str
    ipus: list[Span] = field(default_factory=list)
    contributions: list[_Contribution] = field(default_factory=list)
    decided: int = 0
    floor: list[Span] = field(default_factory=list)

    def open(self) -> _Contribution | None:
        """The contribution that may still grow."""
        last = self.contributions[-1] if self.contributions else None
        return last if last is not None and not last.closed else None

    @property
    def heard(self) -> int:
        """How many IPUs belong to a contribution by now."""
        return self.contributions[-1].last + 1 if self.contributions else 0

    def hear(self, span: Span, gap: float) -> None:
        """Add speech; spans come in order, pieces of one span may touch or overlap."""
        if self.ipus and span.start - self.ipus[-1].end <= gap:
            last = self.ipus[-1]
            self.ipus[-1] = Span(last.start, max(last.end, span.end))
        else:
            self.ipus.append(Span(span.start, span.end))

    def around(self, span: Span) -> _Contribution | None:
        """The contribution in which ``span`` lies, as far as is known."""
        i = bisect_left(self.contributions, span.start, key=lambda c: c.start)
        for contribution in self.contributions[max(0, i - 1) : i + 1]:
            own = Span(contribution.start, contribution.end)
            if own.covers(span) and span != own:
                return contribution
        return None


class TurnBuilder:
    """Incremental turns: ``feed`` diarized pieces in order of time, then ``finish``.

    Each call returns the turns that nothing later can change. Fed in pieces or fed whole, the same
    turns come out; a turn comes out once the floor has passed on.
    """

    def __init__(
        self,
        speakers: Iterable[str],
        config: TurnsConfig,
        *,
        words: SpokenWords | None = None,
    ) -> None:
        self._config = config
        self._words = words
        self._voices = {speaker: _Voice(speaker) for speaker in speakers}
        self._waiting: list[tuple[float, float, str, Turn]] = []
        self._turn: Turn | None = None

    def feed(self, spans: Sequence[SpeakerSpan], *, until: float) -> list[Turn]:
        """Speech up to ``until`` seconds; a span still going on ends there and goes on in the next.

        Args:
            spans: those since the last call, sorted by start; speakers may be new.
            until: nothing that starts before it will be fed later.
        """
        for s in spans:
            voice = self._voices.setdefault(s.speaker, _Voice(s.speaker))
            voice.hear(s.span, self._config.ipu_gap)
        return self._advance(until)

    def finish(self) -> list[Turn]:
        """The turns that were still open."""
        turns = self._advance(_INFINITY)
        if self._turn is not None:
            turns.append(self._turn)
            self._turn = None
        return turns

    def ipus(self) -> dict[str, Timeline]:
        """Every speaker's IPUs so far."""
        return {speaker: tuple(voice.ipus) for speaker, voice in self._voices.items()}

    def contributions(self) -> dict[str, Timeline]:
        """Every speaker's contributions that are known to hold the floor so far."""
        return {speaker: tuple(voice.floor) for speaker, voice in self._voices.items()}

    def _advance(self, now: float) -> list[Turn]:
        for voice in self._voices.values():
            self._contribute(voice, now)
        out: list[Turn] = []
        for voice in self._voices.values():
            out += self._decide(voice)
        return out + self._pass_floor(now)

    def _contribute(self, voice: _Voice, now: float) -> None:
        """Put IPUs together; one that started within the last ``ipu_gap`` seconds waits.

        Until then somebody's IPU that ended before it may still turn out to go on.
        """
        settled = now - self._config.ipu_gap
        i = voice.heard
        while i < len(voice.ipus) and voice.ipus[i].start < settled:
            open_ = voice.open()
            if open_ and self._bridged(voice, Span(open_.end, voice.ipus[i].start)):
                open_.last = i
            else:
                if open_:
                    open_.closed = True
                voice.contributions.append(_Contribution(voice, i, i))
            i += 1
        open_ = voice.open()
        if open_ and open_.end + self._config.contribution_gap < settled:
            open_.closed = True

    def _bridged(self, voice: _Voice, silence: Span) -> bool:
        if silence.duration > self._config.contribution_gap:
            return False
        others = [v for v in self._voices.values() if v is not voice]
        spoken = sum(total(_wholly_inside(v.ipus, silence)) for v in others)
        if spoken > self._config.contribution_break:
            return False
        if self._words is not None and self._words.asks(voice.speaker, silence.start):
            reach = Span(silence.start - self._config.answer_lead, silence.end)
            return not any(_starts_inside(v.ipus, reach) for v in others)
        return True

    def _decide(self, voice: _Voice) -> list[Turn]:
        """Tell embedded contributions from those that hold the floor, in order."""
        out: list[Turn] = []
        while voice.decided < len(voice.contributions):
            contribution = voice.contributions[voice.decided]
            if not contribution.closed:
                break
            span = Span(contribution.start, contribution.end)
            holders = [v for v in self._voices.values() if v is not voice]
            embedded = any(v.around(span) for v in holders)
            if not embedded and any(_may_still_hold(v, span) for v in holders):
                break
            turn = Turn(
                start=span.start,
                end=span.end,
                speaker=voice.speaker,
                kind=self._kind(voice.speaker, span) if embedded else "turn",
                speech=contribution.speech(),
            )
            if embedded:
                out.append(turn)
            else:
                voice.floor.append(span)
                heapq.heappush(self._waiting, (turn.start, turn.end, turn.speaker, turn))
            voice.decided += 1
        return out

    def _kind(self, speaker: str, span: Span) -> TurnKind:
        if span.duration > self._config.backchannel_max:
            return "embedded"
        cues = self._words.only_cues(speaker, span) if self._words else None
        return "embedded" if cues is False else "backchannel"

    def _pass_floor(self, now: float) -> list[Turn]:
        """Join contributions in order of start; a turn is over when somebody else's begins."""
        known = min((_undecided_since(voice, now) for voice in self._voices.values()), default=now)
        out: list[Turn] = []
        while self._waiting and self._waiting[0][0] < known:
            following = heapq.heappop(self._waiting)[-1]
            if self._turn is None:
                self._turn = following
            elif self._turn.speaker == following.speaker:
                self._turn = replace(
                    self._turn,
                    end=max(self._turn.end, following.end),
                    speech=self._turn.speech + following.speech,
                )
            else:
                out.append(self._turn)
                self._turn = following
        return out


def _may_still_hold(voice: _Voice, span: Span) -> bool:
    """Whether this voice may turn out to have had the floor all through ``span``."""
    open_ = voice.open()
    if open_ is not None:
        return open_.start <= span.start
    return any(ipu.start <= span.start for ipu in voice.ipus[voice.heard :])


def _undecided_since(voice: _Voice, now: float) -> float:
    """From when on this voice may still bring a contribution that is not known yet."""
    if voice.decided < len(voice.contributions):
        return voice.contributions[voice.decided].start
    return voice.ipus[voice.heard].start if voice.heard < len(voice.ipus) else now


def _wholly_inside(ipus: Sequence[Span], silence: Span) -> Timeline:
    i = bisect_left(ipus, silence.start, key=lambda s: s.start)
    out: list[Span] = []
    while i < len(ipus) and ipus[i].end <= silence.end:
        out.append(ipus[i])
        i += 1
    return tuple(out)


def _starts_inside(ipus: Sequence[Span], span: Span) -> bool:
    i = bisect_left(ipus, span.start, key=lambda s: s.start)
    return i < len(ipus) and ipus[i].start < span.end
