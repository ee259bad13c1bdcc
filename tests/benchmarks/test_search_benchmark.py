import json
import math
import subprocess
import sys
from dataclasses import replace
from functools import partial
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from benchmarks.search import without
from benchmarks.search.peers.contract import Job, Problem
from benchmarks.search.protocols import play
from benchmarks.search.regret import FLOOR, curve_of, reached, speed_up
from benchmarks.search.results import Played, played_of
from benchmarks.search.roster import entry, name_of, roster
from benchmarks.search.tasks.catalogue import named, set_of
from benchmarks.search.tasks.task import Task

ROOT = Path(__file__).parent.parent.parent


def task(epochs: int = 9, truth=None) -> Task:
    """The value falls by 1 an epoch from x, so that the best of x in [0, 10] ends at -epochs."""
    return Task(
        name="made/line",
        family="made",
        space={"x": {"min": 0.0, "max": 10.0}},
        goal="minimize",
        max_epochs=epochs,
        curve=lambda config: config["x"] - np.arange(1, epochs + 1, dtype=float),
        best=-float(epochs),
        worst=5.0 - epochs,
        truth=truth,
    )


class Scripted:
    """Asks for what it was given; orders what `order` says of each report."""

    def __init__(self, jobs, order=lambda job, epoch: "continue"):
        self.jobs, self.order, self.told, self.reports = list(jobs), order, [], []

    def ask(self):
        return self.jobs.pop(0) if self.jobs else None

    def report(self, job, epoch, value):
        self.reports.append((job.id, epoch, value))
        return self.order(job, epoch)

    def tell(self, job, value):
        self.told.append((job.id, value))


def job(number: int, x: float, until: int = 9) -> Job:
    return Job(number, {"x": x}, until)


def test_a_trial_that_is_resumed_pays_the_further_epochs_alone():
    peer = Scripted([job(1, 4.0, 3), job(2, 2.0, 3), job(1, 4.0, 9)])
    run = play("B", "scripted", task(), 0, lambda problem: peer)
    assert run.spent == 3 + 3 + 6
    assert peer.told == [(1, 1.0), (2, -1.0), (1, -5.0)]
    assert run.trials == 2


def test_a_job_that_would_exceed_the_budget_is_cut_and_not_told():
    peer = Scripted(job(number, 5.0) for number in range(100))
    run = play("B", "scripted", task(), 0, lambda problem: peer)
    assert run.spent == 20 * 9
    assert len(peer.told) == 19


def test_a_stopped_trial_pays_only_what_it_ran():
    peer = Scripted([job(1, 5.0), job(2, 1.0)], lambda job, epoch: "stop" if job.id == 1 and epoch == 2 else "continue")
    run = play("B", "scripted", task(), 0, lambda problem: peer)
    assert run.spent == 2 + 9
    assert peer.told[0] == (1, 3.0)


def test_at_full_fidelity_a_peer_learns_the_last_value_alone():
    seen: list[Problem] = []
    peer = Scripted(job(number, 5.0, 1) for number in range(80))
    run = play("A", "scripted", task(), 0, lambda problem: seen.append(problem) or peer)
    assert (seen[0].has_curve, seen[0].max_epochs, seen[0].budget) == (False, 1, 50)
    assert run.spent == 50
    assert peer.told[0] == (0, -4.0)
    assert not peer.reports


def test_a_peer_that_asks_for_nothing_for_ever_is_an_error():
    peer = Scripted(job(1, 5.0, 3) for _ in range(5_000))
    with pytest.raises(RuntimeError, match="nothing to train"):
        play("B", "scripted", task(), 0, lambda problem: peer)


def test_luck_is_not_scored():
    noisy = task(1, truth=lambda config: 3.0)
    run = play("A", "scripted", noisy, 0, lambda problem: Scripted([job(1, 0.5, 1)]))
    assert run.steps == ((1, 3.0),)


def test_four_agents_end_sooner_and_as_many_trials_are_played():
    times = {
        protocol: play(protocol, "scripted", task(), 3, lambda problem: Scripted(job(i, i % 10, 1) for i in range(99)))
        for protocol in ("P1", "P4")
    }
    assert times["P1"].trials == times["P4"].trials == 48
    assert 3.2 < times["P1"].spent / times["P4"].spent <= 4


