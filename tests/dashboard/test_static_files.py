"""The files that pages are made of: all there, all ours, nothing that runs text."""

from __future__ import annotations

import posixpath
import re
from importlib.resources import files
from pathlib import Path

import pytest

STATIC = Path(str(files("besom.server.pages") / "static"))
MODULES = sorted(path for path in STATIC.rglob("*.js") if "vendor" not in path.parts)
NAMES = [path.relative_to(STATIC).as_posix() for path in MODULES]
IMPORTED = re.compile(r"""(?:\bfrom|\bimport)\s*\(?\s*["'`](\.{1,2}/[^"'`]+)["'`]""")
RUNS_TEXT = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|setAttribute\(\s*.on|javascript:"
    r"|srcdoc|dangerouslySetInnerHTML|createContextualFragment|DOMParser|setTimeout\(\s*[\"'`]"
)
ELSEWHERE = re.compile(r"https?://(?!www\.w3\.org/)")


def test_there_are_modules():
    assert {"app.js", "early.js", "pages/sweep.js", "pictures/drawing.js"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_module_imports_files_that_there_are_and_runs_no_text(name):
    text = (STATIC / name).read_text(encoding="utf-8")
    for found in IMPORTED.findall(text):
        if "${" not in found:
            assert (STATIC / posixpath.normpath(posixpath.join(posixpath.dirname(name), found))).is_file(), found
    assert RUNS_TEXT.findall(text) == []
    assert ELSEWHERE.findall(text) == []
    assert len(text.splitlines()) <= 250
    assert max(map(len, text.splitlines())) <= 130 or name == "parts/icon.js"
    assert text.startswith("/**")


def test_modules_that_are_fetched_early_are_those_that_there_are():
    early = (STATIC / "early.js").read_text(encoding="utf-8")
    named = set(re.findall(r'"((?:pages|parts|pictures)/\w+)"', early))
    assert len(named) > 10
    assert {f"{name}.js" for name in named} <= set(NAMES)


def test_every_page_that_the_router_names_has_a_module():
    app = (STATIC / "app.js").read_text(encoding="utf-8")
    pages = set(re.findall(r'file: "(\w+)"', app)) | {"agents", "compare"}
    assert {f"pages/{page}.js" for page in pages} <= set(NAMES)


def test_the_shell_names_files_that_there_are_and_has_nothing_inline():
    shell = (STATIC / "shell.html").read_text(encoding="utf-8")
    named = re.findall(r'(?:href|src)="([^"]+)"', shell)
    assert len(named) > 10
    for each in named:
        assert (STATIC / each.removeprefix("/static/")).is_file(), each
    assert re.findall(r"<script(?![^>]*\ssrc=)", shell) == []
    assert re.findall(r"<style|\sstyle=|\son\w+=|https?:", shell) == []


def test_styles_fetch_nothing_from_elsewhere():
    for path in STATIC.rglob("*.css"):
        assert re.findall(r"@import|https?:|expression\(", path.read_text(encoding="utf-8")) == []


def test_what_others_wrote_comes_with_its_licences():
    vendor = {path.name for path in (STATIC / "vendor").iterdir()}
    assert {"preact.js", "LICENSE.preact", "LICENSE.htm"} <= vendor
