"""Files beside the database, never half-written and never left behind.

A file is written under a temporary name, synced, and then renamed: a reader sees all of it or
nothing. Whether a recording's folder should exist is decided by its row alone, so before a folder
is made or removed a marker ``.pending-<id>`` says so; what a killed process leaves behind is
settled by ``Blobs.recover`` when the store opens next::

    ingest:  marker, folder with source, row committed, marker removed
    delete:  marker, row gone (committed), folder removed, marker removed
"""

import hashlib
import os
import shutil
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from pipeline.errors import StoreError
from pipeline.store.columns import new_id

_INCOMING = ".incoming-"
_PENDING = ".pending-"


def write_file(path: Path, data: bytes, *, staging: Path | None = None) -> None:
    """Replace ``path`` by ``data`` in one step that survives a power cut.

    ``staging`` is a folder on the same disk for the temporary file; the file's own without it.
    """
    incoming = Incoming(staging or path.parent)
    try:
        incoming.write(data)
        incoming.move_to(path)
    finally:
        incoming.discard()


def sweep(folder: Path) -> None:
    """Remove the temporary files in ``folder`` whose writers are no more."""
    for path in folder.glob(f"{_INCOMING}*"):
        if _abandoned(path):
            with suppress(PermissionError):
                path.unlink(missing_ok=True)


class Incoming:
    """A file on its way in: hashed while it is written, in nobody's sight until it is moved.

    A lock on it tells the sweeper that its writer is alive; the system drops the lock of a killed
    process.

    Attributes:
        folder: where it is written.
        size: bytes written so far.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path, self._file = _claim(folder)
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes) -> int:
        """Append bytes; like a file's ``write``."""
        self._hash.update(data)
        self._file.write(data)
        self.size += len(data)
        return len(data)

    @property
    def sha256(self) -> str:
        """Hexadecimal hash of the bytes so far."""
        return self._hash.hexdigest()

    def sync(self) -> None:
        """Wait until the bytes are on the disk."""
        self._file.flush()
        os.fsync(self._file.fileno())

    def move_to(self, target: Path) -> None:
        """Give the file its name; afterwards it is there even if the power fails."""
        self.sync()
        if sys.platform == "win32":
            self._file.close()  # an open file can't be renamed there
        self._path.replace(target)
        self._file.close()
        sync_folder(target.parent)

    def discard(self) -> None:
        """Remove the file unless it was moved; safe to call twice."""
        self._file.close()
        self._path.unlink(missing_ok=True)


class Blobs:
    """The recordings' folders below ``root``, each named by its recording's id."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def folder(self, recording_id: str) -> Path:
        """Where everything of a recording lies."""
        return self.root / recording_id

    def incoming(self) -> Incoming:
        """A new file on its way in."""
        return Incoming(self.root)

    def place(self, incoming: Incoming, recording_id: str, *, name: str) -> None:
        """Make the recording's folder and move the file into it; mark it first."""
        folder = self.folder(recording_id)
        folder.mkdir(mode=0o700)
        incoming.move_to(folder / name)
        sync_folder(self.root)

    def mark(self, recording_id: str) -> None:
        """Announce that the folder's fate hangs on the row."""
        (self.root / f"{_PENDING}{recording_id}").touch(mode=0o600)
        sync_folder(self.root)

    def unmark(self, recording_id: str) -> None:
        """The folder and the row agree again."""
        (self.root / f"{_PENDING}{recording_id}").unlink(missing_ok=True)

    def remove(self, recording_id: str) -> None:
        """Remove a folder with everything in it.

        Raises:
            StoreError: something in it can't be removed.
        """
        folder = self.folder(recording_id)
        shutil.rmtree(folder, ignore_errors=True)  # two processes may be settling the same one
        if folder.exists():
            raise StoreError(
                f"{folder} couldn't be removed wholly; close the programs that use its files, "
                "then start Attune again: it finishes the deletion"
            )
        sync_folder(self.root)

    def pending(self) -> tuple[str, ...]:
        """Ids whose folder and row may disagree."""
        return tuple(sorted(p.name[len(_PENDING) :] for p in self.root.glob(f"{_PENDING}*")))

    def recover(self, exists: Callable[[str], bool]) -> None:
        """Settle what is pending by the rows; call it while holding the database's write lock."""
        for recording_id in self.pending():
            if not exists(recording_id):
                self.remove(recording_id)
            self.unmark(recording_id)


def sync_folder(folder: Path) -> None:
    """Wait until a folder's list of names is on the disk."""
    if sys.platform == "win32":
        return  # folders can't be opened there; NTFS journals names itself
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _claim(folder: Path) -> tuple[Path, BinaryIO]:
    while True:
        path = folder / f"{_INCOMING}{new_id()}"
        file = path.open("xb")
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX)
        if path.exists():  # else a sweeper came between making and locking it
            return path, file
        file.close()


def _abandoned(path: Path) -> bool:
    if sys.platform == "win32":
        return True  # a file that is still written can't be removed there
    import fcntl

    try:
        with path.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, FileNotFoundError):
        return False
    return True
