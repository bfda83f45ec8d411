"""Peak memory and wall time of three hours in stereo, up to and including diarization by channels.

    uv run python benchmarks/long_stereo.py [HOURS]

Tiles sample_audio/02_two_microphones.flac into a WAV in a temporary folder, then runs
decoding, activity and diarization in a child process and prints its peak resident memory above what
it has once the libraries and Silero are loaded.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from pipeline.activity import ActivityDetector, detect_activity
from pipeline.audio import RATE, read_recording
from pipeline.config import load_config
from pipeline.diarization.channels import ChannelDiarizer
from pipeline.presence import sharpened
from pipeline.records import no_progress

SAMPLE = Path(__file__).resolve().parent.parent / "sample_audio" / "02_two_microphones.flac"


def peak_mb() -> float:
    """Peak resident memory of this process, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def child(path: Path) -> dict[str, float]:
    """Run the stages on ``path``; the figures."""
    config = load_config()
    warm = ActivityDetector(config.activity)
    warm.feed(np.zeros(RATE, np.float32))
    loaded = peak_mb()
    start = time.perf_counter()
    recording = read_recording(path, config.audio)
    decoded = time.perf_counter()
    activity = sharpened(detect_activity(recording, config.activity), recording, config.presence)
    heard = time.perf_counter()
    found = ChannelDiarizer(config.diarization.channels, config.presence).diarize(
        recording, activity, progress=no_progress
    )
    return {
        "loaded_mb": loaded,
        "peak_above_mb": peak_mb() - loaded,
        "decode_s": decoded - start,
        "activity_s": heard - decoded,
        "diarization_s": time.perf_counter() - heard,
        "duration_s": recording.duration,
        "spans": float(len(found.spans)),
    }


def main(hours: float) -> None:
    """Make the recording, run the child, print its figures."""
    import soundfile

    samples, rate = soundfile.read(SAMPLE, dtype="int16")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "long.wav"
        with soundfile.SoundFile(path, "w", rate, samples.shape[1], "PCM_16") as file:
            for _ in range(round(hours * 3600 * rate / len(samples))):
                file.write(samples)
        command = [sys.executable, __file__, "--child", str(path)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    for name, value in json.loads(done.stdout).items():
        sys.stdout.write(f"{name:15} {value:9.1f}\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        sys.stdout.write(json.dumps(child(Path(sys.argv[2]))))
    else:
        main(float(sys.argv[1]) if len(sys.argv) > 1 else 3.0)
