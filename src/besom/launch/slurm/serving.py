"""`python -m besom.launch.slurm.serving FOLDER PORT`: the server within a job, while its standard input lasts."""

from __future__ import annotations

import gc
import signal
import sys
from pathlib import Path
from types import FrameType

from besom.errors import WrongState
from besom.launch.slurm.hosting import REFUSED
from besom.launch.slurm.launches import Launch
from besom.server.home import Home
from besom.server.serve import serve_in_thread

_TURN_S = 0.0005


def main(launch: Launch, port: int) -> int:
    """Serve a launch's home until standard input ends; the exit code."""
    signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a job that ends sends it to all: agents have something to say first
    sys.setswitchinterval(_TURN_S)  # see `besom server`
    try:
        with serve_in_thread(Home(launch.home), "0.0.0.0", port, launch.server_token, is_shared=True) as served:  # noqa: S104 - with a token

            def give_way(_number: int, _frame: FrameType | None) -> None:
                if served.lost is not None:
                    raise SystemExit(REFUSED)

            signal.signal(signal.SIGTERM, give_way)
            if served.lost is not None:
                return REFUSED
            gc.freeze()
            sys.stdin.buffer.read()
    except WrongState as error:
        print(error, flush=True)  # noqa: T201 - its log
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main(Launch.read(Path(sys.argv[1])), int(sys.argv[2])))
