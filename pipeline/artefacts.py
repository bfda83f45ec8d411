"""What the stages leave behind, so that a later run repeats only what has changed.

An artefact is named by its stage and by a hash of everything it depends on: the recording's bytes,
the configuration of the stage and of those before it, and the engine. Change one threshold and only
the stages behind it run again. Files are written whole or not at all.
"""

import io
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.activity import Activity
from pipeline.prosody import Prosody
from pipeline.store.blobs import write_file
from pipeline.timeline import Span

_UNREADABLE = (ValueError, KeyError, TypeError, OSError, EOFError, zipfile.BadZipFile)


class Artefacts:
    """The artefacts of one recording, in a folder; with no folder nothing is kept."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def load(self, stage: str, key: str, kind: Any) -> Any | None:
        """The artefact as a ``kind`` (a dataclass), or None where this key was never made.

        One that can't be read (damaged, or an older version's) counts as never made.
        """
        data = self._read(stage, key)
        try:
            return None if data is None else _adapter(kind).validate_json(data)
        except ValueError:  # pydantic's ValidationError is one
            return None

    def keep(self, stage: str, key: str, value: Any) -> None:
        """Write an artefact, replacing those of the stage that other keys made."""
        self._write(stage, key, _adapter(type(value)).dump_json(value))

    def load_activity(self, key: str) -> Activity | None:
        """Speech activity with its probabilities (arrays, so not JSON)."""
        found: Activity | None = self._unpack("activity", key, _unpacked_activity)
        return found

    def keep_activity(self, key: str, activity: Activity) -> None:
        """Write speech activity."""
        arrays: dict[str, Any] = {"duration": activity.duration, "channels": len(activity.speech)}
        for c, (speech, probability) in enumerate(
            zip(activity.speech, activity.probability, strict=True)
        ):
            arrays[f"speech{c}"] = np.array(speech, float).reshape(-1, 2)
            arrays[f"probability{c}"] = probability
        self._pack("activity", key, arrays)

    def load_prosody(self, key: str) -> Prosody | None:
        """Loudness and pitch, frame by frame."""
        found: Prosody | None = self._unpack("prosody", key, _unpacked_prosody)
        return found

    def keep_prosody(self, key: str, prosody: Prosody) -> None:
        """Write loudness and pitch."""
        arrays = {"step": prosody.step, "loudness": prosody.loudness, "pitch": prosody.pitch}
        self._pack("prosody", key, arrays)

    def _unpack(self, stage: str, key: str, unpacked: Callable[[Any], Any]) -> Any | None:
        data = self._read(stage, key)
        try:
            if data is None:
                return None
            with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
                return unpacked(arrays)
        except _UNREADABLE:
            return None

    def _pack(self, stage: str, key: str, arrays: Mapping[str, Any]) -> None:
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        self._write(stage, key, buffer.getvalue())

    def _read(self, stage: str, key: str) -> bytes | None:
        if self._folder is None:
            return None
        path = self._path(self._folder, stage, key)
        return path.read_bytes() if path.exists() else None

    def _write(self, stage: str, key: str, data: bytes) -> None:
        if self._folder is None:
            return
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(self._folder, stage, key)
        write_file(path, data)
        for old in self._folder.glob(f"{stage}-*"):
            if old != path:
                old.unlink(missing_ok=True)

    @staticmethod
    def _path(folder: Path, stage: str, key: str) -> Path:
        return folder / f"{stage}-{key}"


def _unpacked_activity(arrays: Any) -> Activity:
    channels = range(int(arrays["channels"]))
    return Activity(
        speech=tuple(
            tuple(Span(float(a), float(b)) for a, b in arrays[f"speech{c}"]) for c in channels
        ),
        probability=tuple(arrays[f"probability{c}"] for c in channels),
        duration=float(arrays["duration"]),
    )


def _unpacked_prosody(arrays: Any) -> Prosody:
    return Prosody(float(arrays["step"]), arrays["loudness"], arrays["pitch"])


def _adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(kind)
