from __future__ import annotations

import http.client
import re
import resource
import socket
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from wandb_serving import serving

from besom.errors import MessageError, StoreError
from besom.server.wandb.storage import Storage, place, quoted, unquoted
from besom.server.wandb.transfers import blob_place, routes
from polling import eventually

HTTP = httpx.Client()
HOSTILE = ["..", ".", "", "a/../../b", "/etc/passwd", "a//b", "../x", "a\0b", "a/./b", "\\..\\x"]
WHERE = place("me", "p") + "/runs/r/files/x"


@pytest.fixture
def storage(tmp_path):
    return Storage(tmp_path / "wandb", "secret", reserve=0)


@pytest.fixture
def base(storage):
    with serving(routes(storage)) as address:
        yield address


@pytest.fixture
def no_file_over_64_kb():
    """What a full disk is like: the system refuses to let a file grow. (SIGXFSZ is ignored by Python.)"""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def files_of(storage):
    return sorted(str(path.relative_to(storage.root)) for path in storage.root.rglob("*") if path.is_file())


def put(base, storage, content, where=WHERE):
    return HTTP.put(storage.link(base, "PUT", where), content=content)


# Names


@given(st.text(st.characters(), max_size=60))
@example("..")
@example("con.txt")
@example("a/b\\c%2F=2F")
@example("\ud800")
@example(" dot. ")
def test_every_name_has_a_file_name_that_gives_it_back_and_leads_nowhere(name):
    found = quoted(name)
    assert unquoted(found) == name
    assert quoted(unquoted(found)) == found
    assert found not in ("", ".", "..")
    assert not re.search(r'[\x00-\x1f/\\:*?"<>|]', found)
    assert not found.startswith(".")


@given(st.text(max_size=20), st.text(max_size=20))
def test_different_names_have_different_file_names(one, other):
    assert (quoted(one) == quoted(other)) == (one == other)


def test_names_in_all_scripts_stay_readable():
    assert quoted("ünïcödé 日本.txt") == "ünïcödé 日本.txt"


@pytest.mark.parametrize("device", ["con", "NUL", "com1.txt", "Aux.tar.gz"])
def test_a_device_of_some_system_is_no_file_name(device):
    assert quoted(device).startswith("=")


def test_a_name_too_long_for_a_file_is_refused():
    with pytest.raises(MessageError, match="255 bytes"):
        quoted("日" * 86)


@pytest.mark.parametrize("where", [*HOSTILE, ".incoming/x", "me/.blobs/x", "a/=2e", "a/%2E", "a/b "])
def test_a_path_that_is_no_place_has_no_file(storage, where):
    with pytest.raises(MessageError):
        storage.path(where)


def test_entities_and_projects_may_have_slashes_in_their_names(storage):
    where = place("team/one", "../p", "ü:x")
    assert storage.path(where).resolve().is_relative_to(storage.root.resolve())
    assert [unquoted(each) for each in where.split("/")] == ["team/one", "../p", "ü:x"]


# Links


def test_what_is_put_comes_back(base, storage):
    content = bytes(range(256)) * 20_000
    assert put(base, storage, content).status_code == 200
    answer = HTTP.get(storage.link(base, "GET", WHERE))
    assert answer.content == content
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert files_of(storage) == [WHERE]


def test_a_part_of_a_file_can_be_read_and_its_size_asked_for(base, storage):
    put(base, storage, b"0123456789")
    link = storage.link(base, "GET", WHERE)
    part = HTTP.get(link, headers={"Range": "bytes=2-4"})
    assert (part.status_code, part.content) == (206, b"234")
    head = HTTP.head(link)
    assert (head.status_code, head.headers["content-length"], head.content) == (200, "10", b"")


def test_a_page_is_not_shown_but_saved(base, storage):
    where = place("me", "p") + "/runs/r/files/ü.html"
    put(base, storage, b"<script>alert(1)</script>", where)
    headers = HTTP.get(storage.link(base, "GET", where)).headers
    assert "text/html" not in headers["content-type"]
    assert headers["content-disposition"] == "attachment; filename*=utf-8''%C3%BC.html"
    assert "sandbox" in headers["content-security-policy"]


@pytest.mark.parametrize(("verb", "method"), [("GET", "PUT"), ("PUT", "GET")])
def test_a_link_is_good_for_its_verb_only(base, storage, verb, method):
    put(base, storage, b"before")
    link = storage.link(base, verb, WHERE)
    assert HTTP.request(method, link, content=b"after").status_code == 403
    assert HTTP.request(method, link.replace(f"/{verb}/", f"/{method}/"), content=b"after").status_code == 403
    assert HTTP.get(storage.link(base, "GET", WHERE)).content == b"before"


def test_a_link_is_good_for_its_path_only(base, storage):
    put(base, storage, b"x")
    link = storage.link(base, "GET", WHERE)
    assert HTTP.get(link.replace("files/x", "files/y")).status_code == 403
    assert HTTP.get(link).status_code == 200


