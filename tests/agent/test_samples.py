"""What a run uses over time is kept in few numbers, and each gets to the service once."""

from itertools import pairwise

import pytest

from besom.agent.samples import PARTS, SEND_EVERY_S, Samples


def watched(samples, until_s, every_s=1.0, since_s=0.0, **values):
    at = since_s
    while at < until_s:
        at += every_s
        samples.add(at, every_s, values)


def all_rows(samples):
    rows = []
    while (batch := samples.next_batch(is_final=True)).rows:
        assert batch.first_row == len(rows)
        rows += batch.rows
        samples.acknowledge(batch)
    return rows


def test_a_sample_has_the_most_memory_and_the_mean_of_the_rest():
    samples = Samples(lambda: 77.0)
    samples.add(0.2, 0.2, {"memory_gb": 0.5, "cpu_percent": 10.0})
    samples.add(0.4, 0.2, {"memory_gb": 3.0, "cpu_percent": 100.0, "gpu_percent": None})
    samples.add(1.2, 0.8, {"memory_gb": 1.0, "cpu_percent": 50.0, "gpu_percent": None})
    first, row = all_rows(samples)
    assert first == {"_timestamp": 77.0, "_runtime": 0.2, "memory_gb": 0.5, "cpu_percent": 10.0}
    assert row == {"_timestamp": 77.0, "_runtime": 1.2, "memory_gb": 3.0, "cpu_percent": pytest.approx(60.0)}


def test_a_run_of_a_second_has_its_first_and_its_last_sample():
    now = iter([100.2, 100.4, 100.8])
    samples = Samples(lambda: next(now))
    for at, memory in ((0.2, 1.0), (0.4, 4.0), (0.8, 2.0)):
        samples.add(at, 0.2, {"memory_gb": memory})
    assert [row["_runtime"] for row in all_rows(samples)] == [0.2]
    samples.end()
    samples.end()
    (last,) = samples.next_batch(is_final=True).rows
    assert last == {"_timestamp": 100.8, "_runtime": 0.8, "memory_gb": 4.0}


def test_a_long_run_has_few_samples_none_far_from_the_next():
    samples = Samples(lambda: 0.0)
    week = 7 * 86_400.0
    watched(samples, week, every_s=5.0, cpu_percent=1.0)
    rows = all_rows(samples)
    assert 1000 < len(rows) < 2000
    for before, after in pairwise(rows):
        assert 1.0 <= after["_runtime"] - before["_runtime"] <= after["_runtime"] / PARTS + 5.0


def test_samples_are_sent_together_and_stay_in_hand_until_the_server_has_them():
    samples = Samples(lambda: 0.0)
    watched(samples, SEND_EVERY_S - 1, cpu_percent=1.0)
    assert not samples.next_batch().rows
    watched(samples, SEND_EVERY_S, since_s=SEND_EVERY_S - 1, cpu_percent=1.0)
    lost = samples.next_batch()
    assert (lost.first_row, len(lost.rows)) == (0, 10)
    watched(samples, 12.0, since_s=SEND_EVERY_S, cpu_percent=1.0)
    again = samples.next_batch()
    assert (again.first_row, len(again.rows), list(again.rows[:10])) == (0, 12, list(lost.rows))
    samples.acknowledge(again)
    assert not samples.next_batch(is_final=True).rows
    watched(samples, 14.0, since_s=12.0, cpu_percent=1.0)
    assert not samples.next_batch().rows
    rest = samples.next_batch(is_final=True)
    assert (rest.first_row, len(rest.rows)) == (12, 2)
