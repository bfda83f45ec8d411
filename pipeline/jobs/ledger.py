"""The ledger of analyses: what is to be done, who does it, and what became of it.

::

    queued -> running -> done
      ^ |        |-----> parked      tried too often, or it can't be analysed at all
      | |        |-----> cancelled
      | +-----------------^
      +----------+                   failed, or its worker was stopped

Every change is one transaction. A claim counts the try before anything is done, so a file that
kills its process is counted too, and it holds for a lease by the database's clock that heartbeats
extend. All later writes of a worker show its claim (holder and attempt): one who has lost its lease
writes nothing. The recording's own state, which the pages show, changes in the same transactions.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from pipeline.errors import StoreError
from pipeline.jobs import rows
from pipeline.jobs.changes import (
    change,
    end,
    finish_with,
    given_up,
    held_by,
    leased,
    left_for_good,
    live_jobs,
    requeue,
    settle,
    show,
)
from pipeline.jobs.rows import Claim, Job
from pipeline.jobs.turn import anything_due, clock, next_job
from pipeline.settings import JobsConfig
from pipeline.store.columns import new_id
from pipeline.store.database import explained, writing
from pipeline.store.models import Job as Row
from pipeline.store.models import Recording

_KIND = "analysis"


class Ledger:
    """The jobs in a store's database; any number of processes may hold one."""

    def __init__(self, engine: Engine, config: JobsConfig) -> None:
        self._engine = engine
        self._config = config
        self._place = Path(engine.url.database or "database")

    def enqueue(self, recording_id: str, *, config_hash: str, priority: int = 0) -> Job:
        """Ask for an analysis; where the same is asked for already, that job is it.

        ``priority`` is compared among people with equally many jobs running; higher comes first.

        Raises:
            StoreError: there is no such recording.
        """
        with self._writing() as session:
            recording = session.get(Recording, recording_id, with_for_update=True)
            if recording is None:
                raise StoreError(
                    f"the store has no recording {recording_id!r} to analyse; it may have been "
                    "deleted: look at the list of sessions"
                )
            same = live_jobs(recording_id).where(Row.config_hash == config_hash)
            row = session.scalar(same)
            if row is None:
                row = self._new(recording, config_hash, priority, now=clock(session))
                session.add(row)
                show(session, recording_id, "analysing")
            row.cancel = False  # whoever asks for it again wants it after all
            row.priority = max(row.priority, priority)
            session.flush()
            return rows.job(row)

    def adopt(self, *, config_hash: str) -> tuple[Job, ...]:
        """Ask again for the recordings that are being analysed by nobody, as their state has it."""
        with self._reading() as session:
            live = select(Row.recording_id).where(Row.state.in_(("queued", "running")))
            left = session.scalars(
                select(Recording.id)
                .where(Recording.state == "analysing", Recording.id.not_in(live))
                .order_by(Recording.created_at)
            ).all()
        return tuple(self.enqueue(recording, config_hash=config_hash) for recording in left)

    def claim(self, holder: str) -> Claim | None:
        """Take the next job, or None where nothing is due; ``holder`` is unique to a worker."""
        with self._reading() as session:  # most looks find nothing, and needn't hinder a writer
            if not anything_due(session, self._config, now=clock(session)):
                return None
        with self._writing() as session:
            now = clock(session)
            while (row := next_job(session, self._config, now=now)) and left_for_good(row):
                settle(session, row, now=now)
                session.flush()
            if row is None:
                return None
            row.state, row.holder, row.claimed_at = "running", holder, now
            row.attempt += 1
            row.lease_until = now + timedelta(seconds=self._config.lease)
            row.not_before, row.stage, row.fraction = None, "", 0.0
            show(session, row.recording_id, "analysing")
            session.flush()
            return rows.claim(row)

    def heartbeat(self, claim: Claim) -> bool:
        """Hold the job for another lease.

        Returns:
            Whether a user wants it to end.

        Raises:
            LeaseLost: another worker holds it, or it is gone; so do the writes below.
        """
        with self._writing() as session:
            until = clock(session) + timedelta(seconds=self._config.lease)
            change(session, claim, lease_until=until)
            return bool(session.scalar(select(Row.cancel).where(Row.id == claim.job_id)))

    def progress(self, claim: Claim, *, stage: str, fraction: float) -> None:
        """Note how far it is; ``fraction`` of the stage, 0 to 1."""
        with self._writing() as session:
            change(session, claim, stage=stage, fraction=fraction)
            show(session, claim.recording_id, "analysing", stage=stage, fraction=fraction)

    def finish(self, claim: Claim) -> None:
        """It is done."""
        with self._writing() as session:
            finish_with(session, claim)

    def fail(self, claim: Claim, problem: str, *, final: bool = False) -> Job:
        """A try failed: try again later, or set it aside where that is ``final`` or the last one.

        ``problem`` is fit to be shown; how often it was tried is added unless it is final.
        """
        with self._writing() as session:
            row = held_by(session, claim)
            now = clock(session)
            if row.cancel:
                end(session, row, "cancelled", now=now)
            elif final:
                end(session, row, "parked", now=now, error=problem)
            elif claim.tries >= claim.tries_max:
                end(session, row, "parked", now=now, error=given_up(problem, claim.tries))
            else:
                row.error = f"{problem}; tried {claim.tries} of {claim.tries_max} times"
                row.not_before = now + self._wait(claim)
                requeue(row)
            session.flush()
            return rows.job(row)

    def give_back(self, claim: Claim) -> None:
        """Put it back unharmed, because the worker stops; this try doesn't count."""
        with self._writing() as session:
            row = held_by(session, claim)
            row.spared += 1
            requeue(row)

    def cancel(self, recording_id: str) -> bool:
        """End a recording's jobs, as a user wishes.

        Returns:
            Whether one is running, so that its worker has to notice first (``stopped``).
        """
        with self._writing() as session:
            now = clock(session)
            found = session.scalars(live_jobs(recording_id).with_for_update()).all()
            for row in found:
                if row.state == "running" and leased(row, self._config, now=now):
                    row.cancel = True
                else:
                    end(session, row, "cancelled", now=now)
            return any(row.state == "running" for row in found)

    def stopped(self, claim: Claim) -> None:
        """The worker has ended it as the user wished; back in the queue if they want it again."""
        with self._writing() as session:
            row = held_by(session, claim)
            if row.cancel:
                end(session, row, "cancelled", now=clock(session))
            else:
                row.spared += 1
                requeue(row)

    def job(self, job_id: str) -> Job | None:
        """A job by its id."""
        with self._reading() as session:
            row = session.get(Row, job_id)
            return None if row is None else rows.job(row)

    def live(self, recording_id: str) -> Job | None:
        """The recording's job that is queued or running."""
        with self._reading() as session:
            row = session.scalar(live_jobs(recording_id).limit(1))
            return None if row is None else rows.job(row)

    def jobs(self, *, states: Sequence[str] = ()) -> tuple[Job, ...]:
        """All jobs, or those in the given states, oldest first."""
        query = select(Row).order_by(Row.created_at, Row.id)
        with self._reading() as session:
            found = session.scalars(query.where(Row.state.in_(states)) if states else query)
            return tuple(map(rows.job, found))

    def _new(self, recording: Recording, config_hash: str, priority: int, *, now: datetime) -> Row:
        return Row(
            id=new_id(), recording_id=recording.id, person_id=recording.owner_id, kind=_KIND,
            config_hash=config_hash, priority=priority, state="queued", stage="", fraction=0.0,
            attempt=0, spared=0, max_attempts=self._config.attempts_max, holder="", cancel=False,
            error="", created_at=now,
        )  # fmt: skip

    def _wait(self, claim: Claim) -> timedelta:
        """How long to wait before the next try: doubled each time, spread by the jitter."""
        config = self._config
        longest = min(config.backoff * 2.0 ** min(claim.tries - 1, 60), config.backoff_max)
        spread = random.uniform(-1, 1) * config.backoff_jitter  # noqa: S311 - no secret
        return timedelta(seconds=longest * (1 + spread))

    @contextmanager
    def _reading(self) -> Iterator[Session]:
        with explained(self._place), Session(self._engine) as session:
            yield session

    @contextmanager
    def _writing(self) -> Iterator[Session]:
        with explained(self._place), Session(writing(self._engine)) as session:
            session.begin()
            session.connection()  # takes SQLite's lock now, before anything is read
            yield session
            session.commit()
