"""WebVTT: Teams names voices with ``<v Name>``, Zoom writes "Name: text", others nothing.

Source: W3C WebVTT. Tags are dropped, character references resolved after them ("&lt;" is text).
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from pipeline.records import SpeakerSpan, Transcript
from pipeline.transcription.readers.cues import (
    Cue,
    Piece,
    clean_name,
    named_by_line,
    parse_cues,
    transcript_of,
    unescape,
)

# bounded, because an unclosed tag would be searched to the end of the file, again and again
_VOICE = re.compile(r"<v(?:\.[^\s>]{0,200})?(?:\s([^>]{0,200}))?>|</v>")
_TAG = re.compile(r"</?(?:c|i|b|u|ruby|rt|lang)(?:[.\s][^>]{0,200})?>|<\d[\d:.]{0,20}>")


def read_vtt(text: str, *, name: str, language: str) -> tuple[Transcript, tuple[SpeakerSpan, ...]]:
    """Words and speakers of WebVTT text.

    Raises:
        TranscriptError: see ``parse_cues`` and ``transcript_of``.
    """
    cues = [replace(cue, pieces=tuple(_voices(cue))) for cue in parse_cues(text, name=name)]
    return transcript_of(named_by_line(cues), name=name, language=language, engine="file: VTT")


def _voices(cue: Cue) -> Iterator[Piece]:
    for piece in cue.pieces:
        speaker: str | None = None
        at = 0
        for tag in _VOICE.finditer(piece.text):
            yield from _piece(speaker, piece.text[at : tag.start()])
            speaker = clean_name(unescape(tag[1])) if tag[1] else None
            at = tag.end()
        yield from _piece(speaker, piece.text[at:])


def _piece(speaker: str | None, text: str) -> Iterator[Piece]:
    plain = unescape(_TAG.sub("", text))
    if plain.strip():
        yield Piece(speaker, plain)
