from __future__ import annotations

import base64
import hashlib
import itertools
import json
import shutil
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import wandb_documents as documents
from wandb_serving import serving

from besom.errors import MessageError, StoreError, UnknownName, WrongState
from besom.server.wandb.artifacts import (
    Shelf,
    artifact_fields_of_project,
    artifact_fields_of_run,
    artifact_mutations,
    artifact_queries,
    delete_logged,
)
from besom.server.wandb.caller import Caller
from besom.server.wandb.graphql import Executor
from besom.server.wandb.storage import Storage
from besom.server.wandb.transfers import routes

WHERE = {"entityName": "me", "projectName": "p"}
FILES = {"a.txt": b"one", "dir/ü b.txt": b"two"}


def md5(content):
    return base64.b64encode(hashlib.md5(content, usedforsecurity=False).digest()).decode()


def digest_of(files):
    lines = [f"{path}:{md5(content)}\n" for path, content in sorted(files.items())]
    return hashlib.md5(("wandb-artifact-manifest-v1\n" + "".join(lines)).encode(), usedforsecurity=False).hexdigest()


class Client:
    """Does what W&B's client does, by its documents."""

    def __init__(self, root, address, http):
        self.http, self.caller, self.root = http, Caller(address), root
        self.now = 1_800_000_000.0
        self.client_ids = map(str, itertools.count())
        self.restart()

    def restart(self):
        self.storage = Storage(self.root, "secret", reserve=0)
        self.shelf = Shelf(self.storage, clock=self.clock)
        self.executor = Executor(
            {**artifact_queries(self.shelf), "project": self.project}, artifact_mutations(self.shelf)
        )

    def clock(self):
        self.now += 1
        return self.now

    def project(self, arguments):
        entity, project = arguments["entityName"], arguments["name"]

        def run(arguments):
            return artifact_fields_of_run(self.shelf, self.caller, (entity, project, arguments["name"]))

        return {**artifact_fields_of_project(self.shelf, self.caller, entity, project), "run": run}

    def ask(self, document, **variables):
        answer = self.executor.execute(document, variables, self.caller)
        return answer.get("result", answer)

    def create(self, files=FILES, name="ds", kind="dataset", aliases=("latest",), run="r1", **more):
        given = {
            **WHERE,
            "runName": run,
            "artifactTypeName": kind,
            "artifactCollectionName": name,
            "digest": digest_of(files),
            "aliases": [{"artifactCollectionName": name, "alias": alias} for alias in aliases],
            "clientID": next(self.client_ids),
            **more,
        }
        return self.ask(documents.CREATE, input=given)["createArtifact"]["artifact"]

    def fill(self, artifact_id, files=FILES):
        specs = [{"artifactID": artifact_id, "name": path, "md5": md5(each)} for path, each in files.items()]
        made = self.ask(documents.CREATE_FILES, input={"artifactFiles": specs, "storageLayout": "V2"})
        nodes = [edge["node"] for edge in made["createArtifactFiles"]["files"]["edges"]]
        for node, content in zip(nodes, files.values(), strict=True):
            if node["uploadUrl"] is not None:
                assert self.http.put(node["uploadUrl"], content=content).status_code == 200
        return nodes

    def manifest(self, artifact_id, document=documents.CREATE_MANIFEST, kind="FULL", **more):
        given = {**WHERE, "runName": "r1", "artifactID": artifact_id, "name": "wandb_manifest.json", "digest": ""}
        made = self.ask(document, **{**given, "manifestType": kind, "includeUpload": True, **more})
        return made["createArtifactManifest"]["artifactManifest"]

    def put_manifest(self, url, files=FILES, references=()):
        contents = {path: {"digest": md5(each), "size": len(each)} for path, each in files.items()}
        contents |= {path: {"digest": "x", "ref": ref, "size": 7} for path, ref in references}
        body = {"version": 1, "storagePolicy": "wandb-storage-policy-v1", "contents": contents}
        assert self.http.put(url, content=json.dumps(body)).status_code == 200

    def commit(self, artifact_id):
        return self.ask(documents.COMMIT, artifactID=artifact_id)["commitArtifact"]["artifact"]

    def log(self, files=FILES, references=(), **options):
        artifact = self.create(files, **options)
        if artifact["state"] == "PENDING":
            self.manifest(artifact["id"], includeUpload=False)
            self.fill(artifact["id"], files)
            self.put_manifest(self.manifest(artifact["id"], digest="x")["file"]["uploadUrl"], files, references)
            assert self.commit(artifact["id"])["id"] == artifact["id"]
        return artifact["id"]

    def found(self, name):
        given = {"entity": "me", "project": "p", "name": name, "includeAliases": True}
        return self.ask(documents.MEMBERSHIP, **given)["project"]["artifactCollectionMembership"]

    def by_id(self, artifact_id):
        return self.ask(documents.BY_ID, id=artifact_id)["artifact"]

    def versions(self, name="ds", kind="dataset", **more):
        given = {"entity": "me", "project": "p", "type": kind, "collection": name}
        answer = self.ask(documents.VERSIONS, **{**given, **more})
        return answer["project"]["artifactType"]["artifactCollection"]["artifacts"]

    def downloaded(self, artifact_id):
        """As 0.16 does."""
        edges = self.ask(documents.FILE_URLS, id=artifact_id, perPage=5000)["artifact"]["files"]["edges"]
        return {edge["node"]["name"]: self.http.get(edge["node"]["directUrl"]).content for edge in edges}


