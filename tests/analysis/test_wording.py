import math

import pytest

from besom.analysis.wording import counted, duration, number, percent, resource_label, signed


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.973123, "0.9731"), (12340.0, "12,340"), (1.25e-5, "1.25e-05"), (-0.5, "-0.5"), (0, "0"), (None, "-"),
     (math.nan, "NaN"), (-math.inf, "-inf"), (99999999.0, "1e+08"), (100.0, "100"), (999999.7, "1,000,000")],
)  # fmt: skip
def test_a_number_has_four_significant_digits(value, text):
    assert number(value) == text


def test_gains_have_a_sign_and_shares_are_per_cent():
    assert (signed(0.25), signed(-0.25), signed(0.0), signed(None)) == ("+0.25", "-0.25", "0", "-")
    assert (percent(0.341), percent(0.997), percent(1.0), percent(None)) == ("34 %", "99.7 %", "100 %", "-")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.44, "0.4 s"), (38.2, "38 s"), (250, "4 min 10 s"), (240, "4 min"), (12000, "3 h 20 min"), (187300, "2 d 4 h"),
     (59.7, "1 min"), (None, "-")],
)  # fmt: skip
def test_a_duration_has_its_two_largest_units(seconds, text):
    assert duration(seconds) == text


def test_counts_agree_with_their_noun():
    assert [counted(count, "trial") for count in (1, 1200)] == ["1 trial", "1,200 trials"]
    assert counted(2, "kWh", "kWh") == "2 kWh"


def test_a_resource_is_named_with_its_unit_at_the_end():
    assert resource_label("gpu_memory_gb_peak") == "GPU memory, peak (GB)"
    assert resource_label("cpu_percent_mean") == "CPU, mean (%)"
    assert resource_label("energy_kwh") == "Energy (kWh)"
    assert resource_label("disk") == "Disk"
