"""A training script's side: rows, configuration, summary, orders; with an agent's folder and by hand."""

from __future__ import annotations

import argparse
import json
import math
import os
import pickle
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import besom
from besom.sdk import run as process


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    (tmp_path / "config.json").write_text('{"lr": 0.5, "opt": {"name": "adam"}}')
    process.begin({"BESOM_RUN_DIR": str(tmp_path), "BESOM_RUN_ID": "r0", "BESOM_SWEEP_ID": "s0", "BESOM_TRIAL": "3"})
    yield tmp_path
    process.end()


def rows(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "history.jsonl").read_text().splitlines()]


def test_rows_are_on_disk_when_log_returns(folder: Path) -> None:
    run = besom.init(project="p", tags=["w&b"], settings=besom.Settings(quiet=True))
    besom.log({"loss": 1.0, "val": {"acc": 0.5, "f1": {"a": 1}}})
    besom.log({"loss": 2.0}, commit=False)
    besom.log({"acc": 3}, step=7)
    besom.log({})
    first, second, third = rows(folder)
    assert (first["loss"], first["val.acc"], first["val.f1.a"], first["_step"]) == (1.0, 0.5, 1, 0)
    assert (second["loss"], second["acc"], second["_step"], third["_step"]) == (2.0, 3, 7, 8)
    assert (run.id, run.trial, run.dir) == ("r0", 3, str(folder))
    assert besom.run is run
    besom.finish()
    assert besom.run is None
    with pytest.raises(RuntimeError, match=r"call besom\.init"):
        besom.log({"loss": 1.0})


def test_any_value_can_be_logged(folder: Path) -> None:
    class Rude:
        def __repr__(self) -> str:
            raise ValueError

    endless: list[Any] = []
    endless.append(endless)
    besom.init()
    numbers = {"f32": np.float32(0.5), "one": np.array([2.0]), "nan": math.nan, "inf": -math.inf, "d": Decimal("0.5")}
    besom.log(numbers)
    besom.log({"huge": 10**5000, "rude": Rude(), "self": endless, "image": besom.Image(np.ones((2, 3)), caption="x")})
    besom.log({"many": np.zeros((100, 100)), "few": np.arange(2), 3: "key", "half": "\ud800", "b": True, "n": None})
    one, two, three = rows(folder)
    assert (one["f32"], one["one"], one["d"], one["inf"]) == (0.5, 2.0, 0.5, -math.inf)
    assert math.isnan(one["nan"])
    assert "bits" in two["huge"]
    assert two["image"] == "Image (2, 3): x"
    assert (three["many"], three["few"], three["3"], three["b"]) == ("ndarray of shape (100, 100)", [0, 1], "key", True)
    with pytest.raises(TypeError, match="takes a dict"):
        besom.log(0.5)  # type: ignore[arg-type]


def test_what_the_sweep_chose_goes_before_the_scripts_own(folder: Path) -> None:
    besom.init(config=argparse.Namespace(lr=0.1, epochs=3, opt={"name": "sgd", "beta": 0.9}))
    config = besom.config
    config.update({"lr": 9, "new": 1})
    config.epochs = 4
    assert dict(config) == {"lr": 0.5, "epochs": 4, "opt": {"name": "adam", "beta": 0.9}, "new": 1}
    assert config.opt.name == config["opt"]["name"] == "adam"
    assert pickle.loads(pickle.dumps(config)) == config  # noqa: S301 - our own
    with pytest.raises(AttributeError, match="valid: lr"):
        config.absent  # noqa: B018


def test_the_summary_follows_its_definition(folder: Path) -> None:
    besom.init()
    besom.define_metric("loss", summary="min")
    besom.define_metric("val/*", summary="best", goal="maximize")
    besom.define_metric("t", summary="mean,max")
    for loss, acc in [(math.nan, 1), (3.0, 5), (1.0, 4), (2.0, 2)]:
        besom.log({"loss": loss, "val/acc": acc, "t": acc, "plain": loss})
    besom.summary["note"] = "hello"
    assert besom.summary.loss == 1.0
    besom.finish(3)
    kept = json.loads((folder / "summary.json").read_text())
    assert kept == {"loss": 1.0, "val/acc": 5, "t.mean": 3.0, "t.max": 5, "note": "hello", "_exit_code": 3}


