"""Figures of several sessions together: numerators and denominators added, never ratios averaged.

*Definition*, by the form of the figure:

- ratio: numerators added, denominators added, the value their quotient.
- count: numerators added.
- median of observations: the observations pooled, median, quartiles and mean taken anew.
- longest: the greatest.

*Conventions*: what abstained because there was too little of it (a short practice, few turns) keeps
its numerator and denominator and adds them; what abstained for the voices or the words has none and
is counted in ``left_out``. A sum has a value as soon as one of its figures has; where all abstained
so does the sum, with everything that was added kept. The certainty is the worst of those that had a
value. Adding is associative and commutative: the order of sessions, and whether halves are added
first, changes nothing. Seconds of different recordings are no evidence together: it is dropped.

Ranges around a numerator are added in quadrature (the root of the sum of squared distances, each
side by itself): sessions err independently of each other, so it is their variances that add; sums
of the ends would say that every session errs the same way at once. What a tool gets wrong the same
way in every session is not in it. There is none where one of the figures has none, where their
kinds differ, or where the denominator is an estimate too (unit ``ratio``).

Parts that add are kept: counts and seconds of a count, what is a mean or share over the same
denominator (``words``, ``overlap``, ``silence``), if every session has them. Rates, quartiles and
shares of observations are worked out anew. The rest is dropped: a label is a voice of one recording
only.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import hypot
from statistics import fmean, median, quantiles
from typing import Literal

from pipeline.errors import AttuneError
from pipeline.measures.latency import BINS, shares
from pipeline.records import Grade, Measure

Form = Literal["ratio", "count", "median", "longest"]

TEN_MINUTES = 600.0
"""Seconds; the exposure of one unit of ``per_10_min``."""

_GRADES: tuple[Grade, ...] = ("good", "low", "draft")
_RATE = "per_10_min"
_MEANS = ("words", "overlap", "silence")
_BOUNDS = ("count", "count_low", "count_high")
_TALLIES = ("sessions", "left_out")


def added(measures: Iterable[Measure]) -> Measure:
    """One figure of all these; ``parts`` holds how many ``sessions`` it is of, and ``left_out``.

    Raises:
        AttuneError: there are none, or they are not of one unit and form.
    """
    found = tuple(measures)
    if not found:
        raise AttuneError("there are no figures to add; give at least one")
    _same("units", {m.unit for m in found})
    form = _same("forms", {f for m in found if (f := form_of(m)) is not None})
    if len(found) == 1:
        return replace(found[0], evidence=())
    told = [m for m in found if m.certainty != "abstained"]
    taking = [m for m in found if form_of(m) is not None]
    owners = {m.speaker for m in found}
    blank = Measure(
        value=None,
        numerator=None,
        denominator=None,
        unit=found[0].unit,
        certainty=max((m.certainty for m in told), key=_GRADES.index) if told else "abstained",
        speaker=owners.pop() if len(owners) == 1 else None,
        note=_notes(told or found),
        sample=tuple(sorted(x for m in taking for x in m.sample)),
    )
    if form in ("ratio", "count"):
        whole = _sum(blank, taking, told=bool(told))
    elif form == "median":
        whole = _pooled(blank, told)
    elif form == "longest":
        most = max(m.numerator for m in taking if m.numerator is not None)
        whole = replace(blank, value=most if told else None, numerator=most)
    else:
        whole = blank
    return replace(whole, parts=whole.parts | _tallies(found))


def form_of(measure: Measure) -> Form | None:
    """How a figure adds; None where it has nothing to add."""
    if measure.numerator is None:
        return "median" if measure.sample or measure.denominator is not None else None
    if measure.denominator is not None:
        return "ratio"
    return "count" if measure.unit == "count" else "longest"


def _same(what: str, kinds: Iterable[str]) -> str | None:
    different = sorted(kinds)
    if len(different) > 1:
        raise AttuneError(
            f"figures of different {what} ({' and '.join(map(repr, different))}) can't be added; "
            "add only figures of one measure"
        )
    return different[0] if different else None


def _sum(blank: Measure, taking: Sequence[Measure], *, told: bool) -> Measure:
    """Numerators and denominators added, with the range and the parts that follow from them."""
    numerator = sum(m.numerator or 0.0 for m in taking)
    denominators = [m.denominator for m in taking if m.denominator is not None]
    denominator = sum(denominators) if denominators else None
    scale = 1.0 if denominator is None else denominator
    value = numerator / scale if told and scale > 0 else None
    parts = _weighed(taking, scale) if denominator is not None else _summed(taking, numerator)
    whole = replace(blank, value=value, numerator=numerator, denominator=denominator, parts=parts)
    around = _around(taking)
    if around is None or scale <= 0:
        return whole
    low, high = numerator - around[0], numerator + around[1]
    if any("count" in m.parts for m in taking):
        whole = replace(
            whole, parts=parts | dict(zip(_BOUNDS, (numerator, low, high), strict=True))
        )
    if value is None:
        return whole
    kind = next(m.interval_of for m in taking if m.denominator != 0)
    return replace(whole, interval=(low / scale, high / scale), interval_of=kind)


def _around(taking: Sequence[Measure]) -> tuple[float, float] | None:
    """How far the numerator may lie below and above, or None where one of them doesn't say."""
    heard = [m for m in taking if m.denominator != 0]
    if not heard or heard[0].unit == "ratio" or len({m.interval_of for m in heard}) > 1:
        return None
    down = up = 0.0
    for m in heard:
        numerator, scale = m.numerator or 0.0, m.denominator or 1.0
        if "count_low" in m.parts and "count_high" in m.parts:
            low, high = m.parts["count_low"], m.parts["count_high"]
        elif m.interval is not None:
            low, high = (bound * scale for bound in m.interval)
        else:
            return None
        down, up = hypot(down, numerator - low), hypot(up, high - numerator)
    return down, up


