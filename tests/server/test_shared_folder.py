"""A real server and real clients, with nothing between them but files."""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from service_suite import FILE, ServiceSuite, assigned

from besom.client import Client
from besom.errors import ServerUnreachable, StoreError
from besom.post import Box, Post, Pulse, Sign, letters
from besom.post.boxes import numbers_in
from besom.server.connect import connect
from besom.server.home import Home
from besom.server.postman import Postman
from besom.server.serve import Server, serve_in_thread
from besom.wire import Ask, Finish, Hello, Report
from polling import eventually

TOKEN = "sesame"  # noqa: S105 - of a test


@pytest.fixture
def service(server: Server) -> Iterator[Client]:
    with Client(str(server.home.path)) as client:
        yield client


class TestSharedFolder(ServiceSuite):
    pass


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for tests that do not look at others' sweeps. It asks whoever comes by the network for a token."""
    with serve_in_thread(Home(tmp_path_factory.mktemp("shared")), token=TOKEN) as running:
        yield running


@pytest.fixture
def box(shared: Server) -> Iterator[Box]:
    """One whose letters the test writes itself."""
    box = Post.of(shared.home.path).new_box()
    box.make()
    yield box
    shutil.rmtree(box.path)


def sign_of(home: Path) -> Sign:
    sign = Pulse(Post.of(home).sign).look()
    assert sign is not None
    return sign


def head_of(server: Server, path: str = "/healthz", method: str = "GET") -> dict[str, Any]:
    return {"server": sign_of(server.home.path).server, "method": method, "path": path, "headers": {}}


def answer_to(box: Box, number: int) -> tuple[int, bytes]:
    letter = eventually(lambda: letters.opened(box.answer(number)))
    with letter:
        return letter.head["status"], letter.content()


def test_many_threads_of_many_clients_each_get_their_own_answers(shared: Server):
    sweep_id = shared.driver.create_sweep(FILE).id

    def work(client: Client, name: str) -> int:
        run = assigned(client, sweep_id, name, name)
        client.report(Report(run.run_id, run.lease, 0, [{"loss": float(run.trial), "name": name}]))
        client.finish(Finish(run.run_id, run.lease, "finished"))
        assert client.rows(run.run_id) == [{"loss": float(run.trial), "name": name}]
        return run.trial

    home = str(shared.home.path)
    with Client(home) as one, Client(f"file://{home}") as other, ThreadPoolExecutor(8) as pool:
        trials = list(pool.map(work, [one, other] * 8, [f"agent {n}" for n in range(16)]))
        assert sorted(trials) == list(range(1, 17))
    assert eventually(lambda: list(Post.of(shared.home.path).boxes()) == [])


def test_clocks_that_disagree_change_nothing(shared: Server):
    """The times of all files jump to past and future all the while, as if each machine had its own year."""
    post, has_ended = Post.of(shared.home.path).path, threading.Event()

    def jump():
        while not has_ended.wait(0.002):
            for folder, folders, files in os.walk(post):  # which lets what is gone meanwhile be gone
                for number, name in enumerate(folders + files):
                    with suppress(FileNotFoundError):
                        os.utime(Path(folder, name), (0, (number % 2) * 4e9), follow_symlinks=False)

    jumping = threading.Thread(target=jump)
    jumping.start()
    try:
        with Client(str(shared.home.path)) as client:
            sweep_id = client.create_sweep(FILE).id
            trials = [assigned(client, sweep_id, f"r{number}").trial for number in range(8)]
    finally:
        has_ended.set()
        jumping.join()
    assert trials == list(range(1, 9))


def test_a_torn_letter_is_taken_once_it_is_whole_and_holds_up_no_other(shared: Server, box: Box):
    letters.write(box.request(1), head_of(shared))
    answer_to(box, 1)
    whole = box.request(1).read_bytes()
    box.request(2).write_bytes(whole[:-9])
    box.request(3).symlink_to(box.path / "elsewhere")  # listed, and not there yet
    letters.write(box.request(4), head_of(shared))
    assert answer_to(box, 4) == (200, b'{"status":"ok"}')
    assert numbers_in(box.answers) == {1, 4}
    box.request(2).write_bytes(whole)
    (box.path / "elsewhere").write_bytes(whole)
    assert answer_to(box, 2)[0] == answer_to(box, 3)[0] == 200


def test_a_letter_that_is_listed_again_is_not_taken_again(shared: Server, box: Box):
    body = b'{"file": {"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}, "name": "just once"}}'
    letters.write(box.request(5), head_of(shared, "/api/v1/sweeps", "POST"), (body,))
    assert answer_to(box, 5)[0] == 201
    content = box.request(5).read_bytes()
    box.request(5).unlink()
    eventually(lambda: not box.answer(5).exists())  # nobody waits for it any more
    box.request(5).write_bytes(content)  # an old view of the folder
    for number in (6, 7, 8):  # long enough for it to be taken
        letters.write(box.request(number), head_of(shared, "/api/v1/sweeps", "POST"), (body.replace(b"once", b"more"),))
        assert answer_to(box, number)[0] == 201
    assert [sweep.name for sweep in shared.driver.sweeps()].count("just once") == 1


def test_what_was_asked_of_a_server_before_is_not_done_by_this_one(shared: Server, box: Box):
    body = b'{"file": {"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}, "name": "too late"}}'
    late = {**head_of(shared, "/api/v1/sweeps", "POST"), "server": "an earlier one"}
    letters.write(box.request(1), late, (body,))
    letters.write(box.request(2), head_of(shared))
    answer_to(box, 2)
    assert "too late" not in [sweep.name for sweep in shared.driver.sweeps()]
    assert numbers_in(box.answers) == {2}


