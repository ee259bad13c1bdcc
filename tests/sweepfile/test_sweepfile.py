import json
import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pytest

from besom.errors import SweepFileError
from besom.sweepfile import advice_on, check, content, json_schema, load, parse, space_of

EXAMPLES = Path(__file__).parents[2] / "examples"

WHOLE = """\
program: train.py
method: bayes
name: whole
description: every key
project: p
entity: e
metric: {name: val/loss.best, goal: minimize, target: 1e-3}
run_cap: 30
command: ["${env}", "${interpreter}", "${program}", --epochs, 5, "${args}", "${envvar:HOME}"]
early_terminate: {type: hyperband, min_iter: 3, eta: 3, strict: true}
parameters:
  lr: {distribution: log_uniform_values, min: 1e-5, max: .1}
  models.width: {values: [16, 32, 64]}
  optimizer:
    parameters:
      name: {values: [sgd, adam]}
      momentum: {min: 0.0, max: 0.99}
besom:
  seed: 7
  budget: {trials: 20, epochs: 400, hours: 2, gpu_hours: 1.5}
  fidelity: {metric: epoch, max: 27}
  baseline:
    - {lr: 1e-3, optimizer: {name: sgd}}
  when: {optimizer.momentum: {optimizer.name: sgd}}
  constraints: ["models.width * lr < 5"]
  resources: {gpus: 1, per_gpu: 2}
  retries: 2
  timeout: 90m
  metrics:
    - regex: 'epoch (?P<epoch>\\d+): loss (?P<loss>\\S+)'
    - json: true
      file: log.jsonl
  repeats: {parameter: fold, values: [0, 1, 2]}
  checkpoints: true
  grace: 5
  stop_when: {gain: 1e-4, decisions: 3}
  audit: 0.1
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "train.py").touch()
    return tmp_path


def written(folder, text, name="sweep.yaml"):
    path = folder / name
    path.write_text(text)
    return path


def errors_of(folder, text, name="sweep.yaml"):
    """Errors without the folder's path."""
    report = check(written(folder, text, name))
    return [error.replace(f"{folder}{os.sep}", "") for error in report.errors]


def warnings_of(folder, text, logged=None):
    report = check(written(folder, text), logged)
    assert report.errors == ()
    return [warning.replace(f"{folder}{os.sep}", "") for warning in report.warnings]


def test_a_file_with_every_key_is_loaded_whole_and_nothing_in_it_is_unwise(folder):
    loaded = load(written(folder, WHOLE))
    besom = loaded.file.besom
    assert loaded.file.metric.target == 0.001
    assert loaded.file.command[4] == "5"
    assert (besom.timeout, besom.grace, besom.repeats.count, besom.metrics[1].json_lines) == (5400.0, 5.0, 3, True)
    assert loaded.raw["parameters"]["lr"] == {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1}
    assert [p.name for p in space_of(loaded.file).parameters][-2:] == ["optimizer.name", "optimizer.momentum"]
    assert loaded.file.max_trials == 20
    assert check(loaded.path) == type(check(loaded.path))((), ())


def test_json_and_yaml_of_the_same_sweep_are_the_same(folder):
    loaded = load(written(folder, WHOLE))
    again = load(written(folder, json.dumps(loaded.raw, indent="\t"), "sweep.json"))
    assert again.raw == loaded.raw
    assert again.file == loaded.file == parse(loaded.raw)


@pytest.mark.parametrize(
    ("written_as", "number"),
    [("1e-3", 0.001), ("1E5", 1e5), ("1.5e3", 1500.0), ("-2e+2", -200.0), (".5e1", 5.0), ("3", 3), ("0.1", 0.1)],
)
def test_numbers_are_numbers_however_they_are_written(folder, written_as, number):
    loaded = load(written(folder, f"method: random\nparameters: {{a: {{value: {written_as}}}}}\n"))
    value = loaded.raw["parameters"]["a"]["value"]
    assert (value, type(value)) == (number, type(number))


