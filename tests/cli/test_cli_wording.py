from __future__ import annotations

import json
import math
import shlex

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from besom.cli.arguments import Format, written
from besom.cli.columns import columns
from besom.cli.exporting import Table, as_text, logged_row
from besom.cli.shapes import shape
from besom.cli.steering import pair_of
from besom.cli.wording import flat, setting, varied
from besom.errors import ConfigError
from besom.escapes import harmless
from besom.records import Run, Sweep

CONFIG = {"lr": 0.01, "opt": "adam w", "net": {"act": "relu", "sizes": [64, 32]}, "amp": True, "clip": None}
leaves = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=8))
configs = st.dictionaries(
    st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.one_of(leaves, st.lists(leaves, max_size=3)), max_size=4
)


@given(st.text())
def test_harmless_text_has_no_control_characters(text: str) -> None:
    shown = harmless(text)
    assert not any((ord(letter) < 32 and letter not in "\n\t") or 127 <= ord(letter) < 160 for letter in shown)
    assert harmless(shown) == shown


def test_harmless_text_loses_colours_titles_and_overwritten_progress() -> None:
    assert harmless("\x1b[31mred\x1b[0m \x1b]0;title\x07end") == "red end"
    assert harmless("10%\r50%\r100%\r\ndone") == "100%\ndone"
    assert harmless("a\u202eb") == "ab"


def test_a_value_in_short_is_as_yaml_writes_it() -> None:
    assert [setting(value) for value in (True, None, "a\nb", [1, "x"], 3.2e-4, "")] == [
        "true",
        "null",
        "a b",
        '[1, "x"]',
        "0.00032",
        '""',
    ]


def test_constant_parameters_are_not_shown_as_varying() -> None:
    file = {
        "parameters": {
            "a": {"value": 1},
            "b": {"values": [1, 2]},
            "n": {"parameters": {"c": {"values": [3]}, "d": {"min": 0, "max": 1}}},
        }
    }
    assert varied(file, {"a": 1, "b": 2, "n": {"c": 3, "d": 0.5}}) == {"b": 2, "n.d": 0.5}
    assert varied({"parameters": {"a": {"value": 1}}}, {"a": 1}) == {"a": 1}


def test_arguments_are_the_words_that_an_agent_gives_the_script() -> None:
    net = {"act": "relu", "sizes": [64, 32]}
    assert shlex.split(written(CONFIG, Format.ARGS)) == [
        "--lr=0.01",
        "--opt=adam w",
        f"--net={net}",
        "--amp=True",
        "--clip=None",
    ]


def test_hydra_overrides_follow_its_grammar() -> None:
    words = shlex.split(written({**CONFIG, "note": "it's", "tag": "true", "v": "1e3"}, Format.HYDRA))
    assert words == [
        "lr=0.01",
        "opt='adam w'",
        "net.act=relu",
        "net.sizes=[64,32]",
        "amp=true",
        "clip=null",
        r"note='it\'s'",
        "tag='true'",
        "v='1e3'",
    ]


def test_environment_variables_are_upper_case_without_dots() -> None:
    assert written(CONFIG, Format.ENV).splitlines() == [
        "LR=0.01",
        "OPT='adam w'",
        "NET_ACT=relu",
        "NET_SIZES='[64, 32]'",
        "AMP=true",
        "CLIP=''",
    ]


@given(configs)
@example({"a": [math.inf, -math.inf]})
@example({"a": "\x85"})
def test_yaml_and_json_read_back_as_the_configuration(config: dict[str, object]) -> None:
    assert json.loads(written(config, Format.JSON), parse_constant=pytest.fail) == shape(config)
    assert yaml.safe_load(written(config, Format.YAML)) == config


@given(configs)
def test_arguments_survive_the_shell(config: dict[str, object]) -> None:
    assert len(shlex.split(written(config, Format.ARGS))) == len(flat(config))


@given(configs)
def test_the_table_has_one_line_for_each_value(config: dict[str, object]) -> None:
    named = dict.fromkeys(config, 1)
    assert len(written(named, Format.TABLE).splitlines()) == len(named)


def test_json_has_no_nan_and_sweeps_have_their_name() -> None:
    assert shape({"a": [math.nan, math.inf, -math.inf]}) == {"a": ["NaN", "Infinity", "-Infinity"]}
    assert shape(Sweep("id", {"name": "digits"}, 1, 0.0))["name"] == "digits"


def test_columns_align_and_are_cut_to_the_width() -> None:
    assert columns(["n", "name"], [["1", "a"], ["10", "bcdef"]], right=(0,), width=7) == [
        " n  na…",
        " 1  a",
        "10  bc…",
    ]


@pytest.mark.parametrize(
    ("text", "pair"),
    [
        ("lr=1e-3", ("lr", 0.001)),
        ("n=3", ("n", 3)),
        ("opt=adam", ("opt", "adam")),
        ("a.b=[1, 2]", ("a.b", [1, 2])),
        ("s='3'", ("s", "3")),
        ("x=null", ("x", None)),
        ("e=", ("e", None)),
    ],
)
def test_a_value_is_read_as_yaml_and_exponents_as_numbers(text: str, pair: tuple[str, object]) -> None:
    assert pair_of(text) == pair


@pytest.mark.parametrize("text", ["lr", "=3", "lr=[1,"])
def test_a_pair_that_cannot_be_read_says_what_is_needed(text: str) -> None:
    with pytest.raises(ConfigError, match="needs"):
        pair_of(text)


def test_a_table_in_csv_has_a_column_for_every_key() -> None:
    rows = [{"trial": 0, "config.lr": 0.1}, {"trial": 1, "flag": True, "list": [1]}]
    assert as_text(rows, Table.CSV) == "trial,config.lr,flag,list\n0,0.1,,\n1,,true,[1]\n"
    assert [json.loads(line) for line in as_text(rows, Table.JSONL).splitlines()] == rows
    assert json.loads(as_text(rows, Table.JSON)) == rows


def test_a_cell_that_is_json_is_json_even_where_a_number_is_not_finite() -> None:
    assert as_text([{"list": [1, math.inf]}], Table.CSV) == 'list\n"[1, ""Infinity""]"\n'


def test_no_logged_key_takes_the_place_of_what_tells_the_run() -> None:
    run = Run(
        id="r1", sweep_id="s", trial=7, repeat=1, attempt=2, lease=1, agent_id="a", request_id="q", started_at=0.0,
        lease_until=1.0,
    )  # fmt: skip
    logged = {"trial": 99, "run": "mine", "logged.run": "other", "repeat": None, "logged.loss": 1, "loss": 2}
    row = logged_row(run, logged)
    assert list(row)[:4] == ["run", "trial", "repeat", "attempt"]
    assert [row[name] for name in list(row)[:4]] == ["r1", 7, 1, 2]
    assert list(row.items())[4:] == [
        ("logged.trial", 99), ("logged.run", "mine"), ("logged.logged.run", "other"), ("logged.repeat", None),
        ("logged.loss", 1), ("loss", 2),
    ]  # fmt: skip


def test_a_dict_whose_dotted_names_are_taken_stays_whole() -> None:
    assert flat({"a": {"b": 1, "c": 2}, "a.b": 3}) == {"a": {"b": 1, "c": 2}, "a.b": 3}
    assert flat({"a": {"b": 1}, "a.c": 3}) == {"a.b": 1, "a.c": 3}
    assert flat({"n": {"a": {"b": 1}, "a.b": {"c": 2}}}) == {"n.a": {"b": 1}, "n.a.b.c": 2}
