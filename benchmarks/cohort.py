"""How long the figures of ten thousand sessions take, and how long their reports take to read.

    uv run python -m benchmarks.cohort [SESSIONS]

Makes reports of 60 minutes (600 turns, 10,000 words) in a temporary folder, reads them, copies what
was read to the number of sessions asked for, 20 of each person's, in two groups and three ways of
recording, and puts them together.
"""

import resource
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from pipeline.cohort import combine, read_sessions, to_json
from pipeline.cohort.sessions import Found
from pipeline.config import load_config
from pipeline.measures import timing
from pipeline.measures.basis import Basis
from pipeline.records import Diarization, Person, Section, SpeakerSpan, Word, merge_words
from pipeline.report import (
    SCHEMA,
    Certainty,
    Engine,
    Provenance,
    RecordingFacts,
    Report,
)
from pipeline.report import (
    to_json as report_json,
)
from pipeline.timeline import Span
from pipeline.turns import converse

CONFIG = load_config()
READ = 20
TURNS = 600
ROLES = {"A": Person("therapist"), "B": Person("client")}


def main() -> None:
    """Make, read, put together, print."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    with tempfile.TemporaryDirectory() as folder:
        for i in range(READ):
            (Path(folder) / f"s{i}.json").write_bytes(report_json(report(i)))
        size = sum(p.stat().st_size for p in Path(folder).iterdir()) / READ
        began = time.process_time()
        read = read_sessions(Path(folder), CONFIG)
        reading = (time.process_time() - began) / READ
    told(f"reading: {1000 * reading:.1f} ms per report of {size / 1e6:.1f} MB")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    found = Found(sessions=list(many(read, count)), heads=read.heads)
    found.descriptions = replace(found.descriptions, columns=("name", "group"))
    began = time.process_time()
    whole = combine(found, CONFIG, by="group")
    seconds = time.process_time() - began
    kilobytes = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / count
    told(
        f"{whole.sessions} sessions of {whole.people} people, {len(whole.groups[0].figures)} "
        f"figures, {len(whole.differences)} differences, "
        f"{sum(len(p.changes) for p in whole.changes)} changes: {seconds:.2f} s of CPU, "
        f"{1000 * seconds / (count / 1000):.0f} ms per thousand, {kilobytes:.1f} KB each"
    )
    told(f"JSON: {len(to_json(whole)) / 1e6:.1f} MB")


def report(seed: int) -> Report:
    """A made-up hour of two people."""
    draw, spans, words, at = np.random.default_rng(seed), [], [], 1.0
    for i in range(TURNS):
        length, who = float(draw.uniform(1, 9.5)), "AB"[i % 2]
        spans.append(SpeakerSpan(at, at + length, who))
        step = length / 17
        words += [Word(at + j * step, at + (j + 1) * step, "word", 0.9, who) for j in range(17)]
        at += length + float(draw.choice([-0.4, 0.2, 0.5, 1.2, 3.4]))
    diarization = Diarization(tuple(spans), ("A", "B"), "made", "good", None, sees_overlap=True)
    conversation = converse(diarization, CONFIG.turns, within=Span(0, at))
    turns, first = [], 0
    for turn in conversation.turns:
        own = tuple(w for w in words[first : first + 60] if turn.start <= w.start < turn.end)
        first += len(own)
        role = ROLES[turn.speaker].role
        turns.append(replace(turn, words=own, text=merge_words(own), role=role))
    conversation = replace(conversation, turns=tuple(turns))
    found = timing(Basis(conversation, ROLES, CONFIG.measures, "good", "good", sees_overlap=True))
    return Report(
        schema=SCHEMA,
        recording=RecordingFacts(f"s{seed}", at, f"{seed:064x}", 2, "two microphones", None),
        provenance=Provenance(
            {
                "diarization": Engine("channels", "1", ""),
                "transcription": Engine("whisper", "1", ""),
            },
            {},
            CONFIG.hash(),
        ),
        speakers=("A", "B"),
        certainty=Certainty("good", "good"),
        sections=(Section("1", 0, at, ROLES, tuple(turns), found.events, found.measures),),
    )


def many(read: Found, count: int):  # noqa: ANN201
    """So many sessions, each like one that was read but of another person and day."""
    draw = np.random.default_rng(1)
    setups = ("one microphone", "two microphones", "call mixed")
    for i in range(count):
        like = read.sessions[i % len(read.sessions)]
        figures = {
            key: replace(m, numerator=m.numerator * float(draw.uniform(0.8, 1.2)))
            if m.numerator is not None
            else m
            for key, m in like.figures.items()
        }
        person = f"T{i // 20:04d}"
        yield replace(
            like,
            name=f"s{i:05d}",
            person=person,
            day=date(2026, 1, 1) + timedelta(days=7 * (i % 20)),
            values={"group": "ab"[i // 20 % 2]},
            stratum=like.stratum._replace(setup=setups[i % 3]),
            source=(str(i), 0.0, 1.0),
            figures=figures,
        )


def told(line: str) -> None:
    """One line to standard output."""
    sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main()
