"""What takes time: decoding, speech activity, voices and words, each found at most once.

Voices and words are worked out at the same time. What is found is kept as artefacts under a hash of
all it depends on: the recording's bytes, the configuration of the stage and of those before it, and
the engine; a later run asks the artefacts first.
"""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from threading import Lock
from typing import Any

from pipeline.activity import Activity, detect_activity
from pipeline.artefacts import Artefacts
from pipeline.audio import Recording, file_sha256, read_recording
from pipeline.diarization.channels import ChannelDiarizer
from pipeline.diarization.embedded import EmbeddedDiarizer
from pipeline.diarization.select import Choice as DiarizerChoice
from pipeline.diarization.select import choose_diarizer
from pipeline.errors import AttuneError
from pipeline.imports import named_voices, voices_of_transcript
from pipeline.places import models_dir
from pipeline.presence import sharpened
from pipeline.prosody import Prosody, track_prosody
from pipeline.records import (
    Diarization,
    Progress,
    Quality,
    Setup,
    SpeakerSpan,
    Transcript,
    Word,
    channel_label,
    no_progress,
)
from pipeline.report import Engine, RecordingFacts
from pipeline.settings import Config, fingerprint
from pipeline.transcription.readers import read_transcript
from pipeline.transcription.select import Choice as TranscriberChoice
from pipeline.transcription.select import choose_transcriber

TRANSCRIPTS = (".vtt", ".srt", ".json", ".txt")
"""Extensions of files that hold words."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the models made of a recording: the artefact behind every figure.

    Attributes:
        prosody: loudness and pitch; None without sound.
    """

    facts: RecordingFacts
    diarization: Diarization
    diarizer: Engine
    transcript: Transcript | None
    transcriber: Engine
    prosody: Prosody | None = None


def hear(
    path: Path,
    config: Config,
    *,
    artefacts: Path | None = None,
    setup: Setup = "unknown",
    transcript: Path | None = None,
    progress: Progress = no_progress,
) -> Heard:
    """Everything that takes time: decoding, speech activity, voices, words."""
    work = _Work(path, config, setup, Artefacts(artefacts), progress)
    brought = work.brought(transcript)
    with ThreadPoolExecutor(max_workers=2) as pool:
        words = None if brought else pool.submit(work.words)
        diarization, diarizer = work.voices()
        prosody = work.prosody()  # while the words, which take longest, are still being written
        if brought:
            diarization = named_voices(diarization, brought.spans)
            return Heard(
                work.facts(), diarization, diarizer, brought.transcript, brought.engine, prosody
            )
        if words is None:
            raise AssertionError("words are brought, or written down here")
        found, transcriber = words.result()
    return Heard(work.facts(), diarization, diarizer, found, transcriber, prosody)


def read(path: Path) -> Heard:
    """A transcript without its recording.

    Raises:
        TranscriptError: it can't be read, or contradicts itself.
    """
    transcript, spans = read_transcript(path)
    diarization = voices_of_transcript(transcript, spans)
    duration = max((span.end for span in diarization.spans), default=0.0)
    duration = max(duration, max((word.end for word in transcript.words), default=0.0))
    return Heard(
        facts=RecordingFacts(_name(path), duration, file_sha256(path), 0, "unknown", None),
        diarization=diarization,
        diarizer=Engine("transcript", "1", "The transcript says who spoke."),
        transcript=transcript,
        transcriber=Engine(transcript.engine, "1", "The words came with the transcript."),
    )


def is_transcript(path: Path) -> bool:
    """Whether a file is words rather than sound, by its extension."""
    return path.suffix.lower() in TRANSCRIPTS


