"""The ledger: each job done once, by one worker at a time, fair to everybody who waits."""

import sqlite3
import threading
import time
from contextlib import closing
from dataclasses import replace

import pytest
import synthetic

from pipeline.config import load_config
from pipeline.errors import StoreError
from pipeline.jobs.changes import finish_with
from pipeline.jobs.ledger import Ledger
from pipeline.jobs.rows import LeaseLost
from pipeline.store import Store

CONFIG = replace(load_config().jobs, backoff=40.0, backoff_max=100.0, lease=30.0)


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "data") as opened:
        yield opened


@pytest.fixture
def ledger(store):
    return Ledger(store.engine, CONFIG)


@pytest.fixture
def set_back(tmp_path):
    """Makes a job's moments lie so many seconds further back: time passes without waiting."""

    def passes(seconds):
        with closing(sqlite3.connect(tmp_path / "data" / "attune.db")) as connection:
            for column in ("lease_until", "not_before"):
                connection.execute(
                    f"UPDATE job SET {column} = strftime('%Y-%m-%d %H:%M:%f', {column}, ?)",
                    (f"{-seconds:+} seconds",),
                )
            connection.commit()

    return passes


def keep(store, name, owner=None):
    with store.receive(name, owner=owner) as upload:
        upload.write(f"{name} of {owner}".encode())
    return upload.recording.id


def ask(store, ledger, *names, owner=None, priority=0):
    return [
        ledger.enqueue(keep(store, name, owner), config_hash="c", priority=priority)
        for name in names
    ]


def test_a_recording_is_asked_for_once_per_configuration(store, ledger):
    recording = keep(store, "a")
    first = ledger.enqueue(recording, config_hash="c")
    assert ledger.enqueue(recording, config_hash="c") == first
    assert ledger.enqueue(recording, config_hash="d").id != first.id
    assert store.recording(recording).state == "analysing"
    assert {job.state for job in ledger.jobs()} == {"queued"}


def test_what_is_done_may_be_asked_for_again(store, ledger):
    (job,) = ask(store, ledger, "a")
    ledger.finish(ledger.claim("w"))
    again = ledger.enqueue(job.recording_id, config_hash="c")
    assert again.id != job.id
    assert [j.state for j in ledger.jobs()] == ["done", "queued"]


def test_an_unknown_recording_is_refused(ledger):
    with pytest.raises(StoreError, match="list of sessions"):
        ledger.enqueue("nobody", config_hash="c")


def test_a_claim_counts_the_try_and_holds(store, ledger):
    (job,) = ask(store, ledger, "a")
    claim = ledger.claim("w")
    assert (claim.job_id, claim.holder, claim.attempt, claim.tries) == (job.id, "w", 1, 1)
    assert ledger.claim("v") is None
    found = ledger.job(job.id)
    assert (found.state, found.tries, found.holder) == ("running", 1, "w")
    assert 29 < (found.lease_until - found.claimed).total_seconds() <= 30


