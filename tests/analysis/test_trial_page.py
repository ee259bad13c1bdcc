"""The table of trials, page by page."""

import math

import pytest

from besom.analysis.columns import TrialColumns
from besom.analysis.selecting import Condition, read_where, selected
from besom.analysis.tablecolumns import column_ids
from besom.analysis.trialpage import trial_page
from besom.analysis.values import ranking
from besom.errors import MessageError
from besom.records import Cause, Failure, Reason, Sweep, Trial, TrialState
from besom.service import Progress

NAMES = ("optimizer.lr", "optimizer.name", "layers")


def progress(best=None, goal="maximize"):
    counts = {}
    return Progress(
        Sweep("s", {}, 1, 0.0), counts, best, None, None, {}, {}, goal=goal, metric="acc", fidelity_unit="epoch"
    )


def trial(number, value=None, lr=0.1, name="adam", layers=1, state=TrialState.FINISHED, phase="random", **changes):
    changes = {"ended_at": float(number), "fidelity": 3.0, "seconds": 62.0, **changes}
    if state is TrialState.FAILED:
        changes["failure"] = Failure(Cause.CUDA_OUT_OF_MEMORY, "no room")
    config = {"optimizer": {"lr": lr, "name": name}, "layers": layers, "epochs": 30}
    return Trial("s", number, config, Reason(phase), 1.7e9, state, value=value, **changes)


TRIALS = (
    trial(1, 0.5, lr=0.01, ended_at=9.0),
    trial(2, 0.9, lr=1e-5, name="sgd", layers=2, ended_at=1.0, phase="model"),
    trial(3, None, lr=0.02, state=TrialState.FAILED, ended_at=2.0),
    trial(4, 0.99, lr=0.03, layers=3, state=TrialState.RUNNING, ended_at=None),
    trial(5, 0.7, lr=0.004, name="lion", layers=2, state=TrialState.STOPPED, ended_at=3.0),
    trial(6, math.nan, lr=0.005, ended_at=4.0),
)


def page(**options):
    return trial_page(progress(TRIALS[1], options.pop("goal", "maximize")), TRIALS, NAMES, **options)


def numbers(**options):
    return [row.trial for row in page(**options).rows]


def shown(found, row, column):
    at = [each.id for each in found.columns].index(column)
    return found.rows[row].cells[at]


def test_the_best_trials_come_first_and_those_without_a_value_behind_them_by_number():
    assert numbers() == [2, 5, 1, 3, 4, 6]
    assert numbers(goal="minimize") == [1, 5, 2, 3, 4, 6]
    assert [t.number for t in ranking(TRIALS, "maximize")] == [2, 5, 1]


def test_rows_tell_the_best_trial_and_those_that_run():
    rows = {row.trial: row for row in page().rows}
    assert [number for number, row in rows.items() if row.is_best] == [2]
    assert [number for number, row in rows.items() if row.is_running] == [4]
    assert rows[5].state == "stopped"


@pytest.mark.parametrize(
    ("sort", "descending", "expected"),
    [
        ("trial", False, [1, 2, 3, 4, 5, 6]),
        ("trial", True, [6, 5, 4, 3, 2, 1]),
        ("value", False, [1, 5, 2, 4, 3, 6]),
        ("value", None, [2, 5, 1, 3, 4, 6]),
        ("value", True, [4, 2, 5, 1, 3, 6]),
        ("place", False, [2, 3, 5, 6, 1, 4]),
        ("place", True, [1, 6, 5, 3, 2, 4]),
        ("state", False, [3, 1, 2, 6, 4, 5]),
        ("cause", True, [3, 1, 2, 4, 5, 6]),
        ("parameter:optimizer.lr", False, [2, 5, 6, 1, 3, 4]),
        ("parameter:optimizer.name", True, [2, 5, 1, 3, 4, 6]),
        ("parameter:layers", True, [4, 2, 5, 1, 3, 6]),
        ("phase", None, [2, 1, 3, 4, 5, 6]),
    ],
)
def test_any_column_sorts_and_what_has_no_value_in_it_comes_last(sort, descending, expected):
    assert numbers(sort=sort, descending=descending) == expected


