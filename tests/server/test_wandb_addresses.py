"""The addresses that W&B's client prints lead people to the sweep's report."""

from __future__ import annotations

import httpx
import pytest

from besom.records import Sweep
from besom.server.serve import Server
from besom.wire import Ask, Assignment, Report

FILE = {"method": "random", "metric": {"name": "loss"}, "parameters": {"x": {"min": 0.0, "max": 1.0}}}


@pytest.fixture
def sweep(server: Server) -> Sweep:
    return server.driver.create_sweep({**FILE, "entity": "e", "project": "p q", "name": "<script>alert(1)</script>"})


def test_of_a_sweep_it_is_its_report_as_it_stands(server: Server, sweep: Sweep):
    page = httpx.get(f"{server.address}/e/p%20q/sweeps/{sweep.id}")
    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert "&lt;script&gt;alert(1)" in page.text
    assert "<script>alert(1)" not in page.text


def test_a_project_and_a_run_lead_to_their_sweep(server: Server, sweep: Sweep):
    assignment = server.driver.ask(sweep.id, Ask("agent", "request"))
    assert isinstance(assignment, Assignment)
    server.driver.report(Report(assignment.run_id, assignment.lease, 0, [{"loss": 1.0}]))
    for path in ("/e/p%20q", f"/e/p%20q/runs/{assignment.run_id}"):
        there = httpx.get(server.address + path)
        assert (there.status_code, there.headers["location"]) == (307, f"/e/p%20q/sweeps/{sweep.id}")


@pytest.mark.parametrize("path", ["/e/other", "/e/p%20q/sweeps/none", "/e/p%20q/runs/none", "/e/p%20q/reports/1"])
def test_what_is_not_there_is_told(server: Server, sweep: Sweep, path: str):
    page = httpx.get(server.address + path)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/plain; charset=utf-8")


def test_they_need_the_token_where_there_is_one(tmp_path):
    from besom.server.home import Home
    from besom.server.serve import serve_in_thread

    with serve_in_thread(Home(tmp_path / "home"), token="secret") as guarded:  # noqa: S106 - of a test
        assert httpx.get(f"{guarded.address}/e/p").status_code == 401
