"""SubRip captions: numbered cues with comma times; formatting tags and positions are dropped."""

import re
from dataclasses import replace

from pipeline.records import SpeakerSpan, Transcript
from pipeline.transcription.readers.cues import (
    Piece,
    named_by_line,
    parse_cues,
    transcript_of,
    unescape,
)

_TAG = re.compile(r"</?(?:i|b|u|s|font)(?:\s[^>]{0,200})?>|\{\\[^}]{0,200}\}", re.IGNORECASE)


def read_srt(text: str, *, name: str, language: str) -> tuple[Transcript, tuple[SpeakerSpan, ...]]:
    """Words and speakers ("Name: text") of SubRip text.

    Raises:
        TranscriptError: see ``parse_cues`` and ``transcript_of``.
    """
    cues = [
        replace(cue, pieces=tuple(Piece(None, _plain(piece.text)) for piece in cue.pieces))
        for cue in parse_cues(text, name=name)
    ]
    return transcript_of(named_by_line(cues), name=name, language=language, engine="file: SRT")


def _plain(text: str) -> str:
    return unescape(_TAG.sub("", text))
