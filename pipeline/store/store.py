"""The store: recordings, their reports and what people set right, in one folder of one's own.

::

    DATA/attune.db                         the tables (SQLite)
    DATA/recordings/<ULID>/source.<ext>    the file as it came, byte for byte
    DATA/recordings/<ULID>/artefacts/      what the stages left for the next run
    DATA/recordings/<ULID>/report.json     the newest report
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, get_args

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.orm import Session

from pipeline.corrections import Correction
from pipeline.errors import StoreError
from pipeline.records import Approach, Setup
from pipeline.report import Report, from_json, to_json
from pipeline.store import analyses, choices, consents, intake
from pipeline.store.audit import first_broken, log
from pipeline.store.blobs import Blobs, sweep, write_file
from pipeline.store.consents import How
from pipeline.store.database import explained, open_database, truncate_log, writing
from pipeline.store.models import Recording
from pipeline.store.rows import Choices, Material, SessionSummary, State, StoredRecording
from pipeline.timeline import Span, checked

STATES: tuple[str, ...] = get_args(State)


class Store:
    """Everything Attune keeps. Build it with ``Store.open``; any number of processes may."""

    def __init__(self, engine: Engine, blobs: Blobs, *, allow_real_clients: bool) -> None:
        self._engine = engine
        self._blobs = blobs
        self._allow_real_clients = allow_real_clients

    @classmethod
    def open(cls, data_dir: Path, *, allow_real_clients: bool = False) -> Self:
        """The store in ``data_dir``, made or brought up to date as needed.

        What a killed process left half-done is finished or undone. ``allow_real_clients`` lets in
        material of the kind "real client"; an institution's decision.

        Raises:
            StoreError: the folder can't be written to, the database is none, damaged or of a newer
                Attune, or the recordings that it lists are not there.
        """
        root = data_dir.resolve() / "recordings"
        path = root.parent / "attune.db"
        with explained(root.parent):
            root.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        store = cls(open_database(path), Blobs(root), allow_real_clients=allow_real_clients)
        try:
            store._prepare()
        except BaseException:
            store.close()
            raise
        return store

    def close(self) -> None:
        """Let go of the database; the store can't be used afterwards."""
        self._engine.dispose()

    @property
    def engine(self) -> Engine:
        """The database, for the ledger of jobs, which lives in it too."""
        return self._engine

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def ingest(
        self,
        source: Path,
        *,
        name: str | None = None,
        setup: Setup = "unknown",
        material: Material = "acted role",
        owner: str | None = None,
    ) -> StoredRecording:
        """Take in a file, unmodified; the same file again of the same owner is the one kept before.

        ``name`` is shown to people (the file's without one). ``owner`` is a login; None is the one
        person of this computer.

        Raises:
            StoreError: the file can't be read or is empty, the disk is full, or the material is
                not allowed here.
        """
        with self.receive(
            source.name if name is None else name,
            setup=setup,
            material=material,
            owner=owner,
            suffix=source.suffix,
        ) as upload:
            intake.copy(source, upload)
        return upload.recording

    @contextmanager
    def receive(
        self,
        name: str,
        *,
        setup: Setup = "unknown",
        material: Material = "acted role",
        owner: str | None = None,
        suffix: str | None = None,
    ) -> Iterator[intake.Upload]:
        """A file to write a recording's bytes to; kept on a clean exit, gone on any other.

        ``suffix`` (``.wav``) is the kept file's; the name's own where it is None. After the block
        ``upload.recording`` is the recording that was kept.

        Raises:
            StoreError: as ``ingest``.
        """
        intake.admit(setup, material, allow_real_clients=self._allow_real_clients)
        with explained(self._blobs.root):
            upload = intake.Upload(self._blobs.root)
        try:
            yield upload
            if not upload.size:
                raise StoreError(f"{name!r} is empty (0 bytes); check the recorder or the transfer")
            with explained(self._blobs.root):
                upload.sync()
                try:
                    with self._writing() as session:
                        kept = intake.keep(
                            session,
                            self._blobs,
                            upload,
                            name=name,
                            setup=setup,
                            material=material,
                            owner=owner,
                            suffix=suffix,
                        )
                finally:
                    self._settle()
            upload.recording = kept
        finally:
            upload.discard()

    def recording(self, recording_id: str) -> StoredRecording:
        """A recording's facts.

        Raises:
            StoreError: there is none of that id; so do all methods below.
        """
        with self._reading() as session:
            return intake.stored(_row(session, recording_id))

    def source(self, recording_id: str) -> Path:
        """The file as it came in."""
        with self._reading() as session:
            row = _row(session, recording_id)
            path = self._blobs.folder(row.id) / intake.source_name(row.suffix)
        if not path.is_file():
            raise StoreError(
                f"{path} is gone, though the store lists it; restore it from a backup, or delete "
                f"recording {recording_id}"
            )
        return path

    def artefacts(self, recording_id: str) -> Path:
        """The folder for what the stages keep between runs; made if needed."""
        self.recording(recording_id)
        folder = self._blobs.folder(recording_id) / "artefacts"
        with explained(folder):
            folder.mkdir(exist_ok=True, mode=0o700)
            sweep(folder)
            sweep(self._blobs.root)  # a report that was being saved when its process was killed
        return folder

    def set_state(
        self,
        recording_id: str,
        state: State,
        *,
        stage: str = "",
        fraction: float = 0.0,
        error: str = "",
    ) -> None:
        """Remember how far the analysis is; ``fraction`` of the stage, 0 to 1."""
        if state not in STATES or not 0.0 <= fraction <= 1.0:
            raise StoreError(
                f"state {state!r}, fraction {fraction}: the state must be one of "
                f"{', '.join(STATES)}, the fraction from 0 to 1"
            )
        with self._writing() as session:
            _set(session, recording_id, state=state, stage=stage, fraction=fraction, error=error)

    def save(
        self,
        recording_id: str,
        report: Report,
        *,
        together: Callable[[Session], None] | None = None,
    ) -> None:
        """Keep a report as the recording's newest; its state becomes ready.

        ``together`` writes in the same transaction, before the report; if it raises, nothing is
        kept.
        """
        data = to_json(report)
        with self._writing() as session:
            if together is not None:
                together(session)
            _set(session, recording_id, state="ready", stage="", fraction=1.0, error="")
            analyses.keep(session, recording_id, report, data=data)
            path = self._blobs.folder(recording_id) / "report.json"
            write_file(path, data, staging=self._blobs.root)

    def report(self, recording_id: str) -> Report:
        """The newest report.

        Raises:
            StoreError: there is none yet.
        """
        with self._reading() as session:
            _row(session, recording_id)
            data = analyses.newest(session, recording_id)
        if data is None:
            raise StoreError(
                f"recording {recording_id} has no report yet; analyse it, or wait until that is "
                "done"
            )
        return from_json(data)

    def sessions(self) -> tuple[SessionSummary, ...]:
        """Every recording, newest first; no report is read."""
        with self._reading() as session:
            return analyses.summaries(session)

    def choose(
        self,
        recording_id: str,
        *,
        therapist: str | None = None,
        sections: Sequence[Span] | None = None,
        approach: Approach | None = None,
    ) -> None:
        """Remember who the therapist is, where the sections lie, and the course's approach.

        None leaves a choice as it was; ``""`` and ``()`` take it back.
        """
        spans = None if sections is None else checked(sections, what="sections")
        with self._writing() as session:
            _row(session, recording_id)
            choices.choose(
                session,
                recording_id,
                therapist=therapist,
                sections=spans,
                approach=approach,
            )

    def correct(self, recording_id: str, correction: Correction) -> None:
        """Remember that a line is somebody else's, or whether a moment is what it was called."""
        with self._writing() as session:
            _row(session, recording_id)
            choices.correct(session, recording_id, correction)

    def agree(
        self, recording_id: str, label: str, purpose: str, *, how: How = "on this computer"
    ) -> None:
        """Note that a voice said yes to a purpose (``PURPOSES`` of ``models``)."""
        with self._writing() as session:
            _row(session, recording_id)
            consents.give(session, recording_id, label, purpose, how)

    def withdraw(self, recording_id: str, label: str, purpose: str) -> None:
        """Take a voice's yes back."""
        with self._writing() as session:
            _row(session, recording_id)
            consents.withdraw(session, recording_id, label, purpose)

    def agreed(self, recording_id: str, purpose: str) -> bool:
        """Whether every voice that was heard has said yes to a purpose."""
        with self._reading() as session:
            _row(session, recording_id)
            return consents.everybody(session, recording_id, purpose)

    def choices(self, recording_id: str) -> Choices:
        """What was chosen and corrected."""
        with self._reading() as session:
            _row(session, recording_id)
            return choices.chosen(session, recording_id)

    def delete(self, recording_id: str) -> None:
        """Remove a recording and everything made of it; only the audit log knows its id."""
        with explained(self._blobs.root):
            with self._writing() as session:
                row = _row(session, recording_id)
                log(session, actor=row.owner_id, action="recording deleted", subject=row.id)
                self._blobs.mark(recording_id)
                session.execute(delete(Recording).where(Recording.id == recording_id))
            self._settle()
            truncate_log(self._engine)

    def broken_audit(self) -> int | None:
        """Number of the first row of the audit log that was tampered with, or None."""
        with self._reading() as session:
            return first_broken(session)

    def _settle(self) -> None:
        if self._blobs.pending():
            with self._writing() as session:
                self._blobs.recover(lambda id_: session.get(Recording, id_) is not None)

    def _prepare(self) -> None:
        root = self._blobs.root
        with explained(root):
            if not root.exists():
                with self._reading() as session:
                    first = session.scalar(select(Recording.id).limit(1))
                if first is not None:
                    raise StoreError(
                        f"{root} is missing, though the store lists recordings; is a disk not "
                        "mounted? Bring the folder back or restore it from a backup"
                    )
                root.mkdir(mode=0o700, exist_ok=True)  # another process may be quicker
            self._blobs.incoming().discard()  # fails here rather than in the middle of an upload
            sweep(root)
            self._settle()

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with explained(self._blobs.root.parent), Session(self._engine) as session:
            yield session

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with explained(self._blobs.root.parent), Session(writing(self._engine)) as session:
            session.begin()
            session.connection()  # takes the lock now, before anything is read
            yield session
            session.commit()


def _row(session: Session, recording_id: str) -> Recording:
    row = session.get(Recording, recording_id)
    if row is None:
        raise _unknown(recording_id)
    return row


def _set(session: Session, recording_id: str, **values: object) -> None:
    done: Any = session.execute(
        update(Recording).where(Recording.id == recording_id).values(**values)
    )
    if not done.rowcount:
        raise _unknown(recording_id)


def _unknown(recording_id: str) -> StoreError:
    return StoreError(
        f"the store has no recording {recording_id!r}; it may have been deleted: look at the list "
        "of sessions"
    )
