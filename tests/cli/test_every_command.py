from __future__ import annotations

import csv
import json
import os
import shlex
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import yaml

from browsing import needs_browser
from polling import eventually

TRAIN = """
import json, os, sys, time
import besom
run = besom.init()
open("words.jsonl", "a").write(json.dumps(sys.argv[1:]) + "\\n")
for epoch in range(1, 4):
    besom.log({"loss": besom.config["lr"] * epoch, "epoch": epoch})
besom.summary["test/acc"] = 0.75
besom.summary["note"] = "held out"
print("trained", flush=True)
"""
FAIL = "raise ValueError('no such data')\n"
SLEEP = """
import besom, time
besom.init()
for epoch in range(1, 2000):
    besom.log({"loss": 1.0, "epoch": epoch})
    time.sleep(0.05)
"""
FILE: dict[str, Any] = {
    "program": "train.py",
    "name": "small",
    "method": "random",
    "metric": {"name": "loss", "goal": "minimize"},
    "run_cap": 3,
    "parameters": {
        "lr": {"min": 0.1, "max": 0.9},
        "sizes": {"values": [[64, 32], [8]]},
        "clip": {"value": None},
        "extra": {"value": {"a": 1}},
        "net": {"parameters": {"act": {"values": ["re lu", "tanh"]}, "depth": {"min": 1, "max": 3}}},
    },
    "besom": {"seed": 1, "resources": {"gpus": 0}},
}


