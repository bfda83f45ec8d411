"""From a file to 16 kHz samples, channels kept, without trusting the file.

The container's header is only a claim: caps on channels, rate, duration and decoding time hold
while the samples arrive, and what arrives is resampled and packed into 16-bit integers block by
block, so that three hours in stereo take 0.7 GB. Formats that make FFmpeg open other files
(``ffconcat``, playlists) are refused by a white list.

*Conventions*: ``Recording.samples`` has shape (channels, samples), int16, 16 kHz.
"""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from pipeline.errors import AudioError
from pipeline.records import Progress, Quality, Setup, no_progress
from pipeline.settings import AudioConfig

RATE = 16_000
"""Sample rate of every stage, Hz."""

FORMATS = "wav,w64,ogg,flac,mp3,mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,aac,amr,aiff,caf,asf"
"""Containers FFmpeg may open; none of them can name another file."""

_HEADERLESS = ("aac", "amr", "mp3")

_FULL_SCALE = 32768.0

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Probe:
    """What the header claims.

    Attributes:
        duration: seconds, None where it doesn't say.
        guessed: the container has no header; FFmpeg reckons the duration from the first bit rate.
    """

    duration: float | None
    channels: int
    rate: int
    codec: str
    guessed: bool = False


@dataclass(frozen=True, slots=True)
class Recording:
    """A decoded recording.

    Attributes:
        samples: shape (channels, samples), int16 at ``RATE``; two equal channels become one.
        sha256: of the file's bytes.
        source_channels: as the file holds them.
    """

    name: str
    samples: npt.NDArray[np.int16]
    sha256: str
    source_channels: int
    setup: Setup
    quality: Quality

    @property
    def channels(self) -> int:
        """Number of distinct channels."""
        return int(self.samples.shape[0])

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return float(self.samples.shape[1]) / RATE

    def block(self, start: float, end: float, *, channel: int | None = None) -> Samples:
        """Samples from ``start`` to ``end`` seconds, float32 in -1..1; None mixes the channels."""
        a, b = max(0, round(start * RATE)), round(end * RATE)
        part = self.samples[:, a:b] if channel is None else self.samples[channel : channel + 1, a:b]
        mixed: Samples = part.mean(axis=0, dtype=np.float32) / np.float32(_FULL_SCALE)
        return mixed

    def blocks(self, seconds: float, *, channel: int | None = None) -> Iterator[Samples]:
        """The whole recording in consecutive blocks of ``seconds``; the last may be shorter."""
        start = 0.0
        while start < self.duration:
            yield self.block(start, start + seconds, channel=channel)
            start += seconds


def probe(path: Path, config: AudioConfig) -> Probe:
    """What the file's header says, checked against the caps.

    Raises:
        AudioError: the file is missing, empty, no audio, or beyond a cap.
    """
    with _opened(path) as container:
        stream = _audio_stream(container, path)
        context = stream.codec_context
        duration = None
        if stream.duration is not None and stream.time_base is not None:
            duration = float(stream.duration * stream.time_base)
        elif container.duration is not None:
            duration = container.duration / 1e6
        found = Probe(
            duration=duration if duration and duration > 0 else None,
            channels=int(context.channels or 0),
            rate=int(context.sample_rate or 0),
            codec=str(context.name),
            guessed=container.format.name in _HEADERLESS,
        )
    _check(found, path, config)
    return found


