"""PostgreSQL itself dies or is restarted in the middle of a sweep: the server waits for it, and nothing is lost."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fault_bench import Bench, eventually

from benchmarks.postgres import Cluster, cluster, programs
from besom.errors import WrongState
from besom.server.home import Home
from besom.server.serve import Server

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def mortal() -> Iterator[Cluster]:
    """A PostgreSQL that may be killed. What it was told to keep, it keeps: see fsync."""
    try:
        programs()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    with cluster() as running:
        yield running


@pytest.fixture
def bench(tmp_path: Path, mortal: Cluster) -> Iterator[Bench]:
    bench = Bench(tmp_path, store=mortal.create())
    yield bench
    bench.kill_everything()


def test_agents_wait_for_a_database_that_dies_and_comes_back(bench: Bench, mortal: Cluster, undisturbed: Callable):
    bench.write(epochs=300, pace_s=0.002, run_cap=5)
    server = bench.serve()
    sweep_id = bench.run("sweep", "sweep.json").split()[1]
    agents = [bench.start("agent", sweep_id) for _ in range(2)]
    eventually(lambda: len({run.agent_id for run in bench.runs() if run.rows}) == 2, "rows of both arrive")
    mortal.kill()
    away = "besom tries again by itself"
    eventually(lambda: away in bench.said(agents[0]) + bench.said(agents[1]), "an agent loses its patience")
    mortal.start()
    eventually(lambda: len(bench.runs()) >= 3 and bench.runs()[-1].rows, "it goes on")
    mortal.stop("immediate")
    mortal.start()
    for agent in agents:
        bench.ended(agent)

    assert server.poll() is None
    assert "Traceback" not in bench.said(server)
    assert [(run.trial, str(run.state), run.rows) for run in bench.runs()] == [
        (trial, "finished", 300) for trial in range(1, 6)
    ]
    assert {config["x"] for _, config, _, _ in bench.suggestions()} == {
        config["x"] for _, config, _, _ in undisturbed(epochs=300, run_cap=5)
    }
    bench.assert_every_row_is_kept_once()


def test_of_two_servers_one_owns_the_database_and_one_that_lost_it_ends(bench: Bench, mortal: Cluster, tmp_path: Path):
    server = bench.serve()
    elsewhere = Server(Home(tmp_path / "other", bench.store))
    bench.await_said(server, "besom listens")
    with pytest.raises(WrongState, match=f"besom process {server.pid} on .* does; use that one"):
        elsewhere.start()
    server.send_signal(signal.SIGSTOP)
    mortal.stop()
    mortal.start()
    with elsewhere:
        server.send_signal(signal.SIGCONT)
        said = bench.ended(server, 2)
        assert elsewhere.driver.sweeps() == []
    assert "so this one ends" in said
    assert "Traceback" not in said
