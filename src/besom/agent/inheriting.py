"""Going on with another agent's trial: first deliver what that one's run logged and could not send."""

from __future__ import annotations

import logging
from pathlib import Path

from besom.agent.folders import RunFolder
from besom.agent.output import Output
from besom.agent.reaper import kill_marked
from besom.agent.shipping import AWAY, GONE, Shipper
from besom.agent.spool import Spool
from besom.records import Run, RunState
from besom.service import Service
from besom.wire import Assignment

_log = logging.getLogger("besom.agent")


def take_over(service: Service, assignment: Assignment, runs: Path) -> bool:
    """Deliver the rest of the trial's lost runs that lie in this folder; whether there was any.

    Their checkpoints lie here too, and may have got further than the server knows. What is left of them on this machine
    is ended first: it would go on writing there.

    Raises:
        ServerUnreachable, ServerError, StoreError: Not delivered; doing it again goes on.
    """
    lost = [
        run
        for run in service.runs(assignment.sweep_id, assignment.trial)
        if run.state is RunState.LOST
        and (run.repeat, Path(run.folder)) == (assignment.repeat, runs / run.id)
        and run.lease < assignment.lease
    ]
    return sum(_delivered(service, run, assignment.lease, RunFolder(runs / run.id)) for run in lost) > 0


def _delivered(service: Service, run: Run, lease: int, folder: RunFolder) -> bool:
    kill_marked([run.id])
    shipper = Shipper(service, run.id, lease, Spool(folder.history), Output(folder.output))
    summary, has_any = folder.read_summary(), False
    try:
        shipper.resume(is_final=True)
        while shipper.has_rest():
            has_any = True
            shipper.ship({}, summary, is_final=True)
    except AWAY:
        raise
    except GONE as error:
        _log.info("run %s: %s", run.id, error)
    except OSError as error:  # its files cannot be read: the trial goes on without
        _log.warning("run %s: what it logged last is not known: %s", run.id, error)
    if has_any:
        _log.info("run %s: delivered what it logged before its agent was lost", run.id)
    return has_any
