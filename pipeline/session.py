r"""One recording from its file to its report: the stages in order, each done at most once.

::

    audio -> activity -> diarization  \
                      -> transcription > attribution -> roles -> turns -> measures -> report

Diarization and transcription run at the same time. What decoding and the models find is kept as
artefacts under a hash of all it depends on; everything after the models is cheap and always worked
out anew, so a changed threshold, role or section runs no model again.
"""

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from threading import Lock
from typing import Any

from pipeline.activity import Activity, detect_activity
from pipeline.artefacts import Artefacts
from pipeline.attribution import attribute
from pipeline.audio import Recording, file_sha256, read_recording
from pipeline.config import Config, fingerprint
from pipeline.diarization.channels import ChannelDiarizer
from pipeline.diarization.embedded import EmbeddedDiarizer
from pipeline.diarization.select import Choice as DiarizerChoice
from pipeline.diarization.select import choose_diarizer
from pipeline.errors import AttuneError, ConfigError
from pipeline.imports import named_voices, voices_of_transcript
from pipeline.lexicon import load_lexicon
from pipeline.measures import measure
from pipeline.measures.basis import Basis, practice_note
from pipeline.places import models_dir
from pipeline.records import (
    Diarization,
    Grade,
    Progress,
    Quality,
    Section,
    Setup,
    SpeakerSpan,
    Transcript,
    Word,
    channel_label,
    no_progress,
)
from pipeline.report import SCHEMA, Certainty, Engine, Provenance, RecordingFacts, Report
from pipeline.roles import RoleDecision, assign_roles
from pipeline.spoken import spoken_words, with_words
from pipeline.timeline import Span
from pipeline.transcription.readers import read_transcript
from pipeline.transcription.select import Choice as TranscriberChoice
from pipeline.transcription.select import choose_transcriber
from pipeline.turns import converse

TRANSCRIPTS = (".vtt", ".srt", ".json", ".txt")
"""Extensions of files that hold words."""

_LIBRARIES = ("attune", "faster-whisper", "pyannote.audio", "pocketsphinx", "numpy", "librosa")


@dataclass(frozen=True, slots=True)
class SectionChoice:
    """A practice inside the recording, as the user marked it; ``therapist`` is a voice's label."""

    start: float
    end: float
    therapist: str | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """What the models made of a recording: the artefact behind every figure."""

    facts: RecordingFacts
    diarization: Diarization
    diarizer: Engine
    transcript: Transcript | None
    transcriber: Engine


def analyze(
    path: Path,
    config: Config,
    *,
    artefacts: Path | None = None,
    setup: Setup = "unknown",
    therapist: str | None = None,
    sections: Sequence[SectionChoice] = (),
    transcript: Path | None = None,
    name: str | None = None,
    progress: Progress = no_progress,
) -> Report:
    """The report of a recording, or of a transcript without its recording.

    Args:
        path: the recording; a transcript (VTT, SRT, JSON) makes every timing figure abstain.
        config: every threshold.
        setup: how it was recorded, as the user said.
        artefacts: folder in which a later run finds what this one worked out.
        therapist: the therapist's label (``left``, ``S1``), where the user knows.
        sections: practices inside the recording; one section spanning everything without them.
        transcript: words made elsewhere, used instead of a transcriber, also by later runs.
        name: what to call it; the file's name without it.
        progress: hears each stage's name and the fraction done.

    Raises:
        AudioError, TranscriptError, ModelUnavailable: each says what to do.
        ConfigError: likewise; also where a section lies behind the end, or nobody has the
            therapist's label.
    """
    if is_transcript(path):
        heard = read(path)
    else:
        heard = hear(
            path,
            config,
            artefacts=artefacts,
            setup=setup,
            transcript=transcript,
            progress=progress,
        )
    if name is not None:
        heard = replace(heard, facts=replace(heard.facts, name=name))
    report = conclude(heard, config, therapist=therapist, sections=sections)
    progress("measures", 1.0)
    return report


def is_transcript(path: Path) -> bool:
    """Whether a file is words rather than sound, by its extension."""
    return path.suffix.lower() in TRANSCRIPTS


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
        if brought:
            diarization = named_voices(diarization, brought.spans)
            return Heard(work.facts(), diarization, diarizer, brought.transcript, brought.engine)
        if words is None:
            raise AssertionError("words are brought, or written down here")
        found, transcriber = words.result()
    return Heard(work.facts(), diarization, diarizer, found, transcriber)