@pytest.mark.parametrize("verb", ["GET", "PUT"])
def test_a_link_is_good_for_a_day(tmp_path, verb):
    now = [1_000_000.0]
    storage = Storage(tmp_path, "secret", lambda: now[0], reserve=0)
    storage.put(WHERE, b"before")
    with serving(routes(storage)) as base:
        link = storage.link(base, verb, WHERE)
        longer = link.replace("/1086400-", "/2086400-")
        assert longer != link
        assert HTTP.request(verb, longer).status_code == 403, "the signature covers the time"
        now[0] += 24 * 3600
        assert HTTP.request(verb, link).status_code == 200
        now[0] += 1
        refused = HTTP.request(verb, link)
        assert (refused.status_code, "in the last 24 hours" in refused.text) == (403, True)


def test_a_link_of_another_secret_is_refused(base, storage, tmp_path):
    put(base, storage, b"x")
    assert HTTP.get(Storage(tmp_path / "other", "").link(base, "GET", WHERE)).status_code == 403


@pytest.mark.parametrize("where", HOSTILE)
def test_a_signed_path_out_of_the_storage_is_refused(base, storage, where):
    """With no token anybody on this machine can sign; what is signed must still lie in the storage."""
    host = urlsplit(base).netloc
    for verb in ("PUT", "GET"):
        connection = http.client.HTTPConnection(host)  # sends paths as they are
        connection.request(verb, storage.link("", verb, where), body=b"")
        assert connection.getresponse().status in (400, 403, 404)
        connection.close()
    assert files_of(storage) == []


def test_what_is_not_there_is_404(base, storage):
    assert HTTP.get(storage.link(base, "GET", WHERE)).status_code == 404


# Uploads that go wrong


def test_a_broken_off_upload_leaves_nothing(base, storage):
    put(base, storage, b"before")
    link = urlsplit(storage.link(base, "PUT", WHERE))
    with socket.create_connection((link.hostname, link.port)) as broken:
        broken.sendall(f"PUT {link.path} HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n".encode())
        broken.sendall(b"x" * 3_000_000)
        eventually(lambda: len(files_of(storage)) == 2, "it has begun", within_s=5)
    eventually(lambda: files_of(storage) == [WHERE], "what came is gone", within_s=5)
    assert HTTP.get(storage.link(base, "GET", WHERE)).content == b"before"


def test_a_full_disk_is_a_final_answer_and_leaves_nothing(base, storage, no_file_over_64_kb):
    answer = put(base, storage, b"x" * 5_000_000)
    assert answer.status_code == 413
    assert "make room" in answer.text
    assert files_of(storage) == []
    assert put(base, storage, b"small").status_code == 200


def test_uploads_leave_room_for_the_server(tmp_path):
    storage = Storage(tmp_path, "", reserve=1 << 60)
    with pytest.raises(StoreError, match="make room"), storage.upload(WHERE) as upload:
        upload.write(b"x")
    storage.put(WHERE, b"what the server keeps itself")


def test_two_writers_at_once_leave_one_whole_file(storage):
    with storage.upload(WHERE) as one, storage.upload(WHERE) as other:
        for upload, content in ((one, b"1"), (other, b"2")) * 1000:
            upload.write(content)
        other.keep()
        one.keep()
    assert storage.path(WHERE).read_bytes() == b"1" * 1000


def test_a_file_cannot_be_a_folder_too(base, storage):
    put(base, storage, b"x")
    assert put(base, storage, b"y", f"{WHERE}/inside").status_code == 400
    assert put(base, storage, b"y", WHERE.rpartition("/")[0]).status_code == 400
    assert files_of(storage) == [WHERE]


def test_what_a_killed_server_had_begun_is_swept_away(storage):
    storage.upload(WHERE).write(b"x")
    assert len(files_of(storage)) == 1
    Storage(storage.root, "secret")
    assert files_of(storage) == []


def test_a_blob_must_be_what_its_digest_says(base, storage):
    good = "5d41402abc4b2a76b9719d911017c592"
    assert put(base, storage, b"not hello", blob_place(good)).status_code == 400
    assert files_of(storage) == []
    assert put(base, storage, b"hello", blob_place(good)).status_code == 200


def test_old_addresses_of_artifact_files_are_known(base, storage):
    digest = "5d41402abc4b2a76b9719d911017c592"
    put(base, storage, b"hello", blob_place(digest))
    for path in (
        f"/artifactsV2/default/me/QXJ0aWZhY3Q=/{digest}",
        f"/artifactsV2/default/me/p/ds/QXJ0aWZhY3Q=/{digest}/a name.txt",
        f"/artifacts/me/{digest}",
    ):
        assert HTTP.get(base + path).content == b"hello"
    assert HTTP.get(base + "/artifacts/me/../../etc/passwd").status_code == 404


def test_deleting_takes_empty_folders_along(storage):
    storage.put(WHERE, b"x")
    storage.put(f"{WHERE}2", b"x")
    assert storage.delete(WHERE)
    assert not storage.delete(WHERE)
    assert storage.delete(f"{WHERE}2")
    assert list(storage.root.glob("me/*")) == []
    assert Path(storage.root).is_dir()
