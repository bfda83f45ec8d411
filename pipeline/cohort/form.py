"""What a cohort is told as: the JSON form, described by ``docs/cohort.schema.json``.

No rank anywhere: groups and people stand in the order of their names. ``people`` stands beside
every figure, so that whoever shows it can hide what only a few people made.
"""

import json
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

from pipeline.records import Grade, Setup

SCHEMA = 1
"""Version of the form; raised whenever a reader would have to change."""

Drawn = Literal["people", "sessions", "people and unnamed sessions", ""]


@dataclass(frozen=True, slots=True)
class StratumFacts:
    """One way in which sessions of a group were recorded and analysed."""

    setup: Setup
    diarization: str
    transcription: str
    config_hash: str
    sessions: int
    people: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How the sessions' own values lie: median, quartiles, least and greatest."""

    median: float
    q1: float
    q3: float
    least: float
    greatest: float


@dataclass(frozen=True, slots=True)
class StratumFigure:
    """A figure of the sessions of one stratum; ``stratum`` counts from 0 in the group's list."""

    stratum: int
    sessions: int
    people: int
    numerator: float | None
    denominator: float | None
    value: float | None


@dataclass(frozen=True, slots=True)
class Figure:
    """One measure of a group.

    Attributes:
        measure: ``head.role``, or ``head`` where it is the section's.
        draft: stands on draft words; never put together with others.
        sessions: that had numbers to add; ``left_out`` those of the group that had none, in
            draft words neither.
        people: named therapists among them; ``unnamed`` sessions with nobody named.
        interval: range of the value with other such people in the group, at ``level``.
        drawn: what was drawn for it; empty where there is none.
        spread: of the sessions' own values; None where no session has one.
        strata: each stratum's own figure, where there is more than one.
        note: what to know beside it, a sentence each line.
    """

    measure: str
    draft: bool
    unit: str
    sessions: int
    left_out: int
    people: int
    unnamed: int
    numerator: float | None
    denominator: float | None
    value: float | None
    certainty: Grade
    interval: tuple[float, float] | None
    drawn: Drawn
    spread: Spread | None
    strata: tuple[StratumFigure, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Group:
    """Sessions that share the value of the key; ``name`` is empty where it isn't given."""

    name: str
    sessions: int
    people: int
    unnamed: int
    strata: tuple[StratumFacts, ...]
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first group's value less the second's."""

    measure: str
    draft: bool
    unit: str
    first: str
    second: str
    value: float
    interval: tuple[float, float] | None
    note: str


@dataclass(frozen=True, slots=True)
class Change:
    """How one person's figure moved over their sessions.

    Attributes:
        start: on the line through the sessions at the first of them, ``end`` at the last.
        per_30_days: the line's slope (Theil-Sen), with its interval at ``level``.
        usual: the usual difference between two sessions, the line taken out.
        beyond: the change is bigger than that, and the interval excludes none.
        text: the same in words.
    """

    measure: str
    draft: bool
    unit: str
    sessions: int
    start: float
    end: float
    per_30_days: float
    interval: tuple[float, float]
    usual: float
    beyond: bool
    text: str


@dataclass(frozen=True, slots=True)
class PersonChanges:
    """One person's changes, or in ``note`` why none can be told."""

    person: str
    sessions: int
    first_day: str
    last_day: str
    changes: tuple[Change, ...]
    note: str


@dataclass(frozen=True, slots=True)
class Left:
    """What was not used: a file, a section or a measure, and why."""

    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Cohort:
    """Everything that was found about the sessions together.

    Attributes:
        form: always "attune cohort".
        by: the key that made the groups; empty without one.
        level: % that an interval should hold.
        apart: measures that are not put together, and why.
        left_out: sections that don't count; ``skipped``: files that are no reports.
        notes: what doesn't fit between the reports and sessions.csv.
    """

    form: str
    schema: int
    by: str
    level: float
    sessions: int
    people: int
    unnamed: int
    groups: tuple[Group, ...]
    differences: tuple[Difference, ...]
    changes: tuple[PersonChanges, ...]
    apart: tuple[Left, ...]
    left_out: tuple[Left, ...]
    skipped: tuple[Left, ...]
    notes: tuple[str, ...]


def to_json(cohort: Cohort) -> bytes:
    """The cohort as UTF-8 JSON; its first line says what it is."""
    data: bytes = _adapter().dump_json(cohort, indent=1)
    return data


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the cohort."""
    schema: dict[str, Any] = _adapter().json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Attune cohort"} | {
        key: value for key, value in schema.items() if key != "title"
    }


def schema_text() -> str:
    """The schema as it stands in ``docs/cohort.schema.json``."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Cohort)
