"""A practice beside one's own earlier ones, and beside one's own goal: what feedback says first.

*Definition*: a figure is told with the span of the last ``trend_sessions`` or more practices that
were recorded and analysed in the same way. It is "no further from your usual" where it lies within
the usual difference of two of them (the median over all pairs) of their median. Nothing is said of
fewer practices, and never that a change is for the better: no figure has a better direction.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from pipeline.cohort.known import head_of
from pipeline.cohort.sessions import Key, Session
from pipeline.exports.wording import figure
from pipeline.meanings import MEANINGS
from pipeline.records import Feedback
from pipeline.settings import CohortConfig

TOLD = ("talk_share", "reflections", "questions", "information", "longest_turn", "picking_up")
"""Figures that are set beside one's own past without being asked for."""
MOST = 2
"""Sentences about the past besides the goal's: more are not read."""


@dataclass(frozen=True, slots=True)
class Goal:
    """What a person wants to try: a figure's name (``reflections``) and their own words."""

    measure: str
    text: str


def beside_own_past(
    now: Session, past: Sequence[Session], config: CohortConfig, *, goal: Goal | None = None
) -> tuple[Feedback, ...]:
    """Sentences about the person's figures beside their earlier ones, the goal's first.

    Args:
        now: the practice that the feedback is of.
        past: the same person's earlier ones; those recorded or analysed otherwise are left out.
        config: how many it takes.
        goal: said first, also where there is no past yet.
    """
    alike = [s for s in past if s.stratum == now.stratum and s.person == now.person]
    out = list(_of_goal(now, alike, config, goal)) if goal else []
    others = (
        key for name in TOLD for key in _keys(now, name) if goal is None or name != goal.measure
    )
    said = (_of_past(now, alike, config, key) for key in others)
    return (*out, *[s for s in said if s is not None][:MOST])


def _of_goal(
    now: Session, past: Sequence[Session], config: CohortConfig, goal: Goal
) -> Iterator[Feedback]:
    for key in _keys(now, goal.measure):
        value = now.figures[key].value
        told = f"{MEANINGS[goal.measure].title}: {figure(value, key.unit)}"
        earlier = _values(past, key)
        if value is not None and len(earlier) >= config.trend_sessions:
            told += f"; in your {len(earlier)} earlier practices {_span(earlier, key.unit)}"
        yield Feedback("note", f"Your goal was: {goal.text} {told}.", (), goal.measure)


def _of_past(
    now: Session, past: Sequence[Session], config: CohortConfig, key: Key
) -> Feedback | None:
    value, earlier = now.figures[key].value, _values(past, key)
    if value is None or len(earlier) < config.trend_sessions:
        return None
    usual = median(abs(a - b) for a, b in combinations(earlier, 2))
    text = (
        f"{MEANINGS[head_of(key.name)].title}: {figure(value, key.unit)}; in your "
        f"{len(earlier)} earlier practices {_span(earlier, key.unit)}"
    )
    if abs(value - median(earlier)) <= usual:
        text += ", no further from your usual than two of your practices are from each other"
    return Feedback("note", f"{text}.", (), head_of(key.name))


def _keys(now: Session, name: str) -> Iterator[Key]:
    """The therapist's figure of this name, unless it stands on draft words."""
    for key in now.figures:
        if head_of(key.name) == name and key.name in (name, f"{name}.therapist") and not key.draft:
            yield key


def _values(past: Iterable[Session], key: Key) -> list[float]:
    found = (s.figures[key].value for s in past if key in s.figures)
    return [value for value in found if value is not None]


def _span(values: Sequence[float], unit: str) -> str:
    return f"{figure(min(values), unit)} to {figure(max(values), unit)}"
