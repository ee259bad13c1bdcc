"""A tiny process that outlives its agent by a moment: when the agent dies, it ends the scripts that this had started.

A bare interpreter runs this file as a script (`python -I -S reaper.py`), so it uses the standard library only. It
reads lines from its agent: `run ID` before a script starts, `group ID PGID` after, `end ID` when nothing is left of
it. The end of the pipe means that the agent is gone, however it went; whatever is on the list then is killed.
"""

import os
import signal
import sys
import time
from collections.abc import Collection

_MARK = b"BESOM_RUN_ID="


def marked(run_ids: Collection[str]) -> list[int]:
    """Living processes, the caller excepted, whose environment names one of the runs, wherever they fled to."""
    wanted = {_MARK + run_id.encode() for run_id in run_ids}
    found = []
    for name in os.listdir("/proc"):  # noqa: PTH208 - at each run's end over every process: speed counts
        if not name.isdigit() or int(name) == os.getpid():
            continue
        try:
            with open(f"/proc/{name}/environ", "rb") as file:  # noqa: PTH123 - see above
                environ = file.read()
        except OSError:  # ended meanwhile, or another user's
            continue
        if _MARK in environ and not wanted.isdisjoint(environ.split(b"\0")):
            found.append(int(name))
    return found


def kill_marked(run_ids: Collection[str], patience_s: float = 2.0) -> None:
    """Kill every process of the runs, and what these start meanwhile, until none is left or patience ends."""
    deadline = time.monotonic() + patience_s
    while run_ids and (pids := marked(run_ids)):
        for pid in pids:
            send(pid, signal.SIGKILL)
        if time.monotonic() > deadline:  # stuck in the kernel: the signal stays pending
            return
        time.sleep(0.005)


def send(pid: int, number: int) -> None:
    """Signal a process, if it is still there."""
    try:
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        return


def send_group(pgid: int, number: int) -> None:
    """Signal every process of a group, if any is still there."""
    try:
        os.killpg(pgid, number)
    except (ProcessLookupError, PermissionError):
        return


def main() -> None:
    """Follow the agent's list until the agent is gone, then kill what is on it."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # Ctrl-C is for the agent; this process ends with the pipe
    groups: dict[str, int] = {}
    for line in sys.stdin:
        verb, run_id, *rest = line.split()
        if verb == "end":
            groups.pop(run_id, None)
        else:
            groups[run_id] = int(rest[0]) if rest else 0
    for pgid in groups.values():
        if pgid:
            send_group(pgid, signal.SIGKILL)
    kill_marked(groups)


if __name__ == "__main__":
    main()
