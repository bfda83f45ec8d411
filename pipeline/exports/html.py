"""A report as one self-contained page: nothing to fetch, nothing that runs, fit for print."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pipeline.bands import bands
from pipeline.durations import clock
from pipeline.exports import wording
from pipeline.exports.swimlane import Row, swimlane
from pipeline.meanings import MEANINGS, Meaning
from pipeline.records import Event, Feedback, Measure, Section, Turn
from pipeline.report import Report

_UNITS = {"reflections_to_questions": "ratio"}
"""Units of figures with a band, where they are no shares."""


@dataclass(frozen=True, slots=True)
class Voice:
    """A column of the page: a label, what that person was, how it is written."""

    label: str
    role: str
    name: str


@dataclass(frozen=True, slots=True)
class Moments:
    """All moments of one kind."""

    title: str
    caption: str
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class View:
    """A section as the template draws it.

    Attributes:
        shares: voice and share of the talking, where it may be shown.
        own: measures by voice: name, and a measure or None for each voice.
        common: measures of the section as a whole.
        bands: for a figure's name, where published demonstrations of the approach lie.
        meanings: what each figure is, and what it can't tell.
    """

    section: Section
    voices: tuple[Voice, ...]
    shares: tuple[tuple[Voice, float], ...]
    rows: tuple[Row, ...]
    own: tuple[tuple[str, tuple[Measure | None, ...]], ...]
    common: tuple[tuple[str, Measure], ...]
    moments: tuple[Moments, ...]
    bands: dict[str, str]
    meanings: tuple[Meaning, ...]
    feedback: tuple[tuple[str, tuple[Feedback, ...]], ...]
    turns: tuple[Turn, ...]


def write_html(report: Report) -> str:
    """The page; everything that came from outside is escaped, and no script is allowed to run."""
    page: str = _template().render(
        report=report, views=[_view(report, section) for section in report.sections]
    )
    return page


def _view(report: Report, section: Section) -> View:
    voices = _voices(report, section)
    return View(
        section=section,
        voices=voices,
        shares=_shares(section, voices),
        rows=swimlane(section, speakers=[voice.label for voice in voices]),
        own=_own(section, voices),
        common=_common(section, voices),
        moments=_moments(section),
        bands={
            name: wording.band(band, _UNITS.get(name, "share"))
            for name, band in bands(section.approach).items()
        },
        meanings=tuple(
            meaning
            for name, meaning in MEANINGS.items()
            if not meaning.strip and any(key.partition(".")[0] == name for key in section.measures)
        ),
        feedback=_feedback(section),
        turns=tuple(turn for turn in section.turns if turn.text.strip()),
    )


def _voices(report: Report, section: Section) -> tuple[Voice, ...]:
    labels = dict.fromkeys([*section.roles, *(turn.speaker for turn in section.turns)])
    order = {"therapist": 0, "client": 1, "other": 2}
    voices = []
    for label in labels or dict.fromkeys(report.speakers):
        person = section.roles.get(label)
        role = person.role if person else "other"
        known = {"therapist": f"Therapist ({label})", "client": f"Client ({label})"}
        voices.append(Voice(label, role, known.get(role, label)))
    return tuple(sorted(voices, key=lambda voice: order[voice.role]))


def _shares(section: Section, voices: Sequence[Voice]) -> tuple[tuple[Voice, float], ...]:
    out = []
    for voice in voices:
        measure = section.measures.get(f"talk_share.{voice.label}")
        if measure is None or measure.value is None or measure.certainty == "abstained":
            return ()  # a bar with a piece missing would be read as a whole one
        out.append((voice, measure.value))
    return tuple(out)


def _own(
    section: Section, voices: Sequence[Voice]
) -> tuple[tuple[str, tuple[Measure | None, ...]], ...]:
    found = {name.partition(".")[0] for name in section.measures if _label(name, voices)}
    found -= {name for name, meaning in MEANINGS.items() if meaning.strip}
    names = [name for name in MEANINGS if name in found]
    names += sorted(found - set(names))
    return tuple(
        (name, tuple(section.measures.get(f"{name}.{voice.label}") for voice in voices))
        for name in names
    )


def _common(section: Section, voices: Sequence[Voice]) -> tuple[tuple[str, Measure], ...]:
    own = {name.partition(".")[0] for name in section.measures if _label(name, voices)}
    return tuple(
        (name, measure)
        for name, measure in section.measures.items()
        if name not in own and not _label(name, voices)
    )


def _label(name: str, voices: Sequence[Voice]) -> str:
    label = name.partition(".")[2]
    return label if any(voice.label == label for voice in voices) else ""


def _moments(section: Section) -> tuple[Moments, ...]:
    kinds = {
        kind: tuple(event for event in section.events if event.type == kind)
        for kind in wording.EVENTS
    }
    return tuple(Moments(*wording.EVENTS[kind], events) for kind, events in kinds.items() if events)


def _feedback(section: Section) -> tuple[tuple[str, tuple[Feedback, ...]], ...]:
    titles = {
        "did": "What you did",
        "experiment": "Something to experiment with, if it fits your approach",
        "note": "Good to know",
    }
    groups = (
        (title, tuple(sentence for sentence in section.feedback if sentence.kind == kind))
        for kind, title in titles.items()
    )
    return tuple((title, sentences) for title, sentences in groups if sentences)


@cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_printable,
    )
    environment.filters |= {
        "clock": clock,
        "figure_of": wording.figure_of,
        "details_of": wording.details_of,
        "measure_name": wording.measure_name,
    }
    environment.globals |= {"grades": wording.GRADES}
    return environment.get_template("report.html.j2")


def _printable(value: Any) -> Any:
    """Without control characters and halves of characters, which no page may hold."""
    if type(value) is not str:
        return value
    return "".join(c for c in value if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cs"))
