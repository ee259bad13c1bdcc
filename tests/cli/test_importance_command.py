"""`besom importance`: its table as a whole text, and the command from end to end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import besom
from besom.analysis.importance import Importance, Share
from besom.cli import main
from besom.cli.mattering import importance_table

GOLDEN = Path(__file__).parent / "golden" / "importance.txt"


def test_the_table_has_a_line_for_each_parameter_and_pair() -> None:
    told = Importance(
        parameters=(Share(("lr",), 0.624, 0.081), Share(("net.layers",), 0.11, 0.04), Share(("seed",), 0.0002, 0.0)),
        pairs=(Share(("lr", "net.layers"), 0.0521, 0.0312),),
        trials=48,
        skill=0.81,
        is_by_rank=True,
    )
    assert "\n".join(importance_table(told, "val/loss")) + "\n" == GOLDEN.read_text(encoding="utf-8")


def test_where_nothing_can_be_told_it_says_why() -> None:
    told = Importance(why="2 trials have a value, 6 are needed")
    assert importance_table(told, "loss") == ["Too few trials to tell: 2 trials have a value, 6 are needed."]


def test_names_from_a_file_cannot_reach_the_terminal() -> None:
    told = Importance(parameters=(Share(("\x1b[31mlr",), 1.0, 0.0),), trials=9)
    assert "\x1b" not in "\n".join(importance_table(told, "\x1b]0;x\x07loss"))


def test_the_command_tells_of_a_sweep_in_words_and_as_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = "Name,State,Created,Sweep,lr,units,loss\n" + "".join(
        f"run-{n},finished,2024-03-01T10:00:00.000Z,s1,{0.01 + n * 0.03},{n * 7 % 13},{(n * 0.03 - 0.3) ** 2}\n"
        for n in range(30)
    )
    (tmp_path / "runs.csv").write_text(table)
    monkeypatch.setenv("BESOM_HOME", str(tmp_path / "home"))
    assert main(["import", "wandb", str(tmp_path / "runs.csv"), "--metric", "loss", "--goal", "minimize"]) == 0
    capsys.readouterr()
    assert main(["importance"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["parameter", "share", "error"]
    assert lines[1].startswith("lr")
    assert lines[-1] == "of the variance of loss over the space, by a model of 30 trials"
    assert main(["importance", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["parameters"][0]["names"] == ["lr"]
    assert told["trials"] == 30
    assert told["why"] == ""
    assert besom.plot.importance
