"""The report's JSON form: what is written is read back, and the schema tells the truth about it."""

import dataclasses
import json
import types
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import pytest
import synthetic
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pipeline.errors import AttuneError
from pipeline.records import Section, Turn
from pipeline.report import SCHEMA, Report, from_json, json_schema, schema_text, to_json
from pipeline.timeline import Span

FILE = Path(__file__).parent.parent / "docs" / "report.schema.json"
VALIDATOR = Draft202012Validator(json_schema())

FINITE = st.floats(allow_nan=False, allow_infinity=False)
PLAIN = {str: st.text(max_size=8), int: st.integers(), float: FINITE, bool: st.booleans()}


def values_of(kind: Any) -> st.SearchStrategy[Any]:
    """Every value a type annotation of the records allows, numbers finite, two items at most."""
    if kind in PLAIN:
        return PLAIN[kind]
    if kind is Span:
        return st.builds(Span, FINITE, FINITE)
    if dataclasses.is_dataclass(kind):
        hints = get_type_hints(kind)
        return st.builds(
            kind, **{f.name: values_of(hints[f.name]) for f in dataclasses.fields(kind)}
        )
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, types.UnionType):
        return st.one_of(*(st.none() if a is types.NoneType else values_of(a) for a in arguments))
    if origin is dict:
        return st.dictionaries(values_of(arguments[0]), values_of(arguments[1]), max_size=2)
    if origin is tuple and arguments[-1] is Ellipsis:
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(values_of, arguments))
    raise NotImplementedError(kind)


reports = values_of(Report).map(lambda report: dataclasses.replace(report, schema=SCHEMA))
unhurried = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def test_the_schema_in_the_docs_is_the_one_of_the_code():
    assert FILE.read_text(encoding="utf-8") == schema_text(), (
        "the report's form has changed: run `python -m pipeline.report > docs/report.schema.json`, "
        "and raise pipeline.report.SCHEMA if a reader would have to change"
    )


def test_the_schema_is_a_schema_with_every_field_described():
    schema = json_schema()
    Draft202012Validator.check_schema(schema)
    for name, kind in (("Section", Section), ("Turn", Turn)):
        fields = {field.name for field in dataclasses.fields(kind)}
        assert set(schema["$defs"][name]["properties"]) == fields


@pytest.mark.parametrize("words", ["good", "draft", "abstained"])
def test_a_session_is_valid_and_comes_back(words):
    report = synthetic.report(words=words, sections=2)
    data = to_json(report)
    VALIDATOR.validate(json.loads(data))
    assert from_json(data) == report


@unhurried
@given(reports)
def test_any_report_is_valid_and_comes_back(report):
    data = to_json(report)
    assert list(VALIDATOR.iter_errors(json.loads(data))) == []
    assert from_json(data) == report
    assert to_json(from_json(data)) == data


def test_the_schema_refuses_what_is_no_report():
    data = json.loads(to_json(synthetic.report()))
    for change in (
        {"speakers": "left"},
        {"certainty": {"voices": "superb", "words": "good"}},
        {"sections": [{"id": "s1"}]},
    ):
        assert list(VALIDATOR.iter_errors(data | change))
    assert list(VALIDATOR.iter_errors({k: v for k, v in data.items() if k != "recording"}))


def test_a_report_holds_no_time_of_day_so_it_is_the_same_twice():
    assert to_json(synthetic.report()) == to_json(synthetic.report())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "the file"),
        (b"[]", "the file"),
        (b'{"schema": 1}', "recording"),
        ("WEBVTT\n\n", "the file"),
        (b"\xff\xfe\x00", "the file"),
    ],
)
def test_what_is_no_report_is_refused_in_a_line(data, message):
    with pytest.raises(AttuneError, match=message) as caught:
        from_json(data)
    assert "\n" not in str(caught.value)
    assert "analyse it again" in str(caught.value)


def test_a_report_of_another_schema_is_refused():
    newer = json.loads(to_json(synthetic.report())) | {"schema": SCHEMA + 1}
    with pytest.raises(AttuneError, match=f"schema {SCHEMA + 1}"):
        from_json(json.dumps(newer))
