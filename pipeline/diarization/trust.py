"""How far a separation of voices may be believed, and whether the number of voices fits.

A separation can be perfectly confident and wrong: it found the channel's noise or an excited
passage. What gives failures away is that they don't repeat. So four things are asked:

- *agreement*: do starts that know nothing of each other end at the same separation?
- *echo*: does the coarse shape of the spectrum alone lead to it again?
- *margin*: how much likelier is it than the best separation that differs from it?
- *gain*: do two voices explain the speech better than one voice with as many Gaussians (a Bayesian
  criterion without a penalty to tune: both sides have the same number of parameters)?

A logistic regression weighs them; its weights were fitted to conversations of known truth, failures
made on purpose among them (``configs/default.toml``). Three voices are believed where the starts
agree about all three and three explain the speech better than two.

Source: Ajmera & Wooters 2003 (the gain).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from pipeline.diarization.cepstra import HOP
from pipeline.diarization.voices import Labels, Mixture, Separation, Speech, mixture_size
from pipeline.records import Grade
from pipeline.settings import EmbeddedConfig


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
        agreement: share of frames in common with the other starts' results, their mean.
        echo: share of frames in common with the separation by coarse cepstra alone.
        margin: log-likelihood a frame above the best separation that differs.
        gain: log-likelihood a frame, these voices above one voice.
        rarer: share of the speech of the voice heard least.
        seconds: of speech.
    """

    agreement: float
    echo: float
    margin: float
    gain: float
    rarer: float
    seconds: float


def read_signs(
    speech: Speech,
    found: Sequence[Separation],
    coarse: Sequence[Separation],
    config: EmbeddedConfig,
) -> Signs:
    """The signs of the first separation found, the others being its rivals."""
    best = found[0]
    informed, rivals = [], []
    for other in found[1:]:
        same = agreement(best.path, other.path)
        if same < config.same_separation:
            rivals.append(best.score - other.score)
        if not other.start.startswith("random"):
            informed.append(same)
    voices = int(best.path.max()) + 1
    return Signs(
        agreement=float(np.mean(informed)) if informed else 1.0 / voices,
        echo=agreement(best.path, coarse[0].path) if coarse else 1.0 / voices,
        margin=min([config.most_margin, *rivals]),
        gain=gain_over_one(speech, best.path, config),
        rarer=float(np.bincount(best.path, minlength=voices).min() / len(speech)),
        seconds=len(speech) * HOP,
    )


def agreement(one: Labels, other: Labels) -> float:
    """Share of frames that two separations give to the same voice, voices matched at their best."""
    from scipy.optimize import linear_sum_assignment

    size = int(max(one.max(), other.max())) + 1
    shared = np.bincount(one * size + other, minlength=size * size).reshape(size, size)
    rows, columns = linear_sum_assignment(-shared)
    return float(shared[rows, columns].sum() / len(one))


def gain_over_one(speech: Speech, path: Labels, config: EmbeddedConfig) -> float:
    """Log-likelihood a frame of a mixture each, above one mixture as large as all together."""
    rng = np.random.default_rng(config.seed)
    voices = int(path.max()) + 1
    size = mixture_size(speech, config)
    rows = [speech.cepstra[(path == voice) & speech.strong][::2] for voice in range(voices)]
    if min(len(own) for own in rows) < config.least_frames // 2:
        return 0.0
    apart = sum(_likelihood(own, size, config, rng) for own in rows)
    together = np.concatenate(rows)
    return (apart - _likelihood(together, size * voices, config, rng)) / len(together)


def confidence_of(signs: Signs, config: EmbeddedConfig) -> float:
    """0 to 1: how likely the separation is to be right."""
    values = (signs.agreement, signs.echo, signs.margin, signs.gain)
    weighed = config.confidence_offset + sum(
        weight * value for weight, value in zip(config.confidence_weights, values, strict=True)
    )
    return float(1.0 / (1.0 + np.exp(-weighed)))


def sounds_like_one(signs: Signs, config: EmbeddedConfig) -> bool:
    """Whether one voice explains the speech better, and no separation stands out."""
    return signs.gain < config.one_voice_gain and signs.margin < config.one_voice_margin


def sounds_like_three(two: Signs, three: Signs, config: EmbeddedConfig) -> bool:
    """Whether a third voice is there: it speaks enough, starts agree, and three explain more.

    Much more by themselves, or somewhat more where three lead every rival clearly: three parts of
    two voices are as likely in one way as in another.
    """
    more = three.gain - two.gain
    return (
        three.agreement >= config.third_agreement
        and three.rarer >= config.third_share
        and (
            more >= config.third_gain
            or (more >= config.third_gain_ahead and three.margin >= config.third_margin)
        )
    )


def grade(confidence: float, signs: Signs, config: EmbeddedConfig) -> Verdict:
    """Good, low or abstained, by the thresholds of the configuration."""
    if signs.seconds < config.short_speech:
        why = f"there are only {signs.seconds:.0f} s of speech"
    elif signs.rarer < config.rare_voice:
        why = f"one of them has only {signs.rarer:.0%} of the speech"
    else:
        why = "they sound alike, or noise and room cover what sets them apart"
    if confidence >= config.good_from:
        return Verdict("good", confidence)
    if confidence >= config.low_from:
        note = f"The voices are hard to tell apart, so these figures are rough: {why}."
        return Verdict("low", confidence, note)
    note = (
        f"The voices could not be told apart: {why}. Record each person on their own microphone "
        "or channel, or use the pyannote engine."
    )
    return Verdict("abstained", confidence, note)


def one_voice(speech: Speech, doubt: float) -> Verdict:
    """Two were expected and one was found; no figure may stand on one voice.

    The confidence is that of the labelling given, one voice throughout: the less two voices could
    be believed (``doubt``), the surer it is.
    """
    note = (
        f"Only one voice was found in {len(speech) * HOP:.0f} s of speech. If two people spoke, "
        "check that both can be heard, or record each on their own channel."
    )
    return Verdict("abstained", 1.0 - doubt, note)


def three_voices(signs: Signs) -> Verdict:
    """Two were expected and a third was heard; the surer of it, the less two can be believed."""
    note = (
        "A third voice was heard where two were expected. If three people spoke, set the number "
        "of speakers to 3 (diarization.speakers); otherwise cut the recording to the practice."
    )
    return Verdict("abstained", 1.0 - signs.agreement, note)


def _likelihood(
    rows: npt.NDArray[np.float32], size: int, config: EmbeddedConfig, rng: np.random.Generator
) -> float:
    mixture = Mixture(rows, size, config, rng)
    mixture.fit(rows, config.first_iterations)
    return float(mixture.score(rows).sum())
