"""What a person set right: whose words a stretch holds, and whether a moment is what it was called.

*Conventions*: a correction names the stretch and the voice it was heard as, so it survives another
analysis with slightly other turns. Corrections change what is shown to the person; a cohort and
exports use the machine's own labels, with the number corrected beside them.

No model of sound runs again: a corrected speaker moves speech and words, a corrected label replaces
a probability by 0 or 1.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pipeline.errors import ConfigError
from pipeline.records import Diarization, EventType, SpeakerSpan, Transcript, Turn
from pipeline.timeline import Span, intersect, subtract, union


@dataclass(frozen=True, slots=True)
class SpeakerCorrection:
    """What ``heard`` was said to say from ``start`` to ``end`` was said by ``speaker``."""

    start: float
    end: float
    heard: str
    speaker: str


@dataclass(frozen=True, slots=True)
class LabelCorrection:
    """Whether the turn of ``speaker`` from ``start`` to ``end`` is such a moment."""

    start: float
    end: float
    speaker: str
    type: EventType
    agreed: bool


Correction = SpeakerCorrection | LabelCorrection


def of_speakers(corrections: Iterable[Correction]) -> tuple[SpeakerCorrection, ...]:
    """Those about who spoke: facts, which hold on every page and not only on one's own."""
    return tuple(c for c in corrections if isinstance(c, SpeakerCorrection))


def corrected_voices(diarization: Diarization, corrections: Iterable[Correction]) -> Diarization:
    """The voices with every corrected stretch given to whom it belongs.

    Raises:
        ConfigError: a correction names a voice that isn't there, or a stretch that ends before it
            starts.
    """
    for correction in corrections:
        if isinstance(correction, SpeakerCorrection):
            _check(correction, diarization.speakers)
            diarization = replace(
                diarization,
                spans=_moved(diarization.spans, correction),
                exclusive=_moved(diarization.exclusive, correction),
            )
    return diarization


def corrected_words(transcript: Transcript, corrections: Iterable[Correction]) -> Transcript:
    """Words that have an owner already (a transcript's own), with corrected owners."""
    words = list(transcript.words)
    for correction in corrections:
        if not isinstance(correction, SpeakerCorrection):
            continue
        for i, word in enumerate(words):
            inside = correction.start <= (word.start + word.end) / 2 < correction.end
            if inside and word.speaker == correction.heard:
                words[i] = replace(word, speaker=correction.speaker)
    return replace(transcript, words=tuple(words))


def judgement(turn: Turn, kind: EventType, corrections: Sequence[Correction]) -> bool | None:
    """What the person said of this turn, the last word counting; None where they said nothing."""
    said = None
    for correction in corrections:
        if (
            isinstance(correction, LabelCorrection)
            and correction.type == kind
            and correction.speaker == turn.speaker
            and 2 * turn.span.overlap(Span(correction.start, correction.end)) > turn.span.duration
        ):
            said = correction.agreed
    return said


def _moved(spans: Sequence[SpeakerSpan], correction: SpeakerCorrection) -> tuple[SpeakerSpan, ...]:
    stretch = (Span(correction.start, correction.end),)
    speech = {
        label: union(s.span for s in spans if s.speaker == label)
        for label in {s.speaker for s in spans} | {correction.speaker}
    }
    mistaken = intersect(speech.get(correction.heard, ()), stretch)
    speech[correction.heard] = subtract(speech.get(correction.heard, ()), stretch)
    speech[correction.speaker] = union(speech[correction.speaker], mistaken)
    out = (SpeakerSpan(s.start, s.end, label) for label, own in speech.items() for s in own)
    return tuple(sorted(out, key=lambda s: (s.start, s.end, s.speaker)))


def _check(correction: SpeakerCorrection, speakers: Sequence[str]) -> None:
    for label in (correction.heard, correction.speaker):
        if label not in speakers:
            raise ConfigError(
                f"a correction names the voice {label!r}; use one of: {', '.join(speakers)}"
            )
    if not 0 <= correction.start < correction.end:
        raise ConfigError(
            f"a correction runs from {correction.start:g} s to {correction.end:g} s; give a start "
            "of 0 or later and an end behind it"
        )
