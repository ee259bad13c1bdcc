"""What every store must do. A store's tests subclass `StoreContract` and give the fixture `store`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from threading import Thread

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from besom.errors import StoreError, UnknownName, WrongState
from besom.records import Agent, Cause, Failure, Reason, Record, Run, RunState, Sweep, SweepState, Trial, TrialState
from besom.store import Store
from besom.store.outputs import HEAD, TAIL
from besom.tracked import Lines, TrackedRun, TrackedValues

NAN, INF = math.nan, math.inf

SWEEP = Sweep("abc", {"name": "digits", "parameters": {"lr": {"values": [NAN, INF, -0.0]}}}, seed=7, created_at=1.5)
TRIAL = Trial(
    "abc",
    0,
    {"lr": INF, "layers": [1, 2], "opt": {"name": None}},
    Reason("model", "looks good", {"mean": NAN}),
    created_at=2.0,
    state=TrialState.FAILED,
    value=-INF,
    failure=Failure(Cause.SIGNAL, "killed", signal=9, last_lines="\x00 ü \ud800"),
    ended_by=Reason("hyperband"),
)
RUN = Run("r0", "abc", 0, 0, 0, 1, "a0", "q0", 2.0, 62.0, gpus=("0", "1"), state=RunState.LOST, value=INF)
AGENT = Agent("a0", "box-1", "box", 42, ("0",), 1.0, 2.0)

TRACKED = TrackedRun(
    "e/p/n",
    "e",
    "p",
    "n",
    1.5,
    2.5,
    tags=("a", "ü"),
    history=Lines(3, 1, 2),
    history_id="e/p/n/wandb",
    held="last \x00 line",
    resources={"memory_gb_peak": 1.5},
)
VALUES = TrackedValues(
    "e/p/n",
    {
        "flag": {"value": True},
        "number": {"value": 1},
        "big": {"value": 2**70},
        "text": {"value": "1"},
        "inner": {"value": {"a.b": {"c": [1, "x"]}}},
        "none": {"value": None},
        "größe": {"value": {"ü": "é"}},
        'a"b': {"value": 2},
        "a\\b": {"value": 3},
        "": {"value": 4},
    },
    {"loss": "NaN", "val": {"loss": 0.5}},
)

NUMBERS = st.floats() | st.integers(-(2**53), 2**53)
OTHERS = st.none() | st.booleans() | st.text() | st.lists(st.floats()) | st.integers(2**60, 2**70)
ROWS = st.lists(st.dictionaries(st.sampled_from(["a", "b/c", "d.e", "ü"]) | st.text(), NUMBERS | OTHERS, max_size=4))


def same(one: object, other: object) -> bool:
    """Equality in which NaN equals NaN."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return one == other or (repr(one) == repr(other) == "nan")


