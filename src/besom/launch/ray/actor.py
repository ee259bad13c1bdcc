"""What runs in Ray: an actor that keeps one agent up, and leaves when that has nothing left to do.

It has no memory: Ray makes it anew elsewhere when its node dies, and what its agent had in hand goes on as after any
other death, when the lease ends, from the trial's checkpoint.
"""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from itertools import count
from pathlib import Path

from besom.errors import BesomError
from besom.launch.ray.keeper import Keeper
from besom.launch.ray.launches import Launch, agent_name

_LEAVE_AGAIN_S = 5.0


class AgentActor:
    """One agent of a launch, on whatever node Ray has put it."""

    def __init__(self, launch: Launch, index: int) -> None:
        """Start the agent, the first time and after each restart of the actor.

        Args:
            launch: What it belongs to.
            index: Its number there.
        """
        self._launch = launch
        self._keeper = Keeper(command_of(launch, index), environment_of(launch), _new_log(launch, index))
        threading.Thread(target=self._see_through, name="besom-keeper", daemon=True).start()

    def node(self) -> str:
        """The name of the machine that it is on."""
        return socket.gethostname()

    def why_not(self) -> str:
        """Why the agent cannot get at its sweep from here; empty where it can."""
        from besom.server.connect import connect

        try:
            with connect(server=self._launch.server, token=self._launch.server_token) as service:
                service.sweep(self._launch.sweep_id)
        except BesomError as error:
            return str(error)
        return ""

    def stop(self) -> None:
        """Have the agent give its run back and end; the actor leaves after it."""
        self._keeper.stop()

    def _see_through(self) -> None:
        try:
            self._keeper.run()
        finally:
            _leave()


def command_of(launch: Launch, index: int) -> list[str]:
    """The agent's command line."""
    return launch.command(agent_name(launch.token, index), launch.options.idle_s)


def environment_of(launch: Launch) -> dict[str, str]:
    """The agent's environment: this process's, in which Ray has named the GPUs, and where its sweep is."""
    return {**os.environ, **launch.environment}


def _new_log(launch: Launch, index: int) -> Path | None:
    """A log of this attempt alone; None where this node does not share the home, or cannot write there.

    Then what the agent says goes to Ray's own logs.
    """
    for attempt in count():
        path = launch.log(index, attempt)
        try:
            path.touch(exist_ok=False)
        except FileExistsError:
            continue
        except OSError:
            break
        return path
    return None


def _leave() -> None:
    """End this actor for good. Where Ray does not listen, again: left alone it would hold its GPU for nothing."""
    import ray

    while True:
        with contextlib.suppress(Exception):  # Ray's head may be away, and says so in many ways
            ray.kill(ray.get_runtime_context().current_actor, no_restart=True)
        time.sleep(_LEAVE_AGAIN_S)
