"""A failure is told with its cause."""

import signal
import subprocess
import sys

import pytest

from besom.agent.causes import MemoryKills, failure_of
from besom.agent.child import Exit
from besom.records import Cause


@pytest.mark.parametrize(
    ("ended", "last_lines", "cause"),
    [
        (Exit(3), "ValueError: no", Cause.EXIT_CODE),
        (Exit(None, signal.SIGSEGV), "", Cause.SIGNAL),
        (Exit(139), "", Cause.SIGNAL),
        (Exit(127), "/usr/bin/env: 'pythn': No such file or directory", Cause.NOT_STARTED),
        (Exit(1), "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20 MiB", Cause.CUDA_OUT_OF_MEMORY),
        (Exit(1), "RuntimeError: CUDA error: out of memory", Cause.CUDA_OUT_OF_MEMORY),
        (Exit(1), "jaxlib: RESOURCE_EXHAUSTED: Out of memory while trying to allocate", Cause.CUDA_OUT_OF_MEMORY),
        (Exit(1), "Traceback\nMemoryError", Cause.HOST_OUT_OF_MEMORY),
        (Exit(1), "numpy._core._exceptions._ArrayMemoryError: Unable to allocate 8 TiB", Cause.HOST_OUT_OF_MEMORY),
        (Exit(None, signal.SIGABRT), "terminate called: std::bad_alloc", Cause.HOST_OUT_OF_MEMORY),
        (Exit(1, error="Traceback\nKeyError: 'a'"), "", Cause.EXCEPTION),
    ],
)
def test_the_cause_is_read_from_how_it_ended_and_what_it_said(ended, last_lines, cause):
    failure = failure_of(ended, last_lines, is_memory_kill=False)
    assert failure.cause is cause
    assert failure.message


def test_only_an_exit_code_of_0_that_it_came_to_by_itself_is_success():
    assert Exit(0).is_success
    ends = [Exit(1), Exit(None, signal.SIGKILL), Exit(0, error="KeyError"), Exit(0, is_interrupted=True)]
    assert not any(ended.is_success for ended in ends)


def test_the_goodbye_of_wandbs_client_hides_no_exception():
    said = "Traceback\n  File\nRuntimeError: boom\n\x1b[34m\x1b[1mwandb\x1b[0m: Find logs at: wandb/run/logs\n\n"
    assert failure_of(Exit(1), said, is_memory_kill=False).message == "RuntimeError: boom"
    assert failure_of(Exit(1), "wandb: ERROR no\n", is_memory_kill=False).message == "wandb: ERROR no"


def test_a_kill_counts_as_memory_only_with_evidence():
    killed = Exit(None, signal.SIGKILL)
    with_evidence = failure_of(killed, "", is_memory_kill=True)
    without = failure_of(killed, "", is_memory_kill=False)
    assert with_evidence.cause is Cause.HOST_OUT_OF_MEMORY
    assert without.cause is Cause.SIGNAL
    assert "SIGKILL" in without.message


def test_any_growing_count_of_memory_kills_is_evidence():
    assert MemoryKills((0, 5)).has_grown_since(MemoryKills((0, 4)))
    assert not MemoryKills.now().has_grown_since(MemoryKills.now())


