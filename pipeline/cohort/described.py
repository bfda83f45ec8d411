"""What ``sessions.csv`` says about the reports beside it: who, when, in which group.

A report holds no person, date or group. The file has a column ``name`` (a report's name without
``.json``, with its folder where two share one), optionally ``section``, ``therapist``, ``date``
(ISO), and any others to group by. What doesn't fit is said, never guessed.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path, PurePosixPath

from pipeline.errors import AttuneError

NAME = "sessions.csv"


@dataclass(frozen=True, slots=True)
class Description:
    """One row: its columns, those left empty left out, by their names in small letters."""

    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def person(self) -> str | None:
        """The therapist, where somebody is named."""
        return self.values.get("therapist")

    @property
    def day(self) -> date | None:
        """When it was, where the date is one."""
        return _day(self.values.get("date", ""))


@dataclass(frozen=True, slots=True)
class Descriptions:
    """The file's rows, by report and section.

    Attributes:
        columns: names in small letters.
        notes: rows that fit no report, or not one.
    """

    columns: tuple[str, ...] = ()
    rows: Mapping[tuple[str, str], Description] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def of(self, report: str, section: str) -> Description:
        """The row of a section, or of its whole report; an empty one without either."""
        for key in ((report, section), (report, "")):
            if key in self.rows:
                return self.rows[key]
        return Description()

    def missing(self, reports: Iterable[str]) -> tuple[str, ...]:
        """A note on the reports that no row is about, if there are any."""
        missing = sorted(set(reports) - {report for report, _ in self.rows})
        if not missing or not self.columns:
            return ()
        return (f"not described in {NAME}: {', '.join(missing)}",)

    @property
    def people(self) -> frozenset[str]:
        """Everybody named as a therapist."""
        return frozenset(row.person for row in self.rows.values() if row.person)


def describe(folder: Path, reports: Sequence[str]) -> Descriptions:
    """The rows of ``sessions.csv`` for these reports, named by their path without ``.json``.

    Raises:
        AttuneError: the file can't be read, or has no column ``name``.
    """
    path = folder / NAME
    if not path.exists():
        return Descriptions(notes=(f"there is no {NAME}: nobody and no date is known",))
    columns, lines = _read(path)
    notes: list[str] = []
    rows: dict[tuple[str, str], Description] = {}
    twice: set[tuple[str, str]] = set()
    for values in lines:
        report = _which(values.pop("name", ""), reports, notes)
        if report is None:
            continue
        key = (report, values.pop("section", ""))
        if key in rows:
            twice.add(key)
        rows[key] = Description(values)
        if "date" in values and rows[key].day is None:
            notes.append(f"{NAME}: {values['date']!r} of {report} is no date like 2026-03-31")
    for key in sorted(twice):
        del rows[key]
        notes.append(f"{NAME} has more than one row for {' section '.join(filter(None, key))}")
    return Descriptions(columns, rows, tuple(notes))


def _read(path: Path) -> tuple[tuple[str, ...], list[dict[str, str]]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        first = text.partition("\n")[0]
        mark = max(",;\t", key=first.count)
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
        lines = [[cell.strip() for cell in line] for line in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise AttuneError(
            f"{path} can't be read ({error}); save it as CSV in UTF-8, or take it away"
        ) from error
    columns = tuple(cell.lower() for cell in lines[0]) if lines else ()
    if "name" not in columns:
        raise AttuneError(
            f"{path} has no column 'name' (found: {', '.join(columns) or 'nothing'}); "
            "name each report there"
        )
    return columns, [
        {column: cell for column, cell in zip(columns, line, strict=False) if cell}
        for line in lines[1:]
        if any(line)
    ]


def _which(name: str, reports: Sequence[str], notes: list[str]) -> str | None:
    """The report that a row names: by its path, else by its last part if only one has it."""
    wanted = name.removesuffix(".json").replace("\\", "/")
    if wanted in reports:
        return wanted
    found = sorted(r for r in reports if PurePosixPath(r).name == wanted)
    if len(found) == 1:
        return found[0]
    if found:
        notes.append(
            f"{NAME}: {wanted!r} is the name of {len(found)} reports ({', '.join(found)}); "
            "give the folder too"
        )
    else:
        notes.append(f"{NAME} names {wanted!r}, but no report is called that")
    return None


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        return None
