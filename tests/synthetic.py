"""Shared test material: a small practice session with every kind of figure, and its sound.

The figures are counted from the turns by the few lines below, so that a test may check a page
against the report; the pipeline's own measures are tested elsewhere.
"""

import hashlib
import math
import wave
from array import array
from dataclasses import replace
from pathlib import Path

from pipeline.records import (
    Event,
    Feedback,
    Measure,
    Person,
    Quality,
    Section,
    Turn,
    TurnKind,
    Word,
)
from pipeline.report import SCHEMA, Certainty, Engine, Provenance, RecordingFacts, Report
from pipeline.timeline import Span, Timeline, complement, intersect, total, union

RATE = 16000

# start, end, voice, kind, words; the silence 31.5-36.0 s is the long one
SCRIPT: tuple[tuple[float, float, str, TurnKind, str], ...] = (
    (1.0, 6.5, "left", "turn", "Thanks for coming in. What would you like to talk about today?"),
    (7.1, 19.0, "right", "turn", "It's the evenings. I come home and I can't seem to switch off."),
    (12.0, 12.5, "left", "backchannel", "Mm-hm."),
    (19.6, 24.0, "left", "turn", "So the day follows you home, and there's no end to it."),
    (24.8, 31.5, "right", "turn", "Yes. And then I lie awake and go through all of it again."),
    (36.0, 41.0, "right", "turn", "I haven't told anybody that."),
    (41.4, 45.0, "left", "turn", "You've been carrying this on your own."),
    (45.9, 58.0, "right", "turn", "My sister would only worry, and at work I'm meant to be the"),
    (57.0, 66.0, "left", "turn", "Have you thought about telling your manager how much it is?"),
    (67.2, 76.0, "right", "turn", "I could. I'm not sure that she would want to hear it <now>."),
    (77.0, 83.0, "left", "turn", "You'd like to be heard, and you doubt that anyone would listen."),
    (84.5, 88.0, "right", "turn", "Exactly that."),
)
END = 90.0

EVENTS = (
    Event("backchannel", 12.0, 12.5, "left", 0.9),
    Event("silence", 31.5, 36.0, "right", None, {"after": "right", "place": "inside a turn"}),
    Event("overlapping_start", 57.0, 58.0, "left", 0.8),
    Event("floor_taken", 57.0, 58.0, "left", 0.8),
    Event("question", 1.0, 6.5, "left", 0.9),
    Event("question", 57.0, 66.0, "left", 0.9),
    Event("reflection", 19.6, 24.0, "left", 0.6, {"cue": "so"}),
    Event("reflection", 77.0, 83.0, "left", 0.6, {"cue": "you'd like"}),
)


def report(
    *,
    therapist: str = "left",
    role_confidence: float = 0.95,
    words: str = "good",
    voices: str = "good",
    sections: int = 1,
    name: str = "practice.wav",
) -> Report:
    """A report of the script, once for each section, one after the other."""
    return Report(
        schema=SCHEMA,
        recording=RecordingFacts(
            name=name,
            duration=END * sections,
            sha256=hashlib.sha256(name.encode()).hexdigest(),
            channels=2,
            setup="two microphones",
            quality=Quality(32.0, 0.0, -3.0, False, False, ()),
        ),
        provenance=Provenance(
            engines={
                "diarization": Engine("channels", "1", "one voice per channel"),
                "transcription": Engine("sphinx", "5", "no Whisper weights here"),
            },
            versions={"attune": "0.1.0"},
            config_hash="0123456789abcdef",
        ),
        speakers=("left", "right"),
        certainty=Certainty(
            voices=voices,
            words=words,
            voices_note="" if voices == "good" else "The two voices sound alike.",
            words_note="" if words == "good" else "A rough draft from the built-in transcriber.",
        ),
        sections=tuple(
            section(
                f"s{i + 1}",
                offset=END * i,
                therapist=therapist,
                role_confidence=role_confidence,
                words=words,
            )
            for i in range(sections)
        ),
        unattributed=(Word(30.0, 30.2, "maybe", 0.3),),
    )


def section(
    name: str, *, offset: float, therapist: str, role_confidence: float, words: str
) -> Section:
    """The script as one section that starts at ``offset``."""
    roles = {
        label: Person("therapist" if label == therapist else "client")
        for label in ("left", "right")
    }
    turns = tuple(
        Turn(
            start + offset,
            end + offset,
            label,
            kind,
            speech=(Span(start + offset, end + offset),),
            role=roles[label].role,
            text=text,
        )
        for start, end, label, kind, text in SCRIPT
    )
    events = tuple(replace(e, start=e.start + offset, end=e.end + offset) for e in EVENTS)
    span = Span(offset, offset + END)
    return Section(
        id=name,
        start=span.start,
        end=span.end,
        roles=roles,
        turns=turns,
        events=events,
        measures=_measures(span, turns, events, therapist=therapist, words=words),
        feedback=(Feedback("did", "You waited 4.5 seconds, and they went on by themselves."),),
        role_confidence=role_confidence,
        role_note="The left voice asks and reflects more.",
    )


