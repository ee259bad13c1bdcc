"""A run as a call of a Python function, in the agent's own process and main thread: for notebooks and scripts."""

from __future__ import annotations

import contextlib
import ctypes
import io
import os
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO

from besom.agent.bell import Bell
from besom.agent.child import Child, Exit
from besom.agent.executors import Job
from besom.agent.reaper import kill_marked
from besom.sdk import run as calls
from besom.sdk.orders import Stopped


class FunctionExecutor:
    """Calls `function()` for each run; `besom.init()` in it finds the run. A second thread watches and reports.

    An order to end raises `Stopped` in the function: at its next `log`, or soon after at the next line of Python.
    What runs in the agent's own process cannot be killed: a function that stays in compiled code ends when that does.
    """

    def __init__(self, function: Callable[[], Any]) -> None:
        self._function = function

    def execute(self, job: Job, watch: Callable[[Child], None]) -> None:
        """Call the function here, and `watch` in a thread. Raises what `watch` raised, and KeyboardInterrupt."""
        call = _Call(self._function, job.assignment.run_id, job.bell)
        errors: list[BaseException] = []
        watcher = threading.Thread(target=_keep_errors, args=(watch, call, errors), name="besom-watch", daemon=True)
        watcher.start()
        try:
            with _environment(job.environment()), _copied_output(job.folder.output):
                call.make()
        finally:
            watcher.join()
        if errors:
            raise errors[0]
        if call.interrupt is not None:
            raise call.interrupt


class _Call:
    """The call as something to watch: see `child.Child`."""

    created_at: float | None = None  # nothing to kill for a successor: the process died with the agent

    def __init__(self, function: Callable[[], Any], run_id: str, bell: Bell) -> None:
        self.pid = os.getpid()
        self.interrupt: KeyboardInterrupt | None = None
        self._function, self._run_id, self._bell = function, run_id, bell
        self._thread_id = threading.get_ident()
        self._lock = threading.Lock()
        self._is_under_way = True
        self._exited = threading.Event()
        self._exit = Exit(0)

    @property
    def has_exited(self) -> bool:
        return self._exited.is_set()

    def make(self) -> None:
        """Call the function and keep how it ended."""
        try:
            self._exit = self._outcome()
        except Stopped:  # asked to end in the moment when it had
            self._exit = Exit(0)
        with self._lock:
            self._is_under_way = False
            _raise_in(self._thread_id, None)
        self._exited.set()
        self._bell.ring()

    def _outcome(self) -> Exit:
        try:
            self._function()
        except Stopped:
            return Exit(0)
        except SystemExit as leaving:
            code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
            calls.finish(code)
            return Exit(code, error=str(leaving.code) if code else "")
        except KeyboardInterrupt as interrupt:
            self.interrupt = interrupt
            return Exit(None, is_interrupted=True)
        except BaseException:  # noqa: BLE001 - whatever it raises is how this run failed
            traceback.print_exc()
            calls.finish(1)
            return Exit(1, error=traceback.format_exc())
        calls.finish()
        return Exit(0)

    def terminate(self) -> None:
        """Raise Stopped in the function, at its next line of Python."""
        with self._lock:
            if self._is_under_way:
                _raise_in(self._thread_id, Stopped)

    def kill(self) -> None:
        """As `terminate`, and kill the processes that it started."""
        self.terminate()
        kill_marked([self._run_id])

    def reap(self) -> Exit:
        kill_marked([self._run_id])
        return self._exit


def _raise_in(thread_id: int, error: type[BaseException] | None) -> None:
    """Python's own way to raise in another thread; None takes back what was not yet raised."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(thread_id), ctypes.py_object(error) if error is not None else None
    )


def _keep_errors(watch: Callable[[Child], None], call: _Call, errors: list[BaseException]) -> None:
    try:
        watch(call)
    except BaseException as error:  # noqa: BLE001 - raised again in the main thread
        errors.append(error)


@contextlib.contextmanager
def _environment(env: Mapping[str, str]) -> Iterator[None]:
    """Let the SDK and the function see the run's variables, and afterwards their own again."""
    before = dict(os.environ)
    os.environ.update(env)
    calls.begin(env)
    try:
        yield
    finally:
        calls.end()
        os.environ.clear()
        os.environ.update(before)


@contextlib.contextmanager
def _copied_output(path: Path) -> Iterator[None]:
    """What Python prints goes to the screen as always, and to the run's output."""
    with path.open("a", encoding="utf-8", errors="replace", buffering=1) as log:
        out, err = _Copying(sys.stdout, log), _Copying(sys.stderr, log)
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            yield


class _Copying(io.TextIOBase):
    """A stream that writes to two; asked for anything else it is the first."""

    def __init__(self, first: TextIO, second: TextIO) -> None:
        super().__init__()
        self._first, self._second = first, second

    def write(self, text: str) -> int:
        self._second.write(text)
        return self._first.write(text)

    def flush(self) -> None:
        self._first.flush()
        self._second.flush()

    def isatty(self) -> bool:
        return self._first.isatty()

    def fileno(self) -> int:
        return self._first.fileno()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._first.encoding
