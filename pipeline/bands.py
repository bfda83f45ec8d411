"""Where published demonstrations lie: the middle half of their figures, for one approach and unit.

*Definition*: quartiles over demonstrations rated high quality, each figure worked out on the same
unit as the figure beside it (``pipeline.evaluation.demonstrations`` makes the files). A band says
where others were, never what is right, and is drawn only for its own approach.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from pipeline.config import config_text
from pipeline.errors import ConfigError
from pipeline.records import Approach

_FILES: dict[Approach, str] = {"MI": "bands.mi.toml"}


@dataclass(frozen=True, slots=True)
class Band:
    """The middle half of the demonstrations' figures.

    Attributes:
        sessions: how many demonstrations had the figure.
        caption: where it comes from, to be shown with it.
    """

    low: float
    median: float
    high: float
    sessions: int
    caption: str


def bands(approach: Approach) -> Mapping[str, Band]:
    """The bands of an approach by the measure's name (``reflections``); none for most approaches.

    Raises:
        ConfigError: the file of the approach is no list of bands.
    """
    return _load(_FILES[approach]) if approach in _FILES else {}


@lru_cache(maxsize=4)
def _load(name: str) -> Mapping[str, Band]:
    try:
        data = tomllib.loads(config_text(name))
        caption = data.pop("caption")
        return {key: Band(**values, caption=caption) for key, values in data.items()}
    except (tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise ConfigError(
            f"configs/{name} holds no bands ({error}); make it again with "
            "python -m pipeline.evaluation.demonstrations"
        ) from error
