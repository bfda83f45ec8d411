"""Attune's pipeline: from a recording to how the therapist listened.

Data flows one way; a module imports only from the modules to its left::

    errors, config, timeline, records
      -> audio -> activity -> diarization, transcription -> attribution -> roles
      -> turns -> measures -> session -> store -> cli
"""