def read_recording(
    path: Path,
    config: AudioConfig,
    *,
    setup: Setup = "unknown",
    progress: Progress = no_progress,
) -> Recording:
    """Decode a recording to 16 kHz, channels kept.

    Raises:
        AudioError: see ``probe``; also: NaN samples, shorter than ``min_duration``, silent
            throughout, or decoding takes longer than ``max_decode_time``.
    """
    header = probe(path, config)
    samples, broken = _decode(path, header, config, progress)
    duration = samples.shape[1] / RATE
    if duration < config.min_duration:
        raise AudioError(
            f"{path.name} lasts {duration:.3f} s; at least {config.min_duration} s are needed, "
            "record it again or choose another file"
        )
    expected = None if header.guessed else header.duration
    truncated = broken or (expected is not None and duration < 0.98 * expected - 1.0)
    recording = Recording(
        name=path.stem,
        samples=samples,
        sha256=file_sha256(path),
        source_channels=header.channels,
        setup=setup,
        quality=_quality(samples, config, truncated=truncated, expected=expected),
    )
    if recording.quality.peak_db < config.silence_peak_db:
        raise AudioError(
            f"{path.name} is silent: its loudest sample is {recording.quality.peak_db:.0f} dB re "
            "full scale; check that the microphone was on and the right track was exported"
        )
    if recording.quality.dual_mono:
        recording = replace(recording, samples=samples[:1])
    return recording


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _opened(path: Path) -> Any:
    import av
    import av.error

    try:
        there = path.exists()
    except OSError as error:  # a name that is too long, a folder that may not be read
        raise AudioError(
            f"{path.name} can't be opened ({error.strerror}); check the name and the folder"
        ) from error
    if not there:
        raise AudioError(f"{path}: no such file; check the name and the folder")
    if not path.is_file():
        raise AudioError(f"{path} is not a file; give the recording itself")
    if path.stat().st_size == 0:
        raise AudioError(f"{path.name} is empty (0 bytes); copy it from the recorder again")
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    try:
        return av.open(str(path), mode="r", options=options, metadata_errors="replace")
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise AudioError(
            f"{path.name} can't be read as audio ({type(error).__name__}); Attune reads WAV, FLAC, "
            "MP3, M4A/MP4, OGG/Opus, WebM, AMR and AIFF. Export it again as one of these"
        ) from error


def _audio_stream(container: Any, path: Path) -> Any:
    if not container.streams.audio:
        raise AudioError(f"{path.name} holds no sound track; export it with its audio")
    return container.streams.audio[0]


def _check(found: Probe, path: Path, config: AudioConfig) -> None:
    if not 1 <= found.channels <= config.max_channels:
        raise AudioError(
            f"{path.name} has {found.channels} channels; Attune reads 1 to {config.max_channels}, "
            "export one channel per person or a mix"
        )
    if not 0 < found.rate <= config.max_rate:
        raise AudioError(
            f"{path.name} has a sample rate of {found.rate} Hz; Attune reads up to "
            f"{config.max_rate} Hz, export it at 48000 Hz"
        )
    if found.duration is not None and not found.guessed and found.duration > config.max_duration:
        raise _too_long(path, found.duration, config)


def _too_long(path: Path, duration: float, config: AudioConfig) -> AudioError:
    return AudioError(
        f"{path.name} lasts {_length(duration)} or more; Attune reads up to "
        f"{_length(config.max_duration)}, cut it into sessions first"
    )


def _length(seconds: float) -> str:
    return f"{seconds / 3600:.1f} h" if seconds >= 3600 else f"{seconds:.0f} s"


def _decode(
    path: Path, header: Probe, config: AudioConfig, progress: Progress
) -> tuple[npt.NDArray[np.int16], bool]:
    """All samples as (channels, n) int16, and whether the file broke off."""
    import av
    import av.error

    limit = round(config.max_duration * RATE)
    capacity = min(round((header.duration or 60.0) * RATE) + RATE, limit)
    out = np.empty((header.channels, capacity), np.int16)
    deadline = time.monotonic() + config.max_decode_time
    size, broken = 0, False
    with _opened(path) as container:
        stream = _audio_stream(container, path)
        layout = stream.codec_context.layout
        resampler = av.AudioResampler(format="fltp", layout=layout, rate=RATE)
        try:
            for frame in _frames(container, stream, resampler, name=path.name):
                part = frame.to_ndarray()
                if not np.isfinite(part).all():
                    bad = int(np.count_nonzero(~np.isfinite(part)))
                    raise AudioError(
                        f"{path.name} holds {bad} samples that are no numbers (NaN or infinite) "
                        f"near {size / RATE:.1f} s; export it again as 16-bit WAV or FLAC"
                    )
                end = size + part.shape[1]
                if end > limit:
                    raise _too_long(path, end / RATE, config)
                if time.monotonic() > deadline:
                    raise AudioError(
                        f"{path.name} takes longer than {config.max_decode_time:.0f} s to decode "
                        f"(reached {size / RATE:.0f} s); export it again as WAV or FLAC"
                    )
                if end > out.shape[1]:
                    out = _grown(out, size, min(2 * end, limit))
                out[:, size:end] = np.clip(np.rint(part * _FULL_SCALE), -32768, 32767)
                size = end
                if header.duration:
                    progress("audio", min(1.0, size / RATE / header.duration))
        except av.error.FFmpegError as error:
            if size == 0:
                raise AudioError(
                    f"{path.name} is damaged: its sound can't be decoded ({type(error).__name__}); "
                    "copy it from the recorder again"
                ) from error
            broken = True
    progress("audio", 1.0)
    return out[:, :size], broken