def test_connections_that_race_claim_each_job_once(store, tmp_path):
    jobs = ask(store, Ledger(store.engine, CONFIG), *map(str, range(24)))
    claimed, together = [], threading.Barrier(4)

    def work(name):
        with Store.open(tmp_path / "data") as own:
            ledger = Ledger(own.engine, CONFIG)
            together.wait()
            while (claim := ledger.claim(name)) is not None:
                claimed.append(claim.job_id)

    threads = [threading.Thread(target=work, args=(f"w{i}",)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == sorted(job.id for job in jobs)


def test_a_lease_that_ran_out_is_another_workers_and_the_first_one_writes_nothing(
    store, ledger, set_back
):
    (job,) = ask(store, ledger, "a")
    lost = ledger.claim("w")
    set_back(31)
    held = ledger.claim("v")
    assert (held.job_id, held.attempt) == (job.id, 2)
    for write in (
        lambda: ledger.heartbeat(lost),
        lambda: ledger.progress(lost, stage="audio", fraction=0.5),
        lambda: ledger.finish(lost),
        lambda: ledger.fail(lost, "no"),
        lambda: ledger.give_back(lost),
        lambda: ledger.stopped(lost),
        lambda: store.save(
            job.recording_id, synthetic.report(), together=lambda s: finish_with(s, lost)
        ),
    ):
        before = ledger.job(job.id)
        with pytest.raises(LeaseLost, match="nothing was written"):
            write()
        assert ledger.job(job.id) == before
    with pytest.raises(StoreError, match="no report"):
        store.report(job.recording_id)
    ledger.finish(held)


def test_the_same_worker_with_an_older_claim_writes_nothing(store, ledger, set_back):
    ask(store, ledger, "a")
    older = ledger.claim("w")
    set_back(31)
    newer = ledger.claim("w")
    with pytest.raises(LeaseLost):
        ledger.finish(older)
    ledger.finish(newer)


def test_a_short_lease_runs_out_by_the_databases_clock_unless_a_heart_beats(store):
    ledger = Ledger(store.engine, replace(CONFIG, lease=0.5, heartbeat=0.1))
    ask(store, ledger, "a")
    claim = ledger.claim("w")
    for _ in range(8):
        time.sleep(0.1)
        assert ledger.heartbeat(claim) is False
        assert ledger.claim("v") is None
    time.sleep(0.6)
    assert ledger.claim("v").tries == 2


def test_a_worker_that_slept_goes_on_if_nobody_took_its_job(store, ledger, set_back):
    ask(store, ledger, "a")
    claim = ledger.claim("w")
    set_back(3600)
    ledger.heartbeat(claim)
    assert ledger.claim("v") is None
    ledger.finish(claim)


@pytest.mark.parametrize("failed", [False, True])
def test_a_clock_that_is_set_back_by_an_hour_holds_nothing_up(store, ledger, set_back, failed):
    ask(store, ledger, "a")
    claim = ledger.claim("dead")
    if failed:
        ledger.fail(claim, "no memory")
    set_back(-3600)
    assert ledger.claim("v").tries == 2


def test_who_has_fewest_running_comes_first_then_priority_then_who_waited_longest(store, ledger):
    a1, a2, a3 = ask(store, ledger, "1", "2", "3", owner="ana")
    (b1,) = ask(store, ledger, "1", owner="ben")
    (a4,) = ask(store, ledger, "4", owner="ana", priority=5)
    order = [ledger.claim("w").job_id for _ in range(5)]
    assert order == [a4.id, b1.id, a1.id, a2.id, a3.id]


def test_one_worker_goes_round_the_people(store, ledger):
    ask(store, ledger, "1", "2", "3", owner="ana")
    ask(store, ledger, "1", "2", owner="ben")
    ask(store, ledger, "1", owner="cleo")
    people = []
    for _ in range(6):
        claim = ledger.claim("w")
        people.append(ledger.job(claim.job_id).person_id)
        ledger.finish(claim)
    ana, ben, cleo, *rest = people
    assert len({ana, ben, cleo}) == 3
    assert rest == [ana, ben, ana]


def test_a_recording_is_never_worked_on_twice_at_the_same_time(store, ledger):
    recording = keep(store, "a")
    for config in ("c", "d"):
        ledger.enqueue(recording, config_hash=config)
    first = ledger.claim("w")
    assert ledger.claim("v") is None
    ledger.finish(first)
    assert ledger.claim("v").recording_id == recording


def test_a_failure_is_tried_again_later_and_later_then_set_aside(store, ledger, set_back):
    (job,) = ask(store, ledger, "a")
    waits = []
    for tries in (1, 2):
        claim = ledger.claim("w")
        failed = ledger.fail(claim, "the analysis ended unexpectedly (signal 9)")
        assert failed.state == "queued"
        assert failed.error == (
            f"the analysis ended unexpectedly (signal 9); tried {tries} of 3 times"
        )
        waits.append((failed.not_before - failed.claimed).total_seconds())
        assert ledger.claim("w") is None
        assert store.recording(job.recording_id).state == "analysing"
        set_back(200)
    assert 0.8 * 40 <= waits[0] <= 1.2 * 40 + 1
    assert 0.8 * 80 <= waits[1] <= 1.2 * 80 + 1
    parked = ledger.fail(ledger.claim("w"), "the analysis ended unexpectedly (signal 9)")
    assert (parked.state, parked.tries) == ("parked", 3)
    set_back(1e6)
    assert ledger.claim("w") is None
    shown = store.recording(job.recording_id)
    assert shown.state == "failed"
    assert "tried 3 of 3 times" in shown.error


def test_waits_end_at_the_longest_and_differ(store, set_back):
    ledger = Ledger(store.engine, replace(CONFIG, attempts_max=20))
    ask(store, ledger, "a")
    waits = []
    for _ in range(8):
        failed = ledger.fail(ledger.claim("w"), "no")
        waits.append((failed.not_before - failed.claimed).total_seconds())
        set_back(200)
    assert all(80 <= wait <= 121 for wait in waits[3:])
    assert len({round(wait, 1) for wait in waits[3:]}) > 1


def test_what_can_not_be_analysed_at_all_is_set_aside_at_once(store, ledger):
    (job,) = ask(store, ledger, "a")
    ledger.fail(ledger.claim("w"), "this is no audio; convert it to WAV", final=True)
    assert ledger.job(job.id).state == "parked"
    assert store.recording(job.recording_id).error == "this is no audio; convert it to WAV"


def test_a_job_whose_workers_die_each_time_is_set_aside(store, ledger, set_back):
    job, other = ask(store, ledger, "a", "b")
    for _ in range(3):
        assert ledger.claim("w").job_id == job.id
        set_back(31)
    assert ledger.claim("w").job_id == other.id
    assert ledger.job(job.id).state == "parked"
    assert "ended unexpectedly; tried 3 of 3" in store.recording(job.recording_id).error


def test_a_job_that_is_given_back_has_lost_no_try(store, ledger):
    ask(store, ledger, "a")
    for attempt in range(1, 6):
        claim = ledger.claim("w")
        assert (claim.attempt, claim.tries) == (attempt, 1)
        ledger.give_back(claim)
        with pytest.raises(LeaseLost):
            ledger.heartbeat(claim)


def test_a_waiting_job_is_cancelled_at_once_and_the_recording_is_as_before(store, ledger):
    (job,) = ask(store, ledger, "a")
    assert ledger.cancel(job.recording_id) is False
    assert ledger.job(job.id).state == "cancelled"
    assert store.recording(job.recording_id).state == "received"
    store.save(job.recording_id, synthetic.report())
    ledger.enqueue(job.recording_id, config_hash="c")
    ledger.cancel(job.recording_id)
    assert store.recording(job.recording_id).state == "ready"
    assert ledger.claim("w") is None


def test_a_running_job_notices_at_its_next_heartbeat(store, ledger):
    (job,) = ask(store, ledger, "a")
    claim = ledger.claim("w")
    assert ledger.heartbeat(claim) is False
    assert ledger.cancel(job.recording_id) is True
    assert ledger.heartbeat(claim) is True
    ledger.stopped(claim)
    assert ledger.job(job.id).state == "cancelled"
    assert store.recording(job.recording_id).state == "received"


def test_a_cancelled_job_whose_worker_died_or_failed_is_not_tried_again(store, ledger, set_back):
    dead, failing = ask(store, ledger, "a", "b")
    claims = [ledger.claim("w"), ledger.claim("w")]
    for job in (dead, failing):
        assert ledger.cancel(job.recording_id)
    ledger.fail(claims[1], "no")
    set_back(31)
    assert ledger.claim("v") is None
    assert {ledger.job(j.id).state for j in (dead, failing)} == {"cancelled"}


def test_who_asks_again_before_the_cancel_was_noticed_gets_it_done(store, ledger):
    (job,) = ask(store, ledger, "a")
    claim = ledger.claim("w")
    ledger.cancel(job.recording_id)
    assert ledger.enqueue(job.recording_id, config_hash="c").id == job.id
    ledger.stopped(claim)
    assert ledger.claim("v").tries == 1


def test_progress_is_shown_beside_the_recording(store, ledger):
    (job,) = ask(store, ledger, "a")
    claim = ledger.claim("w")
    ledger.progress(claim, stage="diarization", fraction=0.25)
    shown = store.recording(job.recording_id)
    assert (shown.state, shown.stage, shown.fraction) == ("analysing", "diarization", 0.25)
    assert ledger.live(job.recording_id).fraction == 0.25


def test_a_report_and_the_end_of_its_job_are_one_transaction(store, ledger, monkeypatch):
    (job,) = ask(store, ledger, "a")
    claim = ledger.claim("w")

    def power_cut(*_, **__):
        raise OSError(5, "the power went")

    with monkeypatch.context() as patch:
        patch.setattr("pipeline.store.store.write_file", power_cut)
        with pytest.raises(StoreError):
            store.save(
                job.recording_id, synthetic.report(), together=lambda s: finish_with(s, claim)
            )
    assert ledger.job(job.id).state == "running"
    with pytest.raises(StoreError, match="no report"):
        store.report(job.recording_id)
    store.save(job.recording_id, synthetic.report(), together=lambda s: finish_with(s, claim))
    assert ledger.job(job.id).state == "done"
    assert store.recording(job.recording_id).state == "ready"


def test_recordings_left_behind_are_asked_for_again(store, ledger):
    left, running, done = (keep(store, name) for name in "abc")
    store.set_state(left, "analysing", stage="audio", fraction=0.5)
    ledger.enqueue(running, config_hash="c")
    store.save(done, synthetic.report())
    assert [job.recording_id for job in ledger.adopt(config_hash="c")] == [left]
    assert ledger.adopt(config_hash="c") == ()


def test_a_deleted_recording_takes_its_job_with_it(store, ledger):
    (job,) = ask(store, ledger, "a")
    claim = ledger.claim("w")
    store.delete(job.recording_id)
    with pytest.raises(LeaseLost):
        ledger.heartbeat(claim)
    assert ledger.jobs() == ()