@pytest.mark.parametrize("written_as", ["'1e-3'", "2020-01-01", "e5", "1e", "v1e3", "1.2.3"])
def test_texts_stay_texts(folder, written_as):
    loaded = load(written(folder, f"method: random\nparameters: {{a: {{value: {written_as}}}}}\n"))
    assert loaded.raw["parameters"]["a"]["value"] == written_as.strip("'")


def test_every_error_is_told_at_once_with_its_line_its_law_and_the_next_move(folder):
    text = """\
program: nothere.py
methd: bayes
method: bayez
metric: {nme: val_loss, goal: minimise}
run_cap: "10"
command: ["${interpretr}", "${program}"]
early_terminate: {type: hyperband, max_iter: 27}
parameters:
  lr: {distribution: log_uniform_values, min: 0.0, max: 0.1}
  p: {values: [a, b], probabilities: [0.5, 0.4]}
  e: {min: 3, max: 3}
  o: {distribution: unifrm, min: 0, max: 1}
  e: {value: 1}
besom:
  sed: 3
  metrics: [{regex: "(?P<x"}]
  timeout: 2x
  repeats: {count: 2, values: [1, 2, 3]}
"""
    errors = errors_of(folder, text)
    starts = [
        "program (sweep.yaml:1): needs a file that exists, got nothere.py",
        "methd (sweep.yaml:2): needs a known key, got methd; did you mean method?",
        "method (sweep.yaml:3): needs 'grid', 'random' or 'bayes', got 'bayez'",
        "metric.goal (sweep.yaml:4): needs 'minimize' or 'maximize', got 'minimise'",
        "metric.name (sweep.yaml:4): needs a value, got none; add it.",
        "metric.nme (sweep.yaml:4): needs a known key, got nme; did you mean name?",
        "run_cap (sweep.yaml:5): needs a whole number, got '10'; write a number without quotes or point.",
        "command[0] (sweep.yaml:6): needs a known macro, got ${interpretr}; did you mean interpreter?",
        "early_terminate (sweep.yaml:7): hyperband needs min_iter, or max_iter and s, got type, max_iter",
        "parameters.lr.min (sweep.yaml:9): log_uniform_values needs a number above 0, got 0.0; raise it",
        "parameters.p (sweep.yaml:10): categorical_w_probabilities needs probabilities that sum to 1, got 0.9",
        "parameters.o.distribution (sweep.yaml:12): needs a known distribution, got 'unifrm'; did you mean uniform?",
        "parameters.e (sweep.yaml:13): needs each key once, got it on line 11 and again on line 13; remove one.",
        "besom.sed (sweep.yaml:15): needs a known key, got sed; did you mean seed?",
        "besom.metrics[0].regex (sweep.yaml:16): needs a regular expression",
        "besom.timeout (sweep.yaml:17): needs seconds or a text such as 90s, 15m, 2h, 1d, got '2x'",
        "besom.repeats.values (sweep.yaml:18): needs the parameter that gets them",
        "besom.repeats.values (sweep.yaml:18): needs one value for each repeat, got 3 for count=2",
    ]
    for start in starts:
        assert any(error.startswith(start) for error in errors), (start, errors)
    assert len(errors) == len(starts)


