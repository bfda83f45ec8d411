"""Which diarizer: the best one for this recording, with what it is and why.

``auto`` takes ``channels`` where each channel holds one person (exact and free), else pyannote
where its weights are on this computer, else the embedded one. An engine that was asked for by name
and is missing is an error; nothing falls back silently.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pipeline.activity import Activity
from pipeline.audio import Recording
from pipeline.catalogue import find_pyannote
from pipeline.diarization.channels import ChannelDiarizer
from pipeline.diarization.embedded import EmbeddedDiarizer
from pipeline.diarization.protocol import Diarizer
from pipeline.diarization.pyannote import PyannoteDiarizer
from pipeline.diarization.separation import separation
from pipeline.errors import ConfigError, ModelMissing, ModelUnavailable
from pipeline.settings import Config

ENGINES = ("auto", "channels", "pyannote", "embedded")


@dataclass(frozen=True, slots=True)
class Choice:
    """The diarizer to use; its model is loaded by ``make``, not before.

    Attributes:
        name: ``channels``, ``pyannote`` or ``embedded``.
        reason: what was chosen and why, in a sentence or two for a person.
    """

    name: str
    reason: str
    make: Callable[[], Diarizer]


def choose_diarizer(
    recording: Recording, activity: Activity, config: Config, *, models_dir: Path
) -> Choice:
    """The diarizer that fits the recording and the configuration.

    Raises:
        ConfigError: no such engine, or ``channels`` asked for a recording with one channel.
        ModelUnavailable: pyannote was asked for by name and its weights are missing.
    """
    engine = config.diarization.engine
    if engine not in ENGINES:
        raise ConfigError(f"diarization.engine = {engine!r} is no engine; use {', '.join(ENGINES)}")
    if engine == "channels":
        return _channels(recording, config, reason="One voice per channel, as configured.")
    if engine == "embedded":
        return _embedded(config, reason="The embedded diarizer, as configured.")
    if engine == "pyannote":
        find_pyannote(config.diarization.pyannote, models_dir=models_dir)
        return _pyannote(config, models_dir, reason="pyannote, as configured.")
    apart = separation(recording, activity, config.diarization.channels)
    if apart >= config.diarization.channels.least_separation:
        heard = f"The channels hold one person each ({apart:.0f} dB apart)."
        return _channels(recording, config, reason=heard)
    try:
        find_pyannote(config.diarization.pyannote, models_dir=models_dir)
    except ModelMissing:
        why = "pyannote's weights are not here; `attune models fetch pyannote` gets them"
    except ModelUnavailable as error:
        why = f"pyannote can't be used: {error}"
    else:
        return _pyannote(config, models_dir, reason="pyannote: its weights are on this computer.")
    return _embedded(config, reason=f"Voices by the embedded diarizer ({why}).")


def _channels(recording: Recording, config: Config, *, reason: str) -> Choice:
    if recording.channels < 2:
        same = " (both channels carry the same signal)" if recording.quality.dual_mono else ""
        raise ConfigError(
            f"diarization.engine = 'channels' needs one channel per person; {recording.name} has "
            f"one{same}. Use 'auto', or export the tracks separately"
        )
    return Choice(
        "channels", reason, lambda: ChannelDiarizer(config.diarization.channels, config.presence)
    )


def _embedded(config: Config, *, reason: str) -> Choice:
    return Choice(
        "embedded",
        reason,
        lambda: EmbeddedDiarizer(config.diarization.embedded, speakers=config.diarization.speakers),
    )


def _pyannote(config: Config, models_dir: Path, *, reason: str) -> Choice:
    def make() -> Diarizer:
        return PyannoteDiarizer(
            config.diarization.pyannote, speakers=config.diarization.speakers, models_dir=models_dir
        )

    return Choice("pyannote", reason, make)
