from __future__ import annotations

import base64
import hashlib

import httpx
import pytest
import wandb_documents as documents
from wandb_serving import serving

from besom.errors import UnknownName
from besom.server.wandb.caller import Caller
from besom.server.wandb.files import RunFiles, file_mutations
from besom.server.wandb.graphql import Executor
from besom.server.wandb.storage import Storage
from besom.server.wandb.transfers import routes

RUN = {"entity": "me", "project": "p q", "run": "r/1"}
NAMES = ["config.yaml", "media/images/a b.png", "output.log", "wandb-summary.json", "ünï/日本.txt"]


class Server:
    def __init__(self, root, storage, address, http):
        self.http = http
        self.caller = Caller(address)
        self.root = root
        self.run_files = files = RunFiles(storage, RUN["entity"], RUN["project"], RUN["run"])
        query = {
            "project": lambda _: {"internalId": "x", "run": lambda _: files.fields(self.caller)},
            "model": lambda _: {"bucket": {"id": "x", **files.fields(self.caller, has_all_named=True)}},
        }
        self.executor = Executor(query, file_mutations(storage))

    def ask(self, document, **variables):
        return self.executor.execute(document, variables, self.caller)

    def put(self, *names):
        made = self.ask(documents.CREATE_RUN_FILES, **RUN, files=list(names))["createRunFiles"]
        assert [each["name"] for each in made["files"]] == list(names)
        return [self.http.put(each["uploadUrl"], content=each["name"].encode()) for each in made["files"]]

    def files(self, **variables):
        return self.ask(documents.RUN_FILES, entity="me", project="p q", name="r/1", **variables)["project"]["run"]


@pytest.fixture
def server(tmp_path):
    storage = Storage(tmp_path, "secret", reserve=0)
    with serving(routes(storage)) as address, httpx.Client() as http:
        yield Server(tmp_path, storage, address, http)


def nodes(run):
    return [edge["node"] for edge in run["files"]["edges"]]


def test_files_that_were_put_are_listed_and_come_back(server):
    assert [answer.status_code for answer in server.put(*NAMES)] == [200] * 5
    run = server.files()
    assert run["fileCount"] == 5
    assert [node["name"] for node in nodes(run)] == NAMES
    for node in nodes(run):
        content = node["name"].encode()
        assert server.http.get(node["directUrl"]).content == server.http.get(node["url"]).content == content
        assert node["sizeBytes"] == len(content)
        assert node["md5"] == base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()
        assert node["updatedAt"].endswith("Z")
    assert nodes(run)[1]["mimetype"] == "image/png"


def test_they_are_told_page_by_page(server):
    server.put(*NAMES)
    found, cursor = [], None
    while True:
        run = server.files(fileLimit=2, fileCursor=cursor)
        found += nodes(run)
        if not run["files"]["pageInfo"]["hasNextPage"]:
            break
        cursor = run["files"]["pageInfo"]["endCursor"]
    assert [node["name"] for node in found] == NAMES


def test_deleting_while_turning_pages_leaves_none_out(server):
    server.put(*NAMES)
    cursor = None
    for _ in range(3):
        run = server.files(fileLimit=2, fileCursor=cursor)
        cursor = run["files"]["edges"][-1]["cursor"]
        ids = [node["id"] for node in nodes(run)]
        assert server.ask(documents.DELETE_FILES, files=ids, projectId=7)["deleteFiles"]["success"]
    assert server.files()["fileCount"] == 0
    assert list(server.root.glob("me/*")) == []


def test_a_name_that_is_asked_for_and_not_there_has_the_md5_zero(server):
    server.put("output.log")
    found = {node["name"]: node for node in nodes(server.files(fileNames=["output.log", "missing"]))}
    assert found["missing"]["md5"] == "0"
    assert found["missing"]["sizeBytes"] == 0
    assert server.http.get(found["missing"]["url"]).status_code == 404
    assert found["output.log"]["sizeBytes"] == 10


@pytest.mark.parametrize(
    ("pattern", "count"), [("%.json", 1), ("%", 5), ("output.___", 1), ("OUTPUT.log", 1), ("a.*", 0), ("media\\%", 0)]
)
def test_patterns_are_those_of_sql(server, pattern, count):
    server.put(*NAMES)
    assert len(nodes(server.files(pattern=pattern))) == count


def test_the_oldest_client_gets_all_its_upload_links_by_a_query(server):
    names = [f"{number}.txt" for number in range(60)]
    run = server.ask(documents.UPLOAD_URLS_0_13, name="p q", entity="me", run="r/1", files=names)["model"]["bucket"]
    assert run["files"]["uploadHeaders"] == []
    for node in nodes(run):
        assert server.http.put(node["url"], content=b"x").status_code == 200
    assert server.files()["fileCount"] == 60


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a//b", ".", "a/..", "x" * 300, ""])
def test_a_hostile_name_has_a_link_that_is_refused_and_spoils_no_other(server, name):
    assert [answer.status_code for answer in server.put("good", name)] == [200, 403]
    assert [node["name"] for node in nodes(server.files())] == ["good"]


def test_marking_files_as_uploaded_is_accepted(server):
    assert server.ask(documents.MARK_RUN_FILES, **RUN, files=["a"])["markRunFilesUploaded"] == {"success": True}


def test_a_runs_files_are_deleted_with_it(server):
    server.put(*NAMES)
    server.run_files.clear()
    assert server.files()["fileCount"] == 0
    server.put(*NAMES)
    assert server.files()["fileCount"] == 5


@pytest.mark.parametrize("node", ["nonsense", "", "RmlsZQ==", base64.b64encode(b"Run\0r\0p\0e").decode()])
def test_an_id_that_is_no_files_deletes_nothing(server, node):
    server.put("good")
    with pytest.raises(UnknownName):
        server.ask(documents.DELETE_FILES, files=[node])
    assert server.files()["fileCount"] == 1
