"""Whose turn it is: the next job to claim, fair to everybody who waits.

*Order*: the person with the fewest jobs running comes first; then the higher priority; then the
person who was served longest ago, so that one worker too goes round the people; then the older job.
A job may be claimed when it is queued and its wait after a failure is over, or when the one who
holds it wasn't heard of for a whole lease. A recording is never worked on twice at the same time.
"""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, bindparam, func, or_, select, text
from sqlalchemy.orm import Session, aliased

from pipeline.settings import JobsConfig
from pipeline.store.columns import Moment
from pipeline.store.models import Job


def clock(session: Session) -> datetime:
    """The present moment by the database's clock, the one clock that all workers share."""
    if session.get_bind().dialect.name == "sqlite":
        found = session.scalar(text("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"))
        return datetime.fromisoformat(str(found)).replace(tzinfo=UTC)
    moment: datetime = session.execute(select(func.clock_timestamp())).scalar_one()
    return moment.astimezone(UTC)


def next_job(session: Session, config: JobsConfig, *, now: datetime) -> Job | None:
    """The job to claim, locked where the database locks rows; None where nothing is due."""
    found: Job | None = session.scalar(_next(), _moments(config, now))
    return found


def anything_due(session: Session, config: JobsConfig, *, now: datetime) -> bool:
    """Whether there may be a job to claim; cheap, and locks nothing."""
    return session.scalar(_any(), _moments(config, now)) is not None


def _moments(config: JobsConfig, now: datetime) -> dict[str, datetime]:
    """The moments that the queries compare with.

    A lease that ends later than any that could be given now was given before the clock was set
    back; it counts as over, or a dead worker's job would lie until the clock has caught up. So do
    waits.
    """
    wait = config.backoff_max * (1 + config.backoff_jitter)
    return {
        "now": now,
        "lease_end": now + 2 * timedelta(seconds=config.lease),
        "wait_end": now + timedelta(seconds=wait),
    }


@cache  # putting the query together takes longer than running it
def _next() -> Select[Any]:
    running = (
        select(Job.person_id, func.count().label("count"))
        .where(Job.state == "running", _held(Job))
        .group_by(Job.person_id)
        .subquery()
    )
    served = (
        select(Job.person_id, func.max(Job.claimed_at).label("last"))
        .group_by(Job.person_id)
        .subquery()
    )
    other = aliased(Job)
    elsewhere = (
        select(other.id)
        .where(other.recording_id == Job.recording_id, other.id != Job.id)
        .where(other.state == "running", _held(other))
    )
    return (
        select(Job)
        .outerjoin(running, running.c.person_id == Job.person_id)
        .outerjoin(served, served.c.person_id == Job.person_id)
        .where(_due(), ~elsewhere.exists())
        .order_by(
            func.coalesce(running.c.count, 0),
            Job.priority.desc(),
            served.c.last.asc().nulls_first(),
            Job.created_at,
            Job.id,
        )
        .limit(1)
        .with_for_update(of=Job, skip_locked=True)
    )


@cache
def _any() -> Select[Any]:
    return select(Job.id).where(_due()).limit(1)


def _due() -> ColumnElement[bool]:
    waited = or_(
        Job.not_before.is_(None),
        Job.not_before <= bindparam("now", type_=Moment),
        Job.not_before > bindparam("wait_end", type_=Moment),
    )
    return or_(
        and_(Job.state == "queued", waited),
        and_(Job.state == "running", or_(Job.lease_until.is_(None), ~_held(Job))),
    )


def _held(of: type[Job]) -> ColumnElement[bool]:
    """Whether a running job's lease holds."""
    return and_(
        of.lease_until > bindparam("now", type_=Moment),
        of.lease_until <= bindparam("lease_end", type_=Moment),
    )
