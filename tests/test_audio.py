import dataclasses
import hashlib
import wave

import numpy as np
import pytest

from pipeline.audio import RATE, file_sha256, probe, read_recording
from pipeline.config import load_config
from tests.sounds import recording, sample, write_audio

CONFIG = load_config().audio


@pytest.fixture(scope="module")
def speech():
    return sample("01_one_phone", 0.0, 4.0)


@pytest.fixture(scope="module")
def pair():
    """Two channels that differ."""
    return np.vstack(
        [sample("01_one_phone", 0.0, 4.0), sample("04_reflective_listening", 0.0, 4.0)]
    )


def read(path, **changes):
    return read_recording(path, dataclasses.replace(CONFIG, **changes))


@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_lossless_sound_arrives_sample_by_sample(tmp_path, pair, suffix):
    found = read(write_audio(tmp_path / f"a{suffix}", pair))
    assert found.samples.dtype == np.int16
    assert np.array_equal(found.samples, pair)
    assert (found.channels, found.source_channels, found.duration) == (2, 2, 4.0)
    assert found.name == "a"


@pytest.mark.parametrize("suffix", [".mp3", ".m4a", ".ogg", ".opus", ".webm"])
def test_compressed_sound_arrives_channel_by_channel(tmp_path, pair, suffix):
    found = read(write_audio(tmp_path / f"a{suffix}", pair))
    assert found.channels == 2
    assert found.duration == pytest.approx(4.0, abs=0.15)  # the codecs' own lead and tail
    for own, other, heard in ((0, 1, 0), (1, 0, 1)):
        best = _best_shift(found.samples[heard], pair[own])
        assert best > 0.85
        assert best > 2 * abs(_best_shift(found.samples[heard], pair[other]))


def _best_shift(heard, source):
    """Correlation at the shift, up to 0.15 s, where it is highest."""
    size = 2 * max(len(heard), len(source))
    x, y = (np.fft.rfft(s.astype(float), size) for s in (heard, source))
    shared = np.fft.irfft(x * y.conj())[:2400]
    return shared.max() / np.sqrt(
        np.sum(heard.astype(float) ** 2) * np.sum(source.astype(float) ** 2)
    )


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000, 96000])
def test_every_rate_becomes_16_khz(tmp_path, rate):
    seconds = np.arange(2 * rate) / rate
    tone = np.rint(8000 * np.sin(2 * np.pi * 440 * seconds))
    found = read(write_audio(tmp_path / "tone.wav", tone, rate=rate))
    assert found.duration == pytest.approx(2.0, abs=0.01)
    spectrum = np.abs(np.fft.rfft(found.samples[0][:RATE]))
    assert np.argmax(spectrum) == 440


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_are_kept_even_where_the_file_names_no_places(tmp_path, channels):
    noise = np.random.default_rng(5).normal(0, 3000, (channels, RATE)).astype("<i2")
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(noise.T.tobytes())
    found = read(tmp_path / "a.wav")
    assert np.array_equal(found.samples, noise)
    assert probe(tmp_path / "a.wav", CONFIG).channels == channels


@pytest.mark.parametrize("gain", [1.0, 0.5])
def test_one_signal_twice_becomes_one_channel(tmp_path, speech, gain):
    twice = np.vstack([speech, speech * gain])
    found = read(write_audio(tmp_path / "a.wav", twice))
    assert found.quality.dual_mono
    assert (found.channels, found.source_channels) == (1, 2)
    assert np.array_equal(found.samples, speech)


def test_two_microphones_are_not_one_signal_twice(tmp_path, pair):
    assert not read(write_audio(tmp_path / "a.wav", pair)).quality.dual_mono


def test_a_channel_of_nothing_is_not_one_signal_twice(tmp_path, speech):
    found = read(write_audio(tmp_path / "a.wav", np.vstack([speech, 0 * speech])))
    assert (found.channels, found.quality.dual_mono) == (2, False)


def test_noise_lowers_the_snr_and_is_noted(tmp_path, speech):
    def snr(level):
        noise = np.random.default_rng(5).normal(0, level, speech.shape)
        return read(write_audio(tmp_path / f"{level}.wav", np.rint(speech + noise))).quality

    quiet, noisy = snr(10), snr(2000)
    assert quiet.snr_db > 20 > CONFIG.snr_note_db > noisy.snr_db
    assert not any("Hard to hear" in note for note in quiet.notes)
    assert any("above the noise" in note for note in noisy.notes)