@pytest.fixture
def client(tmp_path):
    root = tmp_path / "wandb"
    with serving(routes(Storage(root, "secret", reserve=0))) as address, httpx.Client() as http:
        yield Client(root, address, http)


def aliases(membership):
    return [each["alias"] for each in membership["aliases"]]


def blobs(client):
    return len(list(client.root.glob(".blobs/*/*")))


def numbers(versions):
    return [edge["version"] for edge in versions["edges"]]


# Making


def test_a_logged_artifact_comes_back(client):
    uid = client.log(aliases=("latest", "best"), description="words", metadata='{"a": 1}')
    found = client.found("ds:latest")
    assert found["artifact"]["id"] == uid
    assert aliases(found) == ["best", "latest", "v0"]
    artifact = found["artifact"]
    assert artifact["state"] == "COMMITTED"
    assert (artifact["versionIndex"], artifact["fileCount"], artifact["size"]) == (0, 2, 6)
    assert (artifact["description"], artifact["metadata"]) == ("words", '{"a": 1}')
    assert artifact["artifactSequence"]["project"]["entity"]["name"] == "me"
    assert artifact["digest"] == digest_of(FILES)
    assert client.downloaded(uid) == FILES
    url = client.ask(documents.MANIFEST, id=uid)["artifact"]["currentManifest"]["file"]["directUrl"]
    assert set(client.http.get(url).json()["contents"]) == set(FILES)


def test_it_is_made_by_the_documents_of_0_16_too(client):
    given = {
        **WHERE,
        "runName": "r1",
        "artifactTypeName": "dataset",
        "artifactCollectionNames": ["ds"],
        "digest": digest_of(FILES),
        "aliases": [{"artifactCollectionName": "ds", "alias": "latest"}],
        "clientID": "c",
        "sequenceClientID": "s",
    }
    artifact = client.ask(documents.CREATE_0_16, **given)["createArtifact"]["artifact"]
    assert artifact["artifactSequence"]["latestArtifact"] is None
    file = client.manifest(artifact["id"], documents.CREATE_MANIFEST_0_16, includeUpload=False)["file"]
    assert "uploadUrl" not in file
    client.fill(artifact["id"])
    client.put_manifest(client.manifest(artifact["id"], documents.CREATE_MANIFEST_0_16)["file"]["uploadUrl"])
    client.commit(artifact["id"])
    answer = client.ask(documents.BY_NAME_0_16, **WHERE, name="ds:v0")["project"]["artifact"]
    assert [each["alias"] for each in answer["aliases"]] == ["latest", "v0"]
    assert answer["artifactSequence"]["project"] == {"entityName": "me", "name": "p"}
    assert client.ask(documents.CLIENT_ID, clientID="c")["clientIDMapping"]["serverID"] == artifact["id"]
    assert client.ask(documents.CLIENT_ID, clientID="other")["clientIDMapping"] is None


def test_equal_contents_are_no_new_version_but_aliases_move(client):
    first = client.log(aliases=("latest", "a"))
    second = client.log({"x": b"x"}, aliases=("latest", "b"))
    assert client.log(aliases=("b",)) == first
    assert numbers(client.versions()) == ["v1", "v0"]
    assert aliases(client.found("ds:v0")) == ["a", "b", "latest", "v0"]
    assert client.create(digest=digest_of({"x": b"x"}))["state"] == "COMMITTED"
    assert client.found("ds:latest")["artifact"]["id"] == second


