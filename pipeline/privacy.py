"""Nothing leaves this machine: the libraries' telemetry and look-ups, switched off in one place.

pyannote.audio reports every analysis (duration, expected voices) unless it is told not to, even
when it runs from local files; onnxruntime, which Silero runs on, reports from native code, which no
audit hook of Python sees; Streamlit and Ray report usage; the model hub is asked for newer
versions. The libraries read these variables when they are imported or called, so the command line,
the worker, the dashboard and every engine call ``silence_telemetry`` first. A variable that the
user's shell happens to set otherwise is overruled, for privacy is what Attune promises.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_OFFLINE = "HF_HUB_OFFLINE"

SILENT = {
    "PYANNOTE_METRICS_ENABLED": "0",
    "OTEL_SDK_DISABLED": "true",  # OpenTelemetry carries pyannote's reports
    _OFFLINE: "1",
    "TRANSFORMERS_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",  # a token is sent only where a fetch names it
    "ORT_DISABLE_TELEMETRY": "1",  # onnxruntime 1.32 reports to its maker from native code
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    "RAY_USAGE_STATS_ENABLED": "0",
    "DO_NOT_TRACK": "1",
}
"""Environment variables and the values that keep the libraries quiet."""


def silence_telemetry() -> None:
    """Switch off every report and every look-up of the libraries; call before importing them."""
    os.environ.update(SILENT)
    _hub_offline(offline=True)


def loud_settings() -> tuple[str, ...]:
    """Names of the variables that don't have their quiet value now."""
    return tuple(name for name, value in SILENT.items() if os.environ.get(name) != value)


@contextmanager
def fetching() -> Iterator[None]:
    """Let the model hub be reached, for a model that the user asked for; quiet again after."""
    silence_telemetry()
    os.environ[_OFFLINE] = os.environ["TRANSFORMERS_OFFLINE"] = "0"
    _hub_offline(offline=False)
    try:
        yield
    finally:
        silence_telemetry()


def _hub_offline(*, offline: bool) -> None:
    """The hub's client reads its variable once, at import; correct it where that has happened."""
    constants = sys.modules.get("huggingface_hub.constants")
    if constants is not None:
        constants.HF_HUB_OFFLINE = offline  # type: ignore[attr-defined]
