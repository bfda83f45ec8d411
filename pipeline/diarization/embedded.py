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
from pipeline.diarization.cepstra import HOP, Frames, analyse
from pipeline.diarization.overlap import BOTH, Overlaps, find_overlaps
from pipeline.diarization.starts import first_guesses
from pipeline.diarization.trust import (
    Verdict,
    confidence_of,
    grade,
    one_voice,
    read_signs,
    sounds_like_one,
    sounds_like_three,
    three_voices,
)
from pipeline.diarization.voices import Labels, Separation, Speech, separate
from pipeline.records import Diarization, Progress, SpeakerSpan
from pipeline.settings import EmbeddedConfig
from pipeline.timeline import Timeline, total

STAGE = "diarization"
_UNKNOWN = 0.5  # doubt that there is one voice only, where nothing could be compared


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
        verdict, best = self._decide(speech, progress)
        if best is None:
            return self._alone(spoken, verdict)
        voices = int(best.path.max()) + 1
        final = separate(speech, best.path, config, voices=voices, start=best.start) or best
        both = None
        if voices == 2 and verdict.grade != "abstained":
            both = find_overlaps(recording, frames, speech, final.path, final.mixtures, config)
        progress(STAGE, 1.0)
        return self._result(speech, final.path, both, verdict)

    def _decide(self, speech: Speech, progress: Progress) -> tuple[Verdict, Separation | None]:
        """The verdict and the separation to go on with; None where one voice is all there is."""
        config = self._config
        expected = self._speakers if self._speakers > 2 else 2
        found = separations(speech, config, voices=expected)
        progress(STAGE, 0.4)
        if not found:
            return one_voice(speech, _UNKNOWN), None
        signs = read_signs(speech, found, coarse_separations(speech, config, expected), config)
        confidence = confidence_of(signs, config)
        if expected == 2:
            if sounds_like_one(signs, config):
                return one_voice(speech, confidence), None
            third = separations(speech, config, voices=3, informed=True)
            progress(STAGE, 0.6)
            more = read_signs(speech, third, [], config) if third else None
            if more is not None and sounds_like_three(signs, more, config):
                if self._speakers == 2:
                    return three_voices(more), found[0]
                return grade(more.agreement * confidence, more, config), third[0]
        return grade(confidence, signs, config), found[0]

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

    def _result(
        self, speech: Speech, path: Labels, both: Overlaps | None, verdict: Verdict
    ) -> Diarization:
        config = self._config
        seen = (
            both is not None
            and both.precision >= config.overlap_precision
            and both.recall >= config.overlap_recall
        )
        note = verdict.note
        if not seen and verdict.grade != "abstained":
            note = f"{note} Where two speak at once, only one is counted.".strip()
        names = names_of(path, both.path if both and seen else None)
        exclusive = spans_of(speech, path, names)
        spans = overlapping_spans(speech, both.path, names) if both and seen else exclusive
        return Diarization(
            spans=spans,
            speakers=tuple(dict.fromkeys(s.speaker for s in spans)),
            engine=self.name,
            grade=verdict.grade,
            confidence=verdict.confidence,
            sees_overlap=seen,
            note=note,
            exclusive=exclusive if seen else (),
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


def separations(
    speech: Speech, config: EmbeddedConfig, *, voices: int, informed: bool = False
) -> list[Separation]:
    """The refined result of every first guess (the ``informed`` ones only), the likeliest first."""
    thin = max(2, -(-len(speech) // config.most_frames))
    found = []
    for name, guess in first_guesses(speech, config, voices=voices):
        if informed and name.startswith("random"):
            break
        refined = separate(speech, guess, config, voices=voices, thin=thin, start=name)
        if refined is not None:
            found.append(refined)
    return sorted(found, key=lambda s: -s.score)


def coarse_separations(speech: Speech, config: EmbeddedConfig, voices: int) -> list[Separation]:
    """Separations by the first few cepstra, which carry the coarse shape of the spectrum."""
    few = np.ascontiguousarray(speech.cepstra[:, : config.coarse_cepstra])
    return separations(replace(speech, cepstra=few), config, voices=voices, informed=True)


def names_of(exclusive: Labels, overlapping: Labels | None = None) -> dict[int, str]:
    """``S1``, ``S2`` and so on, in the order of being heard first.

    Of two first heard at once, the one that ``exclusive`` hears comes first.
    """
    voices = list(dict.fromkeys(exclusive.tolist()))
    if overlapping is not None:
        own = {v: np.flatnonzero((overlapping == v) | (overlapping == BOTH)) for v in voices}
        voices = sorted(voices, key=lambda v: own[v][0] if len(own[v]) else len(overlapping))
    return {int(voice): f"S{i + 1}" for i, voice in enumerate(voices)}


def spans_of(speech: Speech, path: Labels, names: dict[int, str]) -> tuple[SpeakerSpan, ...]:
    """Runs of one voice in unbroken speech; states without a name are left out."""
    if not len(path):
        return ()
    breaks = np.flatnonzero((np.diff(path) != 0) | (np.diff(speech.index) != 1)) + 1
    starts = np.concatenate([[0], breaks])
    ends = np.concatenate([breaks, [len(path)]])
    spans = []
    for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
        name = names.get(int(path[start]))
        first, last = int(speech.index[start]), int(speech.index[end - 1])
        if name is not None:
            spans.append(SpeakerSpan(round(first * HOP, 3), round((last + 1) * HOP, 3), name))
    return tuple(spans)


def overlapping_spans(
    speech: Speech, path: Labels, names: dict[int, str]
) -> tuple[SpeakerSpan, ...]:
    """Runs of each voice, alone or together with the other."""
    spans: list[SpeakerSpan] = []
    for voice, name in names.items():
        own = np.where((path == voice) | (path == BOTH), voice, -1)
        spans += spans_of(speech, own, {voice: name})
    return tuple(sorted(spans, key=lambda s: (s.start, s.speaker)))
