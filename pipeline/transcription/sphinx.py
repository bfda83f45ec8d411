"""A draft of the words from pocketsphinx, whose US-English model comes inside its package.

Nothing is downloaded, and little is promised: it reads clear, slow speech (the synthetic voices of
the sample recordings) and gets most words of real talk wrong. Its grade is always ``draft``; its
mean confidence tells the two kinds apart (``draft_confidence``), and the note says which it was.

Clips are decoded in parallel by child processes (``sphinx_child``) that talk over their standard
streams. They end when this process ends, however it ends, and need nothing of its main module: a
pool of multiprocessing would run a Streamlit page again in every child, and can't be opened inside
a worker that is a pool's child itself.
"""

import json
import os
import queue
import re
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.activity import Activity
from pipeline.audio import Recording
from pipeline.errors import ModelUnavailable
from pipeline.records import Progress, Transcript, Word, no_progress
from pipeline.settings import SphinxConfig
from pipeline.timeline import Span
from pipeline.transcription.clips import Source, cut_clips, sources
from pipeline.transcription.doubts import clamp_to_speech
from pipeline.transcription.sphinx_child import FRAMES

LANGUAGE = "en"

_NO_WORD = re.compile(r"<.*>|\[.*\]|\+\+.*\+\+")
_ALTERNATE = re.compile(r"\(\d+\)$")


@dataclass(frozen=True, slots=True)
class _Clip:
    source: Source
    span: Span


class SphinxTranscriber:
    """pocketsphinx with its bundled model: English drafts, offline."""

    name = "sphinx"

    def __init__(self, config: SphinxConfig, language: str) -> None:
        if language != LANGUAGE:
            raise ModelUnavailable(
                f"the embedded draft transcriber knows English only, not {language!r}; fetch "
                "Whisper with `attune models fetch whisper`, or import a transcript"
            )
        if find_spec("pocketsphinx") is None:
            raise ModelUnavailable(
                "the package pocketsphinx is missing; install Attune again with its dependencies"
            )
        self.config = config
        self.language = language
        self.version = version("pocketsphinx")

    def transcribe(
        self,
        recording: Recording,
        activity: Activity,
        *,
        progress: Progress = no_progress,
        per_channel: bool = False,
    ) -> Transcript:
        """A draft of the words inside the speech activity; see the protocol.

        Raises:
            ModelUnavailable: also where a decoder process can't start or ends early.
        """
        parts = sources(recording, activity, per_channel=per_channel)
        clips = [_Clip(source, span) for source in parts for span in self._clips(recording, source)]
        heard = self._decode(recording, clips, progress)
        words: list[Word] = []
        for source in parts:
            own = [w for clip, found in heard if clip.source is source for w in found]
            words += clamp_to_speech(own, source.speech)
        words.sort(key=lambda word: (word.start, word.end))
        return Transcript(
            words=tuple(words),
            language=self.language,
            engine=f"{self.name} {self.version}",
            grade="draft",
            note=draft_note(words, self.config),
        )

    def _clips(self, recording: Recording, source: Source) -> Sequence[Span]:
        return cut_clips(
            source.speech,
            duration=recording.duration,
            gap=self.config.clip_gap,
            pad=self.config.clip_pad,
            longest=self.config.clip_max,
        )

    def _decode(
        self, recording: Recording, clips: Sequence[_Clip], progress: Progress
    ) -> list[tuple[_Clip, list[Word]]]:
        """Each clip with its words, in the clips' order."""
        count = min(_processes(self.config), len(clips))
        if not count:
            progress("transcription", 1.0)
            return []
        with _children(count, self.config) as children, ThreadPoolExecutor(count) as pool:

            def decode(clip: _Clip) -> list[Word]:
                child = children.get()
                try:
                    return _words(child.decode(_pcm(recording, clip)), clip)
                finally:
                    children.put(child)

            # the longest clips first, so that no process is left alone with one at the end
            order = sorted(range(len(clips)), key=lambda i: -clips[i].span.duration)
            jobs = {pool.submit(decode, clips[i]): i for i in order}
            found: dict[int, list[Word]] = {}
            seconds, done = sum(clip.span.duration for clip in clips), 0.0
            try:
                for job in as_completed(jobs):
                    found[jobs[job]] = job.result()
                    done += clips[jobs[job]].span.duration
                    progress("transcription", min(1.0, done / seconds))
            finally:
                pool.shutdown(cancel_futures=True)
        return [(clip, found[i]) for i, clip in enumerate(clips)]