def _grown(samples: npt.NDArray[np.int16], size: int, room: int) -> npt.NDArray[np.int16]:
    """The first ``size`` samples with room for more; what isn't filled takes no memory."""
    out = np.empty((len(samples), room), np.int16)
    out[:, :size] = samples[:, :size]
    return out


def _frames(container: Any, stream: Any, resampler: Any, *, name: str) -> Iterator[Any]:
    """Resampled frames in order.

    Raises:
        AudioError: channels or sample rate change midway, as in files glued together.
    """
    first: tuple[int, int] | None = None
    for frame in container.decode(stream):
        found = (frame.layout.nb_channels, frame.sample_rate)
        first = first or found
        if found != first:
            raise AudioError(
                f"{name} changes midway from {first[0]} channels at {first[1]} Hz to {found[0]} at "
                f"{found[1]} Hz; export it again as one WAV or FLAC"
            )
        frame.pts = None
        yield from resampler.resample(frame)
    yield from resampler.resample(None)


def _quality(
    samples: npt.NDArray[np.int16],
    config: AudioConfig,
    *,
    truncated: bool,
    expected: float | None,
) -> Quality:
    peak = max(int(samples.max(initial=0)), -int(samples.min(initial=0)))
    level = config.clipping_level * 32767
    clipped = _share_beyond(samples, level)
    snr = _snr(samples)
    notes: list[str] = []
    if truncated:
        declared = f" of a declared {expected:.0f} s" if expected else ""
        notes.append(
            f"The file breaks off: {samples.shape[1] / RATE:.0f} s{declared} could be decoded."
        )
    if snr is not None and snr < config.snr_note_db:
        notes.append(f"Hard to hear: speech stands only {snr:.0f} dB above the noise.")
    if clipped > config.clipping_note:
        notes.append(f"Too loud in places: {clipped:.1%} of the samples are clipped.")
    return Quality(
        snr_db=snr,
        clipped=clipped,
        peak_db=20 * float(np.log10(max(peak, 1) / _FULL_SCALE)),
        dual_mono=_dual_mono(samples, config),
        truncated=truncated,
        notes=tuple(notes),
    )


def _share_beyond(samples: npt.NDArray[np.int16], level: float) -> float:
    """Fraction of samples at or beyond +-``level``, counted in parts: copies of 3 h are large."""
    parts = (part for channel in samples for part in np.array_split(channel, 64))
    beyond = sum(int(np.count_nonzero((part >= level) | (part <= -level))) for part in parts)
    return beyond / max(1, samples.size)


def _snr(samples: npt.NDArray[np.int16]) -> float | None:
    """Loud frames over quiet frames: the 95th against the 10th percentile of 50 ms levels, dB."""
    size = RATE // 20
    frames = samples.shape[1] // size
    if frames < 20:
        return None
    loudest = np.zeros(frames, np.float32)
    for channel in samples:
        parts = channel[: frames * size].reshape(frames, size)
        power = np.concatenate(
            [np.mean(block.astype(np.float32) ** 2, axis=1) for block in np.array_split(parts, 64)]
        )
        loudest = np.maximum(loudest, power)
    low, high = np.percentile(loudest, [10, 95])
    return float(10 * np.log10((high + 1e-2) / (low + 1e-2)))


def _dual_mono(samples: npt.NDArray[np.int16], config: AudioConfig) -> bool:
    """Whether a two-channel recording is one signal twice (level differences allowed)."""
    if samples.shape[0] != 2:
        return False
    sums = np.zeros(3)
    for a, b in zip(np.array_split(samples[0], 64), np.array_split(samples[1], 64), strict=True):
        x, y = a.astype(np.float64), b.astype(np.float64)
        sums += (x @ x, y @ y, x @ y)
    if sums[0] == 0 or sums[1] == 0:
        return False
    return bool(sums[2] / np.sqrt(sums[0] * sums[1]) >= config.dual_mono_correlation)
