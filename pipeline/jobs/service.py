"""Running a worker as a process of its own: its name, its signals, its end."""

import os
import platform
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType

from pipeline.config import load_config
from pipeline.jobs.child import ChildProcess
from pipeline.jobs.ledger import Ledger
from pipeline.jobs.worker import Note, Worker
from pipeline.places import data_dir
from pipeline.store import Store
from pipeline.store.columns import new_id

ANALYSES = "pipeline.jobs.analysis:Analyses"
"""What makes the work of Attune's own jobs."""


def serve(
    *,
    profile: str | None = None,
    overrides: Sequence[str] = (),
    once: bool = False,
    tied: bool = False,
    work: str = ANALYSES,
    note: Note = lambda _: None,
) -> None:
    """Work off the data folder's jobs until SIGTERM or Ctrl-C; a running job is given back.

    Args:
        profile: of the configuration.
        overrides: of single settings, ``key=value``.
        once: end when nothing is due.
        tied: end when standard input does, for a parent that may die without a word.
        work: ``module:name`` of what makes the work.
        note: hears of each job's end.

    Raises:
        AttuneError: the store can't be opened, or the child can't be started.
    """
    config, home = load_config(profile, overrides=overrides), data_dir()
    with Store.open(home) as store:
        worker = Worker(
            Ledger(store.engine, config.jobs),
            ChildProcess(home, profile=profile, overrides=overrides, work=work),
            config,
            holder=f"{platform.node()}:{os.getpid()}:{new_id()}",
            note=note,
        )

        def stop(_signal: int, _frame: FrameType | None) -> None:
            worker.stop()

        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, stop)
        if tied:
            threading.Thread(target=_stop_with_input, args=(worker,), daemon=True).start()
        worker.run(once=once)


def _stop_with_input(worker: Worker) -> None:
    while sys.stdin.buffer.read(4096):
        pass
    worker.stop()
