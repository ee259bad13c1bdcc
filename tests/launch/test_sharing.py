"""How many runs share a GPU: found out from measured peaks and measured paces."""

import pytest

from besom.launch.sharing import Sharing


class Lab:
    """Runs on GPUs that slow down as they do when `speed[number]` of a lone run's pace is left to each."""

    def __init__(self, speed, gb=3.0, room=24.0, most=4, places=("0",), epoch_s=2.0, epochs=20):
        self.sharing = Sharing(dict.fromkeys(places, room), most)
        self.speed, self.gb, self.epoch_s, self.epochs = speed, gb, epoch_s, epochs
        self.places, self.now, self.done = places, 0.0, {}
        self._begun, self._logs = 0, True
        self.counts = []

    def pass_time(self, seconds, logs=True):
        """Let it all go on for so long: whoever may start does so at once, all runs are alike but for their length."""
        step = 0.5
        for _ in range(int(seconds / step)):
            for place in self.places:
                while self.sharing.may_start(place):
                    self._begun += 1
                    run = f"r{self._begun}"
                    self.sharing.started(run, place, self.now)
                    self.done[run] = [place, 0.0, 0, self.epochs + self._begun % 3]
            self.now += step
            self.counts.append(max(map(self.sharing.shared_by, self.places)))
            for run, state in list(self.done.items()):
                place, _, _, length = state
                state[1] += step / self.epoch_s * self.speed[self.sharing.shared_by(place)]
                if state[1] >= state[2] + 1:
                    state[2] += 1
                    self.sharing.progressed(run, state[2] if logs else 0, self.gb, self.now)
                if state[2] >= length:
                    del self.done[run]
                    self.sharing.ended(run, "finished", self.now)
        return self


@pytest.mark.parametrize(
    ("speed", "number"),
    [
        ({1: 1.0, 2: 1.0, 3: 1.0, 4: 1.0}, 4),
        ({1: 1.0, 2: 0.9, 3: 0.8, 4: 0.5}, 3),
        ({1: 1.0, 2: 0.5, 3: 0.3}, 1),
        ({1: 1.0, 2: 0.53, 3: 0.3}, 1),
    ],
    ids=["all stay as fast", "the fourth does not pay", "shared time", "too little a gain"],
)
@pytest.mark.parametrize("epochs", [60, 3], ids=["long runs", "short runs"])
def test_another_run_is_let_in_for_good_only_where_it_pays(speed, number, epochs):
    lab = Lab(speed, epochs=epochs).pass_time(1500)
    assert lab.sharing.number == number
    assert max(lab.counts[-200:]) == number


def test_runs_that_log_nothing_are_compared_by_how_long_they_take():
    for speed, number in (({1: 1.0, 2: 0.95, 3: 0.5}, 2), ({1: 1.0, 2: 0.45, 3: 0.4}, 1)):
        lab = Lab(speed, epochs=4, most=3).pass_time(1500, logs=False)
        assert lab.sharing.number == number


def test_what_does_not_fit_is_not_even_tried():
    lab = Lab(dict.fromkeys(range(1, 5), 1.0), gb=9.0, room=24.0).pass_time(400)
    assert max(lab.counts) == 2  # three would need 27 GB
    assert Lab(dict.fromkeys(range(1, 5), 1.0), gb=11.5, room=24.0).pass_time(400).sharing.number == 1


def test_nothing_is_shared_before_a_peak_and_a_pace_were_measured_or_where_room_is_unknown():
    sharing = Sharing({"0": 24.0, "1": None}, most=4)
    for run, place in (("a", "0"), ("b", "1")):
        assert sharing.may_start(place)
        sharing.started(run, place, 0.0)
    assert not sharing.may_start("0")
    assert not sharing.may_start("1")
    for row in range(1, 6):
        sharing.progressed("b", row, 2.0, 2.0 * row)
    assert not sharing.may_start("0")
    assert not sharing.may_start("1")
    for row in range(1, 6):
        sharing.progressed("a", row, 2.0, 2.0 * row)
    assert sharing.may_start("0")
    assert not sharing.may_start("0", asking=1)
    assert not sharing.may_start("1")


def test_running_out_of_memory_together_ends_it_and_alone_does_not_count():
    lab = Lab({1: 1.0, 2: 0.9, 3: 0.9}, most=3).pass_time(300)
    assert lab.sharing.number == 3
    run = next(iter(lab.done))
    lab.sharing.ended(run, "lost", lab.now, is_out_of_memory=True)
    del lab.done[run]
    assert lab.sharing.number == 2
    assert "3 together ran out of memory" in lab.sharing.why
    assert max(lab.pass_time(300).counts[-300:]) == 2

    alone = Lab({1: 1.0, 2: 0.9}, most=2)
    alone.sharing.started("big", "0", 0.0)
    alone.sharing.progressed("big", 1, 23.9, 1.0)
    alone.sharing.ended("big", "failed", 2.0, is_out_of_memory=True)
    assert alone.pass_time(300).sharing.number == 2


def test_what_was_found_on_one_gpu_goes_for_all():
    lab = Lab({1: 1.0, 2: 0.9, 3: 0.5}, most=3, places=("0", "1")).pass_time(600)
    assert lab.sharing.number == 2
    assert [lab.sharing.shared_by(place) for place in ("0", "1")] == [2, 2]


def test_a_first_pace_that_misled_is_corrected_by_later_ones():
    sharing = Sharing({"0": 24.0}, most=2)
    now = 0.0

    def go(runs, epochs, epoch_s):
        nonlocal now
        for _ in range(epochs):
            now += epoch_s
            for run in runs:
                rows[run] += 1
                sharing.progressed(run, rows[run], 1.0, now)

    rows = {"a": 0, "b": 0}
    sharing.started("a", "0", now)
    go("a", 6, 2.0)
    sharing.started("b", "0", now)
    go("ab", 6, 2.2)
    assert sharing.number == 2
    sharing.ended("a", "finished", now)
    go("b", 12, 0.5)
    assert sharing.number == 1
    assert "do less" in sharing.why
