"""The report of one recording: what ``analyze`` writes, the store keeps and the dashboard shows.

The JSON form is a contract that others script against; ``docs/report.schema.json`` describes it and
a test keeps the two together. A report holds no time of day, so the same recording and the same
configuration give the same bytes.
"""

import json
import sys
from dataclasses import dataclass
from functools import cache
from typing import Any

from pipeline.errors import AttuneError
from pipeline.records import Grade, Quality, Section, Setup, Turn, Word

SCHEMA = 1
"""Version of the report's form; raised whenever a reader would have to change."""


@dataclass(frozen=True, slots=True)
class RecordingFacts:
    """The recording that was analysed. ``duration`` in seconds, ``sha256`` of the file's bytes."""

    name: str
    duration: float
    sha256: str
    channels: int
    setup: Setup
    quality: Quality | None


@dataclass(frozen=True, slots=True)
class Engine:
    """Which engine did a stage, and why it was the one."""

    name: str
    version: str
    reason: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """What made the figures: engines by stage, library versions, the configuration's hash."""

    engines: dict[str, Engine]
    versions: dict[str, str]
    config_hash: str


@dataclass(frozen=True, slots=True)
class Certainty:
    """How far voices and words may be trusted, kept apart, with a sentence each."""

    voices: Grade
    words: Grade
    voices_note: str = ""
    words_note: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything found in one recording; ``sections`` are the practices inside it.

    Attributes:
        unattributed: words that no voice could be given.
    """

    schema: int
    recording: RecordingFacts
    provenance: Provenance
    speakers: tuple[str, ...]
    certainty: Certainty
    sections: tuple[Section, ...]
    unattributed: tuple[Word, ...] = ()

    def turns(self) -> tuple[Turn, ...]:
        """Every turn of every section, in order."""
        return tuple(turn for section in self.sections for turn in section.turns)


def to_json(report: Report, *, indent: int | None = 1) -> bytes:
    """The report as UTF-8 JSON."""
    data: bytes = _adapter().dump_json(report, indent=indent)
    return data


def from_json(data: bytes | str) -> Report:
    """A report read back from its JSON form.

    Raises:
        AttuneError: it is no report, or of a schema this version can't read.
    """
    from pydantic import ValidationError

    try:
        report: Report = _adapter().validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise AttuneError(
            f"not an Attune report: {where or 'the file'}: {first['msg']}; analyse it again"
        ) from error
    if report.schema != SCHEMA:
        raise AttuneError(
            f"this report has schema {report.schema}, this Attune reads {SCHEMA}; "
            "analyse the recording again with this version"
        )
    return report


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of the report."""
    schema: dict[str, Any] = _adapter().json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Attune report"} | {
        key: value for key, value in schema.items() if key != "title"
    }


def schema_text() -> str:
    """The schema as it stands in ``docs/report.schema.json``."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Report)


if __name__ == "__main__":  # python -m pipeline.report > docs/report.schema.json
    sys.stdout.write(schema_text())
