"""The diarizer without weights, on voices made of pulses and formants."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import pytest
from scipy.signal import lfilter

from pipeline.activity import Activity
from pipeline.audio import RATE, Recording
from pipeline.config import load_config
from pipeline.diarization.cepstra import CEPSTRA, analyse
from pipeline.diarization.embedded import EmbeddedDiarizer, names_of
from pipeline.diarization.overlap import BOTH
from pipeline.diarization.trust import agreement
from pipeline.diarization.voices import best_path
from pipeline.records import Diarization, Quality, no_progress
from pipeline.timeline import Span, intersect, subtract, total, union

VOWELS = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (300, 870, 2240),
    (530, 1840, 2480),
    (570, 840, 2410),
)


@dataclass(frozen=True)
class Voice:
    pitch: float
    tract: float


LOW = Voice(pitch=105, tract=0.95)
HIGH = Voice(pitch=205, tract=1.18)
MIDDLE = Voice(pitch=150, tract=1.06)


def utterance(voice: Voice, seconds: float, rng: np.random.Generator) -> np.ndarray:
    parts = []
    while sum(map(len, parts)) < seconds * RATE:
        size = int(rng.uniform(0.08, 0.2) * RATE)
        phase = np.cumsum(np.full(size, voice.pitch * rng.uniform(0.9, 1.1)) / RATE)
        sound = np.diff(np.floor(phase), prepend=0.0) + rng.normal(0, 0.02, size)
        for formant in VOWELS[rng.integers(len(VOWELS))]:
            hertz = formant * voice.tract * rng.uniform(0.95, 1.05)
            radius = np.exp(-np.pi * 90 / RATE)
            sound = lfilter(
                [1], [1, -2 * radius * np.cos(2 * np.pi * hertz / RATE), radius**2], sound
            )
        parts.append(sound / (np.abs(sound).max() + 1e-9))
    return np.concatenate(parts)[: int(seconds * RATE)] * 0.2


def conversation(
    voices: tuple[Voice, ...], turns: int, *, overlap: float = 0.0, seed: int = 1
) -> tuple[Recording, Activity, dict[int, tuple[Span, ...]]]:
    rng = np.random.default_rng(seed)
    track = rng.normal(0, 0.001, int((turns * 6 + 2) * RATE))
    spoken: dict[int, list[Span]] = {i: [] for i in range(len(voices))}
    at = 0.5
    for turn in range(turns):
        who = turn % len(voices)
        seconds = float(rng.uniform(2.5, 5.0))
        first = int(at * RATE)
        sound = utterance(voices[who], seconds, rng)
        track[first : first + len(sound)] += sound
        spoken[who].append(Span(at, at + seconds))
        at += seconds + (0.4 - overlap if turn % 4 == 1 else 0.4)
    length = int((at + 0.5) * RATE)
    samples = np.clip(track[:length] * 32767, -32768, 32767).astype(np.int16)[None]
    quality = Quality(snr_db=40, clipped=0, peak_db=-6, dual_mono=False, truncated=False)
    recording = Recording("made", samples, "0" * 64, 1, "one microphone", quality)
    speech = union(*spoken.values())
    activity = Activity((speech,), (np.zeros(0, np.float32),), recording.duration)
    return recording, activity, {who: tuple(spans) for who, spans in spoken.items()}


def diarize(
    recording: Recording, activity: Activity, *, speakers: int = 2, settings: tuple[str, ...] = ()
) -> Diarization:
    overrides = [f"diarization.embedded.{setting}" for setting in settings]
    config = load_config(overrides=overrides).diarization.embedded
    return EmbeddedDiarizer(config, speakers).diarize(recording, activity, progress=no_progress)


@lru_cache(maxsize=1)
def two_people() -> tuple[Diarization, dict[int, tuple[Span, ...]]]:
    recording, activity, truth = conversation((LOW, HIGH), 18)
    return diarize(recording, activity), truth


def test_each_voice_gets_its_own_speech():
    result, truth = two_people()
    for who, speaker in enumerate(("S1", "S2")):
        assert total(intersect(result.of(speaker), truth[who])) > 0.95 * total(truth[who])


def test_nobody_is_given_the_other_voice():
    result, truth = two_people()
    for who, speaker in enumerate(("S1", "S2")):
        assert total(subtract(result.of(speaker), truth[who])) < 0.05 * total(truth[who])


def test_labels_come_in_the_order_of_being_heard_first():
    result, _ = two_people()
    assert result.speakers == ("S1", "S2")
    assert result.spans[0].speaker == "S1"


def test_two_clear_voices_are_trusted():
    result, _ = two_people()
    assert result.grade == "good"
    assert result.confidence is not None
    assert 0.5 < result.confidence <= 1


def test_spans_of_one_voice_do_not_overlap_each_other():
    result, _ = two_people()
    for speaker in result.speakers:
        spans = [s.span for s in result.spans if s.speaker == speaker]
        assert all(a.end <= b.start for a, b in pairwise(spans))


def test_speech_stays_inside_the_activity():
    recording, activity, _ = conversation((LOW, HIGH), 10)
    result = diarize(recording, activity)
    assert total(subtract(result.speech(), activity.anywhere())) < 0.02 * activity.seconds


def test_the_same_recording_gives_the_same_diarization():
    recording, activity, _ = conversation((LOW, HIGH), 8)
    assert diarize(recording, activity) == diarize(recording, activity)


def test_both_at_once_is_heard_where_it_is_said_to_be_seen():
    recording, activity, truth = conversation((LOW, HIGH), 28, overlap=1.6)
    # A session has more speech to learn from than this one.
    result = diarize(recording, activity, settings=("overlap_clean=15.0", "overlap_networks=2"))
    together = intersect(truth[0], truth[1])
    heard = intersect(result.of("S1"), result.of("S2"))
    assert result.sees_overlap
    assert total(intersect(heard, together)) > 0.6 * total(heard) > 0
    assert total(intersect(heard, together)) > 0.4 * total(together)
    assert all(a.end <= b.start for a, b in pairwise(result.exclusive))


def test_who_is_heard_first_in_an_overlap_comes_first():
    assert names_of(np.array([1, 1, 0]), np.array([BOTH, 1, 0])) == {1: "S1", 0: "S2"}
    assert names_of(np.array([1, 1, 0]), np.array([0, 1, 0])) == {0: "S1", 1: "S2"}


def test_one_voice_is_not_split_in_two_and_trusted():
    recording, activity, _ = conversation((MIDDLE,), 18)
    result = diarize(recording, activity)
    assert result.grade == "abstained"
    assert result.note


def test_a_recording_without_speech_is_abstained_from():
    recording, _, _ = conversation((LOW, HIGH), 4)
    result = diarize(recording, Activity(((),), (np.zeros(0, np.float32),), recording.duration))
    assert (result.grade, result.spans, result.speakers) == ("abstained", (), ())
    assert "0 s of speech" in result.note


def test_a_few_seconds_are_too_little():
    recording, activity, _ = conversation((LOW, HIGH), 2)
    result = diarize(recording, activity)
    assert result.grade == "abstained"
    assert result.speakers == ("S1",)


def test_one_expected_voice_is_taken_at_its_word():
    recording, activity, _ = conversation((LOW,), 4)
    result = diarize(recording, activity, speakers=1)
    assert result.grade == "good"
    assert result.speakers == ("S1",)


def test_three_expected_voices_are_told_apart():
    recording, activity, truth = conversation((LOW, MIDDLE, HIGH), 27)
    result = diarize(recording, activity, speakers=3)
    assert result.speakers == ("S1", "S2", "S3")
    for who, speaker in enumerate(result.speakers):
        assert total(intersect(result.of(speaker), truth[who])) > 0.8 * total(truth[who])


def test_progress_rises_to_the_end():
    recording, activity, _ = conversation((LOW, HIGH), 8)
    heard: list[float] = []
    EmbeddedDiarizer(load_config().diarization.embedded, 2).diarize(
        recording, activity, progress=lambda stage, fraction: heard.append(fraction)
    )
    assert heard == sorted(heard)
    assert heard[-1] == 1.0


def test_pitch_is_the_rate_of_the_pulses():
    recording, _, _ = conversation((LOW,), 3)
    frames = analyse(recording)
    assert frames.cepstra.shape == (len(frames), CEPSTRA)
    voiced = frames.voicing > 0.8
    assert np.median(frames.pitch[voiced]) == pytest.approx(LOW.pitch, rel=0.06)


def test_features_do_not_depend_on_where_blocks_end():
    recording, _, _ = conversation((LOW, HIGH), 8)
    whole = analyse(recording)
    cut = Recording("cut", recording.samples[:, : 10 * RATE], "", 1, "unknown", recording.quality)
    assert np.allclose(analyse(cut).bands[:990], whole.bands[:990], atol=1e-3)


def test_the_path_of_two_states_is_the_best_of_all_paths():
    rng = np.random.default_rng(3)
    for _ in range(20):
        scores = rng.normal(0, 2, (8, 2)).astype(np.float32)
        cost = rng.choice([0.5, 3.0], 8)

        def worth(path, scores=scores, cost=cost):
            changes = path[1:] != path[:-1]
            return scores[np.arange(8), path].sum() - cost[1:][changes].sum()

        every = [np.array([n >> i & 1 for i in range(8)]) for n in range(256)]
        assert worth(best_path(scores, cost)) == pytest.approx(max(map(worth, every)), abs=1e-4)


def test_agreement_ignores_the_names_of_the_voices():
    one = np.array([0, 0, 1, 1, 2, 2])
    assert agreement(one, (one + 1) % 3) == 1.0
    assert agreement(one, np.array([0, 0, 1, 1, 2, 1])) == pytest.approx(5 / 6)
