"""Commands and environments are those of W&B's agent."""

import json
import sys
from pathlib import Path

import pytest

from besom.agent.command import NotStartable, command_line, interpreter
from besom.agent.environment import script_environment
from besom.agent.folders import RunFolder
from besom.connections import wandb_key
from besom.sweepfile.model import SweepFile
from besom.wire import Assignment

CONFIG = {"lr": 0.01, "flag": True, "off": False, "none": None, "opt": {"m": 0.9}, "a.b": [1, 2]}


@pytest.fixture
def build(tmp_path):
    (tmp_path / "train.py").write_text("")

    def words(command=None, environ=None, **file):
        file = {"method": "random", "parameters": {"x": {"value": 1}}, "program": "train.py", **file}
        sweep = SweepFile.model_validate({**file, "command": command})
        return command_line(sweep, CONFIG, Path("/run/config.json"), environ or {}, tmp_path, "")

    return words


@pytest.mark.parametrize(
    ("macro", "expected"),
    [
        ("args", ["--lr=0.01", "--flag=True", "--off=False", "--none=None", "--opt={'m': 0.9}", "--a.b=[1, 2]"]),
        ("args_no_hyphens", ["lr=0.01", "flag=True", "off=False", "none=None", "opt={'m': 0.9}", "a.b=[1, 2]"]),
        ("args_no_boolean_flags", ["--lr=0.01", "--flag", "--none=None", "--opt={'m': 0.9}", "--a.b=[1, 2]"]),
        ("args_append_hydra", ["+lr=0.01", "+flag=True", "+off=False", "+none=None", "+opt={'m': 0.9}", "+a.b=[1, 2]"]),
        (
            "args_override_hydra",
            ["++lr=0.01", "++flag=True", "++off=False", "++none=None", "++opt={'m': 0.9}", "++a.b=[1, 2]"],
        ),
        ("args_json", [json.dumps(CONFIG)]),
        ("args_json_file", ["/run/config.json"]),
        ("env", ["/usr/bin/env"]),
        ("program", ["train.py"]),
    ],
)
def test_each_macro_becomes_what_wandb_makes_of_it(build, macro, expected):
    assert list(build(["start", f"${{{macro}}}"]).words) == ["start", *expected]


def test_arguments_without_equals_are_words_of_their_own(build):
    assert build(["${args_no_equals}"]).words[:6] == ("--lr", "0.01", "--flag", "True", "--off", "False")


def test_the_default_command_runs_the_program_with_arguments(build):
    words = build(environ={"VIRTUAL_ENV": "/venv"}).words
    assert words[:4] == ("/usr/bin/env", "python", "train.py", "--lr=0.01")


def test_environment_variables_are_filled_in_anywhere_in_a_word(build):
    command = ["${program}", "--data=${envvar:DATA}/x", "${envvar:ABSENT}"]
    assert build(command, {"DATA": "/data"}).words == ("train.py", "--data=/data/x", "ABSENT")
    assert build(["${envvar:http_proxy}"], {"http_proxy": "there"}).words == ("there",)


def test_an_unknown_macro_is_told_with_its_nearest(build):
    with pytest.raises(NotStartable, match=r"unknown macro \$\{arg\}; did you mean args\?"):
        build(["${arg}"])


def test_a_program_that_does_not_exist_is_told_with_where_it_was_looked_for(build, tmp_path):
    with pytest.raises(NotStartable, match=f"got absent.py, which is not in {tmp_path}"):
        build(program="absent.py")


