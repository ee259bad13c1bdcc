"""What clients may ask and do: the roots of their GraphQL documents. docs/wandb.md lists them."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from besom.errors import NotAllowed, UnknownName, WrongState
from besom.server.wandb import probes
from besom.server.wandb.agents import Agents
from besom.server.wandb.caller import Caller
from besom.server.wandb.graphql import Node
from besom.server.wandb.ids import names_of, node_id
from besom.server.wandb.projects import Projects
from besom.server.wandb.sweeps import Sweeps
from besom.server.wandb.tracker import Tracker
from besom.server.wandb.values import read_mapping
from besom.tracked import ENTITY, PROJECT, STATES, TrackedRun

Arguments = dict[str, Any]
_TEAM = {
    "available": True,
    "codeSavingEnabled": False,
    "defaultAccess": "",
    "entityType": "team",
    "isPaid": False,
    "members": [],
    "photoUrl": None,
    "privateOnly": False,
    "readOnlyAdmin": False,
    "settings": {},
    "storageBytes": 0,
}
"""What clients ask of a team: an entity is but a name here."""
log = logging.getLogger("besom.server")


class Queries:
    """The fields of `query`."""

    def __init__(self, projects: Projects, mutations: Iterable[str]) -> None:
        self._projects = projects
        self._mutations = mutations

    def fields(self) -> Node:
        """Names to what is answered."""
        return {
            "viewer": lambda _: probes.viewer(),
            "serverInfo": lambda _: probes.server_info(),
            "__type": probes.types(self._mutations),
            "entity": self._entity,
            "organization": lambda _: None,
            "project": self._project,
            "model": self._model,
            "models": lambda arguments: self._projects.listed(str(arguments.get("entityName") or ENTITY), arguments),
            "projects": lambda arguments: self._projects.listed(str(arguments.get("entityName") or ENTITY), arguments),
            "users": lambda _: {"edges": []},
        }

    def _entity(self, arguments: Arguments) -> Node:
        name = str(arguments.get("name") or arguments.get("entityName") or ENTITY)
        return {
            "id": node_id("Entity", name),
            "name": name,
            "organization": None,
            "isTeam": False,
            **_TEAM,
            "user": None,
            "projects": lambda inner: self._projects.listed(name, inner),
        }

    def _project(self, arguments: Arguments) -> Node | None:
        entity, project = _names(arguments)
        for_agent = arguments["operation"] == "SweepWithRuns"
        return self._projects.node(entity, project, arguments["request"], for_agent=for_agent)

    def _model(self, arguments: Arguments) -> Node | None:
        """A project by its old name; it need not exist to have no run of some name."""
        entity, project = _names(arguments)
        return self._projects.node(entity, project, arguments["request"], must_exist=False)


class Mutations:
    """The fields of `mutation`. `clear` removes a deleted run's files, and the artifacts that it logged if so told."""

    def __init__(
        self,
        projects: Projects,
        tracker: Tracker,
        agents: Agents,
        sweeps: Sweeps,
        clear: Callable[[TrackedRun, bool], None],
    ) -> None:
        self._projects, self._tracker, self._agents, self._sweeps = projects, tracker, agents, sweeps
        self._clear = clear

    def fields(self) -> Node:
        """Names to what is done."""
        return {
            "upsertSweep": self._upsert_sweep,
            "createAgent": self._create_agent,
            "agentHeartbeat": self._heartbeat,
            "enqueueSweepRun": self._enqueue,
            "upsertBucket": self._upsert_run,
            "deleteRun": self._delete_run,
            "deleteRuns": self._delete_run,
            "stopRun": self._stop_run,
            "updateRunState": self._set_state,
            "upsertModel": self._upsert_project,
            "notifyScriptableRunAlert": self._alert,
            "deleteSweep": self._refuse_to_delete,
        }

    def _upsert_sweep(self, arguments: Arguments) -> Node:
        sweep, warnings = self._sweeps.upsert(_input(arguments))
        return {"sweep": self._sweeps.node(sweep), "configValidationWarnings": list(warnings)}

    def _create_agent(self, arguments: Arguments) -> Node:
        given = _input(arguments)
        sweep_id = str(given.get("sweep") or "").rstrip("/").rsplit("/", 1)[-1]
        agent_id = self._agents.create(sweep_id, str(given.get("host") or ""))
        return {"agent": {"id": node_id("Agent", agent_id), "name": agent_id}}

    def _heartbeat(self, arguments: Arguments) -> Node:
        given = _input(arguments)
        (agent_id,) = names_of("Agent", given.get("id"))
        commands = self._agents.beat(agent_id, read_mapping(given.get("runState")))
        return {"agent": {"id": given.get("id")}, "commands": json.dumps(commands)}

    def _enqueue(self, arguments: Arguments) -> Node:
        given = _input(arguments)
        trial = self._sweeps.enqueue(given.get("id"), read_mapping(given.get("config")))
        return {"id": node_id("Trial", str(trial)), "runQueueItemId": None}

    def _upsert_run(self, arguments: Arguments) -> Node:
        caller: Caller = arguments["request"]
        upserted = self._tracker.upsert(_input(arguments), caller)
        return {"bucket": self._projects.run_node(upserted.run, caller), "inserted": upserted.is_new}

    def _delete_run(self, arguments: Arguments) -> Node:
        given = _input(arguments)
        for node in given.get("ids") or [given.get("id")]:
            run = self._tracker.by_id(node)
            self._tracker.delete(run)
            self._clear(run, bool(given.get("deleteArtifacts")))
        return {"clientMutationId": given.get("clientMutationId"), "success": True}

    def _stop_run(self, arguments: Arguments) -> Node:
        given = _input(arguments)
        self._projects.stop_run(self._tracker.by_id(given.get("id")))
        return {"clientMutationId": given.get("clientMutationId"), "success": True}

    def _set_state(self, arguments: Arguments) -> Node:
        given = _input(arguments)
        state = str(given.get("state")).lower()
        if state not in STATES:
            raise WrongState(f"run: has no state {state}; one of {', '.join(sorted(STATES))}.")
        self._tracker.change(self._tracker.by_id(given.get("id")).id, state=state)
        return {"success": True}

    def _upsert_project(self, arguments: Arguments) -> Node:
        """Projects are there once something is in them."""
        given = _input(arguments)
        entity, project = str(given.get("entityName") or ENTITY), str(given.get("name") or PROJECT)
        node = self._projects.node(entity, project, arguments["request"], must_exist=False)
        return {"model": node, "project": node, "inserted": True}

    def _alert(self, arguments: Arguments) -> Node:
        given = _input(arguments)
        run = "/".join(str(given.get(name)) for name in ("entityName", "projectName", "runName"))
        log.warning("alert of run %s: %s: %s", run, given.get("title"), given.get("text"))
        return {"success": True}

    def _refuse_to_delete(self, arguments: Arguments) -> Node:
        raise NotAllowed("deleteSweep: what a sweep has learned is kept; cancel it instead.")


def _names(arguments: Mapping[str, Any]) -> tuple[str, str]:
    return str(arguments.get("entityName") or ENTITY), str(arguments.get("name") or PROJECT)


def _input(arguments: Mapping[str, Any]) -> dict[str, Any]:
    given = arguments.get("input")
    if not isinstance(given, dict):
        raise UnknownName("input: needs an object with what is to be done, got none; give one.")
    return given
