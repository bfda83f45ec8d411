"""Builds a pyannote pipeline directory of tone models, and the sines it understands."""

from pathlib import Path

import numpy as np

RATE = 16_000

CONFIG = """\
dependencies:
  pyannote.audio: 4.0.0
pipeline:
  name: pyannote.audio.pipelines.SpeakerDiarization
  params:
    clustering: VBxClustering
    segmentation: $model/segmentation
    segmentation_step: 0.2
    segmentation_batch_size: 32
    embedding: $model/embedding
    embedding_batch_size: 32
    embedding_exclude_overlap: true
    plda: $model/plda
params:
  segmentation: {min_duration_off: 0.0}
  clustering: {threshold: 0.6, Fa: 0.07, Fb: 0.8}
"""


def build_pipeline(root: Path) -> Path:
    """A directory laid out like speaker-diarization-community-1, 40 KB."""
    from pyannote.audio.core.task import Problem, Resolution, Specifications

    from tests.models.tone_models import ToneEmbedding, ToneSegmentation

    segmentation = Specifications(
        problem=Problem.MONO_LABEL_CLASSIFICATION,
        resolution=Resolution.FRAME,
        duration=5.0,
        classes=["a", "b", "c"],
        powerset_max_classes=2,
        permutation_invariant=True,
    )
    embedding = Specifications(
        problem=Problem.REPRESENTATION, resolution=Resolution.CHUNK, duration=5.0
    )
    _save(ToneSegmentation(), segmentation, root / "segmentation")
    _save(ToneEmbedding(), embedding, root / "embedding")
    _save_plda(root / "plda", dimension=ToneEmbedding().dimension)
    (root / "config.yaml").write_text(CONFIG, encoding="utf-8")
    return root


def tones(spans, *, duration: float, amplitude: float = 0.3) -> np.ndarray:
    """Samples in which each ``(voice, start, end)`` sounds at its voice's pitch."""
    from tests.models.tone_models import PITCH

    time = np.arange(round(duration * RATE)) / RATE
    samples = np.zeros_like(time)
    for voice, start, end in spans:
        inside = (time >= start) & (time < end)
        samples[inside] += amplitude * np.sin(2 * np.pi * PITCH[voice] * time[inside])
    return samples


def _save(model, specifications, folder: Path) -> None:
    import torch

    folder.mkdir(parents=True)
    model.specifications = specifications
    checkpoint = {
        "state_dict": model.state_dict(),
        "hyper_parameters": dict(model.hparams),
        "pytorch-lightning_version": "2.0.0",
        "epoch": 0,
        "global_step": 0,
    }
    model.on_save_checkpoint(checkpoint)
    torch.save(checkpoint, folder / "pytorch_model.bin")


def _save_plda(folder: Path, *, dimension: int) -> None:
    folder.mkdir(parents=True)
    np.savez(
        folder / "xvec_transform.npz",
        mean1=np.full(dimension, 0.5),
        mean2=np.zeros(dimension),
        lda=np.eye(dimension),
    )
    np.savez(
        folder / "plda.npz",
        mu=np.zeros(dimension),
        tr=np.eye(dimension) * 3,
        psi=np.linspace(30, 10, dimension),
    )
