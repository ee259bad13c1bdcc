"""A run's folder is held by a living agent, or free for a successor, or over."""

import json

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
