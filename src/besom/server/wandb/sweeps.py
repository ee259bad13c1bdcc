"""Sweeps as W&B's client makes, steers and reads them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from besom import sweepfile
from besom.agent.command import DEFAULT_COMMAND
from besom.agent.environment import STREAM_INTERVAL, STREAM_INTERVAL_S
from besom.engine import State
from besom.errors import UnknownName, WrongState
from besom.records import Agent, RunState, Sweep
from besom.server.driver import Driver
from besom.server.wandb.caller import checked_path, instant, is_wrapped, path_of, sweep_state
from besom.server.wandb.graphql import Node
from besom.server.wandb.ids import names_of, node_id, project_node
from besom.tracked import ENTITY, PROJECT
from besom.wire import Command

_VERBS = {"PAUSED": "pause", "RUNNING": "resume", "FINISHED": "stop", "CANCELED": "cancel", "CANCELLED": "cancel"}
_LATELY_S = 120.0
_NO_PRIOR_RUNS = "prior runs: are not learned from; name their best configurations under besom.baseline."


class Sweeps:
    """Makes, changes and shows sweeps."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    def find(self, entity: str, project: str, name: str) -> Sweep | None:
        """The sweep that clients know by these names; None where there is none."""
        if not self._driver.knows_sweep(name):
            return None
        sweep = self._driver.sweep(name)
        return sweep if path_of(sweep) == (entity, project) else None

    def listed(self, entity: str, project: str) -> list[Sweep]:
        """A project's sweeps, newest first."""
        return [sweep for sweep in self._driver.sweeps() if path_of(sweep) == (entity, project)]

    def upsert(self, given: Mapping[str, Any]) -> tuple[Sweep, tuple[str, ...]]:
        """The sweep that `upsertSweep` makes or changes, and what is unwise in its file.

        Raises:
            SweepFileError: The file cannot be run.
            WrongState: The sweep is in no state for what is asked.
            UnknownName: There is no such sweep.
        """
        if given.get("id"):
            (sweep_id,) = names_of("Sweep", given["id"])
            return self._change(sweep_id, given)
        if not given.get("config"):
            raise UnknownName("upsertSweep: needs a config to make a sweep, or the id of one, got neither; give one.")
        file = self._file(given, {})
        prior = (_NO_PRIOR_RUNS,) if given.get("priorRunsFilters") else ()
        return self._driver.create_sweep(file), (*sweepfile.advice_on(file), *prior)

    def _change(self, sweep_id: str, given: Mapping[str, Any]) -> tuple[Sweep, tuple[str, ...]]:
        sweep = self._driver.sweep(sweep_id)
        warnings: tuple[str, ...] = ()
        if given.get("config"):
            file = self._file(given, sweep.file)
            warnings = sweepfile.advice_on(file)
            sweep = self._driver.command(sweep_id, Command("set_file", file=file))
        state = given.get("state")
        if state:
            verb = _VERBS.get(str(state).upper())
            if verb is None:
                raise WrongState(f"sweep {sweep_id}: has no state {state}; one of {', '.join(_VERBS)}.")
            sweep = self._driver.command(sweep_id, Command(verb))  # type: ignore[arg-type]
        return sweep, warnings

    def enqueue(self, node: object, config: Mapping[str, Any]) -> int:
        """The number of a new trial of a configuration. Raises UnknownName, ConfigError or WrongState."""
        (sweep_id,) = names_of("Sweep", node)
        values = {name: each["value"] if is_wrapped(each) else each for name, each in config.items()}
        self._driver.command(sweep_id, Command("enqueue", config=values))
        return max(self._driver.state(sweep_id).trials)

    @staticmethod
    def _file(given: Mapping[str, Any], before: Mapping[str, Any]) -> dict[str, Any]:
        """The sweep file that was sent, with the place that it is to have."""
        file = sweepfile.content(str(given["config"]))
        file["entity"] = before.get("entity") or given.get("entityName") or file.get("entity") or ENTITY
        file["project"] = before.get("project") or given.get("projectName") or file.get("project") or PROJECT
        checked_path(str(file["entity"]), str(file["project"]))
        if given.get("displayName"):
            file["name"] = str(given["displayName"])
        return file

    def node(self, sweep: Sweep, *, for_agent: bool = False) -> Node:
        """A sweep's fields; those that need all of its trials are functions. `for_agent`: one is about to begin."""
        entity, project = path_of(sweep)
        driver, sweep_id = self._driver, sweep.id
        return {
            "__typename": "Sweep",
            "id": node_id("Sweep", sweep_id),
            "name": sweep_id,
            "displayName": sweep.file.get("name"),
            "method": sweep.file.get("method"),
            "description": sweep.file.get("description"),
            "config": _text(_streaming(sweep.file) if for_agent else sweep.file),
            "state": lambda _: sweep_state(driver.state(sweep_id)),
            "createdAt": instant(sweep.created_at),
            "updatedAt": instant(sweep.ended_at or sweep.started_at or sweep.created_at),
            "heartbeatAt": instant(sweep.ended_at or driver.now()),
            "earlyStopJobRunning": False,
            "controller": None,
            "scheduler": None,
            "controllerRunName": None,
            "priorRuns": {"edges": []},
            "bestLoss": lambda _: _best(driver.state(sweep_id)),
            "runCount": lambda _: len(driver.state(sweep_id).runs),
            "runCountExpected": lambda _: _expected(driver.state(sweep_id)),
            "agents": lambda _: {"edges": [{"node": each} for each in self._agents(sweep_id)]},
            "user": {"name": entity, "username": entity},
            "project": project_node(entity, project),
        }

    def agent(self, sweep_id: str, name: str) -> tuple[Node, list[str]] | None:
        """The agent of that name or id, and the ids of its runs; None where the sweep has none such."""
        agent = next((each for each in self._driver.agents() if name in (each.name, each.id)), None)
        if agent is None:
            return None
        runs = [run for run in self._driver.state(sweep_id).runs.values() if run.agent_id == agent.id]
        return self._agent(agent, [run.state for run in runs]), [run.id for run in runs]

    def _agents(self, sweep_id: str) -> list[Node]:
        runs = list(self._driver.state(sweep_id).runs.values())
        of_agent: dict[str, list[RunState]] = {}
        for run in runs:
            of_agent.setdefault(run.agent_id, []).append(run.state)
        known = [agent for agent in self._driver.agents() if agent.id in of_agent or f"-{sweep_id}-" in agent.id]
        return [self._agent(agent, of_agent.get(agent.id, ())) for agent in known]

    def _agent(self, agent: Agent, runs: Sequence[RunState]) -> Node:
        is_alive = agent.ended_at is None and agent.seen_at > self._driver.now() - _LATELY_S
        state = "RUNNING" if RunState.RUNNING in runs else "PENDING" if is_alive else "FINISHED"
        return {
            "id": node_id("Agent", agent.id),
            "name": agent.name,
            "host": agent.host,
            "state": state,
            "totalRuns": len(runs),
            "createdAt": instant(agent.started_at),
            "heartbeatAt": instant(agent.seen_at),
        }


def _text(file: Mapping[str, Any]) -> str:
    return yaml.safe_dump(dict(file), sort_keys=False, allow_unicode=True)


def _streaming(file: Mapping[str, Any]) -> Mapping[str, Any]:
    """The file with a command that has scripts send what they log every other second, which agents take from it."""
    command = [str(word) for word in file.get("command") or DEFAULT_COMMAND]
    if command[:1] != ["${env}"]:
        return file
    return {**file, "command": ["${env}", f"{STREAM_INTERVAL}={STREAM_INTERVAL_S}", *command[1:]]}


def _best(state: State) -> float | None:
    return state.incumbent.value if state.incumbent else None


def _expected(state: State) -> int | None:
    """How many runs the sweep will have at most; None where nothing says so."""
    limits = [state.allowed().get("trials")]
    if state.plan.file.method == "grid":
        limits.append(state.plan.space.cells)
    known = [int(limit) for limit in limits if limit is not None]
    return min(known) * state.plan.repeats if known else None
