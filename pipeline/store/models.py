"""The tables of Attune's database, the same for SQLite and PostgreSQL.

Ids are ULIDs (26 characters, sortable by time). Moments are UTC. Whatever hangs on a recording or
on a person goes with them (``ON DELETE CASCADE``); only the audit log outlives what it tells of.
The migrations in ``store/migrations`` make these tables, and a test keeps both the same.
"""

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    Double,
    ForeignKey,
    Index,
    LargeBinary,
    MetaData,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import JSON

from pipeline.store.columns import (
    Id,
    Key,
    Kind,
    Maybe,
    Moment,
    When,
    Words,
    link,
    loose,
    now,
    one_of,
)

PURPOSES = ("therapist_feedback", "trainer_hears", "played_in_class", "group_figures",
            "improving_model")  # fmt: skip
JOB_STATES = ("queued", "running", "done", "parked", "cancelled")
LIVE = "state IN ('queued', 'running')"
STATES = ("received", "analysing", "ready", "failed")
MATERIALS = ("acted role", "partner's own", "real client")
SHARING = ("only me", "trainer", "group")


class Base(DeclarativeBase):
    """Root of the tables; constraints get names so that later migrations can change them."""

    type_annotation_map: ClassVar = {float: Double}
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class Person(Base):
    """Somebody, known here by a random pseudonym only."""

    __tablename__ = "person"
    id: Mapped[Id]
    pseudonym: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[When]


class Account(Base):
    """Which login is which person; the one place where a pseudonym meets a name."""

    __tablename__ = "account"
    name: Mapped[str] = mapped_column(String(255), primary_key=True)
    person_id: Mapped[str] = link("person")


class Recording(Base):
    """A file as it came in; ``error`` is fit to be shown, ``suffix`` the kept file's extension."""

    __tablename__ = "recording"
    __table_args__ = (
        UniqueConstraint("owner_id", "sha256"),
        one_of("state", STATES),
        one_of("material", MATERIALS),
    )
    id: Mapped[Id]
    owner_id: Mapped[str] = link("person")
    name: Mapped[Words]
    suffix: Mapped[str] = mapped_column(String(16))
    size: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[Key]
    setup: Mapped[Kind]
    material: Mapped[Kind]
    created_at: Mapped[datetime] = mapped_column(Moment, default=now, index=True)
    state: Mapped[Kind]
    stage: Mapped[Words]
    fraction: Mapped[float] = mapped_column(default=0.0)
    error: Mapped[Words]


class Participant(Base):
    """A voice of a recording: its label, and who it is once that is known."""

    __tablename__ = "participant"
    __table_args__ = (UniqueConstraint("recording_id", "label"),)
    id: Mapped[Id]
    recording_id: Mapped[str] = link("recording")
    label: Mapped[Key]
    name: Mapped[Words]
    person_id: Mapped[str | None] = loose("person")
    created_at: Mapped[When]


class Consent(Base):
    """A participant's yes to one purpose; withdrawn alone, kept with both moments."""

    __tablename__ = "consent"
    __table_args__ = (one_of("purpose", PURPOSES),)
    id: Mapped[Id]
    participant_id: Mapped[str] = link("participant")
    purpose: Mapped[Kind]
    given_at: Mapped[When]
    withdrawn_at: Mapped[Maybe]
    how: Mapped[Kind]


class Section(Base):
    """One practice inside a recording; ``key`` is its id in the report.

    A section that a newer analysis no longer has stays, ``current`` false: what people wrote about
    it hangs on it.
    """

    __tablename__ = "section"
    __table_args__ = (UniqueConstraint("recording_id", "key"), one_of("sharing", SHARING))
    id: Mapped[Id]
    recording_id: Mapped[str] = link("recording")
    key: Mapped[Key]
    start: Mapped[float]
    end: Mapped[float]
    owner_id: Mapped[str | None] = loose("person")
    scenario: Mapped[Words]
    approach: Mapped[Words]
    sharing: Mapped[Kind] = mapped_column(default="only me")
    current: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[When]