def library_version(name: str) -> str:
    """A library's version, or that it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


class _Work:
    """The slow stages of one run; each looks for its artefact before it does anything."""

    def __init__(
        self, path: Path, config: Config, setup: Setup, kept: Artefacts, progress: Progress
    ) -> None:
        self._path = path
        self._config = config
        self._setup: Setup = setup
        self._kept = kept
        self._progress = progress
        self._sha256 = _existing_sha256(path)
        self._import_key = fingerprint("1", self._sha256)
        self._audio_key = fingerprint("1", self._sha256, config.audio)
        self._activity_key = fingerprint(self._audio_key, config.activity, config.presence)
        self._prosody_key = fingerprint(
            "1", self._activity_key, config.prosody, library_version("librosa")
        )
        self._diarization_key = fingerprint(
            self._activity_key,
            config.diarization,
            (ChannelDiarizer.version, EmbeddedDiarizer.version, library_version("pyannote.audio")),
            str(models_dir()),
            _weights("pyannote"),
        )
        self.recording = _once(self._recording)
        self.activity = _once(self._activity)
        self.diarizer = _once(self._diarizer)
        self.voices: Callable[[], tuple[Diarization, Engine]] = _once(self._voices)

    def facts(self) -> RecordingFacts:
        """What the file holds; from the artefact where there is one."""
        found: RecordingFacts | None = self._kept.load("audio", self._audio_key, RecordingFacts)
        if found is None:
            recording: Recording = self.recording()
            found = RecordingFacts(
                name=_name(self._path),
                duration=round(recording.duration, 3),
                sha256=recording.sha256,
                channels=recording.source_channels,
                setup=recording.setup,
                quality=_rounded_quality(recording.quality),
            )
            self._kept.keep("audio", self._audio_key, found)
        return replace(found, name=_name(self._path), setup=self._setup)

    def _voices(self) -> tuple[Diarization, Engine]:
        """Who spoke when, and which engine said so."""
        key = self._diarization_key
        found: _Voices | None = self._kept.load("diarization", key, _Voices)
        if found is None:
            choice: DiarizerChoice = self.diarizer()
            engine = choice.make()
            diarization = engine.diarize(self.recording(), self.activity(), progress=self._progress)
            found = _Voices(
                _rounded(diarization), Engine(choice.name, engine.version, choice.reason)
            )
            self._kept.keep("diarization", key, found)
        self._progress("diarization", 1.0)
        return found.diarization, found.engine

    def prosody(self) -> Prosody:
        """How loud and how high the voices are."""
        found = self._kept.load_prosody(self._prosody_key)
        if found is None:
            found = track_prosody(
                self.recording(), self.activity(), self._config.prosody, progress=self._progress
            )
            self._kept.keep_prosody(self._prosody_key, found)
        self._progress("prosody", 1.0)
        return found

    def brought(self, path: Path | None) -> "_Brought | None":
        """Words made elsewhere: those of ``path``, else those that an earlier run was given."""
        if path is None:
            earlier: _Brought | None = self._kept.load("import", self._import_key, _Brought)
            return earlier
        transcript, spans = read_transcript(path)
        engine = Engine(transcript.engine, "1", f"The words come from {_name(path)}.")
        found = _Brought(transcript, spans, engine)
        self._kept.keep("import", self._import_key, found)
        return found

    def words(self) -> tuple[Transcript | None, Engine]:
        """What was said, and which engine wrote it down."""
        choice = choose_transcriber(self._config.transcription, models_dir())
        if choice.transcriber is None:
            return None, Engine("none", "", choice.reason)
        version = choice.transcriber.version
        key = fingerprint(self._diarization_key, self._config.transcription, choice.name, version)
        found: _Words | None = self._kept.load("transcription", key, _Words)
        if found is None:
            found = _Words(self._transcribed(choice), Engine(choice.name, version, choice.reason))
            self._kept.keep("transcription", key, found)
        self._progress("transcription", 1.0)
        return found.transcript, found.engine

    def _transcribed(self, choice: TranscriberChoice) -> Transcript:
        """The words; with one voice per channel, each channel's own, not what leaks into it.

        That case waits for the voices, which channels give within seconds.
        """
        if choice.transcriber is None:
            raise AssertionError("only a transcriber that was chosen is asked")
        activity, per_channel = self.activity(), self.diarizer().name == "channels"
        if per_channel:
            voices, _ = self.voices()
            labels = (channel_label(c, len(activity.speech)) for c in range(len(activity.speech)))
            activity = replace(activity, speech=tuple(voices.of(label) for label in labels))
        transcript = choice.transcriber.transcribe(
            self.recording(), activity, progress=self._progress, per_channel=per_channel
        )
        return replace(transcript, words=tuple(map(_rounded_word, transcript.words)))

    def _recording(self) -> Recording:
        return read_recording(
            self._path, self._config.audio, setup=self._setup, progress=self._progress
        )

    def _activity(self) -> Activity:
        found = self._kept.load_activity(self._activity_key)
        if found is None:
            heard = detect_activity(
                self.recording(), self._config.activity, progress=self._progress
            )
            found = sharpened(heard, self.recording(), self._config.presence)
            self._kept.keep_activity(self._activity_key, found)
        return found

    def _diarizer(self) -> DiarizerChoice:
        return choose_diarizer(
            self.recording(),
            self.activity(),
            self._config,
            models_dir=models_dir(),
        )


@dataclass(frozen=True, slots=True)
class _Voices:
    diarization: Diarization
    engine: Engine


@dataclass(frozen=True, slots=True)
class _Brought:
    transcript: Transcript
    spans: tuple[SpeakerSpan, ...]
    engine: Engine


@dataclass(frozen=True, slots=True)
class _Words:
    transcript: Transcript
    engine: Engine


def _rounded(diarization: Diarization) -> Diarization:
    """Times in whole milliseconds, as the report gives them."""

    def whole(spans: tuple[SpeakerSpan, ...]) -> tuple[SpeakerSpan, ...]:
        return tuple(SpeakerSpan(round(s.start, 3), round(s.end, 3), s.speaker) for s in spans)

    confidence = diarization.confidence
    return replace(
        diarization,
        spans=whole(diarization.spans),
        exclusive=whole(diarization.exclusive),
        confidence=None if confidence is None else round(float(confidence), 3),
    )


def _rounded_word(word: Word) -> Word:
    confidence = None if word.confidence is None else round(float(word.confidence), 3)
    return replace(word, start=round(word.start, 3), end=round(word.end, 3), confidence=confidence)


def _rounded_quality(quality: Quality) -> Quality:
    return replace(
        quality,
        snr_db=None if quality.snr_db is None else round(quality.snr_db, 1),
        clipped=round(quality.clipped, 6),
        peak_db=round(quality.peak_db, 1),
    )


def _name(path: Path) -> str:
    """A file's name without extension, as text: names may hold bytes that are none."""
    return os.fsencode(path.stem).decode("utf-8", "replace")


def _existing_sha256(path: Path) -> str:
    return file_sha256(path) if path.is_file() else ""


def _weights(name: str) -> list[str]:
    """Names and sizes of the fetched weights: the choice of engine hangs on them."""
    folder = models_dir() / name
    return sorted(f"{p.name}:{p.stat().st_size}" for p in folder.glob("*") if p.is_file())


def _once(make: Callable[[], Any]) -> Callable[[], Any]:
    """What ``make`` gives or raises, worked out by whoever needs it first; the others wait."""
    lock: Lock = Lock()
    outcome: Future[Any] = Future()

    def get() -> Any:
        with lock:
            if not outcome.done():
                try:
                    outcome.set_result(make())
                except AttuneError as error:
                    outcome.set_exception(error)
        return outcome.result()

    return get
