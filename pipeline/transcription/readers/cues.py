"""Captions: a stretch of time, a text, perhaps a name; and the words spread over them.

VTT and SRT share this shape. The lines are read here rather than by a library, because libraries
skip what they can't parse, and a caption that is silently gone is words that were never counted.

*Conventions*: seconds; a cue's ``line`` is the line of its times, counted from 1.
"""

import html
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from pipeline.errors import TranscriptError
from pipeline.records import SpeakerSpan, Transcript, Word
from pipeline.transcription.readers.source import check_time

OVERLAP = 0.5
"""s by which one speaker's captions may overlap; exports round and extend their ends so much."""

_REFERENCE = re.compile(r"&#?[0-9A-Za-z]{1,32};?")
_NAME_LENGTH = 60
_NAME_WORDS = 5
_LINE_NAME = re.compile(r"(?:[-–—•]\s*)?([^\W\d_][^:\n]{0,59}?)\s*:\s+(.*)", re.DOTALL)
_DASH = re.compile(r"^\s*[-–—•]\s+")  # before a line of dialogue
_TIME = r"(-?)(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?:\s.*)?")
_ATTEMPT = re.compile(r"\s*-?\d[\d:.,]*\s*-->")
_ASIDE = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")


@dataclass(frozen=True, slots=True)
class Piece:
    """A text and who says it; None where nobody is named."""

    speaker: str | None
    text: str


@dataclass(frozen=True, slots=True)
class Cue:
    """A caption. ``pieces`` are spoken one after the other."""

    start: float
    end: float
    line: int
    pieces: tuple[Piece, ...]


def parse_cues(text: str, *, name: str) -> Iterator[Cue]:
    """The cues of VTT or SRT text, each with one nameless piece that holds its raw lines.

    A line with an arrow inside a caption is words; where times must stand it is an error.

    Raises:
        TranscriptError: times that are malformed, negative or reversed; text before the first cue.
    """
    cue: Cue | None = None
    body: list[str] = []
    aside = text.lstrip().startswith("WEBVTT")  # the header goes on until a blank line
    blank = True
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        if _TIMES.fullmatch(line) or (blank and _ATTEMPT.match(line)):
            if cue is not None:
                yield _with_text(cue, body)
            start, end = _times(line, where=f"{name}, line {number}")
            cue, body, aside, blank = Cue(start, end, number, ()), [], False, False
        elif not line.strip():
            aside, blank = False, True
        elif aside or (blank and _ASIDE.match(line)):
            aside = True
        elif number < len(lines) and _TIMES.fullmatch(lines[number]):
            continue  # the number or name of the cue that follows
        elif blank and number < len(lines) and _ATTEMPT.match(lines[number]):
            continue
        elif cue is None:
            raise TranscriptError(
                f"{name}, line {number}: text stands before the first caption time; remove it or "
                "export the file again"
            )
        else:
            body.append(line)
            blank = False
    if cue is not None:
        yield _with_text(cue, body)


def named_by_line(cues: Sequence[Cue]) -> tuple[Cue, ...]:
    """The cues with "Name: text" lines taken apart (Zoom, Otter, hand-made captions).

    "Well: I think" opens like a name too. So a name counts where most cues have one, or where it
    comes at least twice and is written with a capital.
    """
    found = Counter(
        match[1] for cue in cues for match in map(_line_name, _lines(cue)) if match is not None
    )
    common = sum(found.values()) >= len(cues) / 2
    names = {n for n, times in found.items() if common or (times > 1 and n[0].isupper())}
    return tuple(replace(cue, pieces=tuple(_pieces(cue, names))) for cue in cues)


def transcript_of(
    cues: Iterable[Cue], *, name: str, language: str, engine: str
) -> tuple[Transcript, tuple[SpeakerSpan, ...]]:
    """Words spread over their cues, and the speakers' spans.

    Raises:
        TranscriptError: no words, or one speaker's captions overlap.
    """
    ordered = sorted(cues, key=lambda cue: (cue.start, cue.end))
    words = [word for cue in ordered for word in spread(cue.pieces, cue.start, cue.end)]
    if not words:
        raise TranscriptError(f"{name} holds captions without words; export it again")
    words.sort(key=lambda word: (word.start, word.end))
    spans = tuple(_spans(ordered))
    check_overlaps(spans, name=name)
    return (
        Transcript(
            words=tuple(words),
            language=language,
            engine=engine,
            grade="good",
            timed=False,
            note="Words from a file; their times are spread over its captions.",
        ),
        spans,
    )


