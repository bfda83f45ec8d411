"""The words on the pages: times, names of people, titles and plain explanations of the figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipeline.durations import length
from pipeline.records import EventType, Grade, Measure, Person, Role, Setup

SCOPE = "Posture, faces and warmth are not in these figures."

ROLE_NAMES: dict[Role | None, str] = {
    "therapist": "Therapist",
    "client": "Client",
    "other": "Other voice",
    None: "Voice",
}

SETUPS: dict[Setup, str] = {
    "one microphone": "One phone or microphone in the room",
    "two microphones": "Two microphones, one for each person",
    "call mixed": "Video call, one mixed sound track",
    "call separate": "Video call, a separate track for each person",
    "unknown": "I don't know",
}

STATES = {
    "received": "Waiting to be analysed",
    "analysing": "Being analysed",
    "ready": "Ready",
    "failed": "Could not be analysed",
}

CERTAINTIES: dict[Grade, str] = {
    "good": "clear",
    "low": "hard to hear: rough figures",
    "draft": "draft",
    "abstained": "not enough to tell",
}

STAGES = {
    "audio": "Reading the sound",
    "activity": "Finding where somebody speaks",
    "diarization": "Telling the voices apart",
    "prosody": "Following loudness and pitch",
    "transcription": "Writing down the words",
    "attribution": "Giving each word its speaker",
    "roles": "Finding out who is the therapist",
    "turns": "Finding the turns",
    "measures": "Counting and timing",
    "feedback": "Writing the summary",
}

VOICES: dict[Grade, str] = {
    "good": "Who spoke when could be told clearly.",
    "low": "Hard to hear who spoke when: these figures are rough.",
    "draft": "Who spoke when is a draft: these figures are rough.",
    "abstained": "The voices could not be told apart, so there are no figures on timing.",
}

WORDS: dict[Grade, str] = {
    "good": "The words are clear enough to count.",
    "low": "Many words were unclear: figures that need words are rough.",
    "draft": "Draft words: a rough guess by a small transcriber, often wrong. "
    "Figures that need words are left out, or marked as drafts.",
    "abstained": "There are no words for this recording. Figures that need words are left out.",
}

CALL_NOTE = "Call software alters this."
"""Beside latency, overlaps and listening sounds of anything recorded in a call."""


@dataclass(frozen=True, slots=True)
class Figure:
    """How a measure is shown. ``{who}`` and ``{other}`` stand for the two people's names."""

    measure: str
    title: str
    explain: str
    on_call: bool = False


FIGURES = (
    Figure(
        "talk_share",
        "{who}’s share of the talking",
        "Seconds of speech; pauses and listening sounds are left out. "
        "When both speak, the time counts for each.",
    ),
    Figure(
        "longest_turn",
        "{who}’s longest turn",
        "The longest time the {who_low} held the floor, short pauses included.",
    ),
    Figure(
        "silences",
        "Silences of {listed} seconds or more",
        "Nobody speaks. No words; there may be tears, breath or laughter here.",
    ),
    Figure(
        "latency",
        "Pause before the {who_low} answers",
        "From the end of the {other_low}’s turn to the start of the {who_low}’s; below zero when "
        "they overlap. It depends on the pair, and slow is not worse than quick.",
        on_call=True,
    ),
    Figure(
        "floor_taken",
        "{who} started while the {other_low} was speaking",
        "The {other_low} then stopped. Timing can’t tell whether it was an interruption, "
        "a misheard ending or a welcome help: listen to it.",
        on_call=True,
    ),
    Figure(
        "backchannels",
        "{who}’s listening sounds",
        "Short sounds such as “mm-hm” while the {other_low} speaks, "
        "per minute of the {other_low}’s speech.",
        on_call=True,
    ),
    Figure(
        "reflections",
        "Turns in which the {who_low} may reflect",
        "Turns that seem to give back what the {other_low} said. Candidates to listen to.",
    ),
    Figure(
        "questions",
        "Turns in which the {who_low} asks",
        "Turns that seem to hold a question.",
    ),
    Figure(
        "information",
        "Turns in which the {who_low} informs or advises",
        "Turns that seem to give information, advice or options.",
    ),
    Figure(
        "picking_up",
        "The {other_low}’s words picked up",
        "Of the {who_low}’s content words, the share that the {other_low} had just used.",
    ),
)
"""The tiles of a session page, in their order."""

EVENTS: dict[EventType, str] = {
    "silence": "Silence",
    "floor_taken": "Started while the other was speaking",
    "overlap_floor_kept": "Spoke over the other, who went on",
    "overlapping_start": "Started before the other had ended",
    "dual_start": "Both started at once",
    "backchannel": "Listening sound",
    "reflection": "May be a reflection",
    "question": "Question",
    "information": "Information or advice",
    "affirmation": "May be an affirmation",
    "summary": "May be a summary",
}


def setup(how: Setup) -> str:
    """How it was recorded, inside a line of facts."""
    return "set-up not given" if how == "unknown" else SETUPS[how][0].lower() + SETUPS[how][1:]


def percent(share: float) -> str:
    """A share as whole per cent."""
    return f"{100 * share:.0f} %"


def value(measure: Measure) -> str:
    """A figure with its unit, or that there is not enough to tell."""
    if measure.value is None or measure.certainty == "abstained":
        return "Not enough to tell"
    if measure.unit == "share":
        return percent(measure.value)
    if measure.unit == "s":
        return length(measure.value) if measure.value >= 0 else f"{measure.value:.1f} s"
    if measure.unit == "count":
        return f"{measure.value:.0f}"
    if measure.unit == "ratio":
        return f"{measure.value:.2g} to 1"
    return f"{measure.value:.1f} {measure.unit}"


def people(roles: Mapping[str, Person], speakers: Sequence[str]) -> dict[str, str]:
    """A name for each voice by its role; numbered where a role is there more than once."""
    out: dict[str, str] = {}
    kinds = {label: roles[label].role if label in roles else None for label in speakers}
    for label, role in kinds.items():
        alike = [other for other, its in kinds.items() if its == role]
        number = f" {alike.index(label) + 1}" if len(alike) > 1 else ""
        out[label] = ROLE_NAMES[role] + number
    return out


def voice(label: str, speakers: Sequence[str]) -> str:
    """A voice told by where it sounds or by when it is first heard: ``the left voice``."""
    if label in ("left", "right"):
        return f"the {label} voice"
    ordinals = ("first", "second", "third", "fourth", "fifth", "sixth")
    place = speakers.index(label) if label in speakers else len(speakers)
    if place < len(ordinals):
        return f"the {ordinals[place]} voice heard"
    return f"voice {place + 1}"


def literal(text: str) -> str:
    """A text as itself, not as markdown."""
    return "".join(f"\\{c}" if c in "\\`*_{}[]()#+-.!|<>$~:" else c for c in text)
