import pytest

from besom.analysis.tables import ABSENT, failures_by_cause, flat, lookup, parameter_table, resources_summary
from besom.records import Cause, Failure, Reason, Trial, TrialState


def trial(number, config=None, cause=None, resources=None):
    return Trial(
        "s", number, config or {}, Reason("random"), 0.0,
        TrialState.FAILED if cause else TrialState.FINISHED,
        failure=Failure(cause) if cause else None, resources=resources or {},
    )  # fmt: skip


def test_nested_sections_become_dotted_names_and_are_found_by_them():
    config = {"lr": 0.1, "model": {"optimizer": {"name": "adam"}}, "a.b": 3, "empty": {}}
    assert flat(config) == {"lr": 0.1, "model.optimizer.name": "adam", "a.b": 3, "empty": {}}
    assert lookup(config, "model.optimizer.name") == "adam"
    assert lookup(config, "model.optimizer") == {"name": "adam"}
    assert lookup(config, "a.b") == 3
    assert lookup(config, "model.depth") is ABSENT


def test_a_dotted_name_inside_a_section_is_found():
    assert lookup({"a": {"b.c": 1}}, "a.b.c") == 1


def test_the_table_has_a_row_for_each_trial_and_tells_absent_from_null():
    table = parameter_table([trial(0, {"a": 1, "b": None}), trial(1, {"a": 1})])
    assert table.names == ("a", "b")
    assert table.rows == ((1, None), (1, ABSENT))
    assert table.varying == ("b",)
    assert table.column("b") == (None, ABSENT)
    with pytest.raises(ValueError, match="tuple"):
        table.column("c")


def test_one_true_and_a_list_are_different_values():
    assert parameter_table([trial(0, {"a": 1}), trial(1, {"a": True})]).varying == ("a",)
    assert parameter_table([trial(0, {"a": [1]}), trial(1, {"a": [1]})]).varying == ()


def test_failures_are_grouped_by_cause_with_the_most_frequent_first():
    trials = [trial(0, cause=Cause.TIMEOUT), trial(1), trial(3, cause=Cause.SIGNAL), trial(2, cause=Cause.SIGNAL)]
    groups = failures_by_cause(trials)
    assert [(group.cause, [t.number for t in group.trials]) for group in groups] == [
        (Cause.SIGNAL, [2, 3]),
        (Cause.TIMEOUT, [0]),
    ]


def test_resources_are_summed_up_only_where_they_were_measured_and_only_energy_adds_up():
    both, one = {"memory_gb_peak": 2.0, "energy_kwh": 0.5}, {"memory_gb_peak": 4.0}
    energy, memory = resources_summary([trial(0, resources=both), trial(1, resources=one), trial(2)])
    assert (energy.name, energy.trials, energy.total) == ("energy_kwh", 1, 0.5)
    assert (memory.trials, memory.median, memory.maximum, memory.total) == (2, 3.0, 4.0, None)
    assert resources_summary([trial(0)]) == ()
