"""A worker: claims jobs one after the other and has them done by an executor that it watches.

::

    worker (supervisor)                          executor (child process)
      claim -> submit  ------------------------>  stages, artefacts
      heartbeat, cancel, limits  <- progress ---
                                                  report and the job's end: one transaction
      next claim  <------------------ done -----

Whatever becomes of either, a job isn't lost and isn't done twice: the end of a job and its report
are one transaction that the claim has to hold for, a dead executor's job is put back by its worker,
a dead worker's by its lease.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress

from pipeline.errors import AttuneError, StoreError
from pipeline.jobs.changes import DIED
from pipeline.jobs.ledger import Ledger
from pipeline.jobs.limits import Limits
from pipeline.jobs.protocol import Executor, Message
from pipeline.jobs.pulse import Pulse
from pipeline.jobs.rows import Claim, LeaseLost
from pipeline.settings import Config

_STEP = 0.2
"""Seconds between looks at what may end a job early."""

Note = Callable[[str], None]
"""Hears what happens, in ids and durations, never a word or a name."""


class Worker:
    """Works the ledger off; ``holder`` is unique to it among all workers there ever were."""

    def __init__(
        self, ledger: Ledger, executor: Executor, config: Config, *, holder: str, note: Note
    ) -> None:
        self._ledger = ledger
        self._executor = executor
        self._config = config
        self._jobs = config.jobs
        self._holder = holder
        self._note = note
        self._stopping = threading.Event()

    def run(self, *, once: bool = False) -> None:
        """Work until ``stop``; with ``once`` until nothing is due.

        Raises:
            AttuneError: the executor can't be started.
        """
        try:
            while self._ready():
                claim = self._next()
                if claim is not None:
                    self._attend(claim)
                elif once:
                    return
                else:
                    self._stopping.wait(self._jobs.poll)
        finally:
            self._executor.kill()

    def stop(self) -> None:
        """End soon; a job that is running is given back. Safe in a signal handler."""
        self._stopping.set()

    def _ready(self) -> bool:
        """Have an executor that waits for jobs; false when it is time to stop."""
        tries = 0
        while not self._executor.alive and not self._stopping.is_set():
            tries += 1
            problem = self._start()
            if problem is None:
                break
            self._executor.kill()
            if tries >= self._jobs.attempts_max:
                raise AttuneError(
                    f"the process that analyses can't be started ({problem}); run `attune doctor`"
                )
            self._note(f"the child can't be started ({problem}), tried {tries} times")
            self._stopping.wait(self._jobs.poll * 2**tries)
        return not self._stopping.is_set()

    def _start(self) -> str | None:
        """Start the executor; what is wrong where that fails."""
        self._executor.start()
        until = time.monotonic() + self._jobs.start_max
        while not self._stopping.is_set():
            message = self._executor.poll(_STEP)
            if message is not None:
                return None if message.kind == "ready" else message.text
            if time.monotonic() > until:
                return f"not ready after {self._jobs.start_max:g} s"
        return None

    def _next(self) -> Claim | None:
        try:
            return self._ledger.claim(self._holder)
        except StoreError as error:  # locked or full for a moment; it may pass
            self._note(f"no job can be claimed: {error}")
            self._stopping.wait(self._jobs.poll)
            return None

    def _attend(self, claim: Claim) -> None:
        began = time.monotonic()
        with Pulse(self._ledger, claim, self._jobs) as pulse:
            self._executor.submit(claim)
            try:
                end = self._watch(claim, pulse)
            except StoreError as error:
                end = f"left to its lease: {error}"
                self._executor.kill()
            except LeaseLost:
                end = "lost"
                self._executor.kill()
        self._note(f"job {claim.job_id}: {end} after {time.monotonic() - began:.1f} s")

    def _watch(self, claim: Claim, pulse: Pulse) -> str:
        """Wait for the job's end or bring it about; the ledger knows of it afterwards.

        Returns:
            How it ended, for the log.
        """
        limits = Limits(self._jobs, longest=self._config.audio.max_duration)
        noted = -self._jobs.progress
        while True:
            message = self._executor.poll(_STEP)
            if message is not None:
                if message.kind == "length":
                    limits.length = min(message.value, limits.length)
                elif message.kind == "progress":
                    if time.monotonic() - noted >= self._jobs.progress:
                        noted = time.monotonic()
                        self._show(claim, message)
                elif message.kind != "ready":
                    return self._over(claim, message)
            if pulse.lost.is_set():
                return self._lost()
            if pulse.cancelled.is_set():
                self._executor.kill()
                self._ledger.stopped(claim)
                return "cancelled"
            if self._stopping.is_set():
                self._executor.kill()
                self._ledger.give_back(claim)
                return "given back"
            if (problem := limits.broken(self._executor)) is not None:
                self._executor.kill()
                self._ledger.fail(claim, problem)
                return "stopped at a limit"

    def _show(self, claim: Claim, message: Message) -> None:
        with suppress(LeaseLost):  # its end may be kept already; the pulse tells where it isn't
            self._ledger.progress(claim, stage=message.text, fraction=message.value)

    def _lost(self) -> str:
        """The claim holds no more: its end was kept just now, or it is somebody else's."""
        while (message := self._executor.poll(_STEP)) is not None:
            if message.kind == "done":
                return "done"
        self._executor.kill()
        return "lost"

    def _over(self, claim: Claim, message: Message) -> str:
        if message.kind == "failed":
            job = self._ledger.fail(claim, message.text, final=message.final)
            return f"failed, {job.state}"
        if message.kind == "died":
            self._executor.kill()
            with suppress(LeaseLost):  # it may have died just after the job's end was kept
                self._ledger.fail(claim, f"{DIED} ({message.text})")
            return f"died ({message.text})"
        return message.kind
