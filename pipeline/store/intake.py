"""Taking a file in: what is admitted, under which name, and whose it is."""

import re
import secrets
import shutil
import unicodedata
from pathlib import Path
from typing import BinaryIO, cast, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.errors import StoreError
from pipeline.records import Setup
from pipeline.store.audit import log
from pipeline.store.blobs import Blobs, Incoming
from pipeline.store.columns import new_id, now
from pipeline.store.database import explained
from pipeline.store.models import Account, Person, Recording
from pipeline.store.rows import Material, State, StoredRecording

LOCAL = ""
"""Login of the one person of a computer without logins."""

_BLOCK = 1 << 20
_SUFFIX = re.compile(r"\.([a-z0-9]{1,8})$")


class Upload(Incoming):
    """A recording on its way in; ``recording`` is there once it is kept."""

    recording: StoredRecording

    def write(self, data: bytes) -> int:
        """Append bytes.

        Raises:
            StoreError: the disk is full.
        """
        with explained(self.folder):
            return super().write(data)


def admit(setup: Setup, material: Material, *, allow_real_clients: bool) -> None:
    """Check what is said about a recording before a byte of it is read.

    Raises:
        StoreError: an unknown set-up or material, or a real client where none is allowed.
    """
    for what, value, known in (
        ("set-up", setup, get_args(Setup)),
        ("material", material, get_args(Material)),
    ):
        if value not in known:
            raise StoreError(f"{what} {value!r} is unknown; say one of: {', '.join(known)}")
    if material == "real client" and not allow_real_clients:
        raise StoreError(
            "recordings of real clients are not taken here; your institution's administrator has "
            "to enable them first. Practise with an acted role instead"
        )


def copy(source: Path, upload: Upload) -> None:
    """Stream a file into the upload.

    Raises:
        StoreError: it can't be read.
    """
    try:
        with source.open("rb") as file:
            shutil.copyfileobj(file, cast(BinaryIO, upload), _BLOCK)
    except OSError as error:
        raise StoreError(
            f"{source} can't be copied into the store ({error.strerror or error}); check that the "
            "file is there, that you may read it and that the disk has room"
        ) from error


def keep(
    session: Session,
    blobs: Blobs,
    upload: Upload,
    *,
    name: str,
    setup: Setup,
    material: Material,
    owner: str | None,
    suffix: str | None,
) -> StoredRecording:
    """Write the row and move the file into its place, or find what the owner has of the same bytes.

    The caller commits and then settles the blobs.
    """
    person_id = _person(session, owner)
    same = session.scalar(  # never another's: nobody learns what others keep
        select(Recording).where(Recording.owner_id == person_id, Recording.sha256 == upload.sha256)
    )
    if same is not None:
        return stored(same)
    shown = display_name(name)
    found = _SUFFIX.search((shown if suffix is None else suffix).lower())
    row = Recording(
        id=new_id(), owner_id=person_id, name=shown, suffix=found.group(1) if found else "",
        size=upload.size, sha256=upload.sha256, setup=setup, material=material, created_at=now(),
        state="received", stage="", fraction=0.0, error="",
    )  # fmt: skip
    blobs.mark(row.id)
    blobs.place(upload, row.id, name=source_name(row.suffix))
    session.add(row)
    log(session, actor=person_id, action="recording received", subject=row.id)
    session.flush()
    return stored(row)


def stored(row: Recording) -> StoredRecording:
    """A row as a value."""
    return StoredRecording(
        id=row.id, name=row.name, created=row.created_at, size=row.size, sha256=row.sha256,
        setup=cast(Setup, row.setup), material=cast(Material, row.material),
        state=cast(State, row.state), stage=row.stage, fraction=row.fraction, error=row.error,
    )  # fmt: skip


def source_name(suffix: str) -> str:
    """Name of the kept file; the user's own name never reaches the disk."""
    return f"source.{suffix}" if suffix else "source"


def display_name(name: str) -> str:
    """A name as it may be shown: without control characters and halves of characters."""
    shown = "".join(c for c in name if unicodedata.category(c) not in ("Cc", "Cs")).strip()
    return shown or "recording"


def _person(session: Session, owner: str | None) -> str:
    name = LOCAL if owner is None else owner
    account = session.get(Account, name)
    if account is None:
        found = Person(id=new_id(), pseudonym=f"P-{secrets.token_hex(5)}")
        session.add(found)
        session.flush()
        account = Account(name=name, person_id=found.id)
        session.add(account)
        session.flush()
    return account.person_id
