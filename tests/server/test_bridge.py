from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from service_suite import FILE
from wandb_documents import CREATE_RUN_FILES

from besom.client import Client
from besom.connections import wandb_key
from besom.errors import ServerUnreachable
from besom.post import Post
from besom.server.bridge import way_for_scripts
from besom.server.home import Home
from besom.server.serve import Server, serve_in_thread

TOKEN = "sesame"  # noqa: S105 - of a test


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serve_in_thread(Home(tmp_path_factory.mktemp("shared")), token=TOKEN) as running:
        yield running


@pytest.fixture(scope="module")
def way(shared: Server) -> Iterator[dict[str, str]]:
    with way_for_scripts(str(shared.home.path), None) as variables:
        yield variables


def test_of_a_server_that_the_network_leads_to_scripts_are_told_as_it_is():
    with way_for_scripts("http://there:1", "t") as told:
        assert told == {"BESOM_SERVER": "http://there:1", "BESOM_TOKEN": "t"}
    with way_for_scripts("http://there:1", None) as told:
        assert told == {"BESOM_SERVER": "http://there:1"}


def test_besoms_own_client_reaches_the_server_through_it(shared: Server, way: dict[str, str]):
    assert way["BESOM_TOKEN"] != TOKEN
    with Client(way["BESOM_SERVER"], way["BESOM_TOKEN"]) as client:
        sweep = client.create_sweep(FILE)
    assert shared.driver.sweep(sweep.id) == sweep


def test_who_has_not_its_token_is_kept_out(shared: Server, way: dict[str, str]):
    for headers in ({}, {"Authorization": f"Bearer {TOKEN}"}, {"Authorization": "Basic !"}):
        answer = httpx.get(way["BESOM_SERVER"] + "/api/v1/sweeps", headers=headers)
        assert (answer.status_code, answer.json()["error"]["type"]) == (401, "NotAllowed")
    assert httpx.get(way["BESOM_SERVER"] + "/wandb/storage/1-2/GET/x").status_code == 403  # not signed by the server
    for path, headers in (("/wan%0Adb/storage/x", {}), ("/api/v1/sweeps", {"Host": "x/wandb/storage/"})):
        assert httpx.get(way["BESOM_SERVER"] + path, headers=headers).status_code == 401  # only looks as if it were
    assert httpx.post(way["BESOM_SERVER"] + "/sdk/otel/v1/traces", content=b"x").status_code == 200


def test_files_go_both_ways_by_links_that_the_server_signed(shared: Server, way: dict[str, str]):
    key = base64.b64encode(f"api:{wandb_key(way['BESOM_TOKEN'])}".encode()).decode()
    upsert = {
        "query": "mutation UpsertBucket($n: String, $p: String, $e: String) {"
        " upsertBucket(input: {name: $n, modelName: $p, entityName: $e}) { bucket { id name } } }",
        "variables": {"n": "r", "p": "p", "e": "e"},
    }
    files = {"entity": "e", "project": "p", "run": "r", "files": ["model.bin"]}
    with httpx.Client(headers={"Authorization": f"Basic {key}"}) as client:
        made = client.post(way["BESOM_SERVER"] + "/graphql", json=upsert)
        assert made.json()["data"]["upsertBucket"]["bucket"]["name"] == "r", made.text
        answer = client.post(way["BESOM_SERVER"] + "/graphql", json={"query": CREATE_RUN_FILES, "variables": files})
        (file,) = answer.json()["data"]["createRunFiles"]["files"]
    assert file["uploadUrl"].startswith(way["BESOM_SERVER"] + "/wandb/storage/")
    content = bytes(range(256)) * 12_000  # more than is held in memory
    parts = (content[at : at + 70_000] for at in range(0, len(content), 70_000))
    assert httpx.put(file["uploadUrl"], content=parts, timeout=60).status_code == 200
    (kept,) = shared.home.path.rglob("model.bin")
    assert kept.read_bytes() == content


def test_while_the_server_is_away_it_says_so_and_goes_on_after(tmp_path: Path):
    home = Home(tmp_path / "home")
    with serve_in_thread(home):
        pass
    with (
        way_for_scripts(str(home.path), None) as way,
        Client(way["BESOM_SERVER"], way["BESOM_TOKEN"], patience_s=0) as client,
    ):
        with pytest.raises(ServerUnreachable, match="has ended"):
            client.sweeps()
        with serve_in_thread(home):
            assert client.sweeps() == []
    assert list(Post.of(home.path).boxes()) == []
