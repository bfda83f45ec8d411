"""Inside the worker's child: jobs come in on standard input, messages go out, both as JSON lines.

It ends with its worker, whatever becomes of that: on Linux the kernel kills it, and everywhere its
input ends. Libraries' own output goes nowhere, for it might hold words that were said.

Arguments: the worker's process id, and JSON of ``{"profile", "overrides", "home", "work"}``.
"""

import ctypes
import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any, TextIO

from pipeline.errors import AttuneError, AudioError, ConfigError, ModelMissing, TranscriptError
from pipeline.jobs.protocol import Maker, Message, Work
from pipeline.jobs.rows import Claim, LeaseLost
from pipeline.privacy import silence_telemetry

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG of prctl(2)
_FINAL = (AudioError, TranscriptError, ConfigError, ModelMissing)
"""Trying again is no use: the recording, a setting or the computer has to change first."""

Tell = Callable[[Message], None]


def main() -> None:
    """Do jobs until the input ends."""
    worker, told = int(sys.argv[1]), json.loads(sys.argv[2])
    _die_with(worker)
    tell = _telling(_own_output())
    silence_telemetry()
    from pipeline.config import load_config
    from pipeline.store import Store

    jobs = _incoming(sys.stdin)
    with Store.open(Path(told["home"])) as store:
        work = _maker(told["work"])(
            load_config(told["profile"], overrides=told["overrides"]), store
        )
        tell(Message("ready"))
        while True:
            _do(work, jobs.get(), tell)


def _do(work: Work, claim: Claim, tell: Tell) -> None:
    try:
        tell(Message("length", value=work.length(claim.recording_id)))
        work(claim, lambda stage, fraction: tell(Message("progress", stage, fraction)))
        tell(Message("done"))
    except LeaseLost:
        tell(Message("lost"))
    except AttuneError as error:
        tell(Message("failed", str(error), final=isinstance(error, _FINAL)))
    except Exception as error:  # noqa: BLE001 - the worker tells the person, and starts us anew
        tell(Message("died", f"{type(error).__name__} at {_place(error)}"))
        sys.exit(1)


def _place(error: Exception) -> str:
    """File and line; the error's own text may hold words that were said."""
    frame = traceback.extract_tb(error.__traceback__)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno}"


def _maker(name: str) -> Maker:
    module, _, attribute = name.partition(":")
    maker: Maker = getattr(import_module(module), attribute)
    return maker


def _incoming(stream: TextIO) -> "queue.Queue[Claim]":
    """The jobs, read beside the work, so that the end of the worker is noticed in mid-job."""
    jobs: queue.Queue[Claim] = queue.Queue()

    def read() -> None:
        for line in stream:
            jobs.put(Claim(**json.loads(line)))
        os._exit(0)  # nothing is half-written that isn't swept or rolled back

    threading.Thread(target=read, daemon=True).start()
    return jobs


def _telling(out: TextIO) -> Tell:
    lock = threading.Lock()  # voices and words report at the same time

    def tell(message: Message) -> None:
        with lock:
            out.write(json.dumps(asdict(message)) + "\n")
            out.flush()

    return tell


def _own_output() -> TextIO:
    """Standard output for our messages alone; whatever else is printed goes nowhere."""
    own = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    return own


def _die_with(worker: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # a Ctrl-C is the worker's to answer
    if sys.platform == "linux":
        libc: Any = ctypes.CDLL(None)
        libc.prctl(_DEATH_SIGNAL, signal.SIGKILL)
        if os.getppid() != worker:  # it died before we asked to be told
            os._exit(0)


if __name__ == "__main__":
    main()
