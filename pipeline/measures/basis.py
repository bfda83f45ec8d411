"""What every measure stands on, and what every measure gives back.

A measure is a module with a docstring (*Definition*, *Conventions*, *What this can't tell*) and one
public function ``evaluate(basis) -> Found``. Whether a figure may be shown is decided here once:
voices or words that can't be trusted, overlaps the diarizer can't see, too little practice.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from statistics import fmean, quantiles
from typing import Literal

from pipeline.corrections import Correction
from pipeline.lexicon import Lexicon
from pipeline.phrased import Phrased
from pipeline.prosody import Prosody
from pipeline.records import Event, Grade, Measure, Person, Quality, Word
from pipeline.settings import IntervalsConfig, MeasuresConfig
from pipeline.spoken import Spoken
from pipeline.thresholds import FACTORS, scaled
from pipeline.timeline import Span, Timeline
from pipeline.turns import Conversation

Ground = Literal["voices", "words"]
"""What a figure stands on: who spoke when, or what they said."""

_SURE: tuple[Grade, ...] = ("good", "low", "draft")
NO_OVERLAP = "not enough to tell: this diarizer can't hear two voices at once"


@dataclass(frozen=True, slots=True)
class Basis:
    """One section's conversation, who is who, and how far voices and words may be trusted.

    Attributes:
        voices: grade of the diarization; ``abstained`` empties every figure.
        words: grade of the transcript; ``abstained`` where there is none.
        words_note: why the words can't be counted; empty where they can.
        words_hang: thresholds that, halved or raised by half, would make them count or not.
        sees_overlap: whether the diarizer can tell two voices at once.
        spoken: the words, where they may veto what the sound shows.
        prosody: loudness and pitch; None without sound.
        quality: what the recording allows; None without sound.
        unattributed: the section's words that no voice could be given.
        lexicon: of the words' language.
        phrased: turns as the phrasing model reads them, for each voice as the therapist's.
        corrections: what the person said of single moments.
        intervals: how ranges over turns are drawn; None for figures without ranges.
    """

    conversation: Conversation
    roles: Mapping[str, Person]
    config: MeasuresConfig
    voices: Grade
    words: Grade
    sees_overlap: bool
    voices_note: str = ""
    words_note: str = ""
    words_hang: tuple[str, ...] = ()
    spoken: Spoken | None = None
    prosody: Prosody | None = None
    quality: Quality | None = None
    unattributed: tuple[Word, ...] = ()
    lexicon: Lexicon = field(default_factory=lambda: Lexicon(""))
    phrased: Mapping[str, Phrased] = field(default_factory=dict)
    corrections: tuple[Correction, ...] = ()
    intervals: IntervalsConfig | None = None

    @property
    def speakers(self) -> tuple[str, ...]:
        """The labels, in the order in which they are first heard."""
        return self.conversation.speakers

    @property
    def therapist(self) -> str | None:
        """The therapist's label, if somebody is."""
        return next((s for s, p in self.roles.items() if p.role == "therapist"), None)

    @property
    def practice(self) -> float:
        """Seconds from the first to the last speech of the section."""
        spoken = [ipus for ipus in self.conversation.ipus.values() if ipus]
        if not spoken:
            return 0.0
        return max(ipus[-1].end for ipus in spoken) - min(ipus[0].start for ipus in spoken)


@dataclass(frozen=True, slots=True)
class Found:
    """What a measure found: figures by name, and the moments behind them."""

    measures: dict[str, Measure] = field(default_factory=dict)
    events: tuple[Event, ...] = ()


def ratio(
    basis: Basis,
    numerator: float,
    denominator: float,
    *,
    unit: str,
    least: float = 0,
    evidence: Iterable[Span] = (),
    speaker: str | None = None,
    parts: Mapping[str, float] | None = None,
    by: Ground = "voices",
) -> Measure:
    """A share or a rate; abstains under ``min_practice`` seconds, where only counts mean much.

    ``least`` is what the denominator must reach, where it counts something.
    """
    value = numerator / denominator if denominator > 0 else None
    note = ""
    if value is None:
        note = "not enough to tell: nothing to compare with"
    elif basis.practice < basis.config.min_practice:
        value, note = None, _short(basis)
    elif denominator < least:
        value, note = None, _few(denominator, least)
    return graded(
        basis,
        Measure(
            value=value,
            numerator=numerator,
            denominator=denominator,
            unit=unit,
            certainty="good",
            evidence=tuple(evidence),
            speaker=speaker,
            note=note,
            parts=dict(parts or {}) if value is not None else {},
            uncertain=_hanging(basis, denominator, least),
        ),
        by=by,
    )


