"""A diarizer that carries no weights: it learns the two voices from the session itself.

Speech activity says where somebody speaks; cepstra say how it sounds; several first guesses are
refined into voices (``starts``, ``voices``) and the most likely result is kept. ``trust`` says how
far it can be believed, and whether the number of voices fits what was expected. Everything is
seeded: the same recording gives the same diarization.

Conditions: one microphone or mixed channels, voices that differ, half a minute of speech at least.
"""

from dataclasses import replace

import numpy as np

from pipeline.activity import Activity
from pipeline.audio import Recording
from pipeline.config import EmbeddedConfig
from pipeline.diarization.cepstra import HOP, Frames, analyse
from pipeline.diarization.starts import first_guesses
from pipeline.diarization.trust import Verdict, judge
from pipeline.diarization.voices import Labels, Separation, Speech, separate
from pipeline.records import Diarization, Progress, SpeakerSpan
from pipeline.timeline import Timeline, total

STAGE = "diarization"


class EmbeddedDiarizer:
    """Tells voices apart with nothing but the session (``diarization.protocol.Diarizer``).

    Args:
        speakers: voices expected; 0 where it isn't known.
    """

    name = "embedded"
    version = "1"

    def __init__(self, config: EmbeddedConfig, speakers: int) -> None:
        self._config = config
        self._speakers = speakers

    def diarize(
        self, recording: Recording, activity: Activity, *, progress: Progress
    ) -> Diarization:
        """Who speaks when; abstains where there is too little speech or one voice only."""
        config = self._config
        spoken = activity.anywhere()
        if total(spoken) < config.least_speech:
            note = (
                f"There are only {total(spoken):.0f} s of speech; telling voices apart needs at "
                f"least {config.least_speech:.0f} s."
            )
            return self._alone(spoken, Verdict("abstained", 0.0, note))
        if self._speakers == 1:
            return self._alone(spoken, Verdict("good", 1.0, "One voice was expected."))
        frames = analyse(recording)
        progress(STAGE, 0.2)
        speech = speech_frames(frames, spoken, config)
        found = {}
        for count in (2, 3):
            found[count] = separations(speech, config, voices=count)
            progress(STAGE, 0.2 + 0.3 * (count - 1))
        verdict, count = judge(speech, found, config, expected=self._speakers)
        if count == 1:
            return self._alone(spoken, verdict)
        best = found[count][0]
        final = separate(speech, best.path, config, voices=count, start=best.start) or best
        progress(STAGE, 1.0)
        return self._result(speech, final.path, verdict)

    def _alone(self, spoken: Timeline, verdict: Verdict) -> Diarization:
        """Everything belongs to one voice, or there is none."""
        spans = tuple(SpeakerSpan(s.start, s.end, "S1") for s in spoken)
        return Diarization(
            spans=spans,
            speakers=("S1",) if spans else (),
            engine=self.name,
            grade=verdict.grade,
            confidence=verdict.confidence,
            sees_overlap=False,
            note=verdict.note,
        )

    def _result(self, speech: Speech, path: Labels, verdict: Verdict) -> Diarization:
        spans = spans_of(speech, path)
        return Diarization(
            spans=spans,
            speakers=tuple(dict.fromkeys(s.speaker for s in spans)),
            engine=self.name,
            grade=verdict.grade,
            confidence=verdict.confidence,
            sees_overlap=False,
            note=verdict.note,
        )


def speech_frames(frames: Frames, spoken: Timeline, config: EmbeddedConfig) -> Speech:
    """The frames inside the speech, their cepstra normalised."""
    inside = np.zeros(len(frames), np.bool_)
    for span in spoken:
        inside[round(span.start / HOP) : round(span.end / HOP)] = True
    index = np.flatnonzero(inside)
    level = frames.bands[index].max(axis=1)
    strong = level >= np.quantile(level, 1.0 - config.strong_share)
    cepstra = frames.cepstra[index]
    voice = cepstra[strong]
    normal = (cepstra - voice.mean(axis=0)) / (voice.std(axis=0) + 1e-6)
    return Speech(
        index=index,
        cepstra=normal.astype(np.float32),
        strong=strong,
        pitch=frames.pitch[index],
        voicing=frames.voicing[index],
    )


def separations(speech: Speech, config: EmbeddedConfig, *, voices: int) -> list[Separation]:
    """The refined result of every first guess, the most likely first."""
    thin = max(2, -(-len(speech) // config.most_frames))
    found = []
    for name, guess in first_guesses(speech, config, voices=voices):
        refined = separate(speech, guess, config, voices=voices, thin=thin, start=name)
        if refined is not None:
            found.append(replace(refined, start=name))
    return sorted(found, key=lambda s: -s.score)


def spans_of(speech: Speech, path: Labels) -> tuple[SpeakerSpan, ...]:
    """Runs of one voice in unbroken speech, labelled in the order of being heard first."""
    breaks = np.flatnonzero((np.diff(path) != 0) | (np.diff(speech.index) != 1)) + 1
    starts = np.concatenate([[0], breaks])
    ends = np.concatenate([breaks, [len(path)]])
    names: dict[int, str] = {}
    spans = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        name = names.setdefault(int(path[start]), f"S{len(names) + 1}")
        first, last = int(speech.index[start]), int(speech.index[end - 1])
        spans.append(SpeakerSpan(round(first * HOP, 3), round((last + 1) * HOP, 3), name))
    return tuple(spans)
