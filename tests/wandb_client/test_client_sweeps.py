"""Sweeps made and steered by W&B's command line: what it prints, and what becomes of them."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from client_bench import Bench, Client

from besom.records import SweepState
from besom.server.home import Home
from besom.server.keys import wandb_key
from besom.server.serve import serve_in_thread
from besom.wire import Ask

pytestmark = pytest.mark.wandb

YAML = """
program: train.py
method: random
name: from yaml
metric: {name: val.loss, goal: minimize}
parameters:
  lr: {distribution: uniform, min: 1e-5, max: 0.1}
  layers: {min: 1, max: 8}
  model: {parameters: {width: {values: [1, 2]}, drop: {min: 0.0, max: 0.5}}}
besom:
  retries: 2
  fidelity: {metric: epoch, max: 9}
"""
CREATED = re.compile(r"Creat(?:ed|ing) sweep with (?:ID|id): (?:\x1b\[\d+m)?(\w+)")


def written(client: Client, name: str, content: Any) -> str:
    text = content if isinstance(content, str) else json.dumps(content)
    (client.folder / name).write_text(text)
    return name


def said_by(client: Client, *commands: tuple[str, ...]) -> list[tuple[int, str]]:
    """Exit code and output of each `wandb …`."""
    told = client.told("commands.py", json.dumps(commands))
    return [(code, output) for code, output in told]


def test_wandb_sweep_prints_the_id_and_the_agents_command(bench: Bench):
    written(bench.client, "sweep.yaml", YAML)
    said = bench.client.run("-m", "wandb", "sweep", "sweep.yaml", "--project", "p", "--entity", "e")

    found = CREATED.search(said)
    assert found, said
    sweep = bench.driver.sweep(found[1])
    assert f"wandb agent e/p/{sweep.id}" in said
    assert f"{bench.server.address}/e/p/sweeps/{sweep.id}" in said
    assert (sweep.file["entity"], sweep.file["project"], sweep.file["name"]) == ("e", "p", "from yaml")
    plan = bench.driver.state(sweep.id).plan
    assert (plan.file.besom.retries, plan.fidelity_max, plan.metric) == (2, 9, "val.loss")
    assert [parameter.name for parameter in plan.space.parameters] == ["layers", "lr", "model.drop", "model.width"]
    assert "goes on until it is stopped" in said  # the advice on a random sweep without a limit


def test_the_command_line_makes_changes_and_steers_sweeps(bench: Bench):
    random = {"program": "train.py", "method": "random", "parameters": {"lr": {"min": 0.0, "max": 1.0}}, "run_cap": 5}
    random["metric"] = {"name": "loss", "goal": "minimize"}
    sweep_id = bench.sweep()
    path, running = f"e/p/{sweep_id}", bench.sweep()
    bench.driver.ask(running, Ask("someone", "r"))
    flags = ("--project", "p", "--entity", "e")
    wider = {**random, "parameters": {"lr": {"min": 0.0, "max": 2.0}}, "run_cap": 7}
    json_file, wider_file = written(bench.client, "sweep.json", random), written(bench.client, "wider.json", wider)
    broken = {**random, "method": "ranom", "parameters": {"lr": {"min": 1.0, "max": 0.0}}}
    said = said_by(
        bench.client,
        ("sweep", *flags, "--name", "by flag", json_file),
        ("sweep", *flags, written(bench.client, "broken.json", broken)),
        ("sweep", "--update", path, wider_file),
        ("sweep", "--pause", f"e/p/{running}"),
        ("sweep", "--resume", f"e/p/{running}"),
        ("sweep", "--stop", f"e/p/{running}"),
        ("sweep", "--cancel", path),
        ("sweep", "--stop", path),
        ("agent", "e/p/nosuch"),
    )
    named, wrong, updated, paused, resumed, stopped, cancelled, again, missing = said

    found = CREATED.search(named[1])
    assert found, named
    assert (bench.driver.sweep(found[1]).file["name"], bench.driver.sweep(found[1]).file["run_cap"]) == ("by flag", 5)
    assert wrong[0] != 0
    assert "ranom" in wrong[1]
    assert "parameters.lr" in wrong[1], "every error is told"
    assert [code for code, _ in (updated, paused, resumed, stopped, cancelled)] == [0] * 5, said
    assert bench.driver.sweep(sweep_id).file["parameters"]["lr"]["max"] == 2.0
    assert bench.driver.sweep(running).state is SweepState.STOPPING
    assert bench.driver.sweep(sweep_id).state is SweepState.CANCELLED
    assert again[0] != 0, "the client itself refuses to stop what was cancelled"
    assert "nosuch" in missing[1]


def test_a_token_is_asked_for_and_its_key_is_taken(tmp_path):
    with serve_in_thread(Home(tmp_path / "home"), token="secret") as server:  # noqa: S106 - of a test
        right = Client(tmp_path / "right", server.address, wandb_key("secret"))
        wrong = Client(tmp_path / "wrong", server.address)
        refused = [
            wrong.start("one_run.py", "wrong"),
            wrong.start("-m", "wandb", "sweep", written(wrong, "s.yaml", YAML)),
        ]
        right.run("one_run.py", "right")
        for process in refused:
            said = process.ended(None)
            assert process.popen.returncode != 0, said
        assert server.driver.store.tracked_run("e/ends/wrong") is None
        assert [row["x"] for row in server.driver.store.rows("e/ends/right")] == [0, 1, 2]
        wrong.kill_everything()
        right.kill_everything()
    assert "WANDB_API_KEY" in said
