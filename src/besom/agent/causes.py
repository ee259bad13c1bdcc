"""Why a run failed, told from how it ended and from what it printed last."""

from __future__ import annotations

import re
import signal
import time
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from besom.agent.child import Exit
from besom.agent.tracebacks import exceptions_in
from besom.escapes import harmless
from besom.records import Cause, Failure

_GPU_MEMORY = re.compile(
    r"(CUDA|HIP|GPU) out of memory|torch\.(cuda\.)?OutOfMemoryError|CUDA_ERROR_OUT_OF_MEMORY"
    r"|CUDA error: out of memory"
    r"|cudaErrorMemoryAllocation|CU[A-Z]+_STATUS_ALLOC_FAILED|RESOURCE_EXHAUSTED: Out of memory"
    r"|ResourceExhaustedError.*OOM|errors_impl\.ResourceExhaustedError: "
    r"|cupy\.cuda\.memory\.OutOfMemoryError|CUDA_OUT_OF_MEMORY|cudaMalloc failed: out of memory"
)
_HOST_MEMORY = re.compile(
    r"(?:^|: )([\w.]+\.)?_?(Array|Arrow)?MemoryError\b|std::bad_alloc|Cannot allocate memory"
    r"|DefaultCPUAllocator: (not enough|can't allocate) memory"
    r"|DataLoader worker .* is killed by signal: Killed|java\.lang\.OutOfMemoryError",
    re.MULTILINE,
)
_ABORT = "terminate called "
_LAST = 3  # lines that tell the end of what has no traceback, what is indented below them not counted
_WIDTH = 400
_WANDBS = "wandb: "
_NOT_EXECUTABLE, _NOT_FOUND, _FIRST_OF_SIGNALS = 126, 127, 128


@dataclass(frozen=True, slots=True)
class MemoryKills:
    """How often the kernel has killed something for want of memory: in this process's control group, and anywhere."""

    counts: tuple[int, ...]

    @classmethod
    def now(cls) -> MemoryKills:
        """The counts up to now; zero where the system does not tell."""
        return cls((_counter(_control_group() / "memory.events"), _counter(Path("/proc/vmstat"))))

    @classmethod
    def lately(cls) -> MemoryKills:
        """As `now`, but up to a second old: the kernel is slow to tell, and many short runs may begin in a second."""
        return _counts_of(int(time.monotonic()))

    def has_grown_since(self, before: MemoryKills) -> bool:
        """Whether there were more since `before`."""
        return any(now > then for now, then in zip(self.counts, before.counts, strict=True))


def failure_of(ended: Exit, last_lines: str, *, is_memory_kill: bool) -> Failure:
    """Why a script that ended by itself failed.

    Args:
        ended: How it ended: no success.
        last_lines: What it printed last.
        is_memory_kill: The kernel killed something for want of memory while it ran.
    """
    number = ended.signal
    if number is None and ended.code is not None and ended.code > _FIRST_OF_SIGNALS:
        number = ended.code - _FIRST_OF_SIGNALS  # a shell's way to say it
    text = f"{last_lines}\n{ended.error}"
    cause, message = _cause_of(ended, number, text, is_memory_kill=is_memory_kill)
    return Failure(cause, message, ended.code, ended.signal, last_lines or ended.error)


def _cause_of(ended: Exit, number: int | None, text: str, *, is_memory_kill: bool) -> tuple[Cause, str]:
    if number == signal.SIGKILL and is_memory_kill:
        return Cause.HOST_OUT_OF_MEMORY, "the kernel killed it for want of memory"
    is_signal = ended.signal is not None or _is_signal(number)
    raised = exceptions_in(_own_lines(ended.error)) or exceptions_in(_own_lines(text))
    telling = raised if raised and not is_signal else [_ending(text)]
    for cause, pattern in ((Cause.CUDA_OUT_OF_MEMORY, _GPU_MEMORY), (Cause.HOST_OUT_OF_MEMORY, _HOST_MEMORY)):
        for told in telling:
            if match := pattern.search(told):
                return cause, _line_with(told, match)
    said = raised[-1][:_WIDTH] if raised else _last_line(ended.error or text)
    if ended.error:
        return Cause.EXCEPTION, said
    if is_signal:
        return Cause.SIGNAL, f"ended by {_signal_name(number)}, which besom did not send"
    if ended.code in (_NOT_EXECUTABLE, _NOT_FOUND):
        return Cause.NOT_STARTED, _last_line(text) or f"exit code {ended.code}: command not found"
    return Cause.EXIT_CODE, said or f"exit code {ended.code}"


def _is_signal(number: int | None) -> bool:
    return number in (signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS, signal.SIGFPE)


def _signal_name(number: int | None) -> str:
    try:
        return signal.Signals(number or 0).name
    except ValueError:
        return f"signal {number}"


def _line_with(text: str, match: re.Match[str]) -> str:
    start = text.rfind("\n", 0, match.start()) + 1
    return text[start:].split("\n", 1)[0].strip()[:_WIDTH]


def _last_line(text: str) -> str:
    own = _own_lines(text)
    return own[-1].strip()[:_WIDTH] if own else ""


def _ending(text: str) -> str:
    """The last lines, with what is indented below them; of what C++ ended, all from where it says so."""
    own = _own_lines(text)
    starts = [at for at, line in enumerate(own) if not line[0].isspace()][-_LAST:]
    aborts = [at for at, line in enumerate(own) if line.startswith(_ABORT)]
    return "\n".join(own[min((*starts, *aborts), default=0) :])


def _own_lines(text: str) -> list[str]:
    """The lines that the script printed: W&B's client says goodbye after it."""
    lines = [line for line in harmless(text).splitlines() if line.strip()]
    return [line for line in lines if not line.startswith(_WANDBS)] or lines


@lru_cache(maxsize=1)
def _counts_of(second: int) -> MemoryKills:
    return MemoryKills.now()


@cache
def _control_group() -> Path:
    try:
        unified = [line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::")]
    except OSError:
        unified = []
    return Path("/sys/fs/cgroup") / (unified[0].lstrip("/") if unified else "")


def _counter(path: Path) -> int:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("oom_kill ")), 0)
