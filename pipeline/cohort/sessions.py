"""The sessions of a cohort: reports read one after the other, only their figures kept."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from pipeline.cohort.described import Description, Descriptions, describe
from pipeline.cohort.known import KNOWN, figures_of, head_of
from pipeline.errors import AttuneError
from pipeline.measures.adding import TEN_MINUTES
from pipeline.records import Grade, Measure, Progress, Section, Setup, no_progress
from pipeline.report import Report, from_json
from pipeline.settings import Config

FORM = "attune cohort"
"""Marks a cohort's own JSON, which may lie among the reports."""

_GRADES: tuple[Grade, ...] = ("good", "low", "draft", "abstained")


class Stratum(NamedTuple):
    """How sessions were recorded and analysed; only like is like."""

    setup: Setup
    diarization: str
    transcription: str
    config_hash: str


class Key(NamedTuple):
    """A figure; those of draft words, or of another unit, are figures of their own.

    Versions of Attune may count in one what another tells as a share.
    """

    name: str
    draft: bool
    unit: str


@dataclass(frozen=True, slots=True)
class Session:
    """One section of one report, without its turns.

    Attributes:
        name: the report's path without ``.json``; with the section's id where there are several.
        practice: seconds from the first to the last turn.
        grades: of the voices, and of voices and words together.
        values: its columns of sessions.csv.
        source: the recording's hash, and the section's start and end.
    """

    name: str
    folder: str
    stratum: Stratum
    practice: float
    grades: tuple[Grade, Grade]
    person: str | None
    day: date | None
    values: Mapping[str, str]
    figures: Mapping[Key, Measure]
    source: tuple[str, float, float]


@dataclass(slots=True)
class Found:
    """What a folder holds.

    Attributes:
        skipped: files that are no reports, with the reason.
        left_out: sections that don't count, with the reason.
        heads: names of figures that were met, known or not.
        notes: what doesn't fit between reports and ``sessions.csv``.
    """

    sessions: list[Session] = field(default_factory=list)
    descriptions: Descriptions = field(default_factory=Descriptions)
    skipped: list[tuple[str, str]] = field(default_factory=list)
    left_out: list[tuple[str, str]] = field(default_factory=list)
    heads: set[str] = field(default_factory=set)
    notes: tuple[str, ...] = ()


def read_sessions(
    folder: Path, config: Config, *, but: Path | None = None, progress: Progress = no_progress
) -> Found:
    """Every section of every report in the folder and below it, in the order of their paths.

    Args:
        folder: its reports, and those in the folders below.
        config: of roles and practice.
        but: a file that is no report, though it lies there: where the figures are written.
        progress: hears how many have been read.

    Raises:
        AttuneError: there is no report at all, or ``sessions.csv`` can't be read.
    """
    hidden = but.resolve() if but is not None else None
    paths = sorted(p for p in folder.rglob("*.json") if p.is_file() and p.resolve() != hidden)
    names = {path: path.relative_to(folder).with_suffix("").as_posix() for path in paths}
    found = Found(descriptions=describe(folder, tuple(names.values())))
    alone, reports = len(found.descriptions.people) == 1, []
    for i, (path, name) in enumerate(names.items()):
        try:
            data = path.read_bytes()
            if FORM.encode() in data[:80]:
                continue
            report = from_json(data)
        except (AttuneError, OSError) as error:
            found.skipped.append((path.relative_to(folder).as_posix(), _reason(error)))
        else:
            reports.append(name)
            _take(report, name, config, found, alone=alone)
        progress("cohort", (i + 1) / len(paths))
    found.notes = (*found.descriptions.notes, *found.descriptions.missing(reports))
    if alone and {s.person for s in found.sessions} != found.descriptions.people:
        found.sessions = [replace(s, figures=_compared(s.figures)) for s in found.sessions]
    if not found.sessions and not found.left_out:
        raise AttuneError(
            f"no report in {folder}; give a folder that holds <name>.json files of "
            f"`attune analyze --out` ({len(found.skipped)} other JSON files are there)"
        )
    return found