BASE = {"method": "random", "metric": {"name": "loss"}, "parameters": {"lr": {"min": 0.0, "max": 1.0}}}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "bayes", "metric": None}, r"^method: bayes needs a metric"),
        (
            {"early_terminate": {"type": "hyperband", "min_iter": 1}, "metric": None},
            r"^early_terminate: needs a metric",
        ),
        ({"early_terminate": {"type": "hyperband", "min_iter": 0}}, r"early_terminate\.min_iter: .* at least 1, got 0"),
        (
            {"early_terminate": {"type": "hyperbnd", "min_iter": 1}},
            r"early_terminate\.type: needs a known type, got 'hyperbnd'; did you mean hyperband\? \(valid: .*none\)\.$",
        ),
        ({"early_terminate": {"type": "None"}}, r"early_terminate\.type: .* did you mean none\?"),
        ({"early_terminate": {"min_iter": 1}}, r"early_terminate\.type: needs a type, got none; add it"),
        ({"early_terminate": "asha"}, r"^early_terminate: needs a mapping of keys to values, got 'asha'"),
        (
            {"early_terminate": {"type": "median", "eta": 3}},
            r"eta: needs an option of median \(min_iter, min_trials\), got eta, which hyperband and asha have; remove",
        ),
        (
            {"early_terminate": {"type": "asha", "strict": True}},
            r"early_terminate\.strict: needs an option of asha .*, got strict, which only hyperband has; remove it\.$",
        ),
        (
            {"early_terminate": {"type": "none", "min_iter": 1}},
            r"early_terminate\.min_iter: none takes no options, got min_iter; remove it\.$",
        ),
        (
            {"early_terminate": {"type": "asha", "min_itr": 1}},
            r"early_terminate\.min_itr: needs a known key, got min_itr; did you mean min_iter\?",
        ),
        ({"early_terminate": {"type": "asha", "eta": 1}}, r"early_terminate\.eta: needs a number above 1, got 1"),
        (
            {"early_terminate": {"type": "asha", "min_iter": 9, "max_iter": 9}},
            r"^early_terminate: asha needs min_iter < max_iter, got min_iter=9, max_iter=9; raise max_iter",
        ),
        (
            {"early_terminate": {"type": "hyperband", "max_iter": 2, "s": 1}},
            r"^early_terminate: hyperband needs a rung of at least one step, got max_iter=2, s=1, eta=3; raise",
        ),
        (
            {"early_terminate": {"type": "median", "min_trials": 0}},
            r"early_terminate\.min_trials: .* at least 1, got 0",
        ),
        ({"method": "grid"}, r"parameters\.lr: grid needs .*, got uniform"),
        ({"parameters": {}}, r"^parameters: needs at least one parameter"),
        ({"parameters": None}, r"^parameters: needs a value, got none"),
        ({"parameters": [1]}, r"^parameters: needs at least one parameter, got \[1\]"),
        ({"metric": "loss"}, r"^metric: needs a mapping of keys to values, got 'loss'"),
        ({"command": ["${program}"]}, r"command\[0\]: needs program"),
        ({"besom": {"baseline": [{"lrr": 1}]}}, r"besom\.baseline\[0\]: lrr: needs a parameter .*did you mean lr"),
        ({"besom": {"baseline": [{"lr": "x"}]}}, r"besom\.baseline\[0\]: lr: needs a number .*got 'x'"),
        ({"besom": {"repeats": {"count": 3, "parameter": "lr"}}}, r"besom\.repeats\.parameter: .*got lr"),
        ({"besom": {"fidelity": {"max": 3, "min": 4}}}, r"besom\.fidelity: needs min <= max"),
        ({"besom": {"fidelity": {"max": float("inf")}}}, r"besom\.fidelity\.max: needs a finite number"),
        ({"besom": {"metrics": [{}]}}, r"besom\.metrics\[0\]: .*got neither"),
        ({"besom": {"metrics": [{"regex": "loss"}]}}, r"besom\.metrics\[0\]\.regex: needs a named group"),
        ({"besom": {"constraints": ["lr > 2"]}}, r"besom\.constraints\[0\]: .*none in 10,000 draws"),
        (
            {"besom": {"resources": {"per_gpu": 0}}},
            r"^besom\.resources\.per_gpu: needs a whole number of at least 1, or auto, got 0; write one of them\.$",
        ),
        ({"besom": {"resources": {"per_gpu": "many"}}}, r"^besom\.resources\.per_gpu: .* or auto, got 'many'"),
        ({"besom": {"retries": -1}}, r"besom\.retries: needs a number of at least 0, got -1"),
        ({"besom": {"budget": {"hours": True}}}, r"besom\.budget\.hours: needs a number, got True"),
    ],
)
def test_a_broken_law_is_told_with_its_place(change, message):
    raw = {key: value for key, value in (BASE | change).items() if value is not None}
    with pytest.raises(SweepFileError, match=message) as caught:
        parse(raw)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ("method: random\nparameters:\n  a: [1, 2\n", "s.yaml", "s.yaml:4: needs valid YAML"),
        ("method: random\n\tparameters: 1\n", "s.yaml", "s.yaml:2: needs valid YAML"),
        ('{"method": "random",\n "parameters": {},}', "s.json", "s.json:2: needs valid JSON"),
        ("", "s.yaml", "s.yaml: needs a mapping with method and parameters, got nothing"),
        ("- 1\n", "s.yaml", "s.yaml: needs a mapping with method and parameters, got list"),
        ("a: &a\n  b: *a\n", "s.yaml", "s.yaml:1: needs valid YAML, got an anchor that contains itself at column 4"),
    ],
)
def test_broken_text_is_told_with_its_line(folder, text, name, message):
    assert errors_of(folder, text, name)[0].startswith(message)


