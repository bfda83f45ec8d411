"""Words from Whisper through faster-whisper, out of a directory on this computer only.

Only speech is decoded (``clip_timestamps``), one clip after the other: the batched mode ignores
Whisper's own quality thresholds. No clip sees the text of the one before, so a loop can't spread;
the language is given, never guessed; fallbacks at higher temperatures are seeded. Timing figures
never stand on these words: Whisper's alignment can miss by seconds beside a pause.

Source: Radford et al. 2022, "Robust Speech Recognition via Large-Scale Weak Supervision".
"""

from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pipeline.activity import Activity
from pipeline.audio import Recording
from pipeline.errors import ConfigError, ModelUnavailable
from pipeline.records import Progress, Transcript, Word, no_progress
from pipeline.settings import WhisperConfig
from pipeline.timeline import Span, Timeline
from pipeline.transcription.clips import Source, cut_clips, sources
from pipeline.transcription.doubts import Segment, mark_doubts

FILES = ("model.bin", "config.json", "tokenizer.json")
"""What a CTranslate2 Whisper directory must hold; without the tokenizer the library would go
looking for one on the network."""

REMEDY = (
    "fetch it with `attune models fetch whisper`, or set transcription.whisper.model to a "
    "CTranslate2 Whisper directory"
)


class WhisperTranscriber:
    """Whisper from a CTranslate2 directory; looked over when made, loaded when first needed."""

    name = "whisper"

    def __init__(self, config: WhisperConfig, language: str, model_dir: Path) -> None:
        if len(config.hotwords) > config.hotwords_max:
            raise ConfigError(
                f"transcription.whisper.hotwords has {len(config.hotwords)} characters; more than "
                f"{config.hotwords_max} leak into the transcript, shorten it"
            )
        check_directory(model_dir)
        self.config = config
        self.language = language
        self.version = f"{version('faster-whisper')} {_label(model_dir, config)}"
        self._directory = model_dir
        self._model: Any = None
        self._where = ""
        self._used = False

    def load(self) -> None:
        """Load the model now; ``transcribe`` does it by itself.

        Raises:
            ModelUnavailable: it is damaged, doesn't fit this computer, or lacks the language.
        """
        self._used = False
        self._model = None  # two at once may not fit
        self._model, self._where = _loaded(self._directory, self.config)
        if self.language not in self._model.supported_languages:
            raise ModelUnavailable(
                f"the Whisper model in {self._directory} doesn't know the language "
                f"{self.language!r}; set transcription.language, or use a model without '.en' in "
                "its name"
            )

    def transcribe(
        self,
        recording: Recording,
        activity: Activity,
        *,
        progress: Progress = no_progress,
        per_channel: bool = False,
    ) -> Transcript:
        """The words inside the speech activity; see the protocol.

        Words whose place or wording is doubtful carry flags (``doubts``); none is left out.
        """
        self._prepare()
        parts = sources(recording, activity, per_channel=per_channel)
        words: list[Word] = []
        for i, source in enumerate(parts):

            def told(_stage: str, fraction: float, i: int = i) -> None:
                progress("transcription", (i + fraction) / len(parts))

            segments = self._decode(recording, source, told)
            words += mark_doubts(segments, source.speech, self.config)
        progress("transcription", 1.0)
        return Transcript(
            words=tuple(sorted(words, key=lambda word: (word.start, word.end))),
            language=self.language,
            engine=f"{self.name} {_label(self._directory, self.config)}",
            grade="good",
            note=self._where if words else f"No words were recognised. {self._where}",
        )

    def _decode(
        self, recording: Recording, source: Source, progress: Progress
    ) -> Iterator[Segment]:
        clips = cut_clips(
            source.speech,
            duration=recording.duration,
            gap=self.config.clip_gap,
            pad=self.config.clip_pad,
            longest=self.config.clip_max,
        )
        reached = 0.0
        for block in _blocks(clips, self.config.block):
            offset = block[0].start
            samples = recording.block(offset, block[-1].end, channel=source.channel)
            segments, _ = self._model.transcribe(
                samples,
                language=self.language,
                task="transcribe",
                beam_size=self.config.beam_size,
                temperature=list(self.config.temperatures),
                compression_ratio_threshold=self.config.compression_ratio,
                log_prob_threshold=self.config.log_probability,
                no_speech_threshold=self.config.no_speech,
                condition_on_previous_text=False,
                word_timestamps=True,
                clip_timestamps=[t - offset for clip in block for t in clip],
                hotwords=self.config.hotwords or None,
            )
            for segment in segments:
                yield _segment(segment, offset, source.speaker)
                reached = max(reached, (offset + float(segment.end)) / recording.duration)
                progress("transcription", min(1.0, reached))

    def _prepare(self) -> None:
        """Load the model where needed, and make sampled fallbacks repeatable.

        CTranslate2 hands a seed to each of its threads once, when the thread draws for the first
        time; only newly made threads, so a newly loaded model, start over.
        """
        import ctranslate2

        ctranslate2.set_random_seed(self.config.seed)
        if self._model is None or (self._used and any(self.config.temperatures)):
            self.load()
        self._used = True


