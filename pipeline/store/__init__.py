"""Where recordings and reports are kept; ``Store`` is all that other modules need."""

from pipeline.store.rows import Choices, Material, SessionSummary, State, StoredRecording
from pipeline.store.store import Store

__all__ = ["Choices", "Material", "SessionSummary", "State", "Store", "StoredRecording"]
