"""What leaves the ledger: frozen values, never rows that still hang on a database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pipeline.errors import AttuneError
from pipeline.store.models import Job as Row

JobState = Literal["queued", "running", "done", "parked", "cancelled"]


class LeaseLost(AttuneError):
    """A worker's right to a job has ended; what it wanted to write was not written."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A worker's right to do one job; every write for the job shows it.

    Attributes:
        holder: who claimed it.
        attempt: how often the job was claimed; with ``holder`` it is a right given out once.
        tries: how often it was tried, this time included.
        tries_max: after so many it is set aside.
    """

    job_id: str
    recording_id: str
    holder: str
    attempt: int
    tries: int
    tries_max: int


@dataclass(frozen=True, slots=True)
class Job:
    """An analysis as it stands.

    Attributes:
        person_id: whose recording it is.
        stage: what is being done; ``fraction`` of it is, 0 to 1.
        tries: how often it was tried; stops of the worker don't count.
        not_before: it waits until then after a failure.
        cancel: a user wants it to end, and its worker hasn't noticed yet.
        error: what went wrong at the last try, fit to be shown.
        ended: when it was done, set aside or cancelled.
    """

    id: str
    recording_id: str
    person_id: str
    config_hash: str
    state: JobState
    priority: int
    stage: str
    fraction: float
    tries: int
    tries_max: int
    holder: str
    lease_until: datetime | None
    not_before: datetime | None
    cancel: bool
    error: str
    created: datetime
    claimed: datetime | None
    ended: datetime | None


def job(row: Row) -> Job:
    """A row as a value."""
    return Job(
        id=row.id, recording_id=row.recording_id, person_id=row.person_id,
        config_hash=row.config_hash, state=_state(row), priority=row.priority, stage=row.stage,
        fraction=row.fraction, tries=row.attempt - row.spared, tries_max=row.max_attempts,
        holder=row.holder, lease_until=row.lease_until, not_before=row.not_before,
        cancel=row.cancel, error=row.error, created=row.created_at, claimed=row.claimed_at,
        ended=row.ended_at,
    )  # fmt: skip


def claim(row: Row) -> Claim:
    """The right of the one who holds the row now."""
    return Claim(
        job_id=row.id, recording_id=row.recording_id, holder=row.holder, attempt=row.attempt,
        tries=row.attempt - row.spared, tries_max=row.max_attempts,
    )  # fmt: skip


def _state(row: Row) -> JobState:
    state: JobState = row.state  # type: ignore[assignment]  # the table's check constraint
    return state