def test_a_file_that_cannot_be_read_is_told(folder):
    assert "got no such file" in check(folder / "none.yaml").errors[0]
    (folder / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    assert "needs UTF-8 text" in check(folder / "latin.yaml").errors[0]
    assert "needs a readable file" in check(folder).errors[0]


def test_the_program_is_looked_for_beside_the_file_too_and_only_by_check(folder):
    (folder / "deep").mkdir()
    text = "method: random\nrun_cap: 1\nprogram: run.sh\nmetric: {name: a}\nparameters: {a: {values: [1, 2]}}\n"
    path = written(folder, text, "deep/sweep.yaml")
    assert load(path).file.program == "run.sh"
    assert "got run.sh, which is not in" in check(path).errors[0]
    (folder / "deep" / "run.sh").touch()
    assert check(path).errors == ()


HYPERBAND_LATE = "early_terminate: {type: hyperband, min_iter: 11}\n"
MEDIAN_LATE = "early_terminate: {type: median, min_trials: 9}\n"
HYPERBAND_BACKWARDS = "early_terminate: {type: hyperband, max_iter: 99, s: 2}\n"
PLAIN = "program: train.py\nmetric: {name: loss}\nrun_cap: 9\n"
WITHOUT_METRIC = "program: train.py\nrun_cap: 9\nmethod: random\nparameters: {lr: {min: 0.0, max: 0.1}}\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "method: random\nparameters: {lr: {distribution: log_uniform, min: 1e-4, max: .1}}\n",
            "parameters.lr (sweep.yaml:5): log_uniform takes exponents of e, got 0.0001 and 0.1",
        ),
        (
            "method: random\nparameters: {lr: {min: 1e-4, max: 1.0}}\n",
            "parameters.lr (sweep.yaml:5): uniform draws nine in ten values from the last decade",
        ),
        (
            "method: grid\nparameters: {a: {min: 1, max: 100}, b: {min: 1, max: 100}}\n",
            "method (sweep.yaml:4): grid runs every combination, got 10,000 of them",
        ),
        (
            "method: random\nparameters: {lr: {min: 0.0, max: 0.1}}\nbesom: {baseline: [{lr: 0.5}]}\n",
            "besom.baseline[0] (sweep.yaml:6): lr has a number in [0, 0.1], got 0.5",
        ),
        (
            "method: random\nparameters: {lr: {min: 0.0, max: 0.1}}\njob: x\n",
            "job (sweep.yaml:6): is W&B's and ignored here",
        ),
        (
            "method: random\nparameters: {lr: {distribution: q_uniform, min: 0.0, max: 0.1}}\n",
            "parameters.lr (sweep.yaml:5): q_uniform rounds to multiples of q=1, got only 0.0",
        ),
        (
            "method: random\nparameters: {lr: {min: 0.0, max: 0.1}}\nbesom: {fidelity: {max: 10}}\n" + HYPERBAND_LATE,
            "early_terminate (sweep.yaml:7): hyperband compares from 11 on, got trials that end at 10",
        ),
        (
            "method: random\nparameters: {epochs: {value: 10}, lr: {min: 0.0, max: 0.1}}\n" + HYPERBAND_BACKWARDS,
            "early_terminate (sweep.yaml:6): hyperband compares from 11 on, got trials that end at 10",
        ),
        (
            "method: random\nparameters: {lr: {min: 0.0, max: 0.1}}\nbesom: {fidelity: {max: 10}}\n"
            + HYPERBAND_LATE.replace("hyperband", "asha"),
            "early_terminate (sweep.yaml:7): asha compares from 11 on, got trials that end at 10 (besom.fidelity.max)",
        ),
        (
            "method: random\nparameters: {lr: {min: 0.0, max: 0.1}}\n" + MEDIAN_LATE,
            "early_terminate (sweep.yaml:6): median waits for 9 other trials, got 9 in all; lower min_trials.",
        ),
        (
            "method: random\nparameters: {n: {values: [1, 2, 1.0, true, [3], [3]]}, m: {values: [a, b]}}\n",
            "parameters.n (sweep.yaml:5): values need to be there once each, got 1.0, [3] more than once; remove the",
        ),
        (
            "method: grid\nparameters: {n: {parameters: {m: {values: [a, b, a]}}}}\n",
            "parameters.n.parameters.m (sweep.yaml:5): values need to be there once each, got 'a' more than once;",
        ),
    ],
)
def test_what_is_unwise_is_warned_of(folder, text, expected):
    found = warnings_of(folder, PLAIN + text)
    assert len(found) == 1
    assert found[0].startswith(expected)


