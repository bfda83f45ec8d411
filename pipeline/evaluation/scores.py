"""How far a result is from its reference: DER, talk share, events, words.

*Conventions* (docs/measures.md, "What timing must reach"): DER by pyannote.metrics with overlap
scored, with ``collar`` (seconds in all, half on each side) and without. Speakers are paired by the
optimal mapping of their speech. Events match one to one: onset within ``onset`` seconds and the
same ``by``; silences match by both ends, no matter who broke them. Errors are fractions.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.evaluation.references import TrueEvent
from pipeline.lexicon import tokens
from pipeline.records import Event, SpeakerSpan
from pipeline.settings import EvaluationConfig
from pipeline.timeline import Timeline, intersect, total, union

SCORED = ("silence", "backchannel", "floor_taken", "overlap_floor_kept")
"""Event types that truth files list."""

ALONE = ("silence",)
"""Those that a diarizer can tell which doesn't hear two voices at once."""


@dataclass(frozen=True, slots=True)
class EventScore:
    """Matches of one event type; adds over recordings.

    >>> (EventScore(1, 2, 1) + EventScore(1, 1, 1)).recall
    0.6666666666666666
    """

    matched: int
    reference: int
    detected: int

    def __add__(self, other: "EventScore") -> "EventScore":
        return EventScore(
            self.matched + other.matched,
            self.reference + other.reference,
            self.detected + other.detected,
        )

    @property
    def precision(self) -> float | None:
        """Matched / detected."""
        return self.matched / self.detected if self.detected else None

    @property
    def recall(self) -> float | None:
        """Matched / reference."""
        return self.matched / self.reference if self.reference else None

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall."""
        both = self.reference + self.detected
        return 2 * self.matched / both if both else None


def diarization_error(
    reference: Sequence[SpeakerSpan],
    found: Sequence[SpeakerSpan],
    *,
    duration: float,
    collar: float,
) -> float:
    """Diarization error rate over the whole recording, overlap scored."""
    from pyannote.core import Segment
    from pyannote.core import Timeline as Scored
    from pyannote.metrics.diarization import DiarizationErrorRate

    metric = DiarizationErrorRate(collar=collar, skip_overlap=False)
    whole = Scored([Segment(0, duration)])
    return float(metric(_annotation(reference), _annotation(found), uem=whole))


def pair_speakers(reference: Sequence[SpeakerSpan], found: Sequence[SpeakerSpan]) -> dict[str, str]:
    """Found label -> reference label, so that they share the most speech."""
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    ours, theirs = _labels(found), _labels(reference)
    shared = np.array(
        [[total(intersect(_of(found, a), _of(reference, b))) for b in theirs] for a in ours]
    ).reshape(len(ours), len(theirs))
    rows, columns = linear_sum_assignment(-shared)
    return {ours[i]: theirs[j] for i, j in zip(rows, columns, strict=True)}


def overlap_frames(
    reference: Sequence[SpeakerSpan], found: Sequence[SpeakerSpan]
) -> tuple[float, float, float]:
    """Seconds of overlap: found rightly, in the reference, found in all."""
    true, ours = _overlap(reference), _overlap(found)
    return total(intersect(true, ours)), total(true), total(ours)


def talk_share_error(
    talk: Mapping[str, float], found: Mapping[str, float], pairs: Mapping[str, str]
) -> float | None:
    """The largest difference of any person's share; None where nobody speaks."""
    everybody, ours = sum(talk.values()), sum(found.values())
    if everybody <= 0 or ours <= 0:
        return None
    shares = {pairs[label]: seconds / ours for label, seconds in found.items() if label in pairs}
    return max(abs(shares.get(name, 0.0) - seconds / everybody) for name, seconds in talk.items())


def match_events(
    reference: Iterable[TrueEvent],
    found: Iterable[Event],
    pairs: Mapping[str, str],
    config: EvaluationConfig,
    *,
    kinds: Sequence[str] = SCORED,
) -> dict[str, EventScore]:
    """Scores by type, for these types; as many pairs as can be made one to one."""
    true, ours = list(reference), list(found)
    out: dict[str, EventScore] = {}
    for kind in kinds:
        wanted = [e for e in true if e.type == kind]
        got = [e for e in ours if e.type == kind]
        near = [[_matches(event, e, pairs, config) for e in got] for event in wanted]
        out[kind] = EventScore(_most_pairs(near), len(wanted), len(got))
    return out


def word_error(reference: str, found: str) -> float | None:
    """Word error rate over the whole text; None where the reference has no words."""
    import jiwer

    true, ours = " ".join(tokens(reference)), " ".join(tokens(found))
    return float(jiwer.wer(true, ours)) if true else None


def auc(scores: Sequence[float], positive: Sequence[bool]) -> float | None:
    """Area under the ROC curve: how often a positive scores above a negative; None without both."""
    ups = [s for s, p in zip(scores, positive, strict=True) if p]
    downs = [s for s, p in zip(scores, positive, strict=True) if not p]
    if not ups or not downs:
        return None
    wins = sum((u > d) + 0.5 * (u == d) for u in ups for d in downs)
    return float(wins / (len(ups) * len(downs)))


def _most_pairs(allowed: Sequence[Sequence[bool]]) -> int:
    """How many rows can have a column of their own; the nearest first would waste some."""
    import numpy as np
    from scipy.optimize import linear_sum_assignment

    if not allowed:
        return 0
    table = np.array(allowed, dtype=float)
    return int(table[linear_sum_assignment(table, maximize=True)].sum())


def _matches(
    true: TrueEvent, found: Event, pairs: Mapping[str, str], config: EvaluationConfig
) -> bool:
    if abs(true.start - found.start) > config.onset:
        return False
    if true.type == "silence":
        return abs(true.end - found.end) <= config.onset
    return found.by is not None and pairs.get(found.by) == true.by


def _annotation(spans: Iterable[SpeakerSpan]) -> Any:
    from pyannote.core import Annotation, Segment

    annotation = Annotation()
    for i, span in enumerate(spans):
        annotation[Segment(span.start, span.end), i] = span.speaker
    return annotation


def _labels(spans: Iterable[SpeakerSpan]) -> list[str]:
    return list(dict.fromkeys(s.speaker for s in spans))


def _of(spans: Iterable[SpeakerSpan], label: str) -> Timeline:
    return union(s.span for s in spans if s.speaker == label)


def _overlap(spans: Sequence[SpeakerSpan]) -> Timeline:
    heard: Timeline = ()
    both: Timeline = ()
    for label in _labels(spans):
        own = _of(spans, label)
        both = union(both, intersect(heard, own))
        heard = union(heard, own)
    return both
