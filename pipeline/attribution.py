"""Whose word is it: each word gets the voice that sounds while it is said, or nobody.

A word belongs to the speaker of the turn it shares most time with. Diarizers and transcribers put
a change of speaker some tenths of a second apart, so a few words at a change may sit on the wrong
side of it; they move over to the pause or sentence end beside it::

    voices    AAAAAAAAAAAAAAAAAAAAA|BBBBBBBBBBBBBBBBBBBB
    words     so how have you   been sleeping? not   well
    owners    A  A   A   A      A    B         B     B       before
    owners    A  A   A   A      A    A         B     B       after: "?" lies one word away

Never moved: listening sounds ("mm-hm"), words that carry a speaker already, and whole runs of a
speaker's words. A word further than ``nearest`` from every voice is nobody's; giving it to the
first speaker, as other tools do, is an error nobody sees.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pipeline.lexicon import load_lexicon
from pipeline.records import Diarization, SpeakerSpan, Transcript, Word
from pipeline.settings import AttributionConfig

_SENTENCE_ENDS = (".", "?", "!", "…", "。", "？", "！")
_CLOSERS = "\"'”’»)]"


def attribute(
    transcript: Transcript, diarization: Diarization, config: AttributionConfig
) -> Transcript:
    """The transcript with each word's speaker; one pass over words and spans.

    Exclusive spans decide where the diarizer gives them, else all spans: of two voices at once the
    shorter span has the listening sounds, the longer one the other words.
    """
    lexicon = load_lexicon(transcript.language)
    words = sorted(transcript.words, key=lambda word: (word.start, word.end))
    is_cue = {text: lexicon.only_backchannels(text) for text in {word.text for word in words}}
    cues = [is_cue[word.text] for word in words]
    spans = sorted(
        diarization.exclusive or diarization.spans, key=lambda span: (span.start, span.end)
    )
    owners = list(_owners(words, cues, spans, config))
    _snap(words, owners, cues, config)
    return replace(
        transcript,
        words=tuple(replace(w, speaker=owner) for w, owner in zip(words, owners, strict=True)),
    )


def _owners(
    words: Sequence[Word],
    cues: Sequence[bool],
    spans: Sequence[SpeakerSpan],
    config: AttributionConfig,
) -> Iterator[str | None]:
    """Each word's owner by time alone; both sequences are sorted by start."""
    near: list[SpeakerSpan] = []
    coming = 0
    for word, cue in zip(words, cues, strict=True):
        near = [span for span in near if span.end + config.nearest >= word.start]
        while coming < len(spans) and spans[coming].start <= word.end + config.nearest:
            if spans[coming].end + config.nearest >= word.start:
                near.append(spans[coming])
            coming += 1
        if word.speaker is not None:
            yield word.speaker
        else:
            yield _owner(word, near, shortest=cue, config=config)


def _owner(
    word: Word, near: Sequence[SpeakerSpan], *, shortest: bool, config: AttributionConfig
) -> str | None:
    middle = (word.start + word.end) / 2

    def fitness(span: SpeakerSpan) -> tuple[float, bool, float, float]:
        shared = min(word.end, span.end) - max(word.start, span.start)
        length = span.end - span.start
        # a negative share is a distance, so that the nearest span wins where none is shared
        return (
            shared,
            span.start <= middle < span.end,
            -length if shortest else length,
            -span.start,
        )

    best = max(near, key=fitness, default=None)
    if best is None or fitness(best)[0] < -config.nearest:
        return None
    return best.speaker


def _snap(
    words: Sequence[Word],
    owners: list[str | None],
    cues: Sequence[bool],
    config: AttributionConfig,
) -> None:
    """Move each change of speaker to a pause or sentence end beside it (``owners`` in place)."""
    for i in range(1, len(words)):
        if owners[i - 1] is None or owners[i] is None or owners[i - 1] == owners[i]:
            continue
        if _breaks(words, i, config):
            continue
        j = _break_beside(words, owners, cues, i, config)
        if j is None:
            continue
        for k in range(min(i, j), max(i, j)):
            owners[k] = owners[i - 1] if j > i else owners[i]


def _break_beside(
    words: Sequence[Word],
    owners: Sequence[str | None],
    cues: Sequence[bool],
    i: int,
    config: AttributionConfig,
) -> int | None:
    """The break that the change at word ``i`` should move to: fewest words, then nearest."""
    found: list[tuple[int, float, int]] = []
    change = (words[i - 1].end + words[i].start) / 2
    for step in (-1, 1):
        for n in range(1, config.snap_words + 1):
            j = i + step * n
            moved = j if step < 0 else j - 1
            if not 0 <= moved < len(words) or not _may_move(words, owners, cues, moved, i, step):
                break
            if not 0 < j < len(words) or owners[j - 1] != owners[j]:
                break  # the whole run would move
            distance = abs((words[j - 1].end + words[j].start) / 2 - change)
            if distance > config.snap_reach:
                break
            if _breaks(words, j, config):
                found.append((n, distance, j))
                break
    return min(found)[2] if found else None


def _may_move(
    words: Sequence[Word],
    owners: Sequence[str | None],
    cues: Sequence[bool],
    moved: int,
    i: int,
    step: int,
) -> bool:
    own = owners[i - 1] if step < 0 else owners[i]
    return owners[moved] == own and not cues[moved] and words[moved].speaker is None


def _breaks(words: Sequence[Word], i: int, config: AttributionConfig) -> bool:
    """Whether a pause or a sentence end lies between word ``i`` and the one before it."""
    before = words[i - 1]
    if words[i].start - before.end >= config.snap_pause:
        return True
    return before.text.rstrip(_CLOSERS).endswith(_SENTENCE_ENDS)
