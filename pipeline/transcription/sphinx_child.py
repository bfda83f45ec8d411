"""One decoder in a process of its own: clips come in on standard input, words go out as JSON lines.

In, for each clip: its length in bytes (4 bytes, little endian), then 16-bit samples at 16 kHz. Out:
``{"ready": true}`` or ``{"error": ...}`` once, then for each clip a list of
``[word, first frame, last frame, probability]`` with 100 frames a second. Ends with its input.
Arguments: how many states, and how many new words, the search keeps in a frame.
"""

import json
import struct
import sys
from typing import Any, BinaryIO

FRAMES = 100
"""Frames of the decoder in a second."""


def main() -> None:
    """Decode clips until the input ends."""
    out = sys.stdout
    try:
        decoder = _decoder(*map(int, sys.argv[1:]))
    except (ImportError, RuntimeError, ValueError, OSError) as error:
        _tell(out, {"error": f"{type(error).__name__}: {error}"})
        return
    _tell(out, {"ready": True})
    while (clip := _next_clip(sys.stdin.buffer)) is not None:
        _tell(out, _decoded(decoder, clip))


def _decoder(max_states: int, max_words: int) -> Any:
    """The bundled US-English model; each clip is normalised by itself."""
    from pocketsphinx import Decoder

    return Decoder(loglevel="FATAL", cmn="batch", maxhmmpf=max_states, maxwpf=max_words)


def _next_clip(stream: BinaryIO) -> bytes | None:
    header = stream.read(4)
    if len(header) < 4:
        return None
    (size,) = struct.unpack("<I", header)
    clip = stream.read(size)
    return clip if len(clip) == size else None


def _decoded(decoder: Any, clip: bytes) -> list[list[object]]:
    decoder.reinit_feat()  # else noise and mean estimates of the clips before would linger
    decoder.start_utt()
    decoder.process_raw(clip, no_search=False, full_utt=True)
    decoder.end_utt()
    if decoder.hyp() is None:
        return []
    return [
        [segment.word, segment.start_frame, segment.end_frame, segment.prob]
        for segment in decoder.seg()
    ]


def _tell(out: Any, value: object) -> None:
    out.write(json.dumps(value) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
