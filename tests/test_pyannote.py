import hashlib
from dataclasses import replace

import numpy as np
import pytest

from pipeline.activity import Activity
from pipeline.audio import RATE, Recording
from pipeline.config import load_config
from pipeline.diarization.pyannote import PyannoteDiarizer
from pipeline.errors import ModelUnavailable
from pipeline.records import Quality, no_progress
from pipeline.timeline import intersect, total

pytestmark = [
    pytest.mark.models,
    pytest.mark.filterwarnings("ignore:The state dict"),  # tone models have no parameters
]

CONFIG = load_config().diarization.pyannote
FRAME = 0.05  # s; five frames of the tone models

# A |---------|            |---------|  |----------|
# B             |---------------|  |-|
CONVERSATION = [
    ("A", 0.5, 3.0),
    ("B", 3.4, 6.0),
    ("A", 5.5, 8.0),
    ("B", 6.6, 6.9),
    ("A", 8.5, 11.5),
]


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    from tests.models.build_tone import build_pipeline

    return build_pipeline(tmp_path_factory.mktemp("models") / "tones")


@pytest.fixture(scope="module")
def diarizer(directory):
    return pyannote(directory)


def pyannote(directory, *, speakers=2):
    config = replace(CONFIG, model=str(directory), device="cpu")
    return PyannoteDiarizer(config, speakers=speakers, models_dir=directory / "none")


def recording(spans, *, duration):
    from tests.models.build_tone import tones

    samples = np.rint(tones(spans, duration=duration) * 32767).astype(np.int16)[None]
    return Recording(
        name="tones",
        samples=samples,
        sha256=hashlib.sha256(samples).hexdigest(),
        source_channels=1,
        setup="one microphone",
        quality=Quality(None, 0.0, -10.0, dual_mono=False, truncated=False),
    )


def diarize(diarizer, spans, *, duration=12.0, progress=no_progress):
    nothing = Activity((), (), duration)
    return diarizer.diarize(recording(spans, duration=duration), nothing, progress=progress)


@pytest.fixture(scope="module")
def found(diarizer):
    return diarize(diarizer, CONVERSATION)


def test_every_boundary_lies_within_50_ms_and_the_first_voice_is_number_zero(found):
    name = {"A": "SPEAKER_00", "B": "SPEAKER_01"}
    assert found.speakers == ("SPEAKER_00", "SPEAKER_01")
    assert len(found.spans) == len(CONVERSATION)
    for span, (voice, start, end) in zip(found.spans, CONVERSATION, strict=True):
        assert span.speaker == name[voice]
        assert span.start == pytest.approx(start, abs=FRAME)
        assert span.end == pytest.approx(end, abs=FRAME)


def test_two_voices_that_are_heard_freely_grade_good(found):
    assert (found.grade, found.note, found.engine) == ("good", "", "pyannote")


def test_overlap_is_kept_and_claimed(found):
    both = intersect(found.of("SPEAKER_00"), found.of("SPEAKER_01"))
    assert found.sees_overlap
    assert total(both) == pytest.approx(0.5 + 0.3, abs=2 * FRAME)


def test_exclusive_gives_each_moment_to_one_voice_and_loses_the_backchannel(found):
    exclusive = replace(found, spans=found.exclusive)
    assert intersect(exclusive.of("SPEAKER_00"), exclusive.of("SPEAKER_01")) == ()
    assert not any(6.5 < span.start < 7.0 for span in found.exclusive)
    assert total(exclusive.speech()) == pytest.approx(total(found.speech()), abs=FRAME)


def test_labels_are_the_same_in_both_variants(found):
    for span in found.exclusive:
        owner = found.of(span.speaker)
        assert total(intersect((span.span,), owner)) == pytest.approx(span.span.duration, abs=FRAME)


def test_whoever_speaks_first_is_number_zero(diarizer):
    swapped = [("BA"["AB".index(voice)], start, end) for voice, start, end in CONVERSATION]
    found = diarize(diarizer, swapped)
    assert found.spans[0].speaker == "SPEAKER_00"
    assert [s.speaker for s in found.spans] == [
        {"B": "SPEAKER_00", "A": "SPEAKER_01"}[voice] for voice, _, _ in swapped
    ]


def test_one_voice_abstains(diarizer):
    found = diarize(diarizer, [("A", 0.5, 3.0), ("A", 4.0, 9.0)])
    assert found.grade == "abstained"
    assert "Only one voice" in found.note
    assert found.speakers == ("SPEAKER_00",)