def test_a_program_beside_the_sweep_file_runs_in_that_folder(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    there.mkdir()
    (there / "train.py").write_text("")
    file = {"method": "random", "parameters": {"x": {"value": 1}}}
    for program in ({"program": "train.py"}, {"command": ["python", "train.py"]}):
        sweep = SweepFile.model_validate({**file, **program})
        assert command_line(sweep, CONFIG, Path("c"), {}, here, str(there)).cwd == there
        (here / "train.py").write_text("")
        assert command_line(sweep, CONFIG, Path("c"), {}, here, str(there)).cwd == here
        (here / "train.py").unlink()


def test_python_is_the_active_environments_or_the_one_that_runs_besom():
    assert interpreter({"VIRTUAL_ENV": "/venv"}) == interpreter({"CONDA_DEFAULT_ENV": "work"}) == "python"
    assert interpreter({}) == interpreter({"CONDA_DEFAULT_ENV": "base"}) == sys.executable


def environment(environ, tmp_path, gpus=None, **fields):
    resources = {"resources": {"cpus": 2}}
    file = {"method": "random", "parameters": {"x": {"value": 1}}, "project": "p", "besom": resources}
    assignment = Assignment("run1", "sweep1", 4, 1, 2, 9, 60.0, {}, seed=5, **fields)
    folder = RunFolder(tmp_path / "run1")
    return script_environment(environ, SweepFile.model_validate(file), assignment, folder, tmp_path / "c", gpus)


def test_a_script_is_told_who_it_is(tmp_path):
    env = environment({"HOME": "/h"}, tmp_path, until=3.0, fidelity=1.5)
    told = {name: env[name] for name in env if name.startswith("BESOM_")}
    assert told == {
        "BESOM_RUN_DIR": str(tmp_path / "run1"),
        "BESOM_CHECKPOINT_DIR": str(tmp_path / "c"),
        "BESOM_RUN_ID": "run1",
        "BESOM_SWEEP_ID": "sweep1",
        "BESOM_TRIAL": "4",
        "BESOM_REPEAT": "1",
        "BESOM_ATTEMPT": "2",
        "BESOM_SEED": "5",
        "BESOM_UNTIL": "3",
        "BESOM_FIDELITY": "1.5",
    }
    assert env["HOME"] == "/h"
    assert (env["WANDB_SWEEP_ID"], env["WANDB_RUN_ID"], env["WANDB_PROJECT"]) == ("sweep1", "run1", "p")
    assert env["WANDB_SWEEP_PARAM_PATH"] == str(tmp_path / "run1" / "config.yaml")
    assert env["PYTHONUNBUFFERED"] == "1"


def test_threads_are_bounded_unless_the_user_has_said(tmp_path):
    env = environment({"OMP_NUM_THREADS": "7"}, tmp_path)
    assert (env["OMP_NUM_THREADS"], env["MKL_NUM_THREADS"]) == ("7", "2")


def test_an_outer_runs_progress_is_not_passed_on(tmp_path):
    env = environment({"BESOM_UNTIL": "9", "BESOM_FIDELITY": "8"}, tmp_path)
    assert "BESOM_UNTIL" not in env
    assert "BESOM_FIDELITY" not in env


def test_gpus_are_shown_hidden_or_left_alone(tmp_path):
    assert environment({}, tmp_path, ("2", "3"))["CUDA_VISIBLE_DEVICES"] == "2,3"
    assert environment({}, tmp_path, ("2",))["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert "CUDA_DEVICE_ORDER" not in environment({"CUDA_VISIBLE_DEVICES": "2"}, tmp_path, ("2",))
    assert environment({}, tmp_path, ())["CUDA_VISIBLE_DEVICES"] == ""
    assert environment({"CUDA_VISIBLE_DEVICES": "5"}, tmp_path)["CUDA_VISIBLE_DEVICES"] == "5"


def test_wandbs_client_is_pointed_at_the_server(tmp_path):
    env = environment({"BESOM_SERVER": "http://here:1", "BESOM_TOKEN": "t", "WANDB_MODE": "offline"}, tmp_path)
    assert (env["WANDB_BASE_URL"], env["WANDB_API_KEY"]) == ("http://here:1", wandb_key("t"))
    assert env["WANDB_MODE"] == "online"  # the server is here: nothing has to stay offline
    assert env["WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL"] == "2"


def test_what_the_user_said_to_wandbs_client_stays(tmp_path):
    given = {"WANDB_MODE": "disabled", "WANDB_X_FILE_STREAM_TRANSMIT_INTERVAL": "9"}
    env = environment({"BESOM_SERVER": "http://here:1", **given}, tmp_path)
    assert {name: env[name] for name in given} == given


def test_without_a_server_wandbs_client_is_left_alone(tmp_path):
    assert "WANDB_BASE_URL" not in environment({}, tmp_path)


def test_wandbs_client_is_not_pointed_at_a_home_which_it_cannot_reach(tmp_path):
    assert "WANDB_BASE_URL" not in environment({"BESOM_SERVER": str(tmp_path)}, tmp_path)
