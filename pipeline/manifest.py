"""What a model directory holds, written down: size and SHA-256 of every file.

``manifest.json`` lies inside the directory, so that it travels with it: a directory carried to an
offline machine on a stick can be checked there against what was fetched.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.errors import ModelUnavailable
from pipeline.records import Progress

NAME = "manifest.json"

_SKIPPED = (".cache", ".git", "__pycache__")
"""Folders of downloaders and version control; no part of a model."""

_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class Check:
    """A directory against its manifest.

    Attributes:
        damaged: files whose content changed or which are missing.
        extra: files the manifest doesn't know.
        recorded: whether there is a manifest at all.
    """

    damaged: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    recorded: bool = True

    @property
    def ok(self) -> bool:
        """Whether everything that was written down is still as it was."""
        return self.recorded and not self.damaged


def write_manifest(directory: Path, *, origin: dict[str, str], progress: Progress) -> None:
    """Record the files of a directory, and where they come from."""
    files = {
        name: {"size": path.stat().st_size, "sha256": digest}
        for name, path, digest in _digests(directory, progress)
    }
    content = json.dumps({"origin": origin, "files": files}, indent=2, sort_keys=True) + "\n"
    partial = directory / f"{NAME}.partial"
    partial.write_text(content, encoding="utf-8")
    partial.replace(directory / NAME)


def check_manifest(directory: Path, *, progress: Progress) -> Check:
    """Recompute every checksum and compare.

    Raises:
        ModelUnavailable: the manifest itself can't be read.
    """
    recorded = read_files(directory)
    if recorded is None:
        return Check(recorded=False)
    found = file_sha256s(directory, progress=progress)
    return Check(
        damaged=tuple(n for n, entry in recorded.items() if found.get(n) != entry["sha256"]),
        extra=tuple(name for name in found if name not in recorded),
    )


def glance(directory: Path) -> Check:
    """The same from names and sizes only: fast, and blind to a changed byte."""
    recorded = read_files(directory)
    if recorded is None:
        return Check(recorded=False)
    sizes = {name: path.stat().st_size for name, path in _files(directory)}
    return Check(
        damaged=tuple(n for n, entry in recorded.items() if sizes.get(n) != entry["size"]),
        extra=tuple(name for name in sizes if name not in recorded),
    )


def read_files(directory: Path) -> dict[str, dict[str, Any]] | None:
    """``{name: {size, sha256}}`` as recorded; None where nothing was."""
    path = directory / NAME
    if not path.is_file():
        return None
    try:
        files: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["files"]
        if all({"size", "sha256"} <= entry.keys() for entry in files.values()):
            return files
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _unreadable(path) from error
    raise _unreadable(path)


def manifest_digest(directory: Path) -> str:
    """Eight hexadecimal digits that name the recorded content; empty where nothing was recorded."""
    files = read_files(directory)
    if files is None:
        return ""
    content = sorted((name, entry["sha256"]) for name, entry in files.items())
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()[:8]


def file_sha256s(directory: Path, *, progress: Progress) -> dict[str, str]:
    """``{name: sha256}`` of every file, recomputed."""
    return {name: digest for name, _path, digest in _digests(directory, progress)}


def copy_real(source: Path, target: Path, *, progress: Progress) -> None:
    """Copy a directory as real files; the hub's cache holds links that break when it is emptied."""
    files = list(_files(source))
    whole = sum(path.stat().st_size for _name, path in files) or 1
    done = 0
    for name, path in files:
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target / name)
        done += path.stat().st_size
        progress("models", done / whole)
    if (source / NAME).is_file():
        shutil.copyfile(source / NAME, target / NAME)


def directory_size(directory: Path) -> int:
    """Bytes of all files below, a downloader's unfinished ones included."""
    sizes = 0
    for root, _folders, names in os.walk(directory):
        for name in names:
            try:
                sizes += os.lstat(Path(root) / name).st_size
            except FileNotFoundError:
                continue  # renamed between listing and looking: counted next time
    return sizes


def _digests(directory: Path, progress: Progress) -> Iterator[tuple[str, Path, str]]:
    files = list(_files(directory))
    whole = sum(path.stat().st_size for _name, path in files) or 1
    done = 0
    for name, path in files:
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
                done += len(block)
                progress("models", min(1.0, done / whole))
        yield name, path, digest.hexdigest()


def _files(directory: Path) -> Iterator[tuple[str, Path]]:
    """Names (with forward slashes) and paths of a model's files, in order."""
    for path in sorted(directory.rglob("*")):
        parts = path.relative_to(directory).parts
        if path.is_file() and parts[0] not in _SKIPPED and parts != (NAME,):
            yield "/".join(parts), path


def _unreadable(path: Path) -> ModelUnavailable:
    return ModelUnavailable(
        f"{path} can't be read as a manifest; remove it and run `attune models fetch` again, with "
        "--from DIR if this machine is offline"
    )
