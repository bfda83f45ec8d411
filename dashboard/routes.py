"""Our own doors beside Streamlit's: hearing a recording, and sending one in.

``st.audio`` can play the wrong recording and answers without login; ``st.file_uploader`` holds
whole files in memory and writes them to the temporary folder. So sound goes out through a Range
route that asks for a right (``capability``), and comes in as a stream that goes straight to the
store, never more than a piece of it in memory.
"""

import re
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import cast, get_args
from urllib.parse import unquote, urlsplit

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from dashboard.capability import UPLOAD, Capabilities, playing
from pipeline.errors import AttuneError, StoreError
from pipeline.records import Setup
from pipeline.settings import DashboardConfig
from pipeline.store import Store
from pipeline.store.rows import Material

MEDIA_TYPES = {
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".mp3": "audio/mpeg",
    ".m4a": "audio/mp4",
    ".mp4": "audio/mp4",
    ".aac": "audio/aac",
    ".ogg": "audio/ogg",
    ".oga": "audio/ogg",
    ".opus": "audio/ogg",
    ".webm": "audio/webm",
}
"""Endings that browsers play as they are."""

SHARED: tuple[Material, ...] = ("acted role", "partner's own")
"""Material that may come in; recordings of real clients need an institution's consent."""

HEADERS = {"Cache-Control": "private, no-store", "X-Content-Type-Options": "nosniff"}
NAME_MAX = 200  # characters of a recording's name that are kept
UPLOADS = 4  # at the same time; each holds a thread


def routes(
    store: Callable[[], Store], *, rights: Capabilities, config: DashboardConfig
) -> list[Route]:
    """The routes that ``st.App`` mounts; ``store`` opens the data folder when it is needed."""
    limiter: list[anyio.CapacityLimiter] = []  # made inside the running event loop

    async def audio(request: Request) -> Response:
        return await _audio(request, store=store, rights=rights, chunk=config.chunk)

    async def upload(request: Request) -> Response:
        if not limiter:
            limiter.append(anyio.CapacityLimiter(UPLOADS))
        return await _upload(
            request, store=store, rights=rights, most=config.upload_max, limiter=limiter[0]
        )

    return [
        Route("/recordings/{recording_id}/audio", audio, methods=["GET", "HEAD"]),
        Route("/upload", upload, methods=["PUT"]),
    ]


async def _audio(
    request: Request, *, store: Callable[[], Store], rights: Capabilities, chunk: int
) -> Response:
    recording_id = request.path_params["recording_id"]
    if not rights.valid(playing(recording_id), request.query_params.get("right", "")):
        return _refuse(403, "this link to the sound is not valid any more; reload the page")
    try:
        path = await run_in_threadpool(lambda: Path(store().source(recording_id)))
        size = (await run_in_threadpool(path.stat)).st_size
    except (StoreError, FileNotFoundError):
        return _refuse(404, "there is no such recording")
    media_type = MEDIA_TYPES.get(path.suffix.lower())
    if media_type is None:
        return _refuse(415, f"browsers can't play {path.suffix or 'this'} files; convert it to WAV")
    headers = HEADERS | {"Accept-Ranges": "bytes", "Cross-Origin-Resource-Policy": "same-origin"}
    span = requested_range(request.headers.get("range"), size)
    if span is None:
        return _refuse(416, "the recording ends before that", {"Content-Range": f"bytes */{size}"})
    first, last, partial = span
    headers["Content-Length"] = str(last - first + 1)
    if partial:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    status = 206 if partial else 200
    if request.method == "HEAD":
        return Response(status_code=status, headers=headers, media_type=media_type)
    return StreamingResponse(
        _read(path, first, last, chunk=chunk), status, headers=headers, media_type=media_type
    )


