"""Voices told apart by pyannote.audio's community-1 pipeline, from weights on this machine.

*Conventions*: timing comes from ``speaker_diarization``, which keeps overlaps. The exclusive
variant deletes backchannels and cuts overlapped turns, so it only gives words their owner.

*Trust*: pyannote returns as many labels as it is asked for, right or wrong, so it counts for itself
first and is told the expected number only where it hears more (``pipeline.diarization.headcount``).
The second pass reuses the first's windows and embeddings and costs well under a second.

*Safety*: checkpoints are pickles, which can run code. They come from the configured directory, the
data folder or the hub's cache, never from an upload, and nothing is downloaded here.

Source: https://github.com/pyannote/pyannote-audio (MIT), 4.0.
"""

import logging
import pickle
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from pipeline.activity import Activity
from pipeline.audio import RATE, Recording
from pipeline.catalogue import find_pyannote
from pipeline.diarization.headcount import Heard, Voices, judge, real_voices
from pipeline.errors import ModelUnavailable
from pipeline.manifest import manifest_digest
from pipeline.privacy import silence_telemetry
from pipeline.records import Diarization, Progress, SpeakerSpan
from pipeline.settings import PyannoteConfig
from pipeline.timeline import Span, clip, union

_log = logging.getLogger(__name__)

_STEPS = {"segmentation": (0.0, 0.5), "embeddings": (0.5, 0.99)}

_DAMAGE = (
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ImportError,
    pickle.UnpicklingError,
)
"""What pyannote, torch and yaml raise on a directory that isn't what it should be."""


class PyannoteDiarizer:
    """pyannote.audio behind the diarizer protocol; see the module's docstring.

    Args:
        speakers: voices expected; 0 where that is unknown.
        models_dir: the data folder's models, searched after ``config.model``.

    Raises:
        ModelUnavailable: no weights here, a damaged directory, or pyannote can't be imported.
    """

    name = "pyannote"

    def __init__(self, config: PyannoteConfig, *, speakers: int, models_dir: Path) -> None:
        self._config = config
        self._speakers = speakers
        self.directory = find_pyannote(config, models_dir=models_dir)
        self._pipeline = _load(self.directory, device=config.device)
        digest = manifest_digest(self.directory) or "unregistered"
        self.version = f"{metadata.version('pyannote.audio')} ({self.directory.name} {digest})"

    def diarize(
        self, recording: Recording, activity: Activity, *, progress: Progress
    ) -> Diarization:
        """Who speaks when, overlaps kept; the channels are mixed and the activity isn't needed.

        Raises:
            ModelUnavailable: the model's memory doesn't fit on the device.
        """
        del activity  # pyannote decides for itself where somebody speaks
        file = _in_memory(recording)
        watch = _Watch(progress)
        whole = Span(0.0, recording.duration)
        counted = self._run(file, whole, watch, speakers=None)
        asked = counted
        if 0 < self._speakers < len(counted.voices):
            asked = self._run(file, whole, watch, speakers=self._speakers)
        progress("diarization", 1.0)
        heard = judge(
            asked=real_voices(asked.voices, self._config),
            counted=real_voices(counted.voices, self._config),
            speakers=self._speakers,
            config=self._config,
        )
        source = asked if heard.forced else counted
        return _diarization(source, heard)

    def _run(
        self, file: dict[str, Any], whole: Span, watch: "_Watch", *, speakers: int | None
    ) -> "_Output":
        import torch

        try:
            output = self._pipeline(file, num_speakers=speakers, hook=watch)
        except torch.OutOfMemoryError as error:
            raise ModelUnavailable(
                f"pyannote ran out of memory on {self._pipeline.device}; close other programs or "
                "set diarization.pyannote.device = 'cpu'"
            ) from error
        kept = getattr(output, "speaker_diarization", output)
        exclusive = getattr(output, "exclusive_speaker_diarization", None)
        found = _Output(
            _voices(kept, whole), {} if exclusive is None else _voices(exclusive, whole)
        )
        _log.info("pyannote asked for %s voices, labels %d", speakers, len(found.voices))
        return found