def mean_confidence(words: Sequence[Word]) -> float | None:
    """Mean confidence of the words, each weighed by its duration; None without words."""
    weights = [max(word.end - word.start, 0.0) for word in words]
    if not sum(weights):
        return None
    pairs = zip(words, weights, strict=True)
    return sum((word.confidence or 0.0) * weight for word, weight in pairs) / sum(weights)


def resembles_samples(words: Sequence[Word], config: SphinxConfig) -> bool:
    """Whether a draft is as sure as on the sample recordings, so that its words may be counted."""
    confidence = mean_confidence(words)
    return confidence is not None and confidence >= config.draft_confidence


def draft_note(words: Sequence[Word], config: SphinxConfig) -> str:
    """What a reader should know about a draft, in a sentence or two."""
    confidence = mean_confidence(words)
    if confidence is None:
        return "Draft: the embedded transcriber recognised no words."
    sure = f"its mean confidence is {confidence:.2f}, the limit {config.draft_confidence:.2f}"
    if resembles_samples(words, config):
        return (
            f"Draft by the embedded transcriber, about as sure as on the sample recordings ({sure})"
            "; expect wrong words all the same."
        )
    return (
        f"Draft by the embedded transcriber, unsure ({sure}): most words of real conversations come"
        " out wrong, so nothing is counted from them. Fetch Whisper or import a transcript."
    )


class _Child:
    """A decoder process."""

    def __init__(self, config: SphinxConfig) -> None:
        root = Path(__file__).resolve().parent.parent.parent
        module = ["-P", "-m", "pipeline.transcription.sphinx_child"]
        self._process = subprocess.Popen(  # noqa: S603 - our own module, two numbers
            [sys.executable, *module, str(config.max_states), str(config.max_words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": str(root)},
        )

    def wait_ready(self) -> None:
        answer = self._answer()
        if isinstance(answer, dict) and "error" in answer:
            raise ModelUnavailable(
                f"pocketsphinx can't be started ({answer['error']}); run `attune doctor`"
            )

    def decode(self, pcm: bytes) -> Any:
        try:
            stdin = self._process.stdin
            assert stdin is not None
            stdin.write(struct.pack("<I", len(pcm)) + pcm)
            stdin.flush()
        except OSError:
            raise self._ended() from None
        return self._answer()

    def close(self) -> None:
        self._process.kill()
        self._process.communicate()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._ended()
        return json.loads(line)

    def _ended(self) -> ModelUnavailable:
        return ModelUnavailable(
            f"a pocketsphinx process ended early (exit status {self._process.wait()}); there may "
            "be too little memory: set transcription.sphinx.processes=1, or use another engine"
        )


def _processes(config: SphinxConfig) -> int:
    """As many as asked for, else one for each core that this process may use."""
    if config.processes > 0:
        return config.processes
    allowed = getattr(os, "sched_getaffinity", None)  # Linux only; containers grant fewer cores
    cores = len(allowed(0)) if allowed else os.cpu_count() or 1
    return min(cores, config.processes_max)


@contextmanager
def _children(count: int, config: SphinxConfig) -> Iterator["queue.Queue[_Child]"]:
    """Decoder processes that are ready; killed at the end, whatever happens."""
    started: list[_Child] = []
    try:
        for _ in range(count):
            started.append(_Child(config))
        idle: queue.Queue[_Child] = queue.Queue()
        for child in started:
            child.wait_ready()
            idle.put(child)
        yield idle
    finally:
        for child in started:
            child.close()


def _pcm(recording: Recording, clip: _Clip) -> bytes:
    samples = recording.block(clip.span.start, clip.span.end, channel=clip.source.channel)
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype("<i2").tobytes()


def _words(segments: Sequence[tuple[str, int, int, float]], clip: _Clip) -> list[Word]:
    """The segments that are words, with times of the recording."""
    return [
        Word(
            start=clip.span.start + first / FRAMES,
            end=min(clip.span.start + (last + 1) / FRAMES, clip.span.end),
            text=_ALTERNATE.sub("", text),
            confidence=min(1.0, max(0.0, probability)),
            speaker=clip.source.speaker,
        )
        for text, first, last, probability in segments
        if not _NO_WORD.fullmatch(text)
    ]
