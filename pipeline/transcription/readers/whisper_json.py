"""Whisper's JSON: openai-whisper, faster-whisper (segments dumped as dictionaries) and WhisperX.

``{"segments": [{"start", "end", "text", "speaker"?, "words"?: [{"word", "start"?, "end"?,
"probability" or "score"?, "speaker"?}]}], "language"?}``, or the list of segments alone. WhisperX
leaves out the times of words it could not align ("1984"); these share the time between their
neighbours. A segment without words is spread by length, and the transcript is ``timed=False``.
"""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from pipeline.errors import TranscriptError
from pipeline.records import SpeakerSpan, Transcript, Word
from pipeline.transcription.readers.cues import Piece, check_overlaps, clean_name, spread
from pipeline.transcription.readers.source import check_time


@dataclass(frozen=True, slots=True)
class _Segment:
    start: float
    end: float
    speaker: str | None
    words: tuple[Word, ...]
    timed: bool


def read_whisper_json(
    text: str, *, name: str, language: str
) -> tuple[Transcript, tuple[SpeakerSpan, ...]]:
    """Words, their confidence, and speakers of Whisper's JSON.

    Raises:
        TranscriptError: no such JSON, times that are missing, negative or reversed, no words, or
            one speaker's segments overlap.
    """
    data = _parsed(text, name)
    listed = data.get("segments") if isinstance(data, dict) else data
    if not isinstance(listed, list):
        raise TranscriptError(
            f"{name} is JSON without a list of segments; export Whisper's own JSON"
        )
    segments = [_segment(s, f"{name}, segment {i}") for i, s in enumerate(listed, start=1)]
    words = sorted(
        (word for segment in segments for word in segment.words), key=lambda w: (w.start, w.end)
    )
    if not words:
        raise TranscriptError(f"{name} holds segments without words; transcribe it again")
    spans = tuple(sorted(_spans(segments), key=lambda span: (span.start, span.end)))
    check_overlaps(spans, name=name)
    timed = all(segment.timed for segment in segments)
    said = data.get("language") if isinstance(data, dict) else None
    return (
        Transcript(
            words=tuple(words),
            language=said if isinstance(said, str) and said.isalpha() else language,
            engine="file: Whisper JSON",
            grade="good",
            timed=timed,
            note="Words from a file." if timed else "Words from a file; some times are spread.",
        ),
        spans,
    )


def _parsed(text: str, name: str) -> Any:
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise TranscriptError(
            f"{name}, line {error.lineno}: no valid JSON ({error.msg}); export it again"
        ) from error
    except (RecursionError, ValueError) as error:
        raise TranscriptError(
            f"{name} is no transcript: its JSON can't be read ({type(error).__name__}); export it "
            "again"
        ) from error


def _segment(data: Any, where: str) -> _Segment:
    if not isinstance(data, dict):
        raise TranscriptError(f"{where} is no object but {type(data).__name__}; export it again")
    start, end = _time(data, "start", where), _time(data, "end", where)
    if start is None or end is None:
        raise TranscriptError(f"{where} lacks its start or end; export it with times")
    _check_order(start, end, where)
    speaker = _speaker(data)
    listed = data.get("words")
    if not listed:
        text = data.get("text")
        piece = Piece(speaker, text if isinstance(text, str) else "")
        words = tuple(spread((piece,), start, end))
        return _Segment(start, end, speaker, words, timed=not words)
    if not isinstance(listed, list):
        raise TranscriptError(f"{where}: words is no list; export it again")
    found = [_word(w, speaker, f"{where}, word {i}") for i, w in enumerate(listed, start=1)]
    return _Segment(start, end, speaker, tuple(_placed(found, start, end)), timed=True)


@dataclass(frozen=True, slots=True)
class _Found:
    word: Word
    timed: bool


def _word(data: Any, speaker: str | None, where: str) -> _Found:
    if not isinstance(data, dict):
        raise TranscriptError(f"{where} is no object but {type(data).__name__}; export it again")
    text = data.get("word", data.get("text"))
    if not isinstance(text, str):
        raise TranscriptError(f"{where} has no text; export it again")
    start, end = _time(data, "start", where), _time(data, "end", where)
    if start is not None and end is not None:
        _check_order(start, end, where)
    word = Word(
        start=start or 0.0,
        end=end or 0.0,
        text=text.strip(),
        confidence=_confidence(data),
        speaker=_speaker(data) or speaker,
    )
    return _Found(word, timed=start is not None and end is not None)


def _placed(found: Sequence[_Found], start: float, end: float) -> Iterator[Word]:
    """The words that have text; runs without times share the time between their neighbours."""
    found = [f for f in found if f.word.text]
    before = start
    runs = [(timed, list(run)) for timed, run in groupby(found, key=lambda f: f.timed)]
    for i, (timed, run) in enumerate(runs):
        if timed:
            yield from (f.word for f in run)
            before = max(before, *(f.word.end for f in run))
            continue
        after = runs[i + 1][1][0].word.start if i + 1 < len(runs) else end
        whole, done = sum(len(f.word.text) for f in run), 0
        room = max(0.0, after - before)
        for f in run:
            first, done = done, done + len(f.word.text)
            yield replace(
                f.word, start=before + room * first / whole, end=before + room * done / whole
            )


def _time(data: Mapping[str, Any], key: str, where: str) -> float | None:
    value = data.get(key)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TranscriptError(
            f"{where}: {key} = {str(value)[:40]!r} is no time in seconds; mend it"
        )
    return check_time(_float(value), where=f"{where}, {key}")


def _float(value: int | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _check_order(start: float, end: float, where: str) -> None:
    if end < start:
        raise TranscriptError(
            f"{where} ends at {end} s, before its start at {start} s; mend it or export it again"
        )


def _confidence(data: Mapping[str, Any]) -> float | None:
    value = data.get("probability", data.get("score"))
    if isinstance(value, bool) or not isinstance(value, (int, float)) or math.isnan(_float(value)):
        return None
    return min(1.0, max(0.0, _float(value)))


def _speaker(data: Mapping[str, Any]) -> str | None:
    name = data.get("speaker")
    return clean_name(name) if isinstance(name, str) else None


def _spans(segments: Sequence[_Segment]) -> Iterator[SpeakerSpan]:
    """Each segment's time, or its words' where they have several speakers."""
    for segment in segments:
        speakers = {word.speaker for word in segment.words}
        if speakers == {segment.speaker}:
            if segment.speaker is not None and segment.end > segment.start:
                yield SpeakerSpan(segment.start, segment.end, segment.speaker)
            continue
        for speaker, run in groupby(segment.words, key=lambda word: word.speaker):
            said = list(run)
            start, end = said[0].start, max(word.end for word in said)
            if speaker is not None and end > start:
                yield SpeakerSpan(start, end, speaker)
