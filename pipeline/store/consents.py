"""Who agreed to what: each voice of a recording, for each purpose by itself."""

from typing import Literal, get_args

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from pipeline.errors import StoreError
from pipeline.store.columns import new_id, now
from pipeline.store.models import PURPOSES, Consent, Participant

How = Literal["on this computer", "by link", "by code"]


def give(session: Session, recording_id: str, label: str, purpose: str, how: How) -> None:
    """Note a voice's yes; a second one changes nothing.

    Raises:
        StoreError: the recording has no such voice, or there is no such purpose.
    """
    participant = _participant(session, recording_id, label)
    _check(purpose, how)
    if _standing(session, participant, purpose) is None:
        row = Consent(
            id=new_id(), participant_id=participant, purpose=purpose, given_at=now(), how=how
        )
        session.add(row)


def withdraw(session: Session, recording_id: str, label: str, purpose: str) -> None:
    """Take a voice's yes back; both moments are kept.

    Raises:
        StoreError: as ``give``.
    """
    participant = _participant(session, recording_id, label)
    _check(purpose, get_args(How)[0])
    session.execute(
        update(Consent)
        .where(Consent.participant_id == participant, Consent.purpose == purpose)
        .where(Consent.withdrawn_at.is_(None))
        .values(withdrawn_at=now())
    )


def everybody(session: Session, recording_id: str, purpose: str) -> bool:
    """Whether every voice of the recording has said yes, and not taken it back."""
    participants = session.scalars(
        select(Participant.id).where(Participant.recording_id == recording_id)
    ).all()
    return bool(participants) and all(_standing(session, p, purpose) for p in participants)


def _standing(session: Session, participant: str, purpose: str) -> str | None:
    return session.scalar(
        select(Consent.id)
        .where(Consent.participant_id == participant, Consent.purpose == purpose)
        .where(Consent.withdrawn_at.is_(None))
        .limit(1)
    )


def _participant(session: Session, recording_id: str, label: str) -> str:
    found = session.scalar(
        select(Participant.id).where(
            Participant.recording_id == recording_id, Participant.label == label
        )
    )
    if found is None:
        raise StoreError(f"recording {recording_id} has no voice {label!r}; analyse it first")
    return found


def _check(purpose: str, how: str) -> None:
    if purpose not in PURPOSES or how not in get_args(How):
        raise StoreError(
            f"consent to {purpose!r} {how!r}: the purpose must be one of {', '.join(PURPOSES)}, "
            f"the way one of {', '.join(get_args(How))}"
        )
