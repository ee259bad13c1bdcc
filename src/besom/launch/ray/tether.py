"""`python -I -S tether.py PARENT COMMAND...`: becomes the command, which is killed the moment its parent's thread ends.

Ray ends an actor's process as it likes: without this its agent would go on, on a GPU that Ray gives to the next.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def become(parent: int, command: list[str]) -> None:
    """Be the command, tied to the parent; nothing, where that has ended already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # Ray's processes block SIGINT
    if os.getppid() == parent:
        os.execv(command[0], command)  # noqa: S606 - an agent, on behalf of its user


if __name__ == "__main__":
    become(int(sys.argv[1]), sys.argv[2:])