class SectionRole(Base):
    """What a participant was in a section."""

    __tablename__ = "section_role"
    section_id: Mapped[str] = mapped_column(
        ForeignKey("section.id", ondelete="CASCADE"), primary_key=True
    )
    participant_id: Mapped[str] = mapped_column(
        ForeignKey("participant.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[Kind]


class Analysis(Base):
    """A report, with the few figures that lists show; one row per configuration.

    ``revision`` counts the saves of a recording: the highest is the newest, whatever the clock did.
    """

    __tablename__ = "analysis"
    __table_args__ = (
        UniqueConstraint("recording_id", "config_hash"),
        UniqueConstraint("recording_id", "revision"),
    )
    id: Mapped[Id]
    recording_id: Mapped[str] = link("recording")
    revision: Mapped[int]
    config_hash: Mapped[Key]
    engines: Mapped[dict[str, Any]] = mapped_column(JSON)
    duration: Mapped[float]
    speakers: Mapped[list[str]] = mapped_column(JSON)
    talk_share: Mapped[float | None]
    voices: Mapped[Kind]
    words: Mapped[Kind]
    report: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[When]


class Correction(Base):
    """What a user set right: ``kind`` says of what, ``target`` of which, ``value`` to what."""

    __tablename__ = "correction"
    __table_args__ = (Index(None, "recording_id", "kind"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    recording_id: Mapped[str] = mapped_column(ForeignKey("recording.id", ondelete="CASCADE"))
    author_id: Mapped[str | None] = loose("person")
    kind: Mapped[Kind]
    target: Mapped[Words]
    value: Mapped[Any] = mapped_column(JSON)
    created_at: Mapped[When]


class Note(Base):
    """A comment or a pin on a stretch of a recording."""

    __tablename__ = "note"
    id: Mapped[Id]
    recording_id: Mapped[str] = link("recording")
    author_id: Mapped[str] = link("person")
    kind: Mapped[Kind]
    start: Mapped[float]
    end: Mapped[float]
    text: Mapped[Words]
    created_at: Mapped[When]


class Guess(Base):
    """What a person thought a figure was, before seeing it."""

    __tablename__ = "guess"
    id: Mapped[Id]
    section_id: Mapped[str] = link("section")
    person_id: Mapped[str] = link("person")
    measure: Mapped[Key]
    value: Mapped[float]
    created_at: Mapped[When]


class Reflection(Base):
    """What a person wrote after listening back."""

    __tablename__ = "reflection"
    id: Mapped[Id]
    section_id: Mapped[str] = link("section")
    person_id: Mapped[str] = link("person")
    text: Mapped[Words]
    created_at: Mapped[When]


class Goal(Base):
    """One thing a person wants to try; ``target`` is a figure where they named one."""

    __tablename__ = "goal"
    id: Mapped[Id]
    person_id: Mapped[str] = link("person")
    measure: Mapped[Key]
    target: Mapped[float | None]
    text: Mapped[Words]
    created_at: Mapped[When]
    closed_at: Mapped[Maybe]


class Course(Base):
    """A course; its approach decides which bands may be shown."""

    __tablename__ = "course"
    id: Mapped[Id]
    name: Mapped[Words]
    approach: Mapped[Words]
    created_at: Mapped[When]


class Group(Base):
    """A group of a course."""

    __tablename__ = "group"
    id: Mapped[Id]
    course_id: Mapped[str] = link("course")
    name: Mapped[Words]
    created_at: Mapped[When]


class Member(Base):
    """Who is in a group, as ``trainee`` or ``trainer``."""

    __tablename__ = "member"
    __table_args__ = (one_of("role", ("trainee", "trainer")),)
    group_id: Mapped[str] = mapped_column(
        ForeignKey("group.id", ondelete="CASCADE"), primary_key=True
    )
    person_id: Mapped[str] = mapped_column(
        ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[Kind]


class Assignment(Base):
    """What a course asks its trainees to hand in."""

    __tablename__ = "assignment"
    id: Mapped[Id]
    course_id: Mapped[str] = link("course")
    title: Mapped[Words]
    text: Mapped[Words]
    due_at: Mapped[Maybe]
    created_at: Mapped[When]


class HandIn(Base):
    """A section handed in; ``asked`` where the trainee asked to be listened to."""

    __tablename__ = "hand_in"
    __table_args__ = (UniqueConstraint("assignment_id", "section_id"),)
    id: Mapped[Id]
    assignment_id: Mapped[str] = link("assignment")
    section_id: Mapped[str] = link("section")
    person_id: Mapped[str] = link("person")
    asked: Mapped[bool] = mapped_column(default=False)
    handed_at: Mapped[When]
    heard_at: Mapped[Maybe]


class Job(Base):
    """An analysis to be done once: who holds it and until when, so that a dead worker's goes on.

    ``attempt`` counts claims and never falls: with ``holder`` it tells who may write. ``spared`` of
    them don't count as tries, because the worker was stopped. ``config_hash`` tells what was asked
    for; of each recording and configuration one job at most is queued or running.
    """

    __tablename__ = "job"
    __table_args__ = (
        one_of("state", JOB_STATES),
        Index(None, "state", "created_at"),
        Index(None, "person_id", "claimed_at"),
        Index(
            "uq_job_live",
            "recording_id",
            "config_hash",
            unique=True,
            sqlite_where=text(LIVE),
            postgresql_where=text(LIVE),
        ),
    )
    id: Mapped[Id]
    recording_id: Mapped[str] = link("recording")
    person_id: Mapped[str] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    kind: Mapped[Kind]
    config_hash: Mapped[Key]
    priority: Mapped[int] = mapped_column(default=0)
    state: Mapped[Kind]
    stage: Mapped[Words]
    fraction: Mapped[float] = mapped_column(default=0.0)
    attempt: Mapped[int] = mapped_column(default=0)
    spared: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int]
    holder: Mapped[Words]
    lease_until: Mapped[Maybe]
    not_before: Mapped[Maybe]
    cancel: Mapped[bool] = mapped_column(default=False)
    error: Mapped[Words]
    created_at: Mapped[When]
    claimed_at: Mapped[Maybe]
    ended_at: Mapped[Maybe]


class Audit(Base):
    """Who did what to which id, and when; append-only, each row sealed with the one before.

    No foreign key: the log must outlive what it tells of. It holds no name and no word.
    """

    __tablename__ = "audit"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[When]
    actor: Mapped[Key]
    action: Mapped[Kind]
    subject: Mapped[Key]
    seal: Mapped[Key]
