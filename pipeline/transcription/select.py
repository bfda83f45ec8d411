"""Which transcriber: the best one present, with what it is and why; never a silent fallback.

``auto`` takes Whisper where its weights are on this computer, else the embedded draft for English,
else none: every figure that needs no words stands all the same. An engine that was asked for by
name and is missing is an error.
"""

from dataclasses import dataclass
from pathlib import Path

from pipeline.catalogue import find_whisper
from pipeline.errors import ConfigError, ModelMissing, ModelUnavailable
from pipeline.settings import TranscriptionConfig
from pipeline.transcription.protocol import Transcriber
from pipeline.transcription.sphinx import LANGUAGE, SphinxTranscriber
from pipeline.transcription.whisper import WhisperTranscriber

ENGINES = ("auto", "whisper", "sphinx", "none")


@dataclass(frozen=True, slots=True)
class Choice:
    """The transcriber to use.

    Attributes:
        transcriber: None where there are to be no words; its model isn't loaded yet.
        name: ``whisper``, ``sphinx`` or ``none``.
        reason: what was chosen and why, in a sentence or two for a person.
    """

    transcriber: Transcriber | None
    name: str
    reason: str


def choose_transcriber(config: TranscriptionConfig, models_dir: Path) -> Choice:
    """The transcriber that the configuration asks for; nothing is loaded or fetched.

    Raises:
        ConfigError: no such engine, or a setting of it is out of range.
        ModelUnavailable: the engine asked for by name is missing, incomplete or can't be used
            for the language.
    """
    if config.engine == "none":
        return Choice(None, "none", "No words: transcription is switched off.")
    if config.engine == "whisper":
        return _whisper(config, models_dir, why="as configured")
    if config.engine == "sphinx":
        return _sphinx(config, why="as configured")
    if config.engine != "auto":
        raise ConfigError(
            f"transcription.engine = {config.engine!r} is no engine; use {', '.join(ENGINES)}"
        )
    if config.whisper.model:
        return _whisper(config, models_dir, why="its directory is configured")
    try:
        return _whisper(config, models_dir, why="its weights are on this computer")
    except ModelMissing:
        missing = "Whisper's weights are not here; `attune models fetch whisper` gets them"
        return _without_whisper(config, missing)
    except ModelUnavailable as error:
        return _without_whisper(config, f"Whisper can't be used: {error}")


def _whisper(config: TranscriptionConfig, models_dir: Path, *, why: str) -> Choice:
    directory = find_whisper(config.whisper, models_dir=models_dir)
    transcriber = WhisperTranscriber(config.whisper, config.language, directory)
    return Choice(transcriber, "whisper", f"Words by Whisper ({why}: {directory}).")


def _sphinx(config: TranscriptionConfig, *, why: str) -> Choice:
    transcriber = SphinxTranscriber(config.sphinx, config.language)
    reason = f"A draft of the words by the embedded transcriber ({why}); clean speech only."
    return Choice(transcriber, "sphinx", reason)


def _without_whisper(config: TranscriptionConfig, missing: str) -> Choice:
    if config.language == LANGUAGE:
        return _sphinx(config, why=missing)
    return Choice(
        None,
        "none",
        f"No words: the embedded transcriber knows English only, not {config.language!r}, and "
        f"{missing}",
    )
