"""Times as people read them: on a recording's clock, and as lengths."""


def clock(seconds: float) -> str:
    """A moment of the recording: ``1:05``, from an hour on ``1:02:05``."""
    whole = max(int(seconds), 0)
    hours, rest = divmod(whole, 3600)
    if hours:
        return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
    return f"{rest // 60}:{rest % 60:02d}"


def length(seconds: float) -> str:
    """A duration beside a figure: ``4.2 s``, ``3 min 20 s``, ``1 h 2 min``."""
    if seconds < 9.95:  # what would be rounded to 10.0 is 10
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s" if whole % 60 else f"{whole // 60} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def spoken_length(seconds: float) -> str:
    """A duration inside a sentence: ``6 seconds``, ``1 minute 20 seconds``."""
    minutes, rest = divmod(round(seconds), 60)
    parts = ((minutes, "minute"), (rest, "second"))
    said = [f"{n} {unit}{'s' if n != 1 else ''}" for n, unit in parts if n]
    return " ".join(said) or "less than a second"


def spoken_number(count: int) -> str:
    """A count inside a sentence; small ones as words."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    return words[count] if 0 <= count < len(words) else str(count)
