"""What clients log, made storable."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besom.server.wandb.values import (
    as_python_text,
    as_text,
    flat,
    looked_up,
    objective_of,
    printed,
    read_mapping,
    strict,
)

NAN, INF = math.nan, math.inf
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def test_nested_metrics_get_dotted_names_and_media_stay_whole():
    row = {"loss": 1, "val": {"loss": 2, "acc": {"top1": 0.5}}, "image": {"_type": "image-file", "path": "x"}, "e": {}}
    assert flat(row) == {
        "loss": 1,
        "val.loss": 2,
        "val.acc.top1": 0.5,
        "image": {"_type": "image-file", "path": "x"},
        "e": {},
    }


@given(st.dictionaries(st.text(), JSON))
def test_what_is_strict_is_json_for_every_reader_and_the_same_but_for_numbers_that_are_none(value):
    text = json.dumps(strict(value), allow_nan=False)
    assert strict(json.loads(text)) == json.loads(text)
    if all(math.isfinite(each) for each in _floats(value)):
        assert strict(value) == value


@given(JSON)
def test_the_text_of_a_value_says_what_is_strict(value):
    assert json.loads(as_text(value), parse_constant=_refused) == strict(value)
    assert repr(json.loads(as_python_text(value))) == repr(value)


@pytest.mark.parametrize("text", ['{"\\ud800": ["\\udfff", "NaN", 1]}', '{"a":' * 500 + "1" + "}" * 500])
def test_half_letters_and_deep_nesting_are_written_too(text: str):
    for write in (as_text, as_python_text):
        assert json.loads(write(json.loads(text))) == json.loads(text)


def test_half_a_letter_beside_a_number_that_is_none_is_written_too():
    assert json.loads(as_text({"\ud800": NAN})) == {"\ud800": "NaN"}


def _refused(word):
    raise ValueError(word)


def _floats(value):
    if isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _floats(each)
    elif isinstance(value, float):
        yield value


@pytest.mark.parametrize("text", ["", "[1]", "{", "nonsense", None, 3, "[" * 100_000, '{"a":' * 100_000])
def test_what_is_no_object_is_an_empty_one(text):
    assert read_mapping(text) == {}


@pytest.mark.parametrize("depth", [200, 990, 5000])
def test_deep_nesting_ends_nothing(depth: int):
    row = read_mapping('{"a":' * depth + "1" + "}" * depth)
    json.dumps(strict(flat(row)))
    strict(row)


def test_bare_words_for_numbers_that_are_none_are_read():
    found = read_mapping('{"a": NaN, "b": Infinity, "c": -Infinity}')
    assert math.isnan(found["a"])
    assert (found["b"], found["c"]) == (INF, -INF)
    assert strict(found) == {"a": "NaN", "b": "Infinity", "c": "-Infinity"}


@pytest.mark.parametrize(
    ("summary", "maximizes", "objective"),
    [
        ({"loss": 2}, False, 2.0),
        ({"loss": {"min": 1, "max": 3}}, False, 1.0),
        ({"loss": {"min": 1, "max": 3}}, True, 3.0),
        ({"loss": {"max": 3, "last": 2}}, False, 2.0),
        ({"loss": {"best": 4}}, True, 4.0),
        ({"loss": {"mean": 5}}, True, 5.0),
        ({"loss": "Infinity"}, False, INF),
        ({"loss": "-Infinity"}, False, -INF),
        ({"loss": "text"}, False, None),
        ({"loss": True}, False, None),
        ({"loss": {"_type": "histogram"}}, False, None),
        ({}, False, None),
    ],
)
def test_the_objective_is_read_from_a_summary(summary, maximizes, objective):
    assert objective_of(summary, "loss", maximizes) == objective


def test_the_objective_may_be_nested_dotted_or_none():
    assert objective_of({"val": {"loss": {"min": 1}}}, "val.loss", maximizes=False) == 1.0
    assert objective_of({"val.loss": 2}, "val.loss", maximizes=False) == 2.0
    assert math.isnan(objective_of({"loss": "NaN"}, "loss", maximizes=False) or 0.0)
    assert looked_up({"a": {"b": 1}}, "a.c") is None
    assert looked_up({"a": 1}, "a.b") is None


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("2026-11-21T01:53:44.207928 init took 0.86", "init took 0.86"),
        ("ERROR 2026-11-21T01:53:44.207928 Traceback", "Traceback"),
        ("ERROR 2026-11-21T01:53:44 x\n", "x"),
        ("2026-11-21T01:53:44.207928 ", ""),
        ("no stamp", "no stamp"),
        ("2026-11-21T01:53:44.207928   indented", "  indented"),
        ('{"ts": "2026", "content": "structured\\n"}', "structured"),
        ('{"a": 1}', '{"a": 1}'),
    ],
)
def test_lines_of_output_lose_their_stamps(line, text):
    assert printed(line) == text
