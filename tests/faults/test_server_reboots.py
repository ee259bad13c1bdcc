"""The machine of a server that others reach starts again: who works on its sweeps, or begins to meanwhile, waits."""

from __future__ import annotations

import re
import signal
import subprocess

from fault_bench import Bench

EVERYWHERE = "0.0.0.0"  # noqa: S104 - what is tested


def serve(bench: Bench) -> tuple[subprocess.Popen[bytes], str]:
    """A server that other machines reach, and the token that it prints."""
    process = bench.start("server", "--host", EVERYWHERE, "--port", str(bench.port))
    bench.await_said(process, "besom listens")
    found = re.search(r"export BESOM_TOKEN=(\S+)", bench.said(process))
    assert found is not None
    return process, found[1]


def test_agents_from_elsewhere_go_on_with_the_next_server_and_the_token_that_they_know(bench: Bench, undisturbed):
    bench.write(run_cap=4)
    bench.hold("2-0-2")
    server, token = serve(bench)
    place = ("--server", f"http://127.0.0.1:{bench.port}", "--token", token)
    sweep_id = bench.run("sweep", "sweep.json", *place).split()[1]
    agent = bench.start("agent", sweep_id, *place, "--folder", str(bench.folder / "runs"))
    bench.await_held("2-0-2")
    server.send_signal(signal.SIGKILL)
    server.wait()
    late = bench.start("agent", sweep_id, *place, "--folder", str(bench.folder / "runs"), "--idle", "60s")
    bench.let_go("2-0-2")
    bench.await_said(late, "no server answers yet")
    assert serve(bench)[1] == token
    bench.ended(agent)
    bench.ended(late)

    bench.assert_every_trial_is_finished_once()
    bench.assert_every_row_is_kept_once()
    assert bench.suggestions() == undisturbed(run_cap=4)


def test_an_agent_waits_for_a_server_as_long_as_it_may_be_idle(bench: Bench):
    said = bench.run("agent", "sweep1", "--server", f"http://127.0.0.1:{bench.port}", "--idle", "12s", code=69)
    first, last = said.splitlines()
    assert first == "no server answers yet; the agent waits for one, 12 s at most"
    assert last.startswith(f"error: http://127.0.0.1:{bench.port}: a besom server must answer")
