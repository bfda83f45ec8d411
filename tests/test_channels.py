import numpy as np
import pytest

from pipeline.activity import detect_activity
from pipeline.audio import RATE
from pipeline.config import load_config
from pipeline.diarization.channels import ChannelDiarizer
from pipeline.records import channel_label, no_progress
from pipeline.timeline import intersect, total, union
from tests.sounds import A, B, C, converse, microphones, recording

CONFIG = load_config()


@pytest.fixture(scope="module")
def conversation():
    return converse()


@pytest.fixture(scope="module")
def three_voices():
    return converse(turns=9, voices=(A, B, C))


def heard(samples):
    made = recording(samples)
    return made, detect_activity(made, CONFIG.activity)


def diarized(samples, progress=no_progress):
    return ChannelDiarizer(CONFIG.diarization.channels, CONFIG.presence).diarize(
        *heard(samples), progress=progress
    )


def error(found, conversation):
    """DER in 10 ms frames, overlaps scored, 0.25 s each side of a true edge left out.

    No labels are mapped: the first voice must be the first channel's.
    """
    voices = len(conversation.truth)
    labels = [channel_label(c, voices) for c in range(voices)]
    moments = np.arange(0, conversation.duration, 0.01)
    true = np.stack([inside(moments, spans) for spans in conversation.truth])
    ours = np.stack([inside(moments, found.of(label)) for label in labels])
    edges = np.array([e for spans in conversation.truth for s in spans for e in s])
    kept = np.abs(moments[:, None] - edges).min(axis=1) > 0.25
    missed, extra = (true & ~ours).sum(axis=0), (ours & ~true).sum(axis=0)
    return np.maximum(missed, extra)[kept].sum() / true[:, kept].sum()


def inside(moments, spans):
    return np.any([(s.start <= moments) & (moments < s.end) for s in spans], axis=0)


@pytest.mark.parametrize(
    ("crosstalk", "level", "noise", "most"),
    [
        (-60.0, 0.0, -60.0, 0.05),
        (-30.0, 0.0, -60.0, 0.05),
        (-30.0, -6.0, -60.0, 0.05),
        (-15.0, 0.0, -60.0, 0.08),
        (-15.0, -6.0, -60.0, 0.08),
        (-30.0, -6.0, -50.0, 0.08),
    ],
)
def test_each_channel_holds_its_person(conversation, crosstalk, level, noise, most):
    samples = microphones(conversation, crosstalk=crosstalk, level=level, noise=noise)
    found = diarized(samples)
    assert found.speakers == ("left", "right")
    assert error(found, conversation) < most


def test_overlaps_come_out_as_they_are(conversation):
    found = diarized(microphones(conversation, crosstalk=-30))
    truth = intersect(*conversation.truth)
    both = intersect(found.of("left"), found.of("right"))
    assert found.sees_overlap
    assert len(truth) >= 2
    assert total(intersect(truth, both)) > 0.7 * total(truth)
    assert total(both) < 1.8 * total(truth)


def test_one_speakers_spans_are_sorted_and_apart(conversation):
    found = diarized(microphones(conversation, crosstalk=-15))
    assert list(found.spans) == sorted(found.spans, key=lambda s: (s.start, s.end))
    for label in found.speakers:
        own = [s.span for s in found.spans if s.speaker == label]
        assert union(own) == tuple(own)


@pytest.mark.parametrize(("crosstalk", "grade"), [(-30.0, "good"), (-8.0, "low")])
def test_strong_crosstalk_makes_the_figures_rough(conversation, crosstalk, grade):
    found = diarized(microphones(conversation, crosstalk=crosstalk))
    assert found.grade == grade
    assert bool(found.note) == (grade == "low")


def test_a_dead_channel_abstains(conversation):
    samples = microphones(conversation, crosstalk=-60)
    samples[1] = np.random.default_rng(1).normal(0, 20, samples.shape[1])
    found = diarized(samples)
    assert found.grade == "abstained"
    assert "hardly anybody speaks on the channel right" in found.note


def test_silence_abstains():
    found = diarized(np.zeros((2, 5 * RATE)))
    assert (found.grade, found.spans, found.speakers) == ("abstained", (), ())


def test_three_channels_hold_three_people(three_voices):
    found = diarized(microphones(three_voices, crosstalk=-30))
    assert found.speakers == ("channel 1", "channel 2", "channel 3")
    assert error(found, three_voices) < 0.08


def test_progress_rises_to_the_end(conversation):
    told = []
    diarized(microphones(conversation, crosstalk=-30), lambda stage, f: told.append((stage, f)))
    assert told == sorted(told)
    assert told[-1] == ("diarization", 1.0)


def test_swapped_channels_swap_the_labels(conversation):
    samples = microphones(conversation, crosstalk=-30)
    found, swapped = diarized(samples), diarized(samples[::-1].copy())
    assert swapped.of("left") == found.of("right")
    assert swapped.of("right") == found.of("left")