@dataclass(frozen=True, slots=True)
class _Output:
    voices: Voices
    exclusive: Voices


class _Watch:
    """pyannote's hook as a progress callback that never goes back."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._reached = 0.0

    def __call__(
        self,
        step: str,
        _artefact: object,
        file: object = None,  # noqa: ARG002 - pyannote passes it by name
        total: int | None = None,
        completed: int | None = None,
    ) -> None:
        if step not in _STEPS or not total or completed is None:
            return
        low, high = _STEPS[step]
        # a last batch that isn't full is reported as if it were
        fraction = low + (high - low) * min(1.0, float(completed) / float(total))
        if fraction > self._reached:
            self._reached = fraction
            self._progress("diarization", fraction)


def _in_memory(recording: Recording) -> dict[str, Any]:
    import torch

    samples = torch.from_numpy(recording.block(0.0, recording.duration))
    return {"waveform": samples[None], "sample_rate": RATE, "uri": "recording"}


def _voices(annotation: Any, whole: Span) -> Voices:
    """Each label's speech; pyannote's last window may reach past the recording's end."""
    spans: dict[str, list[Span]] = {}
    for segment, _track, label in annotation.itertracks(yield_label=True):
        spans.setdefault(str(label), []).append(Span(float(segment.start), float(segment.end)))
    voices = {label: clip(union(found), whole) for label, found in spans.items()}
    return {label: timeline for label, timeline in voices.items() if timeline}


def _diarization(source: _Output, heard: Heard) -> Diarization:
    names = {label: f"SPEAKER_{i:02d}" for i, label in enumerate(heard.labels)}
    return Diarization(
        spans=_spans(source.voices, names),
        speakers=tuple(names.values()),
        engine=PyannoteDiarizer.name,
        grade=heard.grade,
        confidence=None,
        sees_overlap=True,
        note=heard.note,
        exclusive=_spans(source.exclusive, names),
    )


def _spans(voices: Voices, names: Mapping[str, str]) -> tuple[SpeakerSpan, ...]:
    found = [
        SpeakerSpan(span.start, span.end, names[label])
        for label, timeline in voices.items()
        if label in names
        for span in timeline
    ]
    return tuple(sorted(found, key=lambda span: (span.start, span.end, span.speaker)))


def _load(directory: Path, *, device: str) -> Any:
    silence_telemetry()  # pyannote reads its switch while it is imported
    try:
        with warnings.catch_warnings():
            # decoding is Attune's own, so it doesn't matter whether torchcodec loads
            warnings.filterwarnings("ignore", message=r"\s*torchcodec")
            import torch
            from pyannote.audio import Pipeline
    except (ImportError, OSError, AttributeError) as error:
        raise ModelUnavailable(
            f"pyannote.audio can't be imported ({type(error).__name__}: {_line(error)}); "
            "`attune doctor` shows which library is at odds"
        ) from error
    try:
        pipeline = Pipeline.from_pretrained(directory)
    except (*_DAMAGE, _yaml_error()) as error:
        raise ModelUnavailable(
            f"the pyannote model in {directory} is damaged or not a diarization pipeline "
            f"({type(error).__name__}: {_line(error)}); run `attune models verify pyannote`, or "
            "fetch it again"
        ) from error
    if pipeline is None or not hasattr(pipeline, "instantiate"):
        raise ModelUnavailable(f"{directory} holds no diarization pipeline; fetch it again")
    pipeline.training = True  # keeps windows and embeddings between the passes over one recording
    return pipeline.to(torch.device(_device(device)))


def _device(wanted: str) -> str:
    import torch

    if wanted != "auto":
        if wanted.startswith("cuda") and not torch.cuda.is_available():
            raise ModelUnavailable(
                f"diarization.pyannote.device = {wanted!r}, but no CUDA device is visible; set it "
                "to 'auto' or 'cpu', `attune doctor` tells more"
            )
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"


def _yaml_error() -> type[Exception]:
    import yaml

    error: type[Exception] = yaml.YAMLError
    return error


def _line(error: BaseException) -> str:
    """The first line of a message, for errors are told in one."""
    return (str(error).strip().splitlines() or ["no message"])[0][:200]
