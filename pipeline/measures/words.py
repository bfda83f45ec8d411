"""Talk share in words, speech rate, fillers.

*Definitions*: words count outside listening sounds. Speech rate = words per minute of the person's
speech (IPUs), so pauses don't slow it. Fillers ("um", "er") are counted as "at least so
many".

*What this can't tell*: how the rate felt to the other. Transcribers leave out sounds and
hesitations, so the rate is a little low and the fillers are too few; one person's figures from one
transcriber can be compared, two transcribers' can't.
"""

from dataclasses import replace

from pipeline.lexicon import tokens
from pipeline.measures.basis import Basis, Found, abstained, count, ratio
from pipeline.measures.talk import spoken_outside_backchannels
from pipeline.records import Measure, Turn
from pipeline.timeline import Span, total

AT_LEAST = "at least so many: transcribers leave fillers out"
UNTIMED = "not enough to tell: without the recording there are no seconds of speech"


def evaluate(basis: Basis) -> Found:
    """``talk_share_words.<label>``, ``speech_rate.<label>``, ``fillers.<label>``."""
    fillers = {f"fillers.{speaker}": _fillers(basis, speaker) for speaker in basis.speakers}
    return Found(rates(basis).measures | fillers)


def rates(basis: Basis) -> Found:
    """``talk_share_words.<label>`` and ``speech_rate.<label>``: words that need only be counted."""
    spoken = {speaker: _turns(basis, speaker) for speaker in basis.speakers}
    words = {speaker: float(sum(len(t.words) for t in own)) for speaker, own in spoken.items()}
    measures: dict[str, Measure] = {}
    for speaker, own in spoken.items():
        share = ratio(
            basis,
            words[speaker],
            sum(words.values()),
            unit="share",
            evidence=[turn.span for turn in own],
            speaker=speaker,
            by="words",
        )
        measures[f"talk_share_words.{speaker}"] = share
        if speaker == basis.therapist:
            measures["talk_share_words"] = share
        measures[f"speech_rate.{speaker}"] = _rate(basis, speaker, words[speaker])
    return Found(measures)


def _turns(basis: Basis, speaker: str) -> tuple[Turn, ...]:
    """What the person said besides listening sounds."""
    return tuple(
        t for t in basis.conversation.turns if t.speaker == speaker and t.kind != "backchannel"
    )


def _rate(basis: Basis, speaker: str, words: float) -> Measure:
    speech = spoken_outside_backchannels(basis, speaker)
    found = ratio(
        basis,
        words,
        total(speech) / 60,
        unit="words per min",
        evidence=speech,
        speaker=speaker,
        by="words",
    )
    if basis.voices == "abstained" and not basis.words_note:
        return abstained(found, UNTIMED)
    return found


def _fillers(basis: Basis, speaker: str) -> Measure:
    found = [
        Span(word.start, word.end)
        for turn in basis.conversation.turns
        if turn.speaker == speaker
        for word in turn.words
        if tokens(word.text) in basis.lexicon.fillers
    ]
    counted = count(basis, found, speaker=speaker, by="words")
    return counted if counted.note else replace(counted, note=AT_LEAST)