def count(
    basis: Basis,
    moments: Iterable[Event | Span],
    *,
    speaker: str | None = None,
    parts: Mapping[str, float] | None = None,
    sample: Iterable[float] = (),
    by: Ground = "voices",
) -> Measure:
    """A number of moments, each of them evidence."""
    evidence = tuple(Span(m.start, m.end) for m in moments)
    return graded(
        basis,
        Measure(
            value=float(len(evidence)),
            numerator=float(len(evidence)),
            denominator=None,
            unit="count",
            certainty="good",
            evidence=evidence,
            speaker=speaker,
            parts=dict(parts or {}),
            sample=tuple(sample),
        ),
        by=by,
    )


def distribution(
    basis: Basis,
    observations: Iterable[tuple[float, Span]],
    *,
    unit: str,
    speaker: str | None = None,
    parts: Mapping[str, float] | None = None,
) -> Measure:
    """The median of some observations, with their quartiles and ``parts``.

    ``sample`` and ``evidence`` are in one order, that of time.
    Abstains under ``min_practice`` seconds and on fewer observations than required.
    """
    seen = sorted(observations, key=lambda observation: observation[1])
    values = [value for value, _ in seen]
    note = ""
    if basis.practice < basis.config.min_practice:
        note = _short(basis)
    elif len(values) < basis.config.min_denominator:
        note = _few(len(values), basis.config.min_denominator)
    q1, median, q3 = quantiles(values, n=4, method="inclusive") if not note else (0.0, 0.0, 0.0)
    return graded(
        basis,
        Measure(
            value=None if note else median,
            numerator=None,
            denominator=float(len(values)),
            unit=unit,
            certainty="good",
            evidence=tuple(span for _, span in seen),
            speaker=speaker,
            note=note,
            parts={} if note else {"q1": q1, "q3": q3, "mean": fmean(values), **(parts or {})},
            sample=tuple(values),
            uncertain=_hanging(basis, len(values), basis.config.min_denominator),
        ),
    )


def graded(basis: Basis, measure: Measure, *, by: Ground = "voices") -> Measure:
    """The measure with the grade of what it stands on; no figure where that can't be told.

    Words are no surer than the voices that they were given to, unless a transcript named them.
    """
    if by == "words" and basis.words_note:
        return replace(abstained(measure, basis.words_note), uncertain=basis.words_hang)
    if by == "voices" and basis.voices == "abstained":
        return abstained(measure, basis.voices_note or "not enough to tell: the voices are unclear")
    if measure.value is None:
        return replace(measure, certainty="abstained")
    grounds = (basis.voices, basis.words) if by == "words" else (basis.voices,)
    known = [grade for grade in grounds if grade != "abstained"]
    hanging = measure.uncertain + (basis.words_hang if by == "words" else ())
    return replace(measure, certainty=max(known, key=_SURE.index), uncertain=hanging)


def moments_of_words(basis: Basis, events: Iterable[Event]) -> tuple[Event, ...]:
    """The moments in order of time, with what the words hang on; none where they don't count."""
    if basis.words_note:
        return ()
    marked = (replace(e, uncertain=e.uncertain + basis.words_hang) for e in events)
    return tuple(sorted(marked, key=lambda e: (e.start, e.type)))


def practice_note(basis: Basis) -> str:
    """What a short practice does to every figure; empty for a long one."""
    if basis.practice >= basis.config.note_practice:
        return ""
    return (
        f"{basis.practice / 60:.0f} minutes of practice: under "
        f"{basis.config.note_practice / 60:.0f} minutes the figures of one and the same person "
        "differ much from session to session."
    )


def needs_overlap(basis: Basis, measure: Measure) -> Measure:
    """The same measure, or an abstention where the diarizer can't tell two voices at once."""
    return measure if basis.sees_overlap else abstained(measure, NO_OVERLAP)


def abstained(measure: Measure, note: str) -> Measure:
    """The measure without its figure, saying why."""
    return replace(
        measure,
        value=None,
        numerator=None,
        denominator=None,
        certainty="abstained",
        evidence=(),
        interval=None,
        parts={},
        sample=(),
        uncertain=(),
        note=note,
    )


def spans_of(events: Iterable[Event]) -> Timeline:
    """The stretches of some events."""
    return tuple(Span(e.start, e.end) for e in events)


def _hanging(basis: Basis, counted: float, least: float) -> tuple[str, ...]:
    """The thresholds that, halved or raised by half, would make a figure told or not told."""
    enough = counted >= least and counted > 0
    long = basis.practice >= basis.config.min_practice
    names = []
    if enough and _near(basis.practice, basis.config.min_practice):
        names.append("min_practice")
    if long and _near(counted, least):
        names.append("min_denominator")
    return tuple(names)


def _near(value: float, limit: float) -> bool:
    less, more = FACTORS
    return scaled(limit, less) <= value < scaled(limit, more)


def _short(basis: Basis) -> str:
    return (
        f"not enough to tell: {basis.practice:.0f} s of practice, "
        f"shares and rates need {basis.config.min_practice:.0f} s"
    )


def _few(found: float, needed: float) -> str:
    return f"not enough to tell: {found:.2g} of at least {needed:.0f}"
