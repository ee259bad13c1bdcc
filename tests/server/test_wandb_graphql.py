"""GraphQL without a schema: what is there is answered, what is not is null, and told once."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from besom.errors import MessageError
from besom.server.wandb.graphql import Executor, NotSupported, parsed

TREE: dict[str, Any] = {
    "run": lambda arguments: {"name": arguments.get("name"), "state": "finished", "tags": ["a", "b"]},
    "runs": {"edges": [{"node": {"name": "one"}}, {"node": None}, {"node": {"name": "two"}}]},
    "echo": lambda arguments: {name: value for name, value in arguments.items() if len(name) == 1},
    "asked": lambda arguments: arguments["request"],
    "costly": lambda arguments: pytest.fail("nobody asked for it"),
}


@pytest.fixture
def executor() -> Executor:
    return Executor(TREE, {"change": lambda arguments: {"done": arguments["input"]}})


def test_fields_arguments_aliases_and_lists_are_answered(executor: Executor):
    asked = 'first: run(name: $name) { name tags } run(name: "y") { name } runs { edges { node { name } } }'
    document = f"query Q($name: String) {{ {asked} }}"
    assert executor.execute(document, {"name": "x"}) == {
        "first": {"name": "x", "tags": ["a", "b"]},
        "run": {"name": "y"},
        "runs": {"edges": [{"node": {"name": "one"}}, {"node": None}, {"node": {"name": "two"}}]},
    }


def test_variables_have_defaults_and_are_null_where_they_are_absent(executor: Executor):
    document = (
        "query ($a: Int = 3, $b: Int, $c: Int = 4) { echo(a: $a, b: $b, c: $c, d: {e: [$a, 1.5, X, true, null]}) }"
    )
    assert executor.execute(document, {"c": 5}) == {
        "echo": {"a": 3, "b": None, "c": 5, "d": {"e": [3, 1.5, "X", True, None]}}
    }


@pytest.mark.parametrize(("shown", "names"), [(True, {"name", "state"}), (False, {"name"})])
def test_fragments_and_conditions_are_followed(executor: Executor, shown: bool, names: set[str]):
    document = """
        query ($shown: Boolean!) { run { ...F ... on Run @include(if: $shown) { state } tags @skip(if: true) } }
        fragment F on Run { name }
    """
    assert set(executor.execute(document, {"shown": shown})["run"]) == names


def test_a_field_named_twice_is_asked_for_all_that_is_wanted_of_it(executor: Executor):
    document = "{ run { ...A ...B } } fragment A on R { name } fragment B on R { name state }"
    assert executor.execute(document, {}) == {"run": {"name": None, "state": "finished"}}


def test_an_unknown_field_is_null_and_told_once_with_its_operation(executor: Executor, caplog):
    caplog.set_level(logging.WARNING, logger="besom.server")
    for _ in range(3):
        assert executor.execute("query Strange { run { nosuch { inner } } __typename }", {}) == {
            "run": {"nosuch": None},
            "__typename": None,
        }
    assert [record.getMessage() for record in caplog.records if record.levelno == logging.WARNING] == [
        "W&B's client: Strange asks for run.nosuch, which besom does not know; answered null"
    ]


def test_an_unknown_mutation_is_refused_before_anything_is_done(executor: Executor):
    done: list[Any] = []
    executor = Executor({}, {"change": lambda arguments: done.append(1)})
    with pytest.raises(NotSupported, match="nosuch"):
        executor.execute("mutation { change(input: {}) { done } nosuch { x } }", {})
    assert done == []


def test_the_request_reaches_the_roots_only(executor: Executor):
    assert executor.execute("{ asked }", {}, request="who") == {"asked": "who"}
    assert executor.execute("mutation ($a: J) { change(input: {a: $a}) { done } }", {"a": {"b": 1}}) == {
        "change": {"done": {"a": {"b": 1}}}
    }


@pytest.mark.parametrize(
    "document",
    ["", "{", "fragment A on B { c }", "{ a } query B { b }", "{ ...Nowhere }", "{ a " * 60 + "}" * 60, "{" * 5000],
)
def test_what_is_no_document_is_refused(executor: Executor, document: str):
    with pytest.raises(MessageError):
        executor.execute(document, {})


def test_a_fragment_that_holds_itself_is_refused(executor: Executor):
    with pytest.raises(MessageError):
        executor.execute("{ run { ...F } } fragment F on R { name ...F }", {})


def test_a_subscription_is_refused(executor: Executor):
    with pytest.raises(NotSupported):
        executor.execute("subscription { run { name } }", {})


def test_documents_are_parsed_once():
    assert parsed("{ run { name } }") is parsed("{ run { name } }")
