"""What the words say about the turns: questions asked, bare listening sounds, agreement.

Only a transcript that is no draft may veto what the sound shows, and only in a language that has a
cue list (docs/measures.md, ground rule 1); ``spoken_words`` gives None otherwise.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import replace

from pipeline.lexicon import Lexicon, load_lexicon
from pipeline.records import Transcript, Turn, Word, merge_words
from pipeline.settings import TurnsConfig
from pipeline.timeline import Span


class Spoken:
    """Words by speaker, in order of time; each belongs to the moment of its middle."""

    def __init__(self, words: Iterable[Word], lexicon: Lexicon, config: TurnsConfig) -> None:
        self._lexicon = lexicon
        self._config = config
        self._words: dict[str, list[Word]] = {}
        for word in sorted(words, key=_middle):
            if word.speaker is not None:
                self._words.setdefault(word.speaker, []).append(word)
        self._question_ends = {
            speaker: sorted(word.end for word in own if word.text.rstrip(" \"'”’)").endswith("?"))
            for speaker, own in self._words.items()
        }

    def under(self, config: TurnsConfig) -> "Spoken":
        """The same words under other thresholds."""
        other = copy(self)
        other._config = config
        return other

    def between(self, speaker: str, span: Span) -> Sequence[Word]:
        """The speaker's words whose middle lies in the span."""
        own = self._words.get(speaker, [])
        return own[
            bisect_left(own, span.start, key=_middle) : bisect_left(own, span.end, key=_middle)
        ]

    def only_cues(self, speaker: str, span: Span) -> bool | None:
        """Whether the words there are at most a few backchannel cues; None without words."""
        said = self.between(speaker, span)
        if not said:
            return None
        few = len(said) <= self._config.backchannel_words
        return few and self._lexicon.only_backchannels(merge_words(said))

    def asks(self, speaker: str, moment: float) -> bool:
        """Whether a question of the speaker's ends within ``question_reach`` of this moment."""
        ends = self._question_ends.get(speaker, [])
        i = bisect_right(ends, moment - self._config.question_reach)
        return i < len(ends) and ends[i] <= moment + self._config.question_reach

    def agrees(self, speaker: str, span: Span) -> bool:
        """Whether what the speaker says there opens by agreeing."""
        return self._lexicon.agrees(merge_words(self.between(speaker, span)))


def spoken_words(
    transcript: Transcript | None, config: TurnsConfig, *, alone: bool = False
) -> Spoken | None:
    """The words as a veto, or None where they may not veto: draft, untimed, unknown language.

    ``alone``: there is no recording, the voices are the transcript's own and have the words' times.
    """
    if transcript is None or transcript.grade != "good" or not (transcript.timed or alone):
        return None
    lexicon = load_lexicon(transcript.language)
    return Spoken(transcript.words, lexicon, config) if lexicon.known else None


def with_words(turns: Iterable[Turn], words: Iterable[Word]) -> tuple[Turn, ...]:
    """The turns with their words and text; each word goes to the nearest turn of its speaker.

    A word whose middle lies in several turns of one speaker's goes to the shortest of them.
    """
    out = sorted(turns, key=lambda turn: turn.start)
    own: dict[str, list[int]] = {}
    for i, turn in enumerate(out):
        own.setdefault(turn.speaker, []).append(i)
    starts = {speaker: [out[i].start for i in indices] for speaker, indices in own.items()}
    given: dict[int, list[Word]] = {}
    for word in words:
        if word.speaker in own:
            indices = own[word.speaker]
            at = bisect_right(starts[word.speaker], _middle(word))
            near = indices[max(0, at - 2) : at + 1]
            best = min(near, key=lambda i: (_distance(out[i], _middle(word)), out[i].span.duration))
            given.setdefault(best, []).append(word)
    return tuple(
        replace(turn, words=tuple(given[i]), text=merge_words(given[i])) if i in given else turn
        for i, turn in enumerate(out)
    )


def reworded(turns: Iterable[Turn], before: Iterable[Turn]) -> tuple[Turn, ...]:
    """Other turns of the same conversation with the words that ``before`` had.

    Turns that stayed as they were are given back themselves; only the rest are worded anew.
    """
    worded = {(t.start, t.end, t.speaker, t.kind): t for t in before}
    found = [(t, worded.pop((t.start, t.end, t.speaker, t.kind), None)) for t in turns]
    left = sorted((w for t in worded.values() for w in t.words), key=lambda w: w.start)
    fresh = with_words((t for t, same in found if same is None), left)
    return tuple(sorted((*(same for _, same in found if same), *fresh), key=_in_time))


def _in_time(turn: Turn) -> tuple[float, float, str]:
    return turn.start, turn.end, turn.speaker


def _middle(word: Word) -> float:
    return (word.start + word.end) / 2


def _distance(turn: Turn, moment: float) -> float:
    return max(0.0, turn.start - moment, moment - turn.end)
