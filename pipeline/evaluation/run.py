"""``attune evaluate``: Attune's own results on recordings whose truth is known.

Only the stages that have a reference run: without an STM file no transcriber does. What the engine
abstains from counts as no answer, not as an error, and is counted beside the errors.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median
from typing import Any

from pipeline.errors import AudioError
from pipeline.evaluation import scores
from pipeline.evaluation.references import Reference, find_references
from pipeline.evaluation.scores import EventScore
from pipeline.hearing import Heard, hear
from pipeline.measures import timing
from pipeline.measures.basis import Basis
from pipeline.records import Diarization, Grade, merge_words, no_progress
from pipeline.settings import Config
from pipeline.timeline import Span
from pipeline.turns import converse

FAILED = 0.15
"""DER above which a diarization is of no use; the confidence should foresee it."""


@dataclass(frozen=True, slots=True)
class Result:
    """One recording's scores; None where there is no reference or the engine abstained.

    Attributes:
        overlap: seconds found rightly, in the reference, found in all.
        confidence: the diarizer's own.
        raw_der: DER (with collar) whatever the grade, to judge the confidence by.
    """

    name: str
    engine: str
    grade: Grade
    der: float | None = None
    der_collar: float | None = None
    talk_share_error: float | None = None
    wer: float | None = None
    events: dict[str, EventScore] | None = None
    overlap: tuple[float, float, float] | None = None
    confidence: float | None = None
    raw_der: float | None = None
    note: str = ""


def evaluate(
    folder: Path, config: Config, *, progress: Callable[[str, float], None] = no_progress
) -> tuple[Result, ...]:
    """The scores of every recording in a folder that has a reference.

    Raises:
        EvaluationError: no references there, or one can't be read.
    """
    references = find_references(folder)
    out: list[Result] = []
    for i, reference in enumerate(references):
        out.append(evaluate_one(reference, config))
        progress("evaluate", (i + 1) / len(references))
    return tuple(out)


def evaluate_one(reference: Reference, config: Config) -> Result:
    """The scores of one recording, analysed afresh; one that can't be decoded has none."""
    if reference.text is None:
        config = replace(config, transcription=replace(config.transcription, engine="none"))
    try:
        heard = hear(reference.audio, config)
    except AudioError as error:
        return Result(reference.name, engine="none", grade="abstained", note=str(error))
    return score(reference, heard, config)


def score(reference: Reference, heard: Heard, config: Config) -> Result:
    """One result against its reference."""
    found = heard.diarization
    result = Result(
        name=reference.name,
        engine=found.engine,
        grade=found.grade,
        confidence=found.confidence,
        note=found.note,
    )
    if reference.text is not None and heard.transcript is not None:
        said = merge_words(heard.transcript.words)
        result = replace(result, wer=scores.word_error(reference.text, said))
    if reference.voices is None:
        return result
    duration = heard.facts.duration
    collared = scores.diarization_error(
        reference.voices, found.spans, duration=duration, collar=config.evaluation.collar
    )
    result = replace(result, raw_der=collared)
    if found.grade == "abstained":
        return result
    pairs = scores.pair_speakers(reference.voices, found.spans)
    talk, events = _timing(found, duration, config)
    return replace(
        result,
        der=scores.diarization_error(reference.voices, found.spans, duration=duration, collar=0.0),
        der_collar=collared,
        talk_share_error=(
            scores.talk_share_error(reference.talk, talk, pairs) if reference.talk else None
        ),
        events=(
            scores.match_events(
                reference.events,
                events,
                pairs,
                config.evaluation,
                kinds=scores.SCORED if found.sees_overlap else scores.ALONE,
            )
            if reference.events is not None
            else None
        ),
        overlap=scores.overlap_frames(reference.voices, found.spans),
    )


def as_json(results: Sequence[Result]) -> dict[str, Any]:
    """The form that ``--json`` writes; a contract (README)."""
    return {"files": [_file(result) for result in results], "summary": summary(results)}


def summary(results: Sequence[Result]) -> dict[str, Any]:
    """Medians and worst cases over recordings; events pooled, never averaged."""
    events: dict[str, EventScore] = {}
    for result in results:
        for kind, found in (result.events or {}).items():
            events[kind] = events.get(kind, EventScore(0, 0, 0)) + found
    judged = [r for r in results if r.confidence is not None and r.raw_der is not None]
    trusted = [r for r in results if r.grade == "good"]
    frames = [r.overlap for r in results if r.overlap is not None and r.overlap[1] > 0]
    return {
        "files": len(results),
        "grades": {g: sum(r.grade == g for r in results) for g in ("good", "low", "abstained")},
        "der": _middle(r.der for r in results),
        "der_collar": _middle(r.der_collar for r in results),
        "der_collar_trusted": _middle(r.der_collar for r in trusted),
        "talk_share_error": _middle(r.talk_share_error for r in results),
        "wer": _middle(r.wer for r in results),
        "overlap_precision": _middle((f[0] / f[2] for f in frames if f[2] > 0), best=max),
        "overlap_recall": _middle((f[0] / f[1] for f in frames), best=max),
        "events": {kind: _event(found) for kind, found in events.items()},
        "confidence_auc": scores.auc(
            [-(r.confidence or 0.0) for r in judged],
            [(r.raw_der or 0.0) > FAILED for r in judged],
        ),
    }


def _timing(
    found: Diarization, duration: float, config: Config
) -> tuple[dict[str, float], tuple[Any, ...]]:
    """Talk seconds by label and events, from the sound alone."""
    conversation = converse(found, config.turns, within=Span(0.0, duration))
    basis = Basis(
        conversation=conversation,
        roles={},
        config=config.measures,
        voices=found.grade,
        words="abstained",
        sees_overlap=found.sees_overlap,
    )
    measured = timing(basis)
    talk = {s: measured.measures[f"talk_share.{s}"].numerator or 0.0 for s in found.speakers}
    return talk, measured.events


def _file(result: Result) -> dict[str, Any]:
    return {
        "name": result.name,
        "engine": result.engine,
        "grade": result.grade,
        "confidence": result.confidence,
        "der": _short(result.der),
        "der_collar": _short(result.der_collar),
        "raw_der_collar": _short(result.raw_der),
        "talk_share_error": _short(result.talk_share_error),
        "wer": _short(result.wer),
        "events": {k: _event(e) for k, e in result.events.items()} if result.events else None,
        "overlap": _frames(result.overlap),
        "note": result.note,
    }


def _frames(overlap: tuple[float, float, float] | None) -> dict[str, float | None] | None:
    if overlap is None:
        return None
    hit, true, found = overlap
    return {
        "precision": _short(hit / found if found else None),
        "recall": _short(hit / true if true else None),
        "reference_seconds": _short(true),
    }


def _event(found: EventScore) -> dict[str, Any]:
    return {
        "precision": _short(found.precision),
        "recall": _short(found.recall),
        "f1": _short(found.f1),
        "reference": found.reference,
        "detected": found.detected,
    }


def _middle(
    values: Iterable[float | None], *, best: Callable[[Iterable[float]], float] = min
) -> dict[str, float | None]:
    """Median and extremes of what is known; ``best`` is ``max`` where more is better."""
    known = [v for v in values if v is not None]
    worst = min if best is max else max
    return {
        "median": _short(median(known)) if known else None,
        "worst": _short(worst(known)) if known else None,
        "best": _short(best(known)) if known else None,
    }


def _short(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
