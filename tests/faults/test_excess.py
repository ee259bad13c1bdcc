"""Scripts that want too much, all in one sweep: output, metrics and memory beyond measure; and a torn history."""

from __future__ import annotations

import pytest
from fault_bench import Bench

PROGRAM = """
import os, resource, sys
import besom

run = besom.init()
how = run.config["how"]
if how == "prints 300 MB":
    for number in range(3000):
        print(f"{number:09d}" * 11_111, flush=True)
if how == "logs a million values":
    for step in range(1000):
        besom.log({f"value{number}": step + number / 1000 for number in range(1000)})
if how == "logs 20,000 metrics":
    besom.log({f"layer{number}/norm": float(number) for number in range(20_000)})
if how == "out of memory":
    resource.setrlimit(resource.RLIMIT_AS, (1 << 30, 1 << 30))
    bytearray(8 << 30)
if how == "out of GPU memory":
    sys.exit("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has 79 GiB in all.")
if how == "a process of it died while it logged":
    with open(os.path.join(run.dir, "history.jsonl"), "a") as history:
        history.write('{"loss": 9.0, "epo')
besom.log({"loss": 1.0})
"""
HOW = [
    "prints 300 MB",
    "logs a million values",
    "logs 20,000 metrics",
    "out of memory",
    "out of GPU memory",
    "a process of it died while it logged",
]


@pytest.fixture(scope="module")
def ended(tmp_path_factory) -> Bench:
    bench = Bench(tmp_path_factory.mktemp("excess"))
    bench.write(PROGRAM, method="grid", parameters={"how": {"values": HOW}}, run_cap=len(HOW), besom={"retries": 1})
    bench.ended(bench.start("run", "sweep.json", "--agents", "2", "--no-report"), within_s=240)
    return bench


@pytest.fixture
def runs_of(ended: Bench):
    trials, runs = ended.trials(), ended.runs()

    def of(how: str):
        (trial,) = (trial for trial in trials if trial.config["how"] == how)
        return [run for run in runs if run.trial == trial.number]

    return of


@pytest.mark.parametrize(
    ("how", "expected"),
    [
        ("prints 300 MB", ("finished", None)),
        ("logs a million values", ("finished", None)),
        ("logs 20,000 metrics", ("finished", None)),
        ("out of memory", ("failed", "host out of memory")),
        ("out of GPU memory", ("failed", "CUDA out of memory")),
        ("a process of it died while it logged", ("finished", None)),
    ],
)
def test_each_has_its_outcome_at_once(runs_of, how: str, expected: tuple[str, str | None]):
    assert [(str(run.state), run.failure and str(run.failure.cause)) for run in runs_of(how)] == [expected]


def test_of_very_long_output_the_beginning_and_the_end_are_kept(ended: Bench, runs_of):
    (run,) = runs_of("prints 300 MB")
    with ended.service() as service:
        output = service.output(run.id)
    assert output.startswith("000000000")
    assert output.endswith("000002999" * 10 + "\n")
    assert "left out" in output
    assert len(output) < 10_000_000
    folder = ended.home / "sweeps" / run.sweep_id / "runs" / run.id
    assert sum(file.stat().st_blocks * 512 for file in folder.glob("output.log*")) < 256_000_000


def test_a_million_values_are_kept_as_they_were_logged(ended: Bench, runs_of):
    (run,) = runs_of("logs a million values")
    with ended.service() as service:
        last_but_one, last = service.rows(run.id, first=999)
        (curve,) = service.curves(run.sweep_id, "value999", trial=run.trial, points=5000)
    assert run.rows == 1001
    assert {name: last_but_one[f"value{name}"] for name in range(1000)} == {n: 999 + n / 1000 for n in range(1000)}
    assert last["loss"] == 1.0
    assert list(curve.y) == [step + 0.999 for step in range(1000)]


def test_so_are_very_many_metrics(ended: Bench, runs_of):
    (run,) = runs_of("logs 20,000 metrics")
    with ended.service() as service:
        (row,) = service.rows(run.id, limit=1)
        names = service.metrics(run.id)
    assert {row[f"layer{number}/norm"] == float(number) for number in range(20_000)} == {True}
    assert len(names) > 20_000


def test_half_a_row_costs_no_other(ended: Bench, runs_of):
    (run,) = runs_of("a process of it died while it logged")
    with ended.service() as service:
        assert [row["loss"] for row in service.rows(run.id)] == [1.0]


def test_each_is_one_trial_and_no_process_of_theirs_is_left(ended: Bench):
    assert [trial.config["how"] for trial in ended.trials()] == HOW
    with ended.service() as service:
        assert service.sweeps()[0].state == "finished"
    ended.assert_nothing_is_left()
