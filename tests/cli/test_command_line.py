from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from besom import __version__
from besom.cli import app as application
from besom.cli.app import app
from besom.errors import StoreError

ROOT = Path(__file__).resolve().parents[2]
GOOD = "program: train.py\nmethod: random\nmetric: {name: loss}\nrun_cap: 3\nparameters:\n  lr: {min: 0.1, max: 0.9}\n"


def besom(*words: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "besom", *words],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environ},
        timeout=120,
    )


def test_help_starts_at_once_and_groups_the_commands() -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = besom("--help")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0
    for title in ("Run:", "Look:", "Steer:", "File:"):
        assert title in done.stdout
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.3


def test_help_imports_nothing_heavy() -> None:
    code = "import sys; sys.argv=['besom']; import besom.cli; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy = {"numpy", "sqlalchemy", "fastapi", "pydantic", "httpx", "plotly", "rich", "yaml", "asyncio", "scipy"}
    assert not heavy & set(done.stdout.split())


def test_every_command_has_help() -> None:
    for command in app.registered_commands:
        name = command.callback.__name__ if command.callback else ""
        assert command.callback is not None
        assert command.callback.__doc__, name


def test_the_version_is_printed_as_text_and_json() -> None:
    assert besom("version").stdout == f"{__version__}\n"
    assert json.loads(besom("version", "--json").stdout) == {"version": __version__}


def test_a_good_file_passes_the_check(tmp_path: Path) -> None:
    (tmp_path / "train.py").touch()
    file = tmp_path / "sweep.yaml"
    file.write_text(GOOD)
    done = besom("check", str(file), "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["errors"] == []


def test_a_wrong_file_names_every_error_and_exits_2_without_a_traceback(tmp_path: Path) -> None:
    file = tmp_path / "sweep.yaml"
    file.write_text(GOOD.replace("random", "randm").replace("max: 0.9", "max: 0.01"))
    for words in (("check", str(file)), ("run", str(file)), ("sweep", str(file))):
        done = besom(*words)
        said = done.stdout + done.stderr
        assert done.returncode == 2
        assert "random" in said
        assert "lr" in said
        assert "Traceback" not in said


def test_the_schema_is_json_and_describes_our_own_key() -> None:
    assert "besom" in json.loads(besom("check", "--schema").stdout)["properties"]


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    done = besom("run", str(tmp_path / "none.yaml"))
    assert done.returncode == 2
    assert "none.yaml" in done.stderr
    assert "Traceback" not in done.stderr


def test_debug_shows_the_traceback_also_behind_the_command(tmp_path: Path) -> None:
    done = besom("run", str(tmp_path / "none.yaml"), "--debug")
    assert "Traceback" in done.stderr


def test_an_unknown_option_exits_2() -> None:
    assert besom("best", "--nope").returncode == 2


def test_errors_are_exit_codes(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(**_: object) -> None:
        raise StoreError("besom.db: disk full; make room.")

    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(application, "app", full)
    assert application.main(["trials"]) == 2
    assert capsys.readouterr().err == "error: besom.db: disk full; make room.\n"
    monkeypatch.setattr(application, "app", interrupted)
    assert application.main(["trials"]) == 130


def test_the_first_ctrl_c_interrupts_and_others_do_not_break_off_how_it_closes_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    closed = []

    def pressed(**_: object) -> None:
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)
            closed.append(True)

    before = signal.getsignal(signal.SIGINT)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background has it ignored
    monkeypatch.setattr(application, "app", pressed)
    try:
        assert application.main(["trials"]) == 130
        signal.raise_signal(signal.SIGINT)  # nor how the interpreter does
    finally:
        signal.signal(signal.SIGINT, before)
    assert closed == [True]
    monkeypatch.setattr(application, "app", lambda **_: None)
    assert application.main(["trials"]) == 0
    assert signal.getsignal(signal.SIGINT) is before


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("best", "-f", "foo"), "'foo' is not one of 'yaml', 'json', "),
        (("import", "optuna", "x.csv"), "'optuna' is not one of 'wandb'"),
    ],
)
def test_a_wrong_choice_is_told_in_plain_words(
    words: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert application.main(words) == 2
    said = capsys.readouterr().err
    assert f": {told}" in said
    assert "Value error" not in said


def test_the_readme_names_every_command() -> None:
    told = (ROOT / "README.md").read_text(encoding="utf-8").split("\n## Commands\n")[1].split("\n## ")[0]
    for command in app.registered_commands:
        assert re.search(rf"^    besom .*\b{command.name}\b", told, re.MULTILINE), command.name


def test_the_page_about_the_command_line_is_fresh() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "docs-cli"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
