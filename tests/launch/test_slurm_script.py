"""What is asked of SLURM, and the script that asks it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from besom.errors import ConfigError, SweepFileError
from besom.launch.slurm import Launch, script_of, settled
from besom.sweepfile import SweepFile, as_slurm_options, parse

GOLDEN = Path(__file__).parent / "golden"
COMMENT = "#SBATCH --comment={{ comment }}\n"


def launch(folder: Path = Path("/home/sweeps/sweep1/slurm/t0ken"), **options: Any) -> Launch:
    asked = as_slurm_options(options, "here")
    return Launch(folder, "t0ken", "sweep1", Path("/home"), "http://head:8123", "s3cret", asked, 1000.0)


def sweep_file(**besom: Any) -> SweepFile:
    return parse({"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}, "besom": besom})


def test_the_script_of_an_array(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/usr/bin/python")
    script = script_of(
        launch(
            agents=3,
            gpus=2,
            cpus=4,
            mem="16G",
            time="4h",
            partition="gpu",
            account="lab",
            qos="high",
            options=["--nodelist=node7", "--mail-user=a b"],
            setup="module load cuda\nsource env/bin/activate\n",
        )
    )
    assert script == (GOLDEN / "slurm-array.sh").read_text()


def test_the_script_of_a_packed_job_asks_for_all_its_agents_need(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "executable", "/usr/bin/python")
    script = script_of(launch(agents=3, gpus=2, cpus=4, mem="16G", packed=True, notice=20))
    assert script == (GOLDEN / "slurm-packed.sh").read_text()


def test_no_secret_is_in_the_script():
    assert "s3cret" not in script_of(launch())


def test_a_folder_with_a_blank_and_a_percent_sign_is_quoted():
    script = script_of(launch(Path("/my home/50%/t")))
    assert "#SBATCH --output='/my home/50%%/t/logs'/job-%A_%a.log\n" in script
    assert script.endswith("-m besom.launch.slurm '/my home/50%/t'\n")


def test_a_template_of_ones_own_is_filled_in(tmp_path: Path):
    mine = tmp_path / "mine.sh"
    mine.write_text("#!/bin/bash\n" + COMMENT + "#SBATCH --gpus={{ gpus }}\nexec {{ command }}\n")
    script = script_of(launch(template=str(mine), gpus=2))
    assert "#SBATCH --gpus=2\n" in script
    assert "#SBATCH --comment=besom:sweep1:t0ken\n" in script


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (COMMENT + "{{ gpu }}", "'gpu' is undefined"),
        (COMMENT + "\n{% if %}", "mine.sh:3"),
        ("#!/bin/bash\n", "needs one comment of the job"),
        (COMMENT + "#SBATCH --comment=mine\n", "needs one comment of the job"),
    ],
)
def test_a_template_that_is_wrong_is_told(tmp_path: Path, text: str, said: str):
    mine = tmp_path / "mine.sh"
    mine.write_text(text)
    with pytest.raises(ConfigError) as raised:
        script_of(launch(template=str(mine)))
    assert said in str(raised.value)
    assert str(mine) in str(raised.value)


def test_a_template_that_is_not_there_and_a_comment_among_the_options_are_told():
    with pytest.raises(ConfigError, match=r"none\.sh: needs a template to read"):
        script_of(launch(template="/none.sh"))
    with pytest.raises(ConfigError, match="no further --comment"):
        script_of(launch(options=["--comment=mine"]))


def test_the_command_line_goes_before_the_file_and_the_file_before_the_site(tmp_path: Path):
    first, second, absent = tmp_path / "etc.yaml", tmp_path / "home.yaml", tmp_path / "absent.yaml"
    first.write_text("partition: a\naccount: lab\nmem: 1G\noptions: [--nice]\n")
    second.write_text("partition: b\ntemplate: mine.sh\n")
    file = sweep_file(slurm={"mem": "2G", "agents": 4}, resources={"gpus": 2, "cpus": 3})
    given = {"agents": 5, "time": None, "cpus": None, "options": ["--exclusive"]}
    found = settled(file, tmp_path / "sweep", (first, second, absent), given)
    wanted = {"partition": "b", "account": "lab", "mem": "2G", "agents": 5, "gpus": 2, "cpus": 3, "time": None}
    assert {name: getattr(found, name) for name in wanted} == wanted
    assert found.options == ["--nice", "--exclusive"]
    assert found.template == str(tmp_path / "mine.sh")


def test_what_does_not_fit_together_is_told_though_each_place_is_right(tmp_path: Path):
    site = tmp_path / "slurm.yaml"
    site.write_text("notice: 10m\n")
    with pytest.raises(SweepFileError, match="notice < time"):
        settled(sweep_file(slurm={"time": "9m", "notice": "1m"}), tmp_path, (site,), {"notice": "10m"})


def test_a_launch_is_read_as_it_was_written_for_its_users_eyes_only(tmp_path: Path):
    folder = tmp_path / "sweeps" / "sweep1" / "slurm" / "t0ken"
    folder.mkdir(parents=True)
    one = launch(folder, agents=2, time="4h").became("17")
    assert Launch.of_sweep(tmp_path, "sweep1") == [one]
    assert (folder / "launch.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((folder / "launch.json").read_text())["job"] == "17"


def test_a_dry_run_prints_the_script_and_makes_nothing(tmp_path: Path):
    (tmp_path / "sweep.yaml").write_text(
        "program: train.py\nmethod: random\nparameters: {x: {min: 0.0, max: 1.0}}\nbesom: {slurm: {agents: 4}}\n"
    )
    words = ["slurm", "submit", "sweep.yaml", "--dry-run", "--home", str(tmp_path / "home"), "--", "--exclusive"]
    done = subprocess.run(
        [sys.executable, "-m", "besom", *words], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("#!/bin/bash\n# 4 agents of sweep SWEEP, by `besom slurm submit`.\n")
    assert "#SBATCH --array=0-3\n" in done.stdout
    assert "#SBATCH --exclusive\n" in done.stdout
    assert not (tmp_path / "home").exists()
