"""A Whisper of 0.3 MB with random weights, built from CTranslate2's own specification.

The real faster-whisper loads and runs it like any other model directory. Its text is gibberish, so
it proves the plumbing (what is decoded, where words land, repeatability), never the wording.
"""

import json
from pathlib import Path

import numpy as np

WIDTH, HEADS, MELS = 16, 2, 80


def build_tiny_whisper(directory: Path, *, seed: int = 0) -> Path:
    """Write the model into a directory and return it."""
    from ctranslate2.specs import whisper_spec

    directory.mkdir(parents=True, exist_ok=True)
    tokenizer = _tokenizer()
    tokenizer.save(str(directory / "tokenizer.json"))
    tokens = _tokens(tokenizer)
    spec = whisper_spec.WhisperSpec(1, HEADS, 1, HEADS)
    _fill(spec, np.random.default_rng(seed), vocabulary=len(tokens))
    spec.register_vocabulary(tokens)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = [
        tokenizer.token_to_id("Ġ"),
        tokenizer.token_to_id("<|endoftext|>"),
    ]
    spec.config.lang_ids = [tokenizer.token_to_id(f"<|{code}|>") for code in _languages()]
    spec.config.alignment_heads = [[0, 0], [0, 1]]
    spec.validate()
    spec.optimize(quantization=None)
    spec.save(str(directory))
    features = {
        "feature_size": MELS,
        "hop_length": 160,
        "n_fft": 400,
        "chunk_length": 30,
        "sampling_rate": 16000,
    }
    (directory / "preprocessor_config.json").write_text(json.dumps(features))
    return directory


def _languages():
    from faster_whisper.tokenizer import _LANGUAGE_CODES

    return _LANGUAGE_CODES


def _tokenizer():
    """One token per byte, no merges, and the special tokens that faster-whisper asks for."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE(vocab={c: i for i, c in enumerate(alphabet)}, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    special = ["endoftext", "startoftranscript", *_languages(), "translate", "transcribe"]
    special += ["startoflm", "startofprev", "nospeech", "notimestamps"]
    tokenizer.add_special_tokens([AddedToken(f"<|{name}|>", special=True) for name in special])
    return tokenizer


def _tokens(tokenizer):
    by_id = {i: token for token, i in tokenizer.get_vocab().items()}
    times = [f"<|{i * 0.02:.2f}|>" for i in range(1501)]
    return [by_id[i] for i in range(len(by_id))] + times


def _fill(spec, rng, *, vocabulary):
    def weights(*shape):
        return (rng.normal(size=shape) * 0.2).astype(np.float32)

    def norm(layer):
        layer.gamma, layer.beta = np.ones(WIDTH, np.float32), np.zeros(WIDTH, np.float32)

    def linear(layer, out, into=WIDTH):
        layer.weight, layer.bias = weights(out, into), weights(out)

    def attention(layer, *, parts):
        norm(layer.layer_norm)
        for i, part in enumerate(parts):
            linear(layer.linear[i], part * WIDTH)

    def feed_forward(layer):
        norm(layer.layer_norm)
        linear(layer.linear_0, 4 * WIDTH)
        linear(layer.linear_1, WIDTH, 4 * WIDTH)

    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = weights(WIDTH, MELS, 3), weights(WIDTH)
    encoder.conv2.weight, encoder.conv2.bias = weights(WIDTH, WIDTH, 3), weights(WIDTH)
    encoder.position_encodings.encodings = weights(1500, WIDTH)
    decoder.position_encodings.encodings = weights(448, WIDTH)
    decoder.embeddings.weight = decoder.projection.weight = weights(vocabulary, WIDTH)
    norm(encoder.layer_norm)
    norm(decoder.layer_norm)
    for layer in encoder.layer:
        attention(layer.self_attention, parts=(3, 1))
        feed_forward(layer.ffn)
    for layer in decoder.layer:
        attention(layer.self_attention, parts=(3, 1))
        attention(layer.attention, parts=(1, 2, 1))
        feed_forward(layer.ffn)
