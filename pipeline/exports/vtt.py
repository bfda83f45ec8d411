"""WebVTT: the words as captions with their voices, for players and other tools."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from html import escape

from pipeline.records import Turn, Word, merge_words
from pipeline.report import Report

MAX_CUE = 7.0
"""Longest caption in seconds; the limit of the BBC's and Netflix's subtitle guidelines."""

MAX_GAP = 2.0
"""Longest silence inside a caption in seconds; after it a reader expects a new one."""

_SENTENCE_ENDS = (".", "?", "!", "…")


def write_vtt(report: Report) -> str:
    """The report's words as WebVTT: a cue per sentence, or per 7 s where a sentence is longer.

    Words that belong to nobody are cues without a voice. Where only a turn's text is known, its
    words are spread evenly over the turn. Text can't break out of its cue: ``&``, ``<`` and ``>``
    are escaped, so ``-->`` is too.
    """
    cues = [
        (cue[0].start, cue[-1].end, f"<v {_text(turn.speaker)}>{_text(merge_words(cue))}")
        for turn in report.turns()
        for cue in _cues(turn.words or _spread(turn))
    ]
    cues += [
        (cue[0].start, cue[-1].end, _text(merge_words(cue)))
        for cue in _cues(sorted(report.unattributed, key=lambda word: word.start))
    ]
    blocks = ["WEBVTT", *_notes(report)]
    blocks += [f"{_times(start, end)}\n{text}" for start, end, text in sorted(cues)]
    return "\n\n".join(blocks) + "\n"


def _notes(report: Report) -> Iterator[str]:
    if report.certainty.words == "draft":
        yield "NOTE Draft words: many are wrong. Listen before you quote them."


def _cues(words: Iterable[Word]) -> Iterator[Sequence[Word]]:
    cue: list[Word] = []
    for word in words:
        if not word.text.strip():
            continue
        if cue and (
            word.end - cue[0].start > MAX_CUE
            or word.start - cue[-1].end > MAX_GAP
            or cue[-1].text.strip().endswith(_SENTENCE_ENDS)
        ):
            yield cue
            cue = []
        cue.append(replace(word, end=min(word.end, word.start + MAX_CUE)))
    if cue:
        yield cue


def _spread(turn: Turn) -> tuple[Word, ...]:
    texts = turn.text.split()
    step = (turn.end - turn.start) / max(len(texts), 1)
    return tuple(
        Word(turn.start + i * step, turn.start + (i + 1) * step, text)
        for i, text in enumerate(texts)
    )


def _times(start: float, end: float) -> str:
    first = round(start * 1000)
    return f"{_time(first)} --> {_time(max(round(end * 1000), first + 1))}"


def _time(milliseconds: int) -> str:
    seconds, fraction = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{fraction:03d}"


def _text(text: str) -> str:
    printable = "".join(c if c.isprintable() else " " for c in text)
    return escape(" ".join(printable.split()), quote=False)
