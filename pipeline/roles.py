"""Who was the therapist; a wrong answer turns every figure upside down, so it has a confidence.

In this order: what the user said; names in a transcript that say it ("Therapist"); who asks,
reflects and talks of "you" rather than "I". From the words each voice gets a score,

    asks_weight * share of turns that ask + reflects_weight * reflection openings per 100 words
        + you_weight * share of "you" among "you" and "I"

and the confidence is the softmax of the scores: for two voices a logistic function of the lead.
How much somebody talks is left out on purpose; approaches differ in it.

Source: weights fitted to AnnoMI (Wu et al. 2022); figures in ``[roles]`` of default.toml.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.errors import ConfigError
from pipeline.lexicon import Lexicon, Phrase, Phrases, count_phrases, tokens
from pipeline.records import Grade, Person
from pipeline.settings import RolesConfig

_FEW = 50
"""Words added to a voice's count, so that a handful of them proves little."""


@dataclass(frozen=True, slots=True)
class RoleDecision:
    """Everybody's role.

    Attributes:
        confidence: 0 to 1, that the therapist is told rightly; below ``ask_below`` ask.
        note: how it was told, in a sentence for a person.
    """

    roles: dict[str, Person]
    confidence: float
    note: str

    @property
    def therapist(self) -> str | None:
        """The therapist's label; None where there are no voices."""
        return next((s for s, person in self.roles.items() if person.role == "therapist"), None)


@dataclass(frozen=True, slots=True)
class Manner:
    """How one voice talks.

    Attributes:
        asks: share of turns that ask.
        reflects: reflection openings per 100 words.
        you: share of "you" among "you" and "I".
        words: in all turns.
    """

    asks: float
    reflects: float
    you: float
    words: int


def assign_roles(
    texts: Mapping[str, Sequence[str]],
    lexicon: Lexicon,
    config: RolesConfig,
    *,
    named: str | None = None,
    names: Mapping[str, str] | None = None,
    grade: Grade = "good",
) -> RoleDecision:
    """One therapist, the others clients.

    Args:
        texts: each voice's turns in order, voices in the order in which they are first heard;
            empty where a voice has no words.
        lexicon: of the words' language.
        config: see [roles].
        named: the therapist's label or name, where the user said it.
        names: what a transcript calls the voices; their labels where None.
        grade: of the words.

    Raises:
        ConfigError: ``named`` is none of the voices.
    """
    called = {speaker: (names or {}).get(speaker, speaker) for speaker in texts}
    if named is not None:
        return _decision(texts, _chosen(named, called), 1.0, "You said who the therapist is.")
    if not texts:
        return RoleDecision({}, 0.0, "No voices were found, so there are no roles.")
    by_name = _told_by_name(called, lexicon)
    if by_name is not None:
        note = "The speakers' names in the transcript say who the therapist is."
        return _decision(texts, by_name, config.name_confidence, note)
    return _told_by_words(texts, lexicon, config, grade)


def manner(turns: Sequence[str], lexicon: Lexicon) -> Manner:
    """How one voice talks; counts are smoothed, so that little speech says little."""
    said = [tokens(turn) for turn in turns]
    words = sum(map(len, said))
    you = sum(count_phrases(turn, lexicon.second_person) for turn in said)
    i = sum(count_phrases(turn, lexicon.first_person) for turn in said)
    reflections = sum(count_phrases(turn, lexicon.reflection_stems) for turn in said)
    return Manner(
        asks=(sum(map(lexicon.asks, turns)) + 0.5) / (len(turns) + 2),
        reflects=100 * (reflections + 0.5) / (words + _FEW),
        you=(you + 1) / (you + i + 2),
        words=words,
    )


def _told_by_words(
    texts: Mapping[str, Sequence[str]], lexicon: Lexicon, config: RolesConfig, grade: Grade
) -> RoleDecision:
    manners = {speaker: manner(turns, lexicon) for speaker, turns in texts.items()}
    if len(texts) == 1:
        (only,) = texts
        note = "Only one voice was found; put down as the therapist's, please confirm."
        return _decision(texts, only, 0.5, note)
    if not lexicon.known or not any(m.words for m in manners.values()):
        first = next(iter(texts))
        note = (
            "There are no words to tell by: the voice heard first is put down as the therapist's, "
            "please confirm."
        )
        return _decision(texts, first, 1 / len(texts), note)
    scale = config.draft_scale if grade == "draft" else 1.0
    scores = {speaker: scale * _score(m, config) for speaker, m in manners.items()}
    best = max(scores, key=lambda speaker: scores[speaker])
    confidence = 1 / sum(math.exp(score - scores[best]) for score in scores.values())
    return _decision(texts, best, confidence, _reason(confidence, config, grade))


def _score(m: Manner, config: RolesConfig) -> float:
    return (
        config.asks_weight * m.asks
        + config.reflects_weight * m.reflects
        + config.you_weight * m.you
    )


def _reason(confidence: float, config: RolesConfig, grade: Grade) -> str:
    told = "Told by who asks, reflects and talks of “you”"
    if grade == "draft":
        told += ", from a draft of the words"
    if confidence < config.ask_below:
        return f"{told}; that is not sure enough ({confidence:.0%}), please confirm."
    return f"{told} ({confidence:.0%} sure)."


def _chosen(named: str, called: Mapping[str, str]) -> str:
    """The voice that the user means, by label or by name."""
    wanted = named.strip().casefold()
    found = [s for s, name in called.items() if wanted in (s.casefold(), name.strip().casefold())]
    if len(found) != 1:
        raise ConfigError(
            f"the therapist was named as {named!r}, which fits {len(found)} of the voices; use one "
            f"of: {', '.join(called) or '(no voices were found)'}"
        )
    return found[0]


def _told_by_name(called: Mapping[str, str], lexicon: Lexicon) -> str | None:
    """The voice whose name says "therapist", or the one beside a name that says "client"."""
    said = {speaker: tokens(name) for speaker, name in called.items()}
    therapists = [s for s, name in said.items() if _says(name, lexicon.therapist_names)]
    clients = [s for s, name in said.items() if _says(name, lexicon.client_names)]
    if len(therapists) == 1 and therapists[0] not in clients:
        return therapists[0]
    if not therapists and len(clients) == 1 and len(called) == 2:
        return next(speaker for speaker in called if speaker not in clients)
    return None


def _says(name: Phrase, phrases: Phrases) -> bool:
    """Whether a name holds one of the phrases; a letter must be all of it ("T:", not "Mr T")."""
    longer = frozenset(phrase for phrase in phrases if len(phrase[0]) > 1)
    return name in phrases or count_phrases(name, longer) > 0


def _decision(
    texts: Mapping[str, Sequence[str]], therapist: str, confidence: float, note: str
) -> RoleDecision:
    roles = {s: Person("therapist" if s == therapist else "client") for s in texts}
    return RoleDecision(roles, confidence, note)
