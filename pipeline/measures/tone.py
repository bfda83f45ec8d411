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
from pipeline.timeline import Span, Timeline, subtract

DESCRIPTION = "a description, not a quality"
LEVELLED = "a description, not a quality; call software and phones level loudness"
NOT_FOLLOWED = "not enough to tell: the pitch jumps by octaves, as on some telephone lines"
NO_SOUND = "not enough to tell: there is no sound to listen to"

_LOW, _HIGH = 10.0, 90.0


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


def evaluate(basis: Basis) -> Found:
    """``loudness.<label>``, ``pitch.<label>`` and ``pitch_range.<label>``."""
    measures: dict[str, Measure] = {}
    for speaker in basis.speakers:
        tones = tones_of(basis, speaker)
        step = basis.prosody.step if basis.prosody is not None else 1.0
        own = {
            "loudness": _loudness(basis, speaker, tones, step),
            "pitch": _pitch(basis, speaker, tones, step),
            "pitch_range": _pitch_range(basis, speaker, tones, step),
        }
        followed = _followed(tones, basis.config)
        measures |= {
            f"{name}.{speaker}": _noted(basis, name, figure, followed=followed)
            for name, figure in own.items()
        }
    return Found(measures)


def tones_of(basis: Basis, speaker: str) -> tuple[Tone, ...]:
    """Every turn of a person, octave errors left out; nothing where there is no sound."""
    if basis.prosody is None:
        return ()
    alone = subtract(basis.conversation.ipus[speaker], basis.conversation.others(speaker))
    clear = _inside(alone, basis.prosody)
    channel = _channel(basis.prosody, speaker, clear)
    loudness, pitch = basis.prosody.loudness[channel], basis.prosody.pitch[channel].copy()
    pitch[~_in_range(pitch, clear, basis.config)] = np.nan
    step, out = basis.prosody.step, []
    for turn in basis.conversation.of("turn", speaker):
        frames = slice(round(turn.start / step), round(turn.end / step))
        spoken = clear[frames] & np.isfinite(loudness[frames])
        voiced = clear[frames] & np.isfinite(pitch[frames])
        out.append(Tone(turn.span, loudness[frames][spoken], pitch[frames][voiced]))
    return tuple(out)


def _loudness(basis: Basis, speaker: str, tones: tuple[Tone, ...], step: float) -> Measure:
    heard = [t for t in tones if len(t.loudness) * step >= basis.config.tone_speech]
    levels = np.array([10 * np.log10(np.mean(10 ** (t.loudness / 10))) for t in heard])
    middle = _weighed_median(levels, np.array([len(t.loudness) for t in heard]))
    seen = [(_told(level - middle), t.span) for level, t in zip(levels, heard, strict=True)]
    return distribution(basis, seen, unit="dB", speaker=speaker)


def _pitch(basis: Basis, speaker: str, tones: tuple[Tone, ...], step: float) -> Measure:
    heard = [t for t in tones if len(t.pitch) * step >= basis.config.tone_voiced]
    middle = float(np.median(np.concatenate([t.pitch for t in heard]))) if heard else 1.0
    seen = [(_told(12 * np.log2(np.median(t.pitch) / middle)), t.span) for t in heard]
    parts = {"hertz": round(middle, 1)}
    return distribution(basis, seen, unit="semitones", speaker=speaker, parts=parts)


def _pitch_range(basis: Basis, speaker: str, tones: tuple[Tone, ...], step: float) -> Measure:
    seen = []
    for tone in tones:
        if len(tone.pitch) * step >= basis.config.range_voiced:
            low, high = np.percentile(tone.pitch, [_LOW, _HIGH])
            seen.append((_told(12 * np.log2(high / low)), tone.span))
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


def _in_range(
    pitch: Array, clear: npt.NDArray[np.bool_], config: MeasuresConfig
) -> npt.NDArray[np.bool_]:
    """Frames whose pitch a person with this pitch can have; the rest are octave errors."""
    own = pitch[clear & np.isfinite(pitch)]
    if not len(own):
        return np.zeros(len(pitch), bool)
    lower, upper = np.percentile(own, [25, 75])
    low, high = config.pitch_floor * lower, config.pitch_ceiling * upper
    found: npt.NDArray[np.bool_] = (pitch >= low) & (pitch <= high)
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


def _told(value: float) -> float:
    """As finely as anybody hears it."""
    return round(float(value), 3)
