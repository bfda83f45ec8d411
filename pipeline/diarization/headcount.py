"""How many people a diarizer heard, and whether its answer may be trusted for it.

A diarizer that is told a number returns that many labels: one voice is split in two, two are
forced together, a cough becomes a person. So it counts freely first; where it hears more than
expected, the voices it gives on request are set against those, ghosts left out. More voices than it
hears are never asked for: they would be somebody cut in two.

Source for ghosts: noScribe #341 (dropping labels under 2 % of the speech without a turn over 2 s).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from pipeline.records import Grade
from pipeline.settings import PyannoteConfig
from pipeline.timeline import Timeline, total

Voices = Mapping[str, Timeline]
"""A label and when it speaks."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What the two passes amount to.

    Attributes:
        labels: of the voices that are people, in the order in which they are first heard.
        forced: the pass with the expected number is the one to use.
    """

    labels: tuple[str, ...]
    forced: bool
    grade: Grade
    note: str = ""


def real_voices(voices: Voices, config: PyannoteConfig) -> Voices:
    """The voices without ghosts, first heard first.

    A ghost has less than ``ghost_share`` of everybody's speech and no turn longer than
    ``ghost_turn`` seconds: a cough, a chair, a vowel that sounded unlike its speaker.
    """
    everything = sum(total(timeline) for timeline in voices.values())
    real = {
        label: timeline
        for label, timeline in voices.items()
        if total(timeline) >= config.ghost_share * everything
        or any(span.duration > config.ghost_turn for span in timeline)
    }
    return dict(sorted(real.items(), key=lambda item: item[1][0]))


def judge(*, asked: Voices, counted: Voices, speakers: int, config: PyannoteConfig) -> Heard:
    """Grade the voices: found when ``speakers`` were asked for, against those counted freely.

    Both without ghosts. Good is only where the two agree; one voice, or clearly more people than
    expected, is no ground for any figure. A further voice is a person from ``extra_share`` of the
    speech on, below it may be noise or an aside.
    """
    labels, many = tuple(counted), len(counted)
    if many == 0:
        return Heard((), False, "abstained", "pyannote heard nobody speak on this recording.")
    if many == 1:
        return Heard(
            labels,
            False,
            "abstained",
            "Only one voice was heard, so nobody can be told apart; check that everybody is on the "
            "recording and close enough to the microphone.",
        )
    if not speakers or many == speakers == len(asked):
        return Heard(tuple(asked) if speakers else labels, bool(speakers), "good")
    if many < speakers:
        return Heard(labels, False, "low", f"{speakers} voices were expected, {many} were heard.")
    if _extra_share(counted, speakers) >= config.extra_share:
        return Heard(
            labels,
            False,
            "abstained",
            f"{many} voices were heard where {speakers} were expected; if more people speak, set "
            f"diarization.speakers = {many}.",
        )
    if len(asked) == speakers:
        note = f"pyannote had to be told that {speakers} people speak; by itself it heard {many}."
        return Heard(tuple(asked), True, "low", note)
    note = (
        f"Told that {speakers} people speak, pyannote made up a voice; by itself it heard {many}."
    )
    return Heard(labels, False, "low", note)


def _extra_share(voices: Voices, speakers: int) -> float:
    """Share of the speech that belongs to nobody of the ``speakers`` who speak most."""
    seconds = sorted((total(timeline) for timeline in voices.values()), reverse=True)
    return sum(seconds[speakers:]) / sum(seconds)
