"""The addresses that W&B's client prints lead people to the dashboard's pages."""

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


@pytest.fixture
def run(server: Server, sweep: Sweep) -> Assignment:
    assignment = server.driver.ask(sweep.id, Ask("agent", "request"))
    assert isinstance(assignment, Assignment)
    server.driver.report(Report(assignment.run_id, assignment.lease, 0, [{"loss": 1.0}]))
    return assignment


def test_a_sweep_a_run_and_a_project_lead_to_their_pages(server: Server, sweep: Sweep, run: Assignment):
    pages = {
        f"/e/p%20q/sweeps/{sweep.id}": f"/sweeps/{sweep.id}",
        f"/e/p%20q/runs/{run.run_id}": f"/sweeps/{sweep.id}/trials/{run.trial}",
        "/e/p%20q": f"/sweeps/{sweep.id}",
    }
    for path, page in pages.items():
        there = httpx.get(server.address + path)
        assert (there.status_code, there.headers["location"]) == (307, page)
    assert httpx.get(server.address + "/e/p%20q", follow_redirects=True).status_code == 200


def test_a_project_of_several_sweeps_leads_to_the_list_of_all(server: Server, sweep: Sweep):
    server.driver.create_sweep({**FILE, "entity": "e", "project": "p q"})
    assert httpx.get(server.address + "/e/p%20q").headers["location"] == "/"


@pytest.mark.parametrize("path", ["/e/other", "/e/p%20q/sweeps/none", "/e/p%20q/runs/none", "/e/p%20q/reports/1"])
def test_what_is_not_there_is_told(server: Server, sweep: Sweep, path: str):
    page = httpx.get(server.address + path)
    assert (page.status_code, page.headers["content-type"]) == (404, "text/plain; charset=utf-8")


def test_they_need_the_token_where_there_is_one(tmp_path):
    from besom.server.home import Home
    from besom.server.serve import serve_in_thread

    with serve_in_thread(Home(tmp_path / "home"), token="secret") as guarded:  # noqa: S106 - of a test
        assert httpx.get(f"{guarded.address}/e/p").status_code == 401
