"""What loudness and pitch cost: work per second of audio on one core, and peak memory.

    OMP_NUM_THREADS=1 uv run python benchmarks/prosody.py [HOURS]

Tiles sample_audio/02_two_microphones.flac, with noise, to HOURS (3) of stereo in memory, its speech
activity likewise, and follows loudness and pitch through it in a child process. Seconds are of
processor time, so that other work on the machine doesn't count; starting librosa is told apart.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from pipeline.activity import Activity, detect_activity
from pipeline.audio import RATE, Recording, read_recording
from pipeline.config import load_config
from pipeline.presence import sharpened
from pipeline.prosody import track_prosody
from pipeline.settings import Config
from pipeline.timeline import Span, total

SAMPLE = Path(__file__).resolve().parent.parent / "sample_audio" / "02_two_microphones.flac"
NOISE = 30.0
"""Standard deviation of the noise, in steps of 16 bits (-61 dB re full scale)."""


def memory_mb(name: str) -> float:
    """``VmRSS`` (now) or ``VmHWM`` (peak) of this process, MB; Linux."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith(name))


def tiled(config: Config, hours: float) -> tuple[Recording, Activity]:
    """A long recording and its activity, made of a short one."""
    short = read_recording(SAMPLE, config.audio)
    heard = sharpened(detect_activity(short, config.activity), short, config.presence)
    length, times = short.samples.shape[1], max(1, round(hours * 3600 / short.duration))
    samples = np.empty((short.channels, length * times), np.int16)
    generator = np.random.default_rng(7)
    for i in range(times):
        noise = np.rint(generator.normal(0, NOISE, short.samples.shape)).astype(np.int32)
        part = np.clip(short.samples + noise, -32768, 32767)
        samples[:, i * length : (i + 1) * length] = part
    speech = tuple(
        tuple(
            Span(span.start + i * short.duration, span.end + i * short.duration)
            for i in range(times)
            for span in own
        )
        for own in heard.speech
    )
    quiet = tuple(np.zeros(1, np.float32) for _ in speech)
    duration = length * times / RATE
    long = Recording("tiled", samples, "0" * 64, len(samples), "two microphones", short.quality)
    return long, Activity(speech, quiet, duration)


def child(hours: float) -> dict[str, float]:
    """Follow the tiled recording; the figures."""
    config = load_config()
    recording, activity = tiled(config, hours)
    before = time.process_time()
    warm = Activity(((Span(0.0, 1.0),),) * 2, activity.probability, recording.duration)
    track_prosody(recording, warm, config.prosody)
    started = time.process_time()
    Path("/proc/self/clear_refs").write_text("5")  # from here on the peak is this stage's
    loaded = memory_mb("VmRSS")
    found = track_prosody(recording, activity, config.prosody)
    spent = time.process_time() - started
    return {
        "audio_s": recording.duration,
        "speech_share": float(np.mean([total(own) for own in activity.speech]))
        / recording.duration,
        "voiced_share": float(np.isfinite(found.pitch).mean()),
        "librosa_start_s": started - before,
        "work_s": spent,
        "work_per_second_of_audio": spent / recording.duration,
        "loaded_mb": loaded,
        "peak_above_mb": memory_mb("VmHWM") - loaded,
    }


def main(hours: float) -> None:
    """Run the child, print its figures."""
    command = [sys.executable, __file__, "--child", str(hours)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    for name, value in json.loads(done.stdout).items():
        sys.stdout.write(f"{name:26} {value:11.4f}\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        sys.stdout.write(json.dumps(child(float(sys.argv[2]))))
    else:
        main(float(sys.argv[1]) if len(sys.argv) > 1 else 3.0)