def _take(report: Report, name: str, config: Config, found: Found, *, alone: bool) -> None:
    for section in report.sections:
        title = name if len(report.sections) == 1 else f"{name} section {section.id}"
        found.heads.update(head_of(figure) for figure in section.measures)
        why = _unsure(section, config)
        if why:
            found.left_out.append((title, why))
        else:
            description = found.descriptions.of(name, section.id)
            figures = _figures(report, section, config)
            found.sessions.append(
                _session(
                    report,
                    section,
                    description,
                    name=title,
                    figures=figures if alone else _compared(figures),
                )
            )


def _unsure(section: Section, config: Config) -> str:
    therapists = sum(person.role == "therapist" for person in section.roles.values())
    if section.role_confidence < config.roles.ask_below or therapists != 1:
        return "who the therapist is was not sure"
    return ""


def _session(
    report: Report,
    section: Section,
    description: Description,
    *,
    name: str,
    figures: Mapping[Key, Measure],
) -> Session:
    engines = report.provenance.engines
    voices, words = report.certainty.voices, report.certainty.words
    therapist = next(p for p in section.roles.values() if p.role == "therapist")
    return Session(
        name=name,
        folder=PurePosixPath(name).parent.as_posix(),
        stratum=Stratum(
            setup=report.recording.setup,
            diarization=engines["diarization"].name if "diarization" in engines else "none",
            transcription=engines["transcription"].name if "transcription" in engines else "none",
            config_hash=report.provenance.config_hash,
        ),
        practice=_practice(section),
        grades=(voices, max(voices, words, key=_GRADES.index)),
        person=description.person or therapist.person,
        day=description.day,
        values=description.values,
        figures=figures,
        source=(report.recording.sha256, section.start, section.end),
    )


def _figures(report: Report, section: Section, config: Config) -> dict[Key, Measure]:
    figures: dict[Key, Measure] = {}
    for name, measure in figures_of(section):
        known = KNOWN[head_of(name)]
        if not known.never:
            draft = known.words and "draft" in (report.certainty.words, measure.certainty)
            plain = _plain(measure, _practice(section), config)
            figures[Key(name, draft, plain.unit)] = plain
    return figures


def _compared(figures: Mapping[Key, Measure]) -> dict[Key, Measure]:
    """Those of which two people's may be set side by side."""
    return {key: m for key, m in figures.items() if not KNOWN[head_of(key.name)].apart}


def _practice(section: Section) -> float:
    if not section.turns:
        return 0.0
    return max(t.end for t in section.turns) - min(t.start for t in section.turns)


def _plain(measure: Measure, practice: float, config: Config) -> Measure:
    """The figure without seconds to hear, owner and range; a count as a rate in ten minutes."""
    plain = replace(measure, evidence=(), speaker=None, interval=None, note="", parts={})
    if measure.unit != "count":
        return plain
    if measure.numerator is None:
        return replace(plain, unit="per 10 min")
    seconds = measure.parts.get("exposure", practice)
    told = seconds > 0 and seconds >= config.measures.min_practice
    return replace(
        plain,
        value=TEN_MINUTES * measure.numerator / seconds if told else None,
        denominator=seconds / TEN_MINUTES,
        unit="per 10 min",
        certainty=measure.certainty if told else "abstained",
        sample=(),
    )


def names_of(sessions: Sequence[Session]) -> Iterator[Key]:
    """The figures that any of the sessions has, in the order of the table, drafts after others."""
    order = {head: i for i, head in enumerate(KNOWN)}
    keys = {key for session in sessions for key in session.figures}
    yield from sorted(
        keys, key=lambda k: (order[head_of(k.name)], k.name.endswith(".client"), k.draft, k.unit)
    )


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return f"can't be read ({error.strerror})"
    return str(error)
