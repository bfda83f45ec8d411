"""Every stage that loads a library, on one recording: what a test of privacy watches.

Usage: python -m tests.models.whole_analysis RECORDING PYANNOTE_DIRECTORY
"""

import sys
from pathlib import Path


def main(recording_file, directory):
    from pipeline.privacy import silence_telemetry

    silence_telemetry()
    from pipeline.activity import detect_activity
    from pipeline.audio import read_recording
    from pipeline.config import load_config
    from pipeline.diarization.pyannote import PyannoteDiarizer
    from pipeline.records import no_progress
    from pipeline.transcription.sphinx import SphinxTranscriber

    config = load_config(overrides=[f'diarization.pyannote.model="{directory}"'])
    recording = read_recording(Path(recording_file), config.audio)
    activity = detect_activity(recording, config.activity)
    diarizer = PyannoteDiarizer(
        config.diarization.pyannote, speakers=2, models_dir=Path(directory) / "none"
    )
    found = diarizer.diarize(recording, activity, progress=no_progress)
    draft = SphinxTranscriber(config.transcription.sphinx, "en").transcribe(recording, activity)
    sys.stdout.write(f"{len(found.speakers)} voices, transcript {draft.grade}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
