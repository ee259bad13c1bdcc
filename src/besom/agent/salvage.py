"""After an agent's death: end what it left running, deliver what it had not sent, and give its runs back."""

from __future__ import annotations

import logging
import socket
from pathlib import Path

from besom.agent.child import end_leftovers
from besom.agent.folders import Holder, RunFolder, unended
from besom.agent.output import Output
from besom.agent.shipping import AWAY, GONE, Shipper
from besom.agent.spool import Spool
from besom.service import Service
from besom.wire import Finish

_log = logging.getLogger("besom.agent")


def salvage(service: Service, runs: Path) -> list[str]:
    """Take up the runs in this folder whose agent died on this machine; their ids.

    Each goes back to the sweep as lost, so that its trial goes on at once. One whose lease is lost already is only
    cleaned up; one that cannot be delivered now, because the server is away, stays for the next agent.
    """
    return [folder.path.name for folder in unended(runs) if _take_up(service, folder)]


def _take_up(service: Service, folder: RunFolder) -> bool:
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
        _deliver(service, folder, holder)
    except AWAY as error:
        _log.warning("run %s: not yet given back: %s", holder.assignment.run_id, error)
        folder.release()
        return False
    except GONE as error:
        _log.info("run %s: %s", holder.assignment.run_id, error)
    folder.end()
    return True


def _deliver(service: Service, folder: RunFolder, holder: Holder) -> None:
    run_id, lease = holder.assignment.run_id, holder.assignment.lease
    shipper = Shipper(service, run_id, lease, Spool(folder.history), Output(folder.output))
    shipper.resume()
    summary = folder.read_summary()
    while shipper.has_rest():
        shipper.ship({}, summary, is_final=True)
    shipper.finish(Finish(run_id, lease, "lost", summary=summary))
    _log.info("run %s: its agent died; given back, its trial goes on", run_id)
