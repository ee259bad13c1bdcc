"""MongoDB's filters and orders, against a plain reading of them."""

from __future__ import annotations

import operator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besom.errors import MessageError
from besom.server.wandb.filters import matches, names_in, ordered

NAMES = ("a", "b", "c")
NUMBERS = st.integers(-3, 3) | st.sampled_from([0.5, -1.5])
TEXTS = st.sampled_from(["x", "xy", "z"])
VALUES = NUMBERS | TEXTS | st.booleans() | st.none()
ITEMS = st.dictionaries(st.sampled_from(NAMES), VALUES)
COMPARISONS = {"$gt": operator.gt, "$gte": operator.ge, "$lt": operator.lt, "$lte": operator.le}


def look(item: dict[str, Any], name: str) -> Any:
    return item.get(name)


def same(one: Any, other: Any) -> bool:
    return isinstance(one, bool) == isinstance(other, bool) and one == other


@given(ITEMS, st.sampled_from(NAMES), st.sampled_from(sorted(COMPARISONS)), NUMBERS | TEXTS)
def test_comparisons_are_those_of_numbers_and_of_texts(item, name, word, wanted):
    value = item.get(name)
    kinds = [isinstance(value, kind) and isinstance(wanted, kind) for kind in ((int, float), str)]
    assert matches(item, {name: {word: wanted}}, look) == (any(kinds) and COMPARISONS[word](value, wanted))


@given(ITEMS, st.sampled_from(NAMES), VALUES, st.lists(VALUES, max_size=3))
def test_equality_and_membership_tell_true_from_1(item, name, wanted, among):
    value = item.get(name)
    assert matches(item, {name: wanted}, look) == matches(item, {name: {"$eq": wanted}}, look) == same(value, wanted)
    assert matches(item, {name: {"$ne": wanted}}, look) != same(value, wanted)
    assert matches(item, {name: {"$in": among}}, look) == any(same(value, each) for each in among)
    assert matches(item, {name: {"$nin": among}}, look) != any(same(value, each) for each in among)
    assert matches(item, {name: {"$exists": True}}, look) == (value is not None)


CONDITIONS = st.fixed_dictionaries(
    {}, optional={name: VALUES | st.fixed_dictionaries({"$gte": NUMBERS}) for name in NAMES}
)


@given(ITEMS, st.lists(CONDITIONS, min_size=1, max_size=3))
def test_and_or_nor_and_not_are_those_of_logic(item, parts):
    each = [matches(item, part, look) for part in parts]
    assert matches(item, {"$and": parts}, look) == all(each)
    assert matches(item, {"$or": parts}, look) == any(each)
    assert matches(item, {"$nor": parts}, look) == (not any(each))
    assert matches(item, {"$not": parts[0]}, look) == (not each[0])


@given(ITEMS, st.sampled_from(NAMES), NUMBERS, NUMBERS)
def test_several_operators_of_one_name_must_all_hold(item, name, low, high):
    both = matches(item, {name: {"$gte": low, "$lte": high}}, look)
    assert both == (matches(item, {name: {"$gte": low}}, look) and matches(item, {name: {"$lte": high}}, look))
    assert matches(item, {name: {"$not": {"$gte": low}}}, look) != matches(item, {name: {"$gte": low}}, look)


def test_a_list_holds_each_of_its_values_and_patterns_look_into_it():
    item = {"tags": ["even", "late"]}
    assert matches(item, {"tags": "late"}, look)
    assert matches(item, {"tags": {"$in": ["late", "none"]}}, look)
    assert matches(item, {"tags": {"$regex": "^ev"}}, look)
    assert not matches(item, {"tags": {"$nin": ["late"]}}, look)
    assert matches(item, {"tags": ["even", "late"]}, look)


@pytest.mark.parametrize(
    "wanted",
    [[], "x", {"$and": {}}, {"a": {"$near": 1}}, {"$where": "1"}, {"a": {"$in": 1}}, {"a": {"$regex": "("}}],
)
def test_what_is_no_filter_is_refused_with_a_message(wanted):
    with pytest.raises(MessageError, match="filters"):
        matches({"a": "x"}, wanted, look)


@given(st.lists(ITEMS), st.sampled_from(NAMES), st.booleans())
def test_orders_are_stable_and_have_what_has_no_value_last(items, name, is_falling):
    numbered = [{**item, "at": at} for at, item in enumerate(items)]
    found = ordered(numbered, f"{'-' if is_falling else '+'}{name}", look)
    values = [item.get(name) for item in found]
    present = [value for value in values if value is not None]

    assert sorted(item["at"] for item in found) == list(range(len(items)))
    assert values[len(present) :] == [None] * (len(values) - len(present))
    numbers = [value for value in present if not isinstance(value, str)]
    assert numbers == sorted(numbers, reverse=is_falling)
    assert [item["at"] for item in found if item.get(name) is None] == [
        item["at"] for item in numbered if item.get(name) is None
    ]
    assert ordered(numbered, None, look) == numbered


def test_the_names_that_a_filter_looks_at_are_told():
    assert set(names_in({"$and": [{"a": 1}, {"$or": [{"b": {"$gt": 1}}, {"c.d": 2}]}], "e": 1})) == {
        "a",
        "b",
        "c.d",
        "e",
    }
