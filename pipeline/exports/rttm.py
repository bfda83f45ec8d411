"""RTTM, the line format in which diarization tools exchange who spoke when (NIST RT-09)."""

from pipeline.records import Diarization, SpeakerSpan
from pipeline.report import Report
from pipeline.timeline import union


def write_rttm(source: Diarization | Report, *, uri: str) -> str:
    """A SPEAKER line for each stretch of a voice, by start; seconds with three decimals.

    Of a report these are the IPUs inside its turns, so speech outside every section is left out.
    Fields are separated by spaces, so spaces in ``uri`` and in labels become ``_``.
    """
    lines = (
        f"SPEAKER {_field(uri)} 1 {s.start:.3f} {s.end - s.start:.3f} <NA> <NA> "
        f"{_field(s.speaker)} <NA> <NA>\n"
        for s in _spans(source)
    )
    return "".join(lines)


def _spans(source: Diarization | Report) -> tuple[SpeakerSpan, ...]:
    if isinstance(source, Diarization):
        return source.spans
    turns = source.turns()
    spans = (
        SpeakerSpan(span.start, span.end, speaker)
        for speaker in dict.fromkeys(turn.speaker for turn in turns)
        for span in union(s for turn in turns if turn.speaker == speaker for s in turn.speech)
    )
    return tuple(sorted(spans, key=lambda s: (s.start, s.end, s.speaker)))


def _field(text: str) -> str:
    return "_".join(text.split()) or "_"
