"""A worker and its child: whatever becomes of either, a job is done once or told why not."""

import signal
from collections import Counter
from dataclasses import replace

import pytest
from sqlalchemy import text

from pipeline.config import load_config
from pipeline.errors import AttuneError
from pipeline.jobs.child import ChildProcess
from pipeline.jobs.ledger import Ledger
from pipeline.jobs.protocol import Message
from pipeline.jobs.worker import Worker
from pipeline.store import Store
from pipeline.store.database import writing
from tests.fake_jobs import SECRET, STAGES
from tests.workers import gone, runs, wait_until, worker

CONFIG = load_config()
CONFIG = replace(CONFIG, jobs=replace(CONFIG.jobs, heartbeat=0.05, lease=1.0, poll=0.01, backoff=0))


@pytest.fixture
def home(tmp_path):
    return tmp_path / "data"


@pytest.fixture
def store(home):
    with Store.open(home) as opened:
        yield opened


@pytest.fixture
def ledger(store):
    return Ledger(store.engine, CONFIG.jobs)


def ask(store, ledger, *names):
    jobs = []
    for i, name in enumerate(names):
        with store.receive(name) as upload:
            upload.write(f"{i} {name}".encode())
        jobs.append(ledger.enqueue(upload.recording.id, config_hash="c"))
    return jobs


def end(process):
    process.send_signal(signal.SIGTERM)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 0, told


def work_off(ledger, home, jobs, **settings):
    process = worker(home, "once", **settings)
    _, told = process.communicate(timeout=200)
    assert process.returncode == 0, told
    return {name: ledger.job(job.id) for name, job in jobs.items()}


def test_every_end_is_told_plainly_and_the_child_stays_warm(store, ledger, home):
    names = ("a", "is full", "b", "is no audio", "dies once", "has a fault", "c")
    jobs = dict(zip(names, ask(store, ledger, *names), strict=True))
    ends = work_off(ledger, home, jobs)
    assert {n: (j.state, j.tries) for n, j in ends.items()} == {
        "a": ("done", 1), "b": ("done", 1), "c": ("done", 1), "dies once": ("done", 2),
        "is no audio": ("parked", 1), "is full": ("parked", 3), "has a fault": ("parked", 3),
    }  # fmt: skip
    shown = {name: store.recording(job.recording_id) for name, job in jobs.items()}
    assert {n for n, s in shown.items() if s.state == "ready"} == {"a", "b", "c", "dies once"}
    assert shown["is no audio"].error == "this is no audio; convert it to WAV"
    assert shown["is full"].error.startswith("the disk is full; free some space; tried 3 of 3")
    assert "(KeyError at fake_jobs.py:" in shown["has a fault"].error
    assert SECRET not in shown["has a fault"].error
    begun = [(r, s, pid) for r, _, s, pid in runs(home)]
    children = {
        name: {pid for r, _, pid in begun if r == jobs[name].recording_id} for name in names
    }
    assert children["a"] == children["b"]  # a failure that was told harms no child
    repeated = Counter(s for r, s, _ in begun if r == jobs["dies once"].recording_id)
    assert repeated == Counter({STAGES[0]: 1, STAGES[1]: 1, STAGES[2]: 2})


@pytest.mark.durability
def test_what_dies_hangs_or_swells_is_set_aside_and_the_rest_goes_on(store, ledger, home):
    names = ("dies", "hangs", "swells", "a")
    jobs = dict(zip(names, ask(store, ledger, *names), strict=True))
    ends = work_off(ledger, home, jobs, time_base=1.5, time_per_hour=0, memory_max=400)
    assert {n: (j.state, j.tries) for n, j in ends.items()} == {
        "dies": ("parked", 3), "hangs": ("parked", 3), "swells": ("parked", 3), "a": ("done", 1),
    }  # fmt: skip
    assert "ended unexpectedly (signal 9); tried 3 of 3 times" in ends["dies"].error
    assert "longer than" in ends["hangs"].error
    assert "more than 400 MB" in ends["swells"].error


def test_sigterm_gives_the_running_job_back_unharmed(store, ledger, home):
    (job,) = ask(store, ledger, "waits")
    process = worker(home)
    wait_until(lambda: any(stage == STAGES[-1] for _, _, stage, _ in runs(home)))
    end(process)
    found = ledger.job(job.id)
    assert (found.state, found.tries, found.holder) == ("queued", 0, "")
    assert gone(runs(home)[-1][3])
    again = worker(home, "once")
    again.communicate(timeout=60)
    assert ledger.job(job.id).state == "done"
    assert Counter(s for _, _, s, _ in runs(home))[STAGES[0]] == 1


