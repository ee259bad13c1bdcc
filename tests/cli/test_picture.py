from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.text import Text

from besom.analysis.values import Incumbents, incumbent_trace
from besom.analysis.wording import number
from besom.cli.curve import curve
from besom.cli.drawing import ASCII, UNICODE, Glyphs, bar, sparkline
from besom.cli.ending import ending
from besom.cli.events import Seen, events
from besom.cli.picture import Scene, counts, picture, tightest
from besom.cli.wording import settings, varied
from besom.records import Agent, Cause, Failure, Reason, Run, Sweep, SweepState, Trial, TrialState
from besom.service import Progress

GOLDEN = Path(__file__).parent / "golden"
FILE = {
    "name": "digits",
    "method": "bayes",
    "parameters": {
        "lr": {"min": 1e-5, "max": 0.1},
        "hidden": {"values": [32, 64]},
        "model": {"parameters": {"act": {"values": ["relu", "tanh"]}, "bias": {"value": True}}},
    },
}
CAUSE = Failure(
    Cause.EXIT_CODE, last_lines="Traceback\n\x1b[31mValueError: \x1b]0;gotcha\x07bad lr\x1b[0m\n", exit_code=1
)


def a_trial(number: int, state: str = "finished", value: float | None = 0.9, **more: object) -> Trial:
    config = {"lr": 3.2e-4 * (number + 1), "hidden": 64, "model": {"act": "relu", "bias": True}}
    told = {"fidelity": 20.0, "seconds": 12.5, "ended_at": 1000.0 + number}
    return replace(
        Trial("k3f9a2xq", number, config, Reason("model"), 900.0 + number, TrialState(state), value=value),
        **{**told, **more},
    )


def a_run(trial: int, fidelity: float, value: float | None) -> Run:
    run = Run(f"r{trial}", "k3f9a2xq", trial, 0, 0, trial, "a", "q", 940.0, 1e9)
    return replace(run, fidelity=fidelity, value=value)


def trials_of_the_scene() -> list[Trial]:
    ended = [a_trial(0, value=0.9, reason=Reason("baseline")), a_trial(1, value=0.9722)]
    stopped = a_trial(2, "stopped", 0.71, fidelity=4.0, ended_by=Reason("hyperband", "below the best third at epoch 4"))
    failed = a_trial(3, "failed", None, failure=CAUSE, fidelity=0.0)
    return [*ended, stopped, failed, *(a_trial(n, "running", None, ended_at=None) for n in (4, 5))]


def a_progress() -> Progress:
    trials = trials_of_the_scene()
    return Progress(
        Sweep("k3f9a2xq", FILE, 1, 900.0, started_at=900.0),
        {"finished": 2, "stopped": 1, "failed": 1, "running": 2},
        best=trials[1],
        baseline=trials[0],
        first=trials[0],
        spent={"trials": 6.0, "hours": 0.01},
        budget={"trials": 20.0, "hours": 1.0},
        seconds_left=180.0,
        running=[a_run(5, 4, 0.5), a_run(4, 12, 0.96)],
        agents=[Agent(a, a, "host", 1, (g,), 0.0, 999.0) for a, g in (("a", "0"), ("b", "1"))],
        failures=[trials[3]],
        goal="maximize",
        metric="val/accuracy",
        fidelity_max=20.0,
        fidelity_unit="epoch",
    )


def a_scene() -> Scene:
    trials = {trial.number: trial for trial in trials_of_the_scene() if trial.state == "running"}
    tails = {"r4": [0.1, 0.5, 0.7, 0.9, 0.93, 0.96], "r5": [0.2, float("nan"), 0.4, 0.5]}
    return Scene(a_progress(), 1000.0, trials, tails, "Ctrl-C stops politely")


def printed(lines: object, width: int) -> str:
    console = Console(file=io.StringIO(), width=width, record=True, highlight=False, color_system=None)
    console.print(lines, soft_wrap=True)
    return console.export_text()


def assert_golden(name: str, text: str) -> None:
    path = GOLDEN / name
    assert path.exists(), f"{path} is absent; it should hold:\n{text}"
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize(("width", "height"), [(80, 24), (120, 40), (50, 14), (30, 8)])
def test_the_view_looks_as_it_did(width: int, height: int) -> None:
    assert_golden(f"view-{width}x{height}.txt", printed(picture(a_scene(), width, height), width))


def test_the_view_in_ascii_has_ascii_only_of_its_own() -> None:
    text = printed(picture(a_scene(), 80, 24, ASCII), 80)
    assert_golden("view-ascii.txt", text)
    assert text.isascii()


def test_the_plain_lines_look_as_they_did() -> None:
    lines, _ = events(Seen(), a_progress(), trials_of_the_scene(), lambda at: f"{at:.0f}", 1000.0)
    assert_golden("events.txt", "\n".join(lines) + "\n")


