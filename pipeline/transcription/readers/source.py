"""The text of a file that somebody else wrote: size, encoding and emptiness checked first."""

import codecs
from pathlib import Path

from pipeline.errors import TranscriptError

MAX_BYTES = 20_000_000
"""Eight hours of Whisper's JSON with word times take about 10 MB."""

MAX_SECONDS = 86_400.0
"""No session lasts a day; later times are damage, and would make every timeline huge."""


def read_text(path: Path) -> str:
    """The file's text, without byte order mark, its line ends made line feeds.

    UTF-8 is expected; UTF-16 is read where the bytes say so (Teams writes it).

    Raises:
        TranscriptError: the file is missing, empty, too large, or no text.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            raise TranscriptError(f"{path} is not a file; give the transcript itself")
        if size > MAX_BYTES:
            raise TranscriptError(
                f"{path.name} has {size / 1e6:.0f} MB; transcripts of up to {MAX_BYTES / 1e6:.0f} "
                "MB are read, export the words without extras or cut it into sessions"
            )
        data = path.read_bytes()
    except OSError as error:
        raise TranscriptError(
            f"{path} can't be read ({type(error).__name__}); check the name and the folder"
        ) from error
    text = _decoded(data, path.name)
    if not text.strip():
        raise TranscriptError(f"{path.name} is empty ({size} bytes); export it again")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes, name: str) -> str:
    encoding = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        raise TranscriptError(
            f"{name} is not {encoding.removesuffix('-sig').upper()} text: byte {error.start} is "
            f"0x{data[error.start] if error.start < len(data) else 0:02X}; save it as UTF-8"
        ) from error
    if "\0" in text:
        raise TranscriptError(f"{name} holds NUL characters, so it is no text; save it as UTF-8")
    return text


def _encoding(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    head = data[:400]
    if head and head.count(0) > len(head) // 4:
        return "utf-16-le" if head[1::2].count(0) > head[::2].count(0) else "utf-16-be"
    return "utf-8-sig"


def check_time(seconds: float, *, where: str) -> float:
    """The time itself, if a recording can have it.

    Raises:
        TranscriptError: negative, not finite, or beyond a day.
    """
    if not 0 <= seconds <= MAX_SECONDS:
        raise TranscriptError(
            f"{where}: {seconds:g} s is no time of a recording (0 to {MAX_SECONDS:g} s); shift or "
            "mend the transcript"
        )
    return seconds
