"""RTTM: who spoke when, one span a line, as diarization research exchanges it.

``SPEAKER <recording> <channel> <start> <duration> <NA> <NA> <label> <NA> <NA>``; other types and
comments (``;;``) are passed over. One speaker's overlapping spans are one stretch of speech.

Source: NIST, "The 2009 (RT-09) Rich Transcription Meeting Recognition Evaluation Plan".
"""

from pathlib import Path

from pipeline.errors import TranscriptError
from pipeline.records import Diarization, SpeakerSpan
from pipeline.timeline import Span, union
from pipeline.transcription.readers.source import check_time, read_text

_FIELDS = 8


def read_rttm(path: Path) -> Diarization:
    """The voices of an RTTM file with one recording.

    Raises:
        TranscriptError: missing, empty, no text, a malformed line, or several recordings.
    """
    text = read_text(path)
    spoken: dict[str, list[Span]] = {}
    recordings: set[str] = set()
    for number, line in enumerate(text.split("\n"), start=1):
        fields = line.split()
        if not fields or line.lstrip().startswith(";") or fields[0] != "SPEAKER":
            continue
        span, speaker = _span(fields, where=f"{path.name}, line {number}")
        recordings.add(fields[1])
        spoken.setdefault(speaker, []).append(span)
    if len(recordings) > 1:
        raise TranscriptError(
            f"{path.name} holds {len(recordings)} recordings; write one RTTM file for each"
        )
    spans = sorted(
        (
            SpeakerSpan(span.start, span.end, speaker)
            for speaker, own in spoken.items()
            for span in union(own)
        ),
        key=lambda span: (span.start, span.end, span.speaker),
    )
    if not spans:
        raise TranscriptError(f"{path.name} holds no SPEAKER lines; is it RTTM?")
    return Diarization(
        spans=tuple(spans),
        speakers=tuple(dict.fromkeys(span.speaker for span in spans)),
        engine="file: RTTM",
        grade="good",
        confidence=None,
        sees_overlap=True,
        note="Voices from a file.",
    )


def _span(fields: list[str], *, where: str) -> tuple[Span, str]:
    if len(fields) < _FIELDS:
        raise TranscriptError(
            f"{where}: {len(fields)} fields; a SPEAKER line has at least {_FIELDS}, and labels "
            "hold no blanks"
        )
    try:
        start, duration = float(fields[3]), float(fields[4])
    except ValueError as error:
        raise TranscriptError(
            f"{where}: start {fields[3][:40]!r} and duration {fields[4][:40]!r} must be seconds"
        ) from error
    check_time(duration, where=f"{where}, duration")
    check_time(start, where=f"{where}, start")
    return Span(start, check_time(start + duration, where=where)), fields[7]