def test_a_cancelled_job_ends_and_the_next_one_begins(store, ledger, home):
    hangs, after = ask(store, ledger, "hangs", "after")
    process = worker(home)
    wait_until(lambda: any(stage == STAGES[-1] for _, _, stage, _ in runs(home)))
    assert ledger.cancel(hangs.recording_id)
    wait_until(lambda: ledger.job(after.id).state == "done")
    assert ledger.job(hangs.id).state == "cancelled"
    assert store.recording(hangs.recording_id).state == "received"
    end(process)


@pytest.mark.durability
def test_a_killed_worker_takes_its_child_along_and_another_goes_on(store, ledger, home):
    (job,) = ask(store, ledger, "waits")
    first, second = worker(home), worker(home)
    wait_until(lambda: any(stage == STAGES[-1] for _, _, stage, _ in runs(home)))
    holder = int(ledger.job(job.id).holder.split(":")[1])
    killed, left = (first, second) if first.pid == holder else (second, first)
    killed.kill()
    killed.communicate()
    wait_until(lambda: gone(runs(home)[0][3]), seconds=10)
    wait_until(lambda: ledger.job(job.id).state == "done")
    assert Counter(s for _, _, s, _ in runs(home)) == Counter(
        {STAGES[0]: 1, STAGES[1]: 1, STAGES[2]: 2}
    )
    end(left)


def test_a_tied_worker_ends_with_its_input(store, home):
    process = worker(home, "tied")
    process.stdin.close()
    assert process.wait(timeout=60) == 0


READY = Message("ready")


class Scripted:
    """An executor that tells what it is told to; ready at once unless it begins otherwise."""

    def __init__(self, *messages, begins=READY):
        self.messages, self.begins = list(messages), begins
        self.alive, self.killed, self.submitted = False, 0, []

    def start(self):
        self.alive = True
        self.messages.insert(0, self.begins)

    def submit(self, claim):
        self.submitted.append(claim)

    def poll(self, timeout):
        found = self.messages.pop(0) if self.messages else None
        return found() if callable(found) else found

    def memory(self):
        return None

    def kill(self):
        self.alive = False
        self.killed += 1


def supervise(ledger, executor):
    notes = []
    Worker(ledger, executor, CONFIG, holder="w", note=notes.append).run(once=True)
    return notes


def test_a_worker_that_lost_its_lease_kills_its_child_and_writes_nothing(store, ledger):
    (job,) = ask(store, ledger, "a")

    def taken():
        with writing(store.engine).begin() as connection:
            connection.execute(text("UPDATE job SET lease_until = '2026-01-01 00:00:00.000000'"))
        return ledger.claim("v")

    executor = Scripted(lambda: wait_until(taken) and Message("progress", "audio", 0.5))
    assert "lost" in supervise(ledger, executor)[0]
    found = ledger.job(job.id)
    assert (found.state, found.holder, found.stage) == ("running", "v", "")
    assert executor.killed


def test_a_child_that_died_after_the_end_was_kept_changes_nothing(store, ledger):
    (job,) = ask(store, ledger, "a")

    def dies_done():
        ledger.finish(executor.submitted[0])
        return Message("died", "signal 9")

    executor = Scripted(dies_done)
    supervise(ledger, executor)
    assert ledger.job(job.id).state == "done"


def test_progress_reaches_the_recording(store, ledger):
    (job,) = ask(store, ledger, "a")

    def look():
        shown = store.recording(job.recording_id)
        assert (shown.stage, shown.fraction) == ("diarization", 0.5)
        ledger.finish(executor.submitted[0])
        return Message("done")

    executor = Scripted(Message("progress", "diarization", 0.5), look)
    assert "done" in supervise(ledger, executor)[0]


def test_a_child_that_can_not_be_started_costs_no_job_a_try(store, ledger):
    (job,) = ask(store, ledger, "a")
    with pytest.raises(AttuneError, match=r"exit code 1.*attune doctor"):
        supervise(ledger, Scripted(begins=Message("died", "exit code 1")))
    assert ledger.job(job.id).tries == 0


def test_a_child_without_work_says_how_it_ended(home):
    child = ChildProcess(home, profile=None, overrides=(), work="tests.fake_jobs:Nobody")
    child.start()
    message = wait_until(lambda: child.poll(0.1))
    child.kill()
    assert message == Message("died", "exit code 1")
