"""A worker's sign of life for the job it holds, in a thread of its own.

Python's lock and a busy main thread must not let a lease run out; and the child, which does the
work, might stand still with its heart beating on.
"""

import threading
import time
from types import TracebackType
from typing import Self

from pipeline.errors import StoreError
from pipeline.jobs.ledger import Ledger
from pipeline.jobs.rows import Claim, LeaseLost
from pipeline.settings import JobsConfig


class Pulse:
    """Beats inside its ``with`` block.

    Attributes:
        cancelled: a user wants the job to end.
        lost: the claim doesn't hold any more, or the database couldn't be reached for a whole
            lease; nothing that is made now may be kept.
    """

    def __init__(self, ledger: Ledger, claim: Claim, config: JobsConfig) -> None:
        self.cancelled = threading.Event()
        self.lost = threading.Event()
        self._ledger = ledger
        self._claim = claim
        self._config = config
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._over.set()
        self._thread.join()

    def _beat(self) -> None:
        heard = time.monotonic()
        while not self._over.wait(self._config.heartbeat):
            try:
                if self._ledger.heartbeat(self._claim):
                    self.cancelled.set()
                heard = time.monotonic()
            except LeaseLost:
                self.lost.set()
                return
            except StoreError:  # stopped for a moment, or the disk is full: it may come back
                if time.monotonic() - heard > self._config.lease:
                    self.lost.set()
                    return
