"""Python loads this at its start wherever its folder is on PYTHONPATH. It breaks a process from within, as told by

BESOM_TEST_CLOCK: a file; time.time() is ahead by the seconds that stand in it, whenever it is asked.
BESOM_TEST_HOST: what the machine is called.
BESOM_TEST_DEATH: `module:name before|after COUNT`; a besom command kills itself with -9 at that call of it.
"""

import importlib
import itertools
import os
import signal
import socket
import sys
import time
from pathlib import Path

_true_time = time.time


def _shifted_time() -> float:
    try:
        return _true_time() + float(Path(os.environ["BESOM_TEST_CLOCK"]).read_text() or 0.0)
    except FileNotFoundError:
        return _true_time()


def _deadly(call, when: str, count: int):
    calls = itertools.count(1)

    def deadly(*args, **named):
        is_the_one = next(calls) == count
        if is_the_one and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = call(*args, **named)
        if is_the_one:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return deadly


if "BESOM_TEST_CLOCK" in os.environ:
    time.time = _shifted_time
if "BESOM_TEST_HOST" in os.environ:
    socket.gethostname = lambda: os.environ["BESOM_TEST_HOST"]
if "BESOM_TEST_DEATH" in os.environ and sys.orig_argv[1:3] == ["-m", "besom"]:
    place, when, count = os.environ["BESOM_TEST_DEATH"].split()
    module, _, path = place.partition(":")
    owner = importlib.import_module(module)
    *outer, name = path.split(".")
    for each in outer:
        owner = getattr(owner, each)
    setattr(owner, name, _deadly(getattr(owner, name), when, int(count)))
