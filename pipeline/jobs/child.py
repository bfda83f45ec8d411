"""The executor of one computer: a child process that a worker starts, watches and may kill.

A plain subprocess that talks JSON lines, not ``multiprocessing``: nothing is pickled, no resource
tracker is left behind, it starts from nothing like ``spawn`` (never forked: CUDA and threads don't
survive that), and its process group can be killed with the decoders that it starts itself.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import IO

from pipeline.jobs.protocol import Message
from pipeline.jobs.rows import Claim
from pipeline.privacy import SILENT

_ROOT = Path(__file__).resolve().parents[2]


class ChildProcess:
    """One child; see ``protocol.Executor``.

    Args:
        home: the data folder.
        profile: of the configuration; ``overrides`` come on top.
        work: ``module:name`` of what makes the work.
    """

    def __init__(
        self, home: Path, *, profile: str | None, overrides: Sequence[str], work: str
    ) -> None:
        self._told = json.dumps(
            {"home": str(home), "profile": profile, "overrides": list(overrides), "work": work}
        )
        self._process: subprocess.Popen[str] | None = None
        self._messages: queue.Queue[Message | None] = queue.Queue()

    @property
    def alive(self) -> bool:
        """Whether it was started and hasn't ended."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int | None:
        """Its process id, while it lives."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start it; call from the main thread, with which the kernel lets it die."""
        self.kill()
        path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", "pipeline.jobs.inside", str(os.getpid()), self._told],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=os.environ | SILENT | {"PYTHONPATH": path},
            start_new_session=True,
        )
        self._messages = queue.Queue()
        assert self._process.stdout is not None
        arguments = (self._process.stdout, self._messages)
        threading.Thread(target=_read, args=arguments, daemon=True).start()

    def submit(self, claim: Claim) -> None:
        """Hand it a job; where it has just died, ``poll`` tells so."""
        assert self._process is not None
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.write(json.dumps(asdict(claim)) + "\n")
            self._process.stdin.flush()

    def poll(self, timeout: float) -> Message | None:
        """The next message, or None after so many seconds without one."""
        try:
            message = self._messages.get(timeout=timeout)
        except queue.Empty:
            return None
        return Message("died", self._ended()) if message is None else message

    def memory(self) -> float | None:
        """Megabytes resident, its own children's included; None where there is no /proc."""
        if self._process is None or not Path("/proc/self/statm").exists():
            return None
        return sum(map(_resident, _family(self._process.pid)))

    def kill(self) -> None:
        """Kill its whole process group and wait until it is gone."""
        if self._process is None:
            return
        if sys.platform != "win32":  # before it is waited for, so that its id is still its own
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            with suppress(OSError):
                self._process.stdin.close()
        self._process = None

    def _ended(self) -> str:
        if self._process is None:
            return "it was killed"
        code = self._process.wait()
        return f"signal {-code}" if code < 0 else f"exit code {code}"


def _read(stream: IO[str], messages: "queue.Queue[Message | None]") -> None:
    with stream, suppress(ValueError):  # half a line, where it was killed
        for line in stream:
            messages.put(Message(**json.loads(line)))
    messages.put(None)


def _family(pid: int) -> list[int]:
    """A process and all that it started, as the kernel lists them."""
    found = [pid]
    for parent in found:
        for tasks in Path(f"/proc/{parent}/task").glob("*/children"):
            with suppress(OSError):
                found += map(int, tasks.read_text().split())
    return found


def _resident(pid: int) -> float:
    with suppress(OSError, IndexError, ValueError):
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
    return 0.0