def test_the_ending_looks_as_it_did() -> None:
    runs = [replace(a_run(n, f, None), rows=1) for n, f in ((0, 20), (1, 20), (2, 4), (3, 0))]
    finished = replace(a_progress().sweep, state=SweepState.FINISHED, why="budget of 20 trials is spent")
    progress = replace(a_progress(), sweep=finished, running=[], counts={"finished": 2, "stopped": 1, "failed": 1})
    lines = ending(progress, trials_of_the_scene()[:4], runs, Path("report.html"))
    assert_golden("ending.txt", "".join(printed(line, 80) for line in lines))


def a_trace(*values: float | None, goal: str = "maximize") -> Incumbents:
    """Trials that ended with these values, one after the other; None failed."""
    ended = [a_trial(n, "failed" if each is None else "finished", each) for n, each in enumerate(values)]
    return incumbent_trace(ended, goal)


@pytest.mark.parametrize(("width", "height", "glyphs"), [(80, 24, UNICODE), (200, 50, UNICODE), (80, 24, ASCII)])
def test_the_view_with_a_curve_looks_as_it_did(width: int, height: int, glyphs: Glyphs) -> None:
    values = [0.9, 0.31, None, *(0.85 + 0.02 * (n % 7) - 0.15 * (n % 5) for n in range(20)), 0.9722, 0.71]
    scene = replace(a_scene(), trace=a_trace(*values))
    name = "curve-ascii.txt" if glyphs is ASCII else f"curve-{width}x{height}.txt"
    assert_golden(name, printed(picture(scene, width, height, glyphs), width))


def drawn(*values: float | None, goal: str, width: int = 30, height: int = 6, glyphs: Glyphs = ASCII) -> list[str]:
    return [line.plain for line in curve(a_trace(*values, goal=goal), goal, width, height, glyphs)]


def test_the_curve_is_a_stair_beside_which_the_best_and_the_worst_are_written() -> None:
    assert drawn(4.0, 2.0, None, 3.0, 1.0, goal="minimize") == [
        "  4 +******                   ",
        "    |     *           .       ",
        "    |     *                   ",
        "    |     ****************    ",
        "  1 +                    *****",
        "    +---------- 5 trials ended",
    ]
    assert drawn(1.0, 4.0, goal="maximize")[0].startswith("  4 +")


def test_the_worst_tenth_lies_outside_where_it_would_squeeze_the_rest() -> None:
    values = [1e9, *(1.0 + n / 100 for n in range(15))]
    assert drawn(*values, goal="minimize")[0].startswith("  1.14 +")
    assert drawn(*values[1:], goal="minimize")[0].startswith("  1.14 +")


def test_one_bad_value_of_few_lies_outside_and_is_counted() -> None:
    lines = drawn(1e9, 1.3, 1.2, 1.1, goal="minimize", width=60)
    assert lines[0].startswith("  1.3 +")
    assert lines[-1].endswith("4 trials ended, 1 not shown")


@given(
    st.lists(st.none() | st.floats(allow_nan=False, allow_infinity=False), min_size=2, max_size=300),
    st.sampled_from(["minimize", "maximize"]),
    st.integers(1, 120),
    st.integers(2, 20),
    st.sampled_from([UNICODE, ASCII]),
)
def test_a_curve_of_any_values_keeps_to_its_room(
    values: list[float | None], goal: str, width: int, height: int, glyphs: Glyphs
) -> None:
    lines = curve(a_trace(1.0, *values, goal=goal), goal, width, height, glyphs)
    assert len(lines) == height
    assert max(line.cell_len for line in lines) <= width
    best = (min if goal == "minimize" else max)(value for value in (1.0, *values) if value is not None)
    assert width < 40 or any(number(best) in line.plain for line in lines)


def test_where_there_is_no_room_for_a_curve_the_view_is_as_without() -> None:
    scene = replace(a_scene(), trace=a_trace(*(0.1 * n for n in range(9))))
    for width, height in ((80, 15), (38, 40)):
        assert picture(scene, width, height) == picture(replace(scene, trace=Incumbents()), width, height)
    assert "9 trials ended" in picture(scene, 80, 24).plain


@given(st.integers(1, 140), st.integers(1, 60), st.integers(0, 40), st.integers(0, 5), st.integers(0, 9))
def test_the_view_never_exceeds_its_room(width: int, height: int, running: int, failed: int, ended: int) -> None:
    scene = replace(a_scene(), trace=a_trace(*(0.1 * n for n in range(ended))))
    progress = replace(
        scene.progress,
        running=[a_run(n, n % 20, 0.5) for n in range(running)],
        failures=[a_trial(n, "failed", None, failure=CAUSE) for n in range(failed)],
    )
    lines = picture(replace(scene, progress=progress), width, height).split("\n", allow_blank=True)
    assert len(lines) <= height
    assert max(line.cell_len for line in lines) <= width


