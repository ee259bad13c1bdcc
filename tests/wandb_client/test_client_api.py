"""`wandb.Api()`: sweeps, runs, filters, pages, histories and edits, of its own client's runs and of besom's."""

from __future__ import annotations

import json
from typing import Any

import pytest
from client_bench import Bench, client_version

from besom.wire import Ask, Assignment, Finish, Report
from raw_wandb import RawClient

pytestmark = pytest.mark.wandb
MANY = 12_000


def evaluated(bench: Bench, *expressions: tuple[str, str]) -> dict[str, Any]:
    told: dict[str, Any] = bench.client.told("evaluated.py", json.dumps(expressions))
    return told


@pytest.fixture(scope="module")
def raw(bench: Bench) -> RawClient:
    return RawClient(bench.server.address)


@pytest.fixture(scope="module")
def ours(bench: Bench) -> list[str]:
    """Runs of a sweep that besom's own agent ran: values 0.3, 0.1, 0.2, and one that failed."""
    sweep_id = bench.sweep(run_cap=4)
    names = []
    for value in (0.3, 0.1, 0.2, None):
        run = bench.driver.ask(sweep_id, Ask("ours", f"r{value}"))
        assert isinstance(run, Assignment)
        if value is not None:
            bench.driver.report(Report(run.run_id, run.lease, 0, [{"loss": 1.0}, {"loss": value, "note": "x"}]))
        bench.driver.finish(Finish(run.run_id, run.lease, "finished"))
        names.append(run.run_id)
    return [sweep_id, *names]


@pytest.fixture(scope="module")
def theirs(raw: RawClient) -> None:
    """25 runs of W&B's client, in a project that has only these."""
    for at in range(25):
        config = {"at": at, "flag": at % 2 == 0, "nested": {"x": at}, "name": f"n{at}"}
        rows = [{"loss": float(at)}, {"loss": at / 2, "val": {"loss": -at}}]
        tags = ["even"] if at % 2 == 0 else ["odd", "other"]
        raw.whole(
            f"run{at:02}",
            rows,
            config,
            tags=tags,
            groupName=f"g{at % 3}",
            exitcode=at % 5 == 4,
            displayName=f"shown {at}",
        )


def test_a_sweep_and_its_runs_are_read(bench: Bench, ours):
    sweep_id, _, best, third, failed = ours
    told = evaluated(
        bench,
        ("=sweep", f"api.sweep('e/p/{sweep_id}')"),
        ("long path", f"api.sweep('e/p/sweeps/{sweep_id}').id"),
        ("method", "sweep.config['method']"),
        ("state", "sweep.state"),
        ("expected", "sweep.expected_run_count"),
        ("names", "[run.name for run in sweep.runs]"),
        ("ids", "[run.id for run in sweep.runs]"),
        ("states", "[run.state for run in sweep.runs]"),
        ("best", "sweep.best_run().id"),
        ("value", "sweep.best_run().summary['loss']"),
        ("missing", "api.sweep('e/p/nosuch').id"),
        ("=run", f"api.run('e/p/{third}')"),
        ("history", "run.history(pandas=False)"),
        ("frame", "list(run.history().shape)"),
        ("scan", "[row['loss'] for row in run.scan_history(keys=['loss'])]"),
        ("config", "list(run.config)"),
        ("sweep of run", "run.sweep.id"),
        ("failed", f"dict(api.run('e/p/{failed}').summary)"),
        ("projects", "[project.name for project in api.projects('e')]"),
        ("sweeps", "[sweep.id for sweep in api.project('p', 'e').sweeps()]"),
    )

    assert (told["long path"], told["method"], told["state"]) == (sweep_id, "random", "FINISHED")
    assert told["expected"] == 4
    assert sorted(told["ids"]) == sorted(ours[1:])
    assert sorted(told["states"]) == ["failed", "finished", "finished", "finished"]
    assert (told["best"], told["value"]) == (best, 0.1)
    assert "nosuch" in told["missing"]
    assert [row["loss"] for row in told["history"]] == told["scan"] == [1.0, 0.2]
    assert told["frame"][0] == 2
    assert (told["config"], told["sweep of run"]) == (["lr"], sweep_id)
    assert told["projects"] == ["p"]
    assert sweep_id in told["sweeps"]