FRAMES = 'Traceback (most recent call last):\n  File "t.py", line 3, in <module>\n    main()\n    ~~~~^^\n'
HANDLED = "batch 64: CUDA out of memory, retrying with 32\n"
GROUP = """  + Exception Group Traceback (most recent call last):
  |   File "t.py", line 3, in <module>
  |     raise ExceptionGroup("two", [a, b])
  | ExceptionGroup: two (2 sub-exceptions)
  +-+---------------- 1 ----------------
    | Traceback (most recent call last):
    |   File "t.py", line 1, in <module>
    |     raise ValueError("first\\nsecond")
    | ValueError: first
    | second
    +---------------- 2 ----------------
    | Traceback (most recent call last):
    |   File "t.py", line 2, in <module>
    |     raise KeyError("a")
    | KeyError: 'a'
    +------------------------------------
"""
RANKS = """[rank1]: Traceback (most recent call last):
[rank0]: Traceback (most recent call last):
[rank1]:   File "t.py", line 3, in <module>
[rank0]:   File "t.py", line 3, in <module>
[rank1]:     main()
[rank1]: RuntimeError: CUDA error: device-side assert triggered
[rank0]:     main()
[rank0]: RuntimeError: CUDA error: device-side assert triggered
[rank1]: Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.
[rank0]: Compile with `TORCH_USE_CUDA_DSA` to enable device-side assertions.
"""
TORCHRUN = FRAMES + (
    "torch.distributed.elastic.multiprocessing.errors.ChildFailedError: \n=====\nt.py FAILED\n-----\nFailures:\n"
)
ACCELERATE = FRAMES + (
    "subprocess.CalledProcessError: Command '['/usr/bin/python3', 't.py']' returned non-zero exit status 1.\n"
)
WORKER = FRAMES + (
    "RuntimeError: Caught ValueError in DataLoader worker process 0.\nOriginal Traceback (most recent call last):\n"
    '  File "t.py", line 9, in fetch\n    data = 1\nValueError: bad row\nof many\n'
)
PYDANTIC = (
    "pydantic_core._pydantic_core.ValidationError: 1 validation error for Config\nlr\n  Input should be a valid number "
    "[type=float_type]\n    For further information visit https://errors.pydantic.dev/2.11/v/float_type\n"
)
RICH = (
    "╭───── Traceback (most recent call last) ─────╮\n│ t.py:3 in main                              │\n"
    "╰─────────────────────────────────────────────╯\nValueError: first\nsecond\n"
)
DSA = "RuntimeError: CUDA error: device-side assert triggered"


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (f"{FRAMES}{DSA}\nFor debugging\n\nCompile with `TORCH_USE_CUDA_DSA` to enable it.\n", DSA),
        (FRAMES + PYDANTIC, "pydantic_core._pydantic_core.ValidationError: 1 validation error for Config"),
        (
            FRAMES.split("\n", 1)[1] + PYDANTIC,
            "pydantic_core._pydantic_core.ValidationError: 1 validation error for Config",
        ),
        (
            f"{FRAMES}AssertionError: \nNot equal to tolerance\n\nMismatch: 1\n",
            "AssertionError: Not equal to tolerance",
        ),
        (f"{FRAMES}AssertionError\n", "AssertionError"),
        (f"{FRAMES}main.<locals>.Odd: first\nsecond\nepoch 3\n", "main.<locals>.Odd: first"),
        (f"{FRAMES}ValueError: a\n\nDuring handling of …:\n\n{FRAMES}KeyError: 'b'\na note\n", "KeyError: 'b'"),
        (f"{FRAMES}KeyError: 'b'\n\nException ignored in: <X>\n{FRAMES}TypeError: None\n", "KeyError: 'b'"),
        (f"Exception in thread T:\n{FRAMES}TypeError: None\n{FRAMES}KeyError: 'b'\n", "KeyError: 'b'"),
        ('  File "t.py", line 1\n    x = = 1\n        ^\nSyntaxError: invalid syntax\n', "SyntaxError: invalid syntax"),
        (GROUP, "ExceptionGroup: two (2 sub-exceptions): KeyError: 'a'"),
        (f"{GROUP}retrying\n{FRAMES}KeyError: 'b'\n", "KeyError: 'b'"),
        (RANKS, DSA),
        (RANKS + TORCHRUN, DSA),
        (TORCHRUN, "torch.distributed.elastic.multiprocessing.errors.ChildFailedError:"),
        (f"{FRAMES}KeyError: 'b'\n{ACCELERATE}", "KeyError: 'b'"),
        (WORKER, "ValueError: bad row"),
        (RICH, "ValueError: first"),
        (f"{FRAMES}ValueError: first\nsecond\nwandb: Find logs at: wandb/run/logs\n", "ValueError: first"),
        ("no\nlabel column\n", "label column"),
    ],
)
def test_an_exception_is_told_by_the_line_on_which_its_type_stands(said, message):
    failure = failure_of(Exit(1), said, is_memory_kill=False)
    assert (failure.cause, failure.message) == (Cause.EXIT_CODE, message)
    if "File" in said:
        failure = failure_of(Exit(1, error=said), HANDLED, is_memory_kill=False)
        assert (failure.cause, failure.message) == (Cause.EXCEPTION, message)


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        ("raise ValueError('first\\nsecond')", "ValueError: first"),
        ("e = ValueError('first\\nsecond'); e.add_note('a: note'); raise e", "ValueError: first"),
        ("exec('x = = 1')", "SyntaxError: invalid syntax"),
        ("raise ExceptionGroup('one', [OSError('no')])", "ExceptionGroup: one (1 sub-exception)"),
        ("def f(): f()\nf()", "RecursionError: maximum recursion depth exceeded"),
        ("def f():\n try: 1 / 0\n except ZeroDivisionError: raise KeyError('a\\nb')\nf()", "KeyError: 'a\\nb'"),
    ],
)
def test_what_this_python_prints_of_an_exception_is_read(raised, message):
    done = subprocess.run([sys.executable, "-c", raised], capture_output=True, text=True, check=False)
    assert failure_of(Exit(done.returncode), done.stderr, is_memory_kill=False).message == message