@pytest.mark.parametrize(
    ("has_checkpoints", "told"), [(True, "goes on from epoch 4"), (False, "runs again from the start")]
)
def test_the_lines_say_whether_a_trial_goes_on_or_begins_again(has_checkpoints: bool, told: str) -> None:
    before = Seen({2: (TrialState.STOPPED, 0, 0)}, sweep=SweepState.RUNNING)
    sweep = replace(a_progress().sweep, file={**FILE, "besom": {"checkpoints": has_checkpoints}})
    again = a_trial(2, "running", 0.71, fidelity=4.0, ended_at=None)
    lines, _ = events(before, replace(a_progress(), sweep=sweep), [again], lambda at: f"{at:.0f}", 1000.0)
    assert lines == [f"1000  trial 2 {told}"]


@pytest.mark.parametrize("before", [(TrialState.WAITING, 0, 0), (TrialState.WAITING, 0, 1)])
def test_a_trial_that_never_got_to_its_first_row_is_told_as_started(before: tuple[TrialState, int, int]) -> None:
    taken = a_trial(2, "running", None, fidelity=0.0, ended_at=None)
    seen = Seen({2: before}, sweep=SweepState.RUNNING)
    lines, _ = events(seen, a_progress(), [taken], lambda at: f"{at:.0f}", 1000.0)
    assert lines == [f"1000  trial 2 started: {settings(varied(FILE, taken.config))}"]


def test_trials_that_the_budget_cut_off_do_not_count_as_stopped_early() -> None:
    progress = replace(a_progress(), counts={"finished": 2, "stopped": 3}, cut_off=1)
    assert counts(progress).plain == "2 finished · 2 stopped early · 1 cut off"
    assert counts(replace(progress, cut_off=3)).plain == "2 finished · 3 cut off"


def test_the_ending_says_what_audited_trials_tell() -> None:
    progress = replace(a_progress(), audit="Audit: 1 of 3 trials")
    assert "Audit: 1 of 3 trials" in [line.plain for line in ending(progress, trials_of_the_scene(), [], None)]


def test_the_view_says_what_audited_trials_tell() -> None:
    progress = replace(a_progress(), audit="Audit: 1 of 3 trials let finish beat the incumbent of the time")
    lines = picture(replace(a_scene(), progress=progress), 80, 24).plain.splitlines()
    assert lines[3] == progress.audit


def test_runs_that_do_not_fit_are_counted() -> None:
    progress = replace(a_progress(), running=[a_run(n, 1, 0.5) for n in range(30)], failures=[])
    text = picture(replace(a_scene(), progress=progress), 80, 18).plain
    shown = sum("1/20" in line for line in text.splitlines())
    assert f"and {30 - shown} more" in text


def test_the_tightest_budget_is_the_one_most_spent() -> None:
    assert tightest(replace(a_progress(), spent={"trials": 6, "hours": 0.9})) == ("hours", 0.9)
    assert tightest(replace(a_progress(), budget={})) is None


def test_failures_that_are_alike_share_a_line_and_all_are_counted() -> None:
    nan = [a_trial(n, "failed", None, failure=Failure(Cause.NOT_FINITE, f"loss at step {n}")) for n in (8, 21, 7)]
    counts = {**a_progress().counts, "failed": 9}
    progress = replace(
        a_progress(), running=[], failures=[nan[1], trials_of_the_scene()[3], nan[0], nan[2]], counts=counts
    )
    lines = picture(replace(a_scene(), progress=progress), 80, 24).plain.splitlines()
    assert lines[lines.index("Failed") :][1:4] == [
        "  7, 8, 21  metric not finite: loss at step \N{HORIZONTAL ELLIPSIS}",
        "         3  exit code 1: ValueError: bad lr",
        "  \N{HORIZONTAL ELLIPSIS} and 5 more",
    ]
    short = picture(replace(a_scene(), progress=progress), 80, 11).plain
    assert "and 6 more" in short
    assert "bad lr" not in short


def test_a_long_name_of_a_sweep_leaves_its_id_in_sight_and_no_scrap_of_what_follows() -> None:
    sweep = replace(a_progress().sweep, file={**FILE, "name": "long " * 30})
    first = picture(replace(a_scene(), progress=replace(a_progress(), sweep=sweep)), 60, 24).plain.splitlines()[0]
    assert first.endswith("\N{HORIZONTAL ELLIPSIS}  k3f9a2xq \N{MIDDLE DOT} bayes  running")
    assert len(first) <= 60


