"""Feedback in words: two things you did, at most one thing to experiment with.

Rules (``configs/feedback.toml``) name a sort of moment (``pipeline.moments``), how strong it must
be, and the sentence to say. Sentences are filled with facts and verbatim quotes, never generated;
nothing is said of what was not measured, and none is said where the roles are not sure: a wrong
role would turn every sentence upside down.

Source: specific, descriptive, few (Hattie & Timperley 2007); own goal and past before any
comparison with others (Kluger & DeNisi 1996).
"""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from functools import lru_cache
from string import Formatter
from typing import Any, Literal, get_args

from pipeline.config import config_text
from pipeline.errors import ConfigError
from pipeline.measures.basis import Basis, Found
from pipeline.moments import SORTS, find
from pipeline.records import Feedback

Kind = Literal["did", "experiment"]
MOST: dict[Kind, int] = {"did": 2, "experiment": 1}
DRAFT = "(The words are a draft, so nothing is quoted: listen to it.)"


@dataclass(frozen=True, slots=True)
class Rule:
    """When to say what; see configs/feedback.toml."""

    name: str
    kind: Kind
    about: str
    find: str
    least: float
    text: str
    unquoted: str = ""
    approaches: tuple[str, ...] = ()


def give_feedback(
    basis: Basis,
    found: Found,
    rules: Iterable[Rule],
    *,
    roles_sure: bool,
    goal: str = "",
    approach: str = "unset",
) -> tuple[Feedback, ...]:
    """The sentences of a section, in the order in which they are to be read.

    Args:
        basis: the section that was measured.
        found: what was measured, with what hangs on a threshold marked.
        rules: in the order of preference.
        roles_sure: whether it is clear enough who the therapist is; if not, nothing is said.
        goal: the measure that the person set a goal for; sentences about it go first.
        approach: of the course; rules for other approaches are left out.
    """
    if not roles_sure or basis.therapist is None:
        return ()
    fitting = [r for r in rules if not r.approaches or approach in r.approaches]
    fitting.sort(key=lambda rule: rule.about != goal)
    out: list[Feedback] = []
    for kind in get_args(Kind):
        said = (_said(rule, basis, found) for rule in fitting if rule.kind == kind)
        out += _apart((s for s in said if s is not None), most=MOST[kind])
    return tuple(out)


@lru_cache(maxsize=1)
def load_rules() -> tuple[Rule, ...]:
    """The rules of ``configs/feedback.toml``.

    Raises:
        ConfigError: a rule lacks something, or names something unknown.
    """
    try:
        data = tomllib.loads(config_text("feedback.toml"))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"configs/feedback.toml is not valid TOML: {error}; mend that line"
        ) from error
    return tuple(_rule(entry) for entry in data.get("rules", []))


def _said(rule: Rule, basis: Basis, found: Found) -> Feedback | None:
    best = next((m for m in find(rule.find, basis, found) if m.strength >= rule.least), None)
    if best is None:
        return None
    text = rule.text.format(**best.facts)
    if rule.unquoted and basis.words == "draft":
        text = f"{rule.unquoted.format(**best.facts)} {DRAFT}"
    return Feedback(rule.kind, text, best.evidence, rule.about)


def _apart(said: Iterable[Feedback], *, most: int) -> list[Feedback]:
    """The first few that stand on different moments."""
    out: list[Feedback] = []
    for sentence in said:
        taken = [span for other in out for span in other.evidence]
        if len(out) < most and not _overlap(sentence.evidence, taken):
            out.append(sentence)
    return out


def _overlap(mine: Sequence[Any], others: Sequence[Any]) -> bool:
    return any(a.overlap(b) > 0 for a in mine for b in others)


def _rule(entry: dict[str, Any]) -> Rule:
    name = entry.get("name", "without a name")
    known = {field.name for field in fields(Rule)}
    lacking = sorted(known - {"approaches", "unquoted"} - entry.keys())
    unknown = sorted(entry.keys() - known)
    if lacking or unknown:
        what = f"lacks {lacking[0]!r}" if lacking else f"has an unknown key {unknown[0]!r}"
        raise ConfigError(f"configs/feedback.toml: the rule {name!r} {what}; mend it")
    rule = Rule(**{**entry, "approaches": tuple(entry.get("approaches", ()))})
    if rule.kind not in get_args(Kind) or rule.find not in SORTS:
        raise ConfigError(
            f"configs/feedback.toml: the rule {name!r} has kind {rule.kind!r} and finds "
            f"{rule.find!r}; use did or experiment, and one of {', '.join(sorted(SORTS))}"
        )
    for _, fact, _, _ in Formatter().parse(rule.text + rule.unquoted):
        facts = SORTS[rule.find].facts
        if fact is not None and fact not in facts:
            raise ConfigError(
                f"configs/feedback.toml: the rule {name!r} says {{{fact}}}; {rule.find!r} knows "
                f"{', '.join(facts)}"
            )
    return rule
