"""The value types that travel between the stages; all frozen, all plain data.

Seconds are floats named ``start`` and ``end``, counted from the recording's beginning; ``speaker``
is a voice's label (``left``, ``SPEAKER_00``), ``role`` what that person was in a section.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from pipeline.timeline import Span, Timeline, union

Grade = Literal["good", "low", "draft", "abstained"]
Role = Literal["therapist", "client", "other"]
Setup = Literal["one microphone", "two microphones", "call mixed", "call separate", "unknown"]
Approach = Literal["MI", "person-centred", "CBT", "psychodynamic", "other", "unset"]
EventType = Literal[
    "silence",
    "overlapping_start",
    "floor_taken",
    "overlap_floor_kept",
    "backchannel",
    "dual_start",
    "reflection",
    "question",
    "information",
    "affirmation",
    "summary",
]
TurnKind = Literal["turn", "backchannel", "embedded"]

Progress = Callable[[str, float], None]
"""Called with a stage's name and the fraction of it that is done, 0 to 1."""


def no_progress(_stage: str, _fraction: float) -> None:
    """A progress callback for callers who don't watch."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What the recording itself allows.

    Attributes:
        snr_db: speech level over noise floor in dB; None where there is no speech or no pause.
        clipped: fraction of samples at full scale.
        peak_db: highest sample, dB re full scale.
        dual_mono: both channels carry the same signal.
        truncated: the file broke off before its declared end.
        notes: sentences for a person, the worst first.
    """

    snr_db: float | None
    clipped: float
    peak_db: float
    dual_mono: bool
    truncated: bool
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SpeakerSpan:
    """One voice speaking, ``start`` to ``end`` seconds."""

    start: float
    end: float
    speaker: str

    @property
    def span(self) -> Span:
        """The stretch without its speaker."""
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Diarization:
    """Who spoke when, overlaps kept; the only source of every timing figure.

    Attributes:
        spans: sorted by start; one speaker's spans don't overlap each other.
        speakers: the labels, in the order in which they are first heard.
        engine: name of the diarizer that decided it.
        grade: how far it may be trusted; ``abstained`` means that no figure may stand on it.
        confidence: 0 to 1, how surely these labels are right; None where the engine can't say.
            One voice where two were expected can be sure, and abstained from all the same.
        sees_overlap: whether the engine can tell that two voices sound at once.
        note: why the grade is what it is, in a sentence for a person.
        exclusive: at each moment at most one voice, for giving words their owner; empty = spans.
    """

    spans: tuple[SpeakerSpan, ...]
    speakers: tuple[str, ...]
    engine: str
    grade: Grade
    confidence: float | None
    sees_overlap: bool
    note: str = ""
    exclusive: tuple[SpeakerSpan, ...] = ()

    def of(self, speaker: str) -> Timeline:
        """One voice's speech as a timeline."""
        return union(s.span for s in self.spans if s.speaker == speaker)

    def speech(self) -> Timeline:
        """Where anybody speaks."""
        return union(s.span for s in self.spans)


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it was heard.

    Attributes:
        confidence: 0 to 1; None where the transcriber gives none.
        speaker: whose word it is; None means unattributed, never a guess.
        flags: doubts of the transcriber: ``outside speech``, ``repeated``, ``long``,
            ``doubtful``.
    """

    start: float
    end: float
    text: str
    confidence: float | None = None
    speaker: str | None = None
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Transcript:
    """What was said.

    Attributes:
        words: sorted by start.
        language: ISO 639-1 code.
        engine: name of the transcriber or reader.
        grade: ``draft`` where figures must not lean on the words.
        timed: whether word times were heard (True) or spread over a cue of a caption file (False).
        note: what a reader should know, in a sentence.
    """

    words: tuple[Word, ...]
    language: str
    engine: str
    grade: Grade
    timed: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """A voice's part in a section."""

    role: Role
    person: str | None = None


