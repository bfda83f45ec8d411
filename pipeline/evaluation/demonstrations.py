"""The figures of expert-coded demonstrations, worked out by the shipped code: the bands' source.

*Definition*: each figure is that of ``conclude`` on the transcript; what an expert labelled counts
for a turn if it was said of one of the turn's utterances.

*Conventions*: a transcript has no usable seconds, so only figures of words have a band. Utterances
are laid out at ``PACE`` seconds a word with ``PAUSE`` between them, so that a listening sound lies
inside the other's turn, as it does in a recording.

``python -m pipeline.evaluation.demonstrations CSV > configs/bands.mi.toml`` makes the bands of
motivational interviewing from AnnoMI-simple.
"""

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import quantiles

from pipeline.config import load_config
from pipeline.errors import EvaluationError
from pipeline.hearing import Heard
from pipeline.imports import voices_of_transcript
from pipeline.phrased import Phrased
from pipeline.phrasing.corpus import Dialogue, Label, read_corpus
from pipeline.records import Section, SpeakerSpan, Transcript, Turn, Word
from pipeline.report import Engine, RecordingFacts
from pipeline.session import conclude
from pipeline.settings import Config

PACE = 0.35
"""Seconds a word: 170 words a minute, a talker's usual rate."""
PAUSE = 0.2
"""Seconds between two people's utterances (Stivers et al. 2009: 0.2 s in the median)."""
LABELLED: dict[str, Label] = {
    "reflections": "reflection",
    "questions": "question",
    "information": "therapist_input",
}
PLAIN = ("talk_share_words", "picking_up")


def demonstrated(dialogues: Iterable[Dialogue], config: Config) -> dict[str, list[float]]:
    """Each figure of the dialogues, by the measure's name, where it is told."""
    out: dict[str, list[float]] = {name: [] for name in (*LABELLED, "reflections_to_questions")}
    out |= {name: [] for name in PLAIN}
    for dialogue in dialogues:
        section = _section(dialogue, config)
        counts = _expert_counts(section, dialogue)
        turns = sum(t.kind == "turn" and t.role == "therapist" for t in section.turns)
        if turns >= config.measures.min_denominator:
            for name, label in LABELLED.items():
                out[name].append(counts[label] / turns)
        if counts["question"] >= config.measures.min_denominator:
            out["reflections_to_questions"].append(counts["reflection"] / counts["question"])
        for name in PLAIN:
            value = section.measures[name].value
            if value is not None:
                out[name].append(value)
    return out


def as_toml(figures: Mapping[str, list[float]], *, caption: str, source: str) -> str:
    """The file of an approach: quartiles, to three digits."""
    lines = [f"# {source}", f'caption = "{caption}"']
    for name, values in figures.items():
        low, median, high = quantiles(values, n=4, method="inclusive")
        lines.append(
            f"\n[{name}]\nlow = {low:.3f}\nmedian = {median:.3f}\nhigh = {high:.3f}\n"
            f"sessions = {len(values)}"
        )
    return "\n".join(lines) + "\n"


def high_quality(path: Path) -> tuple[Dialogue, ...]:
    """The dialogues of a CSV file whose column ``mi_quality`` says ``high``.

    Raises:
        EvaluationError: the file can't be read, or has no such column.
    """
    dialogues = read_corpus(path)
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        if "mi_quality" not in (rows.fieldnames or ()):
            raise EvaluationError(f"{path.name} lacks the column 'mi_quality'; give AnnoMI-simple")
        high = {row["transcript_id"].strip() for row in rows if row["mi_quality"] == "high"}
    return tuple(d for d in dialogues if d.name in high)


def _section(dialogue: Dialogue, config: Config) -> Section:
    words: list[Word] = []
    spans: list[SpeakerSpan] = []
    at = 0.0
    for said in dialogue.utterances:
        start = at
        for text in said.text.split():
            words.append(Word(at, at + PACE, text, speaker=said.role))
            at += PACE
        if at > start:
            spans.append(SpeakerSpan(start, at, said.role))
            at += PAUSE
    transcript = Transcript(tuple(words), "en", "corpus", "good", timed=False)
    engine = Engine("corpus", "1", "The dialogue is a corpus's own.")
    heard = Heard(
        facts=RecordingFacts(dialogue.name, at, "", 0, "unknown", None),
        diarization=voices_of_transcript(transcript, spans),
        diarizer=engine,
        transcript=transcript,
        transcriber=engine,
    )
    report = conclude(heard, config, therapist="therapist", reader=_Unread())
    return report.sections[0]


class _Unread:
    """In the model's place: here the experts' labels count."""

    def read(self, _turns: Iterable[Turn], _speakers: Sequence[str]) -> Mapping[str, Phrased]:
        return {}


def _expert_counts(section: Section, dialogue: Dialogue) -> dict[Label, int]:
    """How many of the therapist's turns hold an utterance of each label."""
    turn_of = {
        word.start: i
        for i, turn in enumerate(section.turns)
        if turn.kind == "turn"
        for word in turn.words
    }
    starts: list[tuple[float, Label]] = []
    at = 0.0
    for said in dialogue.utterances:
        count = len(said.text.split())
        if count and said.role == "therapist":
            starts.append((at, said.label or "other"))
        for _ in range(count):
            at += PACE
        at += PAUSE if count else 0.0
    held = {(turn_of[start], label) for start, label in starts if start in turn_of}
    return {
        label: sum(found == label for _, found in held)
        for label in ("reflection", "question", "therapist_input", "other")
    }


def main(path: Path) -> str:
    """The text of ``configs/bands.mi.toml``."""
    dialogues = high_quality(path)
    return as_toml(
        demonstrated(dialogues, load_config()),
        caption=(
            "from published motivational-interviewing demonstrations, most about 5 minutes long; "
            "your course may aim elsewhere"
        ),
        source=(
            f"The middle half of {len(dialogues)} demonstrations rated high quality in AnnoMI (Wu "
            "et al. 2022), on turns; made by python -m pipeline.evaluation.demonstrations."
        ),
    )


if __name__ == "__main__":
    sys.stdout.write(main(Path(sys.argv[1])))