@pytest.mark.parametrize("order", ["stop", "pause"])
def test_an_order_ends_the_script_after_its_row(folder: Path, order: str) -> None:
    besom.init()
    besom.log({"loss": 1.0})
    (folder / "order.json").write_text(json.dumps({"order": order, "why": "worse than most"}))
    with pytest.raises(besom.Stopped, match="worse") as stopped:
        besom.log({"loss": 2.0})
    assert (stopped.value.code, stopped.value.order) == (0, order)
    assert len(rows(folder)) == 2


def test_a_resumed_run_knows_where_to_go_on(tmp_path: Path) -> None:
    process.begin({"BESOM_RUN_DIR": str(tmp_path), "BESOM_FIDELITY": "4", "BESOM_CHECKPOINT_DIR": str(tmp_path / "c")})
    with besom.init() as run:
        assert besom.resumed_from() == 4.0
        assert run.resumed
        assert besom.checkpoint_dir().is_dir()
        besom.log({"loss": 1.0})
    process.end()
    assert rows(tmp_path)[0]["_step"] == 4


def test_only_rank_zero_logs(tmp_path: Path) -> None:
    for rank in ("0", "1"):
        process.begin({"BESOM_RUN_DIR": str(tmp_path), "RANK": rank})
        besom.init()
        besom.log({"rank": int(rank)})
        process.end()
    assert [row["rank"] for row in rows(tmp_path)] == [0]


def test_a_script_started_by_hand_is_told_where_its_rows_are(tmp_path: Path) -> None:
    script = (
        "import besom as wandb; wandb.init(config={'lr': 1})\n"
        "wandb.log({'loss': 1.0}); wandb.log({'x': 2}, commit=False)"
    )
    environ = {name: value for name, value in os.environ.items() if not name.startswith("BESOM_")}
    environ["BESOM_HOME"] = str(tmp_path)
    done = subprocess.run([sys.executable, "-c", script], env=environ, capture_output=True, text=True, check=True)
    (made,) = (tmp_path / "by-hand").iterdir()
    assert done.stderr == f"besom: no agent started this script; its rows are kept in {made}\n"
    assert len(rows(made)) == 2
    assert json.loads((made / "config.json").read_text()) == {"lr": 1}


def test_a_full_disk_keeps_rows_until_there_is_room(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    besom.init()
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (250, hard))
        for number in range(20):
            besom.log({"loss": float(number)})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    besom.finish()
    assert [row["loss"] for row in rows(folder)] == list(range(20))
    assert capsys.readouterr().err.count("wait in memory") == 1


def test_the_import_takes_nothing_but_the_standard_library() -> None:
    script = (
        "import sys, besom; besom.init\n"
        "print([name for name in ('numpy', 'yaml', 'pydantic', 'besom.errors') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_a_run_does_not_end_without_its_last_rows_while_the_disk_is_full(tmp_path: Path) -> None:
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(tmp_path)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")
    script = (
        "import sys, besom; besom.init()\n"
        "for number in range(200): besom.log({'loss': number})\n"
        "besom.summary['best'] = 0"
    )
    try:
        filler = tmp_path / "filler"
        filler.write_bytes(bytes(56_000))
        environ = {**os.environ, "BESOM_RUN_DIR": str(tmp_path), "BESOM_RUN_ID": "r0", "BESOM_SWEEP_ID": "s0"}
        running = subprocess.Popen([sys.executable, "-c", script], env=environ, stderr=subprocess.PIPE, text=True)
        assert running.stderr is not None
        while "ends once there is room" not in running.stderr.readline():
            assert running.poll() is None
        filler.unlink()
        running.stderr.close()
        assert running.wait(30) == 0
        assert [row["loss"] for row in rows(tmp_path)] == list(range(200))
        assert json.loads((tmp_path / "summary.json").read_text())["best"] == 0
    finally:
        subprocess.run(["umount", "--lazy", str(tmp_path)], check=True)


def test_what_only_a_service_could_do_says_where_to_go_instead(folder: Path) -> None:
    with pytest.raises(besom.Error, match="besom export"):
        besom.Api()
    run = besom.init()
    besom.log_artifact("model.pt")
    besom.termlog("here")
    assert run.url == folder.as_uri()