@dataclass(frozen=True, slots=True)
class Turn:
    """Somebody's uninterrupted hold of the floor, or what was said inside another's.

    Attributes:
        kind: ``turn`` (MITI's volley), ``backchannel`` or ``embedded`` (docs/measures.md, Units).
        speech: the person's IPUs inside the turn.
        role: what the speaker is in this section; None where nobody is assigned yet.
    """

    start: float
    end: float
    speaker: str
    kind: TurnKind
    speech: Timeline = ()
    role: Role | None = None
    text: str = ""
    words: tuple[Word, ...] = ()

    @property
    def span(self) -> Span:
        """From the first to the last moment of the turn."""
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Event:
    """A moment that a figure counts.

    Attributes:
        by: whose moment it is: who started, took the floor, listened, broke the silence.
        confidence: 0 to 1 where the detector has one.
        detail: plain facts beside it (``before: client``, ``cue: it sounds like``).
        uncertain: thresholds that, halved or raised by half, would make it no such moment.
    """

    type: EventType
    start: float
    end: float
    by: str | None
    confidence: float | None = None
    detail: dict[str, str | float] = field(default_factory=dict)
    uncertain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure that can be opened down to the seconds it was made of, and added to others.

    ``value`` is numerator / denominator, or the numerator where the denominator is None; medians
    and other order statistics keep their observations in ``sample`` instead.

    Attributes:
        unit: of the value: ``share``, ``s``, ``count``, ``per min``, ``per 10 min``, ``words``,
            ``dB``, ``semitones``.
        interval: range of the value at the level of ``intervals.level``, or None.
        interval_of: what the range is of: the tool's ``errors`` as on its test recordings, or
            the ``turns``, had they fallen a little differently.
        evidence: the stretches that a click should play.
        speaker: whose figure it is; None where it is the section's.
        note: why it abstains or what it can't tell; empty where there is nothing to add.
        parts: further named figures of the same measure, such as quartiles and shares.
        sample: the observations behind an order statistic.
        uncertain: thresholds that, halved or raised by half, would make it another reading: told
            or not told, or another number of moments.
    """

    value: float | None
    numerator: float | None
    denominator: float | None
    unit: str
    certainty: Grade
    evidence: Timeline = ()
    interval: tuple[float, float] | None = None
    speaker: str | None = None
    note: str = ""
    parts: dict[str, float] = field(default_factory=dict)
    sample: tuple[float, ...] = ()
    interval_of: Literal["errors", "turns"] = "errors"
    uncertain: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Feedback:
    """A sentence for the therapist, with the moments it stands on.

    Attributes:
        about: the measure or type of moment that it speaks of.
    """

    kind: Literal["did", "experiment", "note"]
    text: str
    evidence: Timeline = ()
    about: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """One practice inside a recording: its span, who was what, and everything measured in it.

    Attributes:
        role_confidence: 0 to 1; below ``roles.ask_below`` the roles must be asked for.
        role_note: how the roles were told, in a sentence.
        note: what holds for every figure of the section; empty where there is nothing to add.
        approach: what the course teaches; published bands belong to one approach only.
    """

    id: str
    start: float
    end: float
    roles: dict[str, Person]
    turns: tuple[Turn, ...]
    events: tuple[Event, ...]
    measures: dict[str, Measure]
    feedback: tuple[Feedback, ...] = ()
    role_confidence: float = 1.0
    role_note: str = ""
    note: str = ""
    approach: Approach = "unset"


def channel_label(channel: int, channels: int) -> str:
    """The voice's label where each channel holds one: ``left``, ``right``; else ``channel 3``."""
    return ("left", "right")[channel] if channels == 2 else f"channel {channel + 1}"


def merge_words(text: Iterable[Word]) -> str:
    """Words joined as a line of text."""
    return " ".join(word.text.strip() for word in text if word.text.strip())


def relabelled(words: Iterable[Word], speaker: str | None) -> tuple[Word, ...]:
    """The same words, owned by ``speaker``."""
    return tuple(replace(word, speaker=speaker) for word in words)