def test_a_version_that_is_asked_for_twice_is_made_once(client):
    one = client.create(clientID="same")
    assert client.create(clientID="same")["id"] == one["id"]
    client.fill(one["id"])
    client.put_manifest(client.manifest(one["id"])["file"]["uploadUrl"])
    assert client.commit(one["id"]) == client.commit(one["id"])
    assert numbers(client.versions()) == ["v0"]


def test_a_file_that_is_here_is_not_sent_again(client):
    client.log()
    other = client.create({"copy.txt": FILES["a.txt"], "new": b"new"}, name="other")
    nodes = client.fill(other["id"], {"copy.txt": FILES["a.txt"], "new": b"new"})
    assert [node["uploadUrl"] is None for node in nodes] == [True, False]
    assert all(node["uploadMultipartUrls"] is None for node in nodes)


def test_what_is_not_complete_stays_pending(client):
    artifact = client.create()
    with pytest.raises(MessageError, match="manifest"):
        client.commit(artifact["id"])
    url = client.manifest(artifact["id"])["file"]["uploadUrl"]
    with pytest.raises(MessageError, match="has not arrived"):
        client.commit(artifact["id"])
    client.put_manifest(url)
    with pytest.raises(MessageError, match="2 have not arrived"):
        client.commit(artifact["id"])
    assert client.by_id(artifact["id"])["state"] == "PENDING"
    assert client.found("ds:latest") is None
    client.fill(artifact["id"])
    client.commit(artifact["id"])
    assert client.found("ds:latest")["artifact"]["id"] == artifact["id"]


def test_a_manifest_that_is_none_is_refused(client):
    artifact = client.create()
    client.http.put(client.manifest(artifact["id"])["file"]["uploadUrl"], content=b'{"contents": []}')
    with pytest.raises(MessageError, match="manifest: must be JSON"):
        client.commit(artifact["id"])


def test_a_committed_artifact_does_not_change(client):
    artifact = client.create()
    client.fill(artifact["id"])
    url = client.manifest(artifact["id"])["file"]["uploadUrl"]
    client.put_manifest(url)
    client.commit(artifact["id"])
    client.put_manifest(url, {"other": b"x"})  # the link still is good
    client.restart()
    assert client.downloaded(artifact["id"]) == FILES
    with pytest.raises(WrongState, match="pending"):
        client.manifest(artifact["id"])
    with pytest.raises(WrongState, match="pending"):
        client.fill(artifact["id"])


def test_parts_of_several_runs_become_one_artifact(client):
    parts = [{"a": b"1"}, {"b": b"2"}]
    ids = []
    for number, part in enumerate(parts):
        artifact = client.create(part, run=f"r{number}", distributedID="group")
        manifest = client.manifest(artifact["id"], kind="PATCH", includeUpload=False)
        client.fill(artifact["id"], part)
        given = {"artifactManifestID": manifest["id"], "digest": "x", "includeUpload": True}
        update = client.ask(documents.UPDATE_MANIFEST, **given)
        client.put_manifest(update["updateArtifactManifest"]["artifactManifest"]["file"]["uploadUrl"], part)
        ids.append(artifact["id"])
    assert ids[0] == ids[1]
    assert client.commit(ids[0])["digest"] == digest_of({"a": b"1", "b": b"2"})
    assert client.downloaded(ids[0]) == {"a": b"1", "b": b"2"}


def test_an_increment_has_the_files_of_its_base_too(client):
    base = client.log()
    artifact = client.create({"new": b"new"})
    assert artifact["artifactSequence"]["latestArtifact"]["id"] == base
    client.fill(artifact["id"], {"new": b"new"})
    made = client.manifest(artifact["id"], kind="INCREMENTAL", baseArtifactID=base)
    client.put_manifest(made["file"]["uploadUrl"], {"new": b"new"})
    client.commit(artifact["id"])
    assert client.downloaded(artifact["id"]) == {**FILES, "new": b"new"}
    client.ask(documents.DELETE, input={"artifactID": base, "deleteAliases": True})
    assert client.downloaded(artifact["id"]) == {**FILES, "new": b"new"}


def test_a_name_has_one_type(client):
    client.log()
    with pytest.raises(WrongState, match="has type dataset, got type model"):
        client.create(kind="model")


@pytest.mark.parametrize("name", ["a:b", "a/b", "", "x" * 129])
def test_a_name_that_could_not_be_asked_for_is_refused(client, name):
    with pytest.raises(MessageError):
        client.create(name=name)


# Reading


