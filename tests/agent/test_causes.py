"""A failure is told with its cause."""

import signal

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
