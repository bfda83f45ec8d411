"""Thresholds halved and raised by half: what readings are asked to stand.

*Conventions*: whole numbers stay whole, rounded away from where they were. The limits of pitch are
ratios of frequencies, and halved as the ear halves them, on the scale of semitones: half of ten
semitones is five. A value that the settings refuse is no reading to compare with.
"""

from collections.abc import Iterator
from dataclasses import replace
from math import ceil
from typing import Any, TypeVar

from pipeline.errors import ConfigError
from pipeline.settings import MeasuresConfig, TurnsConfig

FACTORS = (0.5, 1.5)
"""Half less, half more (docs/measures.md, Uncertain)."""

_RATIOS = ("pitch_floor", "pitch_ceiling", "pitch_spread")

_FILLED = {"floor_window": "floor_speech"}

Thresholds = TypeVar("Thresholds", TurnsConfig, MeasuresConfig)


def changed(config: Thresholds, name: str) -> Iterator[Thresholds]:
    """The same thresholds with this one halved, and with it raised by half."""
    for factor in FACTORS:
        moved = {
            one: _moved(getattr(config, one), factor, ratio=one in _RATIOS)
            for one in (name, _FILLED.get(name, name))
        }
        try:
            yield replace(config, **moved)
        except ConfigError:
            continue


def _moved(value: float, factor: float, *, ratio: bool) -> Any:
    return value**factor if ratio else scaled(value, factor)


def scaled(value: float, factor: float) -> float:
    """So many times the value; a whole number stays whole, rounded away from where it was."""
    if not isinstance(value, int):
        return value * factor
    return int(value * factor) if factor < 1 else ceil(value * factor)