@pytest.mark.parametrize("name", ["acc", "val/accuracy", "test_f1", "R2", "mAP@50", "valAcc", "eval.mean_return"])
def test_a_metric_of_which_more_is_better_by_its_name_is_warned_of_without_a_goal(folder, name):
    text = f"{WITHOUT_METRIC}metric: {{name: {name}"
    law = f"is minimised where no goal is given, got {name}; add `goal: maximize`, or `goal: minimize` if so meant."
    assert warnings_of(folder, f"{text}}}\n") == [f"metric (sweep.yaml:5): {law}"]
    for goal in ("maximize", "minimize"):
        assert warnings_of(folder, f"{text}, goal: {goal}}}\n") == []


@pytest.mark.parametrize("name", ["loss", "accident", "f1_loss", "brier_score", "scores_file", "recallError"])
def test_other_metrics_are_minimised_without_a_word(folder, name):
    assert warnings_of(folder, f"{WITHOUT_METRIC}metric: {{name: {name}}}\n") == []


@pytest.mark.parametrize(
    ("command", "got", "move"),
    [
        (
            '[python, train.py, "--config=${args_json_file}"]',
            "${args_json_file} inside '--config=${args_json_file}'",
            "make two words of it, --config and ${args_json_file}.",
        ),
        (
            '[bash, -c, "${program} ${args} ${args}"]',
            "${program}, ${args} inside '${program} ${args} ${args}'",
            'write "$@" there in place of ${program}, ${args}, and behind it the words sh, ${program}, ${args}.',
        ),
        ('[python, train.py, "x${args}y"]', "${args} inside 'x${args}y'", "make ${args} a word of its own."),
        ('[python, -c, "f(${args})"]', "${args} inside 'f(${args})'", "make ${args} a word of its own."),
    ],
)
def test_a_macro_inside_a_longer_word_is_warned_of(folder, command, got, move):
    text = f"{PLAIN}command: {command}\nmethod: random\nparameters: {{lr: {{min: 0.0, max: 0.1}}}}\n"
    law = "command[2] (sweep.yaml:4): a macro is replaced where it is a word of its own"
    assert warnings_of(folder, text) == [f"{law}, got {got}, which stays as it is; {move}"]


def test_what_a_shell_or_the_environment_replaces_is_no_mistake(folder):
    command = '["${env}", bash, -c, "cd ${HOME}/${envvar:PLACE} && $0 ${1}", "--at=${envvar:PLACE}", "${args}"]'
    text = f"{PLAIN}command: {command}\nmethod: random\nparameters: {{lr: {{min: 0.0, max: 0.1}}}}\n"
    assert warnings_of(folder, text) == []


def test_a_grid_is_not_told_to_draw_otherwise(folder):
    assert warnings_of(folder, PLAIN + "method: grid\nparameters: {n: {min: 1, max: 1000}}\n") == []
    found = warnings_of(folder, PLAIN + "method: random\nparameters: {n: {min: 1, max: 1000}}\n")
    assert found[0].endswith("use distribution: q_log_uniform_values.")


