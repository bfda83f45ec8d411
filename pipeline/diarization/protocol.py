"""What every diarizer offers: who spoke when in one recording."""

from typing import Protocol

from pipeline.activity import Activity
from pipeline.audio import Recording
from pipeline.records import Diarization, Progress


class Diarizer(Protocol):
    """Tells voices apart.

    A diarizer never fails for want of speech: it returns a diarization whose grade is
    ``abstained`` and whose note says why.
    """

    name: str
    version: str

    def diarize(
        self, recording: Recording, activity: Activity, *, progress: Progress
    ) -> Diarization:
        """Who speaks when; ``progress`` hears fractions of the stage ``diarization``.

        Raises:
            ModelUnavailable: the engine's weights are missing or damaged.
        """
        ...
