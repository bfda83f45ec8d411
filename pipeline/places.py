"""Where Attune keeps what is yours: one data folder, and the models inside it."""

import os
from pathlib import Path

HOME_VARIABLE = "ATTUNE_HOME"
"""Environment variable that moves the whole data folder."""


def data_dir() -> Path:
    """The data folder: ``ATTUNE_HOME``, else where this system keeps applications' data."""
    home = os.environ.get(HOME_VARIABLE, "").strip()
    if home:
        return Path(home).expanduser().absolute()
    import platformdirs

    return Path(platformdirs.user_data_dir("attune", appauthor=False))


def models_dir() -> Path:
    """The folder of fetched weights, one directory per model."""
    return data_dir() / "models"