def _weighed(taking: Sequence[Measure], denominator: float) -> dict[str, float]:
    """Parts that are means or shares over the same denominator."""
    heard = [m for m in taking if m.denominator]
    return {
        name: sum(m.parts[name] * (m.denominator or 0.0) for m in heard) / denominator
        for name in _MEANS
        if heard and all(name in m.parts for m in heard)
    }


def _summed(taking: Sequence[Measure], numerator: float) -> dict[str, float]:
    """Parts of counts: they are counts and seconds themselves, but for the rate."""
    known = set.intersection(*(set(m.parts) for m in taking)) - {_RATE, *_BOUNDS, *_TALLIES}
    parts = {name: sum(m.parts[name] for m in taking) for name in sorted(known)}
    if parts.get("exposure") and any(_RATE in m.parts for m in taking):
        parts[_RATE] = TEN_MINUTES * numerator / parts["exposure"]
    return parts


def _pooled(blank: Measure, told: Sequence[Measure]) -> Measure:
    """The median of all observations; there is one where one of the sessions had one."""
    sample = blank.sample
    whole = replace(blank, denominator=float(len(sample)))
    if not told or not sample:
        return whole
    q1, _, q3 = quantiles(sample, n=4, method="inclusive") if len(sample) > 1 else sample * 3
    parts = {"q1": q1, "q3": q3, "mean": fmean(sample)}
    if any(BINS[0][0] in m.parts for m in told):
        parts |= shares(sample)
    return replace(whole, value=median(sample), parts=parts)


def _tallies(found: Sequence[Measure]) -> dict[str, float]:
    sessions = left_out = 0.0
    for m in found:
        took = form_of(m) is not None
        sessions += m.parts.get("sessions", float(took))
        left_out += m.parts.get("left_out", float(not took))
    return {"sessions": sessions, "left_out": left_out}


def _notes(measures: Iterable[Measure]) -> str:
    """Every different note once, a line each."""
    return "\n".join(sorted({line for m in measures for line in m.note.splitlines()}))