NOT_TEXT = 'needs a name that is text, got {0}, which YAML reads as {1}; quote it: "{0}".'
NOT_WHOLE = "int_uniform needs a whole number within ±2^53, got {}; {}, or use uniform."
NO_NAME = "names begin with a letter or _ and go on with letters, digits and _ . -, got 1; rename it."


@pytest.mark.parametrize(
    ("parameters", "place", "told"),
    [
        ("{n: }", "n (sweep.yaml:5)", "needs a mapping, got null; write `n: {value: null}`."),
        ("{n: adam}", "n (sweep.yaml:5)", 'needs a mapping, got "adam"; write `n: {value: "adam"}`.'),
        ("{n: [1, a]}", "n (sweep.yaml:5)", 'needs a mapping, got [1, "a"]; write `n: {values: [1, "a"]}`.'),
        ("\n  a: {value: 1}\n  off: {value: 1}", "off (sweep.yaml:7)", NOT_TEXT.format("off", "false")),
        (
            "{net: {parameters: {Yes: {value: 1}}}}",
            "net.parameters.Yes (sweep.yaml:5)",
            NOT_TEXT.format("Yes", "true"),
        ),
        ("{null: {value: 1}}", "null (sweep.yaml:5)", NOT_TEXT.format("null", "null")),
        ("{1: {value: 1}}", "1 (sweep.yaml:5)", NO_NAME),
        (
            "{n: {distribution: int_uniform, min: 1e2, max: 200}}",
            "n.min (sweep.yaml:5)",
            NOT_WHOLE.format(100.0, "write 100"),
        ),
        (
            "{n: {distribution: int_uniform, min: 1.5, max: 200}}",
            "n.min (sweep.yaml:5)",
            NOT_WHOLE.format(1.5, "write it without a point"),
        ),
    ],
)
def test_one_mistake_in_a_parameter_is_told_once_and_its_advice_helps(folder, parameters, place, told):
    assert errors_of(folder, f"{PLAIN}method: random\nparameters: {parameters}\n") == [f"parameters.{place}: {told}"]


def test_a_quoted_name_is_taken_and_an_unquoted_one_refused_from_everywhere(folder):
    text = "method: random\nparameters: {{{}: {{value: 1}}}}\n"
    assert content(text.format('"off"'))["parameters"] == {"off": {"value": 1}}
    with pytest.raises(SweepFileError, match='got off, which YAML reads as false; quote it: "off"'):
        content(text.format("off"))
    with pytest.raises(SweepFileError, match="got False; quote it") as caught:
        parse({"method": "random", "parameters": {False: {"value": 1}}})
    assert len(caught.value.problems) == 1


def test_a_metric_that_the_program_never_logged_is_warned_of(folder):
    text = PLAIN + "method: random\nparameters: {lr: {min: 0.0, max: 0.1}}\n"
    assert warnings_of(folder, text, {"val_loss", "epoch"})[0].startswith(
        "metric.name (sweep.yaml:2): the program never logged loss in past sweeps; did you mean val_loss?"
    )
    assert warnings_of(folder, text, {"loss"}) == []
    assert warnings_of(folder, text, None) == []


def test_no_metric_and_no_limit_are_warned_of(folder):
    found = warnings_of(folder, "program: train.py\nmethod: random\nparameters: {lr: {min: 0.0, max: 0.1}}\n")
    assert len(found) == 2
    assert "a metric tells which trial is best, got none" in found[0]
    assert "random goes on until it is stopped, got no limit" in found[1]


def test_python_values_are_taken_as_a_file_would_hold_them():
    raw = BASE | {
        "parameters": {"a": {"values": (1, 2)}, "b": {"values": np.arange(3)}, "c": {"value": np.float32(0.5)}}
    }
    file = parse(raw)
    assert file.parameters == {"a": {"values": [1, 2]}, "b": {"values": [0, 1, 2]}, "c": {"value": 0.5}}


