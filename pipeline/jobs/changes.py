"""What may happen to a job inside a transaction; the ledger opens them, and so may a store.

Every write of a worker goes through its claim: the row is found only while the claim's holder and
attempt are the row's own and it is running.
"""

from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Select, func, select, text, update
from sqlalchemy.orm import Session

from pipeline.jobs.rows import Claim, LeaseLost
from pipeline.jobs.turn import clock
from pipeline.settings import JobsConfig
from pipeline.store.models import LIVE, Analysis, Job, Recording
from pipeline.store.rows import State

DIED = "the analysis ended unexpectedly"


def finish_with(session: Session, claim: Claim) -> None:
    """The job is done, in a transaction of the caller's: what it made is kept with it or not.

    Raises:
        LeaseLost: another worker holds it, or it is gone; nothing may be written.
    """
    change(
        session, claim, state="done", stage="", fraction=1.0, error="", lease_until=None,
        ended_at=clock(session),
    )  # fmt: skip


def change(session: Session, claim: Claim, **values: object) -> None:
    """Write to the claimed job.

    Raises:
        LeaseLost: as above.
    """
    done: Any = session.execute(update(Job).where(*_right(claim)).values(**values))
    if not done.rowcount:
        raise _lost(claim)


def held_by(session: Session, claim: Claim) -> Job:
    """The claimed job's row, locked where the database locks rows.

    Raises:
        LeaseLost: as above.
    """
    row = session.scalar(select(Job).where(*_right(claim)).with_for_update())
    if row is None:
        raise _lost(claim)
    return row


def live_jobs(recording_id: str) -> Select[Any]:
    """A recording's jobs that aren't over."""
    return select(Job).where(Job.recording_id == recording_id, text(LIVE))


def leased(row: Job, config: JobsConfig, *, now: datetime) -> bool:
    """Whether somebody was heard of who works on it; as ``turn`` asks the database."""
    longest = now + 2 * timedelta(seconds=config.lease)
    return row.lease_until is not None and now < row.lease_until <= longest


def requeue(row: Job) -> None:
    """Let anybody claim it."""
    row.state, row.holder, row.lease_until = "queued", "", None
    row.stage, row.fraction = "", 0.0


def left_for_good(row: Job) -> bool:
    """Whether a job that its worker left isn't to be tried again."""
    return row.state == "running" and (row.cancel or _tries(row) >= row.max_attempts)


def settle(session: Session, row: Job, *, now: datetime) -> None:
    """End a job that its worker left for good."""
    if row.cancel:
        end(session, row, "cancelled", now=now)
    else:
        end(session, row, "parked", now=now, error=given_up(DIED, _tries(row)))


def end(
    session: Session,
    row: Job,
    state: Literal["parked", "cancelled"],
    *,
    now: datetime,
    error: str = "",
) -> None:
    """Set a job aside; its recording tells why, or is as it was before."""
    row.state, row.lease_until, row.ended_at, row.error = state, None, now, error
    if state == "parked":
        show(session, row.recording_id, "failed", error=error)
        return
    reports = select(func.count()).where(Analysis.recording_id == row.recording_id)
    ready = bool(session.scalar(reports))
    show(session, row.recording_id, "ready" if ready else "received", fraction=float(ready))


def given_up(problem: str, tries: int) -> str:
    """What to tell of a job that failed too often."""
    return f"{problem}; tried {tries} of {tries} times and set aside: start it again when you like"


def show(
    session: Session,
    recording_id: str,
    state: State,
    *,
    stage: str = "",
    fraction: float = 0.0,
    error: str = "",
) -> None:
    """Let the recording say how its analysis stands."""
    session.execute(
        update(Recording)
        .where(Recording.id == recording_id)
        .values(state=state, stage=stage, fraction=fraction, error=error)
    )


def _right(claim: Claim) -> tuple[Any, ...]:
    return (
        Job.id == claim.job_id,
        Job.holder == claim.holder,
        Job.attempt == claim.attempt,
        Job.state == "running",
    )


def _tries(row: Job) -> int:
    return row.attempt - row.spared


def _lost(claim: Claim) -> LeaseLost:
    return LeaseLost(
        f"job {claim.job_id} isn't held by attempt {claim.attempt} any more, so nothing was "
        "written; another worker goes on with it, or it was ended"
    )
