r"""One recording from its file to its report: the stages in order, each done at most once.

::

    audio -> activity -> diarization  \
                      -> transcription > attribution -> roles -> turns -> measures -> report

Diarization and transcription run at the same time. What decoding and the models find is kept as
artefacts under a hash of all it depends on; everything after the models is cheap and always worked
out anew, so a changed threshold, role or section runs no model again.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pipeline import measures as measured
from pipeline.attribution import attribute
from pipeline.corrections import Correction, corrected_voices, corrected_words
from pipeline.errors import ConfigError
from pipeline.feedback import give_feedback, load_rules
from pipeline.hearing import Heard, hear, is_transcript, library_version, read
from pipeline.lexicon import Lexicon, load_lexicon
from pipeline.measures.basis import Basis, Found, practice_note
from pipeline.measures.recording import too_unclear, unclear_hangs
from pipeline.phrased import PhrasingReader, Reader
from pipeline.records import (
    Approach,
    Diarization,
    EventType,
    Grade,
    Progress,
    Section,
    Setup,
    Transcript,
    Turn,
    Word,
    no_progress,
)
from pipeline.report import SCHEMA, Certainty, Provenance, Report
from pipeline.roles import RoleDecision, assign_roles
from pipeline.sensitivity import weigh
from pipeline.settings import Config, MeasuresConfig, TurnsConfig
from pipeline.spoken import reworded, spoken_words, with_words
from pipeline.timeline import Span
from pipeline.transcription.sphinx import resembles_samples
from pipeline.turns import Conversation, converse

_LIBRARIES = ("attune", "faster-whisper", "pyannote.audio", "pocketsphinx", "numpy", "librosa")


@dataclass(frozen=True, slots=True)
class SectionChoice:
    """A practice inside the recording, as the user marked it.

    Attributes:
        therapist: a voice's label, where the user said who it is.
    """

    start: float
    end: float
    therapist: str | None = None


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
    reader = reader or PhrasingReader(drivers_from=config.measures.candidate / 2)
    if words is not None and heard.diarization.grade != "abstained":
        words = attribute(words, heard.diarization, config.attribution)
    chosen = sections or (SectionChoice(0.0, heard.facts.duration),)
    built = tuple(
        _section(
            str(i + 1),
            choice,
            heard,
            words,
            config,
            reader,
            corrections,
            therapist=therapist,
            approach=approach,
        )
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


def _corrected(heard: Heard, corrections: Sequence[Correction]) -> Heard:
    if not corrections:
        return heard
    transcript = heard.transcript
    return replace(
        heard,
        diarization=corrected_voices(heard.diarization, corrections),
        transcript=transcript and corrected_words(transcript, corrections),
    )


def _section(
    number: str,
    choice: SectionChoice,
    heard: Heard,
    words: Transcript | None,
    config: Config,
    reader: Reader,
    corrections: Sequence[Correction],
    *,
    therapist: str | None,
    approach: Approach,
) -> Section:
    diarization = heard.diarization
    within = _within(choice, heard)
    spoken = spoken_words(words, config.turns, alone=heard.facts.channels == 0)
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
    lexicon = _lexicon(words, config)
    basis = Basis(
        conversation=replace(conversation, turns=turns),
        roles=decision.roles,
        config=config.measures,
        intervals=config.intervals,
        voices=diarization.grade,
        words=_words_grade(words),
        sees_overlap=diarization.sees_overlap,
        voices_note=diarization.note,
        words_note=_words_note(words, turns, lexicon, config),
        spoken=spoken,
        prosody=heard.prosody,
        quality=heard.facts.quality,
        unattributed=tuple(word for word in said if word.speaker is None),
        lexicon=lexicon,
        corrections=tuple(corrections),
    )
    if not basis.words_note:
        hang = unclear_hangs(basis)
        basis = replace(basis, words_note=too_unclear(basis), words_hang=hang)
    if not basis.words_note:
        basis = replace(basis, phrased=reader.read(turns, diarization.speakers))

    def again(
        changed: TurnsConfig, measures: MeasuresConfig, kinds: Collection[EventType]
    ) -> Found:
        other = basis
        if changed != config.turns:
            veto = spoken.under(changed) if spoken else None
            talk = converse(diarization, changed, within=within, words=veto)
            other = _over(basis, replace(talk, turns=reworded(talk.turns, turns)))
        return measured.again(replace(other, config=measures), kinds, turns=changed != config.turns)

    found = weigh(measured.measure(basis), again, config.turns, config.measures)
    return Section(
        id=number,
        start=within.start,
        end=within.end,
        roles=decision.roles,
        turns=turns,
        events=found.events,
        measures=found.measures,
        feedback=give_feedback(
            basis,
            found,
            load_rules(),
            roles_sure=decision.confidence >= config.roles.ask_below,
            approach=approach,
        ),
        approach=approach,
        role_confidence=round(decision.confidence, 3),
        role_note=decision.note,
        note=practice_note(basis),
    )


def _over(basis: Basis, conversation: Conversation) -> Basis:
    """The same words, and what the model read in them, in other turns."""
    phrased = {
        speaker: read.over(t for t in conversation.turns if t.speaker == speaker)
        for speaker, read in basis.phrased.items()
        if speaker == basis.therapist
    }
    return replace(basis, conversation=conversation, phrased=phrased)


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
    lexicon = _lexicon(words, config)
    return assign_roles(texts, lexicon, config.roles, named=named, grade=_words_grade(words))


def _lexicon(words: Transcript | None, config: Config) -> Lexicon:
    return load_lexicon(words.language if words else config.transcription.language)


def _words_note(
    words: Transcript | None, turns: Iterable[Turn], lexicon: Lexicon, config: Config
) -> str:
    """Why nothing is counted from the words; empty where they can be."""
    if words is None or not words.words:
        return "not enough to tell: there are no words"
    if not lexicon.known:
        return f"not measured in this language ({lexicon.language})"
    if words.grade == "draft" and not resembles_samples(words.words, config.transcription.sphinx):
        return "not enough to tell: too many words of this draft are unclear"
    if not any(turn.words for turn in turns):
        return "not enough to tell: the words could be given to nobody"
    return ""


def _words_grade(words: Transcript | None) -> Grade:
    return words.grade if words is not None and words.words else "abstained"


def _inside(words: Iterable[Word], within: Span) -> tuple[Word, ...]:
    return tuple(w for w in words if within.start <= (w.start + w.end) / 2 < within.end)


def _versions() -> dict[str, str]:
    return {name: library_version(name) for name in _LIBRARIES}
