"""The training script of the chaos: it tells a file of its own each row before it logs it."""

PROGRAM = """
import contextlib, json, os, time
import besom

run = besom.init()
saved = besom.checkpoint_dir() / "epoch"
begun = int(saved.read_text()) if saved.exists() else 0
with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), f"told-{run.id}"), "a") as told:
    for epoch in range(begun + 1, 21):
        row = {"epoch": epoch, "loss": run.config["x"] / epoch}
        told.write(json.dumps(row) + "\\n")
        told.flush()
        besom.log(row)
        with contextlib.suppress(OSError):  # the disk is full: it goes on from an earlier epoch, if it has to
            saved.with_suffix(".draft").write_text(str(epoch))
            saved.with_suffix(".draft").replace(saved)
        time.sleep(0.02)
"""

CLOCK = """
import os, sys, time

_true_time = time.time
_here = os.path.dirname(os.path.abspath(__file__))
_words = sys.orig_argv[1:4]
_kind = _words[2] if _words[:2] == ["-m", "besom"] and len(_words) == 3 else "script"

def _set_time():
    try:
        with open(os.path.join(_here, _kind)) as file:
            return _true_time() + float(file.read() or 0)
    except FileNotFoundError:
        return _true_time()

time.time = _set_time
"""
"""A sitecustomize by which clocks can be set, ahead or back, for servers, agents and scripts each."""
