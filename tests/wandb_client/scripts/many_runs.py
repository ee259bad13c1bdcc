"""Many small runs in one process: one for each way to begin, to log and to end."""

import json
import logging
import math
import sys
from pathlib import Path

import wandb

logging.disable(logging.CRITICAL)


def init(run_id, **more):
    return wandb.init(entity="e", project="runs", id=run_id, **more)


def full():
    run = init(
        "full",
        config={"lr": 0.1, "nested": {"deep": [1, 2]}, "none": None, "flag": True},
        name="shown name",
        tags=["a", "ü b"],
        group="grouped",
        job_type="train",
        notes="of notes",
    )
    wandb.config.late = "x"
    run.config.update({"huge": 2**70, "unicode": "雪 ☃ \U0001f600"})
    wandb.log({"loss": 1.0, "val": {"loss": 2.0, "acc": {"top1": 0.5}}})
    wandb.log({"loss": 0.5}, commit=False)
    wandb.log({"other": 3})
    wandb.log({"loss": 0.25}, step=7)
    wandb.log({"loss": 99.0}, step=3)  # the client itself drops what comes too late
    wandb.log({"nan": math.nan, "inf": math.inf, "minus": -math.inf, "huge": 2**80, "text": "雪", "none": None}, step=9)
    run.summary["best"] = 12
    run.summary.update({"nested": {"x": 1}, "bad": math.nan})
    print("a line of output")
    sys.stderr.write("a line of stderr\n")
    for at in range(200):
        sys.stderr.write(f"\rprogress {at}/200")
    sys.stderr.write("\n")
    run.finish()


def metrics():
    run = init("metrics")
    run.define_metric("epoch")
    run.define_metric("loss", step_metric="epoch", summary="min,max,mean")
    run.define_metric("acc", summary="max")
    run.define_metric("gone", summary="none")
    run.define_metric("glob/*", step_metric="epoch", summary="max")
    for epoch, loss in enumerate([3.0, 1.0, 2.0]):
        run.log({"epoch": epoch, "loss": loss, "acc": loss / 10, "gone": 1, "glob/one": loss})
    run.finish()


def resumed():
    seen = {}
    run = init("resumed", resume="never", config={"first": 1})
    run.log({"x": 0})
    run.log({"x": 1})
    run.finish()
    run = init("resumed", resume="must", config={"second": 2})
    seen["resumed"] = bool(run.resumed)
    run.log({"x": 2})
    run.finish()
    run = init("resumed", resume="allow")
    run.log({"x": 3})
    run.finish()
    return seen


def again():
    for value in ([1, 2, 3], [10, 20]):
        run = init("again")
        for x in value:
            run.log({"x": x})
        run.finish()


def media():
    import numpy as np

    run = init("media")
    seen = {}

    def tried(what, do):
        try:
            do()
            seen[what] = "done"
        except wandb.Error as error:
            seen[what] = "lacks a package" if "needs the" in str(error) else repr(error)

    table = wandb.Table(columns=["a", "b"], data=[[1, "x"], [2, "雪"]])
    tried("table", lambda: run.log({"table": table}))
    tried("image", lambda: run.log({"image": wandb.Image(np.zeros((4, 4, 3), dtype=np.uint8))}))
    tried("histogram", lambda: run.log({"histogram": wandb.Histogram(np.arange(10))}))
    tried("html", lambda: run.log({"html": wandb.Html("<b>x</b>")}))
    Path("saved.txt").write_text("saved")
    tried("save", lambda: wandb.save("saved.txt", policy="now"))
    tried("code", lambda: run.log_code("."))
    tried("alert", lambda: run.alert(title="look", text="here"))
    artifact = wandb.Artifact("weights", type="model")
    artifact.add_file("saved.txt")
    tried("artifact", lambda: run.log_artifact(artifact))
    run.log({"loss": 1.0})
    run.finish()
    return seen


def failing():
    run = init("failing")
    run.log({"x": 1})
    run.finish(exit_code=5)


def refused():
    """The last, since old clients begin nothing any more after one of these."""
    seen = {}
    for how, name in (("must", "missing"), ("never", "resumed")):
        try:
            init(name, resume=how)
            seen[f"{how} {name}"] = "began"
        except (Exception, SystemExit) as error:  # noqa: BLE001 - old clients leave in their own way
            seen[f"{how} {name}"] = type(error).__name__
    return seen


told = {}
for each in (full, metrics, resumed, again, media, failing, refused):
    if len(sys.argv) > 1 and each.__name__ not in sys.argv[1:]:
        continue
    told[each.__name__] = each()
print("TOLD " + json.dumps(told), flush=True)
