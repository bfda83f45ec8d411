"""Sound for tests: cuts of the sample role-plays, conversations composed of them, and files of it.

The sample voices are synthetic, but speech to Silero; a composed conversation has exact truth.
"""

from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np

from pipeline.audio import RATE, Recording
from pipeline.records import Quality
from pipeline.timeline import Span, intersect, union

SAMPLES = Path(__file__).resolve().parent.parent / "sample_audio"
A = ("02_two_microphones", "A", 0)
B = ("02_two_microphones", "B", 1)
C = ("03_yes_no_interrogation", "A", 1)
"""Voices that are nearly alone on their channel: sample, label, channel."""

CODECS = {
    ".wav": "pcm_s16le",
    ".flac": "flac",
    ".mp3": "libmp3lame",
    ".m4a": "aac",
    ".ogg": "libopus",
    ".opus": "libopus",
    ".webm": "libopus",
}
LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "quad", 8: "7.1"}


@dataclass(frozen=True)
class Conversation:
    """Dry voices on a common time axis, shape (voices, samples), and when each of them speaks."""

    tracks: np.ndarray
    truth: tuple[tuple[Span, ...], ...]

    @property
    def duration(self):
        return self.tracks.shape[1] / RATE


def sample(name, start=0.0, end=None):
    """A cut of a sample role-play as int16, shape (channels, samples)."""
    last = None if end is None else round(end * RATE)
    with av.open(str(SAMPLES / f"{name}.flac")) as container:
        parts = []
        size = 0
        for frame in container.decode(audio=0):
            parts.append(frame.to_ndarray().reshape(-1, frame.layout.nb_channels).T)
            size += parts[-1].shape[1]
            if last is not None and size >= last:
                break
    return np.concatenate(parts, axis=1)[:, round(start * RATE) : last].astype(np.int16)


def recording(samples, name="made"):
    """Samples as the stages after decoding get them."""
    return Recording(
        name=name,
        samples=np.atleast_2d(samples).astype(np.int16),
        sha256="0" * 64,
        source_channels=np.atleast_2d(samples).shape[0],
        setup="unknown",
        quality=Quality(None, 0.0, -3.0, False, False),
    )


def converse(*, turns=10, voices=(A, B)):
    """Lines of sample voices in turn, 0.4 s apart; every fourth begins 0.8 s too early."""
    sounds = [sample(name)[channel] for name, _, channel in voices]
    lines = [_lines(name, label) for name, label, _ in voices]
    pieces, end = [], 0.5
    for i in range(turns):
        who, nth = i % len(voices), i // len(voices)
        line, speech = lines[who][nth]
        start = max(0.0, end - 0.8 if i % 4 == 3 else end + 0.4)
        pieces.append((who, start, line, speech))
        end = max(end, start + line.duration)
    tracks = np.zeros((len(voices), round((end + 0.5) * RATE)), np.float32)
    truth = [[] for _ in voices]
    for who, start, line, speech in pieces:
        cut = sounds[who][round(line.start * RATE) : round(line.end * RATE)].astype(np.float32)
        at = round(start * RATE)
        tracks[who, at : at + len(cut)] += cut
        truth[who].extend(span.shifted(start - line.start) for span in speech)
    return Conversation(tracks, tuple(map(union, truth)))


def microphones(conversation, *, crosstalk, level=0.0, noise=-60.0, seed=7):
    """What the microphones hear: each its person, the others ``crosstalk`` dB weaker, and noise.

    ``level`` dB make the last microphone softer; ``noise`` is in dB re full scale.
    """
    own = conversation.tracks
    leaks = 10 ** (crosstalk / 20)
    heard = own * (1 - leaks) + own.sum(axis=0) * leaks
    heard[-1] *= 10 ** (level / 20)
    generator = np.random.default_rng(seed)
    heard = heard + generator.normal(0, 32768 * 10 ** (noise / 20), heard.shape)
    return np.clip(np.rint(heard), -32768, 32767).astype(np.int16)


def write_audio(path, samples, *, codec=None, rate=RATE, to_rate=None):
    """Encode samples of shape (channels, n); the name's extension says the container."""
    samples = np.atleast_2d(samples)
    layout = LAYOUTS[len(samples)]
    codec = codec or CODECS[path.suffix]
    if codec == "libopus":
        to_rate = 48_000  # the only one it has, nearly
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=to_rate or rate, layout=layout)
        if samples.dtype == np.float32:
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout=layout)
        else:
            packed = np.ascontiguousarray(samples.T).reshape(1, -1).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(packed, format="s16", layout=layout)
        frame.sample_rate = rate
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return path


def _lines(name, speaker):
    """Stretches of 2 s or more in which one voice speaks alone: (stretch, its speech)."""
    spans = {}
    for row in (SAMPLES / f"{name}.rttm").read_text().splitlines():
        field = row.split()
        start = float(field[3])
        spans.setdefault(field[7], []).append(Span(start, start + float(field[4])))
    own = union(spans.pop(speaker))
    others = union(*spans.values())
    lines = (line for line in union(own, gap=0.8) if line.duration >= 2.0)
    return [
        (line, intersect(own, (line,)))
        for line in lines
        if not intersect(others, (Span(line.start - 0.3, line.end + 0.3),))
    ]