def test_names_stand_for_versions(client):
    client.log(aliases=("latest", "best"))
    second = client.log({"x": b"x"})
    for name, version in (("ds", 1), ("ds:latest", 1), ("ds:best", 0), ("ds:v0", 0), (f"ds:{digest_of(FILES)}", 0)):
        assert client.found(name)["versionIndex"] == version
    assert client.found("me/p/ds:v1")["artifact"]["id"] == second
    for name in ("ds:v2", "ds:worst", "nothing", "ds:v00", ""):
        assert client.found(name) is None


def test_versions_come_newest_first_in_pages_and_can_be_chosen(client):
    for number in range(5):
        client.log({"x": str(number).encode()}, tags=[{"tagName": "even"}] if number % 2 == 0 else [])
    page = client.versions(perPage=2)
    assert (numbers(page), page["totalCount"], page["pageInfo"]["hasNextPage"]) == (["v4", "v3"], 5, True)
    client.ask(documents.DELETE, input={"artifactID": page["edges"][1]["node"]["id"], "deleteAliases": True})
    page = client.versions(perPage=2, cursor=page["pageInfo"]["endCursor"])
    assert numbers(page) == ["v2", "v1"]  # although v3 is gone
    assert numbers(client.versions(order="+createdAt")) == ["v0", "v1", "v2", "v4"]
    assert numbers(client.versions(filters='{"state": "COMMITTED", "tags": "even"}')) == ["v4", "v2", "v0"]
    with pytest.raises(MessageError, match="no such field"):
        client.versions(order="size")
    with pytest.raises(MessageError, match="no such field"):
        client.versions(filters='{"colour": "red"}')


def test_types_and_collections_are_listed(client):
    client.log()
    client.log(name="net", kind="model")
    client.create(name="unfinished", kind="none")
    given = {"entity": "me", "project": "p"}
    types = client.ask(documents.TYPES, **given)["project"]["artifactTypes"]
    assert [edge["node"]["name"] for edge in types["edges"]] == ["dataset", "model"]
    collections = client.ask(documents.COLLECTIONS, **given)["project"]["artifactCollections"]
    assert [(edge["node"]["name"], edge["node"]["type"]["name"]) for edge in collections["edges"]] == [
        ("ds", "dataset"),
        ("net", "model"),
    ]
    assert client.ask(documents.TYPES, entity="me", project="other")["project"]["artifactTypes"]["edges"] == []


def test_files_come_in_pages_with_references(client):
    client.log(references=[("z.bin", "https://example.invalid/z.bin")])
    given = {"entity": "me", "project": "p", "collection": "ds", "alias": "v0", "perPage": 2}

    def asked(**more):
        answer = client.ask(documents.MEMBERSHIP_FILES, **{**given, **more})
        return answer["project"]["artifactCollection"]["artifactMembership"]["files"]

    first = asked()
    assert [edge["node"]["name"] for edge in first["edges"]] == sorted(FILES)
    rest = asked(cursor=first["pageInfo"]["endCursor"])
    assert rest["edges"][0]["node"]["directUrl"] == "https://example.invalid/z.bin"
    assert not rest["pageInfo"]["hasNextPage"]


def test_runs_know_what_they_made_and_used(client):
    first, second = client.log(run="r1"), client.log({"x": b"x"}, run="r2")
    for run in ("r2", "r2", "r3"):
        client.ask(documents.USE, **WHERE, runName=run, artifactID=first)
    given = {"entity": "me", "project": "p"}

    def ids(document, run):
        edges = client.ask(document, **given, run=run)["project"]["run"]["artifacts"]["edges"]
        return [edge["node"]["id"] for edge in edges]

    client.create({"y": b"y"}, run="r1")  # pending ones are not told
    for _ in range(2):
        assert ids(documents.RUN_OUTPUTS, "r1") == [first]
        assert ids(documents.RUN_OUTPUTS, "r2") == [second]
        assert ids(documents.RUN_INPUTS, "r2") == ids(documents.RUN_INPUTS, "r3") == [first]
        assert ids(documents.RUN_INPUTS, "r1") == []
        client.restart()


# Changing


