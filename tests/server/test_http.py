from __future__ import annotations

import http.client
import json
import socket
import stat

import httpx
import pytest
from service_suite import FILE

from besom.client import Client
from besom.errors import NotAllowed
from besom.server.home import Home
from besom.server.serve import Server, serve_in_thread

CALLS = {
    ("/api/v1/sweeps", "get"),
    ("/api/v1/sweeps", "post"),
    ("/api/v1/sweeps/{sweep_id}", "get"),
    ("/api/v1/sweeps/{sweep_id}/ask", "post"),
    ("/api/v1/sweeps/{sweep_id}/commands", "post"),
    ("/api/v1/sweeps/{sweep_id}/curves", "get"),
    ("/api/v1/sweeps/{sweep_id}/summaries", "get"),
    ("/api/v1/sweeps/{sweep_id}/progress", "get"),
    ("/api/v1/sweeps/{sweep_id}/runs", "get"),
    ("/api/v1/sweeps/{sweep_id}/trials", "get"),
    ("/api/v1/sweeps/{sweep_id}/trials/{number}", "get"),
    ("/api/v1/imports", "post"),
    ("/api/v1/agents", "get"),
    ("/api/v1/agents", "post"),
    ("/api/v1/agents/{agent_id}", "delete"),
    ("/api/v1/runs/{run_id}/finish", "post"),
    ("/api/v1/runs/{run_id}/metrics", "get"),
    ("/api/v1/runs/{run_id}/output", "get"),
    ("/api/v1/runs/{run_id}/report", "post"),
    ("/api/v1/runs/{run_id}/resources", "get"),
    ("/api/v1/runs/{run_id}/rows", "get"),
    ("/api/v1/overview", "get"),
    ("/api/v1/news", "get"),
    ("/api/v1/compare", "get"),
    ("/api/v1/agents/view", "get"),
    ("/api/v1/sweeps/{sweep_id}/view", "get"),
    ("/api/v1/sweeps/{sweep_id}/table", "get"),
    ("/api/v1/sweeps/{sweep_id}/selection", "get"),
    ("/api/v1/sweeps/{sweep_id}/best/{form}", "get"),
    ("/api/v1/sweeps/{sweep_id}/pictures/{name}", "get"),
    ("/api/v1/sweeps/{sweep_id}/trials/{number}/card", "get"),
    ("/api/v1/sweeps/{sweep_id}/trials/{number}/pictures/{name}", "get"),
    ("/api/v1/runs/{run_id}/resources", "get"),
    ("/healthz", "get"),
}


def test_the_description_names_every_call_with_a_summary(server: Server):
    paths = httpx.get(server.address + "/api/openapi.json").json()["paths"]
    described = {(path, method): call for path, calls in paths.items() for method, call in calls.items()}
    assert described.keys() == CALLS
    assert all(call["summary"] for call in described.values())
    posts = [call for (_, method), call in described.items() if method == "post"]
    assert all(call["requestBody"]["content"]["application/json"]["schema"]["properties"] for call in posts)


def test_a_sign_of_life(server: Server):
    assert httpx.get(server.address + "/healthz").json() == {"status": "ok"}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind"),
    [
        ("GET", "/api/v1/sweeps/nothing", None, 404, "UnknownName"),
        ("GET", "/api/v1/nowhere", None, 404, "UnknownName"),
        ("PUT", "/api/v1/sweeps", None, 405, "UnknownName"),
        ("POST", "/api/v1/sweeps", b"{", 422, "MessageError"),
        ("POST", "/api/v1/sweeps", b"[" * 100_000, 422, "MessageError"),
        ("POST", "/api/v1/sweeps", b"\xff", 422, "MessageError"),
        ("POST", "/api/v1/sweeps", b'{"fil": {}}', 422, "MessageError"),
        ("POST", "/api/v1/sweeps", b'{"file": {"method": "grid"}}', 422, "SweepFileError"),
        ("POST", "/api/v1/runs/a/report", b'{"run_id": "b", "lease": 1}', 422, "MessageError"),
        ("POST", "/api/v1/runs/a/report", b'{"run_id": "a", "lease": "1"}', 422, "MessageError"),
        ("GET", "/api/v1/runs/a/rows?first=x", None, 422, "MessageError"),
    ],
)
def test_errors_have_one_shape(server: Server, method: str, path: str, body: bytes | None, status: int, kind: str):
    answer = httpx.request(method, server.address + path, content=body)
    assert (answer.status_code, answer.json()["error"]["type"]) == (status, kind)
    assert answer.json()["error"]["message"]


