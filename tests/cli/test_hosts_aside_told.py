"""What the terminal says of hosts that are set aside."""

from __future__ import annotations

from besom.cli.events import Seen, events
from besom.cli.picture import Scene, picture
from besom.records import SetAside, Sweep
from besom.service import Progress

ASIDE = SetAside("node10\x1b[31m", 50.0, (4, 5, 6), 3, ("no CUDA\n\x1b[0mdevice",), worked=(4, 5, 6))
WHY = "the last 3 runs on it failed; the same trials worked elsewhere (no CUDA device)"


def progress(*asides: SetAside) -> Progress:
    return Progress(Sweep("s", {}, 1, 0.0, set_aside=asides), {}, None, None, None, {}, {})


def test_the_view_names_it_and_why() -> None:
    lines = picture(Scene(progress(ASIDE), 60.0), 120, 40).plain.splitlines()
    at = lines.index("Set aside")
    assert lines[at + 1].split("  ", 2)[2].strip() == WHY
    assert "\x1b" not in "".join(lines)
    assert "Set aside" not in picture(Scene(progress(), 60.0), 120, 40).plain


def test_many_of_them_leave_room_for_the_rest() -> None:
    asides = [SetAside(f"node{n}", 50.0, (1, 2, 3), 3) for n in range(30)]
    lines = picture(Scene(progress(*asides), 60.0), 80, 20).plain.splitlines()
    assert len(lines) <= 20
    assert any("more" in line for line in lines)
    assert "no agent" in lines[-1]


def test_the_plain_lines_tell_of_it_once_and_of_its_return() -> None:
    told, seen = events(Seen(), progress(ASIDE), [], lambda at: f"{at:.0f}", 60.0)
    assert [line.partition(": ")[2] for line in told] == [WHY]
    assert told[0].startswith("50  node10")
    assert events(seen, progress(ASIDE), [], str, 70.0)[0] == []
    (back,) = events(seen, progress(), [], lambda at: f"{at:.0f}", 80.0)[0]
    assert back.endswith("gets runs again")