def test_words_and_tags_are_changed(client):
    uid = client.log(tags=[{"tagName": "old"}, {"tagName": "kept"}], description="old")
    change = {"artifactID": uid, "description": None, "metadata": '{"b": 2}'}
    change |= {"tagsToAdd": [{"tagName": "new"}], "tagsToDelete": [{"tagName": "old"}], "ttlDurationSeconds": 60}
    told = client.ask(documents.UPDATE, input=change)["artifact"]
    assert [tag["name"] for tag in told["tags"]] == ["kept", "new"]
    client.restart()
    artifact = client.by_id(uid)
    assert artifact["metadata"] == '{"b": 2}'
    assert artifact["description"] == "old"
    assert artifact["ttlDurationSeconds"] == 60
    assert [tag["name"] for tag in artifact["tags"]] == ["kept", "new"]


def test_aliases_are_added_moved_and_taken_away(client):
    first = client.log()
    second = client.log({"x": b"x"})

    def change(document, uid, alias):
        at = {**WHERE, "artifactCollectionName": "ds", "alias": alias}
        return client.ask(document, input={"artifactID": uid, "aliases": [at]})["success"]

    assert change(documents.ADD_ALIASES, first, "best")
    assert client.found("ds:best")["artifact"]["id"] == first
    assert change(documents.ADD_ALIASES, second, "best")
    assert client.found("ds:best")["artifact"]["id"] == second
    assert change(documents.DELETE_ALIASES, first, "best")  # it no longer is this one's
    assert aliases(client.found("ds:v1")) == ["best", "latest", "v1"]
    assert change(documents.DELETE_ALIASES, second, "best")
    assert aliases(client.found("ds:v1")) == ["latest", "v1"]
    for alias in ("v7", "a:b", "a/b", ""):
        with pytest.raises(MessageError, match="alias"):
            change(documents.ADD_ALIASES, first, alias)


def test_links_are_versions_of_a_collection_of_their_own(client):
    uid = client.log(kind="model", name="net")
    link = {"artifactID": uid, "entityName": "me", "projectName": "registry", "artifactPortfolioName": "Best"}
    told = client.ask(documents.LINK, input={**link, "aliases": [{"alias": "prod", "artifactCollectionName": "Best"}]})
    assert told["versionIndex"] == 0
    membership = told["artifactMembership"]
    assert aliases(membership) == ["latest", "prod", "v0"]
    assert membership["artifactCollection"]["__typename"] == "ArtifactPortfolio"
    assert membership["artifact"]["artifactSequence"]["name"] == "net"
    assert client.ask(documents.LINK, input=link)["versionIndex"] == 0
    client.restart()
    given = {"entity": "me", "project": "registry", "name": "Best:prod"}
    found = client.ask(documents.MEMBERSHIP, **given)["project"]["artifactCollectionMembership"]
    assert found["artifact"]["id"] == uid
    portfolio = client.shelf.named("me", "registry", "Best")
    gone = {
        "artifactID": uid,
        "artifactPortfolioID": base64.b64encode(f"ArtifactCollection\0{portfolio.uid}".encode()).decode(),
    }
    assert client.ask(documents.UNLINK, input=gone)["success"]
    assert client.ask(documents.MEMBERSHIP, **given)["project"]["artifactCollectionMembership"] is None
    assert client.found("net:latest")["artifact"]["id"] == uid
    with pytest.raises(WrongState, match="versions of its own"):
        client.ask(documents.LINK, input={**link, "projectName": "p", "artifactPortfolioName": "net"})


# Deleting


def test_deleting_a_version_leaves_what_others_need(client):
    first = client.log()
    second = client.log({"a.txt": FILES["a.txt"], "own": b"own"}, aliases=("latest", "best"))
    assert blobs(client) == 3
    with pytest.raises(WrongState, match="best"):
        client.ask(documents.DELETE, input={"artifactID": second, "deleteAliases": False})
    client.ask(documents.DELETE, input={"artifactID": second, "deleteAliases": True})
    assert blobs(client) == 2
    assert client.downloaded(first) == FILES
    assert client.by_id(second) is None
    assert aliases(client.found("ds")) == ["latest", "v0"]
    third = client.log({"y": b"y"})
    assert client.found("ds:v2")["artifact"]["id"] == third  # numbers are not given twice
    with pytest.raises(UnknownName):
        client.ask(documents.DELETE, input={"artifactID": second})


def test_a_file_that_a_pending_artifact_counts_on_stays(client):
    uid = client.log()
    pending = client.create({"copy": FILES["a.txt"]}, name="other")
    client.fill(pending["id"], {"copy": FILES["a.txt"]})
    client.ask(documents.DELETE, input={"artifactID": uid, "deleteAliases": True})
    client.put_manifest(client.manifest(pending["id"])["file"]["uploadUrl"], {"copy": FILES["a.txt"]})
    client.commit(pending["id"])
    assert client.downloaded(pending["id"]) == {"copy": FILES["a.txt"]}


