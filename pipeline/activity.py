"""Where somebody speaks: Silero's voice activity, with settings for measuring.

faster-whisper carries the Silero model (ONNX, 1.2 MB), so this needs neither torch nor a download.
Its own settings suit a transcriber: they bridge two seconds of silence, and pauses are what Attune
measures. Here speech ends after 0.1 s.

*Conventions*: one probability per 32 ms window (512 samples at 16 kHz). The detector is fed pieces
of any length; fed in one-second pieces it gives exactly what it gives for the whole recording.

Source: Silero VAD 6 (MIT), https://github.com/snakers4/silero-vad; the decision rule is its own.
"""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.audio import RATE, Recording, Samples
from pipeline.privacy import silence_telemetry
from pipeline.records import Progress, no_progress
from pipeline.settings import ActivityConfig
from pipeline.timeline import Span, Timeline, total, union

WINDOW = 512
"""Samples in a window."""

_CONTEXT = 64
_BLOCK = 60.0


@dataclass(frozen=True, slots=True)
class Activity:
    """Speech activity of a recording.

    Attributes:
        speech: of each channel.
        probability: of each channel, one value per window, shape (windows,).
        duration: of the recording, seconds.
    """

    speech: tuple[Timeline, ...]
    probability: tuple[npt.NDArray[np.float32], ...]
    duration: float

    def anywhere(self) -> Timeline:
        """Where any channel holds speech."""
        return union(*self.speech)

    @property
    def seconds(self) -> float:
        """Seconds with speech on any channel."""
        return total(self.anywhere())


class ActivityDetector:
    """Incremental speech activity of one channel: ``feed`` samples, then ``finish``.

    ``feed`` returns the spans that no later sample can change; ``finish`` the rest.
    """

    def __init__(self, config: ActivityConfig) -> None:
        self._probabilities = SileroStream()
        self._decision = _Decision(config)

    def feed(self, samples: Samples) -> list[Span]:
        """Spans that became certain with these samples (float32, 16 kHz)."""
        return self._decision.feed(self._probabilities.feed(samples))

    def finish(self) -> list[Span]:
        """The spans still open when the recording ends."""
        spans = self._decision.feed(self._probabilities.finish())
        return spans + self._decision.finish(self._probabilities.seconds)

    @property
    def probability(self) -> npt.NDArray[np.float32]:
        """All probabilities so far, shape (windows,)."""
        return self._probabilities.all


def detect_activity(
    recording: Recording, config: ActivityConfig, *, progress: Progress = no_progress
) -> Activity:
    """Speech activity of every channel of a recording."""
    speech: list[Timeline] = []
    probability: list[npt.NDArray[np.float32]] = []
    for channel in range(recording.channels):
        detector = ActivityDetector(config)
        spans: list[Span] = []
        done = 0.0
        for block in recording.blocks(_BLOCK, channel=channel):
            spans += detector.feed(block)
            done += len(block) / RATE
            fraction = (channel + done / recording.duration) / recording.channels
            progress("activity", min(1.0, fraction))
        spans += detector.finish()
        speech.append(union(spans))
        probability.append(detector.probability)
    return Activity(tuple(speech), tuple(probability), recording.duration)


class SileroStream:
    """Silero's probabilities for a stream of samples, its state carried from piece to piece."""

    def __init__(self) -> None:
        self._session: Any = _session()
        self._h = np.zeros((1, 1, 128), np.float32)
        self._c = np.zeros((1, 1, 128), np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)
        self._rest = np.zeros(0, np.float32)
        self._parts: list[npt.NDArray[np.float32]] = []
        self._samples = 0

    @property
    def seconds(self) -> float:
        """Length of everything fed so far."""
        return self._samples / RATE

    @property
    def all(self) -> npt.NDArray[np.float32]:
        """All probabilities so far, shape (windows,)."""
        return np.concatenate([np.zeros(0, np.float32), *self._parts])

    def feed(self, samples: Samples) -> npt.NDArray[np.float32]:
        """Probabilities of the windows that these samples complete."""
        self._samples += len(samples)
        pending = np.concatenate([self._rest, samples.astype(np.float32, copy=False)])
        whole = len(pending) // WINDOW * WINDOW
        self._rest = pending[whole:]
        return self._run(pending[:whole])

    def finish(self) -> npt.NDArray[np.float32]:
        """The probability of the last, incomplete window (padded with zeros), if there is one."""
        rest, self._rest = self._rest, np.zeros(0, np.float32)
        if not len(rest):
            return np.zeros(0, np.float32)
        return self._run(np.pad(rest, (0, WINDOW - len(rest))))

    def _run(self, samples: Samples) -> npt.NDArray[np.float32]:
        if not len(samples):
            return np.zeros(0, np.float32)
        windows = samples.reshape(-1, WINDOW)
        before = np.concatenate([self._context[None], windows[:-1, -_CONTEXT:]])
        self._context = windows[-1, -_CONTEXT:].copy()
        output, self._h, self._c = self._session.run(
            None,
            {"input": np.concatenate([before, windows], axis=1), "h": self._h, "c": self._c},
        )
        probability = np.asarray(output, np.float32).reshape(-1)
        self._parts.append(probability)
        return probability


@dataclass(slots=True)
class _Decision:
    """Speech begins at ``threshold`` and ends after ``min_silence`` below ``neg_threshold``.

    A span is held back until the next one is known, because both are padded into the silence
    between them and share it where it is shorter than two pads.
    """

    config: ActivityConfig
    window: int = 0
    start: int | None = None
    quiet_since: int | None = None
    held: list[Span] = field(default_factory=list)

    def feed(self, probabilities: npt.NDArray[np.float32]) -> list[Span]:
        out: list[Span] = []
        seconds = WINDOW / RATE
        for probability in probabilities.tolist():
            i, self.window = self.window, self.window + 1
            if self.start is None:
                if probability >= self.config.threshold:
                    self.start = i
            elif probability >= self.config.threshold:
                self.quiet_since = None
            elif probability < self.config.neg_threshold:
                if self.quiet_since is None:
                    self.quiet_since = i
                if (i - self.quiet_since) * seconds >= self.config.min_silence:
                    out += self._close(self.start * seconds, self.quiet_since * seconds)
                    self.start = self.quiet_since = None
        return out

    def finish(self, duration: float) -> list[Span]:
        out: list[Span] = []
        if self.start is not None:
            out += self._close(self.start * WINDOW / RATE, duration)
        if self.held:
            last = self.held.pop()
            out.append(Span(last.start, min(last.end + self.config.pad, duration)))
        return out

    def _close(self, start: float, end: float) -> list[Span]:
        """Hold the new span; release the one before, padded up to the middle of the silence."""
        if end - start <= self.config.min_speech:
            return []
        before = self.held.pop() if self.held else None
        pad = self.config.pad if before is None else min(self.config.pad, (start - before.end) / 2)
        self.held.append(Span(max(0.0, start - pad), end))
        return [] if before is None else [Span(before.start, before.end + pad)]


def _session() -> Any:
    silence_telemetry()
    from faster_whisper.vad import get_vad_model

    return get_vad_model().session
