from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from besom.post import letters
from besom.post.boxes import Box, folder_of, numbers_in

HEAD = {"method": "POST", "path": "/ü?a=1", "headers": {}}


def written(path: Path, body: bytes = b"\n\x00body\n" * 9) -> bytes:
    letters.write(path, HEAD, (body,))
    return path.read_bytes()


@given(head=st.dictionaries(st.text(), st.text() | st.integers()), parts=st.lists(st.binary(), max_size=4))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
def test_what_is_written_is_read(tmp_path: Path, head: dict[str, str | int], parts: list[bytes]):
    letters.write(tmp_path / "1.letter", head, iter(parts), is_lasting=False)
    letter = letters.opened(tmp_path / "1.letter")
    assert letter is not None
    with letter:
        assert (letter.head, letter.content(), letter.length) == (head, b"".join(parts), len(b"".join(parts)))


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_a_letter_that_was_cut_or_changed_anywhere_is_not_taken(tmp_path: Path, data: st.DataObject):
    path = tmp_path / "1.letter"
    whole = written(path)
    at = data.draw(st.integers(0, len(whole) - 1))
    torn = data.draw(
        st.sampled_from(
            [
                whole[:at],
                whole[:at] + bytes(len(whole) - at),  # a size that is known before the bytes
                whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :],
                whole[at + 1 :],
                whole + b"\n",
            ]
        )
    )
    path.write_bytes(torn)
    assert letters.opened(path) is None


def test_a_letter_is_there_at_once_and_for_its_user_only(tmp_path: Path):
    box = Box(tmp_path / "box")
    box.make()

    def parts():
        yield b"half"
        assert numbers_in(box.requests) == set()
        yield b"whole"

    letters.write(box.request(7), HEAD, parts())
    assert numbers_in(box.requests) == {7}
    assert [path.stat().st_mode & 0o777 for path in (box.path, box.requests, box.request(7))] == [0o700, 0o700, 0o600]


def test_of_a_letter_that_cannot_be_finished_nothing_is_left(tmp_path: Path):
    def parts():
        yield b"half"
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        letters.write(tmp_path / "1.letter", HEAD, parts())
    assert list(tmp_path.iterdir()) == []


def test_a_name_without_a_file_is_a_letter_that_has_not_come(tmp_path: Path):
    assert letters.opened(tmp_path / "1.letter") is None
    (tmp_path / "1.letter").symlink_to(tmp_path / "nowhere")  # listed, and not to be opened yet
    assert numbers_in(tmp_path) == {1}
    assert letters.opened(tmp_path / "1.letter") is None
    with pytest.raises(IsADirectoryError):
        letters.opened(tmp_path)


@pytest.mark.parametrize(
    ("address", "home"),
    [
        ("/shared/besom", "/shared/besom"),
        ("file:///shared/my%20besom", "/shared/my besom"),
        ("file://localhost/shared", "/shared"),
        ("./besom", str(Path.cwd() / "besom")),
        ("~", str(Path.home())),
        ("file://elsewhere/shared", None),
        ("http://127.0.0.1:8123", None),
        ("localhost:8123", None),
        ("besom", None),
    ],
)
def test_an_address_that_is_a_path_names_a_home(address: str, home: str | None):
    assert folder_of(address) == (Path(home) if home else None)
