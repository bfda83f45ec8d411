"""Lines spoken by flite, with exactly known speech spans and word ends."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy.signal as sig
import soundfile as sf
from script import ScriptError, Voice

RATE = 16_000
FRAME = 0.02  # s; level is taken over so much ...
HOP = 0.005  # s; ... every so often
FLOOR_DB = 35.0  # dB under a line's peak level; flite's pauses lie 50 dB and more below
IPU_GAP = 0.2  # s; silences up to here belong to the speech (MEASURES.md, Units)
SENTENCE_PAUSE = (0.28, 0.5)  # s between two sentences of a line
SPEECH_DB = -28.0  # dB re full scale, of a line while it is spoken
NOISES = {"mm-hm": "pau m ah hh ah m pau", "mm": "pau m ah m pau"}  # flite would spell them

Samples = npt.NDArray[np.float64]
Spans = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class Utterance:
    """A spoken line; seconds from its first sound.

    Attributes:
        samples: at 16 kHz, starting and ending with speech.
        spans: where it is speech, silences of 0.2 s or less bridged.
        sentences: (text, start, phone ends) of each sentence, for finding words.
    """

    voice: Voice
    samples: Samples
    spans: Spans
    sentences: tuple[tuple[str, float, tuple[float, ...]], ...]

    @property
    def duration(self) -> float:
        """Seconds from the first to the last sound."""
        return self.spans[-1][1]


def speak(text: str, voice: Voice, rng: np.random.Generator) -> Utterance:
    """A line, sentence by sentence, each with slightly different tempo and pitch."""
    pieces: list[Samples] = []
    spans: list[tuple[float, float]] = []
    sentences = []
    at = 0.0
    for sentence in re.split(r"(?<=[.?!])\s+", text.strip()):
        if pieces:
            pause = rng.uniform(*SENTENCE_PAUSE)
            pieces.append(np.zeros(round(pause * RATE)))
            at += len(pieces[-1]) / RATE
        samples, phones = _flite(
            sentence,
            voice.flite,
            stretch=round(voice.stretch * rng.uniform(0.97, 1.04), 3),
            pitch=round((voice.pitch or 0) * rng.uniform(0.95, 1.05), 1),
        )
        found = speech_spans(samples)
        first, last = found[0][0], found[-1][1]
        pieces.append(_faded(samples[round(first * RATE) : round(last * RATE)]))
        spans += [(at + s - first, at + e - first) for s, e in found]
        sentences.append((sentence, at, tuple(end - first for end in phones)))
        at += len(pieces[-1]) / RATE
    samples = np.concatenate(pieces)
    level = np.sqrt(np.mean(np.concatenate([_cut(samples, *span) for span in spans]) ** 2))
    gain = 10 ** ((SPEECH_DB + rng.uniform(-1.5, 1.5)) / 20) / level
    return Utterance(voice, samples * gain, tuple(spans), tuple(sentences))


def speech_spans(samples: Samples) -> Spans:
    """Where a clean line is speech: level within 35 dB of its peak, 0.2 s bridged."""
    power = np.convolve(samples**2, np.ones(round(FRAME * RATE)), "same")[:: round(HOP * RATE)]
    loud = np.flatnonzero(power > power.max() * 10 ** (-FLOOR_DB / 10))
    breaks = np.flatnonzero(np.diff(loud) * HOP > IPU_GAP)
    starts, ends = loud[np.r_[0, breaks + 1]], loud[np.r_[breaks, -1]]
    return tuple((s * HOP, (e + 1) * HOP) for s, e in zip(starts, ends, strict=True))


def end_of(phrase: str, utterance: Utterance) -> float:
    """Where the last word of ``phrase`` ends, in seconds.

    flite tells when each phone of a sentence ends; spoken alone, each word tells how many phones
    it has. Where the counts don't add up (a liaison, a number), the phrase can't be placed.

    Raises:
        ScriptError: the phrase is missing or its sentence's phones can't be shared out.
    """
    for sentence, start, phones in utterance.sentences:
        if phrase not in sentence:
            continue
        until = sentence.index(phrase) + len(phrase)
        counts = [_phone_count(word, utterance.voice.flite) for word in sentence.split()]
        if sum(counts) != len(phones):
            raise ScriptError(f"flite joins words of {sentence!r}; reword it to place {phrase!r}")
        spoken = len(sentence[:until].split())
        return start + phones[sum(counts[:spoken]) - 1]
    raise ScriptError(f"{phrase!r} must lie within one sentence of the line before")


def word_ends(utterance: Utterance) -> list[tuple[str, float]]:
    """Words that end inside a sentence flite can share out, each with when it ends."""
    out = []
    for sentence, _, _ in utterance.sentences:
        words = sentence.split()
        for i in range(2, len(words)):
            phrase = " ".join(words[i - 2 : i])
            try:
                out.append((phrase, end_of(phrase, utterance)))
            except ScriptError:
                break
    return out


def broken_off(utterance: Utterance, phrase: str) -> tuple[Utterance, str]:
    """The line up to and with ``phrase``, and its text; it ends with a whole word."""
    end = end_of(phrase, utterance)
    spans = tuple((s, min(e, end)) for s, e in utterance.spans if s < end)
    end = spans[-1][1]
    heard = []
    for sentence, _, _ in utterance.sentences:
        if phrase in sentence:
            heard.append(sentence[: sentence.index(phrase) + len(phrase)])
            break
        heard.append(sentence)
    samples = _faded(utterance.samples[: round(end * RATE)])
    kept = tuple(s for s in utterance.sentences if s[1] < end)
    return Utterance(utterance.voice, samples, spans, kept), " ".join(heard)


def _flite(text: str, voice: str, *, stretch: float, pitch: float) -> tuple[Samples, list[float]]:
    """Samples at 16 kHz, and when each phone ends (pauses left out)."""
    spoken = ["-p", NOISES[text]] if text in NOISES else ["-t", text]
    features = ["--setf", f"duration_stretch={stretch}"]
    if pitch:
        features += ["--setf", f"int_f0_target_mean={pitch}"]
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "line.wav"
        phones = _run("-voice", voice, *features, "-psdur", *spoken, "-o", str(wav))
        samples, rate = sf.read(wav, dtype="float64")
    if rate != RATE:
        samples = sig.resample_poly(samples, RATE, rate)
    ends = [p.rsplit(":", 1) for p in phones.split()]
    return samples, [float(end) for phone, end in ends if phone != "pau"]


@cache
def _phone_count(word: str, voice: str) -> int:
    """How many phones flite gives a word that stands alone."""
    phones = _run("-voice", voice, "-ps", "-t", word.strip(".,;:?!"), "-o", "none").split()
    return sum(phone != "pau" for phone in phones)


def _run(*arguments: str) -> str:
    """What flite writes to its standard output."""
    flite = shutil.which("flite")
    if flite is None:
        raise ScriptError(
            "flite is not installed, and it speaks the role-plays; install it "
            "(Debian and Ubuntu: apt install flite) and run this again"
        )
    done = subprocess.run([flite, *arguments], capture_output=True, text=True, check=False)  # noqa: S603 - the scripts are this project's own
    if done.returncode:
        raise ScriptError(f"flite could not speak {arguments}: {done.stderr.strip()}")
    return done.stdout


def _faded(samples: Samples, seconds: float = 0.005) -> Samples:
    """The samples without a click at either end."""
    n = min(round(seconds * RATE), len(samples) // 2)
    ramp = np.ones(len(samples))
    ramp[:n] = np.linspace(0, 1, n)
    ramp[len(ramp) - n :] = np.linspace(1, 0, n)
    return samples * ramp


def _cut(samples: Samples, start: float, end: float) -> Samples:
    return samples[round(start * RATE) : round(end * RATE)]


def joined(spans: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Sorted spans, silences of 0.2 s or less between them bridged."""
    out: list[tuple[float, float]] = []
    for start, end in sorted(spans):
        if out and start - out[-1][1] <= IPU_GAP:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return out
