"""Response latency: how long after the other's turn a person's own turn begins.

*Definition*: floor transfer = end of a turn to the start of the next, in seconds; negative where
they overlap (Heldner & Edlund 2010). ``latency.<label>`` takes the transfers *to* that person.

*What this can't tell*: anything about two different people: latency depends on the pair, and call
software alters it. Slow is not worse than quick.
"""

from collections.abc import Sequence
from itertools import pairwise

from pipeline.measures.basis import Basis, Found, distribution
from pipeline.measures.intervals import bootstrap_median, ranged
from pipeline.records import Measure
from pipeline.timeline import Span

BINS = (("below_0", 0.0), ("to_0.2", 0.2), ("to_1", 1.0), ("to_3", 3.0), ("from_3", float("inf")))
"""Names of the shares and their upper ends, seconds."""


def evaluate(basis: Basis) -> Found:
    """``latency.<label>``: median, quartiles and the shares of ``BINS``."""
    transfers: dict[str, list[tuple[float, Span]]] = {s: [] for s in basis.speakers}
    for turn, following in pairwise(basis.conversation.of("turn")):
        if turn.speaker != following.speaker and _with_therapist(
            basis, turn.speaker, following.speaker
        ):
            gap = following.start - turn.end
            around = Span(min(turn.end, following.start), max(turn.end, following.start))
            transfers[following.speaker].append((gap, around))
    measures: dict[str, Measure] = {}
    for speaker, found in transfers.items():
        gaps = [gap for gap, _ in found]
        figure = distribution(basis, found, unit="s", speaker=speaker, parts=shares(gaps))
        if basis.intervals is not None:
            figure = ranged(figure, bootstrap_median(gaps, basis.intervals))
        measures[f"latency.{speaker}"] = figure
    return Found(measures)


def shares(gaps: Sequence[float]) -> dict[str, float]:
    """The share of the gaps in each of ``BINS``."""
    if not gaps:
        return {}
    out: dict[str, float] = {}
    lower = -float("inf")
    for name, upper in BINS:
        out[name] = sum(lower <= gap < upper for gap in gaps) / len(gaps)
        lower = upper
    return out


def _with_therapist(basis: Basis, before: str, after: str) -> bool:
    """Transfers between two clients enter no figure; without a therapist all do."""
    return basis.therapist is None or basis.therapist in (before, after)
