"""Every setting as a frozen dataclass; the values come from configs/ (``pipeline.config``).

Units and sources stand beside the values in ``configs/default.toml``; a setting without a default
there is an error, so nothing in the code repeats one.
"""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pipeline.errors import ConfigError


@dataclass(frozen=True, slots=True)
class AudioConfig:
    """Caps and quality limits for decoding; see [audio] in default.toml."""

    max_duration: float
    max_channels: int
    max_rate: int
    min_duration: float
    max_decode_time: float
    dual_mono_correlation: float
    silence_peak_db: float
    clipping_level: float
    clipping_note: float
    snr_note_db: float


@dataclass(frozen=True, slots=True)
class ActivityConfig:
    """Speech activity for measuring, not for transcription; see [activity]."""

    threshold: float
    neg_threshold: float
    min_speech: float
    min_silence: float
    pad: float


@dataclass(frozen=True, slots=True)
class PresenceConfig:
    """Speech found by Silero and the level together; see [presence]."""

    min_speech: float
    bridge: float
    switch: float
    offset: float
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.weights) != 7:
            raise ConfigError(
                f"presence.weights has {len(self.weights)} numbers; the regression of "
                "pipeline/presence.py weighs 7 features"
            )


@dataclass(frozen=True, slots=True)
class ProsodyConfig:
    """Loudness and pitch, frame by frame; see [prosody]."""

    step: float
    window: float
    rate: int
    lowest: float
    highest: float
    rumble: float
    trough: float
    periodic: float
    range: float
    block: float

    def __post_init__(self) -> None:
        _at_least(self, "prosody", {"step": 0.005, "rate": 2000, "lowest": 20.0, "block": 1.0})
        if not self.lowest < self.highest < self.rate / 4:
            raise ConfigError(
                f"prosody.lowest = {self.lowest:g} and highest = {self.highest:g} Hz must rise, "
                f"and stay below a quarter of the rate ({self.rate / 4:g} Hz)"
            )
        if self.window * self.lowest < 2:
            raise ConfigError(
                f"prosody.window = {self.window:g} s must hold two periods of the lowest voice "
                f"({2 / self.lowest:.3f} s)"
            )
        if not 0 < self.rumble < self.lowest:
            raise ConfigError(
                f"prosody.rumble = {self.rumble:g} Hz must lie between 0 and the lowest voice "
                f"({self.lowest:g} Hz)"
            )


@dataclass(frozen=True, slots=True)
class ChannelsConfig:
    """One voice per channel; see [diarization.channels]."""

    least_separation: float
    good_separation: float
    least_share: float
    least_speech: float
    bridge: float


@dataclass(frozen=True, slots=True)
class EmbeddedConfig:
    """The diarizer without weights; see [diarization.embedded]."""

    seed: int
    strong_share: float
    voiced: float
    window_lengths: tuple[float, ...]
    window_step: float
    most_windows: int
    slow_window: float
    slow_directions: tuple[float, ...]
    random_starts: int
    random_run: float
    most_frames: int
    least_frames: int
    components_min: int
    components_max: int
    seconds_per_component: float
    variance_floor: float
    first_iterations: int
    iterations: int
    rounds: int
    settled: float
    likelihood_scale: float
    switch: float
    switch_at_pause: float
    pause: float
    least_speech: float
    short_speech: float
    same_separation: float
    most_margin: float
    one_voice_gain: float
    one_voice_margin: float
    third_agreement: float
    third_share: float
    third_gain: float
    third_gain_ahead: float
    third_margin: float
    rare_voice: float
    coarse_cepstra: int
    confidence_offset: float
    confidence_weights: tuple[float, ...]
    good_from: float
    low_from: float
    overlap_clean: float
    overlap_bridge: float
    overlap_trim: float
    overlap_shortest: float
    overlap_mixtures_a_minute: float
    overlap_mixtures: tuple[float, ...]
    overlap_exam: int
    overlap_lengths: tuple[float, ...]
    overlap_level: float
    overlap_audible: float
    overlap_reaches: tuple[float, ...]
    overlap_frames: int
    overlap_networks: int
    overlap_units: int
    overlap_decay: float
    overlap_epochs: int
    overlap_prior: float
    overlap_scale: float
    overlap_switch: float
    overlap_switch_at_pause: float
    overlap_precision: float
    overlap_recall: float


@dataclass(frozen=True, slots=True)
class PyannoteConfig:
    """pyannote.audio; see [diarization.pyannote]."""

    model: str
    hub_id: str
    revision: str
    token_variable: str
    ghost_share: float
    ghost_turn: float
    extra_share: float
    device: str


@dataclass(frozen=True, slots=True)
class DiarizationConfig:
    """Which diarizer, and each one's settings."""

    engine: str
    speakers: int
    channels: ChannelsConfig
    embedded: EmbeddedConfig
    pyannote: PyannoteConfig


@dataclass(frozen=True, slots=True)
class WhisperConfig:
    """faster-whisper; see [transcription.whisper]."""

    model: str
    size: str
    device: str
    compute_type: str
    beam_size: int
    temperatures: tuple[float, ...]
    seed: int
    compression_ratio: float
    log_probability: float
    no_speech: float
    clip_gap: float
    clip_pad: float
    clip_max: float
    hotwords: str
    long_word: float
    block: float
    repeat_phrase: int
    repeat_times: int
    hotwords_max: int


@dataclass(frozen=True, slots=True)
class SphinxConfig:
    """pocketsphinx; see [transcription.sphinx]."""

    processes: int
    processes_max: int
    clip_gap: float
    clip_pad: float
    clip_max: float
    max_states: int
    max_words: int
    draft_confidence: float