def test_a_best_value_of_repeats_says_what_it_may_be_off_by() -> None:
    best = a_trial(1, value=0.9722, spread=0.0123)
    lines = picture(replace(a_scene(), progress=replace(a_progress(), best=best)), 80, 24).plain.splitlines()
    assert any(line.startswith("Best  0.9722 \N{PLUS-MINUS SIGN} 0.012  trial 1") for line in lines)


def test_a_curve_takes_the_room_that_nobody_else_wants() -> None:
    scene = replace(a_scene(), trace=a_trace(0.1, 0.2, 0.3))
    assert sum("\N{BOX DRAWINGS LIGHT VERTICAL}" in line for line in picture(scene, 200, 50).plain.splitlines()) > 25


def test_escape_sequences_of_a_script_never_reach_the_view() -> None:
    text = picture(a_scene(), 100, 40).plain
    assert "ValueError: bad lr" in text
    assert "\x1b" not in text
    assert "gotcha" not in text


def test_a_bar_is_exactly_as_wide_as_asked_and_shows_its_share_without_colour() -> None:
    assert bar(0.5, 10, "").plain == "━━━━━─────"
    assert bar(-3, 4, "").plain == "────"
    assert bar(7, 4, "").plain == "━━━━"


def test_a_sparkline_ends_with_the_last_value_and_leaves_gaps() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([0, float("nan"), 1], 5) == "▁ █"
    assert sparkline([2, 2], 5) == "▅▅"
    assert sparkline([], 5) == ""
    assert len(sparkline(list(range(100)), 10)) == 10


def test_an_event_is_told_once() -> None:
    trials = trials_of_the_scene()
    _, seen = events(Seen(), a_progress(), trials, str, 1000.0)
    assert events(seen, a_progress(), trials, str, 1001.0)[0] == []
    better = [*trials[:4], a_trial(4, value=0.99), trials[5]]
    lines, _ = events(seen, a_progress(), better, lambda at: "t", 1001.0)
    assert lines == ["t  trial 4 finished: val/accuracy 0.99 after 20 epochs, 12 s  * new best"]


def test_a_sweep_that_pauses_says_why() -> None:
    _, seen = events(Seen(), a_progress(), [], str, 1.0)
    paused = replace(a_progress().sweep, state=SweepState.PAUSED, why="20 trials in a row failed")
    assert events(seen, replace(a_progress(), sweep=paused), [], lambda at: "t", 2.0)[0] == [
        "t  sweep paused: 20 trials in a row failed"
    ]


def test_a_sweep_that_ended_or_paused_did_so_when_it_did() -> None:
    for state, told in ((SweepState.FINISHED, "50"), (SweepState.PAUSED, "40"), (SweepState.STOPPING, "99")):
        sweep = replace(a_progress().sweep, state=state, paused_at=40.0, ended_at=50.0, why="")
        lines, _ = events(Seen(), replace(a_progress(), sweep=sweep), [], lambda at: f"{at:.0f}", 99.0)
        assert lines == [f"{told}  sweep {state}"]


def test_failures_are_told_by_what_each_of_them_said_the_most_frequent_first() -> None:
    def failed(number: int, failure: Failure) -> Trial:
        return a_trial(number, "failed", None, failure=failure)

    one, three = (Failure(Cause.EXIT_CODE, "bad", exit_code=code) for code in (1, 3))
    nan, inf = (Failure(Cause.NOT_FINITE, f"loss was {what}") for what in ("nan", "inf"))
    trials = [failed(1, nan), failed(2, inf), failed(3, three), *(failed(n, one) for n in range(4, 14))]
    lines = printed(Text("\n").join(ending(a_progress(), trials, [], None)), 100).splitlines()
    assert lines[lines.index("Failed") + 1 :] == [
        "  trials 4, 5, 6, 7, 8, 9, 10, 11, …: exit code 1: bad",
        "  trial 1: metric not finite: loss was nan",
        "  trial 2: metric not finite: loss was inf",
        "  trial 3: exit code 3: bad",
    ]


def test_of_very_many_ways_to_fail_the_rest_is_counted() -> None:
    trials = [a_trial(n, "failed", None, failure=Failure(Cause.EXIT_CODE, f"way {chr(97 + n)}")) for n in range(20)]
    assert str(ending(a_progress(), trials, [], None)[-1]) == "  and 8 trials more, in other ways"


def test_a_gain_over_a_trial_that_was_stopped_early_says_so() -> None:
    trials = [a_trial(0, "stopped", 0.7, reason=Reason("baseline"), fidelity=4.0), a_trial(1, value=0.9722)]
    told = [str(line) for line in ending(a_progress(), trials, [], None)]
    assert "Gain  0.2722 over the baseline (0.7, trial 0, stopped at epoch 4), 39 %" in told
