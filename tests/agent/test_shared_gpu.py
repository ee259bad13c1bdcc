"""What a run is told to have used of a GPU that it shares now with more and now with fewer."""

import os

import pytest

from besom.agent.monitor import Monitor


class Gauge:
    """A GPU of 24 GB that uses 100 W and 5 GB."""

    joules = 0.0

    def __init__(self, name):
        del name

    def percent(self):
        return 50.0

    def memory_gb(self, pids, *, is_alone):
        return 5.0 if is_alone else None

    def power_w(self):
        return 100.0

    def energy_j(self):
        return self.joules

    def total_gb(self):
        return 24.0


@pytest.fixture(autouse=True)
def gpu(monkeypatch):
    monkeypatch.setattr("besom.agent.monitor.Gauge", Gauge)
    monkeypatch.setattr(Gauge, "joules", 0.0)


def test_power_energy_and_time_are_divided_by_who_was_there(monkeypatch):
    sharers = 1
    monitor = Monitor(os.getpid(), ("0",), lambda: sharers, now=0.0)
    for at in range(1, 5):
        sharers = 1 if at <= 2 else 2
        monkeypatch.setattr(Gauge, "joules", 100.0 * at)
        monitor.sample(2.0 * at)
    found = monitor.results(8.0)
    assert found["gpu_share_mean"] == pytest.approx(0.75)
    assert found["power_w_mean"] == pytest.approx(75.0)
    assert found["energy_kwh"] == pytest.approx(300.0 / 3.6e6)
    assert found["gpu_memory_gb_peak"] == 5.0


def test_only_where_the_number_changes_a_share_is_told():
    monitor = Monitor(os.getpid(), ("0",), 2, now=0.0)
    monitor.sample(2.0)
    assert "gpu_share_mean" not in monitor.results(2.0)
    assert not monitor.is_guest
    without = Monitor(os.getpid(), (), lambda: 2, now=0.0)
    without.sample(2.0)
    assert "gpu_share_mean" not in without.results(2.0)


def test_it_is_a_guest_also_just_after_the_others_left():
    sharers = 2
    monitor = Monitor(os.getpid(), ("0",), lambda: sharers, now=0.0)
    monitor.sample(2.0)
    sharers = 1
    assert monitor.is_guest
    monitor.sample(4.0)
    assert not monitor.is_guest


def test_the_limit_is_that_of_all_its_gpus():
    limits = Monitor(os.getpid(), ("0", "1"), 1, now=0.0).limits()
    assert (limits.gpu_gb, limits.gpus) == (48.0, 2)
    assert limits.host_gb is not None
    assert Monitor(os.getpid(), (), 1, now=0.0).limits().gpu_gb is None
