"""The pages' only door to the store, the reports and the configuration.

Nothing here imports streamlit, torch or a model: views come from kept reports, and what has to be
computed is done by a worker (``analysis``) or from the artefacts of an earlier run.
"""

from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path

import pandas as pd

from dashboard import analysis
from dashboard.views import SectionView, SessionView, view
from pipeline.config import load_config
from pipeline.durations import clock
from pipeline.jobs.rows import Job
from pipeline.places import data_dir
from pipeline.report import Report, from_json
from pipeline.settings import Config
from pipeline.store import Store
from pipeline.store.rows import SessionSummary, StoredRecording


def store() -> Store:
    """The data folder's store, opened once for this process."""
    return _open(data_dir())


@cache
def config() -> Config:
    """The configuration that the dashboard runs under."""
    return load_config()


def sessions() -> tuple[SessionSummary, ...]:
    """Every recording, newest first."""
    return store().sessions()


def summary(recording_id: str) -> SessionSummary | None:
    """A recording's line of the list; None where there is no such recording."""
    return next((s for s in sessions() if s.id == recording_id), None)


def session(recording_id: str) -> SessionView | None:
    """A recording's newest report as its page shows it; None before the first analysis.

    Raises:
        StoreError: there is no such recording.
    """
    path = store().source(recording_id).parent / "report.json"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    return _view(content)


def source(recording_id: str) -> Path:
    """The recording's own file.

    Raises:
        StoreError: there is no such recording.
    """
    return store().source(recording_id)


def analyse(recording_id: str) -> None:
    """Ask for the analysis of a recording; a worker does it."""
    analysis.ask(store(), recording_id, config())


def cancel(recording_id: str) -> None:
    """End the analysis of a recording; what its stages found is kept."""
    analysis.cancel(store(), recording_id, config())


def job(recording_id: str) -> Job | None:
    """How the analysis of a recording stands in the queue; None where none waits or runs."""
    return analysis.job(store(), recording_id, config())


def delete(recording_id: str) -> None:
    """Remove a recording and everything made of it.

    Raises:
        StoreError: something of it can't be removed.
    """
    analysis.cancel(store(), recording_id, config(), wait=True)
    store().delete(recording_id)


def choose_therapist(recording_id: str, label: str) -> bool:
    """Make a voice the therapist's and count everything anew; remembered for later analyses.

    Returns:
        True where the new figures are there; False where a worker finds them, because
        what an earlier run kept doesn't fit the present configuration: models don't run in here.

    Raises:
        AttuneError: the figures can't be made.
    """
    recording = store().recording(recording_id)
    report = _from_artefacts(recording, therapist=label)
    store().choose(recording_id, therapist=label)
    if report is None:
        analyse(recording_id)
        return False
    store().save(recording_id, report)
    return True


def _from_artefacts(recording: StoredRecording, *, therapist: str) -> Report | None:
    """The report with another therapist, if no sound has to be decoded for it."""
    artefacts = store().artefacts(recording.id)
    if not any(artefacts.iterdir()):
        return None
    from pipeline.corrections import of_speakers
    from pipeline.session import SectionChoice, analyze

    chosen = store().choices(recording.id)
    try:
        report = analyze(
            store().source(recording.id),
            config(),
            artefacts=artefacts,
            setup=recording.setup,
            therapist=therapist,
            sections=[SectionChoice(*span) for span in chosen.sections],
            corrections=of_speakers(chosen.corrections),
            approach=chosen.approach,
            progress=_only_kept,
        )
    except _NotKeptError:
        return None
    return replace(report, recording=replace(report.recording, name=recording.name))


class _NotKeptError(Exception):
    """A model would have to run."""


def _only_kept(stage: str, _fraction: float) -> None:
    """Stop an analysis before the sound is decoded or the phrasing read: models don't run here."""
    if stage in ("audio", "phrasing"):
        raise _NotKeptError


def timeline_table(section: SectionView) -> pd.DataFrame:
    """The timeline's rows as a table: who, from, to, seconds."""
    rows = [
        (lane.name, clock(span.start), clock(span.end), span.end - span.start)
        for lane in section.lanes
        for span in lane.spans
    ]
    return pd.DataFrame(rows, columns=["who", "from", "to", "seconds"]).round({"seconds": 1})


@lru_cache(maxsize=8)
def _view(content: bytes) -> SessionView:
    """Cached by the report's own bytes, so that no page shows another report's figures."""
    return view(from_json(content), config())


@lru_cache(maxsize=1)
def _open(folder: Path) -> Store:
    return Store.open(folder)
