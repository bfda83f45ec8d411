"""Reflections, questions, information: how many of the therapist's turns, as the model reads them.

*Definition*: the expected number of turns of a kind is the sum of their probabilities, each
sharpened (``pipeline.phrasing.model.expected_count``); its share is taken of the therapist's turns
that have words. A turn is listed as a candidate from ``candidate`` on, with the words that spoke
most for it. The interval holds the experts' count in 80 % of the sessions that the model did not
learn from.
``reflections_to_questions`` divides the two expected counts, with ``min_denominator`` questions.

*What this can't tell*: whether a reflection was a good one, or landed; open from closed questions
(experts agree at kappa .52), simple from complex reflections (.17). The model learned from staged
demonstrations of motivational interviewing: expect less of other talk.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from pipeline.corrections import judgement
from pipeline.measures.basis import Basis, Found, moments_of_words, ratio
from pipeline.phrased import KINDS, Kind, Likely, Phrased
from pipeline.phrasing.model import Expected, expected_count
from pipeline.records import Event, Measure
from pipeline.thresholds import FACTORS

NAMES: dict[Kind, str] = {
    "reflection": "reflections",
    "question": "questions",
    "information": "information",
}


def evaluate(basis: Basis) -> Found:
    """``reflections.<label>`` and its like for the therapist, ``reflections_to_questions``."""
    if basis.therapist is None:
        return Found()
    phrased = judged(basis)
    measures: dict[str, Measure] = {}
    events: list[Event] = []
    for kind, name in NAMES.items():
        found = candidates(basis, phrased, kind)
        measures[f"{name}.{basis.therapist}"] = _share(basis, phrased, kind, found)
        events += [_event(likely, kind, basis.config.candidate) for likely in found]
    measures["reflections_to_questions"] = _ratio(basis, phrased)
    return Found(measures, moments_of_words(basis, events))


def judged(basis: Basis) -> Phrased:
    """The therapist's turns, with what the person said of them in the model's place."""
    phrased = basis.phrased.get(basis.therapist or "", Phrased((), (1.0,) * len(KINDS)))
    if not basis.corrections:
        return phrased
    turns = list(phrased.turns)
    for i, likely in enumerate(turns):
        for kind in KINDS:
            said = judgement(likely.turn, kind, basis.corrections)
            if said is not None:
                turns[i] = turns[i].judged(kind, said)
    return replace(phrased, turns=tuple(turns))


def candidates(basis: Basis, phrased: Phrased, kind: Kind) -> tuple[Likely, ...]:
    """The turns that are rather of this kind than not."""
    return tuple(likely for likely in phrased.turns if likely.of(kind) >= basis.config.candidate)


def expected(phrased: Phrased, kind: Kind) -> Expected:
    """How many turns of this kind are expected, with an 80 % interval."""
    probabilities = np.array([likely.of(kind) for likely in phrased.turns])
    return expected_count(probabilities, spread=phrased.spread[KINDS.index(kind)])


def _share(basis: Basis, phrased: Phrased, kind: Kind, found: Sequence[Likely]) -> Measure:
    turns = float(len(phrased.turns))
    count = expected(phrased, kind)
    share = ratio(
        basis,
        count.count,
        turns,
        unit="share",
        least=basis.config.min_denominator,
        evidence=[likely.turn.span for likely in found],
        speaker=basis.therapist,
        by="words",
    )
    if share.numerator is None:
        return share
    counts = {"count": count.count, "count_low": count.low, "count_high": count.high}
    said = [judgement(likely.turn, kind, basis.corrections) for likely in phrased.turns]
    if corrected := sum(answer is not None for answer in said):
        counts["corrected"] = float(corrected)
    if share.value is None:  # a short practice: counts only
        return replace(share, parts=counts)
    return replace(share, parts=counts, interval=(count.low / turns, count.high / turns))


def _ratio(basis: Basis, phrased: Phrased) -> Measure:
    """Reflections for each question; the interval takes both errors as independent."""
    reflections, questions = (expected(phrased, kind) for kind in ("reflection", "question"))
    found = ratio(
        basis,
        reflections.count,
        questions.count,
        unit="ratio",
        least=basis.config.min_denominator,
        evidence=[t.turn.span for t in candidates(basis, phrased, "reflection")],
        speaker=basis.therapist,
        by="words",
    )
    if not found.value or found.denominator is None:
        return found
    relative = np.hypot(
        (reflections.high - reflections.low) / (2 * reflections.count),
        (questions.high - questions.low) / (2 * questions.count),
    )
    # on a logarithmic scale: a ratio is never below nothing
    return replace(
        found,
        interval=(
            float(found.value / np.exp(relative)),
            float(found.value * np.exp(relative)),
        ),
    )


def _event(likely: Likely, kind: Kind, candidate: float) -> Event:
    turn, because, probability = likely.turn, likely.because(kind), likely.of(kind)
    return Event(
        kind,
        turn.start,
        turn.end,
        turn.speaker,
        confidence=probability,
        detail={"cue": because} if because else {},
        uncertain=() if probability >= FACTORS[1] * candidate else ("candidate",),
    )
