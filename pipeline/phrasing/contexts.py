"""What the network reads of an utterance: its pieces between those of the client's around it.

```
[CLS] ... the client's last words [SEP] the utterance [SEP] the client's first words ... [SEP]
 0    0   0                       0     1             1     2                            2
```
Long texts are cut: of the client before, the end is kept; of the client after, the beginning; of
the utterance itself, both its beginning and its end, where a question usually is.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.phrasing.corpus import Utterance
from pipeline.phrasing.features import Described
from pipeline.phrasing.wordpieces import WordPieces

# Pieces read of each text; 8 % of the therapist's utterances in AnnoMI are longer than 64.
BEFORE, OWN, AFTER = 24, 64, 12
PARTS = 3


@dataclass(frozen=True, slots=True)
class Context:
    """Pieces, and for each whose they are: 0 the client's before, 1 the utterance, 2 after."""

    pieces: tuple[int, ...]
    parts: tuple[int, ...]


def contexts(
    said: Sequence[Utterance], described: Sequence[Described], known: WordPieces
) -> list[Context]:
    """What is read of each described utterance."""
    pieces = [known.ids(utterance.text) for utterance in said]
    found = []
    for own, before, after, _ in (d.texts for d in described):
        texts = (
            [] if before is None else pieces[before][-BEFORE:],
            _ends(pieces[own]) or [known.unknown],
            [] if after is None else pieces[after][:AFTER],
        )
        ids, parts = [known.begin], [0]
        for part, text in enumerate(texts):
            ids += [*text, known.end]
            parts += [part] * (len(text) + 1)
        found.append(Context(tuple(ids), tuple(parts)))
    return found


def _ends(pieces: list[int]) -> list[int]:
    half = OWN // 2
    return pieces if len(pieces) <= OWN else pieces[:half] + pieces[-half:]
