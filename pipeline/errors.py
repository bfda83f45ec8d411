"""What can go wrong, told so that the person in front of the screen can mend it.

Every message says what went wrong, the value that caused it and what to do about it, in one line.
Stages raise these; only the command line, the worker and the dashboard catch them. Messages never
hold words that were said in a recording.
"""


class AttuneError(Exception):
    """Root of every error Attune raises on purpose; ``str(error)`` is fit to be shown."""


class AudioError(AttuneError):
    """A recording can't be used: missing, empty, damaged, too long, not audio."""


class TranscriptError(AttuneError):
    """A transcript made elsewhere can't be read, or contradicts itself."""


class ConfigError(AttuneError):
    """A configuration file or ``--set`` names something unknown or out of range."""


class ModelUnavailable(AttuneError):
    """An engine's weights are missing, gated, damaged or can't be loaded here."""


class ModelMissing(ModelUnavailable):
    """An engine's weights were never brought to this computer; nothing is wrong with it."""


class StoreError(AttuneError):
    """The data folder or its database can't be used, or lacks what was asked for."""


class EvaluationError(AttuneError):
    """Reference material for an evaluation is missing or can't be read."""