def spread(pieces: Sequence[Piece], start: float, end: float) -> Iterator[Word]:
    """The pieces' words, each given a share of the time by its characters."""
    words = [(word, piece.speaker) for piece in pieces for word in piece.text.split()]
    whole = sum(len(word) for word, _ in words)
    done = 0
    for word, speaker in words:
        first, done = done, done + len(word)
        yield Word(
            start=start + (end - start) * first / whole,
            end=start + (end - start) * done / whole,
            text=word,
            speaker=speaker,
        )


def check_overlaps(spans: Sequence[SpeakerSpan], *, name: str) -> None:
    """Refuse spans of one speaker that overlap by more than exports round.

    Raises:
        TranscriptError: with the times of both.
    """
    by_speaker: dict[str, list[SpeakerSpan]] = {}
    for span in sorted(spans, key=lambda span: (span.start, span.end)):
        by_speaker.setdefault(span.speaker, []).append(span)
    for own in by_speaker.values():
        for before, after in pairwise(own):
            if min(before.end, after.end) - after.start > OVERLAP:
                raise TranscriptError(
                    f"{name}: the same speaker has captions from {before.start:.3f} s to "
                    f"{before.end:.3f} s and from {after.start:.3f} s to {after.end:.3f} s; one "
                    "person can't say both at once, mend the times or the speaker's name"
                )


def clean_name(name: str) -> str | None:
    """A speaker's name as a label: no control characters, single blanks; None where empty."""
    plain = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in name)
    return " ".join(plain.split())[:_NAME_LENGTH] or None


def unescape(text: str) -> str:
    """Character references resolved; absurdly long numeric ones stay as they are."""
    return _REFERENCE.sub(lambda match: html.unescape(match[0]), text)


def _with_text(cue: Cue, body: Sequence[str]) -> Cue:
    return replace(cue, pieces=(Piece(None, "\n".join(body)),))


def _times(line: str, *, where: str) -> tuple[float, float]:
    shown = line.strip()[:60]
    match = _TIMES.fullmatch(line)
    if match is None:
        raise TranscriptError(
            f"{where}: {shown!r} is no caption time; write 00:01:02.345 --> 00:01:04.000"
        )
    if match[1] or match[6]:
        raise TranscriptError(f"{where}: {shown!r} has a negative time; shift the captions")
    start, end = (_seconds(match.groups()[i : i + 5], where=where, shown=shown) for i in (0, 5))
    if end < start:
        raise TranscriptError(f"{where}: {shown!r} ends before it starts; mend that line")
    return start, end


def _seconds(parts: Sequence[str | None], *, where: str, shown: str) -> float:
    _sign, hours, minutes, seconds, fraction = parts
    if int(minutes or 0) > 59 or int(seconds or 0) > 59:
        raise TranscriptError(f"{where}: {shown!r} has more than 59 minutes or seconds; mend it")
    whole = int(hours or 0) * 3600 + int(minutes or 0) * 60 + int(seconds or 0)
    return check_time(whole + int((fraction or "0").ljust(3, "0")) / 1000, where=where)


def _lines(cue: Cue) -> list[str]:
    return [
        line for piece in cue.pieces if piece.speaker is None for line in piece.text.split("\n")
    ]


def _line_name(line: str) -> re.Match[str] | None:
    match = _LINE_NAME.match(line.strip())
    return match if match and len(match[1].split()) <= _NAME_WORDS else None


def _pieces(cue: Cue, names: set[str]) -> Iterator[Piece]:
    for piece in cue.pieces:
        if piece.speaker is not None:
            yield piece
            continue
        speaker: str | None = None
        for line in piece.text.split("\n"):
            match = _line_name(line)
            if match is not None and match[1] in names:
                speaker = clean_name(match[1])
                line = match[2]
            if line.strip():
                yield Piece(speaker, _DASH.sub("", line))


def _spans(cues: Sequence[Cue]) -> Iterator[SpeakerSpan]:
    """Who speaks when: each cue's time, shared between its speakers by their characters."""
    for cue in cues:
        lengths = [sum(map(len, piece.text.split())) for piece in cue.pieces]
        whole, done = sum(lengths), 0
        said = zip(cue.pieces, lengths, strict=True)
        for speaker, run in groupby(said, key=lambda item: item[0].speaker):
            first, done = done, done + sum(length for _, length in run)
            if speaker is not None and done > first and cue.end > cue.start:
                share = (cue.end - cue.start) / whole
                yield SpeakerSpan(cue.start + share * first, cue.start + share * done, speaker)
