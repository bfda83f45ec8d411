"""Work without models: three tiny stages with artefacts, and recordings named by how they end.

Each stage that runs writes a line to ``runs`` beside the data folder, so that tests can count what
was repeated.
"""

import os
import signal
import time
from pathlib import Path

from pipeline.errors import AudioError, StoreError
from pipeline.jobs.changes import finish_with
from pipeline.places import data_dir
from pipeline.store.blobs import write_file
from tests import synthetic

STAGES = ("activity", "diarization", "transcription")
SECRET = "cormorantwhisper"


class Fake:
    def __init__(self, config, store):
        self.store = store
        self.report = synthetic.report()

    def length(self, recording_id):
        return 60.0

    def __call__(self, claim, progress):
        name = self.store.recording(claim.recording_id).name
        folder = self.store.artefacts(claim.recording_id)
        for stage in STAGES:
            if not (folder / stage).exists():
                self.run(claim, stage, name)
                write_file(folder / stage, stage.encode() * 1000)
            progress(stage, 1.0)
        self.store.save(claim.recording_id, self.report, together=lambda s: finish_with(s, claim))

    def run(self, claim, stage, name):
        note(f"{claim.recording_id} {claim.attempt} {stage} {os.getpid()}")
        time.sleep(float(os.environ.get("FAKE_STAGE", "0")))
        if stage == "transcription":
            end(name, claim)


def end(name, claim):
    if name == "dies" or (name == "dies once" and claim.tries == 1):
        os.kill(os.getpid(), signal.SIGKILL)
    elif name == "is full":
        raise StoreError("the disk is full; free some space")
    elif name == "is no audio":
        raise AudioError("this is no audio; convert it to WAV")
    elif name == "has a fault":
        raise KeyError(SECRET)
    elif name == "hangs" or (name == "waits" and claim.attempt == 1):
        time.sleep(600)
    elif name == "swells":
        swollen = [b"x" * 10_000_000 for _ in range(60)]
        time.sleep(600 * len(swollen))


def note(line):
    runs = os.open(runs_file(data_dir()), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(runs, f"{line}\n".encode())
    os.close(runs)


def runs_file(home) -> Path:
    return Path(home).parent / "runs"
