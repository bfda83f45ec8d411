"""How far a separation of voices may be believed, and whether the number of voices fits.

A separation can be perfectly confident and wrong: it found the channel's noise or an excited
passage. What gives failures away is that they don't repeat. So three things are asked:

- *agreement*: do starts that know nothing of each other end at the same separation?
- *margin*: how much likelier is it than the best separation that differs from it?
- *gain*: do two voices explain the speech better than one voice with as many Gaussians (a Bayesian
  criterion without a penalty to tune: both sides have the same number of parameters)?

together with how much speech there was. A logistic regression weighs them; its weights were fitted
to conversations of known truth, failures made on purpose among them (``configs/default.toml``).

Source: Ajmera & Wooters 2003 (the gain).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.config import EmbeddedConfig
from pipeline.diarization.cepstra import HOP
from pipeline.diarization.voices import Labels, Mixture, Separation, Speech, mixture_size
from pipeline.records import Grade


@dataclass(frozen=True, slots=True)
class Verdict:
    """A grade, the confidence behind it (0 to 1) and a sentence for a person."""

    grade: Grade
    confidence: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for a separation.

    Attributes:
        agreement: share of frames, median over the other starts, 0.5 to 1.
        margin: log-likelihood a frame above the best separation that differs.
        gain: log-likelihood a frame, these voices above one voice.
        rarer: share of the speech of the voice heard least.
        seconds: of speech.
    """

    agreement: float
    margin: float
    gain: float
    rarer: float
    seconds: float


def judge(
    speech: Speech,
    found: Mapping[int, Sequence[Separation]],
    config: EmbeddedConfig,
    *,
    expected: int,
) -> tuple[Verdict, int]:
    """The verdict, and how many voices to go on with.

    ``found`` holds for each number of voices its separations, the most likely first; ``expected``
    is 0 where the number of voices isn't known.
    """
    if not found[2]:
        return _one(speech), 1
    signs = read_signs(speech, found[2], config)
    confidence = confidence_of(signs, config)
    if signs.gain < config.one_voice_gain:
        return _one(speech), 1
    return grade(confidence, signs, config), 2


def read_signs(speech: Speech, found: Sequence[Separation], config: EmbeddedConfig) -> Signs:
    """The signs of the first separation, the others being its rivals."""
    best = found[0]
    shared = [agreement(best.path, other.path) for other in found[1:]]
    rivals = [
        best.score - other.score
        for other, same in zip(found[1:], shared, strict=True)
        if same < config.same_separation
    ]
    informed = [
        same
        for other, same in zip(found[1:], shared, strict=True)
        if not other.start.startswith("random")
    ]
    counts = np.bincount(best.path, minlength=2) / len(speech)
    return Signs(
        agreement=float(np.median(informed)) if informed else 0.5,
        margin=min([config.most_margin, *rivals]),
        gain=gain_over_one(speech, best.path, config),
        rarer=float(counts.min()),
        seconds=len(speech) * HOP,
    )


def agreement(one: Labels, other: Labels) -> float:
    """Share of frames that two separations into two voices give to the same one."""
    same = float(np.mean(one == other))
    return max(same, 1.0 - same)


def gain_over_one(speech: Speech, path: Labels, config: EmbeddedConfig) -> float:
    """Log-likelihood a frame of a mixture each, above one mixture as large as all together."""
    rng = np.random.default_rng(config.seed)
    voices = int(path.max()) + 1
    size = mixture_size(speech, config)
    apart, count = 0.0, 0
    for voice in range(voices):
        rows = speech.cepstra[(path == voice) & speech.strong][::2]
        if len(rows) < config.least_frames // 2:
            return 0.0
        mixture = Mixture(rows, size, config, rng)
        mixture.fit(rows, config.first_iterations)
        apart += float(mixture.score(rows).sum())
        count += len(rows)
    rows = speech.cepstra[speech.strong][::2]
    mixture = Mixture(rows, size * voices, config, rng)
    mixture.fit(rows, config.first_iterations)
    return (apart - float(mixture.score(rows).sum())) / max(1, count)


def confidence_of(signs: Signs, config: EmbeddedConfig) -> float:
    """0 to 1: how likely the separation is to be right."""
    values = (signs.agreement, signs.margin, signs.gain, float(np.log(signs.seconds)))
    weighed = config.confidence_offset + sum(
        weight * value for weight, value in zip(config.confidence_weights, values, strict=True)
    )
    return float(1.0 / (1.0 + np.exp(-weighed)))


def grade(confidence: float, signs: Signs, config: EmbeddedConfig) -> Verdict:
    """Good, low or abstained, by the thresholds of the configuration."""
    if confidence >= config.good_from:
        return Verdict("good", confidence)
    why = (
        f"there are only {signs.seconds:.0f} s of speech"
        if signs.seconds < config.short_speech
        else "they sound too alike, or noise and room cover what sets them apart"
    )
    if confidence >= config.low_from:
        return Verdict("low", confidence, f"The two voices are hard to tell apart: {why}.")
    return Verdict(
        "abstained",
        confidence,
        f"The two voices could not be told apart: {why}. Record each person on their own "
        "microphone or channel, or use the pyannote engine.",
    )


def _one(speech: Speech) -> Verdict:
    return Verdict(
        "abstained",
        0.0,
        f"Only one voice was found in {len(speech) * HOP:.0f} s of speech. If two people spoke, "
        "check that both can be heard, or record each on their own channel.",
    )