@pytest.mark.parametrize(
    ("ended", "said", "cause"),
    [
        (Exit(1), f"{HANDLED}epoch 1\n{FRAMES}KeyError: 'label_col'\n", Cause.EXIT_CODE),
        (Exit(1), f"{FRAMES}MemoryError\nretrying\n{FRAMES}KeyError: 'label_col'\n", Cause.EXIT_CODE),
        (Exit(1), f"{FRAMES}KeyError: 'label_col'\nskipped: CUDA out of memory\n", Cause.EXIT_CODE),
        (Exit(3), f"{HANDLED}epoch 1\nepoch 2\nno label column\n", Cause.EXIT_CODE),
        (Exit(None, signal.SIGSEGV), f"{HANDLED}epoch 1\nepoch 2\nepoch 3\n", Cause.SIGNAL),
        (Exit(1, error=f"{FRAMES}KeyError: 'label_col'\n"), HANDLED, Cause.EXCEPTION),
        (Exit(1, error="no label column"), f"{HANDLED}1\n2\n", Cause.EXCEPTION),
        (Exit(1), f"{FRAMES}KeyError: 'a'\nretrying\n{FRAMES}MemoryError\n", Cause.HOST_OUT_OF_MEMORY),
        (Exit(1), f"{FRAMES}pyarrow.lib.ArrowMemoryError: malloc of size 9 failed\n", Cause.HOST_OUT_OF_MEMORY),
        (Exit(1), f"{FRAMES}ExceptionGroup: a (1 sub-exception)\n{FRAMES}MemoryError\n", Cause.HOST_OUT_OF_MEMORY),
        (Exit(1), GROUP.replace("KeyError: 'a'", "MemoryError"), Cause.HOST_OUT_OF_MEMORY),
        (
            Exit(1),
            RANKS.replace("[rank1]: RuntimeError: CUDA error: device-side", "[rank1]: MemoryError: "),
            Cause.HOST_OUT_OF_MEMORY,
        ),
        (Exit(1), f"{FRAMES}torch.cuda.OutOfMemoryError: CUDA out of memory. Tried\n", Cause.CUDA_OUT_OF_MEMORY),
        (
            Exit(1),
            f"{FRAMES}RuntimeError: CUDA error: out of memory\nCUDA kernel\nFor\nwith\n",
            Cause.CUDA_OUT_OF_MEMORY,
        ),
        (Exit(1), f"{FRAMES}XlaRuntimeError: RESOURCE_EXHAUSTED: Out of memory while\n", Cause.CUDA_OUT_OF_MEMORY),
        (Exit(1), f"{FRAMES}cupy.cuda.memory.OutOfMemoryError: Out of memory allocating 8\n", Cause.CUDA_OUT_OF_MEMORY),
        (
            Exit(1),
            'Exception in thread "main" java.lang.OutOfMemoryError: heap\n' + "\tat a.b\n" * 9,
            Cause.HOST_OUT_OF_MEMORY,
        ),
        (
            Exit(None, signal.SIGABRT),
            "terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc\n",
            Cause.HOST_OUT_OF_MEMORY,
        ),
        (
            Exit(134),
            f"{FRAMES}KeyError: 'a'\nretrying\nterminate called after throwing an instance of 'c10::OutOfMemoryError'\n"
            "  what():  CUDA out of memory. Tried\n" + "frame #1: malloc\n" * 9,
            Cause.CUDA_OUT_OF_MEMORY,
        ),
        (Exit(None, signal.SIGABRT), f"{FRAMES}MemoryError\nterminate called without\n", Cause.HOST_OUT_OF_MEMORY),
    ],
)
def test_memory_is_the_cause_only_if_it_was_what_ended_the_script(ended, said, cause):
    assert failure_of(ended, said, is_memory_kill=False).cause is cause


def test_the_kernels_kill_is_the_cause_whatever_the_script_survived_before():
    failure = failure_of(Exit(None, signal.SIGKILL), HANDLED, is_memory_kill=True)
    assert (failure.cause, failure.message) == (Cause.HOST_OUT_OF_MEMORY, "the kernel killed it for want of memory")
