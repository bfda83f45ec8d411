"""The audit log: who did what to which id, and when; each row sealed with the one before it.

A row that is changed, removed or slipped in breaks the chain from there on. The log holds ids and
verbs only, never a name or a word, so it may outlive the recordings it tells of.
"""

import hashlib
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.store.columns import now
from pipeline.store.models import Audit

_START = "0" * 64


def log(session: Session, *, actor: str, action: str, subject: str) -> None:
    """Append a row, inside the caller's writing transaction."""
    at = now()
    last = session.scalar(select(Audit.seal).order_by(Audit.id.desc()).limit(1)) or _START
    seal = _seal(last, at=at, actor=actor, action=action, subject=subject)
    session.add(Audit(at=at, actor=actor, action=action, subject=subject, seal=seal))


def first_broken(session: Session) -> int | None:
    """Number of the first row whose seal doesn't fit, or None where the chain is whole."""
    last = _START
    for row in session.scalars(select(Audit).order_by(Audit.id)):
        seal = _seal(last, at=row.at, actor=row.actor, action=row.action, subject=row.subject)
        if seal != row.seal:
            return row.id
        last = seal
    return None


def _seal(last: str, *, at: datetime, actor: str, action: str, subject: str) -> str:
    text = "\n".join((last, at.isoformat(), actor, action, subject))
    return hashlib.sha256(text.encode()).hexdigest()
