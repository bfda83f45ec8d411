"""What Attune finds on this machine, and how to mend what is missing.

Nothing heavy is imported: versions come from the installed packages' metadata, builds from their
version files, and the graphics card is asked for in a child process, where a broken driver can do
no harm.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from pipeline.models import Presence, list_models
from pipeline.places import data_dir, models_dir
from pipeline.privacy import loud_settings
from pipeline.settings import Config

SYNC = "run `uv sync` in Attune's folder"

_GB = 1_000_000_000
_ROOM = 2 * _GB  # three hours in stereo take 0.7 GB decoded, Whisper small.en 0.5 GB
_ASK_CUDA = "import ctranslate2; print(ctranslate2.get_cuda_device_count())"
_ASK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        ok: whether it is as it should be.
        detail: what was found, in a few words.
        remedy: what to do, empty where nothing needs doing.
        optional: Attune works without it, if less well; no fault of the installation.
    """

    name: str
    ok: bool
    detail: str
    remedy: str = ""
    optional: bool = False


def examine(config: Config) -> tuple[Finding, ...]:
    """Everything there is to find out, in the order in which it matters; takes a second or two."""
    return (
        _python(),
        _libraries(),
        _torch_family(),
        _ffmpeg(),
        _bundled("speech activity", "faster_whisper", "assets/silero_vad_v6.onnx"),
        _bundled("draft words", "pocketsphinx", "model/en-us"),
        _cuda(config),
        *_models(config),
        _token(config),
        _telemetry(),
        _data_folder(),
    )


def _python() -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    wanted, _ = _asked_for()
    from packaging.specifiers import SpecifierSet

    ok = SpecifierSet(wanted).contains(found)
    return Finding("Python", ok, found, "" if ok else f"use Python {wanted}, uv installs one")


def _libraries() -> Finding:
    """Every dependency, in a version that Attune was made for."""
    _, requirements = _asked_for()
    if not requirements:
        return Finding("libraries", False, "Attune itself isn't installed", SYNC)
    wrong, count = [], 0
    for name, specifier in _needed(requirements):
        count += 1
        try:
            version = metadata.version(name)
        except metadata.PackageNotFoundError:
            wrong.append(f"{name} is missing")
            continue
        if not specifier(version):
            wrong.append(f"{name} {version}")
    if wrong:
        return Finding("libraries", False, ", ".join(wrong), SYNC)
    return Finding("libraries", True, f"{count} present, in the versions asked for")


def _torch_family() -> Finding:
    """Release and build of torch and torchaudio; where they differ, pyannote.audio can't load."""
    builds = {name: _build(name) for name in ("torch", "torchaudio")}
    detail = ", ".join(f"{name} {build or 'missing'}" for name, build in builds.items())
    torch, audio = (_release(build) for build in builds.values())
    if torch is not None and torch == audio:
        return Finding("torch family", True, detail)
    remedy = f"{SYNC}; torch, torchaudio and torchcodec must come from the same index"
    return Finding("torch family", False, detail, remedy)


def _ffmpeg() -> Finding:
    try:
        import av
    except (ImportError, OSError) as error:
        return Finding("FFmpeg", False, f"PyAV can't be imported ({type(error).__name__})", SYNC)
    codec = ".".join(map(str, av.library_versions["libavcodec"]))
    return Finding("FFmpeg", True, f"libavcodec {codec}, inside PyAV {av.__version__}")


def _bundled(name: str, package: str, inside: str) -> Finding:
    """A small model that a library carries."""
    folder = _folder(package)
    if folder is not None and (folder / inside).exists():
        return Finding(name, True, f"inside {package}")
    return Finding(name, False, f"{package} lacks {inside}", SYNC)


def _cuda(config: Config) -> Finding:
    wanted = [
        setting
        for setting, device in (
            ("transcription.whisper.device", config.transcription.whisper.device),
            ("diarization.pyannote.device", config.diarization.pyannote.device),
        )
        if device.startswith("cuda")
    ]
    count, trouble = _cuda_devices()
    if count:
        return Finding("graphics card", True, f"{count} with CUDA")
    detail = f"none with CUDA{trouble}; everything runs on {os.cpu_count()} processor cores"
    if wanted:
        remedy = f"install NVIDIA's driver, or set {' and '.join(wanted)} to 'auto'"
        return Finding("graphics card", False, detail, remedy)
    return Finding("graphics card", True, detail)