def conclude(
    heard: Heard,
    config: Config,
    *,
    therapist: str | None = None,
    sections: Sequence[SectionChoice] = (),
) -> Report:
    """Everything after the models: owners of words, roles, turns, measures; runs no model."""
    words = heard.transcript
    if words is not None and heard.diarization.grade != "abstained":
        words = attribute(words, heard.diarization, config.attribution)
    chosen = sections or (SectionChoice(0.0, heard.facts.duration),)
    built = tuple(
        _section(str(i + 1), choice, heard, words, config, therapist=therapist)
        for i, choice in enumerate(chosen)
    )
    return Report(
        schema=SCHEMA,
        recording=heard.facts,
        provenance=Provenance(
            engines={"diarization": heard.diarizer, "transcription": heard.transcriber},
            versions=_versions(),
            config_hash=config.hash(),
        ),
        speakers=heard.diarization.speakers,
        certainty=Certainty(
            voices=heard.diarization.grade,
            words=_words_grade(words),
            voices_note=heard.diarization.note,
            words_note=words.note if words else heard.transcriber.reason,
        ),
        sections=built,
        unattributed=tuple(w for w in (words.words if words else ()) if w.speaker is None),
    )


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
        self._activity_key = fingerprint(self._audio_key, config.activity)
        self._diarization_key = fingerprint(
            self._activity_key,
            config.diarization,
            (ChannelDiarizer.version, EmbeddedDiarizer.version, _version("pyannote.audio")),
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
            found = detect_activity(
                self.recording(), self._config.activity, progress=self._progress
            )
            self._kept.keep_activity(self._activity_key, found)
        return found

    def _diarizer(self) -> DiarizerChoice:
        return choose_diarizer(
            self.recording(),
            self.activity(),
            self._config.diarization,
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


def _section(
    number: str,
    choice: SectionChoice,
    heard: Heard,
    words: Transcript | None,
    config: Config,
    *,
    therapist: str | None,
) -> Section:
    diarization = heard.diarization
    within = _within(choice, heard)
    spoken = spoken_words(words, config.turns)
    conversation = converse(diarization, config.turns, within=within, words=spoken)
    said = _inside(words.words if words else (), within)
    turns = with_words(conversation.turns, said)
    decision = _roles(turns, diarization, words, config, named=choice.therapist or therapist)
    turns = tuple(
        replace(
            turn, role=decision.roles[turn.speaker].role if turn.speaker in decision.roles else None
        )
        for turn in turns
    )
    basis = Basis(
        conversation=replace(conversation, turns=turns),
        roles=decision.roles,
        config=config.measures,
        voices=diarization.grade,
        words=_words_grade(words),
        sees_overlap=diarization.sees_overlap,
        voices_note=diarization.note,
        spoken=spoken,
    )
    found = measure(basis, load_lexicon(words.language if words else config.transcription.language))
    return Section(
        id=number,
        start=within.start,
        end=within.end,
        roles=decision.roles,
        turns=turns,
        events=found.events,
        measures=found.measures,
        role_confidence=round(decision.confidence, 3),
        role_note=decision.note,
        note=practice_note(basis),
    )


def _within(choice: SectionChoice, heard: Heard) -> Span:
    """The section's span, cut off where the recording ends: what comes after is no silence."""
    duration = heard.facts.duration
    if choice.start >= duration > 0:
        raise ConfigError(
            f"a section starts at {choice.start:g} s, but {heard.facts.name} lasts {duration:g} s; "
            "give times inside the recording"
        )
    return Span(choice.start, min(choice.end, duration))


def _roles(
    turns: Iterable[Any],
    diarization: Diarization,
    words: Transcript | None,
    config: Config,
    *,
    named: str | None,
) -> RoleDecision:
    texts: dict[str, list[str]] = {speaker: [] for speaker in diarization.speakers}
    for turn in turns:
        if turn.text:
            texts[turn.speaker].append(turn.text)
    lexicon = load_lexicon(words.language if words else config.transcription.language)
    return assign_roles(texts, lexicon, config.roles, named=named, grade=_words_grade(words))


def _words_grade(words: Transcript | None) -> Grade:
    return words.grade if words is not None and words.words else "abstained"


def _inside(words: Iterable[Word], within: Span) -> tuple[Word, ...]:
    return tuple(w for w in words if within.start <= (w.start + w.end) / 2 < within.end)


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


def _versions() -> dict[str, str]:
    return {name: _version(name) for name in _LIBRARIES}


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
