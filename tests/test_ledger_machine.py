"""The ledger under any order of wishes, claims, ends, deaths and waits."""

import shutil
import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import event

from pipeline.config import load_config
from pipeline.jobs.ledger import Ledger
from pipeline.jobs.rows import LeaseLost
from pipeline.store import Store

CONFIG = replace(load_config().jobs, lease=1000.0, backoff=100.0)
RECORDINGS = 4
WRITES = {
    "heartbeat": lambda ledger, claim: ledger.heartbeat(claim),
    "progress": lambda ledger, claim: ledger.progress(claim, stage="audio", fraction=0.5),
    "finish": lambda ledger, claim: ledger.finish(claim),
    "fail": lambda ledger, claim: ledger.fail(claim, "no"),
    "fail for good": lambda ledger, claim: ledger.fail(claim, "never", final=True),
    "give back": lambda ledger, claim: ledger.give_back(claim),
    "stopped": lambda ledger, claim: ledger.stopped(claim),
}


def prepared():
    """A data folder with a few recordings of two people, made once."""
    folder = tempfile.TemporaryDirectory(prefix="attune-ledger-")
    with Store.open(Path(folder.name)) as store:
        for i in range(RECORDINGS):
            with store.receive(f"{i}", owner=f"person {i % 2}") as upload:
                upload.write(f"{i}".encode())
    return folder


class LedgerMachine(RuleBasedStateMachine):
    template = None

    @initialize()
    def begin(self):
        if LedgerMachine.template is None:
            LedgerMachine.template = prepared()
        self.folder = Path(tempfile.mkdtemp(prefix="attune-ledger-"))
        shutil.copytree(LedgerMachine.template.name, self.folder, dirs_exist_ok=True)
        self.store = Store.open(self.folder)
        # no power is cut here, and waiting for the disk would take most of the time
        event.listen(self.store.engine, "connect", lambda c, _: c.execute("PRAGMA synchronous=OFF"))
        self.store.engine.dispose()
        self.ledger = Ledger(self.store.engine, CONFIG)
        self.recordings = [s.id for s in self.store.sessions()]
        self.claims, self.right, self.forsaken = [], {}, set()
        self.ends = {}

    def teardown(self):
        if hasattr(self, "store"):
            self.store.close()
            shutil.rmtree(self.folder)

    @rule(which=st.integers(0, RECORDINGS - 1), config=st.sampled_from("cd"))
    def ask(self, which, config):
        live = {(j.recording_id, j.config_hash): j.id for j in self.jobs() if not j.ended}
        job = self.ledger.enqueue(self.recordings[which], config_hash=config)
        assert job.id == live.get((job.recording_id, config), job.id)
        assert not job.cancel

    @rule(which=st.integers(0, RECORDINGS - 1))
    def cancel(self, which):
        running = self.ledger.cancel(self.recordings[which])
        for job in self.jobs():
            if job.recording_id == self.recordings[which] and not job.ended:
                assert running
                assert job.cancel
                assert job.state == "running"

    @rule(holder=st.sampled_from("vw"))
    def claim(self, holder):
        before = {job.id: job for job in self.jobs()}
        claim = self.ledger.claim(holder)
        if claim is None:
            return
        was = before[claim.job_id]
        assert was.state == "queued" or was.id in self.forsaken
        assert claim.tries == was.tries + 1 <= claim.tries_max
        held = [j for j in before.values() if j.state == "running" and j.id not in self.forsaken]
        assert was.recording_id not in {job.recording_id for job in held}
        self.claims.append(claim)
        self.right[claim.job_id] = claim
        self.forsaken.discard(claim.job_id)

    @precondition(lambda self: self.claims)
    @rule(data=st.data(), write=st.sampled_from(sorted(WRITES)))
    def write(self, data, write):
        claim = data.draw(st.sampled_from(self.claims))
        before = self.ledger.job(claim.job_id)
        held = self.right.get(claim.job_id) == claim and before.state == "running"
        if not held:
            with pytest.raises(LeaseLost):
                WRITES[write](self.ledger, claim)
            assert self.ledger.job(claim.job_id) == before
            return
        WRITES[write](self.ledger, claim)
        if write == "heartbeat":
            self.forsaken.discard(claim.job_id)
        after = self.ledger.job(claim.job_id)
        if write in ("give back", "stopped") and not after.ended:
            assert after.tries == before.tries - 1

    @rule()
    def time_passes(self):
        with closing(sqlite3.connect(self.folder / "attune.db")) as connection:
            for column in ("lease_until", "not_before"):
                earlier = f"strftime('%Y-%m-%d %H:%M:%f', {column}, '-2000 seconds')"
                connection.execute(f"UPDATE job SET {column} = {earlier}")
            connection.commit()
        self.forsaken |= {job.id for job in self.jobs() if job.state == "running"}

    @invariant()
    def what_has_ended_stays_so_and_the_recordings_tell_it(self):
        if not hasattr(self, "store"):
            return
        jobs = self.jobs()
        for job in jobs:
            assert self.ends.setdefault(job.id, job.state if job.ended else None) in (
                None,
                job.state,
            )
            if job.ended:
                self.ends[job.id] = job.state
            assert job.tries <= job.tries_max
        live = [(j.recording_id, j.config_hash) for j in jobs if not j.ended]
        assert len(set(live)) == len(live)

    def jobs(self):
        return self.ledger.jobs()


LedgerMachine.TestCase.settings = settings(
    max_examples=8, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLedgerMachine = LedgerMachine.TestCase
