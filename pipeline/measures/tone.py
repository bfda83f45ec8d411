"""Tone of voice: how loud and how high each turn sounds beside the same person's other turns.

*Definition*: over the frames of a turn in which its speaker alone speaks,

- ``loudness.<label>``: the turn's level (mean power, as the active speech level of ITU-T P.56)
  against that person's own median level, dB. The median is weighed by seconds of speech.
- ``pitch.<label>``: the turn's median pitch against that person's own, semitones.
- ``pitch_range.<label>``: from the 10th to the 90th percentile of the turn's pitch, semitones.

Each is the median over turns; ``sample`` holds the turns' values and ``evidence`` the turns, in one
order, that of time.

*Conventions*: 12 semitones double the pitch. With one voice per channel a person's frames are those
of their channel; else those of the channel on which they are loudest. Pitch below ``pitch_floor``
of a person's lower quartile or above ``pitch_ceiling`` of the upper one is taken for an error of an
octave and left out (Hirst 2011, The analysis by synthesis of speech melody). Pitch abstains where
even the quartiles lie ``pitch_spread`` apart.

*What this can't tell*: feelings, warmth, or how a voice was meant. Whoever turns away from the
microphone gets softer. Nothing here is compared between people.
"""

from dataclasses import dataclass, replace
from math import ceil

import numpy as np
import numpy.typing as npt

from pipeline.measures.basis import Basis, Found, abstained, distribution
from pipeline.prosody import Array, Prosody
from pipeline.records import Measure, channel_label
from pipeline.settings import MeasuresConfig
from pipeline.thresholds import changed
from pipeline.timeline import Span, Timeline, subtract

DESCRIPTION = "a description, not a quality"
LEVELLED = "a description, not a quality; call software and phones level loudness"
NOT_FOLLOWED = "not enough to tell: the pitch jumps by octaves, as on some telephone lines"
NO_SOUND = "not enough to tell: there is no sound to listen to"

_LOW, _HIGH = 10.0, 90.0
_OCTAVES = ("pitch_floor", "pitch_ceiling")
_LIMITS = ("tone_speech", "tone_voiced", "range_voiced", *_OCTAVES, "pitch_spread")


@dataclass(frozen=True, slots=True)
class Tone:
    """What is heard of one turn while its speaker alone speaks.

    Attributes:
        span: of the turn.
        loudness: of each frame with speech, dB re full scale.
        pitch: of each voiced frame, Hz.
    """

    span: Span
    loudness: Array
    pitch: Array


@dataclass(frozen=True, slots=True)
class _Voice:
    """The frames of a person's channel, and in which they alone speak.

    Attributes:
        quartiles: lower and upper of the pitch while they alone speak; None where there is none.
    """

    step: float
    clear: npt.NDArray[np.bool_]
    loudness: Array
    pitch: Array
    quartiles: tuple[float, float] | None


def evaluate(basis: Basis) -> Found:
    """``loudness.<label>``, ``pitch.<label>`` and ``pitch_range.<label>``."""
    return _figures(basis, hanging=True)


def figures(basis: Basis) -> Found:
    """The same, without looking for what they hang on."""
    return _figures(basis, hanging=False)


def _figures(basis: Basis, *, hanging: bool) -> Found:
    measures: dict[str, Measure] = {}
    for speaker in basis.speakers:
        voice = _voice(basis, speaker)
        tones = _tones(basis, speaker, voice, basis.config)
        step = basis.prosody.step if basis.prosody is not None else 1.0
        own = {
            "loudness": _loudness(basis, speaker, tones, step),
            "pitch": _pitch(basis, speaker, tones, step),
            "pitch_range": _pitch_range(basis, speaker, tones, step),
        }
        followed = _followed(tones, basis.config)
        limits = _hanging(basis, speaker, voice, tones) if hanging else {}
        for name, figure in own.items():
            noted = _noted(basis, name, figure, followed=followed)
            measures[f"{name}.{speaker}"] = replace(
                noted, uncertain=noted.uncertain + limits.get(name, ())
            )
    return Found(measures)


def few(basis: Basis) -> bool:
    """Whether somebody has so few turns that other turns might be too few for these figures."""
    most = 4 * basis.config.min_denominator
    return basis.prosody is not None and any(
        len(basis.conversation.of("turn", speaker)) < most for speaker in basis.speakers
    )


def tones_of(basis: Basis, speaker: str) -> tuple[Tone, ...]:
    """Every turn of a person, octave errors left out; nothing where there is no sound."""
    return _tones(basis, speaker, _voice(basis, speaker), basis.config)


def _voice(basis: Basis, speaker: str) -> _Voice | None:
    if basis.prosody is None:
        return None
    alone = subtract(basis.conversation.ipus[speaker], basis.conversation.others(speaker))
    clear = _inside(alone, basis.prosody)
    channel = _channel(basis.prosody, speaker, clear)
    loudness, pitch = basis.prosody.loudness[channel], basis.prosody.pitch[channel]
    own = pitch[clear & np.isfinite(pitch)]
    quartiles = None
    if len(own):
        lower, upper = np.percentile(own, [25, 75])
        quartiles = (float(lower), float(upper))
    return _Voice(basis.prosody.step, clear, loudness, pitch, quartiles)


def _tones(
    basis: Basis, speaker: str, voice: _Voice | None, config: MeasuresConfig
) -> tuple[Tone, ...]:
    if voice is None:
        return ()
    spoken = voice.clear & np.isfinite(voice.loudness)
    voiced = voice.clear & _in_range(voice, config)
    out = []
    for turn in basis.conversation.of("turn", speaker):
        frames = slice(round(turn.start / voice.step), round(turn.end / voice.step))
        out.append(
            Tone(
                turn.span,
                voice.loudness[frames][spoken[frames]],
                voice.pitch[frames][voiced[frames]],
            )
        )
    return tuple(out)


