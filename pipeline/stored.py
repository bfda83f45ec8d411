"""The report of a recording of the store, with everything its people chose and corrected."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.corrections import of_speakers
from pipeline.records import Progress, no_progress
from pipeline.report import Report
from pipeline.session import SectionChoice, analyze
from pipeline.settings import Config
from pipeline.store import Store


def report_of(
    store: Store,
    recording_id: str,
    config: Config,
    *,
    source: Path | None = None,
    therapist: str | None = None,
    sections: Sequence[SectionChoice] = (),
    transcript: Path | None = None,
    progress: Progress = no_progress,
) -> Report:
    """Analyse a recording, or count anew from what earlier runs left; nothing is saved.

    ``source`` is the file to read, the store's own without one; ``therapist`` and ``sections``
    come before what was chosen.

    Raises:
        AttuneError: it can't be analysed; the message says what to do.
    """
    row = store.recording(recording_id)
    chosen = store.choices(recording_id)
    return analyze(
        source or store.source(recording_id),
        config,
        artefacts=store.artefacts(recording_id),
        setup=row.setup,
        therapist=therapist or chosen.therapist or None,
        sections=sections or tuple(SectionChoice(s.start, s.end) for s in chosen.sections),
        corrections=of_speakers(chosen.corrections),
        approach=chosen.approach,
        transcript=transcript,
        name=row.name,
        progress=progress,
    )
