"""Rights to play one recording, or to upload one: short texts that only this server can make.

A right is ``<expiry>.<HMAC-SHA256>`` over what it allows and until when. The page that the user
sees mints it, our own routes check it; Streamlit protects neither of them. The key is random for
each server process and lies nowhere: a restart ends every right, and open pages mint new ones.
"""

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import quote

UPLOAD = "upload"
"""What an upload's right allows."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Mints and checks rights with one key."""

    key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def mint(self, allows: str, *, seconds: float) -> str:
        """A right to do what ``allows`` names, for so many seconds from now."""
        expiry = int(time.time() + seconds)
        return f"{expiry}.{self._sign(allows, expiry)}"

    def valid(self, allows: str, right: str) -> bool:
        """Whether the right is ours, for this and not yet over; compared in constant time."""
        expiry, _, signature = right.partition(".")
        if not (expiry.isascii() and expiry.isdigit() and len(expiry) <= 12):
            return False
        expected = self._sign(allows, int(expiry))
        return (
            hmac.compare_digest(signature.encode(), expected.encode()) and int(expiry) > time.time()
        )

    def _sign(self, allows: str, expiry: int) -> str:
        text = f"{allows}\0{expiry}".encode()
        return hmac.new(self.key, text, hashlib.sha256).hexdigest()


@cache
def server_capabilities() -> Capabilities:
    """The rights of this server process."""
    return Capabilities()


def playing(recording_id: str) -> str:
    """What a right to hear this recording allows."""
    return f"play {recording_id}"


def audio_path(recording_id: str, right: str) -> str:
    """Where the browser fetches a recording's sound."""
    return f"/recordings/{quote(recording_id, safe='')}/audio?right={right}"
