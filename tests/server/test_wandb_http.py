"""W&B's protocol over HTTP: what a client could send that is wrong, twice, or too much, and what it is told."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from besom.server.guard import BODY_LIMIT
from besom.server.home import Home
from besom.server.keys import wandb_key
from besom.server.serve import Server, serve_in_thread
from raw_wandb import RawClient


@pytest.fixture
def raw(server: Server) -> RawClient:
    return RawClient(server.address)


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Server]:
    with serve_in_thread(Home(tmp_path / "guarded"), token="secret") as running:  # noqa: S106 - of a test
        yield running


def kept(server: Server, name: str) -> list[object]:
    return [row["x"] for row in server.driver.store.rows(f"e/p/{name}")]


def test_a_chunk_sent_twice_and_overlapping_ones_leave_each_row_once(server: Server, raw: RawClient):
    raw.begin("twice")
    for offset, count in ((0, 3), (0, 3), (1, 4), (0, 5), (5, 1), (4, 3)):
        raw.stream("twice", offset, *[{"x": x} for x in range(offset, offset + count)])
    assert kept(server, "twice") == list(range(7))


def test_a_begin_that_is_retried_begins_one_run(server: Server, raw: RawClient):
    assert raw.begin("once")["id"] == raw.begin("once")["id"]
    raw.stream("once", 0, {"x": 0})
    assert raw.begin("once")["historyLineCount"] == 0, "a process that does not resume counts from 0"
    raw.stream("once", 0, {"x": 1})
    assert kept(server, "once") == [0, 1]


def test_a_run_that_never_began_has_no_stream(raw: RawClient):
    answer = raw.post("/files/e/p/nosuch/file_stream", {})
    assert answer.status_code == 404
    assert "nosuch" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"3", b'{"query": 3}', b"\xff\xfe", b"[" * 100_000])
@pytest.mark.parametrize("path", ["/graphql", "/files/e/p/broken/file_stream"])
def test_a_body_that_cannot_be_read_is_refused_for_good(raw: RawClient, path: str, body: bytes):
    raw.begin("broken")
    answer = raw.post(path, body)
    if path == "/graphql" or body != b'{"query": 3}':
        assert answer.status_code == 400
        assert answer.json()["errors"][0]["message"]


def test_deep_nesting_in_a_row_is_no_bug_of_ours(server: Server, raw: RawClient):
    raw.begin("deep")
    for at, depth in enumerate((100, 400, 800, 960, 2000)):
        files = {"wandb-history.jsonl": {"offset": at, "content": ['{"a":' * depth + "1" + "}" * depth]}}
        raw.stream("deep", files=files)
    raw.stream("deep", 5, {"x": 1})
    assert len(list(server.driver.store.rows("e/p/deep"))) == 6


@pytest.mark.parametrize("path", ["/graphql", "/files/e/p/giant/file_stream"])
def test_a_giant_body_is_refused(raw: RawClient, path: str):
    raw.begin("giant")
    answer = raw.post(path, b" " * (BODY_LIMIT + 1))
    assert answer.status_code == 413


def test_what_is_unknown_is_told_once_with_the_operations_name(raw: RawClient, caplog):
    for _ in range(2):
        assert raw.ask("query Odd { viewer { nosuch } nowhere { x } }") == {"viewer": {"nosuch": None}, "nowhere": None}
        answer = raw.post("/graphql", {"query": "mutation Strange { doSomething(input: {}) { x } }"})
        assert (answer.status_code, answer.json()["data"]) == (200, None)
        assert "doSomething" in answer.json()["errors"][0]["message"]
    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert len(told) == 3
    assert all("Odd" in line or "Strange" in line for line in told)


def test_the_servers_token_and_its_key_open_the_door_and_nothing_else_does(guarded: Server):
    for key in ("secret", wandb_key("secret")):
        assert RawClient(guarded.address, key=key).ask("{ viewer { entity } }")["viewer"]["entity"]
    for path in ("/graphql", "/files/e/p/x/file_stream"):
        answer = RawClient(guarded.address).post(path, {"query": "{ viewer { id } }"})
        assert answer.status_code == 401
        assert "WANDB_API_KEY" in answer.json()["errors"][0]["message"]


def test_a_key_is_what_clients_take():
    key = wandb_key("secret")
    assert len(key) == 40
    assert key.isalnum()
    assert key != wandb_key("other") != wandb_key(None)


def test_names_with_letters_of_all_kinds_are_found_again(server: Server):
    raw = RawClient(server.address)
    raw.begin("名", {"größe": 1, 'a"b': {"ü": True}}, tags=["é"], summaryMetrics=json.dumps({"ö": {"x": {"y": 2}}}))
    for given in ({"config.größe": 1}, {'config.a"b.ü': True}, {"summary_metrics.ö.x.y": {"$gt": 1}}, {"tags": "é"}):
        found = raw.ask(
            'query ($f: J) { project(name: "p", entityName: "e") { runs(filters: $f) { edges { node { name } } } } }',
            f=json.dumps(given),
        )
        assert [edge["node"]["name"] for edge in found["project"]["runs"]["edges"]] == ["名"], given


def test_a_run_that_is_silent_for_long_counts_as_crashed(server: Server, raw: RawClient):
    raw.begin("silent")
    query = '{ project(name: "p", entityName: "e") { run(name: "silent") { state } } }'
    assert raw.ask(query)["project"]["run"]["state"] == "running"
    clock = server.driver._clock
    server.driver._clock = lambda: clock() + 400
    assert raw.ask(query)["project"]["run"]["state"] == "crashed"
    raw.stream("silent", 0, {"x": 1})
    assert raw.ask(query)["project"]["run"]["state"] == "running"


def test_changing_a_run_while_its_rows_come_in_keeps_every_row(server: Server, raw: RawClient):
    from concurrent.futures import ThreadPoolExecutor

    node = raw.begin("busy")["id"]
    other = RawClient(server.address)

    def change(at: int) -> None:
        other.begin("busy", id=node, name=None, host=None, notes=str(at))

    with ThreadPoolExecutor(4) as pool:
        changes = [pool.submit(change, at) for at in range(40)]
        for at in range(40):
            raw.stream("busy", at, {"x": at})
        for each in changes:
            each.result()
    assert kept(server, "busy") == list(range(40))


UPSERT = "mutation M($input: UpsertBucketInput!) { upsertBucket(input: $input) { bucket { id } } }"


def refusal_of(raw: RawClient, **given: object) -> str:
    """The message that an upsert is refused with."""
    answer = raw.post("/graphql", {"query": UPSERT, "variables": {"input": {"name": "r", "host": "h", **given}}})
    assert answer.status_code < 500
    return str(answer.json()["errors"][0]["message"])


@pytest.mark.parametrize("name", ["..", "../e", "a/b", " ", "a\nb"])
def test_names_that_cannot_stand_in_an_address_are_refused(raw: RawClient, name: str):
    assert "without slashes" in refusal_of(raw, entityName=name, modelName="p")
    assert "without slashes" in refusal_of(raw, entityName="e", modelName=name)


def test_a_run_that_is_to_begin_as_a_copy_of_another_is_refused(raw: RawClient):
    config = json.dumps({"_wandb": {"value": {"branch_point": {"run_id": "r", "step": 3}}}})
    assert "fork_from" in refusal_of(raw, entityName="e", modelName="p", config=config)


def test_addresses_that_are_none_are_404_so_that_clients_do_not_try_for_ever(raw: RawClient):
    assert raw.post("/e/host/x/file_stream", {}).status_code == 404
