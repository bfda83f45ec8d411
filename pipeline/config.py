"""Configuration: TOML files in, frozen dataclasses out.

``configs/default.toml`` holds every threshold with its unit and source; nothing in the code repeats
a default. A profile and ``--set key=value`` override it. Unknown keys are refused with the nearest
valid name, and the resolved configuration has a hash that travels with every result.
"""

import dataclasses
import difflib
import sys
import tomllib
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from pipeline.errors import ConfigError
from pipeline.settings import Config


def load_config(profile: str | Path | None = None, *, overrides: Sequence[str] = ()) -> Config:
    """Defaults, then the profile (a name in configs/ or a TOML file), then ``key=value`` overrides.

    Raises:
        ConfigError: a file can't be read, a key is unknown or a value has the wrong type.
    """
    values = _parse(config_text("default.toml"), source="configs/default.toml")
    if profile is not None:
        source, text = _profile(profile)
        _merge(values, _parse(text, source=source), source=source)
    for override in overrides:
        _merge(values, _override(override), source=f"--set {override}")
    config: Config = _build(Config, values, path="", source="configuration")
    return config


def config_text(name: str) -> str:
    """A file of configs/, from the checkout or from inside the wheel."""
    return config_path(name).read_text(encoding="utf-8")


def config_path(name: str) -> Path:
    """Where a file of configs/ lies: beside the package in a checkout, inside it in a wheel."""
    checkout = Path(__file__).resolve().parent.parent / "configs" / name
    if checkout.exists():
        return checkout
    return Path(str(resources.files("pipeline") / "configs" / name))


def _profile(profile: str | Path) -> tuple[str, str]:
    path = Path(profile)
    if path.suffix != ".toml":
        path = config_path(f"{profile}.toml")
    try:
        return str(path), path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        names = sorted(p.stem for p in config_path("default.toml").parent.glob("*.toml"))
        raise ConfigError(
            f"profile {str(profile)!r} can't be read ({type(error).__name__}); give a TOML file or "
            f"one of: {', '.join(n for n in names if '.' not in n and n != 'feedback')}"
        ) from error


def _parse(text: str, *, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except ValueError as error:  # TOMLDecodeError, or a number of thousands of digits
        raise ConfigError(f"{source} is not valid TOML: {error}; mend that line") from error


def _override(override: str) -> dict[str, Any]:
    key, separator, text = override.partition("=")
    if not separator or not key.strip():
        raise ConfigError(f"--set {override!r} is not key=value; try --set turns.ipu_gap=0.25")
    try:
        value = tomllib.loads(f"value = {text.strip()}")["value"]
    except ValueError:  # TOMLDecodeError, or a number of thousands of digits
        value = text.strip()
    for name in reversed(key.strip().split(".")):
        value = {name: value}
    tree: dict[str, Any] = value
    return tree


def _merge(base: dict[str, Any], over: Mapping[str, Any], *, source: str, path: str = "") -> None:
    for key, value in over.items():
        where = f"{path}{key}"
        if key not in base:
            raise _unknown(where, key, base, source)
        if isinstance(base[key], dict):
            if not isinstance(value, dict):
                raise ConfigError(f"{source}: {where} is a table, not the value {value!r}")
            _merge(base[key], value, source=source, path=f"{where}.")
        else:
            base[key] = value


def _unknown(where: str, key: str, known: Mapping[str, Any], source: str) -> ConfigError:
    near = difflib.get_close_matches(key, known, n=1, cutoff=0.0)
    prefix = where[: len(where) - len(key)]
    hint = f"; did you mean {prefix}{near[0]}?" if near else ""
    return ConfigError(f"{source}: unknown setting {where!r}{hint}")


def _build(kind: Any, values: Mapping[str, Any], *, path: str, source: str) -> Any:
    fields = {f.name: f for f in dataclasses.fields(kind)}
    for key in values:
        if key not in fields:
            raise _unknown(f"{path}{key}", key, fields, source)
    out: dict[str, Any] = {}
    for name, field in fields.items():
        where = f"{path}{name}"
        if name not in values:
            raise ConfigError(f"{source}: {where} is missing; add it to configs/default.toml")
        value = values[name]
        if dataclasses.is_dataclass(field.type):
            out[name] = _build(field.type, value, path=f"{where}.", source=source)
        else:
            out[name] = _typed(value, field.type, where=where, source=source)
    return kind(**out)


def _typed(value: Any, kind: Any, *, where: str, source: str) -> Any:
    if kind is float and type(value) in (int, float):
        if not abs(value) <= sys.float_info.max:
            raise ConfigError(f"{source}: {where} = {value!r} must be a finite number")
        return float(value)
    if kind in (int, str, bool) and type(value) is kind:
        return value
    if kind == tuple[float, ...] and isinstance(value, list):
        return tuple(_typed(v, float, where=where, source=source) for v in value)
    name = getattr(kind, "__name__", str(kind))
    raise ConfigError(f"{source}: {where} = {value!r} must be of type {name}")