def test_curves_stand_at_the_incumbent_from_when_it_was_shown():
    run = Played("A", "p", "t", 0, steps=((2, 0.0), (4, -9.0)), spent=6)
    logs = curve_of(run, task(), np.arange(1.0, 7))
    np.testing.assert_allclose(10**logs, [10, 9 / 5, 9 / 5, FLOOR, FLOOR, FLOOR])


def test_a_speed_up_is_what_they_spent_over_what_we_need_and_its_inverse_where_we_never_get_there():
    at = np.arange(1.0, 11)
    fast, slow = np.linspace(0, -2, 10), np.linspace(0, -1, 10)
    assert speed_up(fast, slow, at) == pytest.approx(10 / 5.5)
    assert speed_up(slow, fast, at) == pytest.approx(5.5 / 10)
    assert speed_up(slow, slow, at) == pytest.approx(1)
    assert reached(slow, at, -1.5) is None


def test_a_result_is_the_same_after_its_line_of_json():
    run = Played("B", "besom", "made/line", 3, ((1, 0.123456), (17.5, -2.0)), 180, 12, 1.25, "")
    assert played_of(run.line()) == run
    assert "error" not in run.line()


def test_the_two_sets_share_no_task_and_every_training_is_in_one_of_them():
    choosing, held_out = set_of("choosing"), set_of("held-out")
    assert not set(choosing) & set(held_out)
    assert set(named(["trainings"])) <= set(choosing) | set(held_out)
    assert sum(name.startswith("trainings/") for name in choosing) == 8
    with pytest.raises(LookupError, match="nearest lcbench"):
        named(["lcbnch"])


def test_the_roster_is_read_without_importing_any_peer():
    assert {"besom", "random", "optuna-tpe", "wandb-bayes-hyperband"} <= set(roster())
    assert name_of("W&B bayes + hyperband") == "wandb-bayes-hyperband"
    changed = entry("besom-stop@search.bayes._INITIAL_TRIALS=8")
    assert changed.options == {"has_checkpoints": False}
    with pytest.raises(LookupError, match="besom"):
        entry("bsom")


@pytest.mark.parametrize("peer", ["random", "besom", "besom@search.bayes._INITIAL_TRIALS=3"])
def test_a_child_plays_a_run_and_prints_it(peer):
    command = [sys.executable, "-m", "benchmarks.search.play", peer, "A", "synthetic/cells", "1"]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    run = json.loads(said[-1])
    assert said[0] == "ready"
    assert "error" not in run
    assert (run["peer"], run["task"], run["spent"]) == (peer, "synthetic/cells", 50)


def rough(config) -> np.ndarray:
    """Luck alone for six epochs of nine, then a slope; alike in each of a few hundred fields."""
    luck = round(math.sin(math.floor(config["x"] * 2) + 7 * math.floor(config["y"] * 2)), 1)
    slope = math.floor(abs(config["x"] - 3.0)) + math.floor(abs(config["y"] - 6.0)) ** 2
    return np.array([luck + (t > 6) * (t - 6) * (slope - 50.0) for t in range(1, 10)])


class Differs(Exception):
    """A configuration is not the one that besom as a whole tried."""


def played(peer: str, protocol: str, tried) -> None:
    """Plays a run of the peer on the rough task; `tried` is called with each configuration."""
    space = {"x": {"min": 0.0, "max": 10.0}, "y": {"min": 0.0, "max": 10.0}}
    hard = replace(task(), space=space, curve=lambda config: tried(config) or rough(config))
    make = import_module(f"benchmarks.search.peers.{entry(peer).module}").make
    play(protocol, peer, hard, 1, partial(make, **entry(peer).options))


@pytest.fixture(scope="module")
def whole():
    """What besom as a whole tries, by the protocol."""
    configs = {"A": [], "B": []}
    for protocol, those in configs.items():
        played("besom", protocol, those.append)
    return configs


@pytest.mark.parametrize("part", without.PARTS)
def test_each_part_that_an_ablation_takes_out_makes_a_difference(part, whole, monkeypatch):
    for module, name in without.PARTS[part]:
        monkeypatch.setattr(module, name, getattr(module, name))  # puts it back afterwards

    def compared(configs):
        rest = iter(configs)

        def tried(config):
            if config != next(rest, None):
                raise Differs

        return tried

    with pytest.raises(Differs):
        for protocol, configs in whole.items():
            played(name_of(f"besom without {part}"), protocol, compared(configs))
