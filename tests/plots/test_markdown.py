import re
import stat
from dataclasses import replace

import pytest
from fake_sweep import FakeSweep, hostile, lively

from besom.errors import MissingExtra
from besom.plots import history, pngs, read_sweep, write_markdown
from besom.plots.gallery import hung
from besom.plots.images import BROWSERS
from besom.plots.markdown import markdown, plain
from besom.plots.report import report_html
from browsing import needs_browser

PNG = b"\x89PNG\r\n\x1a\n"


def text_of(sweep):
    data = read_sweep(sweep, "s")
    return markdown(data, hung(data), "report_files")


@needs_browser
def test_a_markdown_report_has_a_png_beside_it_for_each_picture(tmp_path):
    path = write_markdown(lively(12), "s", tmp_path / "my report.md")
    text = path.read_text(encoding="utf-8")
    named = re.findall(r"!\[[^]]*\]\(my%20report_files/(\w+\.png)\)", text)
    assert "history.png" in named
    assert sorted(named) == sorted(file.name for file in (tmp_path / "my report_files").iterdir())
    for name in named:
        content = (tmp_path / "my report_files" / name).read_bytes()
        assert content.startswith(PNG)
        assert int.from_bytes(content[16:20]) == 1800
        assert len(content) > 8000
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


@needs_browser
def test_a_png_is_as_large_as_is_asked_for_and_no_name_runs_in_it():
    data = read_sweep(hostile("</script><script>document.body.innerHTML='<pre>failed: x</pre>'</script>"), "s")
    (image,) = pngs([history(data)], width=500, scale=1.0)
    assert (int.from_bytes(image[16:20]), int.from_bytes(image[20:24])) == (500, 380)


def test_without_a_browser_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(MissingExtra, match="apt-get install chromium"):
        pngs([history(read_sweep(lively(3), "s"))])
    assert pngs([]) == []


def test_a_browser_that_does_not_draw_is_named(monkeypatch, tmp_path):
    program = tmp_path / BROWSERS[0]
    program.write_text("#!/bin/sh\necho '<html></html>'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(MissingExtra, match="must draw 1 pictures, got 0"):
        pngs([history(read_sweep(lively(3), "s"))])


def test_the_words_of_a_markdown_report_are_those_of_the_facts():
    text = text_of(lively(60))
    assert text.startswith("# digits-mlp\n\nA multilayer perceptron")
    assert "| better than your baseline | 21.9 % |" in text
    assert "Trial 44: val/accuracy (maximize) **0.97393**" in text
    assert "## What mattered\n\nThe share of the variance" in text
    assert "### CUDA out of memory: 4" in text
    assert "torch.OutOfMemoryError" in text
    assert text.count("\n| ") > 60
    assert "besom " in text.splitlines()[-1]
    assert "No trial has begun yet." in text_of(FakeSweep())


def test_what_a_script_prints_moves_no_cursor_and_colours_nothing_in_a_report():
    sweep = lively(12)
    printed = "\x1b[31mValueError:\x1b[0m \x1b]0;title\x07bad lr\x08"
    sweep.trials_ = [
        replace(trial, failure=trial.failure and replace(trial.failure, message=printed, last_lines=printed))
        for trial in sweep.trials_
    ]
    sweep.sweep_ = replace(sweep.sweep_, why=f"trial 4 failed: {printed}")
    text = text_of(sweep)
    assert text.count("ValueError: bad lr\n") > 2
    assert not set(text) & {"\x1b", "\x07", "\x08"}
    page = report_html(read_sweep(sweep, "s"))
    assert "ValueError: bad lr" in page
    assert not set(page) & {"\x1b", "\x07", "\x08"}


def test_names_are_text_in_markdown_too():
    text = text_of(hostile("<img src=x onerror=alert(1)> [a](javascript:b) `c` | www.evil.test"))
    outside = re.sub(r"(?ms)^(`{3,})\w*\n.*?^\1$", "", text)
    assert not re.search(r"(?<!\\)<img", outside)
    assert not re.search(r"(?<![\\!])\[a\]\(", outside.replace("\\]", "]"))
    assert "www.evil" not in outside


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a_b*c|d", "a\\_b\\*c\\|d"),
        ("- item", "\\- item"),
        ("1. item", "1\\. item"),
        ("0.97 of 1.5", "0.97 of 1.5"),
        ("https://x.test", "https\\://x.test"),
        ("two\n# lines", "two \\# lines"),
    ],
)
def test_what_markdown_would_read_is_escaped(text, shown):
    assert plain(text) == shown
