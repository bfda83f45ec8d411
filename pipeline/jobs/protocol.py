"""The seam between the worker, which decides, and whatever runs an analysis.

A worker knows an ``Executor``: today one child process of its own (``child.ChildProcess``), later a
Ray actor. An executor runs one job at a time, may be killed at any moment, and is then started
anew. What it runs is a ``Work``, made once in there, so that models stay loaded between jobs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from pipeline.jobs.rows import Claim
from pipeline.records import Progress
from pipeline.settings import Config
from pipeline.store import Store


@dataclass(frozen=True, slots=True)
class Message:
    """What an executor tells.

    ``ready`` for jobs; ``length`` of the recording (``value``, seconds); ``progress`` (``text`` is
    the stage, ``value`` its fraction); ``done``: the job's end is kept with what was made;
    ``lost``: the claim didn't hold; ``failed`` (``text`` is the problem; ``final``: no use trying
    again); ``died`` (``text`` is how).
    """

    kind: Literal["ready", "length", "progress", "done", "lost", "failed", "died"]
    text: str = ""
    value: float = 0.0
    final: bool = False


class Executor(Protocol):
    """Runs jobs, one at a time, where it can be killed without harm."""

    @property
    def alive(self) -> bool:
        """Whether it was started and hasn't ended."""

    def start(self) -> None:
        """Begin to start; ``poll`` tells when it is ready."""

    def submit(self, claim: Claim) -> None:
        """Hand it a job; ``poll`` tells what becomes of it."""

    def poll(self, timeout: float) -> Message | None:
        """The next message, or None after so many seconds without one."""

    def memory(self) -> float | None:
        """Megabytes that it occupies; None where that can't be told."""

    def kill(self) -> None:
        """End it at once, with everything that it started; nothing happens where it has ended."""


class Work(Protocol):
    """Does a job: all that is made of it is kept together with the job's end, or not at all."""

    def length(self, recording_id: str) -> float:
        """Seconds that the recording lasts, or may last at most; a limit hangs on it."""

    def __call__(self, claim: Claim, progress: Progress) -> None:
        """Do it.

        Raises:
            LeaseLost: the claim doesn't hold any more.
            AttuneError: it can't be done, or not now.
        """


Maker = Callable[[Config, Store], Work]
"""Makes a work once for many jobs; named by ``module:name`` so that a child can find it."""
