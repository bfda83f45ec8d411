"""One practice of a recording: its turns, who is who, everything measured in it, the feedback.

Nothing here runs a model but the phrasing reader, which remembers what it read.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from pipeline import measures as measured
from pipeline.corrections import Correction
from pipeline.errors import ConfigError
from pipeline.feedback import give_feedback, load_rules
from pipeline.hearing import Heard
from pipeline.lexicon import Lexicon, load_lexicon
from pipeline.measures.basis import Basis, Found, practice_note
from pipeline.measures.recording import too_unclear, unclear_hangs
from pipeline.phrased import Reader
from pipeline.records import Approach, EventType, Grade, Section, Transcript, Turn
from pipeline.roles import RoleDecision, assign_roles
from pipeline.sensitivity import weigh
from pipeline.settings import Config, MeasuresConfig, TurnsConfig
from pipeline.spoken import reworded, spoken_words, with_words
from pipeline.timeline import Span
from pipeline.transcription.sphinx import resembles_samples
from pipeline.turns import Conversation, converse


@dataclass(frozen=True, slots=True)
class SectionChoice:
    """A practice inside the recording, as the user marked it.

    Attributes:
        therapist: a voice's label, where the user said who it is.
    """

    start: float
    end: float
    therapist: str | None = None


@dataclass(frozen=True, slots=True)
class Material:
    """What all sections of a recording stand on.

    Attributes:
        words: with their owners; None where there are none.
        reader: of the therapist's phrasing.
        therapist: the label that the user named for the whole recording.
    """

    heard: Heard
    words: Transcript | None
    config: Config
    reader: Reader
    corrections: tuple[Correction, ...] = ()
    therapist: str | None = None
    approach: Approach = "unset"

    @property
    def grade(self) -> Grade:
        """Of the words; ``abstained`` where there are none."""
        return self.words.grade if self.words is not None and self.words.words else "abstained"

    @property
    def lexicon(self) -> Lexicon:
        """Of the words' language."""
        language = self.words.language if self.words else self.config.transcription.language
        return load_lexicon(language)


def build_section(number: str, choice: SectionChoice, material: Material) -> Section:
    """Everything that is told of one practice.

    Raises:
        ConfigError: the section lies behind the end, or nobody has the therapist's label.
    """
    config = material.config
    within = _within(choice, material.heard)
    basis, decision = _basis(choice, within, material)

    def again(
        changed: TurnsConfig, measures: MeasuresConfig, kinds: Collection[EventType]
    ) -> Found:
        moved = changed != config.turns
        other = _with_turns(basis, changed, within, material.heard) if moved else basis
        return measured.again(replace(other, config=measures), kinds, turns=moved)

    found = weigh(measured.measure(basis), again, config.turns, config.measures)
    return Section(
        id=number,
        start=within.start,
        end=within.end,
        roles=decision.roles,
        turns=basis.conversation.turns,
        events=found.events,
        measures=found.measures,
        feedback=give_feedback(
            basis,
            found,
            load_rules(),
            roles_sure=decision.confidence >= config.roles.ask_below,
            approach=material.approach,
        ),
        approach=material.approach,
        role_confidence=round(decision.confidence, 3),
        role_note=decision.note,
        note=practice_note(basis),
    )


def _basis(choice: SectionChoice, within: Span, material: Material) -> tuple[Basis, RoleDecision]:
    """What the section's measures stand on, and how its roles were told."""
    heard, words, config = material.heard, material.words, material.config
    voices = heard.diarization
    spoken = spoken_words(words, config.turns, alone=heard.facts.channels == 0)
    conversation = converse(voices, config.turns, within=within, words=spoken)
    said = tuple(
        word
        for word in (words.words if words else ())
        if within.start <= (word.start + word.end) / 2 < within.end
    )
    turns = with_words(conversation.turns, said)
    decision = _roles(turns, material, named=choice.therapist or material.therapist)
    turns = tuple(
        replace(turn, role=person.role) if (person := decision.roles.get(turn.speaker)) else turn
        for turn in turns
    )
    basis = Basis(
        conversation=replace(conversation, turns=turns),
        roles=decision.roles,
        config=config.measures,
        intervals=config.intervals,
        voices=voices.grade,
        words=material.grade,
        sees_overlap=voices.sees_overlap,
        voices_note=voices.note,
        words_note=_uncounted(turns, material),
        spoken=spoken,
        prosody=heard.prosody,
        quality=heard.facts.quality,
        unattributed=tuple(word for word in said if word.speaker is None),
        lexicon=material.lexicon,
        corrections=material.corrections,
    )
    if not basis.words_note:
        hang = unclear_hangs(basis)
        basis = replace(basis, words_note=too_unclear(basis), words_hang=hang)
    if not basis.words_note:
        basis = replace(basis, phrased=material.reader.read(turns, voices.speakers))
    return basis, decision


def _with_turns(basis: Basis, turns: TurnsConfig, within: Span, heard: Heard) -> Basis:
    """The same words, and what the model read in them, in turns by other thresholds."""
    veto = basis.spoken.under(turns) if basis.spoken else None
    talk = converse(heard.diarization, turns, within=within, words=veto)
    conversation: Conversation = replace(talk, turns=reworded(talk.turns, basis.conversation.turns))
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


def _roles(turns: Sequence[Turn], material: Material, *, named: str | None) -> RoleDecision:
    texts: dict[str, list[str]] = {speaker: [] for speaker in material.heard.diarization.speakers}
    for turn in turns:
        if turn.text:
            texts[turn.speaker].append(turn.text)
    return assign_roles(
        texts, material.lexicon, material.config.roles, named=named, grade=material.grade
    )


def _uncounted(turns: Sequence[Turn], material: Material) -> str:
    """Why nothing is counted from the words; empty where they can be."""
    words, lexicon = material.words, material.lexicon
    if words is None or not words.words:
        return "not enough to tell: there are no words"
    if not lexicon.known:
        return f"not measured in this language ({lexicon.language})"
    sphinx = material.config.transcription.sphinx
    if words.grade == "draft" and not resembles_samples(words.words, sphinx):
        return "not enough to tell: too many words of this draft are unclear"
    if not any(turn.words for turn in turns):
        return "not enough to tell: the words could be given to nobody"
    return ""