class StoreContract:
    """Subclasses give the fixture `store`: an empty one."""

    def save(self, store: Store, *records: Record) -> None:
        with store.transaction():
            store.save(records)

    def append(self, store: Store, first: int, *rows: dict[str, object], run_id: str = "r0") -> None:
        with store.transaction():
            store.append_rows(run_id, first, rows)

    def test_records_come_back_as_they_were_saved(self, store: Store) -> None:
        self.save(store, SWEEP, TRIAL, RUN, AGENT)
        assert repr(store.sweep("abc")) == repr(SWEEP)
        assert repr(store.trials("abc")) == repr([TRIAL])
        assert store.runs("abc") == [RUN] == [store.run("r0")]
        assert store.agents() == [AGENT]
        assert isinstance(store.trials("abc")[0].failure, Failure)

    def test_saving_again_replaces(self, store: Store) -> None:
        self.save(store, SWEEP, TRIAL)
        self.save(store, replace(SWEEP, state=SweepState.FINISHED))
        self.save(store, replace(TRIAL, value=1.0), replace(TRIAL, value=2.0))
        assert store.sweep("abc").state is SweepState.FINISHED
        assert [trial.value for trial in store.trials("abc")] == [2.0]

    def test_lists_are_in_order(self, store: Store) -> None:
        self.save(store, SWEEP, replace(SWEEP, id="new", created_at=9.0))
        self.save(store, *[replace(TRIAL, number=number) for number in (2, 10, 1)])
        self.save(store, *[replace(RUN, id=f"r{lease}", lease=lease, trial=lease % 2) for lease in (3, 10, 2)])
        assert [sweep.id for sweep in store.sweeps()] == ["new", "abc"]
        assert [trial.number for trial in store.trials("abc")] == [1, 2, 10]
        assert [run.lease for run in store.runs("abc")] == [2, 3, 10]
        assert [run.lease for run in store.runs("abc", trial=0)] == [2, 10]

    def test_an_unknown_name_lists_the_nearest_first(self, store: Store) -> None:
        self.save(store, SWEEP, replace(SWEEP, id="zzz"), RUN)
        with pytest.raises(UnknownName, match=r"sweep abd: .*did you mean abc\? \(valid: abc, zzz\)"):
            store.sweep("abd")
        with pytest.raises(UnknownName, match=r"run r9: .*did you mean r0"):
            store.run("r9")

    def test_a_transaction_that_raises_leaves_nothing(self, store: Store) -> None:
        self.save(store, SWEEP)
        with pytest.raises(ZeroDivisionError), store.transaction():
            store.save([TRIAL, replace(SWEEP, seed=8)])
            store.append_rows("r0", 0, [{"loss": 1.0}])
            store.append_output("r0", 0, "hello")
            assert len(store.trials("abc")) == 1
            raise ZeroDivisionError
        assert store.trials("abc") == []
        assert store.sweep("abc").seed == 7
        assert store.metrics("r0") == []
        assert store.output("r0") == ""

    def test_a_write_needs_a_transaction_and_transactions_do_not_nest(self, store: Store) -> None:
        with pytest.raises(WrongState, match="transaction"):
            store.save([SWEEP])
        with store.transaction(), pytest.raises(WrongState, match="already"), store.transaction():
            pass
        self.save(store, SWEEP)
        assert repr(store.sweeps()) == repr([SWEEP])

    def test_a_value_that_json_does_not_know_is_refused_by_name(self, store: Store) -> None:
        with pytest.raises(StoreError, match="got 1j"):
            self.save(store, replace(TRIAL, config={"lr": 1j}))
        assert store.trials("abc") == []

    def test_columns_hold_numbers_and_the_rows_they_came_in(self, store: Store) -> None:
        self.append(store, 0, {"loss": 1.0, "epoch": 0}, {"epoch": 1, "note": "text"}, {"loss": NAN, "acc": True})
        self.append(store, 3, {"loss": -INF}, {"loss": 2})
        for _ in ("raw", "compacted", "compacted again"):
            column = store.column("r0", "loss")
            assert column.rows.tolist() == [0, 2, 3, 4]
            np.testing.assert_array_equal(column.values, [1.0, NAN, -INF, 2.0])
            assert store.metrics("r0") == ["loss", "epoch"]
            assert len(store.column("r0", "note").values) == 0
            with store.transaction():
                store.compact("r0")

    def test_metrics_are_in_order_of_first_appearance(self, store: Store) -> None:
        self.append(store, 0, {"z": 1.0, "b": 1.0})
        self.append(store, 1, {"a": 1.0, "z": 1.0})
        with store.transaction():
            store.compact("r0")
        self.append(store, 2, {"c": 1.0})
        assert store.metrics("r0") == ["z", "b", "a", "c"]
        assert sorted(store.metrics("r0", is_ordered=False)) == ["a", "b", "c", "z"]

    def test_the_last_value_of_a_metric_is_that_of_its_last_row(self, store: Store) -> None:
        for at in range(3):
            self.append(store, at, {"loss": 1.0 / (at + 1), **({"acc": float(at)} if at < 2 else {})})
        self.append(store, 0, {"loss": INF}, run_id="r1")
        self.append(store, 0, {"note": "no number"}, run_id="r2")
        for _ in ("pieces", "compacted"):
            assert store.last_values(["r0", "r1", "r2", "none"], "loss") == {"r0": 1 / 3, "r1": INF}
            assert store.last_values(["r1", "r0"], "acc") == {"r0": 1.0}
            with store.transaction():
                store.compact("r0")
        many = {f"m{number}": float(number) for number in range(1200)}
        for run_id, value in many.items():
            self.append(store, 0, {"loss": value}, run_id=run_id)
        assert store.last_values(list(many), "loss") == many

    def test_the_last_numbers_of_runs_are_those_of_every_metric(self, store: Store) -> None:
        self.append(store, 0, {"loss": 1.0, "epoch": 0, "note": "text"}, {"acc": 0.5})
        self.append(store, 2, {"loss": NAN, "epoch": 2})
        self.append(store, 0, {"loss": 3.0}, run_id="r1")
        for _ in ("pieces", "compacted"):
            found = store.last_numbers(["r1", "none", "r0"])
            assert same(found, {"r0": {"loss": NAN, "epoch": 2, "acc": 0.5}, "r1": {"loss": 3.0}})
            assert isinstance(found["r0"]["epoch"], int)
            with store.transaction():
                store.compact("r0")

    def test_columns_of_many_runs_come_at_once(self, store: Store) -> None:
        names = [f"r{number}" for number in range(1200)]
        with store.transaction():
            for number, name in enumerate(names):
                store.append_rows(name, 0, [{"loss": float(number)}])
        found = store.columns([*names, "none"], "loss")
        assert [found[name].values.tolist() for name in names] == [[float(number)] for number in range(1200)]
        assert len(found["none"].rows) == 0

    def test_rows_can_be_read_in_part(self, store: Store) -> None:
        rows: list[dict[str, object]] = [{"i": i, "x": i / 7} | ({"note": "x"} if i % 3 else {}) for i in range(5000)]
        for start in range(0, 5000, 700):
            self.append(store, start, *rows[start : start + 700])
        assert list(store.rows("r0")) == rows
        assert list(store.rows("r0", first=1999, limit=3)) == rows[1999:2002]
        assert list(store.rows("r0", first=4999)) == rows[4999:]
        assert list(store.rows("r0", first=5000)) == []
        assert all(type(row["i"]) is int for row in store.rows("r0", limit=10))

    def test_some_rows_are_read_with_all_or_some_of_their_values(self, store: Store) -> None:
        rows = [{"i": i, "x": i / 7, **({"val": i / 3, "n": i} if i % 5 == 0 else {})} for i in range(100)]
        for start in range(0, 100, 7):
            self.append(store, start, *rows[start : start + 7])
        for _ in ("raw", "compacted"):
            wanted = [3, 5, 50, 51, 99]
            found = store.rows_at("r0", np.array([*wanted, 100]))
            assert found == {number: rows[number] for number in wanted}
            assert [list(row) for row in found.values()] == [list(rows[number]) for number in wanted]
            assert all(type(row["i"]) is int for row in found.values())
            assert store.rows_at("r0", np.arange(49, 52), ["val"]) == {50: {"val": 50 / 3}}
            assert store.rows_at("r0", np.arange(0)) == {}
            with store.transaction():
                store.compact("r0")

    def test_pieces_of_several_runs_are_added_at_once(self, store: Store) -> None:
        with store.transaction():
            store.append_rows("r0", 0, [{"a": 1.0}])
            store.append_pieces([("r0", 1, [{"a": 2.0}, {"a": 3.0, "b": "x"}]), ("r1", 0, [{"a": 4.0}, {}])])
        assert list(store.rows("r0")) == [{"a": 1.0}, {"a": 2.0}, {"a": 3.0, "b": "x"}]
        assert list(store.rows("r1")) == [{"a": 4.0}, {}]

    def test_rows_that_are_there_already_are_refused(self, store: Store) -> None:
        self.append(store, 0, {"loss": 1.0})
        with pytest.raises(StoreError, match="once and in order"):
            self.append(store, 0, {"loss": 2.0})
        assert list(store.rows("r0")) == [{"loss": 1.0}]

    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    @given(batches=st.lists(ROWS, max_size=4), is_compacted=st.booleans(), number=st.integers(0, 2**62))
    def test_rows_come_back_exactly(
        self, store: Store, batches: list[list[dict[str, object]]], is_compacted: bool, number: int
    ) -> None:
        run_id, first = f"run-{number}", 0
        with pytest.raises(ZeroDivisionError), store.transaction():
            for batch in batches:
                store.append_rows(run_id, first, batch)
                first += len(batch)
            if is_compacted:
                store.compact(run_id)
            rows = [row for batch in batches for row in batch]
            assert same(list(store.rows(run_id)), rows)
            some = store.rows_at(run_id, np.arange(len(rows))[::2])
            assert list(some) == list(range(0, len(rows), 2))
            assert same(list(some.values()), rows[::2])
            raise ZeroDivisionError  # leave nothing for the next example

    def test_output_is_read_from_any_byte(self, store: Store) -> None:
        with store.transaction():
            store.append_output("r0", 0, "häl")
            store.append_output("r0", 4, "lo\0")
        for _ in ("pieces", "compacted"):
            assert store.output("r0") == "hällo\0"
            assert store.output("r0", 2) == "llo\0"  # byte 2 is inside ä
            assert store.output("r0", -3) == "lo\0"
            assert store.output("r0", -100) == "hällo\0"
            assert store.output("r0", 3, limit=2) == "ll"
            assert store.output("r0", 7) == store.output("none") == ""
            with store.transaction():
                store.compact("r0")

    @pytest.mark.parametrize("size", [1 << 20, 9 << 20, 100_000])
    def test_a_very_long_output_loses_its_middle(self, store: Store, size: int) -> None:
        text = "".join(f"{number:09}\n" for number in range(1_200_000))
        with store.transaction():
            for start in range(0, len(text), size):
                store.append_output("r0", start, text[start : start + size])
            store.compact("r0")
        kept = store.output("r0")
        assert kept.startswith(text[:HEAD])
        assert kept.endswith(text[-TAIL:])
        assert "bytes left out" in kept
        assert len(kept) < HEAD + TAIL + (2 << 20)
        assert store.output("r0", len(text) - 10) == "001199999\n"

    def test_deleting_a_sweep_leaves_the_others(self, store: Store) -> None:
        other = [replace(SWEEP, id="xyz"), replace(TRIAL, sweep_id="xyz"), replace(RUN, id="r1", sweep_id="xyz")]
        self.save(store, SWEEP, TRIAL, RUN, *other)
        for run_id in ("r0", "r1"):
            self.append(store, 0, {"loss": 1.0, "note": "x"}, run_id=run_id)
            self.append(store, 0, {"cpu_percent": 1.0}, run_id=f"{run_id}/samples")
            with store.transaction():
                store.append_output(run_id, 0, "hello")
        with store.transaction():
            store.delete_sweep("abc")
        assert [sweep.id for sweep in store.sweeps()] == ["xyz"]
        assert store.trials("abc") == store.runs("abc") == list(store.rows("r0")) == []
        assert store.output("r0") == ""
        assert list(store.rows("r0/samples")) == []
        assert list(store.rows("r1/samples")) == [{"cpu_percent": 1.0}]
        assert list(store.rows("r1")) == [{"loss": 1.0, "note": "x"}]
        assert len(store.trials("xyz")) == len(store.runs("xyz")) == 1
        with pytest.raises(UnknownName), store.transaction():
            store.delete_sweep("abc")

    def test_runs_of_wandbs_client_come_back_and_are_replaced(self, store: Store) -> None:
        self.save(store, TRACKED, VALUES)
        assert store.tracked_run("e/p/n") == TRACKED
        assert store.tracked_values(["e/p/n", "nosuch"]) == {"e/p/n": VALUES}
        changed = replace(TRACKED, history=Lines(9, 3, -2), held=None, state="finished")
        self.save(store, changed, replace(VALUES, summary={}))
        assert store.tracked_run("e/p/n") == changed
        assert store.tracked_values(["e/p/n"])["e/p/n"].summary == {}
        assert store.tracked_run("nosuch") is None

    def test_runs_of_wandbs_client_are_found_by_where_they_are(self, store: Store) -> None:
        later = replace(TRACKED, id="r1", name="r1", created_at=0.5, sweep_id="abc", of_trial=True)
        elsewhere = replace(TRACKED, id="e/q/n", project="q", created_at=9.0)
        self.save(store, TRACKED, later, elsewhere)
        assert store.tracked_runs(entity="e", project="p") == [later, TRACKED]
        assert store.tracked_runs(sweep_id="abc") == [later]
        assert store.tracked_runs(entity="e", name="n") == [TRACKED, elsewhere]
        assert store.tracked_runs() == [later, TRACKED, elsewhere]
        assert store.tracked_projects() == [("e", "p", 0.5), ("e", "q", 9.0)]

    @pytest.mark.parametrize(
        ("names", "entry"),
        [
            (("flag", "value"), True),
            (("number", "value"), 1),
            (("big", "value"), 2**70),
            (("text", "value"), "1"),
            (("inner", "value", "a.b", "c"), [1, "x"]),
            (("none", "value"), None),
            (("nothing",), None),
            (("text", "value", "deeper"), None),
            (("größe", "value"), {"ü": "é"}),
            (('a"b', "value"), 2),
            (("a\\b", "value"), 3),
            (("", "value"), 4),
        ],
    )
    def test_single_entries_are_looked_up_with_their_kind(
        self, store: Store, names: tuple[str, ...], entry: object
    ) -> None:
        self.save(store, TRACKED, VALUES, replace(TRACKED, id="e/p/empty"), TrackedValues("e/p/empty"))
        found = store.tracked_entries("config", names, entity="e", project="p")
        assert found == ({} if entry is None else {"e/p/n": entry})
        assert type(found.get("e/p/n")) is type(entry)
        assert store.tracked_entries("config", names, entity="nobody") == {}
        assert store.tracked_entries("summary", ("loss",), entity="e") == {"e/p/n": "NaN"}

    def test_a_forgotten_run_leaves_nothing(self, store: Store) -> None:
        self.save(store, TRACKED, VALUES, replace(TRACKED, id="e/p/o", history_id="e/p/o"))
        for kept_under in ("e/p/n", "e/p/n/wandb", "e/p/n/events", "e/p/o"):
            self.append(store, 0, {"x": 1.0, "note": "y"}, run_id=kept_under)
        with store.transaction():
            store.append_output("e/p/n", 0, "hello")
            store.forget_tracked(TRACKED)
        assert [run.id for run in store.tracked_runs()] == ["e/p/o"]
        assert store.tracked_values(["e/p/n"]) == {}
        assert store.output("e/p/n") == ""
        for kept_under in ("e/p/n", "e/p/n/wandb", "e/p/n/events"):
            assert list(store.rows(kept_under)) == store.metrics(kept_under) == []
        assert list(store.rows("e/p/o")) == [{"x": 1.0, "note": "y"}]

    def test_deleting_a_sweep_takes_the_runs_of_wandbs_client_along(self, store: Store) -> None:
        tracked = replace(TRACKED, id="r0", name="r0", sweep_id="abc", of_trial=True, history_id="r0")
        self.save(store, SWEEP, TRIAL, RUN, tracked, replace(VALUES, id="r0"), TRACKED)
        self.append(store, 0, {"x": 1.0}, run_id="r0/events")
        with store.transaction():
            store.delete_sweep("abc")
        assert store.tracked_runs() == [TRACKED]
        assert list(store.rows("r0/events")) == []

    def test_the_sweep_of_a_run_is_found(self, store: Store) -> None:
        self.save(store, SWEEP, TRIAL, RUN)
        assert store.sweep_of_run("r0") == "abc"
        assert store.sweep_of_run("nosuch") is None

    def test_threads_share_a_store(self, store: Store) -> None:
        failures: list[BaseException] = []

        def work(name: str) -> None:
            try:
                for row in range(20):
                    with store.transaction():
                        store.append_rows(name, row, [{"loss": float(row)}])
                    assert len(store.column(name, "loss").values) == row + 1
            except BaseException as error:  # noqa: BLE001 - told by the main thread
                failures.append(error)

        threads = [Thread(target=work, args=(f"t{number}",)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert all(len(store.column(f"t{number}", "loss").values) == 20 for number in range(8))