def test_clipping_is_counted_and_noted(tmp_path, speech):
    loud = np.clip(speech.astype(int) * 20, -32768, 32767)
    at_full_scale = np.mean((loud >= 0.999 * 32767) | (loud <= -0.999 * 32767))
    quality = read(write_audio(tmp_path / "a.wav", loud)).quality
    assert quality.clipped == pytest.approx(at_full_scale, abs=1e-9)
    assert at_full_scale > CONFIG.clipping_note
    assert quality.peak_db == pytest.approx(0.0, abs=0.01)
    assert any("clipped" in note for note in quality.notes)
    assert read(write_audio(tmp_path / "b.wav", speech)).quality.clipped == 0.0


def test_half_of_full_scale_peaks_at_minus_6_db(tmp_path, speech):
    half = speech * (16384 / np.abs(speech).max())
    assert read(write_audio(tmp_path / "a.wav", half)).quality.peak_db == pytest.approx(-6, abs=0.1)


def test_floats_beyond_full_scale_are_clipped_not_wrapped(tmp_path):
    wave_ = 1.5 * np.sin(2 * np.pi * 220 * np.arange(RATE) / RATE, dtype=np.float32)[None]
    samples = read(write_audio(tmp_path / "a.wav", wave_, codec="pcm_f32le")).samples
    assert (samples.max(), samples.min()) == (32767, -32768)
    assert np.all(samples[0][wave_[0] > 1] == 32767)


def test_a_file_that_breaks_off_says_so(tmp_path, speech):
    long = np.tile(speech, 5)
    whole = write_audio(tmp_path / "a.flac", long).read_bytes()
    (tmp_path / "a.flac").write_bytes(whole[: len(whole) // 2])
    found = read(tmp_path / "a.flac")
    assert found.quality.truncated
    assert 5 < found.duration < 15
    assert "of a declared 20 s" in found.quality.notes[0]


def test_a_header_without_a_length_is_no_obstacle(tmp_path):
    path = write_audio(tmp_path / "a.aac", _noise(150), codec="aac")
    found = read(path)  # longer than the room that is made at first
    assert found.duration == pytest.approx(150, abs=0.2)
    assert np.abs(found.samples[0][-RATE * 2 : -RATE]).max() > 300


def test_a_length_that_was_guessed_is_no_proof_of_a_loss(tmp_path):
    fading = np.concatenate([_noise(20), np.zeros((1, 100 * RATE)), _noise(5)], axis=1)
    path = write_audio(tmp_path / "a.aac", fading[:, ::-1], codec="aac")
    guess = probe(path, CONFIG)
    assert guess.guessed
    assert abs(guess.duration - 125) > 4
    assert not read(path).quality.truncated


def _noise(seconds):
    return np.random.default_rng(5).normal(0, 1000, (1, seconds * RATE)).astype(np.int16)


def test_the_hash_is_that_of_the_bytes(tmp_path, speech):
    path = write_audio(tmp_path / "a.wav", speech)
    assert read(path).sha256 == file_sha256(path)
    assert file_sha256(path) == hashlib.sha256(path.read_bytes()).hexdigest()


def test_progress_rises_to_the_end(tmp_path, speech):
    told = []
    path = write_audio(tmp_path / "a.flac", np.tile(speech, 5))
    read_recording(path, CONFIG, progress=lambda stage, f: told.append((stage, f)))
    assert len(told) > 5
    assert told == sorted(told)
    assert told[-1] == ("audio", 1.0)


def test_a_block_is_the_channels_mean_between_two_moments():
    made = recording(np.array([[16384] * RATE, [-8192] * RATE]))
    assert made.block(0.25, 0.5).tolist() == [0.125] * (RATE // 4)
    assert made.block(0.25, 0.5, channel=0).tolist() == [0.5] * (RATE // 4)
    assert made.block(0.9, 5.0).shape == (RATE // 10,)
    assert made.block(-1.0, 0.1).shape == (RATE // 10,)


def test_blocks_are_the_whole_recording(speech):
    made = recording(speech[:, :50_001])
    blocks = list(made.blocks(1.0, channel=0))
    assert [len(b) for b in blocks] == [16000, 16000, 16000, 2001]
    assert np.array_equal(np.concatenate(blocks), made.block(0, 99, channel=0))
