"""What pages are shown: the truth of a sweep as it stands, as plain JSON, kept and sent again only when it changed."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from service_suite import assigned

from besom.records import Sweep
from besom.server.driver import Driver
from besom.server.home import Home
from besom.server.serve import Server, serve_in_thread
from besom.server.trialtable import Query
from besom.server.views import Views
from besom.store import open_store
from besom.wire import Command, Finish, Hello, Report

NAME = "</script><img src=x onerror=alert(1)>\n\x1b[31m\u2028"
FILE = {
    "program": "train.py",
    "name": NAME,
    "method": "random",
    "metric": {"name": NAME, "goal": "minimize"},
    "parameters": {"lr": {"min": 0.0, "max": 1.0}, "opt": {"values": [NAME, "adam"]}},
    "besom": {"seed": 3, "budget": {"trials": 40}},
}
TRIALS = 12


@pytest.fixture
def sweep(server: Server) -> Sweep:
    """A sweep of which twelve trials have ended, one of them failed, and one runs."""
    driver = server.driver
    sweep = driver.create_sweep(FILE)
    driver.hello(Hello("a", NAME, NAME, 1, ("0",)))
    for number in range(TRIALS):
        run = assigned(driver, sweep.id, f"r{number}")
        values = [math.nan, 1.0 / (number + 1)] if number else [math.inf]
        driver.report(Report(run.run_id, run.lease, 0, [{NAME: value} for value in values], output=NAME))
        driver.finish(Finish(run.run_id, run.lease, "finished"))
    assigned(driver, sweep.id, "last")
    return driver.sweep(sweep.id)


def strict(text: str) -> Any:
    """What strict JSON says: browsers know no NaN."""

    def refuse(name: str) -> None:
        raise AssertionError(name)

    return json.loads(text, parse_constant=refuse)


def asked(server: Server, path: str, status: int = 200, **query: object) -> Any:
    answer = httpx.get(f"{server.address}/api/v1/{path}", params={name: str(value) for name, value in query.items()})
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    return strict(answer.text)


def test_what_runs_shows_the_time_that_it_has_taken_so_far(tmp_path: Path):
    now = [1000.0]
    with Driver(open_store(tmp_path / "besom.db"), clock=lambda: now[0], tick_s=None) as driver:
        sweep = driver.create_sweep(FILE)
        ended, running = assigned(driver, sweep.id), assigned(driver, sweep.id, "r2")
        now[0] += 5.0
        driver.finish(Finish(ended.run_id, ended.lease, "finished"))
        now[0] += 7.0
        driver.report(Report(running.run_id, running.lease, 0, []))
        views = Views(driver, Home(tmp_path))
        page = views.table(sweep.id, Query("seconds", descending=True))
        at = [column.id for column in page.columns].index("seconds")
        assert [row.trial for row in page.rows] == [running.trial, ended.trial]
        assert [row.cells[at].text for row in page.rows] == ["12 s", "5.0 s"]
        assert views.card(sweep.id, running.trial).trial.seconds == 12.0
        assert views.selection(sweep.id, '[["seconds", 10, null]]').trials == (running.trial,)


def test_the_list_of_sweeps_has_a_line_for_each(server: Server, sweep: Sweep):
    other = server.driver.create_sweep({**FILE, "name": "other"})
    lines = {line["id"]: line for line in asked(server, "overview")}
    line = lines[sweep.id]
    assert lines[other.id]["best_value"] is None
    assert (line["name"], line["state"], line["trials"]) == (NAME, "running", TRIALS + 1)
    assert line["best_value"] == pytest.approx(1 / TRIALS)
    assert line["budget"] == {"trials": 40.0}
    assert line["agents"] == 1
    assert line["spark"][-1] == line["best_value"]


def test_a_sweeps_page_begins_with_where_it_stands(server: Server, sweep: Sweep):
    view = asked(server, f"sweeps/{sweep.id[:6]}/view")
    assert view["overview"] == next(line for line in asked(server, "overview") if line["id"] == sweep.id)
    assert view["progress"]["sweep"]["file"]["name"] == NAME
    assert [each["name"] for each in view["parameters"]] == ["lr", "opt"]
    lr = {"name": "lr", "is_log": False, "is_integer": False, "levels": None, "low": 0.0, "high": 1.0}
    assert view["parameters"][0] == lr
    assert view["notice"] == ""
    assert view["parameters"][1]["levels"] == [NAME, "adam"]
    assert NAME in view["metrics"]
    assert {"history", "curves"} <= {each["name"] for each in view["pictures"]}
    assert view["cards"]
    assert view["version"] == server.driver.version(sweep.id)
    assert {"besom", "plotly.js"} <= view["versions"].keys()
    assert "metric" in view["file"]


def test_every_picture_that_the_page_names_is_there_in_light_and_dark(server: Server, sweep: Sweep):
    for each in asked(server, f"sweeps/{sweep.id}/view")["pictures"]:
        path = f"sweeps/{sweep.id}/pictures/{each['name']}"
        light, dark = (asked(server, path, theme=theme) for theme in ("light", "dark"))
        assert (light["name"], light["title"]) == (each["name"], each["title"])
        assert (light["figure"] is None) == (dark["figure"] is None)
        assert light["figure"] is None or light["figure"] != dark["figure"]


def test_the_table_is_sorted_filtered_and_paged_here(server: Server, sweep: Sweep):
    table = f"sweeps/{sweep.id}/table"
    page = asked(server, table, limit=3)
    assert (page["total"], page["matching"], len(page["rows"])) == (TRIALS + 1, TRIALS + 1, 3)
    assert page["rows"][0]["is_best"]
    ids = [column["id"] for column in page["columns"]]
    assert "parameter:lr" in ids
    second = asked(server, table, limit=3, first=3)
    assert {row["trial"] for row in second["rows"]}.isdisjoint({row["trial"] for row in page["rows"]})
    where = json.dumps([["parameter:opt", [NAME]]])
    some = asked(server, table, where=where)
    at = ids.index("parameter:opt")
    assert 0 < some["matching"] < TRIALS + 1
    assert {row["cells"][at]["value"] for row in some["rows"]} == {NAME}
    chosen = asked(server, f"sweeps/{sweep.id}/selection", where=where)
    assert (chosen["count"], sorted(chosen["trials"])) == (some["matching"], sorted(r["trial"] for r in some["rows"]))


@pytest.mark.parametrize("where", ["{", "{}", '[["nowhere", 1, 2]]', "[" * 2000, '[["state", 2, 1]]', "[1]"])
def test_conditions_that_are_none_are_told(server: Server, sweep: Sweep, where: str):
    error = asked(server, f"sweeps/{sweep.id}/selection", 422, where=where)["error"]
    assert error["type"] == "MessageError"


def test_a_trials_card_says_what_was_decided_and_what_failed(server: Server, sweep: Sweep):
    card = asked(server, f"sweeps/{sweep.id}/trials/{TRIALS}/card")
    assert (card["is_best"], card["rank"], card["trial"]["number"]) == (True, 1, TRIALS)
    assert card["why"][0]["title"]
    assert {each["name"] for each in card["settings"]} == {"lr", "opt"}
    assert card["runs"][0]["agent_name"] == NAME
    assert NAME in card["metrics"]
    failed = asked(server, f"sweeps/{sweep.id}/trials/1/card")
    assert failed["failure_lines"]
    picture = asked(server, f"sweeps/{sweep.id}/trials/{TRIALS}/pictures/metrics")
    assert picture["figure"]["data"]


def test_a_checkpoints_files_are_listed(server: Server, sweep: Sweep):
    folder = server.home.checkpoints(sweep.id, TRIALS)
    (folder / "deep").mkdir(parents=True)
    (folder / "deep" / "model.pt").write_bytes(b"12345")
    card = asked(server, f"sweeps/{sweep.id}/trials/{TRIALS}/card")
    assert [(each["name"], each["bytes"]) for each in card["checkpoint"]["files"]] == [("deep/model.pt", 5)]
    assert asked(server, f"sweeps/{sweep.id}/trials/2/card")["checkpoint"] is None


@pytest.mark.parametrize("form", ["yaml", "json", "args", "hydra", "env"])
def test_the_best_configuration_comes_as_plain_text(server: Server, sweep: Sweep, form: str):
    answer = httpx.get(f"{server.address}/api/v1/sweeps/{sweep.id}/best/{form}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.text.endswith("\n")
    other = httpx.get(f"{server.address}/api/v1/sweeps/{sweep.id}/best/{form}", params={"trial": 2})
    assert other.text != answer.text


def test_agents_are_shown_with_what_they_run(server: Server, sweep: Sweep):
    (agent,) = asked(server, "agents/view")
    assert (agent["name"], agent["is_alive"], agent["runs_done"]) == (NAME, True, TRIALS)
    assert [run["trial"] for run in agent["running"]] == [TRIALS + 1]


def test_sweeps_are_compared_on_one_axis(server: Server, sweep: Sweep):
    other = server.driver.create_sweep(FILE)
    drawn = asked(server, "compare", sweeps=f"{sweep.id},{other.id}", x="trials")
    assert drawn["name"] == "comparison"
    missing = asked(server, "compare", sweeps=f"nope,{sweep.id}", x="trials")
    assert len(missing["figure"]["data"]) == 1
    assert missing["note"].endswith("There is no sweep nope.")
    assert asked(server, "compare", 422, sweeps="")["error"]["type"] == "MessageError"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("sweeps/none/view", 404),
        ("sweeps/{id}/pictures/none", 404),
        ("sweeps/{id}/pictures/history?theme=blue", 422),
        ("sweeps/{id}/pictures/history?x=none", 404),
        ("sweeps/{id}/pictures/slices?a=none", 404),
        ("sweeps/{id}/trials/999/card", 404),
        ("sweeps/{id}/trials/x/card", 422),
        ("sweeps/{id}/trials/1/pictures/none", 404),
        ("sweeps/{id}/table?sort=none", 422),
        ("sweeps/{id}/table?limit=100000", 422),
        ("sweeps/{id}/best/none", 404),
        ("sweeps/{id}/best/yaml?trial=999", 404),
        ("compare?sweeps=none", 404),
    ],
)
def test_what_is_not_there_is_told_in_the_one_shape(server: Server, sweep: Sweep, path: str, status: int):
    answer = httpx.get(f"{server.address}/api/v1/{path.replace('{id}', sweep.id)}")
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_what_a_page_has_is_not_sent_again_until_it_changes(server: Server, sweep: Sweep):
    server.driver.command(sweep.id, Command("cancel"))
    for path in ("overview", f"sweeps/{sweep.id}/view", f"sweeps/{sweep.id}/table", f"sweeps/{sweep.id}/best/yaml"):
        address = f"{server.address}/api/v1/{path}"
        first = httpx.get(address)
        headers = {"If-None-Match": first.headers["etag"]}
        again = httpx.get(address, headers=headers)
        assert (again.status_code, again.content) == (304, b""), path


def test_what_changed_is_sent(server: Server, sweep: Sweep):
    address = f"{server.address}/api/v1/sweeps/{sweep.id}/view"
    first = httpx.get(address)
    server.driver.command(sweep.id, Command("pause"))
    changed = httpx.get(address, headers={"If-None-Match": first.headers["etag"]})
    assert (changed.status_code, changed.json()["overview"]["state"]) == (200, "paused")
    assert changed.json()["version"] > first.json()["version"]


def test_large_answers_come_pressed_where_the_browser_takes_that(server: Server, sweep: Sweep):
    address = f"{server.address}/api/v1/sweeps/{sweep.id}/pictures/history"
    plain = httpx.get(address, headers={"Accept-Encoding": "identity"})
    pressed = httpx.get(address, headers={"Accept-Encoding": "gzip"})
    assert plain.json() == pressed.json()
    if len(plain.content) > 20_000:
        assert pressed.headers["content-encoding"] == "gzip"


def test_what_many_ask_is_worked_out_once(server: Server, sweep: Sweep, monkeypatch: pytest.MonkeyPatch):
    from concurrent.futures import ThreadPoolExecutor

    from besom.server.views import Views

    worked: list[str] = []
    whole: Callable[..., bytes] = Views.picture

    def counted(self: Views, sweep_id: str, name: str, *rest: object, **more: object) -> bytes:
        worked.append(name)
        return whole(self, sweep_id, name, *rest, **more)

    monkeypatch.setattr(Views, "picture", counted)
    server.driver.command(sweep.id, Command("cancel"))
    with ThreadPoolExecutor(20) as pages:
        answers = list(pages.map(lambda _: asked(server, f"sweeps/{sweep.id}/pictures/parallel"), range(20)))
    assert worked == ["parallel"]
    assert all(answer == answers[0] for answer in answers)


def test_a_sweep_that_ended_is_shown_as_before_after_a_restart(tmp_path: Path):
    home = Home(tmp_path)
    paths = ("overview", "sweeps/{id}/view", "sweeps/{id}/table", "sweeps/{id}/trials/2/card", "sweeps/{id}/runs")
    with serve_in_thread(home) as server:
        ended = server.driver.create_sweep({**FILE, "besom": {"seed": 3, "budget": {"trials": 3}}})
        for number in range(3):
            run = assigned(server.driver, ended.id, f"r{number}")
            server.driver.report(Report(run.run_id, run.lease, 0, [{NAME: 0.5 - number / 10}]))
            server.driver.finish(Finish(run.run_id, run.lease, "finished"))
        server.driver.tick()
        assert server.driver.sweep(ended.id).state.has_ended
        before = [_timeless(asked(server, path.replace("{id}", ended.id))) for path in paths]
    with serve_in_thread(home) as server:
        after = [_timeless(asked(server, path.replace("{id}", ended.id))) for path in paths]
        assert server.driver._states.cached(ended.id) is None  # nothing was read that only decisions need
    assert after == before


def _timeless(shown: Any) -> Any:
    """What was shown, without who was heard of lately and how often it changed."""
    if isinstance(shown, dict):
        return {name: _timeless(each) for name, each in shown.items() if name not in ("agents", "version")}
    return [_timeless(each) for each in shown] if isinstance(shown, list) else shown


def test_a_sweep_that_this_version_cannot_read_does_not_hide_the_others(server: Server, sweep: Sweep):
    from dataclasses import replace

    from besom.records import SweepState

    broken = replace(sweep, id="broken00", file={"method": "from the future"}, state=SweepState.FINISHED)
    with server.driver.store.transaction():
        server.driver.store.save([broken])
    server.driver._states._ids["broken00"] = False
    lines = {line["id"]: line for line in asked(server, "overview")}
    assert lines.keys() == {sweep.id, "broken00"}
    assert lines["broken00"]["state"] == "finished"
    assert "'from the future'" in asked(server, "sweeps/broken00/view")["notice"]
    assert asked(server, "sweeps/broken00/table")["total"] == 0


def test_other_metrics_are_columns_to_show_sort_and_filter_by(server: Server) -> None:
    driver = server.driver
    sweep = driver.create_sweep({**FILE, "name": "metrics", "metric": {"name": "loss"}})
    driver.hello(Hello("m", "m", "node", 1, ()))
    for number in range(5):
        run = assigned(driver, sweep.id, f"m{number}")
        rows = [{"loss": 1.0, NAME: -1.0, "_timestamp": 5.0}, {"loss": float(number), NAME: 10.0 - number}]
        driver.report(Report(run.run_id, run.lease, 0, rows if number != 2 else [{"loss": 2.0}]))
        driver.finish(Finish(run.run_id, run.lease, "finished"))
    table, column = f"sweeps/{sweep.id}/table", f"metric:{NAME}"
    page = asked(server, table)
    ids = [each["id"] for each in page["columns"]]
    assert [each for each in ids if each.startswith("metric:")] == [column]
    at = ids.index(column)
    assert not page["columns"][at]["is_shown"]
    assert {row["cells"][at]["text"] for row in page["rows"]} == {""}  # nothing is read that nobody asked for
    shown = asked(server, table, metrics=json.dumps([NAME]))
    assert [row["cells"][at]["value"] for row in shown["rows"]] == [10.0, 9.0, None, 7.0, 6.0]
    ordered = asked(server, table, sort=column, descending=True, limit=2, first=1)
    assert [(row["trial"], row["cells"][at]["value"]) for row in ordered["rows"]] == [(2, 9.0), (4, 7.0)]
    where = json.dumps([[column, 7, 9.5]])
    assert asked(server, f"sweeps/{sweep.id}/selection", where=where)["trials"] == [2, 4]
    assert asked(server, table, where=where)["matching"] == 2
    assert "metrics" in asked(server, table, 422, metrics="loss")["error"]["message"]
    assert asked(server, table, 422, sort="metric:nowhere")["error"]["type"] == "MessageError"


def test_a_metric_in_the_table_follows_the_runs_that_log_it(server: Server) -> None:
    driver = server.driver
    sweep = driver.create_sweep({**FILE, "name": "following", "metric": {"name": "loss"}})
    run = assigned(driver, sweep.id, "f")
    query = {"sort": "metric:lr now", "metrics": '["lr now"]'}

    def cell() -> Any:
        page = asked(server, f"sweeps/{sweep.id}/table", **query)
        at = [each["id"] for each in page["columns"]].index("metric:lr now")
        return page["rows"][0]["cells"][at]["value"]

    driver.report(Report(run.run_id, run.lease, 0, [{"loss": 1.0, "lr now": 0.5}]))
    assert cell() == 0.5
    driver.report(Report(run.run_id, run.lease, 1, [{"lr now": 0.25}]))  # the trial itself stays the same
    assert cell() == 0.25
    driver.report(Report(run.run_id, run.lease, 2, [{"lr now": 0.125}]))
    assert cell() == 0.125


def test_a_sweeps_page_tells_in_which_ways_trials_failed(server: Server, sweep: Sweep) -> None:
    (kind,) = asked(server, f"sweeps/{sweep.id}/view")["failures"]
    assert (kind["count"], kind["first"]) == (1, [1])
    assert kind["text"].startswith("metric not finite")
    where = json.dumps([["failure", [kind["text"]]]])
    assert asked(server, f"sweeps/{sweep.id}/selection", where=where)["trials"] == [1]
