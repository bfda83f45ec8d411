"""Processes killed at random moments: every acknowledged job ends done exactly once.

Shared by both tests: a keeper that kills a random process and starts workers anew, and what must
hold afterwards. The seed is printed where one fails.
"""

import contextlib
import os
import random
import signal
import sqlite3
import time
from collections import Counter

import pytest

from pipeline.config import load_config
from pipeline.jobs.ledger import Ledger
from pipeline.store import Store
from tests.fake_jobs import STAGES
from tests.workers import child_of, runs, worker

pytestmark = [pytest.mark.durability, pytest.mark.timeout(1200)]
CONFIG = load_config().jobs
TRIES = 1000  # kills are ours, not the recordings'; none may be set aside for them


@pytest.fixture
def home(tmp_path):
    return tmp_path / "data"


def fill(home, numbers):
    """Recordings of three people, each asked for."""
    with Store.open(home) as store:
        ledger = Ledger(store.engine, CONFIG)
        for i in numbers:
            with store.receive(f"{i}.wav", owner=f"person {i % 3}") as upload:
                upload.write(f"sound {i}".encode())
            ledger.enqueue(upload.recording.id, config_hash="c")
        with contextlib.closing(sqlite3.connect(home / "attune.db")) as connection:
            connection.execute("UPDATE job SET max_attempts = ?", (TRIES,))
            connection.commit()


class Keeper:
    """Keeps workers alive while it kills them and their children."""

    def __init__(self, home, *, count, stage, seed):
        self.home, self.stage, self.chance = home, stage, random.Random(seed)
        self.workers = [self.begin() for _ in range(count)]
        self.kills = Counter()

    def begin(self):
        return worker(self.home, stage=self.stage, lease=3)

    def kill(self, what):
        """``child``, ``worker`` or ``both`` of a random worker that has a child."""
        at = self.chance.randrange(len(self.workers))
        pid = self.workers[at].pid
        child = child_of(pid)
        if child is None:
            return
        if what != "worker":
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        if what != "child":
            self.workers[at].kill()
            self.workers[at].communicate()
            self.workers[at] = self.begin()
        self.kills[what] += 1

    def revive(self):
        """As a service manager does: a worker whose child was killed at each start gives up."""
        for at, process in enumerate(self.workers):
            if process.poll() is not None:
                process.communicate()
                self.workers[at] = self.begin()

    def end(self):
        for process in self.workers:
            process.terminate()
        for process in self.workers:
            process.communicate(timeout=60)
        # one that was begun just now ends before it has learned to give back
        assert {p.returncode for p in self.workers} <= {0, -signal.SIGTERM}


def query(home, sql):
    with contextlib.closing(sqlite3.connect(home / "attune.db")) as connection:
        return connection.execute(sql).fetchall()


def left(home):
    return query(home, "SELECT count(*) FROM job WHERE state <> 'done'")[0][0]


def check(home, count):
    """What must hold once all is done."""
    assert query(home, "SELECT state, count(*) FROM job GROUP BY state") == [("done", count)]
    assert query(home, "SELECT state, count(*) FROM recording GROUP BY state") == [("ready", count)]
    assert query(
        home, "SELECT count(*), count(DISTINCT recording_id), max(revision) FROM analysis"
    ) == [
        (count, count, 1)  # saved once, never again
    ]
    for table in ("section", "participant"):
        doubled = f"SELECT recording_id, count(*) c FROM {table} GROUP BY 1 HAVING c <> "
        assert query(home, doubled + ("1" if table == "section" else "2")) == []
    with Store.open(home):
        pass  # settles what a killed process left
    assert [p.name for p in home.rglob(".*") if p.name.startswith((".incoming", ".pending"))] == []
    attempts = dict(query(home, "SELECT recording_id, attempt FROM job"))
    begun = Counter((recording, stage) for recording, _, stage, _ in runs(home))
    for recording, tries in attempts.items():
        stages = [begun[recording, stage] for stage in STAGES]
        assert min(stages) >= 1
        assert sum(stages) - len(STAGES) <= tries - 1, "an interruption repeats one stage at most"
    per_try = Counter((recording, attempt, stage) for recording, attempt, stage, _ in runs(home))
    assert max(per_try.values()) == 1, "a try was made twice"


def test_a_hundred_kills_of_child_worker_and_both(home):
    seed = time.time_ns() % 100_000
    print("seed", seed)  # noqa: T201
    count = 20
    fill(home, range(count))
    keeper = Keeper(home, count=2, stage=0.3, seed=seed)
    while (waiting := left(home)) or keeper.kills.total() < 100:
        if keeper.kills.total() < 100:
            if waiting < 10:  # uploads go on while processes die
                fill(home, range(count, count + 10))
                count += 10
            keeper.kill(keeper.chance.choice(("child", "worker", "both")))
        time.sleep(keeper.chance.uniform(0.0, 4.0))
        keeper.revive()
    keeper.end()
    print(count, "jobs", keeper.kills)  # noqa: T201
    check(home, count)


def test_a_thousand_jobs_and_four_workers_killed_at_random(home):
    seed = time.time_ns() % 100_000
    print("seed", seed)  # noqa: T201
    fill(home, range(1000))
    began = time.monotonic()
    keeper = Keeper(home, count=4, stage=0.0, seed=seed)
    while left(home):
        time.sleep(keeper.chance.uniform(0.5, 3.0))
        keeper.kill(keeper.chance.choice(("child", "worker", "both")))
        keeper.revive()
    seconds = time.monotonic() - began
    keeper.end()
    print(f"{1000 / seconds:.1f} jobs/s", keeper.kills)  # noqa: T201
    assert keeper.kills.total() >= 5
    check(home, 1000)