def test_a_parameter_of_numbers_and_texts_has_its_numbers_first():
    trials = [trial(number, 0.1, layers=layers) for number, layers in enumerate(("b", 2, None, "a", 1.5, True), 1)]
    order = [row.trial for row in trial_page(progress(), trials, NAMES, sort="parameter:layers").rows]
    assert order == [5, 2, 4, 1, 6, 3]
    order = [row.trial for row in trial_page(progress(), trials, NAMES, sort="parameter:layers", descending=True).rows]
    assert order == [6, 1, 4, 2, 5, 3]


def test_a_page_has_its_rows_and_counts_all():
    found = page(sort="trial", first=2, limit=3)
    assert [row.trial for row in found.rows] == [3, 4, 5]
    assert (found.total, found.matching) == (6, 6)
    assert page(first=6).rows == ()


def test_columns_are_all_there_and_those_are_shown_that_tell_something():
    columns = {column.id: column for column in page().columns}
    assert [each for each, column in columns.items() if column.is_shown] == [
        "trial",
        "state",
        "value",
        *(f"parameter:{name}" for name in NAMES),
        "fidelity",
        "seconds",
        "cause",
    ]
    assert set(columns) == set(column_ids(TRIALS, NAMES))
    assert (columns["value"].title, columns["fidelity"].title) == ("acc", "epoch")
    assert columns["parameter:layers"].is_number
    assert not columns["parameter:optimizer.name"].is_number
    assert "spread" in columns
    spread = trial_page(progress(), [trial(1, 0.5, spread=0.1)], NAMES).columns
    assert next(column for column in spread if column.id == "spread").is_shown


def test_at_most_six_parameters_are_shown_at_first_and_none_that_is_the_same_everywhere():
    config = {f"p{at}": at for at in range(9)}
    trials = [Trial("s", n, {**{k: v + n for k, v in config.items()}, "p0": 1}, Reason("random"), 0.0) for n in (1, 2)]
    columns = trial_page(progress(), trials).columns
    assert [column.title for column in columns if column.is_shown and "parameter" in column.id] == [
        f"p{at}" for at in range(1, 7)
    ]


@pytest.mark.parametrize("count", [0, 1])
def test_while_nothing_can_vary_the_first_parameters_are_shown(count):
    columns = trial_page(progress(), TRIALS[:count], NAMES).columns
    assert [column.title for column in columns if column.is_shown and "parameter" in column.id] == list(NAMES)


def test_without_a_space_the_parameters_are_those_that_trials_have():
    other = Trial("s", 9, {"layers": 3, "deep": {"er": {"still": 1}}}, Reason("random"), 0.0)
    ids = [column.id for column in trial_page(progress(), [*TRIALS, other]).columns if "parameter" in column.id]
    names = ("optimizer.lr", "optimizer.name", "layers", "epochs", "deep.er.still")
    assert ids == [f"parameter:{name}" for name in names]
    assert shown(trial_page(progress(), [*TRIALS, other], sort="trial"), 6, "parameter:deep.er.still").text == "1"


def test_cells_show_numbers_in_short_and_keep_the_value():
    measured = trial(12_345, 0.123456789, lr=1.2345e-5, layers=[1, 2], resources={"memory_gb_peak": 1.23456})
    found = trial_page(progress(), [measured], NAMES)
    cells = {column.id: shown(found, 0, column.id) for column in found.columns}
    assert (cells["trial"].text, cells["trial"].value) == ("12345", 12_345)
    assert (cells["value"].text, cells["value"].value) == ("0.12346", 0.123456789)
    assert cells["parameter:optimizer.lr"].text == "1.2345e-5"
    assert (cells["parameter:layers"].text, cells["parameter:layers"].value) == ("[1, 2]", "[1, 2]")
    assert (cells["seconds"].text, cells["resource:memory_gb_peak"].text) == ("1 min 2 s", "1.23")
    assert cells["started"].text == "2023-11-14 22:13:20 UTC"
    assert (cells["spread"].text, cells["spread"].value) == ("", None)


