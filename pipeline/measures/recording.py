"""What the recording and its transcript allow: the gate that other figures pass.

*Definition*:

- ``unattributed_words``: words that no voice could be given / all words of the section.
- ``word_confidence``: the transcriber's confidence in its words, weighed by their durations.
- ``signal_to_noise``: speech level over noise floor of the whole recording, dB.

*Conventions*: ``None`` and abstained where a transcript gives no confidences, where there is no
sound, and where the voices are unclear (nobody could be given a word). Leakage between channels
is part of the voices' grade and stands in their note, it is no figure of its own here.

*What this can't tell*: whether the words are right. A transcriber can be sure of a wrong word; what
it left out has no confidence at all.
"""

from dataclasses import replace

from pipeline.measures.basis import Basis, Found, abstained, graded
from pipeline.records import Measure, Word
from pipeline.thresholds import changed
from pipeline.timeline import Span, Timeline, union

WHOLE = "of the whole recording, not of this section"


def evaluate(basis: Basis) -> Found:
    """``unattributed_words``, ``word_confidence`` and ``signal_to_noise``."""
    return Found(
        {
            "unattributed_words": _unattributed(basis),
            "word_confidence": _confidence(basis),
            "signal_to_noise": _signal_to_noise(basis),
        }
    )


def too_unclear(basis: Basis) -> str:
    """Why too few words are clear for a figure of wording; empty where they are clear enough.

    A count of reflections from such words would be too low, and look like a finding.
    """
    config, reasons = basis.config, []
    lost, confidence = _unattributed(basis).value, _confidence(basis).value
    if lost is not None and lost > config.unclear_words:
        reasons.append(f"{lost * 100:.0f} % belong to nobody")
    if confidence is not None and confidence < config.unclear_confidence:
        reasons.append(f"their mean confidence is {confidence:.2f}")
    if not reasons:
        return ""
    return (
        f"not enough to tell: too many words were unclear ({', '.join(reasons)}); a better "
        "recording or transcript would help"
    )


def unclear_hangs(basis: Basis) -> tuple[str, ...]:
    """The thresholds that, halved or raised by half, would make the words clear or unclear."""
    now = bool(too_unclear(basis))
    return tuple(
        name
        for name in ("unclear_words", "unclear_confidence")
        if any(
            bool(too_unclear(replace(basis, config=other))) != now
            for other in changed(basis.config, name)
        )
    )


def _unattributed(basis: Basis) -> Measure:
    lost, words = len(basis.unattributed), len(_words(basis))
    found = Measure(
        value=lost / words if words else None,
        numerator=float(lost),
        denominator=float(words),
        unit="share",
        certainty=basis.words,
        evidence=_stretches(basis.unattributed),
    )
    if not words:
        return abstained(found, "not enough to tell: there are no words")
    return graded(basis, found)


def _confidence(basis: Basis) -> Measure:
    """Words of no length, as readers make them of untimed text, have no weight."""
    known = [(w.confidence, w.end - w.start) for w in _words(basis) if w.confidence is not None]
    seconds = sum(length for _, length in known)
    sure = sum(confidence * length for confidence, length in known)
    found = Measure(
        value=sure / seconds if seconds > 0 else None,
        numerator=sure,
        denominator=seconds,
        unit="share",
        certainty=basis.words,
    )
    if not known or seconds <= 0:
        return abstained(found, "not enough to tell: the transcript says nothing of its confidence")
    return found


def _signal_to_noise(basis: Basis) -> Measure:
    level = basis.quality.snr_db if basis.quality is not None else None
    found = Measure(
        value=level, numerator=None, denominator=None, unit="dB", certainty="good", note=WHOLE
    )
    if basis.quality is None:
        return abstained(found, "not enough to tell: there is no sound to listen to")
    if level is None:
        return abstained(found, "not enough to tell: too short, or no speech or no pause in it")
    return found


def _words(basis: Basis) -> tuple[Word, ...]:
    """All words of the section, whoever's they are."""
    given = (word for turn in basis.conversation.turns for word in turn.words)
    return (*given, *basis.unattributed)


def _stretches(words: tuple[Word, ...]) -> Timeline:
    """Where these words were said; those of no length can't be heard."""
    return union(Span(word.start, word.end) for word in words)
