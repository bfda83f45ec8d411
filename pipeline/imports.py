"""Voices of a transcript that names its speakers: alone, or laid over voices heard in the sound."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from pipeline.records import Diarization, SpeakerSpan, Transcript
from pipeline.timeline import Span, intersect, total, union

NO_SOUND = "not enough to tell: without the recording, timing can't be measured"


def voices_of_transcript(transcript: Transcript, spans: Sequence[SpeakerSpan]) -> Diarization:
    """The transcript's own speakers; every figure of timing abstains on them.

    Words without a speaker belong to nobody; a transcript without speakers has no voices.
    """
    named = tuple(sorted(spans, key=lambda s: (s.start, s.end)))
    return Diarization(
        spans=named,
        speakers=tuple(dict.fromkeys(s.speaker for s in named)),
        engine=transcript.engine,
        grade="abstained",
        confidence=None,
        sees_overlap=False,
        note=NO_SOUND,
    )


def named_voices(diarization: Diarization, spans: Sequence[SpeakerSpan]) -> Diarization:
    """The heard voices under the transcript's names, paired by the time they share.

    Pairs are made greedily, the longest shared time first; a voice without a partner keeps its
    label, with an apostrophe where another voice has got that for its name.
    """
    names = tuple(dict.fromkeys(s.speaker for s in spans))
    shared = sorted(
        (
            (total(intersect(diarization.of(voice), _of(spans, name))), voice, name)
            for voice in diarization.speakers
            for name in names
        ),
        reverse=True,
    )
    pairs: dict[str, str] = {}
    for seconds, voice, name in shared:
        if seconds > 0 and voice not in pairs and name not in pairs.values():
            pairs[voice] = name
    for voice in diarization.speakers:
        label = voice
        while voice not in pairs and label in pairs.values():
            label += "'"
        pairs.setdefault(voice, label)

    def renamed(old: Iterable[SpeakerSpan]) -> tuple[SpeakerSpan, ...]:
        return tuple(replace(s, speaker=pairs[s.speaker]) for s in old)

    return replace(
        diarization,
        spans=renamed(diarization.spans),
        exclusive=renamed(diarization.exclusive),
        speakers=tuple(pairs[s] for s in diarization.speakers),
    )


def _of(spans: Sequence[SpeakerSpan], name: str) -> tuple[Span, ...]:
    return union(s.span for s in spans if s.speaker == name)
