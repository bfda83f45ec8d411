"""Analyses as child processes: killable, and the only place where models are loaded.

The command line that runs there writes its progress and its errors into the store, where the pages
read them. This module only starts children and notices those that died without a word.
"""

import os
import subprocess
import sys
from pathlib import Path

from pipeline.privacy import SILENT

PATIENCE = 5.0  # s that a child gets to end by itself

_children: dict[str, subprocess.Popen[bytes]] = {}


def start(recording_id: str, *, therapist: str | None = None) -> None:
    """Analyse a recording of the store in a child process, unless that is under way."""
    running = _children.get(recording_id)
    if running is not None and running.poll() is None:
        return
    command = [sys.executable, "-m", "pipeline", "analyze", "--recording", recording_id]
    if therapist is not None:
        command += ["--therapist", therapist]
    # what it prints is for terminals, and may not lie in files: words could be in it
    _children[recording_id] = subprocess.Popen(  # noqa: S603 (our own interpreter, no shell)
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | SILENT,
        cwd=Path(__file__).resolve().parent.parent,
    )


def running(recording_id: str) -> bool:
    """Whether a child of this server is analysing the recording now."""
    child = _children.get(recording_id)
    return child is not None and child.poll() is None


def died() -> tuple[tuple[str, str], ...]:
    """Recordings whose child ended since the last look, with what to tell if it left no word."""
    ended = [(name, child.poll()) for name, child in tuple(_children.items())]
    out: list[tuple[str, str]] = []
    for recording_id, code in ended:
        if code is None:
            continue
        _children.pop(recording_id, None)
        out.append((recording_id, f"the analysis stopped without a result (exit code {code}); "
                                  "start it again"))  # fmt: skip
    return tuple(out)


def stop(recording_id: str) -> None:
    """End the analysis of a recording, if this server runs one."""
    child = _children.pop(recording_id, None)
    if child is not None:
        _end(child)


def stop_all() -> None:
    """End the children of this server; their recordings can be analysed again later."""
    for recording_id in tuple(_children):
        stop(recording_id)


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
