"""The dashboard asks for analyses; a worker that it keeps alive does them."""

import os
import signal
import subprocess
import sys

import pytest

from dashboard import analysis
from pipeline.config import load_config
from pipeline.store import Store
from tests import synthetic
from tests.workers import ROOT, child_of, gone, wait_until

CONFIG = load_config()
STAYS = "import os, sys; open(sys.argv[1], 'a').write(f'{os.getpid()}\\n'); sys.stdin.read()"


@pytest.fixture
def store(tmp_path):
    with Store.open(tmp_path / "data") as opened:
        yield opened


def keep(store, name="practice.wav"):
    with store.receive(name) as upload:
        upload.write(name.encode())
    return upload.recording.id


def test_an_analysis_is_asked_for_once(store):
    recording = keep(store)
    analysis.ask(store, recording, CONFIG)
    first = analysis.job(store, recording, CONFIG)
    analysis.ask(store, recording, CONFIG)
    assert analysis.job(store, recording, CONFIG) == first
    assert first.state == "queued"
    assert store.recording(recording).state == "analysing"


def test_what_is_cancelled_is_as_before_and_can_be_asked_for_again(store):
    recording = keep(store)
    analysis.ask(store, recording, CONFIG)
    analysis.cancel(store, recording, CONFIG, wait=True)
    assert analysis.job(store, recording, CONFIG) is None
    assert store.recording(recording).state == "received"
    analysis.ask(store, recording, CONFIG)
    assert analysis.job(store, recording, CONFIG).state == "queued"


def test_what_a_killed_server_left_is_asked_for_again(store):
    left, ready = keep(store, "left.wav"), keep(store, "ready.wav")
    store.set_state(left, "analysing", stage="diarization", fraction=0.5)
    store.save(ready, synthetic.report())
    analysis.adopt(store, CONFIG)
    assert analysis.job(store, left, CONFIG).state == "queued"
    assert analysis.job(store, ready, CONFIG) is None


def test_a_worker_that_died_is_started_anew_and_ends_with_the_server(tmp_path):
    told = tmp_path / "pids"
    attendant = analysis.Attendant((sys.executable, "-c", STAYS, str(told)))
    attendant.start()

    def pids():
        return [int(pid) for pid in told.read_text().split()] if told.exists() else []

    (first,) = wait_until(pids)
    assert os.getpgid(first) == first != os.getpgid(0)
    os.kill(first, signal.SIGKILL)
    second = wait_until(lambda: len(pids()) == 2 and pids()[1])
    assert not gone(second)
    attendant.stop()
    assert gone(second)
    assert len(pids()) == 2


SERVER = (
    "from dashboard.analysis import Attendant; import time; Attendant().start(); time.sleep(600)"
)


@pytest.mark.durability
def test_a_killed_server_takes_its_worker_and_its_child_along(tmp_path):
    server = subprocess.Popen(
        [sys.executable, "-c", SERVER], cwd=ROOT, env=os.environ | {"ATTUNE_HOME": str(tmp_path)}
    )
    worker = wait_until(lambda: child_of(server.pid))
    child = wait_until(lambda: child_of(worker))
    server.kill()
    server.wait()
    wait_until(lambda: gone(worker) and gone(child), seconds=30)