def test_runs_are_chosen_ordered_and_paged(bench: Bench, theirs, ours):
    def names(filters: dict[str, Any], order: str = "+created_at", more: str = "") -> str:
        whole = {"$and": [filters, {"group": {"$regex": "^g"}}]}
        return f"[int(run.id[3:]) for run in api.runs('e/p', {whole!r}, order={order!r}{more})]"

    told = evaluated(
        bench,
        ("all", names({}, more=", per_page=10")),
        ("seven", names({}, "-created_at", ", per_page=7")),
        ("count", "len(api.runs('e/p', {'group': {'$in': ['g0', 'g1', 'g2']}}))"),
        ("config", names({"config.at": {"$gte": 20}})),
        ("config value", names({"config.at.value": 3})),
        ("nested", names({"config.nested.x": {"$lt": 3}})),
        ("flag", names({"config.flag": True})),
        ("state", names({"state": "failed"})),
        ("either", names({"$or": [{"config.name": "n7"}, {"displayName": "shown 8"}]})),
        ("tags", names({"tags": "other"})),
        ("tags in", names({"tags": {"$in": ["even"]}})),
        ("pattern", names({"display_name": {"$regex": "^shown 1[0-2]$"}})),
        ("summary", names({"summary_metrics.loss": {"$lt": 1.0}})),
        ("nested summary", names({"summary_metrics.val.loss": {"$gt": -2}})),
        ("none", names({"config.nothing": {"$exists": True}})),
        ("falling", names({"config.at": {"$lt": 4}}, "-summary_metrics.loss")),
        ("rising", names({"config.at": {"$lt": 4}}, "+summary_metrics.val.loss")),
        ("by config", names({"config.at": {"$lt": 4}}, "-config.at.value")),
        ("wrong", names({"config.at": {"$near": 4}})),
        ("everything", "len([run.id for run in api.runs('e/p')])"),
    )

    every = list(range(25))
    assert (told["all"], told["seven"], told["count"]) == (every, every[::-1], 25)
    assert (told["config"], told["config value"], told["nested"]) == ([20, 21, 22, 23, 24], [3], [0, 1, 2])
    assert told["flag"] == told["tags in"] == every[::2]
    assert (told["state"], told["either"]) == ([4, 9, 14, 19, 24], [7, 8])
    assert (told["tags"], told["pattern"]) == (every[1::2], [10, 11, 12])
    assert (told["summary"], told["nested summary"], told["none"]) == ([0, 1], [0, 1], [])
    assert told["falling"] == told["rising"] == told["by config"] == [3, 2, 1, 0]
    assert "$near" in told["wrong"] or "400 Client Error" in told["wrong"], "old clients keep the message to themselves"
    assert told["everything"] >= 25 + 4


