"""Transcripts as a recogniser might have written them: words lost, words put for others.

*Definition*: of a dialogue without punctuation, each word is with probability ``rate`` in error:
one time in two it is left out, else replaced by a word from anywhere in the same dialogue. So
``rate`` is the expected word error rate (WER). Real errors sound alike and come in bursts; these
are only their number.
"""

import random

from pipeline.phrasing.corpus import Dialogue, Utterance


def misheard(dialogue: Dialogue, *, rate: float, seed: int = 0) -> Dialogue:
    """The dialogue with errors; the same for the same seed. No utterance loses all its words."""
    plain = dialogue.without_punctuation()
    words = [word for said in plain.utterances for word in said.text.split()]
    # The name takes part, so that two dialogues don't lose the same words.
    chance = random.Random(f"{seed} {dialogue.name}")  # noqa: S311 (no secret)
    return Dialogue(
        dialogue.name,
        dialogue.video,
        tuple(
            Utterance(said.role, _garbled(said.text.split(), words, rate, chance), said.label)
            for said in plain.utterances
        ),
    )


def _garbled(own: list[str], words: list[str], rate: float, chance: random.Random) -> str:
    kept: list[str] = []
    for word in own:
        drawn = chance.random()
        if drawn >= rate:
            kept.append(word)
        elif drawn >= rate / 2:
            kept.append(chance.choice(words))
    return " ".join(kept or own[:1])
