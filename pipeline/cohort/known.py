"""Which figures the cohort knows, whose they are, and which are never compared across people.

A figure that is not in the table is named and left out: whether two people's may be set side by
side has to be decided, not assumed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pipeline.records import Measure, Role, Section

PAIR = "depends on the pair, and call software alters it"
SILENCE = "the amount of silence says nothing about a session; what a silence held isn't known"
SOUNDS = "their number depends on the pair, on culture and on call software"
VOICE = "a description of a voice, not of listening"
LEFT_OUT = "transcribers leave out an unknown part of them"
DECIBELS = "decibels of different recordings don't add up to any recording's"
WINDOWS = "its windows overlap; the share of the talking is what adds"


@dataclass(frozen=True, slots=True)
class Known:
    """What a figure is to a cohort.

    Attributes:
        roles: whose it is taken of; none where it is the section's.
        words: whether it stands on the words.
        apart: why two people's are never set side by side; empty where they may be.
        never: not even one person's sessions are put together.
    """

    roles: tuple[Role, ...] = ()
    words: bool = False
    apart: str = ""
    never: bool = False


_OWN: tuple[Role, ...] = ("therapist",)
_BOTH: tuple[Role, ...] = ("therapist", "client")

KNOWN: Mapping[str, Known] = {
    "talk_share": Known(_OWN),
    "talk_share_words": Known(_OWN, words=True),
    "turn_length": Known(_BOTH),
    "longest_turn": Known(_BOTH),
    "reflections": Known(_OWN, words=True),
    "questions": Known(_OWN, words=True),
    "reflections_to_questions": Known(_OWN, words=True),
    "information": Known(_OWN, words=True),
    "affirmations": Known(_OWN, words=True),
    "summaries": Known(_OWN, words=True),
    "picking_up": Known(_OWN, words=True),
    "overlapping_starts": Known(_OWN),
    "floor_taken": Known(_OWN),
    "overlap_floor_kept": Known(_OWN),
    "latency": Known(_OWN, apart=PAIR),
    "silences": Known(apart=SILENCE),
    "time_shares": Known(apart=SILENCE),
    "backchannels": Known(_OWN, apart=SOUNDS),
    "speech_rate": Known(_OWN, words=True, apart=VOICE),
    "fillers": Known(_OWN, words=True, apart=LEFT_OUT),
    "loudness": Known(_OWN, apart=VOICE),
    "pitch": Known(_OWN, apart=VOICE),
    "pitch_range": Known(_OWN, apart=VOICE),
    "balance": Known(apart=WINDOWS, never=True),
    "unattributed_words": Known(words=True),
    "word_confidence": Known(words=True),
    "signal_to_noise": Known(apart=DECIBELS, never=True),
}
"""By the figure's name in a report, without the voice's label; in the order they are shown."""


def figures_of(section: Section) -> Iterator[tuple[str, Measure]]:
    """A section's known figures by ``head.role``, or ``head`` where they are the section's.

    A bare name is the therapist's; with several clients no figure is the client's.
    """
    of_role: dict[Role, list[str]] = {}
    for label, person in section.roles.items():
        of_role.setdefault(person.role, []).append(label)
    for head, known in KNOWN.items():
        if not known.roles and head in section.measures:
            yield head, section.measures[head]
        for role in known.roles:
            labels = of_role.get(role, [])
            own = section.measures.get(f"{head}.{labels[0]}") if len(labels) == 1 else None
            if own is None and role == "therapist":
                own = section.measures.get(head)
            if own is not None:
                yield f"{head}.{role}", own


def head_of(name: str) -> str:
    """``talk_share`` of ``talk_share.left``."""
    return name.partition(".")[0]
