"""A report's way into the tables and back."""

from dataclasses import asdict

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from pipeline.report import Report
from pipeline.store.columns import new_id
from pipeline.store.models import Analysis, Participant, Recording, Section, SectionRole
from pipeline.store.rows import SessionSummary


def keep(session: Session, recording_id: str, report: Report, *, data: bytes) -> None:
    """Write the rows of a report; ``data`` is its JSON.

    A report of the same configuration replaces the one before. Participants and sections that were
    there keep their ids, so consents and notes stay attached to them.
    """
    _keep_analysis(session, recording_id, report, data=data)
    participants = _keep_participants(session, recording_id, report)
    _keep_sections(session, recording_id, report, participants=participants)


def newest(session: Session, recording_id: str) -> bytes | None:
    """JSON of the newest report, or None."""
    return session.scalar(
        select(Analysis.report)
        .where(Analysis.recording_id == recording_id)
        .order_by(Analysis.revision.desc())
        .limit(1)
    )


def summaries(session: Session) -> tuple[SessionSummary, ...]:
    """Every recording with the figures of its newest analysis, newest first."""
    last = (
        select(Analysis.recording_id, func.max(Analysis.revision).label("revision"))
        .group_by(Analysis.recording_id)
        .subquery()
    )
    rows = session.execute(
        select(
            Recording.id,
            Recording.name,
            Recording.created_at.label("created"),
            Recording.setup,
            Recording.material,
            Recording.state,
            Recording.stage,
            Recording.fraction,
            Recording.error,
            Analysis.duration,
            Analysis.speakers,
            Analysis.talk_share,
            Analysis.voices,
            Analysis.words,
        )
        .outerjoin(last, last.c.recording_id == Recording.id)
        .outerjoin(
            Analysis,
            (Analysis.recording_id == Recording.id) & (Analysis.revision == last.c.revision),
        )
        .order_by(Recording.created_at.desc(), Recording.id.desc())
    ).mappings()
    return tuple(
        SessionSummary(**{**row, "speakers": tuple(row["speakers"] or ())}) for row in rows
    )


def talk_share(report: Report) -> float | None:
    """The therapist's share over all sections: numerators added, then denominators.

    None where it is unknown or abstained everywhere, and where sections have different therapists:
    a sum over two people is nobody's figure.
    """
    therapists = {
        label
        for section in report.sections
        for label, person in section.roles.items()
        if person.role == "therapist"
    }
    shares = [
        measure
        for section in report.sections
        if (measure := section.measures.get("talk_share")) and measure.certainty != "abstained"
    ]
    whole = sum(measure.denominator or 0.0 for measure in shares)
    if len(therapists) != 1 or whole <= 0.0:
        return None
    return sum(measure.numerator or 0.0 for measure in shares) / whole


def _keep_analysis(session: Session, recording_id: str, report: Report, *, data: bytes) -> None:
    config_hash = report.provenance.config_hash
    mine = Analysis.recording_id == recording_id
    revision = session.scalar(select(func.max(Analysis.revision)).where(mine)) or 0
    session.execute(delete(Analysis).where(mine, Analysis.config_hash == config_hash))
    session.add(
        Analysis(
            recording_id=recording_id,
            revision=revision + 1,
            config_hash=config_hash,
            engines={stage: asdict(e) for stage, e in report.provenance.engines.items()},
            duration=report.recording.duration,
            speakers=list(report.speakers),
            talk_share=talk_share(report),
            voices=report.certainty.voices,
            words=report.certainty.words,
            report=data,
        )
    )


def _keep_participants(session: Session, recording_id: str, report: Report) -> dict[str, str]:
    mine = Participant.recording_id == recording_id
    known = {p.label: p.id for p in session.scalars(select(Participant).where(mine))}
    labels = dict.fromkeys(
        [*report.speakers, *(label for s in report.sections for label in s.roles)]
    )
    for label in labels:
        if label not in known:
            known[label] = new_id()
            session.add(Participant(id=known[label], recording_id=recording_id, label=label))
    session.flush()
    return known


def _keep_sections(
    session: Session, recording_id: str, report: Report, *, participants: dict[str, str]
) -> None:
    mine = Section.recording_id == recording_id
    session.execute(update(Section).where(mine).values(current=False))
    known = {s.key: s for s in session.scalars(select(Section).where(mine))}
    for section in report.sections:
        row = known.get(section.id)
        if row is None:
            row = Section(id=new_id(), recording_id=recording_id, key=section.id)
            session.add(row)
        row.start, row.end, row.current = section.start, section.end, True
        session.flush()
        session.execute(delete(SectionRole).where(SectionRole.section_id == row.id))
        for label, person in section.roles.items():
            session.add(
                SectionRole(section_id=row.id, participant_id=participants[label], role=person.role)
            )
