"""After an agent's death: end what it left running, deliver what it had not sent, and give its runs back."""

from __future__ import annotations

import logging
import socket
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Literal

from besom.agent.child import created_at, end_leftovers
from besom.agent.folders import Holder, RunFolder, unended
from besom.agent.output import Output
from besom.agent.shipping import AWAY, GONE, Shipper
from besom.agent.spool import Spool
from besom.records import Agent, Failure, Run, RunState
from besom.service import Service
from besom.wire import Finish

_CLOCKS_APART_S = 1.0
"""The kernel counts a process's start in hundredths of a second since boot, which is not quite the clock's time."""

NO_BLAME: Mapping[str, Failure] = MappingProxyType({})

_log = logging.getLogger("besom.agent")


def salvage(service: Service, runs: Path, blames: Mapping[str, Failure] = NO_BLAME) -> list[str]:
    """Take up the runs in this folder whose agent died on this machine; their ids.

    Each goes back to the sweep as lost, so that its trial goes on at once; or as failed, where `blames` knows by its id
    that the agent died of it. One whose lease is lost already is only cleaned up; one that cannot be delivered now,
    because the server is away, stays for the next agent.
    """
    return [folder.path.name for folder in unended(runs) if _take_up(service, folder, blames)]


def give_back_unstarted(service: Service, sweep_id: str, runs: Path, lease_s: float) -> list[str]:
    """Give back the sweep's runs whose agent died on this machine before it had made their folder here; their ids.

    A run that was ever heard of is left alone: another machine may have the same name, as containers do, and its agents
    are none of this one's processes.
    """
    host = socket.gethostname()
    dead = {agent.id for agent in service.agents() if agent.host == host and not _lives(agent)}
    unstarted = [
        run
        for run in service.runs(sweep_id)
        if run.state is RunState.RUNNING
        and run.agent_id in dead
        and run.lease_until <= run.started_at + lease_s
        and Path(run.folder) == runs / run.id
        and not (runs / run.id / "lock").exists()
    ]
    return [run.id for run in unstarted if _give_back(service, run)]


def _lives(agent: Agent) -> bool:
    """Whether the agent's process is still there, and not another that got its number since."""
    started_at = created_at(agent.pid)
    return started_at is not None and started_at <= agent.started_at + _CLOCKS_APART_S


def _give_back(service: Service, run: Run) -> bool:
    try:
        service.finish(Finish(run.id, run.lease, "lost", seconds=0.0))
    except (*AWAY, *GONE) as error:
        _log.info("run %s: %s", run.id, error)
        return False
    _log.info("run %s: its agent died before it began; given back", run.id)
    return True


def _take_up(service: Service, folder: RunFolder, blames: Mapping[str, Failure]) -> bool:
    if not folder.hold():
        return False
    holder = folder.holder()
    if holder is None:  # not written by an agent that we know how to follow
        folder.end()
        return True
    if holder.host != socket.gethostname():  # its processes are out of reach; the lease's end will settle it
        folder.release()
        return False
    end_leftovers(holder.assignment.run_id, holder.pid, holder.created_at)
    try:
        _deliver(service, folder, holder, blames.get(holder.assignment.run_id))
    except AWAY as error:
        _log.warning("run %s: not yet given back: %s", holder.assignment.run_id, error)
        folder.release()
        return False
    except GONE as error:
        _log.info("run %s: %s", holder.assignment.run_id, error)
    folder.end()
    return True


def _deliver(service: Service, folder: RunFolder, holder: Holder, failure: Failure | None) -> None:
    run_id, lease = holder.assignment.run_id, holder.assignment.lease
    shipper = Shipper(service, run_id, lease, Spool(folder.history), Output(folder.output))
    shipper.resume(is_final=True)
    summary = folder.read_summary()
    while shipper.has_rest():
        shipper.ship({}, summary, is_final=True)
    ended: Literal["failed", "lost"] = "failed" if failure else "lost"
    shipper.finish(Finish(run_id, lease, ended, failure, summary=summary, seconds=_seconds_alive(folder)))
    _log.info("run %s: its agent died; %s", run_id, failure.message if failure else "given back, its trial goes on")


def _seconds_alive(folder: RunFolder) -> float:
    """How long the run showed signs of life: from its configuration to the last that it logged or printed."""
    written = [path.stat().st_mtime for path in (folder.config, folder.history, folder.output) if path.exists()]
    return max(written) - min(written) if written else 0.0