def test_an_unknown_field_is_told_with_the_nearest(server: Server):
    answer = httpx.post(server.address + "/api/v1/sweeps", json={"fiel": {}})
    assert "did you mean file?" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:80"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "cors"},
    ],
)
def test_foreign_pages_are_kept_out_of_a_server_without_token(server: Server, headers: dict[str, str]):
    answer = httpx.get(server.address + "/api/v1/sweeps", headers=headers)
    assert (answer.status_code, answer.json()["error"]["type"]) == (403, "NotAllowed")


def test_its_own_pages_are_let_in(server: Server):
    for headers in ({"Origin": server.address}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        assert httpx.get(server.address + "/api/v1/sweeps", headers=headers).status_code == 200
    link = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert httpx.get(server.address, headers=link).status_code == 200
    local = server.address.replace("127.0.0.1", "localhost")
    assert httpx.get(local + "/api/v1/sweeps").status_code == 200


def test_a_server_that_others_reach_asks_for_its_token(tmp_path):
    with serve_in_thread(Home(tmp_path), host="0.0.0.0") as server:  # noqa: S104 - what is tested
        assert server.token
        address = f"http://127.0.0.1:{server.port}"
        for given in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": server.token}):
            answer = httpx.get(address + "/api/v1/sweeps", headers=given)
            assert (answer.status_code, answer.json()["error"]["type"]) == (401, "NotAllowed")
        assert httpx.get(address + "/healthz").status_code == 200
        with Client(address, "wrong") as client, pytest.raises(NotAllowed):
            client.sweeps()
        with Client(address, server.token) as client:
            assert client.sweeps() == []


def test_the_next_server_of_a_home_asks_for_the_same_token_but_where_it_is_given_one(tmp_path):
    home = Home(tmp_path)
    tokens = []
    for given in (None, None, "of the user's own", None):
        with serve_in_thread(home, host="0.0.0.0", token=given) as server:  # noqa: S104 - what is tested
            tokens.append(server.token)
    assert tokens == [tokens[0], tokens[0], "of the user's own", tokens[0]]
    assert stat.S_IMODE((tmp_path / "token").stat().st_mode) == 0o600
    (tmp_path / "token").write_text("\n")  # as a full disk might have left it
    with serve_in_thread(home, host="0.0.0.0") as server:  # noqa: S104 - what is tested
        assert server.token not in ("", tokens[0])
    with serve_in_thread(home) as server:
        assert server.token is None


def test_a_body_that_is_too_large_is_refused_before_it_is_read(server: Server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection.putrequest("POST", "/api/v1/sweeps")
    connection.putheader("Content-Length", str(65 << 20))
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["error"]["type"]) == (413, "MessageError")
    connection.close()


def test_a_body_without_length_is_bounded_too(server: Server):
    with socket.create_connection(("127.0.0.1", server.port), timeout=30) as connection:
        connection.sendall(b"POST /api/v1/sweeps HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        piece = b"%x\r\n" % (1 << 20) + b" " * (1 << 20) + b"\r\n"
        try:
            for _ in range(70):
                connection.sendall(piece)
        except (BrokenPipeError, ConnectionResetError):
            return
        assert connection.recv(1000).startswith(b"HTTP/1.1 413")


def test_numbers_that_are_not_finite_are_tokens(server: Server):
    with Client(server.address) as client:
        sweep = client.create_sweep(FILE)
    ask = httpx.post(f"{server.address}/api/v1/sweeps/{sweep.id}/ask", json={"agent_id": "a", "request_id": "r"}).json()
    run_id = ask["run_id"]
    path = f"{server.address}/api/v1/runs/{run_id}"
    body = f'{{"run_id": "{run_id}", "lease": 1, "rows": [{{"loss": NaN, "x": -Infinity}}]}}'
    assert httpx.post(path + "/report", content=body).status_code == 200
    assert httpx.get(path + "/rows").text == '[{"loss":NaN,"x":-Infinity}]'