def check_directory(model_dir: Path) -> None:
    """Make sure that a directory can hold a CTranslate2 Whisper, without loading it.

    Raises:
        ModelUnavailable: the directory or one of its files is missing or empty.
    """
    if not model_dir.is_dir():
        raise ModelUnavailable(f"no Whisper model at {model_dir}; {REMEDY}")
    for name in FILES:
        file = model_dir / name
        if not file.is_file() or file.stat().st_size == 0:
            raise ModelUnavailable(
                f"the Whisper model in {model_dir} is incomplete: {name} is missing or empty; "
                f"{REMEDY}"
            )


def _loaded(model_dir: Path, config: WhisperConfig) -> tuple[Any, str]:
    """The model, and a sentence on where it runs."""
    import ctranslate2

    if config.device == "auto" and ctranslate2.get_cuda_device_count() > 0:
        try:
            return _on("cuda", model_dir, config)
        except ModelUnavailable as error:
            model, where = _on("cpu", model_dir, config)
            return model, f"{where} The graphics card could not be used: {error}"
    return _on("cpu" if config.device == "auto" else config.device, model_dir, config)


def _on(device: str, model_dir: Path, config: WhisperConfig) -> tuple[Any, str]:
    from faster_whisper import WhisperModel

    automatic = "float16" if device == "cuda" else "int8"
    kind = automatic if config.compute_type == "auto" else config.compute_type
    try:
        model = WhisperModel(
            str(model_dir), device=device, compute_type=kind, local_files_only=True
        )
    except Exception as error:  # the tokenizer library raises bare Exception
        raise ModelUnavailable(
            f"the Whisper model in {model_dir} can't be loaded on {device} as {kind} "
            f"({type(error).__name__}: {str(error).splitlines()[0][:200] if str(error) else ''}); "
            f"it may be damaged: {REMEDY}"
        ) from error
    return model, f"Whisper {_label(model_dir, config)} on {device}, {kind}."


def _label(model_dir: Path, config: WhisperConfig) -> str:
    """The model's name for people; in the hub's cache directories are named by commits."""
    if model_dir.parent.name == "snapshots":
        return config.size
    return model_dir.name.removeprefix("faster-").removeprefix("whisper-")


def _blocks(clips: Timeline, seconds: float) -> Iterator[list[Span]]:
    """Runs of clips that span at most ``seconds``: what is held as features at once."""
    block: list[Span] = []
    for clip in clips:
        if block and clip.end - block[0].start > seconds:
            yield block
            block = []
        block.append(clip)
    if block:
        yield block


def _segment(segment: Any, offset: float, speaker: str | None) -> Segment:
    return Segment(
        words=tuple(_words(segment.words or (), offset, speaker)),
        log_probability=float(segment.avg_logprob),
        compression_ratio=float(segment.compression_ratio),
    )


def _words(words: Sequence[Any], offset: float, speaker: str | None) -> Iterable[Word]:
    for word in words:
        text = word.word.strip()
        if text:
            start = offset + float(word.start)
            yield Word(
                start=start,
                end=max(start, offset + float(word.end)),
                text=text,
                confidence=float(word.probability),
                speaker=speaker,
            )