def test_silence_abstains_without_spans(diarizer):
    found = diarize(diarizer, [], duration=5.0)
    assert (found.grade, found.spans, found.speakers) == ("abstained", (), ())
    assert "nobody" in found.note


THREE = [
    ("A", 0.5, 3.0),
    ("B", 3.4, 6.0),
    ("C", 6.5, 9.0),
    ("A", 9.5, 12.0),
    ("B", 12.5, 15.0),
    ("C", 15.5, 18.0),
]


def test_three_voices_are_never_forced_into_two(diarizer):
    found = diarize(diarizer, THREE, duration=20.0)
    assert found.grade == "abstained"
    assert "3 voices were heard where 2 were expected" in found.note
    assert len(found.speakers) == 3


@pytest.mark.parametrize("speakers", [3, 0])
def test_three_voices_are_fine_where_three_or_nobody_knows_how_many_are_expected(
    directory, speakers
):
    found = diarize(pyannote(directory, speakers=speakers), THREE, duration=20.0)
    assert (found.grade, len(found.speakers)) == ("good", 3)
    assert [s.speaker[-1] for s in found.spans] == ["0", "1", "2", "0", "1", "2"]


def test_a_missing_third_voice_grades_low(directory):
    found = diarize(pyannote(directory, speakers=3), CONVERSATION)
    assert found.grade == "low"
    assert len(found.speakers) == 2


def test_an_aside_of_a_third_voice_goes_to_one_of_the_two_and_grades_low(diarizer):
    aside = [("A", 0.5, 20.5), ("B", 21.0, 41.0), ("C", 41.5, 45.5)]
    found = diarize(diarizer, aside, duration=46.0)
    assert (found.grade, found.speakers) == ("low", ("SPEAKER_00", "SPEAKER_01"))
    assert found.spans[-1].end == pytest.approx(45.5, abs=FRAME)


def test_the_second_pass_doesnt_change_what_the_first_found(directory, diarizer):
    alone = diarize(pyannote(directory, speakers=0), THREE, duration=20.0)
    assert diarize(diarizer, THREE, duration=20.0).spans == alone.spans


def test_progress_only_rises_and_ends_at_one(diarizer):
    seen = []
    diarize(diarizer, THREE, duration=60.0, progress=lambda *call: seen.append(call))
    fractions = [fraction for stage, fraction in seen if stage == "diarization"]
    assert len(fractions) == len(seen)
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert 0.5 in fractions
    assert 0.99 in fractions


def test_spans_end_with_the_recording(diarizer):
    found = diarize(diarizer, [("A", 0.5, 3.0), ("B", 3.5, 7.25)], duration=7.25)
    assert max(span.end for span in found.spans) <= 7.25


def test_stereo_is_mixed(diarizer):
    mono = recording(CONVERSATION, duration=12.0)
    stereo = replace(mono, samples=np.repeat(mono.samples, 2, axis=0), source_channels=2)
    nothing = Activity((), (), 12.0)
    left = diarizer.diarize(mono, nothing, progress=no_progress)
    assert diarizer.diarize(stereo, nothing, progress=no_progress).spans == left.spans
    assert stereo.samples.shape == (2, 12 * RATE)


def test_version_names_library_and_model(diarizer):
    assert diarizer.version.endswith("(tones unregistered)")


@pytest.mark.parametrize(
    "damage",
    [
        lambda d: (d / "config.yaml").write_text("pipeline: [", encoding="utf-8"),
        lambda d: (d / "config.yaml").write_text("a: 1", encoding="utf-8"),
        lambda d: (d / "config.yaml").write_bytes(b"\xff\xfe\x00"),
        lambda d: (d / "segmentation" / "pytorch_model.bin").write_bytes(b"not a checkpoint"),
        lambda d: (d / "embedding" / "pytorch_model.bin").write_bytes(b""),
        lambda d: (d / "plda" / "plda.npz").unlink(),
        lambda d: (d / "segmentation" / "pytorch_model.bin").unlink(),
    ],
)
def test_a_damaged_directory_is_told_in_one_line_with_its_path(tmp_path, damage):
    from tests.models.build_tone import build_pipeline

    directory = build_pipeline(tmp_path / "tones")
    damage(directory)
    with pytest.raises(ModelUnavailable, match="fetch") as caught:
        pyannote(directory)
    assert str(directory) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_truncated_checkpoint_is_refused(tmp_path):
    from tests.models.build_tone import build_pipeline

    directory = build_pipeline(tmp_path / "tones")
    weights = directory / "embedding" / "pytorch_model.bin"
    weights.write_bytes(weights.read_bytes()[:-200])
    with pytest.raises(ModelUnavailable, match="damaged"):
        pyannote(directory)
