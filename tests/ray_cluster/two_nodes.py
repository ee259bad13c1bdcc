"""A real Ray cluster of two nodes on this one machine, with pretended cores and GPUs."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import tempfile
from functools import partial

import polling
from marked_processes import marked_processes

GPUS = 2
HAS = {"num_cpus": 8, "num_gpus": GPUS}
IMPATIENT = {
    "health_check_initial_delay_ms": 0,
    "health_check_period_ms": 1000,
    "health_check_timeout_ms": 10000,
    "health_check_failure_threshold": 5,
    "agent_register_timeout_ms": 120_000,
}
"""After five seconds without its daemon a node is dead, not after half a minute."""


eventually = partial(polling.eventually, within_s=120.0, every_s=0.05)
"""A cluster takes its time."""


class TwoNodes:
    """A head and a second node, each with two GPUs, which this process joins as well."""

    def __init__(self) -> None:
        self._folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")
        os.environ |= {"RAY_TMPDIR": self._folder, "RAY_worker_niceness": "0"}
        import ray
        from ray.cluster_utils import Cluster

        self._ray = ray
        head = {**HAS, "include_dashboard": False, "_system_config": IMPATIENT}
        self._cluster = Cluster(initialize_head=True, head_node_args=head)
        self.address = str(self._cluster.address)
        self._second = self._cluster.add_node(**HAS)
        ray.init(address=self.address, namespace="besom", log_to_driver=False)

    def actors(self) -> list[str]:
        """Names of besom's actors that have not ended."""
        return sorted(self._ray.util.list_named_actors())

    def crash(self) -> None:
        """Let the second node die as in a power cut: its daemons, and every process that it had started."""
        (raylet,) = self._second.all_processes["raylet"]
        for pid in [raylet.process.pid, *marked_processes("RAY_RAYLET_PID", str(raylet.process.pid))]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._cluster.remove_node(self._second, allow_graceful=False)
        self._second = None

    def mend(self) -> None:
        """Have a second node, where it has died."""
        if self._second is None:
            self._second = self._cluster.add_node(**HAS)

    def clear(self) -> None:
        """End every actor of besom's, and wait until they and all runs are gone."""
        for name in self.actors():
            with contextlib.suppress(ValueError):
                self._ray.kill(self._ray.get_actor(name))
        eventually(lambda: not self.actors(), "every actor has ended")
        self.mend()

    def stop(self) -> None:
        self._ray.shutdown()
        self._cluster.shutdown()
        shutil.rmtree(self._folder, ignore_errors=True)
