"""What one job may use: memory, and time for each hour of sound."""

import os
import time

from pipeline.jobs.protocol import Executor
from pipeline.settings import JobsConfig

_LOOK = 1.0
"""Seconds between looks at the memory; a look reads a few files of /proc."""


class Limits:
    """Watches one job from its beginning; ``longest`` is the longest recording that is taken, s.

    Resident memory is watched rather than limited by the kernel's RLIMIT_AS: torch and CUDA reserve
    address space many times over what they use.
    """

    def __init__(self, config: JobsConfig, *, longest: float) -> None:
        self._config = config
        self._began = time.monotonic()
        self._looked = self._began
        self.length = longest

    def broken(self, executor: Executor) -> str | None:
        """What to tell where a limit is passed; None as long as none is."""
        now = time.monotonic()
        most = self._config.time_base + self.length / 3600.0 * self._config.time_per_hour
        if now - self._began > most:
            return (
                f"the analysis took longer than {most / 60:.0f} minutes and was stopped; use a "
                "faster engine, or raise jobs.time_per_hour"
            )
        if now - self._looked < _LOOK:
            return None
        self._looked = now
        used, most = executor.memory(), memory_limit(self._config)
        if used is None or used <= most:
            return None
        return (
            f"the analysis needed more than {most:.0f} MB of memory and was stopped; choose a "
            "smaller model, or raise jobs.memory_max"
        )


def memory_limit(config: JobsConfig) -> float:
    """Megabytes that a job's processes may occupy on this machine."""
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6
    except (ValueError, OSError, AttributeError):  # not told on every system
        return config.memory_max
    return min(config.memory_max, machine * config.memory_share)
