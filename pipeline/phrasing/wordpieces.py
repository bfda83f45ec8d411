"""Texts as word pieces: the units that the encoder has vectors for (WordPiece, lower case).

Source: Wu et al. 2016, Google's neural machine translation system; the pieces are BERT's.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

_WORDS = re.compile(r"\w+|[^\w\s]")


class WordPieces:
    """The pieces that are known, and texts cut into them."""

    def __init__(self, pieces: Sequence[str]) -> None:
        self.pieces = tuple(pieces)
        self._known = {piece: i for i, piece in enumerate(pieces)}
        self.begin, self.end, self.unknown = (self._known[p] for p in ("[CLS]", "[SEP]", "[UNK]"))
        self._word = lru_cache(maxsize=20_000)(self._split)

    def ids(self, text: str) -> list[int]:
        """The pieces of a text, as numbers; none for an empty one."""
        plain = unicodedata.normalize("NFD", text.lower().replace("’", "'"))
        plain = "".join(c for c in plain if not unicodedata.combining(c))
        return [i for word in _WORDS.findall(plain) for i in self._word(word)]

    def _split(self, word: str) -> tuple[int, ...]:
        """The longest known beginning, then the longest known continuations."""
        ids: list[int] = []
        start = 0
        while start < len(word):
            prefix = "##" if start else ""
            for end in range(len(word), start, -1):
                known = self._known.get(prefix + word[start:end])
                if known is not None:
                    break
            else:
                return (self.unknown,)
            ids.append(known)
            start = end
        return tuple(ids)
