"""A home on a disk that fills up: besom says so and waits, nothing is damaged, and all goes on once there is room."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_bench import Bench, eventually

PRINTS = """
import os, time
here = os.path.dirname(os.path.abspath(__file__))
name = f"{os.environ['BESOM_TRIAL']}-{os.environ['BESOM_ATTEMPT']}-1"
open(f"{here}/pid-{name[:-2]}", "w").write(str(os.getpid()))
if os.path.exists(f"{here}/hold-{name}"):
    print("loss: 3", flush=True)
    open(f"{here}/held-{name}", "w").close()
    while os.path.exists(f"{here}/hold-{name}"):
        time.sleep(0.005)
print("loss: 2", flush=True)
"""


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of two megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture
def small(tmp_path: Path, disk: Path) -> Iterator[Bench]:
    """A bench whose home is on the small disk."""
    bench = Bench(tmp_path, disk / "home")
    yield bench
    bench.kill_everything()


def fill(bench: Bench) -> Path:
    """Take all the room that is left on the small disk."""
    filler = bench.folder / "disk" / "filler"
    with filler.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(1024))
        except OSError:
            return filler


def await_trouble(bench: Bench, process: subprocess.Popen[bytes]) -> None:
    """Wait until the command tells that the disk is full, which it stays: what others let go of is taken too."""
    bench.await_said(process, "disk is full", meanwhile=lambda: fill(bench))


def test_a_sweep_waits_for_room_and_loses_nothing(small: Bench, undisturbed):
    small.write(epochs=400, pace_s=0.002, run_cap=3)
    small.hold("2-0-100")
    process = small.start("run", "sweep.json", "--agents", "1", "--no-report")
    small.await_held("2-0-100")
    filler = fill(small)
    small.let_go("2-0-100")
    eventually(lambda: len(small.told(small.runs()[1].id)) == 400, "the script logs on")
    await_trouble(small, process)
    filler.unlink()
    small.ended(process)

    assert [(run.trial, str(run.state), run.rows) for run in small.runs()] == [(n, "finished", 400) for n in (1, 2, 3)]
    small.assert_every_row_is_kept_once()
    assert small.suggestions() == undisturbed(epochs=400, run_cap=3)


@pytest.mark.parametrize("full", ["store", "run folder"])
def test_where_only_one_of_two_disks_is_full_the_sweep_waits_too(tmp_path: Path, disk: Path, undisturbed, full: str):
    bench = Bench(tmp_path, disk / "home") if full == "store" else Bench(tmp_path)
    runs = (tmp_path if full == "store" else disk) / "runs"
    bench.write(epochs=400, pace_s=0.002, run_cap=2)
    bench.hold("1-0-100")
    process = bench.start("agent", bench.run("sweep", "sweep.json").split()[1], "--folder", str(runs))
    try:
        bench.await_held("1-0-100")
        filler = fill(bench)
        bench.let_go("1-0-100")
        run_id = bench.runs()[0].id
        eventually(lambda: len(bench.told(run_id)) == 400, "the script logs on")
        history = runs / run_id / "history.jsonl"
        if full == "run folder":
            assert history.read_bytes().count(b"\n") < 400  # the rest waits in the script
        else:
            await_trouble(bench, process)
        filler.unlink()
        bench.ended(process)
    finally:
        bench.kill_everything()

    bench.assert_every_trial_is_finished_once()
    bench.assert_every_row_is_kept_once()
    assert bench.suggestions() == undisturbed(epochs=400, run_cap=2)


def test_no_trial_is_spent_on_a_disk_that_is_full(small: Bench):
    small.write(PRINTS, run_cap=4, besom={"metrics": [{"regex": r"loss: (?P<loss>\S+)"}]})
    small.hold("2-0-1")
    process = small.start("run", "sweep.json", "--agents", "1", "--no-report")
    script = small.await_held("2-0-1")
    filler = fill(small)
    small.let_go("2-0-1")
    eventually(lambda: script not in small.processes(), "the script ends")
    await_trouble(small, process)
    filler.unlink()
    small.ended(process)

    trials = small.trials()
    assert [trial.number for trial in trials] == [1, 2, 3, 4]
    assert [str(trial.state) for trial in trials if trial.number != 2] == ["finished"] * 3


def test_a_home_that_fills_up_and_a_kill_9_damage_nothing(small: Bench):
    small.write(epochs=200, pace_s=0.002, run_cap=2)
    small.hold("1-0-100")
    small.start("run", "sweep.json", "--agents", "1", "--no-report")
    small.await_held("1-0-100")
    filler = fill(small)
    small.let_go("1-0-100")
    eventually(lambda: len(small.told(small.runs()[0].id)) > 150, "the script logs on")
    small.kill_everything()
    filler.unlink()
    small.run("run", "sweep.json", "--agents", "1", "--no-report")

    runs = small.runs()
    assert [(run.trial, str(run.state)) for run in runs] == [(1, "lost"), (1, "finished"), (2, "finished")]
    for run in runs:
        assert small.kept(run.id) == small.told(run.id)[: run.rows]
    assert [run.rows for run in runs[1:]] == [200, 200]


@pytest.mark.parametrize("fault", ["full", "read-only"])
def test_a_home_that_cannot_be_written_is_told_in_one_error(small: Bench, fault: str):
    small.write(run_cap=1)
    if fault == "full":
        fill(small)
    else:
        subprocess.run(["mount", "-o", "remount,ro", str(small.home.parent)], check=True)
    said = small.run("run", "sweep.json", "--agents", "1", code=2)

    assert str(small.home) in said
    assert "Traceback" not in said
    assert not list(small.folder.glob("told-*"))