def test_a_letter_that_makes_no_sense_is_told_and_harms_nobody(shared: Server, box: Box):
    letters.write(box.request(1), {**head_of(shared), "method": "GET /\r\nHost: evil"})
    letters.write(box.request(2), {"server": head_of(shared)["server"]})
    letters.write(box.request(3), head_of(shared, "/api/v1/news"))
    letters.write(box.request(4), head_of(shared, "/api/v1/nothing"))
    assert [answer_to(box, number)[0] for number in (1, 2, 3, 4)] == [400, 400, 501, 404]


def test_a_box_that_nobody_uses_is_cleared_away_and_a_client_that_lives_makes_it_anew(shared: Server, tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    with Postman(home, ("127.0.0.1", shared.port), TOKEN, longest_silence_s=0.5), Client(str(home)) as client:
        dead = Post.of(home).new_box()
        dead.make()
        letters.write(dead.request(1), {"server": "an earlier one"})
        os.utime(dead.request(1), (4e9, 4e9))
        sweeps = client.sweeps()
        eventually(lambda: list(Post.of(home).boxes()) == [])
        assert client.sweeps() == sweeps
    assert list(Post.of(home).path.iterdir()) == [Post.of(home).sign]


def test_a_server_that_slept_does_not_come_back_into_the_place_of_a_later_one(shared: Server, tmp_path: Path):
    home, place = tmp_path / "home", ("127.0.0.1", shared.port)
    home.mkdir()
    with Postman(home, place, TOKEN), Client(str(home)) as client:
        assert client.sweeps() == shared.driver.sweeps()
        first = sign_of(home)
        with Postman(home, place, TOKEN):
            second = sign_of(home)
            assert client.sweeps() == shared.driver.sweeps()
            eventually(lambda: sign_of(home).beat > second.beat + 1)
            assert sign_of(home).server == second.server != first.server
    assert (sign_of(home).server, sign_of(home).has_ended) == (second.server, True)


def test_the_folder_is_its_users_alone(shared: Server, box: Box):
    letters.write(box.request(1), head_of(shared))
    answer_to(box, 1)
    post = Post.of(shared.home.path)
    files = (post.sign, box.request(1), box.answer(1))
    assert {path.stat().st_mode & 0o777 for path in (post.path, box.path, box.requests, box.answers)} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_in_a_folder_of_somebody_else_nothing_is_answered_and_the_network_still_leads_to_the_server(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    home = Home(tmp_path / "home")
    post = Post.of(home.path)
    post.path.mkdir(parents=True)
    os.chown(post.path, 12345, 12345)
    with pytest.raises(StoreError, match="must be a folder of who runs the server"):
        Postman(home.path, ("127.0.0.1", 1), TOKEN).start()
    with serve_in_thread(home) as running, Client(running.address) as client:
        assert client.sweeps() == []
    assert "is reached over the network only" in caplog.text
    assert list(post.path.iterdir()) == []


def test_a_letter_for_which_no_thread_is_left_waits_for_one(
    shared: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    start, refused = threading.Thread.start, []

    def may_not_start(thread: threading.Thread) -> None:
        if thread.name.startswith("besom-letter"):
            refused.append(thread)
            raise RuntimeError("can't start new thread")
        start(thread)

    box = Post.of(tmp_path).new_box()
    with Postman(tmp_path, ("127.0.0.1", shared.port), TOKEN):
        box.make()
        head = {**head_of(shared), "server": sign_of(tmp_path).server}
        monkeypatch.setattr(threading.Thread, "start", may_not_start)
        for number in (1, 2):
            letters.write(box.request(number), head)
        eventually(lambda: len(refused) == 2)
        monkeypatch.setattr(threading.Thread, "start", start)
        letters.write(box.request(3), head)
        assert [answer_to(box, number)[0] for number in (1, 2, 3)] == [200, 200, 200]


def test_a_server_that_has_ended_is_told_at_once(tmp_path: Path):
    home = Home(tmp_path / "home")
    with serve_in_thread(home):
        client = Client(str(home.path), patience_s=0.0)
        assert client.sweeps() == []
    began = time.monotonic()
    with pytest.raises(ServerUnreachable, match=f"{home.path}: .* got: the server on .* has ended"):
        client.sweeps()
    assert time.monotonic() - began < 5


def test_an_agents_message_outlives_a_restart_of_its_server(tmp_path: Path):
    home = Home(tmp_path / "home")
    with serve_in_thread(home):
        client = Client(str(home.path))
        run = assigned(client, client.create_sweep(FILE).id)
    receipts = []
    message = Report(run.run_id, run.lease, 0, [{"loss": 1.0}])
    reporting = threading.Thread(target=lambda: receipts.append(client.report(message)))
    reporting.start()
    with serve_in_thread(home):
        reporting.join(30)
        assert receipts[0].next_row == 1
        client.hello(Hello("a", "a", "here", 1))
        assert [agent.id for agent in client.agents()] == ["a"]
        client.close()


def test_who_connects_may_name_a_home(shared: Server, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("BESOM_SERVER", str(shared.home.path))
    sweep = shared.driver.create_sweep(FILE)
    with connect() as service:
        assert service.sweep(sweep.id) == sweep
        assert service.ask(sweep.id, Ask("a", "r1")) == shared.driver.ask(sweep.id, Ask("a", "r1"))
