"""How many agents a machine has room for, and with which GPUs."""

import pytest

from besom.errors import WrongState
from besom.launch.local import slots
from besom.sweepfile.model import SweepFile


def wanting(**resources):
    file = {"method": "random", "parameters": {"x": {"value": 1}}, "besom": {"resources": resources}}
    return SweepFile.model_validate(file)


@pytest.mark.parametrize(
    ("resources", "visible", "expected"),
    [
        ({}, (), (None,)),
        ({"cpus": 2}, (), (None,) * 4),
        ({"cpus": 3}, (), (None,) * 2),
        ({}, ("0", "1"), (("0",), ("1",))),
        ({"per_gpu": 2}, ("0", "1"), (("0",), ("0",), ("1",), ("1",))),
        ({"gpus": 2}, ("0", "1", "2", "3", "4"), (("0", "1"), ("2", "3"))),
        ({"gpus": 0}, ("0", "1"), ((),)),
        ({"gpus": 0, "cpus": 4}, ("0",), ((), ())),
    ],
)
def test_slots_follow_the_sweep_files_resources(resources, visible, expected):
    assert slots(wanting(**resources), visible, cores=8) == expected


@pytest.mark.parametrize(
    ("resources", "message"),
    [({"gpus": 3}, r"needs 3, visible here: 2 \(0, 1\)"), ({"gpus": 0, "cpus": 9}, "needs 9, this machine has 8")],
)
def test_what_this_machine_cannot_give_is_told(resources, message):
    with pytest.raises(WrongState, match=message):
        slots(wanting(**resources), ("0", "1"), cores=8)
