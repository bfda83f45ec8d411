"""What every figure means, in one line, and what it can't tell: the words of reports and pages.

Addressed to the therapist. No figure is good or bad by itself, so no line says which way is better.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Meaning:
    """A figure in words.

    Attributes:
        title: its name on a page.
        meaning: what it is, in one line.
        cannot_tell: what must not be read into it.
        strip: it is drawn turn by turn, where the person asks for it, and stands in no table: its
            median says nothing.
    """

    title: str
    meaning: str
    cannot_tell: str
    strip: bool = False


MEANINGS: Mapping[str, Meaning] = {
    "talk_share": Meaning(
        "Share of the talking",
        "Seconds of speech without pauses and listening sounds; overlaps count for each.",
        "whether the talking helped: no share is right by itself",
    ),
    "talk_share_words": Meaning(
        "Share of the words",
        "The words of this person among everybody's, listening sounds left out.",
        "whether the talking helped; words that the transcriber missed are missing here",
    ),
    "time_shares": Meaning(
        "Time with somebody speaking",
        "How the time divides: each person, both at once, silence.",
        "what happened in the silence",
    ),
    "balance": Meaning(
        "Share of the talking, middle of its windows",
        "The therapist's share in stretches of two and a half minutes.",
        "why it moved",
    ),
    "turn_length": Meaning(
        "Mean length of a turn",
        "How long somebody held the floor on average, short pauses included.",
        "whether it was too long: an explanation that was asked for takes its time",
    ),
    "longest_turn": Meaning(
        "Longest turn",
        "The longest time somebody held the floor, short pauses included.",
        "whether it was too long",
    ),
    "latency": Meaning(
        "Pause before starting to speak (median)",
        "From the end of the other's turn to the start of this person's; below zero they overlap.",
        "anything about two different people: it depends on the pair; slow is not worse than quick",
    ),
    "silences": Meaning(
        "Silences of 3 seconds or more",
        "Nobody speaks, between the first and the last word.",
        "what it held: there may be tears, breath or laughter; its amount predicts nothing",
    ),
    "overlapping_starts": Meaning(
        "Started while the other spoke",
        "Began a turn before the other had ended.",
        "whether it was eager, rude or simply quick",
    ),
    "floor_taken": Meaning(
        "Started while the other spoke, and went on alone",
        "The other stopped within two seconds and stayed silent.",
        "whether anybody was interrupted: by timing alone one to three in ten were; listen",
    ),
    "overlap_floor_kept": Meaning(
        "Spoke alongside the other, who went on",
        "Said something while the other kept the floor.",
        "whether it helped or disturbed",
    ),
    "backchannels": Meaning(
        "Listening sounds (mm-hm, yes)",
        "Short sounds while the other speaks, per minute of the other's speech.",
        "whether they were heard as listening",
    ),
    "reflections": Meaning(
        "Turns that may reflect",
        "About how many of the therapist's turns give back what the client said.",
        "whether a reflection was right, or landed; learned from staged demonstrations",
    ),
    "questions": Meaning(
        "Turns that ask",
        "About how many of the therapist's turns hold a question.",
        "whether a question was open or closed: experts themselves often disagree",
    ),
    "information": Meaning(
        "Turns that inform or advise",
        "About how many of the therapist's turns give information, advice or options.",
        "whether it was wanted",
    ),
    "reflections_to_questions": Meaning(
        "Reflections for each question",
        "The two expected counts, one divided by the other.",
        "much by itself: asking nothing would raise it",
    ),
    "affirmations": Meaning(
        "Moments that may affirm",
        "Turns with wordings such as “that took courage”.",
        "how many there were: only common wordings are found",
    ),
    "summaries": Meaning(
        "Moments that may sum up",
        "Long reflecting turns that draw several things together.",
        "how many there were: candidates only",
    ),
    "picking_up": Meaning(
        "Words picked up",
        "Of the therapist's content words, the share that the client had just used.",
        "whether they were reflected or only repeated; good reflections also use other words",
    ),
    "speech_rate": Meaning(
        "Words a minute",
        "Words for each minute of speech, pauses left out.",
        "how the pace felt to the other",
    ),
    "fillers": Meaning(
        "Fillers (um, er)",
        "At least so many: transcribers leave most of them out.",
        "how fluent it sounded",
    ),
    "loudness": Meaning(
        "Loudness of a turn against one's own (median)",
        "How loud a turn was beside the person's usual loudness.",
        "a quality: it is a description; call software levels it",
        strip=True,
    ),
    "pitch": Meaning(
        "Pitch of a turn against one's own (median)",
        "How high a turn was beside the person's usual pitch.",
        "a feeling: it is a description",
        strip=True,
    ),
    "pitch_range": Meaning(
        "Rise and fall of the pitch within a turn (median)",
        "How far the pitch moves within a turn.",
        "liveliness or warmth: it is a description",
    ),
    "unattributed_words": Meaning(
        "Words that no voice could be given",
        "The share of the words that are counted for nobody.",
        "whose they were",
    ),
    "word_confidence": Meaning(
        "The transcriber's confidence in its words",
        "Its own estimate, weighted by the words' lengths.",
        "how many words are wrong",
    ),
    "signal_to_noise": Meaning(
        "Speech above the noise",
        "How far the speech stands out from what is heard in pauses.",
        "what the noise was",
    ),
}
"""By the figure's name in a report, without the voice's label; in the order of a page."""
