"""What a transcriber wrote, held against what was heard: words put inside speech, doubts flagged.

Whisper misplaces words beside pauses by seconds, loops on noise and writes thanks to its viewers
into silence. Nothing is deleted here: a word keeps its text and carries the reasons to doubt it.

=================  ================================================================
``outside speech`` no speech activity where the word is said to be
``repeated``       its segment compresses too well, or a phrase comes again and again
``long``           lasts longer than words do
``doubtful``       the decoder itself thought its segment improbable
=================  ================================================================
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from pipeline.records import Word
from pipeline.settings import WhisperConfig
from pipeline.timeline import Timeline


@dataclass(frozen=True, slots=True)
class Segment:
    """Words decoded together.

    Attributes:
        log_probability: mean of the tokens' log probabilities.
        compression_ratio: length of the text over its length when compressed.
    """

    words: tuple[Word, ...]
    log_probability: float
    compression_ratio: float


def mark_doubts(
    segments: Iterable[Segment], speech: Timeline, config: WhisperConfig
) -> tuple[Word, ...]:
    """The segments' words by start, moved inside speech where they touch it, with their flags.

    ``speech`` is a timeline without overlaps, seconds.
    """
    words = [
        replace(word, flags=word.flags + _of_segment(segment, config))
        for segment in segments
        for word in segment.words
    ]
    looped = _looped(words, phrase=config.repeat_phrase, times=config.repeat_times)
    words = [_with(word, "repeated") if i in looped else word for i, word in enumerate(words)]
    words = clamp_to_speech(words, speech)
    return tuple(
        _with(word, "long") if word.end - word.start > config.long_word else word for word in words
    )


def clamp_to_speech(words: Iterable[Word], speech: Timeline) -> list[Word]:
    """Words sorted by start, cut to the speech they touch; those that touch none are flagged."""
    out: list[Word] = []
    first = 0
    for word in sorted(words, key=lambda word: (word.start, word.end)):
        while first < len(speech) and speech[first].end <= word.start:
            first += 1
        last = first
        while last < len(speech) and speech[last].start < max(word.end, word.start + 1e-9):
            last += 1
        if last == first:
            out.append(_with(word, "outside speech"))
            continue
        start = max(word.start, speech[first].start)
        end = max(start, min(word.end, speech[last - 1].end))
        out.append(replace(word, start=start, end=end))
    return sorted(out, key=lambda word: (word.start, word.end))


def _of_segment(segment: Segment, config: WhisperConfig) -> tuple[str, ...]:
    repeated = segment.compression_ratio > config.compression_ratio
    doubtful = segment.log_probability < config.log_probability
    return ("repeated",) * repeated + ("doubtful",) * doubtful


def _looped(words: Sequence[Word], *, phrase: int, times: int) -> set[int]:
    """Indices of words in a phrase of up to ``phrase`` words said ``times`` times in a row.

    A stretch that equals itself moved by n words for (times - 1) * n words repeats n words so
    often; one pass for each n.
    """
    said = [word.text.strip(" .,!?;:").casefold() for word in words]
    looped: set[int] = set()
    for n in range(1, phrase + 1):
        run = 0
        for i in range(len(said) - n):
            run = run + 1 if said[i] == said[i + n] else 0
            if run >= n * (times - 1):
                looped.update(range(i - run + 1, i + n + 1))
    return looped


def _with(word: Word, flag: str) -> Word:
    return word if flag in word.flags else replace(word, flags=(*word.flags, flag))
