"""How the command line speaks: progress bars, tables of figures, one line for an error.

Figures go to standard output, everything else to standard error, so that ``--json -`` can be piped.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from pipeline.cohort.form import Cohort
from pipeline.exports.wording import figure_of
from pipeline.meanings import MEANINGS
from pipeline.records import Measure
from pipeline.records import Progress as Report_
from pipeline.report import Report

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

STAGES = {
    "audio": "reading",
    "activity": "finding speech",
    "diarization": "telling voices apart",
    "prosody": "tracking tone of voice",
    "transcription": "writing down words",
    "measures": "measuring",
    "evaluate": "scoring",
    "models": "fetching",
    "phrasing": "learning",
    "cohort": "reading reports",
}


@contextmanager
def watching(title: str) -> Iterator[Report_]:
    """A progress bar for each stage of one piece of work; none where nobody watches a terminal."""
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def hear(stage: str, fraction: float) -> None:
            if stage not in tasks:
                label = f"{escape(title)}: {STAGES.get(stage, stage)}"
                tasks[stage] = bars.add_task(label, total=1.0)
            bars.update(tasks[stage], completed=fraction)

        yield hear


def complain(message: str) -> None:
    """One line for an error."""
    line = " ".join(message.split())
    err.print(f"[red]error:[/red] {escape(line)}", soft_wrap=True)


def warn(message: str) -> None:
    """One line about what a figure isn't worth."""
    err.print(f"[yellow]note:[/yellow] {escape(message)}", soft_wrap=True)


def note(message: str) -> None:
    """One line of a log, with the time of day."""
    err.print(f"{datetime.now():%H:%M:%S} {escape(message)}", soft_wrap=True)


def show_report(report: Report, *, written: Sequence[Path] = ()) -> None:
    """The figures of one recording, as a person reads them."""
    facts, certainty = report.recording, report.certainty
    minutes, seconds = divmod(round(facts.duration), 60)
    out.print(f"\n[bold]{escape(facts.name)}[/bold]  {minutes}:{seconds:02d}")
    for engine in report.provenance.engines.values():
        out.print(f"  [dim]{escape(engine.reason)}[/dim]", soft_wrap=True)
    for note in (certainty.voices_note, certainty.words_note, *_quality_notes(report)):
        if note:
            out.print(f"  {escape(note)}", soft_wrap=True)
    for section in report.sections:
        _show_section(report, section)
    for path in written:
        out.print(f"  [dim]written: {escape(str(path))}[/dim]", soft_wrap=True)


def show_evaluation(data: dict[str, Any]) -> None:
    """The table of an evaluation."""
    table = Table("recording", "engine", "grade", "DER", "collar", "talk", "WER", "moments F1")
    for entry in data["files"]:
        f1 = [f"{k} {_fraction(e['f1'])}" for k, e in (entry["events"] or {}).items()]
        table.add_row(
            escape(entry["name"]),
            entry["engine"],
            entry["grade"],
            *(_fraction(entry[k]) for k in ("der", "der_collar", "talk_share_error", "wer")),
            ", ".join(f1),
        )
    out.print(table)
    summary = data["summary"]
    for name in ("der_collar", "der", "talk_share_error", "wer"):
        values = summary[name]
        out.print(
            f"{name}: median {_fraction(values['median'])}, worst {_fraction(values['worst'])}"
        )
    for kind, event in summary["events"].items():
        out.print(
            f"{kind}: precision {_fraction(event['precision'])}, recall "
            f"{_fraction(event['recall'])}, F1 {_fraction(event['f1'])} ({event['reference']} true)"
        )
    out.print(f"confidence AUC for DER > .15: {_fraction(summary['confidence_auc'])}")


def show_phrasing(data: dict[str, Any]) -> None:
    """The tables of the phrasing model's scores."""
    out.print(data["method"])
    for name in ("with_punctuation", "without_punctuation"):
        scores = data[name]
        title = f"{name.replace('_', ' ')}: macro-F1 {_fraction(scores['macro_f1'])}"
        table = Table("", "precision", "recall", "F1", "utterances", "off by", title=title)
        for label, one in scores["per_class"].items():
            figures = (_fraction(one[key]) for key in ("precision", "recall", "f1"))
            off = _fraction(scores["calibration_error"][label])
            table.add_row(label, *figures, str(one["support"]), off)
        out.print(table)
        out.print(f"reflects or not, AUC {_fraction(scores['reflection_auc'])}")
    for rate, scores in data.get("misheard", {}).items():
        out.print(
            f"{float(rate):.0%} of the words misheard: macro-F1 {_fraction(scores['macro_f1'])}, "
            f"reflection F1 {_fraction(scores['per_class']['reflection']['f1'])}"
        )
    sessions = data["sessions"]
    for name, one in (("with", sessions), ("without", sessions["without_punctuation"])):
        shares = ", ".join(f"{k} {_fraction(v)}" for k, v in one["spearman"].items())
        out.print(
            f"{one['count']} sessions, {name} punctuation: Spearman of shares: {shares}; 80 % "
            f"interval holds {_fraction(one['interval_coverage'])}"
        )


def show_cohort(cohort: Cohort) -> None:
    """Many sessions together: groups, differences, changes, and what was left out."""
    from pipeline.cohort.table import tables

    for part in tables(cohort):
        out.print(f"\n[bold]{escape(part.title)}[/bold]")
        for line in part.lines:
            out.print(f"  {escape(line)}", soft_wrap=True)
        if part.rows:
            table = Table(*map(escape, part.columns), box=None, pad_edge=False)
            table.columns[0].min_width = min(26, max(len(row[0]) for row in part.rows))
            for column in table.columns[2:-1]:
                column.no_wrap = True
            for row in part.rows:
                table.add_row(*map(escape, row))
            out.print(table)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A plain table."""
    table = Table(*columns)
    for row in rows:
        table.add_row(*map(escape, row))
    out.print(table)


_SAID = {"did": "You did", "experiment": "To experiment with", "note": "Good to know"}


def _show_section(report: Report, section: Any) -> None:
    if len(report.sections) > 1:
        out.print(f"  section {section.id}: {section.start:.0f}-{section.end:.0f} s")
    for note in (section.role_note, section.note):
        if note:
            out.print(f"  {escape(note)}", soft_wrap=True)
    table = Table(
        "measure", *(_heading(section, s) for s in report.speakers), box=None, pad_edge=False
    )
    names = dict.fromkeys(n.partition(".")[0] for n in section.measures)
    for name in names:
        if name in MEANINGS and MEANINGS[name].strip:
            continue
        per_person = [section.measures.get(f"{name}.{s}") for s in report.speakers]
        if any(per_person):
            table.add_row(name.replace("_", " "), *(_cell(m) for m in per_person))
    out.print(table)
    silences = section.measures.get("silences")
    if silences is not None:
        out.print(f"silences of 3 s or more: {_cell(silences)}")
    for sentence in section.feedback:
        kind = _SAID[sentence.kind]
        out.print(f"{kind}: {escape(sentence.text)}", soft_wrap=True)


def _heading(section: Any, speaker: str) -> str:
    person = section.roles.get(speaker)
    return escape(f"{speaker} ({person.role})" if person else speaker)


def _cell(measure: Measure | None) -> str:
    if measure is None:
        return ""
    if measure.certainty == "abstained":
        return "not enough to tell"
    mark = {"low": " (rough)", "draft": " (draft)"}.get(measure.certainty, "")
    return escape(figure_of(measure) + mark)


def _quality_notes(report: Report) -> tuple[str, ...]:
    return report.recording.quality.notes if report.recording.quality else ()


def _fraction(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