def _cuda_devices() -> tuple[int, str]:
    """How many there are, and what went wrong while asking."""
    try:
        answer = subprocess.run(  # noqa: S603 - this interpreter, a constant program
            [sys.executable, "-c", _ASK_CUDA],
            capture_output=True,
            text=True,
            timeout=_ASK_SECONDS,
            check=True,
        )
        return int(answer.stdout), ""
    except subprocess.TimeoutExpired:
        return 0, f" (the driver didn't answer within {_ASK_SECONDS:.0f} s)"
    except (subprocess.CalledProcessError, OSError, ValueError) as error:
        return 0, f" (asking failed: {type(error).__name__})"


def _models(config: Config) -> Iterator[Finding]:
    """The two models that the configuration would use."""
    wanted = ("pyannote", f"whisper-{config.transcription.whisper.size}")
    for presence in list_models(config, models_dir=models_dir()):
        if presence.model.name in wanted:
            yield _model(presence)


def _model(presence: Presence) -> Finding:
    model = presence.model
    if presence.state == "missing":
        gate = f", after accepting the conditions on {model.url}" if model.token_variable else ""
        remedy = f"`attune models fetch {model.name}` ({model.size / 1e6:.0f} MB{gate})"
        detail = f"not here: {model.purpose}"
        return Finding(model.name, False, detail, remedy, optional=True)
    if presence.state == "changed":
        remedy = f"`attune models verify {model.name}` tells what, then fetch it again"
        return Finding(model.name, False, f"{presence.path} has changed", remedy)
    note = "" if presence.state == "recorded" else ", without checksums"
    return Finding(model.name, True, f"{presence.path}{note}")


def _token(config: Config) -> Finding:
    variable = config.diarization.pyannote.token_variable
    state = "set" if os.environ.get(variable) else "not set"
    return Finding("hub token", True, f"{variable} is {state}; only fetching pyannote uses it")


def _telemetry() -> Finding:
    loud = loud_settings()
    if loud:
        return Finding("telemetry", False, f"not silenced: {', '.join(loud)}", "start Attune anew")
    return Finding("telemetry", True, "off in every library")


def _data_folder() -> Finding:
    folder = data_dir()
    there = next(path for path in (folder, *folder.parents) if path.exists())
    try:
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        detail = f"{folder} can't be written ({type(error).__name__})"
        return Finding("data folder", False, detail, "set ATTUNE_HOME to a folder of your own")
    free = shutil.disk_usage(there).free
    detail = f"{folder}, {free / _GB:.0f} GB free"
    if free < _ROOM:
        return Finding("data folder", False, detail, "make room, or move it with ATTUNE_HOME")
    return Finding("data folder", True, detail)


def _asked_for() -> tuple[str, list[str]]:
    """Attune's own requirements: of Python, and of libraries; nothing where it isn't installed."""
    try:
        about = metadata.metadata("attune")
    except metadata.PackageNotFoundError:
        return "", []
    return about["Requires-Python"], about.get_all("Requires-Dist") or []


def _needed(requirements: list[str]) -> Iterator[tuple[str, Callable[[str], bool]]]:
    from packaging.requirements import Requirement

    for text in requirements:
        requirement = Requirement(text)
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield requirement.name, requirement.specifier.contains


def _build(package: str) -> str:
    """A version with its build (``2.11.0+cu130``) from the package's version file."""
    folder = _folder(package)
    if folder is None or not (folder / "version.py").is_file():
        return ""
    text = (folder / "version.py").read_text(encoding="utf-8")
    found = re.search(r"__version__ = ['\"]([^'\"]+)", text)
    return found[1] if found else ""


def _release(build: str) -> tuple[str, str] | None:
    """``2.11.0+cu130`` -> (``2.11``, ``cu130``)."""
    if not build:
        return None
    version, _plus, flavour = build.partition("+")
    return ".".join(version.split(".")[:2]), flavour


def _folder(package: str) -> Path | None:
    """Where a package lies, found without importing it."""
    spec = importlib.util.find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None
