import pytest
from hypothesis import given
from hypothesis import strategies as st

from besom.analysis.wording import counted, duration, number, percent, resource_label, setting, spread
from written_numbers import CASES


@pytest.mark.parametrize(("value", "digits", "text"), CASES)
def test_a_number_is_written_by_the_law(value, digits, text):
    assert number(value, digits) == text


@given(st.floats(-1e300, 1e300, allow_subnormal=False))
def test_a_number_reads_back_as_nearly_itself(value):
    assert float(number(value).replace(",", "")) == pytest.approx(value, rel=6e-5)


def test_nothing_is_a_dash_and_parameters_that_are_whole_stay_whole():
    assert number(None) == "-"
    assert [setting(value) for value in (1234567890, 0.000123456, True)] == ["1,234,567,890", "0.00012346", "true"]


def test_what_a_value_may_be_off_by_has_two_digits_and_shares_are_per_cent():
    assert [spread(value) for value in (0.016679, 2e-5)] == ["± 0.017", "± 2e-5"]
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
