"""The work that Attune's jobs ask for: a stored recording's report."""

from pipeline.audio import probe
from pipeline.hearing import is_transcript
from pipeline.jobs.changes import finish_with
from pipeline.jobs.rows import Claim
from pipeline.records import Progress
from pipeline.settings import Config
from pipeline.store import Store
from pipeline.stored import report_of


class Analyses:
    """Analyses recordings of a store; models and tables stay loaded from one to the next.

    What the stages find is kept as artefacts, so a job that was interrupted repeats the stage that
    was, and none before it.
    """

    def __init__(self, config: Config, store: Store) -> None:
        self._config = config
        self._store = store

    def length(self, recording_id: str) -> float:
        """As the header says; the longest that is taken where it says nothing.

        Raises:
            AudioError: it is no audio, or beyond a cap.
        """
        source = self._store.source(recording_id)
        if is_transcript(source):
            return 0.0
        found = probe(source, self._config.audio)
        longest = self._config.audio.max_duration
        return longest if found.guessed or found.duration is None else found.duration

    def __call__(self, claim: Claim, progress: Progress) -> None:
        """Make the report and keep it in the same transaction that ends the job."""
        report = report_of(self._store, claim.recording_id, self._config, progress=progress)
        self._store.save(
            claim.recording_id, report, together=lambda session: finish_with(session, claim)
        )
