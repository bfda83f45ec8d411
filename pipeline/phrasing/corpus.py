"""Conversations with expert labels, in the columns of AnnoMI-simple.

*Conventions*: a dialogue is one transcript, its utterances in the order of ``utterance_id``.
Several transcripts can be of one video, so data is split by ``video_url``, never by transcript.
A therapist's utterance has one label of ``LABELS``, or none where nobody has judged it: it is then
context only. A client's has none.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from pipeline.errors import EvaluationError

Label = Literal["reflection", "question", "therapist_input", "other"]
LABELS: tuple[Label, ...] = get_args(Label)
COLUMNS = (
    "transcript_id",
    "video_url",
    "utterance_id",
    "interlocutor",
    "utterance_text",
    "main_therapist_behaviour",
)

_SPACES = re.compile(r"\s+")
_MARKS = re.compile(r"[^\w\s']|_")


@dataclass(frozen=True, slots=True)
class Utterance:
    """What one person said before the other spoke; ``label`` is the expert's, if there is one."""

    role: Literal["therapist", "client"]
    text: str
    label: Label | None = None


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One transcript; ``video`` groups those that must not be split."""

    name: str
    video: str
    utterances: tuple[Utterance, ...]

    @property
    def labels(self) -> tuple[Label | None, ...]:
        """The therapist's labels, in order."""
        return tuple(u.label for u in self.utterances if u.role == "therapist")

    def without_punctuation(self) -> "Dialogue":
        """The same words in lower case with all marks but apostrophes taken out."""
        bare = tuple(Utterance(u.role, _bare(u.text), u.label) for u in self.utterances)
        return Dialogue(self.name, self.video, bare)


def read_corpora(paths: Sequence[Path]) -> tuple[Dialogue, ...]:
    """The dialogues of several files; equal names in two files stay two dialogues.

    Raises:
        EvaluationError: as ``read_corpus``.
    """
    return tuple(dialogue for path in paths for dialogue in read_corpus(path))


def read_corpus(path: Path) -> tuple[Dialogue, ...]:
    """The dialogues of a CSV file, in the order in which they first occur.

    Raises:
        EvaluationError: the file can't be read, lacks a column, or a row holds a value that
            AnnoMI-simple doesn't have; the message names the line.
    """
    found: dict[str, list[tuple[int, str, Utterance]]] = {}
    for line, row in _rows(path):
        name = row["transcript_id"].strip()
        try:
            position = int(row["utterance_id"])
        except ValueError:
            raise EvaluationError(
                f"{path.name}, line {line}: utterance_id is no whole number; number each "
                "transcript's utterances from 0"
            ) from None
        said = _utterance(path, line, row)
        found.setdefault(name, []).append((position, row["video_url"].strip(), said))
    if not any(said.role == "therapist" for rows in found.values() for *_, said in rows):
        raise EvaluationError(
            f"{path.name} holds no utterance of a therapist; give a CSV in AnnoMI-simple's columns"
        )
    return tuple(_dialogue(path, name, rows) for name, rows in found.items())


def write_corpus(dialogues: Sequence[Dialogue], path: Path) -> None:
    """Dialogues as a CSV file in the same columns, which ``read_corpus`` reads as they were.

    Raises:
        EvaluationError: two dialogues have one name, or the file can't be written.
    """
    names = [dialogue.name for dialogue in dialogues]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise EvaluationError(f"two dialogues are named {twice!r}; give each a name of its own")
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for dialogue in dialogues:
                for position, said in enumerate(dialogue.utterances):
                    own = (dialogue.name, dialogue.video, position, said.role, said.text)
                    writer.writerow((*own, said.label or ""))
    except OSError as error:
        raise EvaluationError(
            f"{path} can't be written ({error.strerror}); name a folder that can be"
        ) from error


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
            if missing:
                raise EvaluationError(
                    f"{path.name} lacks the column {missing[0]!r}; it needs {', '.join(COLUMNS)}"
                )
            for row in reader:
                if any(row[name] is None for name in COLUMNS):
                    raise EvaluationError(
                        f"{path.name}, line {reader.line_num}: fewer values than columns; mend or "
                        "drop that line"
                    )
                yield reader.line_num, row
    except OSError as error:
        raise EvaluationError(
            f"{path} can't be read ({error.strerror}); give a CSV file"
        ) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise EvaluationError(
            f"{path.name} is no CSV in UTF-8 ({type(error).__name__}); save it as such"
        ) from error


def _utterance(path: Path, line: int, row: dict[str, str]) -> Utterance:
    role, label = row["interlocutor"].strip(), row["main_therapist_behaviour"].strip()
    if role == "client":
        return Utterance("client", row["utterance_text"])
    if role != "therapist":
        raise EvaluationError(
            f"{path.name}, line {line}: interlocutor {role!r}; use therapist or client"
        )
    if not label:
        return Utterance("therapist", row["utterance_text"])
    for known in LABELS:
        if label == known:
            return Utterance("therapist", row["utterance_text"], known)
    raise EvaluationError(
        f"{path.name}, line {line}: main_therapist_behaviour {label!r}; use "
        f"{', '.join(LABELS)}, or none"
    )


def _dialogue(path: Path, name: str, rows: list[tuple[int, str, Utterance]]) -> Dialogue:
    videos = {video for _, video, _ in rows}
    if len(videos) != 1:
        raise EvaluationError(
            f"{path.name}: transcript {name!r} has {len(videos)} values of video_url; give it one"
        )
    ordered = sorted(rows, key=lambda row: row[0])
    return Dialogue(name, videos.pop(), tuple(said for *_, said in ordered))


def _bare(text: str) -> str:
    plain = text.lower().replace("’", "'")
    return _SPACES.sub(" ", _MARKS.sub(" ", plain)).strip()
