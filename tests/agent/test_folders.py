"""A run's folder is held by a living agent, or free for a successor, or over."""

import errno
import json
import os

import pytest

from besom.agent.folders import RunFolder, checkpoints_of, unended
from besom.wire import Assignment

ASSIGNMENT = Assignment("run1", "sweep1", 3, 1, 0, 7, 60.0, {"lr": 0.1, "opt": {"name": "sgd"}})


@pytest.fixture
def made(tmp_path):
    folder = RunFolder(tmp_path / "runs" / "run1")
    folder.create(ASSIGNMENT, checkpoints_of(tmp_path / "runs", ASSIGNMENT))
    return folder


def test_a_new_folder_has_the_configuration_and_the_checkpoints(made, tmp_path):
    assert json.loads(made.config.read_text()) == {"lr": 0.1, "opt": {"name": "sgd"}}
    assert json.loads(made.wandb_config.read_text())["lr"] == {"value": 0.1}
    assert (tmp_path / "checkpoints" / "3-1").is_dir()


def test_a_folder_is_held_from_the_moment_that_its_lock_can_be_seen(made, tmp_path):
    [seen] = unended(tmp_path / "runs")
    assert not seen.hold()
    assert seen.holder().assignment == ASSIGNMENT


@pytest.mark.parametrize("left", [1.0, 0.5])
def test_a_successor_learns_of_the_scripts_process_if_that_was_written_whole(made, left):
    before = (made.path / "lock").stat().st_size
    made.note_process(4711, 12.5)
    made.release()
    lock = made.path / "lock"
    os.truncate(lock, before + int(left * (lock.stat().st_size - before)))
    holder = RunFolder(made.path).holder()
    assert holder.assignment == ASSIGNMENT
    assert (holder.pid, holder.created_at) == ((4711, 12.5) if left == 1.0 else (None, None))


def test_a_folder_that_was_ended_is_nobodys_and_still_says_who_had_it(made, tmp_path):
    made.note_process(4711, 12.5)
    made.end()
    made.end()
    assert list(unended(tmp_path / "runs")) == []
    assert not RunFolder(made.path).hold()
    held = [json.loads(line) for line in (made.path / "holder").read_bytes().splitlines()]
    assert held[0]["assignment"]["run_id"] == ASSIGNMENT.run_id
    assert held[1] == {"pid": 4711, "created_at": 12.5}


def test_a_folder_that_cannot_be_held_for_want_of_room_is_as_if_never_begun(tmp_path, monkeypatch):
    def full(fd, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    folder = RunFolder(tmp_path / "runs" / "run1")
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        folder.create(ASSIGNMENT, tmp_path / "checkpoints")
    monkeypatch.undo()
    assert list(unended(tmp_path / "runs")) == []
    folder.create(ASSIGNMENT, tmp_path / "checkpoints")
    assert folder.holder().assignment == ASSIGNMENT


def test_a_released_folder_goes_to_one_successor_only(made):
    made.release()
    first, second = RunFolder(made.path), RunFolder(made.path)
    assert first.hold()
    assert not second.hold()


def test_an_ended_folder_is_nobodys(made, tmp_path):
    made.end()
    assert not RunFolder(made.path).hold()
    assert list(unended(tmp_path / "runs")) == []
    assert list(unended(tmp_path / "absent")) == []