def test_the_schema_is_one_and_takes_the_whole_file(folder):
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(load(written(folder, WHOLE)).raw, schema)


@pytest.mark.parametrize(
    "change",
    [
        {"methd": "x"},
        {"parameters": {"a": {"distribution": "log_uniform_values", "min": 0, "max": 1}}},
        {"parameters": {"a": {"distribution": "normal", "min": 0}}},
        {"parameters": {"a": {"parameters": {"b": {"vlaue": 1}}}}},
        {"parameters": {"1a": {"value": 1}}},
        {"early_terminate": {"type": "hyperband", "max_iter": 9}},
        {"early_terminate": {"type": "asha", "strict": True}},
        {"early_terminate": {"type": "median", "eta": 2}},
        {"early_terminate": {"type": "none", "min_iter": 1}},
        {"early_terminate": {"min_iter": 1}},
        {"besom": {"timeout": "2x"}},
        {"besom": {"stop_when": "sometimes"}},
        {"besom": {"stop_when": {"gain": 0}}},
        {"besom": {"stop_when": {"gain": 1, "in": 5}}},
        {"besom": {"audit": 1.5}},
        {"besom": {"metrics": [{"regexp": "x"}]}},
    ],
)
def test_the_schema_refuses_what_is_wrong(change):
    jsonschema.validate(BASE, json_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(BASE | change, json_schema())


@pytest.mark.parametrize(
    "section",
    [
        {"type": "hyperband", "min_iter": 3},
        {"type": "hyperband", "max_iter": 27, "s": 2, "eta": 2.5, "strict": False},
        {"type": "asha"},
        {"type": "asha", "min_iter": 2, "max_iter": 50, "eta": 4},
        {"type": "median", "min_iter": 3, "min_trials": 8},
        {"type": "none"},
    ],
)
def test_the_schema_and_the_file_take_each_types_own_options(section):
    jsonschema.validate(BASE | {"early_terminate": section}, json_schema())
    assert parse(BASE | {"early_terminate": section}).early_terminate.model_dump(exclude_unset=True) == section


@pytest.mark.parametrize(
    ("given", "gain", "decisions"),
    [
        (0.001, 0.001, 5),
        (2, 2, 5),
        ("noise", "noise", 5),
        ("never", "never", 5),
        ({"gain": "noise", "decisions": 2}, "noise", 2),
        ({"decisions": 9}, "noise", 9),
    ],
)
def test_when_to_end_may_be_written_in_short(given, gain, decisions):
    raw = BASE | {"besom": {"stop_when": given}}
    jsonschema.validate(raw, json_schema())
    found = parse(raw).besom.stop_when
    assert (found.gain, found.decisions) == (gain, decisions)


@pytest.mark.parametrize(
    ("besom", "said"),
    [
        (
            {"stop_when": "noisy"},
            "besom.stop_when.gain: needs a number above 0 in the objective's units, noise or never, got 'noisy'",
        ),
        ({"stop_when": -1}, "besom.stop_when.gain: needs a number above 0"),
        ({"stop_when": {"gain": True}}, "besom.stop_when.gain: needs a number above 0"),
        ({"stop_when": {"decisions": 0}}, "besom.stop_when.decisions: needs a number of at least 1, got 0; raise it."),
        ({"stop_when": {"gian": 1}}, "besom.stop_when.gian: needs a known key, got gian; did you mean gain?"),
        ({"audit": 1.5}, "besom.audit: needs a number of at most 1, got 1.5; lower it."),
    ],
)
def test_what_ends_and_audits_a_search_is_checked(besom, said):
    with pytest.raises(SweepFileError) as refused:
        parse(BASE | {"besom": besom})
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("method: bayes\n", []),
        ("method: bayes\nbesom: {stop_when: never}\n", ["method (sweep.yaml:3): bayes goes on until it is stopped"]),
        (
            "method: random\nrun_cap: 5\nbesom: {stop_when: noise}\n",
            ["besom.stop_when (sweep.yaml:5): only bayes knows what gain to expect, got method random"],
        ),
        (
            "method: random\nrun_cap: 5\nbesom: {audit: 0.1}\n",
            ["besom.audit (sweep.yaml:5): lets trials finish that would be stopped, got nothing that stops"],
        ),
        ("method: random\nrun_cap: 5\nearly_terminate: {type: asha}\nbesom: {audit: 0.1}\n", []),
        ("method: bayes\nbesom: {audit: 0.1, fidelity: {max: 9}}\n", []),
        (
            "method: bayes\nearly_terminate: {type: none}\nbesom: {audit: 0.1, fidelity: {max: 9}}\n",
            ["besom.audit (sweep.yaml:5): lets trials finish that would be stopped"],
        ),
    ],
)
def test_keys_that_would_do_nothing_are_warned_of(folder, text, expected):
    head = "program: train.py\nmetric: {name: loss}\n"
    found = warnings_of(folder, head + text + "parameters: {lr: {min: 0.0, max: 0.1}}\n")
    assert len(found) == len(expected)
    assert all(line.startswith(start) for line, start in zip(found, expected, strict=True))


