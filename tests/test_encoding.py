from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from besom import errors
from besom.encoding import error_from_json, error_to_json, from_json, to_json
from besom.errors import BesomError, MessageError, OutOfOrder, ServerError, SweepFileError
from besom.records import Cause, Failure, Reason, Run, Sweep, Trial, TrialState
from besom.wire import Answer, Assignment, Command, Done, Finish, Report, Wait

leaves = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
values = st.recursive(leaves, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
configs = st.dictionaries(st.text(), values, max_size=3)
finite = st.floats(allow_nan=False, allow_infinity=False)
failures = st.none() | st.builds(Failure, st.sampled_from(Cause), st.text(), st.none() | st.integers())
reasons = st.builds(Reason, st.text(), st.text(), configs)
messages = st.one_of(
    st.builds(Report, st.text(), st.integers(), rows=st.lists(configs).map(tuple), output=st.text(), summary=configs),
    st.builds(Finish, st.text(), st.integers(), st.sampled_from(["finished", "failed"]), failures),
    st.builds(Command, st.sampled_from(["pause", "enqueue"]), st.none() | st.integers(), st.none() | configs),
    st.builds(Wait, finite, st.text()),
    st.builds(Done, st.text()),
    st.builds(Sweep, st.text(), configs, st.integers(), finite),
    st.builds(Trial, st.text(), st.integers(), configs, reasons, finite, st.sampled_from(TrialState), failure=failures),
)


@given(messages)
def test_what_is_written_as_text_comes_back_the_same(message: object):
    text = json.dumps(to_json(message))
    assert from_json(type(message), json.loads(text)) == message


@pytest.mark.parametrize("answer", [Wait(1.0, "later"), Done("over"), Assignment("r", "s", 1, 0, 0, 1, 60.0, {"a": 1})])
def test_answers_are_told_apart(answer: Answer):
    assert from_json(Answer, to_json(answer)) == answer


def test_not_a_number_survives_and_text_stays_text():
    report = Report("r", 1, rows=({"a": math.nan, "b": "NaN", "c": -math.inf},))
    row = from_json(Report, json.loads(json.dumps(to_json(report)))).rows[0]
    assert math.isnan(row["a"])
    assert (row["b"], row["c"]) == ("NaN", -math.inf)


@pytest.mark.parametrize(
    ("kind", "data", "place"),
    [
        (Report, [], "Report"),
        (Report, {"run_id": "a"}, "lease"),
        (Report, {"run_id": "a", "lease": True}, "Report.lease"),
        (Report, {"run_id": "a", "lease": 1.0}, "Report.lease"),
        (Report, {"run_id": "a", "lease": 1, "rows": [1]}, "Report.rows"),
        (Report, {"run_id": "a", "lease": 1, "resources": {"x": "1"}}, "Report.resources.x"),
        (Report, {"run_id": "a", "lease": 1, "row": []}, "did you mean rows"),
        (Finish, {"run_id": "a", "lease": 1, "ended": "over"}, "finished"),
        (Finish, {"run_id": "a", "lease": 1, "ended": "failed", "failure": {"cause": "bad luck"}}, "failure.cause"),
        (list[Run], {}, "must be a list"),
        (Answer, {}, "needs"),
        (Answer, None, "must be"),
    ],
)
def test_a_wrong_shape_is_told_with_its_place(kind: object, data: object, place: str):
    with pytest.raises(MessageError, match=place):
        from_json(kind, data)


def test_what_json_does_not_know_is_refused():
    with pytest.raises(MessageError, match="object"):
        to_json({"a": object()})


def test_every_error_comes_back_as_itself():
    kinds = [each for each in vars(errors).values() if isinstance(each, type) and issubclass(each, BesomError)]
    special = {OutOfOrder: OutOfOrder("gap", 7), SweepFileError: SweepFileError(["one", "two"])}
    for kind in kinds:
        error = special.get(kind) or kind("why")
        back = error_from_json(json.loads(json.dumps(error_to_json(error))))
        assert (type(back), str(back)) == (kind, str(error))
    assert error_from_json(error_to_json(OutOfOrder("gap", 7))).expected == 7
    assert type(error_from_json({"type": "nearest", "message": "x"})) is ServerError
