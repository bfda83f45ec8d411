"""Workers as processes for tests, doing the fake work."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

from tests.fake_jobs import runs_file

ROOT = Path(__file__).resolve().parents[1]
SERVE = (
    "import sys; from pipeline.jobs.service import serve; "
    "serve(overrides=sys.argv[2:], once='once' in sys.argv[1], tied='tied' in sys.argv[1], "
    "work='tests.fake_jobs:Fake')"
)
QUICK = {
    "jobs.lease": 2, "jobs.heartbeat": 0.2, "jobs.poll": 0.1, "jobs.backoff": 0,
}  # fmt: skip


def worker(home, how="", *, stage=0.0, **jobs):
    """A worker process, its child doing the fake work; ``stage`` s for each stage."""
    settings = QUICK | {f"jobs.{name}": value for name, value in jobs.items()}
    return subprocess.Popen(
        [sys.executable, "-c", SERVE, how, *(f"{k}={v}" for k, v in settings.items())],
        cwd=ROOT,
        env=os.environ
        | {"ATTUNE_HOME": str(home), "FAKE_STAGE": str(stage), "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )


def runs(home):
    """Recording, attempt, stage, process id of every stage that was begun."""
    path = runs_file(home)
    lines = path.read_text().splitlines() if path.exists() else []
    return [(r, int(a), stage, int(pid)) for r, a, stage, pid in map(str.split, lines)]


def wait_until(true, *, seconds=60.0):
    until = time.monotonic() + seconds
    while not (found := true()):
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.02)
    return found


def child_of(pid):
    for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in tasks.read_text().split():
                return int(child)
    return None


def gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z"
