r"""One recording from its file to its report: the stages in order, each done at most once.

::

    audio -> activity -> diarization  \
                      -> transcription > attribution -> roles -> turns -> measures -> feedback

Diarization and transcription run at the same time. What decoding and the models find is kept as
artefacts under a hash of all it depends on; everything after the models is cheap and always worked
out anew, so a changed threshold, role or section runs no model again.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipeline.attribution import attribute
from pipeline.corrections import Correction, corrected_voices, corrected_words
from pipeline.hearing import Heard, hear, is_transcript, library_version, read
from pipeline.phrased import PhrasingReader, Reader
from pipeline.records import Approach, Progress, Setup, no_progress
from pipeline.report import SCHEMA, Certainty, Provenance, Report
from pipeline.sections import Material, SectionChoice, build_section
from pipeline.settings import Config

__all__ = ["SectionChoice", "analyze", "conclude"]

_LIBRARIES = ("attune", "faster-whisper", "pyannote.audio", "pocketsphinx", "numpy", "librosa")


def analyze(
    path: Path,
    config: Config,
    *,
    artefacts: Path | None = None,
    setup: Setup = "unknown",
    therapist: str | None = None,
    sections: Sequence[SectionChoice] = (),
    corrections: Sequence[Correction] = (),
    approach: Approach = "unset",
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
        corrections: what a person set right; no model of sound runs again for them.
        approach: what the course teaches; decides on published bands and on feedback.
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
    reader = PhrasingReader(
        artefacts, drivers_from=config.measures.candidate / 2, progress=progress
    )
    report = conclude(
        heard,
        config,
        therapist=therapist,
        sections=sections,
        corrections=corrections,
        approach=approach,
        reader=reader,
    )
    progress("measures", 1.0)
    return report


def conclude(
    heard: Heard,
    config: Config,
    *,
    therapist: str | None = None,
    sections: Sequence[SectionChoice] = (),
    corrections: Sequence[Correction] = (),
    approach: Approach = "unset",
    reader: Reader | None = None,
) -> Report:
    """Everything after voices and words: owners of words, roles, turns, measures.

    ``corrections`` are a person's own; ``reader`` remembers what the phrasing model said, without
    one it runs.
    """
    heard = _corrected(heard, corrections)
    words = heard.transcript
    if words is not None and heard.diarization.grade != "abstained":
        words = attribute(words, heard.diarization, config.attribution)
    material = Material(
        heard=heard,
        words=words,
        config=config,
        reader=reader or PhrasingReader(drivers_from=config.measures.candidate / 2),
        corrections=tuple(corrections),
        therapist=therapist,
        approach=approach,
    )
    chosen = sections or (SectionChoice(0.0, heard.facts.duration),)
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
            words=material.grade,
            voices_note=heard.diarization.note,
            words_note=words.note if words else heard.transcriber.reason,
        ),
        sections=tuple(
            build_section(str(i + 1), choice, material) for i, choice in enumerate(chosen)
        ),
        unattributed=tuple(w for w in (words.words if words else ()) if w.speaker is None),
    )


def _corrected(heard: Heard, corrections: Sequence[Correction]) -> Heard:
    if not corrections:
        return heard
    transcript = heard.transcript
    return replace(
        heard,
        diarization=corrected_voices(heard.diarization, corrections),
        transcript=transcript and corrected_words(transcript, corrections),
    )


def _versions() -> dict[str, str]:
    return {name: library_version(name) for name in _LIBRARIES}