def test_a_parameter_that_is_null_is_not_one_that_is_absent():
    found = trial_page(progress(), [trial(1, layers=None), Trial("s", 2, {}, Reason("random"), 0.0)], ["layers"])
    assert [shown(found, row, "parameter:layers").text for row in (0, 1)] == ["null", ""]
    where = (Condition("parameter:layers", values=(None,)),)
    assert [row.trial for row in trial_page(progress(), TRIALS[:1], NAMES, where=where).rows] == []
    assert trial_page(progress(), [trial(1, layers=None)], NAMES, where=where).matching == 1


def test_texts_that_look_like_nothing_or_like_something_else_are_in_quotes():
    texts = ["", " adam", "null", "True", "1e-3", "nan", "adam", 'say "so"']
    rows = trial_page(
        progress(), [trial(at, name=text) for at, text in enumerate(texts)], ["optimizer.name"], sort="trial"
    )
    at = [column.id for column in rows.columns].index("parameter:optimizer.name")
    cells = [row.cells[at] for row in rows.rows]
    assert [cell.text for cell in cells] == ['""', '" adam"', '"null"', '"True"', '"1e-3"', '"nan"', "adam", 'say "so"']
    assert [cell.value for cell in cells] == texts


def test_truth_values_are_shown_as_json_and_stay_truth_values():
    cell = shown(trial_page(progress(), [trial(1, layers=True)], NAMES), 0, "parameter:layers")
    assert cell.text == "true"
    assert cell.value is True


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SGD", [2]),
        ("fail", [3]),
        ("out of memory", [3]),
        ("layers=2", [2, 5]),
        ("optimizer.lr=0.01", [1]),
        ("0.0", [1, 3, 4, 5, 6]),
        ("e-05", [2]),
        ("model", [2]),
        ("optimizer", [1, 2, 3, 4, 5, 6]),
        ("epochs", []),
        ("  ", [1, 2, 3, 4, 5, 6]),
        ("nothing has this", []),
    ],
)
def test_a_text_is_looked_for_in_state_phase_cause_and_parameters(text, expected):
    found = page(text=text, sort="trial")
    assert [row.trial for row in found.rows] == expected
    assert (found.matching, found.total) == (len(expected), 6)


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("", [1, 2, 3, 4, 5, 6]),
        ("[]", [1, 2, 3, 4, 5, 6]),
        ('[["value", 0.5, 0.7]]', [1, 5]),
        ('[["value", 0.7, null]]', [2, 4, 5]),
        ('[["value", null, null]]', [1, 2, 4, 5]),
        ('[["place", 1, 2]]', [2, 3]),
        ('[["state", ["failed", "running"]]]', [3, 4]),
        ('[["parameter:optimizer.name", ["adam"]], ["value", null, 0.6]]', [1]),
        ('[["parameter:layers", [2.0, 3]]]', [2, 4, 5]),
        ('[["parameter:layers", ["2"]]]', [2, 5]),
        ('[["parameter:layers", [true]]]', []),
        ('[["parameter:optimizer.name", 0, 1]]', []),
        ('[["cause", ["CUDA out of memory"]]]', [3]),
        ('[["trial", [6, 1]]]', [1, 6]),
    ],
)
def test_trials_are_selected_that_fulfil_every_condition(where, expected):
    conditions = read_where(where, column_ids(TRIALS, NAMES))
    assert [each.number for each in selected(TRIALS, conditions, progress())] == expected
    assert numbers(where=conditions, sort="trial") == expected


