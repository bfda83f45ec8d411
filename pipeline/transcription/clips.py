"""From speech activity to clips for a transcriber; a clip never holds more silence than it must.

A transcriber needs context, so speech closer together than ``gap`` is decoded in one clip; it has
a longest input, so longer clips are cut at their longest pause; and it likes a little room, so
clips are padded, neighbours sharing the silence between them::

    speech   |----|  |---|      |------|         |--|   |------------|
    clips   |.----|--|---|.|  |.|------|.|     |.|--|.||.------------.|
                                               cut at the longest pause

Silence outside clips is never decoded: Whisper invents sentences there (Koenecke et al., FAccT
2024: about 1 % of segments, more with long pauses).
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from pipeline.activity import Activity
from pipeline.audio import Recording
from pipeline.errors import ConfigError
from pipeline.records import channel_label
from pipeline.timeline import Span, Timeline, union


@dataclass(frozen=True, slots=True)
class Source:
    """What is decoded as one signal.

    Attributes:
        channel: of the recording; None is the mix of all.
        speaker: the channel's label where each channel holds one voice, else None.
        speech: where somebody speaks in it.
    """

    channel: int | None
    speaker: str | None
    speech: Timeline


def sources(recording: Recording, activity: Activity, *, per_channel: bool) -> tuple[Source, ...]:
    """The mix, or each channel by itself where each holds one voice."""
    if not per_channel or recording.channels == 1:
        channel = 0 if recording.channels == 1 else None
        return (Source(channel, None, activity.anywhere()),)
    return tuple(
        Source(channel, channel_label(channel, recording.channels), speech)
        for channel, speech in enumerate(activity.speech)
    )


def cut_clips(
    speech: Sequence[Span], *, duration: float, gap: float, pad: float, longest: float
) -> Timeline:
    """Clips that cover all speech: sorted, disjoint, none longer than ``longest`` seconds.

    Args:
        speech: sorted spans, seconds.
        duration: of the recording, seconds; no clip reaches beyond it.
        gap: silences up to so many seconds stay inside a clip.
        pad: seconds added on both sides, or half of the silence where that is less.
        longest: seconds a clip may last, pads included.

    Raises:
        ConfigError: ``longest`` leaves no room between two pads.
    """
    room = longest - 2 * pad
    if room <= 0:
        raise ConfigError(
            f"clip_max = {longest:g} s leaves no room between two pads of {pad:g} s; "
            "raise clip_max or lower clip_pad"
        )
    whole = Span(0.0, duration)
    inside = [Span(max(s.start, 0.0), min(s.end, whole.end)) for s in union(speech)]
    cores = [
        core
        for group in _joined([s for s in inside if s.start < s.end], gap)
        for core in _fitting(group, room)
    ]
    return tuple(_padded(cores, pad, whole))


def _joined(speech: Sequence[Span], gap: float) -> Iterator[list[Span]]:
    """Runs of spans with silences of ``gap`` or less between them."""
    run: list[Span] = []
    for span in speech:
        if run and span.start - run[-1].end > gap:
            yield run
            run = []
        run.append(span)
    if run:
        yield run


def _fitting(run: Sequence[Span], room: float) -> Iterator[Span]:
    """The run in pieces of at most ``room`` seconds.

    A cut falls into the longest pause that leaves a piece between half of the room and all of it;
    half, because a transcriber without context errs more.
    """
    spans = [part for span in run for part in _chopped(span, room)]
    first = 0
    while first < len(spans):
        start = spans[first].start
        last = first
        while last + 1 < len(spans) and spans[last + 1].end - start <= room:
            last += 1
        if last + 1 < len(spans):
            late = [i for i in range(first, last + 1) if spans[i].end - start >= room / 2]
            last = max(late, key=lambda i: spans[i + 1].start - spans[i].end, default=last)
        yield Span(start, spans[last].end)
        first = last + 1


def _chopped(span: Span, room: float) -> Iterator[Span]:
    """Speech without any pause, in equal parts where it is longer than ``room``."""
    parts = math.ceil(span.duration / room)
    edges = [span.start + span.duration * i / parts for i in range(parts)] + [span.end]
    for start, end in pairwise(edges):
        yield Span(start, end)


def _padded(cores: Sequence[Span], pad: float, whole: Span) -> Iterator[Span]:
    for i, core in enumerate(cores):
        before = core.start - cores[i - 1].end if i else 2 * core.start
        after = cores[i + 1].start - core.end if i + 1 < len(cores) else 2 * pad
        start = core.start - min(pad, before / 2)
        yield Span(max(whole.start, start), min(whole.end, core.end + min(pad, after / 2)))
