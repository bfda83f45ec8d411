"""Analyses are asked for here, and done by a worker that runs beside the server.

Nothing of an analysis lives in the server: what is to be done stands in the ledger, and whoever
dies, the server, the worker or its child, the ledger knows what is left. On a single computer the
server starts one worker and keeps it alive; it ends with the server, also where that is killed,
because its standard input does.
"""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from pipeline.jobs.ledger import Ledger
from pipeline.jobs.rows import Job
from pipeline.privacy import SILENT
from pipeline.settings import Config
from pipeline.store import Store

PATIENCE = 10.0  # s that a worker gets to give its job back, and a cancelled job to end
LONGEST = 60.0  # s between attempts to start a worker that doesn't stay
WORKER = (sys.executable, "-m", "pipeline", "worker", "--tied")


def ask(store: Store, recording_id: str, config: Config) -> None:
    """Have a recording analysed, unless that is asked for already.

    Raises:
        StoreError: there is no such recording.
    """
    Ledger(store.engine, config.jobs).enqueue(recording_id, config_hash=config.hash())


def cancel(store: Store, recording_id: str, config: Config, *, wait: bool = False) -> None:
    """End a recording's analysis; its worker notices within a heartbeat.

    With ``wait`` it has ended on return, unless its worker doesn't answer.
    """
    ledger = Ledger(store.engine, config.jobs)
    running = ledger.cancel(recording_id)
    until = time.monotonic() + PATIENCE
    while wait and running and time.monotonic() < until:
        time.sleep(0.1)
        running = ledger.live(recording_id) is not None


def job(store: Store, recording_id: str, config: Config) -> Job | None:
    """The analysis of a recording that waits or runs."""
    return Ledger(store.engine, config.jobs).live(recording_id)


def adopt(store: Store, config: Config) -> None:
    """Ask again for what a killed server or command line left as if it were being analysed."""
    Ledger(store.engine, config.jobs).adopt(config_hash=config.hash())


class Attendant:
    """Keeps one worker alive in a process group of its own."""

    def __init__(self, command: Sequence[str] = WORKER) -> None:
        self._command = tuple(command)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, daemon=True)

    def start(self) -> None:
        """Start the worker, and start it anew whenever it ends."""
        self._thread.start()

    def stop(self) -> None:
        """End the worker; a job that it does is given back."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(PATIENCE + 5.0)

    def _keep(self) -> None:
        wait = 1.0
        while not self._over.is_set():
            began = time.monotonic()
            worker = self._begin()
            while worker.poll() is None and not self._over.wait(0.5):
                pass
            _end(worker)
            wait = 1.0 if time.monotonic() - began > LONGEST else min(2 * wait, LONGEST)
            self._over.wait(wait)

    def _begin(self) -> subprocess.Popen[bytes]:
        # what it prints is for terminals, and may not lie in files
        return subprocess.Popen(  # noqa: S603 (our own interpreter, no shell)
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=os.environ | SILENT,
            cwd=Path(__file__).resolve().parent.parent,
            start_new_session=True,
        )


def _end(worker: subprocess.Popen[bytes]) -> None:
    if worker.stdin is not None:
        with suppress(OSError):
            worker.stdin.close()
    try:
        worker.wait(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        worker.kill()  # its child dies with it, its job's lease runs out
        worker.wait()