def test_lists_are_values_too():
    trials = [trial(1, layers=[1, 2]), trial(2, layers=[3])]
    conditions = read_where('[["parameter:layers", [[1, 2]]]]', column_ids(trials, NAMES))
    assert [each.number for each in selected(trials, conditions, progress())] == [1]


@pytest.mark.parametrize(
    ("where", "message"),
    [
        ("{", 'where: needs JSON, a list of ["column", low, high]'),
        ('"value"', 'where: needs a list of ["column", low, high]'),
        ("[3]", "where[0]: needs one of a list"),
        ('[["valeu", 0, 1]]', "where[0]: no column 'valeu'; did you mean value?"),
        ('[["value", 0]]', "where[0]: needs low and high, or one list of values, got 1 things"),
        ('[["trial", 1, 2], ["value", "a", 1]]', "where[1]: a bound must be a number or null, got 'a'"),
        ('[["value", true, 1]]', "where[0]: a bound must be a number or null, got 'True'"),
        ('[["value", NaN, 1]]', "where[0]: a bound must be a number or null, got 'nan'"),
        ('[["value", 2, 1]]', "where[0]: low must not be above high, got 2 and 1"),
        ("[" * 100_000, "where: needs JSON"),
    ],
)
def test_conditions_that_cannot_be_read_are_refused_by_name(where, message):
    with pytest.raises(MessageError) as refused:
        read_where(where, column_ids(TRIALS, NAMES))
    assert str(refused.value).startswith(message)
    assert len(str(refused.value)) < 1000


def test_a_column_that_does_not_exist_cannot_be_sorted_by():
    with pytest.raises(MessageError, match=r"sort: no column 'parameter:layer'; did you mean parameter:layers\?"):
        page(sort="parameter:layer")


def test_columns_made_once_serve_any_page_with_the_same_rows():
    columns = TrialColumns(TRIALS, "maximize")
    for options in ({}, {"sort": "place"}, {"text": "adam"}, {"where": (Condition("value", 0.5, 0.8),)}):
        assert page(columns=columns, **options) == page(**options)


def test_a_sweep_without_trials_has_an_empty_page():
    found = trial_page(progress(), [], NAMES)
    assert (found.rows, found.total, found.matching) == ((), 0, 0)
    assert [column.id for column in found.columns if "parameter" in column.id] == [f"parameter:{n}" for n in NAMES]


def test_trials_that_miss_repeats_come_behind_the_ranked_ones_best_first_and_say_why():
    stopped = {"state": TrialState.STOPPED, "repeats": 3}
    trials = [
        trial(1, 0.8, repeats=3, repeats_done=3),
        trial(2, None, state=TrialState.FAILED),
        trial(3, 0.1, **stopped, repeats_done=1),
        trial(4, 0.99, **stopped, repeats_done=2),
        trial(5, 0.5, repeats=3, repeats_done=3),
    ]
    found = trial_page(progress(trials[0]), trials, NAMES)
    assert [row.trial for row in found.rows] == [1, 5, 4, 3, 2]
    assert [row.trial for row in trial_page(progress(goal="minimize"), trials, NAMES).rows] == [5, 1, 3, 4, 2]
    assert [row.unranked for row in found.rows][2:] == ["2 of 3 repeats, not ranked", "1 of 3 repeats, not ranked", ""]


def test_of_many_parameters_the_most_important_are_shown_where_that_is_known():
    many = [
        Trial("s", number, {f"p{at}": number + at for at in range(9)}, Reason("random"), 1.7e9) for number in range(2)
    ]

    def shown_of(important):
        columns = trial_page(progress(), many, important=important).columns
        return [column.title for column in columns if column.is_shown and column.id.startswith("parameter:")]

    assert shown_of(()) == ["p0", "p1", "p2", "p3", "p4", "p5"]
    assert shown_of(("p8", "gone")) == ["p0", "p1", "p2", "p3", "p4", "p8"]
