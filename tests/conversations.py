"""Conversations for tests: written down as spans, or drawn by hypothesis on a grid of 1/8 s.

On that grid sums and differences are exact, so a threshold is met or not met, never by rounding.
"""

from dataclasses import replace

from hypothesis import strategies as st

from pipeline.config import load_config
from pipeline.hearing import Heard
from pipeline.lexicon import load_lexicon
from pipeline.measures.basis import Basis
from pipeline.phrased import KINDS, Likely, Phrased
from pipeline.records import Diarization, Person, SpeakerSpan, Transcript, Word
from pipeline.report import Engine, RecordingFacts
from pipeline.spoken import Spoken, with_words
from pipeline.timeline import Span
from pipeline.turns import converse

CONFIG = load_config()
ENGLISH = load_lexicon("en")
GRID = 1 / 8
SHORT = replace(CONFIG.measures, min_practice=0.0)
"""The thresholds, for examples of a few seconds."""


def diarized(speech, *, grade="good", sees_overlap=True):
    """A diarization of ``{label: [(start, end), ...]}``."""
    spans = sorted(
        (SpeakerSpan(float(s), float(e), who) for who, own in speech.items() for s, e in own),
        key=lambda s: (s.start, s.end, s.speaker),
    )
    return Diarization(
        spans=tuple(spans),
        speakers=tuple(speech),
        engine="written down",
        grade=grade,
        confidence=None,
        sees_overlap=sees_overlap,
    )


def extent(speech):
    """From 0 to the end of the last speech."""
    return Span(0.0, max((float(e) for own in speech.values() for _, e in own), default=1.0))


def talk(speech, *, words=None, config=CONFIG.turns, within=None):
    """The conversation that the spans make."""
    return converse(diarized(speech), config, within=within or extent(speech), words=words)


def saying(*said):
    """Words (speaker, start, end, text) that may veto; a text of several words is spread evenly."""
    return Spoken(written(*said), ENGLISH, CONFIG.turns)


def written(*said):
    """The words of (speaker, start, end, text), spread evenly, in order of time."""
    words = []
    for speaker, start, end, text in said:
        parts = text.split()
        step = (end - start) / max(1, len(parts))
        words += [
            Word(start + i * step, start + (i + 1) * step, part, speaker=speaker)
            for i, part in enumerate(parts)
        ]
    return sorted(words, key=lambda word: word.start)


def voices_of(*said):
    """Who spoke when, of (speaker, start, end, text)."""
    speech = {}
    for speaker, start, end, _ in said:
        speech.setdefault(speaker, []).append((start, end))
    return speech


def basis(
    speech,
    *,
    therapist="A",
    voices="good",
    words="abstained",
    sees_overlap=True,
    spoken=None,
    config=SHORT,
    turns=CONFIG.turns,
    within=None,
    **more,
):
    """What the measures stand on; everybody but the therapist is a client."""
    return Basis(
        conversation=talk(speech, words=spoken, config=turns, within=within),
        roles={s: Person("therapist" if s == therapist else "client") for s in speech},
        config=config,
        voices=voices,
        words=words,
        sees_overlap=sees_overlap,
        spoken=spoken,
        **more,
    )


def worded(*said, words="good", **more):
    """What the measures stand on where (speaker, start, end, text) was said and written down."""
    bare = basis(voices_of(*said), words=words, lexicon=ENGLISH, **more)
    turns = with_words(bare.conversation.turns, written(*said))
    return replace(bare, conversation=replace(bare.conversation, turns=turns))


def read_as(bare, *probabilities, spread=(1.0, 1.0, 1.0), drivers=((), (), ())):
    """The same, the therapist's turns read as so likely (reflection, question, information)."""
    own = [t for t in bare.conversation.of("turn", bare.therapist) if t.words]
    likely = tuple(Likely(t, p, drivers) for t, p in zip(own, probabilities, strict=True))
    return replace(bare, phrased={bare.therapist: Phrased(likely, spread)})


class FixedReader:
    """In the model's place: a turn is as likely as its likeliest word is by ``likely(word)``."""

    def __init__(self, likely=lambda _word: (0.0,) * len(KINDS)):
        self.likely = likely
        self.readings = 0

    def read(self, turns, speakers):
        self.readings += 1
        turns = tuple(turns)
        return {who: self._read(t for t in turns if t.speaker == who) for who in speakers}

    def _read(self, turns):
        turns = tuple(t for t in turns if t.words)
        said = tuple((w.start, self.likely(w.text)) for t in turns for w in t.words)
        bare = Phrased((), (1.0,) * len(KINDS), said)
        return bare.over(turns)


def heard(*said, channels=2, within=None, owned=True, confidence=None, further=(), prosody=None):
    """What models would have made of (speaker, start, end, text).

    ``owned``: whether each word has its owner already; ``further``: words of nobody.
    """
    speech = voices_of(*said)
    own = written(*((w, a, b, text) for w, a, b, text in said if text))
    if not owned:
        own = [replace(word, speaker=None) for word in own]
    own = [replace(word, confidence=confidence) for word in (*own, *further)]
    transcript = Transcript(tuple(own), "en", "written down", "good")
    engine = Engine("written down", "1", "A test's own.")
    return Heard(
        facts=RecordingFacts(
            "test", (within or extent(speech)).end, "", channels, "two microphones", None
        ),
        diarization=diarized(speech),
        diarizer=engine,
        transcript=transcript,
        transcriber=engine,
        prosody=prosody,
    )


def alternating(length, pause, *, times, who="AB", start=0.0):
    """Everybody in turn, each ``length`` seconds, so often in all."""
    speech = {name: [] for name in who}
    for i in range(times):
        at = start + i * (length + pause)
        speech[who[i % len(who)]].append((at, at + length))
    return speech


def shifted(speech, seconds):
    """The same speech, later."""
    return {who: [(s + seconds, e + seconds) for s, e in own] for who, own in speech.items()}


def renamed(speech, names):
    """The same speech by other names."""
    return {names[who]: own for who, own in speech.items()}


@st.composite
def speeches(draw, *, voices=2, most=8, apart=False, longest=40):
    """Speech of so many voices, A, B, ..., on the grid.

    ``apart``: no two voices start or end at one moment; ``longest``: of pauses and spans, in 1/8 s.
    """
    names = "ABC"[:voices]
    out = {}
    for i, who in enumerate(names):
        steps = draw(
            st.lists(
                st.tuples(st.integers(1, longest), st.integers(1, longest)),
                min_size=1,
                max_size=most,
            )
        )
        stretch, offset = (2, i * GRID / 2) if apart else (1, 0.0)
        at, spans = 0.0, []
        for pause, length in steps:
            start = at + pause * GRID * stretch
            at = start + length * GRID * stretch
            spans.append((start + offset, at + offset))
        out[who] = spans
    return out
