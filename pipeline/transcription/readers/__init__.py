"""Transcripts made elsewhere: one module per format, each strict about what it can't mean.

The content decides the format, the file's extension nothing: Zoom's captions arrive as .txt, SubRip
renamed to .vtt. What a file says about speakers becomes their labels; what it doesn't say stays
unattributed. A file that contradicts itself is refused with the place and the remedy.
"""

import re
from pathlib import Path

from pipeline.errors import TranscriptError
from pipeline.records import SpeakerSpan, Transcript
from pipeline.transcription.readers.source import read_text
from pipeline.transcription.readers.srt import read_srt
from pipeline.transcription.readers.vtt import read_vtt
from pipeline.transcription.readers.whisper_json import read_whisper_json

_SRT_TIME = re.compile(r"^[ \t]*-?\d{1,4}:\d+:\d+[,.]\d+[ \t]*-->", re.MULTILINE)
_RTTM = re.compile(r"^SPEAKER[ \t]", re.MULTILINE)


def read_transcript(
    path: Path, *, language: str = "en"
) -> tuple[Transcript, tuple[SpeakerSpan, ...]]:
    """The words of a transcript file, and who spoke when according to it.

    Words without times of their own are spread over their cue by length, and the transcript says
    ``timed=False``. The spans are empty where the file names no speakers; they are captions, so
    no timing figure may stand on them.

    Args:
        path: of the file, whatever its extension.
        language: of the words, where the file doesn't say.

    Raises:
        TranscriptError: missing, empty, too large, not text, no known format, or contradictory.
    """
    text = read_text(path)
    beginning = text[:100_000].lstrip()
    if beginning.startswith("WEBVTT"):
        return read_vtt(text, name=path.name, language=language)
    if beginning.startswith(("{", "[")) and not _SRT_TIME.search(beginning):
        return read_whisper_json(text, name=path.name, language=language)
    if _SRT_TIME.search(beginning):
        return read_srt(text, name=path.name, language=language)
    if _RTTM.search(beginning):
        raise TranscriptError(
            f"{path.name} is RTTM: it holds voices but no words; give a transcript (VTT, SRT or "
            "Whisper's JSON)"
        )
    raise TranscriptError(
        f"{path.name} is no transcript Attune knows (its text has no caption times); export it as "
        "VTT, SRT or Whisper's JSON"
    )
