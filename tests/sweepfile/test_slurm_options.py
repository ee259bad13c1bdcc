"""What the file asks SLURM for: its shape, its laws, and where its errors are."""

from __future__ import annotations

from pathlib import Path

import pytest

from besom.errors import SweepFileError
from besom.sweepfile import as_slurm_options, check, load_slurm, parse
from besom.sweepfile.slurm import slurm_seconds

FILE = """\
program: {program}
method: random
parameters: {{x: {{min: 0.0, max: 1.0}}}}
besom:
  slurm:
    {line}
"""


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 5400), ("1:30", 90), ("4:00:00", 14400), ("1-12", 129600), ("1-0:30", 88200), ("2-01:00:05", 176405)],
)
def test_a_time_limit_is_read_as_slurm_reads_it(text: str, seconds: int):
    assert slurm_seconds(text) == seconds
    assert as_slurm_options({"time": text, "notice": 1}, "").time == text


@pytest.mark.parametrize(
    ("text", "limit"), [("90m", "0-01:30:00"), ("2d", "2-00:00:00"), ("1h", "0-01:00:00"), ("61s", "0-00:02:00")]
)
def test_a_duration_is_written_as_slurm_writes_it(text: str, limit: str):
    assert as_slurm_options({"time": text, "notice": 1}, "").time == limit


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("agnts: 3", "did you mean agents?"),
        ("time: 4:00:00", "in quotes"),
        ("time: soon", "D-HH:MM:SS"),
        ("mem: 16 gigabytes", "needs memory such as 16G or 800M, got '16 gigabytes'"),
        ("gpus: -1", "at least 0"),
        ("server: injob", "needs in-job, folder, or where a server is, such as http://head:8123, got 'injob'"),
        ("agents: 0", "at least 1"),
    ],
)
def test_an_error_has_its_line(tmp_path: Path, line: str, said: str):
    (tmp_path / "train.py").touch()
    file = tmp_path / "sweep.yaml"
    file.write_text(FILE.format(program=tmp_path / "train.py", line=line))
    (problem,) = check(file).errors
    assert f"besom.slurm.{line.split(':', maxsplit=1)[0]} ({file}:6):" in problem
    assert said in problem


def test_a_job_needs_time_before_it_is_told_to_end():
    with pytest.raises(SweepFileError, match=r"notice < time, got time=2:00, notice=180 s"):
        as_slurm_options({"time": "2:00"}, "")


def test_a_sites_file_has_lines_too(tmp_path: Path):
    site = tmp_path / "slurm.yaml"
    site.write_text("partition: gpu\ntime: 90\ncpu: 2\n")
    with pytest.raises(SweepFileError) as raised:
        load_slurm(site)
    assert [problem.split(":")[1] for problem in raised.value.problems] == ["2)", "3)"]
    site.write_text("")
    assert load_slurm(site).model_dump(exclude_unset=True) == {}


def test_a_file_without_the_section_asks_for_one_agent_and_nothing_else():
    file = parse({"method": "random", "parameters": {"x": {"min": 0.0, "max": 1.0}}})
    asked = file.besom.slurm.model_dump(exclude_none=True)
    assert asked == {"agents": 1, "packed": False, "options": [], "notice": 180.0, "idle": 300.0}
