"""What the queue costs: throughput of a thousand jobs, and the ledger's share of each.

    uv run python -m benchmarks.jobs [JOBS] [WORKERS]

Recordings of a few bytes are taken in and asked for; then worker processes claim, beat once, note
progress and finish each, with nothing in between. Printed: jobs a second of all workers together
(taking in not counted), and milliseconds of each step for a worker alone and beside the others:
median, 95th percentile and worst. The budget is 50 ms for claiming a job.
"""

import multiprocessing
import statistics
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

from pipeline.config import load_config
from pipeline.jobs.ledger import Ledger
from pipeline.store import Store

STEPS = ("claim", "heartbeat", "progress", "finish")
PEOPLE = 30


def main() -> None:
    """Measure one worker, then so many at a time."""
    jobs = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    workers = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    sys.stdout.write("workers  jobs  jobs/s  step       median, ms  95 %, ms  worst, ms\n")
    for count in (1, workers):
        with tempfile.TemporaryDirectory() as folder:
            _fill(Path(folder), jobs)
            began = time.perf_counter()
            with multiprocessing.get_context("spawn").Pool(count) as pool:
                found = pool.map(_work, [folder] * count, chunksize=1)
            seconds = time.perf_counter() - began
        for i, step in enumerate(STEPS):
            times = sorted(1000 * one[i] for part in found for one in part)
            head = f"{count:7d} {len(times):5d} {len(times) / seconds:7.0f}" if not i else " " * 21
            sys.stdout.write(
                f"{head}  {step:9s} {statistics.median(times):11.1f} "
                f"{times[int(0.95 * len(times))]:9.1f} {times[-1]:10.1f}\n"
            )


def _fill(folder: Path, jobs: int) -> None:
    with Store.open(folder) as store:
        ledger = Ledger(store.engine, load_config().jobs)
        for i in range(jobs):
            with store.receive(f"{i}.wav", owner=f"person {i % PEOPLE}") as upload:
                upload.write(f"sound {i}".encode())
            ledger.enqueue(upload.recording.id, config_hash="benchmark")


def _work(folder: str) -> list[tuple[float, ...]]:
    """Seconds of each step of each job that this worker got."""
    found = []
    with Store.open(Path(folder)) as store:
        ledger = Ledger(store.engine, load_config().jobs)
        name = multiprocessing.current_process().name
        while True:
            marks = [time.perf_counter()]
            claim = ledger.claim(name)
            if claim is None:
                return found
            marks.append(time.perf_counter())
            ledger.heartbeat(claim)
            marks.append(time.perf_counter())
            ledger.progress(claim, stage="audio", fraction=0.5)
            marks.append(time.perf_counter())
            ledger.finish(claim)
            marks.append(time.perf_counter())
            found.append(tuple(b - a for a, b in pairwise(marks)))


if __name__ == "__main__":
    main()