def test_where_nothing_is_stopped_no_metric_is_needed():
    raw = {key: value for key, value in BASE.items() if key != "metric"}
    assert parse(raw | {"early_terminate": {"type": "none"}}).early_terminate.type == "none"


def test_every_example_is_valid_wise_and_fits_the_schema():
    files = [path for path in EXAMPLES.rglob("*") if path.suffix in (".yaml", ".yml", ".json") and "sweep" in path.name]
    for path in files:
        jsonschema.validate(load(path).raw, json_schema())
        assert check(path).errors == (), path


def test_importing_the_sweep_file_loads_no_numpy():
    code = "import sys, besom.sweepfile; print('numpy' in sys.modules, 'scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "False"]


def test_each_key_of_the_file_stands_in_the_documentation():
    text = (Path(__file__).parents[2] / "docs" / "sweep-file.md").read_text(encoding="utf-8")
    schema = json_schema()
    models = [schema, *(model for name, model in schema["$defs"].items() if name not in ("parameter", "parameters"))]
    keys = {key for model in models for key in model.get("properties", {})}
    names = {name.removeprefix("distribution_") for name in schema["$defs"] if name.startswith("distribution_")}
    assert [word for word in sorted(keys | names) if f"`{word}`" not in text and f"`{word}:" not in text] == []


def test_content_is_that_of_a_text_of_yaml_or_json_in_either_style():
    text = 'method: random\nparameters:\n  lr: {distribution: uniform, min: 1e-5, max: "0.1"}\n'
    for given in ("method: random\nparameters: {lr: {min: 1e-5, max: 0.1}}", text.replace('"0.1"', "0.1")):
        found = content(given)
        assert (found["parameters"]["lr"]["min"], found["parameters"]["lr"]["max"]) == (1e-5, 0.1)
        assert content(json.dumps(found)) == found


def test_content_tells_everything_that_is_wrong():
    with pytest.raises(SweepFileError) as raised:
        content("method: ranom\nparameters:\n  lr: {min: 1.0, max: 0.0}\n")
    assert len(raised.value.problems) == 2
    assert "ranom" in str(raised.value)
    assert "parameters.lr" in str(raised.value)
    for broken in ("", "a: [", "- 1", "3", "a: !!python/object:os.system x"):
        with pytest.raises(SweepFileError):
            content(broken)


def test_advice_is_what_check_gives_without_lines(folder):
    file = {"program": "train.py", "method": "random", "parameters": {"lr": {"min": 0.001, "max": 10.0}}}
    (folder / "sweep.json").write_text(json.dumps(file))
    found = advice_on(file)

    assert [line.rpartition(": ")[2] for line in found] == [
        line.rpartition(": ")[2] for line in check(folder / "sweep.json").warnings
    ]
    assert any("goes on until it is stopped" in line for line in found)
    assert advice_on({**file, "run_cap": 5, "metric": {"name": "loss"}, "parameters": {"x": {"values": [1, 2]}}}) == ()
    with pytest.raises(SweepFileError):
        advice_on({**file, "method": "nosuch"})