def test_a_runs_history_summary_and_measurements_are_read(bench: Bench, raw):
    rows = [{"loss": float(at), "val": {"loss": -at}, **({"rare": at} if at % 3 == 0 else {})} for at in range(7)]
    raw.begin("read", {"lr": 0.1})
    raw.stream("read", 0, *[{"_step": 2 * at, "_timestamp": at, "_runtime": at, **row} for at, row in enumerate(rows)])
    events = {"offset": 0, "content": ['{"system.cpu": 12.5, "_timestamp": 1, "_runtime": 1}']}
    raw.stream("read", files={"wandb-events.jsonl": events}, summary={"loss": 6.0, "_step": 12, "bad": float("nan")})
    raw.stream("read", complete=True, exitcode=0)
    raw.begin("long")
    for start in range(0, MANY, 4000):
        raw.stream("long", start, *[{"_step": at, "x": at} for at in range(start, start + 4000)])
    raw.stream("long", summary={"_step": MANY - 1, "x": MANY - 1}, complete=True, exitcode=0)
    told = evaluated(
        bench,
        ("=run", "api.run('e/p/read')"),
        ("history", "[[row['_step'], row['loss'], row.get('rare')] for row in run.history(pandas=False)]"),
        ("keys", "run.history(keys=['rare', 'val.loss'], pandas=False)"),
        ("frame", "sorted(run.history(keys=['loss', 'rare']).columns)"),
        ("few", "len(run.history(samples=3, pandas=False))"),
        ("scan", "[row['loss'] for row in run.scan_history()]"),
        ("scan keys", "[row['rare'] for row in run.scan_history(keys=['rare'], page_size=2)]"),
        ("scan part", "[row['_step'] for row in run.scan_history(min_step=4, max_step=9)]"),
        ("last step", "run.lastHistoryStep"),
        ("summary", "[run.summary['loss'], run.summary['bad']]"),
        ("config", "run.config"),
        ("state", "run.state"),
        ("system", "run.system_metrics if hasattr(run, 'system_metrics') else run.systemMetrics"),
        ("events", "run.history(stream='events', pandas=False)[0]['system.cpu']"),
        ("=long", "api.run('e/p/long')"),
        ("long scan", "[row['x'] for row in long.scan_history()] == list(range(12000))"),
        ("long keys", "[row['x'] for row in long.scan_history(keys=['x'])] == list(range(12000))"),
        ("long samples", "len(long.history(samples=500, pandas=False))"),
    )

    assert told["history"] == [[2 * at, float(at), at if at % 3 == 0 else None] for at in range(7)]
    assert [(row["rare"], row["val.loss"]) for row in told["keys"]] == [(0, 0), (3, -3), (6, -6)]
    assert told["frame"] == ["_step", "loss", "rare"]
    assert told["few"] <= 3
    assert told["scan"] == [float(at) for at in range(7)]
    assert told["scan keys"] == [0, 3, 6]
    assert told["scan part"] == [4, 6, 8]
    assert told["last step"] == 12
    assert told["summary"] == [6.0, "NaN"]
    assert (told["config"], told["state"]) == ({"lr": 0.1}, "finished")
    assert told["system"] == {"system.cpu": 12.5}
    assert told["events"] == 12.5
    assert (told["long scan"], told["long keys"]) == (True, True)
    assert told["long samples"] <= 500


def test_runs_are_changed_stopped_and_deleted(bench: Bench, raw, ours):
    for name in ("edited", "deleted"):
        raw.whole(name, [{"loss": 1.0}], {"lr": 0.5})
    raw.begin("live")
    told = evaluated(
        bench,
        ("=run", "api.run('e/p/edited')"),
        ("do edit", "run.config['new'] = [1, 2]; run.tags.append('late'); run.name = 'new name'; run.update()"),
        ("do summary", "run.summary['extra'] = 3; run.summary.update()"),
        ("=again", "wandb.Api().run('e/p/edited')"),
        ("edited", "[again.config, list(again.tags), again.name, again.summary['extra'], again.summary['loss']]"),
        ("do delete", "api.run('e/p/deleted').delete()"),
        ("deleted", "wandb.Api().run('e/p/deleted').id"),
        ("=mine", f"api.run('e/p/{ours[1]}')"),
        ("do edit of besom's", "mine.config['new'] = 1; mine.tags.append('kept'); mine.update()"),
        (
            "edited of besom's",
            f"[list(r.config), list(r.tags), r.summary['loss']] if (r := wandb.Api().run('e/p/{ours[1]}')) else 0",
        ),
        ("do delete of besom's", f"api.run('e/p/{ours[4]}').delete()"),
        ("left", f"[run.id for run in wandb.Api().sweep('e/p/{ours[0]}').runs]"),
        ("do stop", "api.run('e/p/live').stop()" if client_version() >= (0, 31) else "pass"),
    )

    assert {name: what for name, what in told.items() if name.startswith("do ")} == {
        name: "done" for name in told if name.startswith("do ")
    }
    assert told["edited"] == [{"lr": 0.5, "new": [1, 2]}, ["late"], "new name", 3, 1.0]
    assert "deleted" in told["deleted"]
    assert told["edited of besom's"] == [["lr", "new"], ["kept"], 0.3]
    assert sorted(told["left"]) == sorted(ours[1:4])
    assert len(bench.trials(ours[0])) == 4, "besom keeps what it learned from"
    if client_version() >= (0, 31):
        assert raw.stream("live") == {"stopped": True}
