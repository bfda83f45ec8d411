"""What leaves the store: frozen values, never rows that still hang on a database."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from pipeline.corrections import Correction
from pipeline.records import Approach, Grade, Setup
from pipeline.timeline import Span

State = Literal["received", "analysing", "ready", "failed"]
Material = Literal["acted role", "partner's own", "real client"]


@dataclass(frozen=True, slots=True)
class StoredRecording:
    """A file as it came in. ``name`` is for display only, ``size`` in bytes."""

    id: str
    name: str
    created: datetime
    size: int
    sha256: str
    setup: Setup
    material: Material
    state: State
    stage: str
    fraction: float
    error: str


@dataclass(frozen=True, slots=True)
class SessionSummary:
    """A line of the session list.

    Attributes:
        duration: seconds; None before the first analysis, like everything below.
        speakers: the voices' labels.
        talk_share: the therapist's share of the talk; None where it is unknown or abstained, and
            where the sections have different therapists.
        voices: how far the figures that stand on voices may be trusted.
        words: how far those that stand on words may.
    """

    id: str
    name: str
    created: datetime
    setup: Setup
    material: Material
    state: State
    stage: str
    fraction: float
    error: str
    duration: float | None
    speakers: tuple[str, ...]
    talk_share: float | None
    voices: Grade | None
    words: Grade | None


@dataclass(frozen=True, slots=True)
class Choices:
    """What a user set right: therapist, practice sections, approach, lines, labels."""

    therapist: str | None = None
    sections: tuple[Span, ...] = ()
    approach: Approach = "unset"
    corrections: tuple[Correction, ...] = ()