class Place:
    """A folder with scripts and sweep files, and a home of its own."""

    def __init__(self, path: Path) -> None:
        self.path, self.home = path, path / "home"
        for name, text in (("train.py", TRAIN), ("fail.py", FAIL), ("sleep.py", SLEEP)):
            (path / name).write_text(text)

    def file(self, name: str = "sweep.yaml", **changes: Any) -> str:
        (self.path / name).write_text(yaml.safe_dump({**FILE, **changes}, sort_keys=False))
        return name

    def environ(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("BESOM_", "WANDB_"))}
        return {**kept, "BESOM_HOME": str(self.home), "NO_COLOR": "1"}

    def besom(self, *words: str, code: int = 0) -> str:
        """What `besom` printed to standard output; its exit code must be `code`."""
        done = subprocess.run(
            [sys.executable, "-m", "besom", *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.path,
            env=self.environ(),
            timeout=60,
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done.stdout if code in (0, 1) else done.stderr

    def json(self, *words: str) -> Any:
        return json.loads(self.besom(*words, "--json"))

    def start(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "besom", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=self.path,
            env=self.environ(),
        )

    @contextmanager
    def server(self, *words: str) -> Iterator[str]:
        """The address of a server of the home."""
        process = self.start("server", "--port", "0", *words)
        try:
            assert process.stdout is not None
            link = process.stdout.readline()
            assert "The dashboard is at http" in link
            assert ("#token=" in link) == ("--token" in words)
            line = process.stdout.readline()
            assert "listens at" in line, line
            yield line.split("listens at ")[1].split(",")[0].strip()
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=20)
        assert process.returncode == 0


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A place with one finished sweep of three trials."""
    place = Place(tmp_path_factory.mktemp("done"))
    said = place.besom("run", place.file(), "--plain")
    assert "small" in said
    assert "report.html" in said
    return place


def test_status_tells_all_sweeps_and_one(done: Place) -> None:
    assert "finished" in done.besom("status")
    assert "3 of 3 trials" in done.besom("status", "small")
    assert done.json("status")[0]["counts"] == {"finished": 3}
    assert done.json("status", "small")["metric"] == "loss"


def test_watching_through_a_pipe_prints_a_line_an_event(done: Place) -> None:
    lines = done.besom("watch").splitlines()
    assert sum("finished: loss" in line for line in lines) == 3
    assert "sweep finished" in lines[-1]


def test_best_prints_every_format_from_the_best_trial(done: Place) -> None:
    trial = done.json("best")
    assert trial["value"] == min(each["value"] for each in done.json("trials"))
    assert yaml.safe_load(done.besom("best", "--format", "yaml")) == trial["config"]
    assert json.loads(done.besom("best", "--format", "json")) == trial["config"]
    given = [json.loads(line) for line in (done.path / "words.jsonl").read_text().splitlines()]
    assert shlex.split(done.besom("best", "--format", "args")) in given
    assert "net.act=" in done.besom("best", "--format", "hydra")
    assert "CLIP=''" in done.besom("best", "--format", "env")


def test_trials_are_listed_sorted_and_limited(done: Place) -> None:
    values = [trial["value"] for trial in done.json("trials", "--sort", "value")]
    assert values == sorted(values)
    assert len(done.besom("trials", "--limit", "2").splitlines()) == 3
    assert done.json("trials", "--state", "failed") == []
    assert "finished" in done.besom("trials", "--state", "finishd", code=2)
    assert "net.depth" in done.besom("trials", "--sort", "net.dept", code=2)


def test_show_tells_a_sweep_a_trial_and_its_output(done: Place) -> None:
    assert "seed" in done.besom("show")
    assert len(done.json("show")["runs"]) == 3
    assert "net.act" in done.besom("show", "--trial", "1")
    assert done.json("show", "--trial", "1")["trial"]["number"] == 1
    assert "test/acc  0.75" in done.besom("show", "--trial", "1")
    assert done.json("show", "--trial", "1")["summary"]["note"] == "held out"
    assert done.besom("show", "--trial", "1", "--output") == "trained\n"
    assert "99" in done.besom("show", "--trial", "99", code=2)


def test_export_writes_trials_and_rows_in_each_format(done: Place) -> None:
    rows = list(csv.DictReader(done.besom("export").splitlines()))
    assert [row["trial"] for row in rows] == ["1", "2", "3"]
    assert json.loads(rows[0]["config.sizes"]) in ([64, 32], [8])
    assert rows[0]["config.clip"] == ""
    assert {(row["summary.epoch"], row["summary.test/acc"], row["summary.note"]) for row in rows} == {
        ("3", "0.75", "held out")
    }
    assert len(done.json("export")) == 3
    lines = done.besom("export", "--format", "jsonl", "--history").splitlines()
    assert [json.loads(line)["epoch"] for line in lines] == [1, 2, 3] * 3
    done.besom("export", "--output", "trials.csv")
    assert len((done.path / "trials.csv").read_text().splitlines()) == 4
    assert "none/x.csv" in done.besom("export", "--output", "none/x.csv", code=2)


def test_a_file_gets_the_format_that_its_name_ends_in(done: Place) -> None:
    done.besom("export", "-o", "trials.json")
    assert len(json.loads((done.path / "trials.json").read_text())) == 3
    done.besom("export", "-o", "trials.JSONL")
    assert len([json.loads(line) for line in (done.path / "trials.JSONL").read_text().splitlines()]) == 3
    done.besom("export", "-o", "trials.txt")
    assert (done.path / "trials.txt").read_text().startswith("sweep,trial,")
    done.besom("export", "--format", "json", "-o", "trials.txt")
    assert json.loads((done.path / "trials.txt").read_text())[0]["trial"] == 1
    (done.path / "mine.md").write_text("kept")
    for words in (
        ("export", "--format", "csv", "-o", "mine.json"),
        ("export", "--json", "-o", "mine.csv"),
        ("report", "--format", "html", "-o", "mine.md"),
        ("report", "--format", "md", "-o", "mine.htm"),
    ):
        said = done.besom(*words, code=2)
        assert f"--output {words[-1]}: needs the format that its name ends in, got {' '.join(words[1:-2])};" in said
        assert not (done.path / words[-1]).exists() or (done.path / words[-1]).read_text() == "kept"
    said = done.besom("export", "--json", "--format", "csv", code=2)
    assert "--json: needs the format json, got --format csv; leave out one of them." in said


def test_a_report_is_one_html_file(done: Place) -> None:
    said = done.json("report", "--output", "mine.html")["report"]
    assert Path(said).read_text(encoding="utf-8").lstrip().lower().startswith("<!doctype html")
    assert done.besom("report").strip().endswith("report.html")
    arguments = done.besom("best", "--format", "args").strip()
    assert arguments in unescape(Path(said).read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("command", "name", "formats"),
    [
        ("export", "x.xlsx", ".csv, .json, .jsonl or .ndjson"),
        ("report", "x.PDF", ".html, .htm, .md or .markdown"),
    ],
)
def test_a_file_whose_name_promises_another_format_is_refused(
    done: Place, command: str, name: str, formats: str
) -> None:
    said = done.besom(command, "-o", name, code=2)
    assert f"--output {name}: needs a name that ends in {formats}, got {Path(name).suffix.lower()};" in said
    assert not (done.path / name).exists()


@needs_browser
def test_a_report_is_markdown_with_its_pictures_beside_it(done: Place) -> None:
    said = Path(done.besom("report", "--format", "md").strip())
    assert said.name == "report.md"
    assert (said.parent / "report_files" / "history.png").read_bytes().startswith(b"\x89PNG")
    assert "](report_files/history.png)" in said.read_text(encoding="utf-8")
    written = done.path / "told.md"
    done.besom("report", "-o", "told.md")
    assert "](told_files/history.png)" in written.read_text(encoding="utf-8")


def test_a_finished_sweep_is_not_steered_or_run(done: Place) -> None:
    sweep = done.json("status", "small")["sweep"]["id"]
    for words in (("pause", sweep), ("run", sweep), ("add", sweep, "--config", "lr=0.5")):
        assert sweep in done.besom(*words, code=2)


def test_a_sweep_without_a_program_begins_no_trial_of_run_or_agent(place: Place) -> None:
    (place.path / "train.yaml").write_text(yaml.safe_dump({**FILE, "program": None}))
    sweep = place.json("sweep", "train.yaml")["sweep"]["id"]
    place.besom("pause", sweep)
    for command in ("run", "agent"):
        said = place.besom(command, sweep, code=2)
        assert f"sweep {sweep}: an agent needs a program, got none" in said
        assert f"besom.agent('{sweep}', function)" in said
    assert "need a program" in place.besom("slurm", "submit", "train.yaml", "--dry-run", code=2)
    assert place.json("status", sweep)["sweep"]["state"] == "paused"
    assert place.json("trials", sweep) == []


def test_the_check_knows_what_the_program_logged(done: Place) -> None:
    file = done.file("other.yaml", metric={"name": "lossy", "goal": "minimize"})
    assert any("loss" in warning for warning in done.json("check", file)["warnings"])
    assert done.json("check", "sweep.yaml")["warnings"] == []


def test_a_sweep_is_created_steered_and_worked_on_without_a_server(place: Place) -> None:
    created = place.json("sweep", place.file())
    sweep = created["sweep"]["id"]
    assert created["agent"] == f"besom agent {sweep} --home {place.home}"
    assert "paused" in place.besom("pause")
    assert place.json("resume", sweep)["state"] == "running"
    assert "lr=0.123" in place.besom("add", "--config", "lr=0.123", "--config", "sizes=[8]")
    assert place.json("budget", "--trials", "2")["budget"]["trials"] == 2
    assert "2 runs done" in place.besom(*shlex.split(created["agent"])[1:])
    trials = place.json("trials", sweep)
    assert trials[0]["config"]["lr"] == 0.123
    assert len(trials) == 2


def test_a_configuration_outside_the_space_is_warned_of_and_tried_all_the_same(place: Place) -> None:
    place.besom("sweep", place.file())
    done = subprocess.run(
        [sys.executable, "-m", "besom", "add", "--config", "lr=5", "--json"],
        capture_output=True, text=True, check=True, cwd=place.path, env=place.environ(), timeout=60,
    )  # fmt: skip
    assert json.loads(done.stdout)["state"] == "running"
    assert (
        "\nwarning: lr has a number in [0.1, 0.9], got 5; it is run all the same, but the search will not come near it"
        in done.stderr
    )
    assert place.json("trials")[0]["config"]["lr"] == 5


def test_a_sweep_is_stopped_and_another_cancelled(place: Place) -> None:
    place.besom("sweep", place.file())
    assert "finished" in place.besom("stop")
    place.besom("sweep", "sweep.yaml")
    assert place.json("cancel")["state"] == "cancelled"
    assert "exactly one" in place.besom("cancel", code=2)


@pytest.mark.parametrize("token", [None, "s3cret"])
def test_a_server_serves_sweep_agent_and_reader(place: Place, token: str | None) -> None:
    bearing = ("--token", token) if token else ()
    with place.server(*bearing) as address:
        reach = ("--server", address, *bearing)
        created = place.json("sweep", place.file(run_cap=1), *reach)
        assert shlex.split(created["agent"])[3:] == [*reach, "--home", str(place.home)]
        place.besom(*shlex.split(created["agent"])[1:])
        assert place.json("status", "small", *reach)["counts"] == {"finished": 1}
        assert len(place.json("trials")) == 1
        if token:
            assert "token" in place.besom("status", "--server", address, "--token", "wrong", code=2)
        port = address.rsplit(":", 1)[1]
        other = str(place.path / "other")
        assert port in place.besom("server", "--port", port, "--home", other, code=2)
        assert "process" in place.besom("server", "--port", "0", code=2)


def test_another_sweep_of_an_edited_file_tells_of_the_unfinished_one(place: Place) -> None:
    file = place.file(run_cap=1)
    sweep = place.json("sweep", file)["sweep"]["id"]
    place.file(run_cap=2)
    done = subprocess.run(
        [sys.executable, "-m", "besom", "run", file, "--plain", "--no-report"],
        capture_output=True, text=True, check=True, cwd=place.path, env=place.environ(), timeout=60,
    )  # fmt: skip
    assert "created" in done.stdout
    assert (
        f"\nnote: sweep {sweep} of this folder is running still; only limits differ: set them by `besom budget {sweep} "
        f"--trials 2`, then go on with it by `besom run {sweep}`, or end it by `besom stop {sweep}`\n"
    ) in f"\n{done.stderr}"
    place.besom("budget", sweep, "--trials", "2")
    place.besom("run", sweep, "--plain", "--no-report")
    assert len(place.json("trials", sweep)) == 2


def test_failures_end_with_exit_code_1_and_their_cause(place: Place) -> None:
    said = place.besom("run", place.file(program="fail.py", run_cap=2), "--plain", "--no-report", code=1)
    assert "no such data" in said
    assert "No trial has a value" in said
    assert place.json("best") is None
    assert "none yet" in place.besom("best", code=2)
    assert "ValueError" in place.besom("show", "--trial", "1")


def test_a_sweep_that_pauses_itself_ends_the_run_and_says_how_to_go_on(place: Place) -> None:
    file = place.file(program="fail.py", run_cap=50, command=["/bin/false"])
    said = place.besom("run", file, "--plain", "--no-report", "--agents", "4", code=1)
    assert "in a row failed" in said
    assert f"besom run {file}" in said
    assert place.json("status", "small")["sweep"]["state"] == "paused"


def test_ctrl_c_stops_politely_and_a_rerun_goes_on_without_telling_the_past(place: Place) -> None:
    file, histories = place.file(program="sleep.py", run_cap=2), "sweeps/*/runs/*/history.jsonl"
    for presses in (1, 2):
        run = place.start("run", file, "--plain", "--agents", "1")
        eventually(lambda n=presses: len([*place.home.glob(histories)]) >= n, "its run logs", within_s=30)
        run.send_signal(signal.SIGINT)
        if presses == 2:
            run.send_signal(signal.SIGINT)
        said, _ = run.communicate(timeout=30)
        assert run.returncode == 130, said
        assert f"besom run {file}" in said
        assert ("created" in said) == (presses == 1)
        assert ("goes on with sweep" in said) == (presses == 2)
    assert len(place.json("status")) == 1
    place.file(program="sleep.py", run_cap=2)
    run = place.start("run", file, "--plain", "--new", "--agents", "1")
    eventually(lambda: len([*(place.home / "sweeps").iterdir()]) == 2, "another sweep is made", within_s=30)
    run.send_signal(signal.SIGINT)
    assert "created" in run.communicate(timeout=30)[0]


def test_a_run_outlasts_whoever_reads_what_it_prints(place: Place) -> None:
    run = subprocess.Popen(
        [sys.executable, "-m", "besom", "run", place.file(), "--plain", "--no-report"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=place.path, env=place.environ(),
    )  # fmt: skip
    assert run.stdout is not None
    assert run.stderr is not None
    assert "created" in run.stdout.readline()
    run.stdout.close()
    said = run.stderr.read()
    run.stderr.close()
    assert run.wait(60) == 0, said
    assert said == "note: nobody reads standard output any more; goes on without it\n"
    assert place.json("status")[0]["counts"] == {"finished": 3}


def test_what_only_prints_ends_in_silence_without_a_reader(done: Place) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    ended = subprocess.run(
        [sys.executable, "-m", "besom", "status", "small"],
        stdout=writing, stderr=subprocess.PIPE, text=True, check=False, cwd=done.path, env=done.environ(), timeout=60,
    )  # fmt: skip
    os.close(writing)
    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr
    assert "note" not in ended.stderr


def test_trials_whose_agent_was_killed_with_the_server_are_not_told_as_running(place: Place) -> None:
    run = place.start("run", place.file(program="sleep.py"), "--plain", "--agents", "1")
    eventually(lambda: [*place.home.glob("sweeps/*/runs/*/history.jsonl")], "its run logs", within_s=30)
    run.kill()
    run.communicate(timeout=30)
    with closing(sqlite3.connect(place.home / "besom.db")) as database, database:
        database.execute("UPDATE runs SET data = json_set(data, '$.lease_until', 0.0)")  # as after a minute
    assert "1 waiting" in place.besom("status", "small")
    assert "1  waiting" in place.besom("trials")
    sweep = place.json("status")[0]["sweep"]["id"]
    told = subprocess.run(
        [sys.executable, "-m", "besom", "status"],
        capture_output=True, text=True, check=True, cwd=place.path, env=place.environ(), timeout=60,
    )  # fmt: skip
    law = f"trial 1 of sweep {sweep} has lost its agent and waits"
    assert told.stderr == f"note: {law}; go on with `besom run {sweep}`\n"


def test_a_look_at_a_home_that_is_not_there_makes_none(place: Place) -> None:
    for words in (("status",), ("best",), ("watch",), ("pause",)):
        said = place.besom(*words, code=2)
        assert f"home {place.home}: must exist to be looked at, got no such folder" in said
    assert not place.home.exists()
    place.home.mkdir()
    assert "no sweep yet" in place.besom("status")
    assert "there is none yet" in place.besom("best", code=2)
    assert not [*place.home.iterdir()]


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown key": ({"metod": "grid"}, "method"),
    "an empty range": ({"parameters": {"lr": {"min": 2.0, "max": 1.0}}}, "lr"),
    "an unknown method": ({"method": "byes"}, "bayes"),
    "an unknown distribution": (
        {"parameters": {"lr": {"distribution": "unifrm", "min": 0.0, "max": 1.0}}},
        "uniform",
    ),
    "probabilities that do not sum to one": (
        {"parameters": {"lr": {"values": [1, 2], "probabilities": [0.5, 0.1]}}},
        "probabilities",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_one_clear_error(place: Place, name: str) -> None:
    changes, said = BAD[name]
    assert said in place.besom("run", place.file(**changes), code=2)


def test_broken_yaml_and_a_program_that_is_not_there_are_told(place: Place) -> None:
    (place.path / "broken.yaml").write_text("method: [random\nparameters: {")
    assert "broken.yaml" in place.besom("run", "broken.yaml", code=2)
    assert "gone.py" in place.besom("run", place.file(program="gone.py"), code=2)


def test_unknown_sweeps_and_silent_servers_are_told(place: Place) -> None:
    place.besom("sweep", place.file())
    for words in (("best", "nope"), ("agent", "nope"), ("run", "nope")):
        assert "nope" in place.besom(*words, code=2)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port = listening.getsockname()[1]
    assert str(port) in place.besom("status", "--server", f"http://127.0.0.1:{port}", code=2)


def test_a_home_that_cannot_be_written_is_told(place: Place) -> None:
    (place.path / "blocked").write_text("a file, no folder")
    for words in (("status",), ("run", place.file()), ("server", "--port", "0")):
        assert "blocked" in place.besom(*words, "--home", str(place.path / "blocked" / "home"), code=2)


def test_a_database_of_a_newer_version_is_told(place: Place) -> None:
    place.besom("sweep", place.file())
    database = sqlite3.connect(place.home / "besom.db")
    database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.commit()
    database.close()
    assert "newer" in place.besom("status", code=2)
