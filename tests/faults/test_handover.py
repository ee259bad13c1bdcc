"""A `besom server` that comes while another command serves its home takes over, and nobody's run is disturbed."""

from __future__ import annotations

import socket

from fault_bench import Bench, eventually

from besom.server.home import Home


def test_a_server_takes_over_from_an_agent_that_began_while_it_was_down(bench: Bench):
    bench.write(run_cap=4)
    bench.hold("1-0-2", "2-0-2", "3-0-2")
    server = bench.serve()
    sweep_id = bench.run("sweep", "sweep.json").split()[1]
    joined = bench.start("agent", sweep_id)
    bench.await_held("1-0-2")
    server.kill()
    server.wait()
    serving = bench.start("agent", sweep_id)  # and the one that had joined finds it
    bench.await_held("2-0-2")
    address = Home(bench.home).find_server()
    assert address is not None
    assert (address.pid, address.is_lasting) == (serving.pid, False)

    server = bench.serve()
    eventually(lambda: (found := Home(bench.home).find_server()) and found.is_lasting, "the server owns the home")
    assert f"process {serving.pid} serves" in bench.said(server)
    bench.let_go("1-0-2", "2-0-2")
    bench.await_held("3-0-2")  # given out by the server
    bench.let_go("3-0-2")
    bench.ended(joined)
    bench.ended(serving)

    assert [(run.trial, run.attempt) for run in bench.runs()] == [(1, 0), (2, 0), (3, 0), (4, 0)]
    bench.assert_every_trial_is_finished_once()
    bench.assert_every_row_is_kept_once()
    assert server.poll() is None


def test_where_the_server_cannot_start_the_command_serves_on(bench: Bench):
    bench.write(run_cap=2)
    bench.hold("1-0-2")
    process = bench.start("run", "sweep.json", "--agents", "1", "--no-report")
    bench.await_held("1-0-2")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = bench.run("server", "--port", str(taken.getsockname()[1]), code=2)
    bench.let_go("1-0-2")
    bench.ended(process)

    assert "must be free to listen on" in said
    assert [(run.trial, run.attempt) for run in bench.runs()] == [(1, 0), (2, 0)]
    bench.assert_every_trial_is_finished_once()
    bench.assert_every_row_is_kept_once()


def test_a_second_server_is_told_where_the_first_is_and_takes_nothing_over(bench: Bench):
    bench.write(run_cap=1)
    first = bench.serve()
    said = bench.run("server", "--port", "0", code=2)

    assert f"http://127.0.0.1:{bench.port}" in said
    assert first.poll() is None
