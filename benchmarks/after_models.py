"""What everything after the models costs: owners of words, roles, turns, measures, feedback.

    uv run python -m benchmarks.after_models

A session is laid out from the lines of the sample role-plays: 60 minutes, 10,000 words, two voices
with listening sounds, overlaps and silences. Printed: processor seconds of ``conclude`` for it (the
phrasing model has read it before), of the phrasing model itself, how much longer twice the session
takes, and how much memory grows. The budget is 1 s, 300 MB and 2.2 times.
"""

import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from pipeline.config import load_config
from pipeline.hearing import Heard
from pipeline.phrased import PhrasingReader
from pipeline.records import Diarization, SpeakerSpan, Transcript, Word
from pipeline.report import Engine, RecordingFacts
from pipeline.session import conclude

SAMPLES = Path(__file__).parents[1] / "sample_audio"
ENGINE = Engine("laid out", "1", "")
REPEATS = 5


def main() -> None:
    """Measure an hour and two, each in processes of their own, and print what they cost."""
    if len(sys.argv) > 1:
        _measured(int(sys.argv[1]), Path(sys.argv[2]))
        return
    sys.stdout.write("minutes  words  turns  after models, s  phrasing, s  memory, MB\n")
    costs = []
    for minutes in (60, 120):
        with tempfile.TemporaryDirectory() as folder:
            cold, warm = (_child(minutes, folder) for _ in range(2))
        words, turns, _, first, _ = cold
        costs.append(warm[2])
        sys.stdout.write(
            f"{minutes:7d} {words:6.0f} {turns:6.0f} {warm[2]:16.2f} {first - warm[3]:12.2f} "
            f"{warm[4]:11.0f}\n"
        )
    sys.stdout.write(f"twice the length: {costs[1] / costs[0]:.2f} times\n")


def _child(minutes: int, folder: str) -> list[float]:
    command = [sys.executable, "-m", "benchmarks.after_models", str(minutes), folder]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  # itself
    return [float(value) for value in done.stdout.split()]


def _measured(minutes: int, folder: Path) -> None:
    """Words, turns, best and first processor seconds of ``conclude``, growth of memory in MB."""
    config, heard = load_config(), session(minutes)
    reader = PhrasingReader(folder, drivers_from=config.measures.candidate / 2)
    before = _memory()
    spent = []
    for _ in range(REPEATS):
        start = time.process_time()
        report = conclude(heard, config, reader=reader)
        spent.append(time.process_time() - start)
    words = len(heard.transcript.words) if heard.transcript else 0
    turns = len(report.sections[0].turns)
    grown = _memory() - before
    sys.stdout.write(f"{words} {turns} {min(spent)} {spent[0]} {grown}\n")


def session(minutes: int) -> Heard:
    """A conversation of so many minutes with exact voices and words."""
    draw = random.Random(1)  # noqa: S311  # the same layout every time
    lines = [
        line.split()[5:]
        for path in sorted(SAMPLES.glob("*.stm"))
        for line in path.read_text("utf-8").splitlines()
        if line and not line.startswith(";;")
    ]
    spans: list[SpeakerSpan] = []
    words: list[Word] = []
    at, turn = 0.0, 0
    while at < 60 * minutes:
        said, voice = lines[turn % len(lines)], ("left", "right")[turn % 2]
        start = at
        for word in said:
            length = draw.uniform(0.15, 0.45)
            words.append(Word(round(at, 3), round(at + length, 3), word, 0.9))
            at += length
        spans.append(SpeakerSpan(round(start, 3), round(at, 3), voice))
        if at - start > 4 and draw.random() < 0.5:
            inside = draw.uniform(start + 1, at - 1)
            other = ("right", "left")[turn % 2]
            spans.append(SpeakerSpan(round(inside, 3), round(inside + 0.4, 3), other))
        at += draw.choice([-0.3, 0.1, 0.3, 0.5, 1.2, 3.5])
        turn += 1
    spans.sort(key=lambda s: (s.start, s.end, s.speaker))
    return Heard(
        facts=RecordingFacts("laid out", at, "0" * 64, 2, "two microphones", None),
        diarization=Diarization(tuple(spans), ("left", "right"), "laid out", "good", 1.0, True),
        diarizer=ENGINE,
        transcript=Transcript(
            tuple(sorted(words, key=lambda w: w.start)), "en", "laid out", "good"
        ),
        transcriber=ENGINE,
    )


def _memory() -> float:
    """Peak resident memory so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()