def test_deleting_a_collection_takes_all_its_versions(client):
    client.log()
    client.log({"x": b"x"})
    collections = client.ask(documents.COLLECTIONS, entity="me", project="p")["project"]["artifactCollections"]
    told = client.ask(documents.DELETE_SEQUENCE, id=collections["edges"][0]["node"]["id"])
    assert told["artifactCollection"] == {"__typename": "ArtifactSequence", "state": "DELETED"}
    assert blobs(client) == 0
    assert client.found("ds") is None
    client.log()
    assert client.found("ds:v0") is not None


def test_a_runs_artifacts_are_deleted_with_it(client):
    client.log(run="r1", aliases=("latest", "best"))
    kept = client.log({"x": b"x"}, run="r2")
    delete_logged(client.shelf, ("me", "p", "r1"))
    assert numbers(client.versions()) == ["v1"]
    assert client.downloaded(kept) == {"x": b"x"}


# Restarts and troubles


def test_many_at_once_get_a_version_each(client):
    def log(number):
        return client.log({"x": str(number).encode()}, run=f"r{number}")

    with ThreadPoolExecutor(8) as threads:
        ids = list(threads.map(log, range(24)))
    client.restart()
    assert sorted(numbers(client.versions())) == sorted(f"v{number}" for number in range(24))
    assert {client.found(f"ds:v{number}")["artifact"]["id"] for number in range(24)} == set(ids)
    assert client.found("ds:latest")["versionIndex"] == 23


def test_a_restart_at_any_moment_leaves_an_artifact_whole_or_pending(client):
    """Each write is followed by a copy of the disk; a server that starts on any of them goes on."""
    client.log({"x": b"x"})
    moments = []
    put = Storage.put

    def noted(storage, where, content):
        put(storage, where, content)
        copy = client.root.with_name(f"moment-{len(moments)}")
        shutil.copytree(client.root, copy)
        moments.append(copy)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Storage, "put", noted)
        uid = client.log(aliases=("latest", "best"))
    assert len(moments) > 4
    states = []
    for copy in moments:
        client.root = copy
        client.restart()
        artifact = client.by_id(uid)
        states.append(artifact["state"])
        latest = client.found("ds:latest")["artifact"]["id"]
        if artifact["state"] == "COMMITTED":
            assert (latest, client.found("ds:best")["artifact"]["id"]) == (uid, uid)
        else:
            assert latest != uid
            assert client.found("ds:best") is None
    assert states == sorted(states, reverse=True)
    assert (states[0], states[-1]) == ("PENDING", "COMMITTED")


def test_a_record_that_cannot_be_read_is_left_out_and_nothing_is_thrown_away(client):
    first, second = client.log(), client.log(name="other")
    (path,) = client.root.glob(f"*/*/artifacts/{client.shelf.named('me', 'p', 'other').members[0]}/artifact.json")
    path.write_text('{"uid": ')
    client.restart()
    client.now += 30 * 86400
    assert client.found("ds")["artifact"]["id"] == first
    assert client.by_id(second) is None
    assert client.found("other") is None
    client.ask(documents.DELETE, input={"artifactID": first, "deleteAliases": True})
    assert blobs(client) == 2


def test_what_was_never_committed_goes_after_a_week(client):
    pending = client.create({"x": b"x"})
    client.fill(pending["id"], {"x": b"x"})
    client.log(name="other")
    client.restart()
    assert client.by_id(pending["id"])["state"] == "PENDING"
    client.now += 8 * 86400
    client.restart()
    assert client.by_id(pending["id"]) is None
    assert blobs(client) == 2


def test_a_full_disk_is_an_error_that_clients_do_not_try_again(client, monkeypatch):
    def full(storage, where, content):
        raise StoreError("storage: cannot be written; make room.")

    monkeypatch.setattr(Storage, "put", full)
    with pytest.raises(MessageError, match="make room"):
        client.create()


@pytest.mark.parametrize("given", [{}, {"digest": "x"}, {**WHERE, "artifactTypeName": "t", "digest": "x"}])
def test_a_message_that_lacks_something_says_what(client, given):
    with pytest.raises(MessageError, match="needs"):
        client.ask(documents.CREATE, input=given)


def test_projects_are_known_by_what_is_in_them(client):
    assert client.shelf.projects() == {}
    client.log()
    assert list(client.shelf.projects()) == [("me", "p")]
