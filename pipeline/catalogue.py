"""The weights Attune can use: which there are, and where on this machine each one lies.

An engine loads the directory that its setting names, else the one in the data folder, else the
hub's cache. Looking costs no import and touches no network.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import ModelMissing, ModelUnavailable
from pipeline.settings import Config, PyannoteConfig, WhisperConfig

_MB = 1_000_000


@dataclass(frozen=True, slots=True)
class Model:
    """A model that can be fetched.

    Attributes:
        name: what ``attune models fetch`` calls it, and its directory.
        purpose: what it does, in a few words.
        size: of the download, bytes, roughly.
        hub_id: where it comes from, ``owner/name`` on the Hugging Face hub.
        token_variable: environment variable with the token of a gated model; empty: not gated.
        patterns: the files that are needed.
        required: without these the directory is no such model.
    """

    name: str
    purpose: str
    licence: str
    size: int
    hub_id: str
    revision: str = "main"
    token_variable: str = ""
    patterns: tuple[str, ...] = ()
    required: tuple[str, ...] = ()

    @property
    def url(self) -> str:
        """The model's page, where its licence stands and a gated one's conditions are accepted."""
        return f"https://huggingface.co/{self.hub_id}"


_WHISPER_SIZES = {
    "small.en": ("Systran/faster-whisper-small.en", 486, "words; fits a laptop's processor"),
    "medium.en": ("Systran/faster-whisper-medium.en", 1530, "words; slower, hears more"),
    "large-v2": ("Systran/faster-whisper-large-v2", 3090, "words; wants a graphics card"),
    "turbo": ("mobiuslabsgmbh/faster-whisper-large-v3-turbo", 1620, "words; graphics card, fast"),
}
"""Size -> repository (faster_whisper.utils), megabytes, purpose. All under the MIT licence."""

_WHISPER_FILES = ("config.json", "preprocessor_config.json", "model.bin", "tokenizer.json")


def catalogue(config: Config) -> tuple[Model, ...]:
    """Every model ``fetch`` knows."""
    pyannote = config.diarization.pyannote
    voices = Model(
        name="pyannote",
        purpose="who speaks when, in a recording with one channel",
        licence="CC-BY-4.0",
        size=33 * _MB,
        hub_id=pyannote.hub_id,
        revision=pyannote.revision,
        token_variable=pyannote.token_variable,
        patterns=("config.yaml", "*/pytorch_model.bin", "*/*.npz", "README.md", "LICENSE*"),
        required=("config.yaml",),
    )
    words = (
        Model(
            name=f"whisper-{size}",
            purpose=purpose,
            licence="MIT",
            size=megabytes * _MB,
            hub_id=hub_id,
            patterns=(*_WHISPER_FILES, "vocabulary.*", "README.md", "LICENSE*"),
            required=("config.json", "model.bin", "tokenizer.json"),
        )
        for size, (hub_id, megabytes, purpose) in _WHISPER_SIZES.items()
    )
    return (voices, *words)


def named(name: str, config: Config) -> Model:
    """The model of that name; ``whisper`` means the configured size.

    Raises:
        ModelUnavailable: there is none; the message lists them.
    """
    wanted = f"whisper-{config.transcription.whisper.size}" if name == "whisper" else name
    models = {model.name: model for model in catalogue(config)}
    if wanted not in models:
        raise ModelUnavailable(f"no model {wanted!r}; there are: whisper, {', '.join(models)}")
    return models[wanted]


def find_pyannote(config: PyannoteConfig, *, models_dir: Path) -> Path:
    """The directory to load: configured, else in the data folder, else in the hub's cache.

    Raises:
        ModelMissing: it is in none of them; the message tells how to get it.
        ModelUnavailable: it is incomplete.
    """
    name = "diarization.pyannote.model"
    directory = _configured(config.model, name) or _fetched(models_dir / "pyannote")
    directory = directory or _cached(config.hub_id, config.revision)
    if directory is None:
        raise ModelMissing(
            f"the weights of {config.hub_id} are not on this machine. Accept the conditions on "
            f"https://huggingface.co/{config.hub_id}, put a read token into the environment "
            f"variable {config.token_variable} and run `attune models fetch pyannote`; "
            "offline, run `attune models fetch pyannote --from DIR` with a copy from elsewhere"
        )
    check_files(directory, ("config.yaml",), what="pyannote pipeline")
    return directory


def find_whisper(config: WhisperConfig, *, models_dir: Path) -> Path:
    """The CTranslate2 directory to load: configured, in the data folder, or in the hub's cache.

    Raises:
        ModelMissing: it is in none of them; the message tells how to get it.
        ModelUnavailable: it is incomplete.
    """
    name = "transcription.whisper.model"
    directory = _configured(config.model, name) or _fetched(models_dir / f"whisper-{config.size}")
    if directory is None and config.size in _WHISPER_SIZES:
        directory = _cached(_WHISPER_SIZES[config.size][0], "main")
    if directory is None:
        raise ModelMissing(
            f"the weights of Whisper {config.size} are not on this machine; run `attune models "
            "fetch whisper`, or offline `attune models fetch whisper --from DIR` with a "
            f"CTranslate2 directory from elsewhere, or set {name}"
        )
    check_files(directory, ("config.json", "model.bin", "tokenizer.json"), what="Whisper model")
    return directory


def whereabouts(model: Model, config: Config, *, models_dir: Path) -> Path | None:
    """The directory an engine would load, None where there is none; completeness isn't checked."""
    setting = ""
    if model.name == "pyannote":
        setting = config.diarization.pyannote.model
    elif model.name == f"whisper-{config.transcription.whisper.size}":
        setting = config.transcription.whisper.model
    found = _given(setting) or _fetched(models_dir / model.name)
    return found or _cached(model.hub_id, model.revision)


def check_files(directory: Path, required: tuple[str, ...], *, what: str) -> None:
    """Refuse a directory that lacks files, or parts its pipeline's config.yaml names.

    Raises:
        ModelUnavailable: with the missing names.
    """
    missing = [name for name in required if not (directory / name).is_file()]
    pipeline = directory / "config.yaml"
    if not missing and pipeline.is_file():
        parts = re.findall(r"\$model/([\w./-]+)", pipeline.read_text("utf-8", "replace"))
        missing = [part for part in parts if not any((directory / part).glob("*.*"))]
    if missing:
        raise ModelUnavailable(
            f"{directory} is no complete {what}: {', '.join(missing)} missing; fetch or copy it "
            "again"
        )


def _given(directory: str) -> Path | None:
    path = Path(directory).expanduser()
    return path if directory and path.is_dir() else None


def _configured(directory: str, setting: str) -> Path | None:
    if directory and _given(directory) is None:
        raise ModelUnavailable(f"{setting} = {directory!r} is not a directory; mend the setting")
    return _given(directory)


def _fetched(directory: Path) -> Path | None:
    return directory if directory.is_dir() else None


def _cached(hub_id: str, revision: str) -> Path | None:
    """The hub client's cache, read without the client; None where the snapshot isn't there."""
    home = os.environ.get("HF_HOME") or Path.home() / ".cache" / "huggingface"
    cache = Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()
    folder = cache / f"models--{hub_id.replace('/', '--')}"
    reference = folder / "refs" / revision
    commit = reference.read_text(encoding="ascii").strip() if reference.is_file() else revision
    snapshot = folder / "snapshots" / commit
    return snapshot if snapshot.is_dir() else None