@dataclass(frozen=True, slots=True)
class TranscriptionConfig:
    """Which transcriber, and each one's settings."""

    engine: str
    language: str
    whisper: WhisperConfig
    sphinx: SphinxConfig


@dataclass(frozen=True, slots=True)
class AttributionConfig:
    """Giving words their owner; see [attribution]."""

    nearest: float
    snap_words: int
    snap_reach: float
    snap_pause: float


@dataclass(frozen=True, slots=True)
class RolesConfig:
    """Telling the therapist from the client; see [roles]."""

    ask_below: float
    asks_weight: float
    reflects_weight: float
    you_weight: float
    draft_scale: float
    name_confidence: float


@dataclass(frozen=True, slots=True)
class TurnsConfig:
    """IPUs, contributions, backchannels, turns; see [turns]."""

    ipu_gap: float
    contribution_gap: float
    contribution_break: float
    backchannel_max: float
    backchannel_words: int
    question_reach: float
    answer_lead: float

    def __post_init__(self) -> None:
        _at_least(self, "turns", {})


@dataclass(frozen=True, slots=True)
class MeasuresConfig:
    """Thresholds of the measures; see [measures]."""

    silence_listed: float
    silence_counted: float
    dual_start: float
    floor_after: float
    floor_overlap_min: float
    floor_overlap_max: float
    floor_silent: float
    floor_speech: float
    floor_window: float
    window: float
    window_step: float
    candidate: float
    summary_words: int
    summary_turns: int
    summary_reach: int
    min_practice: float
    note_practice: float
    min_denominator: int
    tone_speech: float
    tone_voiced: float
    range_voiced: float
    pitch_floor: float
    pitch_ceiling: float
    pitch_spread: float
    unclear_words: float
    unclear_confidence: float

    def __post_init__(self) -> None:
        # a window that doesn't move on never ends; quartiles need two observations
        least = {"window": 1.0, "window_step": 0.1, "min_denominator": 2, "summary_reach": 1}
        _at_least(self, "measures", least)


@dataclass(frozen=True, slots=True)
class IntervalsConfig:
    """Bootstrap ranges; see [intervals]."""

    level: float
    draws: int
    seed: int
    least: int
    block_power: float

    def __post_init__(self) -> None:
        _at_least(self, "intervals", {"draws": 100, "least": 2})
        for name, value, most in (("level", self.level, 100), ("block_power", self.block_power, 1)):
            if not 0 < value < most:
                raise ConfigError(f"intervals.{name} = {value} must lie between 0 and {most}")


@dataclass(frozen=True, slots=True)
class CohortConfig:
    """Many sessions together; see [cohort]."""

    least_people: int
    trend_sessions: int

    def __post_init__(self) -> None:
        _at_least(self, "cohort", {"least_people": 2, "trend_sessions": 3})


@dataclass(frozen=True, slots=True)
class EvaluationConfig:
    """How results are matched with references; see [evaluation]."""

    onset: float
    collar: float


@dataclass(frozen=True, slots=True)
class DashboardConfig:
    """The web pages; see [dashboard]."""

    upload_max: float
    link_hours: float
    chunk: int
    poll: float
    lead: float


@dataclass(frozen=True, slots=True)
class JobsConfig:
    """Analyses in the queue and the worker that does them; see [jobs]."""

    lease: float
    heartbeat: float
    poll: float
    progress: float
    attempts_max: int
    backoff: float
    backoff_max: float
    backoff_jitter: float
    start_max: float
    memory_max: float
    memory_share: float
    time_base: float
    time_per_hour: float

    def __post_init__(self) -> None:
        least = {"lease": 0.1, "heartbeat": 0.01, "poll": 0.01, "attempts_max": 1}
        _at_least(self, "jobs", least | {"memory_max": 1.0, "time_base": 0.1})
        if self.lease < 3 * self.heartbeat:
            raise ConfigError(
                f"jobs.lease = {self.lease} must be three heartbeats ({self.heartbeat} s each) or "
                "more, so that one that comes late loses no job"
            )
        for name in ("memory_share", "backoff_jitter"):
            if getattr(self, name) > 1:
                raise ConfigError(f"jobs.{name} = {getattr(self, name)} must be 1 or less")


_OF_NO_REPORT = ("evaluation", "cohort", "dashboard", "jobs")
"""Sections of the configuration that are read after the reports were made."""


@dataclass(frozen=True, slots=True)
class Config:
    """The resolved configuration of a run."""

    audio: AudioConfig
    activity: ActivityConfig
    presence: PresenceConfig
    prosody: ProsodyConfig
    diarization: DiarizationConfig
    transcription: TranscriptionConfig
    attribution: AttributionConfig
    roles: RolesConfig
    turns: TurnsConfig
    measures: MeasuresConfig
    intervals: IntervalsConfig
    cohort: CohortConfig
    evaluation: EvaluationConfig
    dashboard: DashboardConfig
    jobs: JobsConfig

    def hash(self) -> str:
        """Sixteen hexadecimal digits that change with any setting that a report hangs on."""
        names = (field.name for field in dataclasses.fields(self))
        return fingerprint({n: getattr(self, n) for n in names if n not in _OF_NO_REPORT})


def fingerprint(*parts: object) -> str:
    """A stable short hash of dataclasses, mappings and plain values."""
    text = json.dumps(parts, sort_keys=True, default=_plain, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    return str(value)


def _at_least(config: Any, section: str, least: Mapping[str, float]) -> None:
    """Refuse a threshold under its least value, 0 where none is given."""
    for field in dataclasses.fields(config):
        value, lowest = getattr(config, field.name), least.get(field.name, 0)
        if value < lowest:
            raise ConfigError(f"{section}.{field.name} = {value} must be {lowest} or more")