def _hanging(
    basis: Basis, speaker: str, voice: _Voice | None, tones: tuple[Tone, ...]
) -> dict[str, tuple[str, ...]]:
    """For each figure the limits that, changed by half, would make it told or not told."""
    if voice is None or basis.voices == "abstained" or basis.practice < basis.config.min_practice:
        return {}
    names: dict[str, tuple[str, ...]] = {}
    now = _told(tones, voice.step, basis.config)
    for limit in _LIMITS:
        told = []
        for config in changed(basis.config, limit):
            heard = _tones(basis, speaker, voice, config) if limit in _OCTAVES else tones
            told.append(_told(heard, voice.step, config))
        for figure, was in now.items():
            if any(other[figure] != was for other in told):
                names[figure] = (*names.get(figure, ()), limit)
    return names


def _told(tones: tuple[Tone, ...], step: float, config: MeasuresConfig) -> dict[str, bool]:
    """Which of the figures have as many turns as they need."""
    followed, least = _followed(tones, config), config.min_denominator
    loud = sum(len(t.loudness) * step >= config.tone_speech for t in tones)
    high = sum(len(t.pitch) * step >= config.tone_voiced for t in tones)
    wide = sum(len(t.pitch) * step >= config.range_voiced for t in tones)
    return {
        "loudness": loud >= least,
        "pitch": followed and high >= least,
        "pitch_range": followed and wide >= least,
    }


def _loudness(basis: Basis, speaker: str, tones: tuple[Tone, ...], step: float) -> Measure:
    heard = [t for t in tones if len(t.loudness) * step >= basis.config.tone_speech]
    levels = np.array([10 * np.log10(np.mean(10 ** (t.loudness / 10))) for t in heard])
    middle = _weighed_median(levels, np.array([len(t.loudness) for t in heard]))
    seen = [(_rounded(level - middle), t.span) for level, t in zip(levels, heard, strict=True)]
    return distribution(basis, seen, unit="dB", speaker=speaker)


def _pitch(basis: Basis, speaker: str, tones: tuple[Tone, ...], step: float) -> Measure:
    heard = [t for t in tones if len(t.pitch) * step >= basis.config.tone_voiced]
    middle = float(np.median(np.concatenate([t.pitch for t in heard]))) if heard else 1.0
    seen = [(_rounded(12 * np.log2(np.median(t.pitch) / middle)), t.span) for t in heard]
    parts = {"hertz": round(middle, 1)}
    return distribution(basis, seen, unit="semitones", speaker=speaker, parts=parts)


def _pitch_range(basis: Basis, speaker: str, tones: tuple[Tone, ...], step: float) -> Measure:
    seen = []
    for tone in tones:
        if len(tone.pitch) * step >= basis.config.range_voiced:
            low, high = np.percentile(tone.pitch, [_LOW, _HIGH])
            seen.append((_rounded(12 * np.log2(high / low)), tone.span))
    return distribution(basis, seen, unit="semitones", speaker=speaker)


def _noted(basis: Basis, name: str, measure: Measure, *, followed: bool) -> Measure:
    if not followed and name != "loudness" and basis.voices != "abstained":
        return abstained(measure, NOT_FOLLOWED)
    if basis.prosody is None:
        return replace(measure, note=NO_SOUND)
    if measure.note:
        return measure
    return replace(measure, note=LEVELLED if name == "loudness" else DESCRIPTION)


def _inside(timeline: Timeline, prosody: Prosody) -> npt.NDArray[np.bool_]:
    """The frames that lie wholly inside the timeline."""
    out = np.zeros(prosody.loudness.shape[1], bool)
    for span in timeline:
        out[ceil(span.start / prosody.step) : int(span.end / prosody.step)] = True
    return out


def _channel(prosody: Prosody, speaker: str, clear: npt.NDArray[np.bool_]) -> int:
    """The channel of the person's label, else the one on which they are loudest."""
    labels = [channel_label(c, prosody.channels) for c in range(prosody.channels)]
    if speaker in labels and prosody.channels > 1:
        return labels.index(speaker)
    power = np.nan_to_num(10 ** (prosody.loudness[:, clear] / 10)).sum(axis=1)
    return int(np.argmax(power))


def _in_range(voice: _Voice, config: MeasuresConfig) -> npt.NDArray[np.bool_]:
    """Frames whose pitch a person with this pitch can have; the rest are octave errors."""
    if voice.quartiles is None:
        return np.zeros(len(voice.pitch), bool)
    lower, upper = voice.quartiles
    low, high = config.pitch_floor * lower, config.pitch_ceiling * upper
    found: npt.NDArray[np.bool_] = (voice.pitch >= low) & (voice.pitch <= high)
    return found


def _followed(tones: tuple[Tone, ...], config: MeasuresConfig) -> bool:
    """Whether a person's pitch lies together as that of one voice does."""
    own = np.concatenate([np.zeros(0, np.float32), *(tone.pitch for tone in tones)])
    if not len(own):
        return True
    lower, upper = np.percentile(own, [25, 75])
    return bool(upper <= config.pitch_spread * lower)


def _weighed_median(values: npt.NDArray[np.floating], weights: npt.NDArray[np.integer]) -> float:
    """The lowest value up to which half of the weight lies; 0 of nothing."""
    if not len(values):
        return 0.0
    order = np.argsort(values)
    upto = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(upto, upto[-1] / 2)])


def _rounded(value: float) -> float:
    """As finely as anybody hears it."""
    return round(float(value), 3)