def wav(path: Path, *, seconds: float = END) -> Path:
    """A stereo recording of the script: a tone per voice, left and right."""
    active = {
        label: [(start, end) for start, end, who, _, _ in SCRIPT if who == label]
        for label in ("left", "right")
    }
    with wave.open(str(path), "wb") as out:
        out.setnchannels(2)
        out.setsampwidth(2)
        out.setframerate(RATE)
        for second in range(math.ceil(seconds)):
            frames = array("h")
            for i in range(RATE):
                t = second + i / RATE
                for label, pitch in (("left", 220), ("right", 330)):
                    on = any(start <= t < end for start, end in active[label])
                    frames.append(int(6000 * math.sin(math.tau * pitch * t)) if on else 0)
            out.writeframes(frames.tobytes())
    return path


def _measures(
    span: Span, turns: tuple[Turn, ...], events: tuple[Event, ...], *, therapist: str, words: str
) -> dict[str, Measure]:
    speech = {label: _speech(turns, label) for label in ("left", "right")}
    everybody = total(speech["left"]) + total(speech["right"])
    both = intersect(speech["left"], speech["right"])
    silent = complement(union(*speech.values()), span)
    out = {
        "time_shares": Measure(
            1.0,
            span.duration,
            span.duration,
            "share",
            "good",
            parts={
                "left": total(speech["left"]) / span.duration,
                "right": total(speech["right"]) / span.duration,
                "overlap": total(both) / span.duration,
                "silence": total(silent) / span.duration,
            },
        ),
        "silences": Measure(
            1.0,
            1.0,
            None,
            "count",
            "good",
            evidence=_evidence(events, "silence"),
            parts={"count_1s": 3.0, "seconds": 4.5, "broken_by_therapist": 0.0},
            sample=(1.2, 1.5, 4.5),
        ),
        "unattributed_words": Measure(0.01, 1.0, 100.0, "share", "good"),
    }
    for label in ("left", "right"):
        own = [t for t in turns if t.speaker == label and t.kind == "turn"]
        longest = max(own, key=lambda t: t.span.duration)
        out[f"talk_share.{label}"] = Measure(
            total(speech[label]) / everybody,
            total(speech[label]),
            everybody,
            "share",
            "good",
            evidence=speech[label],
            speaker=label,
        )
        out[f"longest_turn.{label}"] = Measure(
            longest.span.duration,
            longest.span.duration,
            None,
            "s",
            "good",
            evidence=(longest.span,),
            speaker=label,
        )
        out[f"latency.{label}"] = Measure(
            0.8,
            None,
            None,
            "s",
            "good",
            speaker=label,
            parts={"q1": 0.5, "q3": 1.2, "below_0": 0.2, "to_0.2": 0.0, "to_1": 0.4, "to_3": 0.4},
            sample=(0.5, 0.6, 0.8, 1.2, 1.5),
        )
        floor = tuple(
            Span(e.start, e.end) for e in events if (e.type, e.by) == ("floor_taken", label)
        )
        out[f"floor_taken.{label}"] = Measure(
            float(len(floor)),
            float(len(floor)),
            None,
            "count",
            "good",
            evidence=floor,
            speaker=label,
        )
        listening = tuple(
            Span(e.start, e.end) for e in events if (e.type, e.by) == ("backchannel", label)
        )
        out[f"backchannels.{label}"] = Measure(
            None,
            float(len(listening)),
            0.6,
            "per min",
            "abstained",
            speaker=label,
            evidence=listening,
            note="Under two minutes of practice there are counts only.",
        )
        for kind in ("questions", "reflections"):
            found = tuple(
                Span(e.start, e.end) for e in events if (e.type, e.by) == (kind[:-1], label)
            )
            drafty = words != "good"
            out[f"{kind}.{label}"] = Measure(
                None if drafty else float(len(found)),
                None if drafty else float(len(found)),
                None,
                "count",
                "abstained" if drafty else "low",
                evidence=() if drafty else found,
                speaker=label,
                note="The words are a rough draft."
                if drafty
                else "Told by their first words only.",
            )
    out["talk_share"] = out[f"talk_share.{therapist}"]
    out["longest_turn"] = out[f"longest_turn.{therapist}"]
    return out


def _speech(turns: tuple[Turn, ...], label: str) -> Timeline:
    return union(s for t in turns if t.speaker == label and t.kind == "turn" for s in t.speech)


def _evidence(events: tuple[Event, ...], kind: str) -> Timeline:
    return tuple(Span(e.start, e.end) for e in events if e.type == kind)
