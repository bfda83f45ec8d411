"""What a user set right, row by row as they said it; the last word on each thing counts."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.corrections import Correction as Change
from pipeline.corrections import LabelCorrection, SpeakerCorrection
from pipeline.records import Approach
from pipeline.store.models import Correction
from pipeline.store.rows import Choices
from pipeline.timeline import Span

_CHANGES: dict[str, type[Change]] = {"speaker": SpeakerCorrection, "label": LabelCorrection}


def choose(
    session: Session,
    recording_id: str,
    *,
    therapist: str | None,
    sections: Sequence[Span] | None,
    approach: Approach | None,
) -> None:
    """Remember who the therapist is, where the sections lie, the approach; None changes nothing."""
    said = (("therapist", therapist), ("sections", sections), ("approach", approach))
    for kind, value in said:
        if value is not None:
            session.add(Correction(recording_id=recording_id, kind=kind, value=value))


def correct(session: Session, recording_id: str, change: Change) -> None:
    """Remember whose a line is, or whether a moment is what it was called."""
    kind = next(kind for kind, form in _CHANGES.items() if isinstance(change, form))
    session.add(Correction(recording_id=recording_id, kind=kind, value=asdict(change)))


def chosen(session: Session, recording_id: str) -> Choices:
    """What was said last of each; changes of lines and labels in their order."""
    rows = session.execute(
        select(Correction.kind, Correction.value)
        .where(Correction.recording_id == recording_id)
        .order_by(Correction.id)
    )
    said = [(row.kind, row.value) for row in rows]
    last: dict[str, Any] = dict(said)
    return Choices(
        therapist=last.get("therapist") or None,
        sections=tuple(Span(*span) for span in last.get("sections", ())),
        approach=last.get("approach", "unset"),
        corrections=tuple(_CHANGES[kind](**value) for kind, value in said if kind in _CHANGES),
    )