def requested_range(header: str | None, size: int) -> tuple[int, int, bool] | None:
    """First and last byte to send, and whether that is a part (RFC 9110, 14.2).

    A header that asks for several ranges, or that can't be read, is ignored: the whole file goes
    out. None where the range lies behind the file's end.
    """
    whole = (0, size - 1, False)
    found = re.fullmatch(r"bytes=(\d{0,18})-(\d{0,18})", (header or "").strip(), re.ASCII)
    if found is None or not (found[1] or found[2]):
        return whole
    if not found[1]:
        wanted = int(found[2])
        return (max(0, size - wanted), size - 1, True) if wanted and size else None
    first = int(found[1])
    last = min(int(found[2]), size - 1) if found[2] else size - 1
    if found[2] and int(found[2]) < first:
        return whole
    return (first, last, True) if first < size else None


def _read(path: Path, first: int, last: int, *, chunk: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(first)
        left = last - first + 1
        while left > 0 and (piece := file.read(min(chunk, left))):
            left -= len(piece)
            yield piece


async def _upload(
    request: Request,
    *,
    store: Callable[[], Store],
    rights: Capabilities,
    most: float,
    limiter: anyio.CapacityLimiter,
) -> Response:
    problem = _forbidden(request, rights) or _unfit(request, most=most)
    if problem is not None:
        return problem
    headers = request.headers
    name = _name(headers.get("x-attune-name", ""))
    setup = cast(Setup, unquote(headers["x-attune-setup"]))  # both were checked above
    material = cast(Material, unquote(headers["x-attune-material"]))
    pieces = request.stream()

    def receive() -> str:
        with store().receive(name, setup=setup, material=material) as file:
            while piece := anyio.from_thread.run(_next, pieces):
                file.write(piece)
                if file.size > most * 1e6:
                    raise _TooLarge(_too_large(most))
        return str(file.recording.id)

    try:
        recording_id = await anyio.to_thread.run_sync(receive, limiter=limiter)
    except _TooLarge as error:
        return _refuse(413, str(error))
    except ClientDisconnect:
        return _refuse(400, "the upload broke off; nothing was kept")
    except AttuneError as error:
        return _refuse(400, str(error))
    return JSONResponse({"id": recording_id, "name": name}, status_code=201, headers=HEADERS)


def _forbidden(request: Request, rights: Capabilities) -> Response | None:
    """Another site's page, or nobody's, asks: only our own page holds the right and the origin."""
    origin = urlsplit(request.headers.get("origin", ""))
    if not origin.netloc or origin.netloc != request.headers.get("host", ""):
        return _refuse(403, "uploads are taken from Attune's own page only")
    if not rights.valid(UPLOAD, request.headers.get("x-attune-right", "")):
        return _refuse(403, "this page is too old to upload from; reload it and try again")
    return None


def _unfit(request: Request, *, most: float) -> Response | None:
    headers = request.headers
    if not _name(headers.get("x-attune-name", "")):
        return _refuse(400, "the recording has no name; choose the file again")
    setup = unquote(headers.get("x-attune-setup", ""))
    if setup not in get_args(Setup):
        return _refuse(400, f"unknown set-up {setup[:40]!r}; choose how it was recorded")
    material = unquote(headers.get("x-attune-material", ""))
    if material not in SHARED:
        return _refuse(
            400,
            "only acted roles and a partner's own matters may be uploaded here, no real clients",
        )
    declared = headers.get("content-length", "")
    if declared.isascii() and declared.isdigit() and int(declared) > most * 1e6:
        return _refuse(413, _too_large(most))
    return None


def _name(header: str) -> str:
    """The file's own name: percent-encoded UTF-8, without folders and control characters."""
    text = unquote(header, errors="replace")
    text = re.split(r"[/\\]", text)[-1]
    return "".join(c for c in text if c.isprintable()).strip()[:NAME_MAX]


async def _next(pieces: AsyncIterator[bytes]) -> bytes:
    """The next piece that isn't empty; nothing at the end."""
    async for piece in pieces:
        if piece:
            return piece
    return b""


def _too_large(most: float) -> str:
    return f"the file is larger than {most:.0f} MB; export it as MP3 or M4A and try again"


def _refuse(status: int, text: str, more: dict[str, str] | None = None) -> Response:
    return PlainTextResponse(text, status_code=status, headers=HEADERS | (more or {}))


class _TooLarge(AttuneError):
    """More bytes came than a recording may have."""
