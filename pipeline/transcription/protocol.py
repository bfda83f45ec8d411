"""What every transcriber offers: the words of one recording, with their times."""

from typing import Protocol

from pipeline.activity import Activity
from pipeline.audio import Recording
from pipeline.records import Progress, Transcript


class Transcriber(Protocol):
    """Writes down what is said where somebody speaks; silence is never decoded."""

    name: str
    version: str

    def transcribe(
        self,
        recording: Recording,
        activity: Activity,
        *,
        progress: Progress,
        per_channel: bool = False,
    ) -> Transcript:
        """The words inside the speech activity; ``progress`` hears the stage ``transcription``.

        With ``per_channel`` each channel is decoded by itself and its words carry the channel's
        label as their speaker; only for recordings with one voice per channel.

        Raises:
            ModelUnavailable: the engine's weights are missing or damaged.
        """
        ...
