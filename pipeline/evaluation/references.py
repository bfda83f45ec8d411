"""Reference material beside a recording: NAME.rttm, NAME.truth.json, NAME.stm."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path

from pipeline.errors import EvaluationError
from pipeline.records import SpeakerSpan

AUDIO = (".wav", ".flac", ".mp3", ".m4a", ".ogg", ".opus")


@dataclass(frozen=True, slots=True)
class TrueEvent:
    """An event that really happened; ``by`` is a reference speaker."""

    type: str
    start: float
    end: float
    by: str | None


@dataclass(frozen=True, slots=True)
class Reference:
    """What is known of one recording; None where there is no such file.

    Attributes:
        voices: from the RTTM, sorted by start.
        talk: seconds of speech outside backchannels, by speaker.
        text: the words in order of time, lower case, without punctuation.
    """

    name: str
    audio: Path
    voices: tuple[SpeakerSpan, ...] | None
    talk: Mapping[str, float] | None
    events: tuple[TrueEvent, ...] | None
    text: str | None


def find_references(folder: Path) -> tuple[Reference, ...]:
    """Every recording of a folder that has a reference, sorted by name.

    Raises:
        EvaluationError: the folder is missing, holds none, or a reference can't be read.
    """
    if not folder.is_dir():
        raise EvaluationError(f"{folder} is no folder; give one that holds NAME.wav and NAME.rttm")
    found = tuple(
        _reference(path)
        for path in sorted(folder.iterdir())
        if path.suffix.lower() in AUDIO and _has_reference(path)
    )
    if not found:
        raise EvaluationError(
            f"{folder} holds no recording with a reference; put NAME.rttm, NAME.truth.json or "
            "NAME.stm beside NAME.wav"
        )
    return found


def read_rttm(path: Path) -> tuple[SpeakerSpan, ...]:
    """Speaker spans of an RTTM file (NIST RT-09), sorted by start."""
    spans: list[SpeakerSpan] = []
    for number, line in enumerate(_lines(path), start=1):
        fields = line.split()
        if not fields or fields[0] != "SPEAKER":
            continue
        try:
            start, length = _seconds(fields[3]), _seconds(fields[4])
            spans.append(SpeakerSpan(start, round(start + length, 3), fields[7]))
        except (IndexError, ValueError) as error:
            raise EvaluationError(
                f"{path}: line {number} is no RTTM line: {line[:60]!r}; give SPEAKER name channel "
                "start duration <NA> <NA> speaker <NA> <NA>"
            ) from error
    if not spans:
        raise EvaluationError(f"{path} holds no SPEAKER line; give a reference of who spoke when")
    return tuple(sorted(spans, key=lambda s: (s.start, s.end)))


def _has_reference(audio: Path) -> bool:
    return any(audio.with_suffix(suffix).exists() for suffix in (".rttm", ".truth.json", ".stm"))


def _reference(audio: Path) -> Reference:
    rttm, truth, stm = (audio.with_suffix(s) for s in (".rttm", ".truth.json", ".stm"))
    talk, events = _truth(truth) if truth.exists() else (None, None)
    return Reference(
        name=audio.stem,
        audio=audio,
        voices=read_rttm(rttm) if rttm.exists() else None,
        talk=talk,
        events=events,
        text=_stm(stm) if stm.exists() else None,
    )


def _truth(path: Path) -> tuple[dict[str, float], tuple[TrueEvent, ...]]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        talk = {str(k): _seconds(v) for k, v in data["talk"].items()}
        events = tuple(
            TrueEvent(str(e["type"]), _seconds(e["start"]), _seconds(e["end"]), e.get("by"))
            for e in data["events"]
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(
            f"{path} is no truth file ({type(error).__name__}: {error}); give talk (seconds by "
            "speaker) and events (type, start, end, by)"
        ) from error
    return talk, events


def _stm(path: Path) -> str:
    """The words of an STM file (NIST), in order of their segments' start; the label is optional."""
    segments: list[tuple[float, str]] = []
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip() or line.startswith(";;"):
            continue
        fields = line.split()
        try:
            start, end = _seconds(fields[3]), _seconds(fields[4])
        except (IndexError, ValueError) as error:
            raise EvaluationError(
                f"{path}: line {number} is no STM line; give name channel speaker start end "
                "<label> words"
            ) from error
        if end < start:
            raise EvaluationError(f"{path}: line {number} ends at {end:g} s, before its start")
        labelled = len(fields) > 5 and fields[5].startswith("<")
        segments.append((start, " ".join(fields[6 if labelled else 5 :])))
    return " ".join(text for _, text in sorted(segments, key=lambda s: s[0]))


def _seconds(value: str | float) -> float:
    """A moment or a length.

    Raises:
        ValueError: it is none: negative, endless or no number.
    """
    seconds = float(value)
    if not 0 <= seconds < inf:
        raise ValueError(f"{value} is no number of seconds")
    return seconds


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise EvaluationError(f"{path} can't be read ({type(error).__name__})") from error
