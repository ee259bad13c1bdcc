"""Python expressions over `wandb.Api()`, and what they gave: a list of [name, expression] comes as the argument."""

import json
import sys

import wandb

here = {"wandb": wandb, "api": wandb.Api(timeout=60), "json": json}
told = {}
for name, expression in json.loads(sys.argv[1]):
    try:
        if name.startswith("="):
            here[name[1:]] = eval(expression, here)  # noqa: S307 - the test wrote it
        elif name.startswith("do "):
            exec(expression, here)  # noqa: S102 - the test wrote it
            told[name] = "done"
        else:
            told[name] = eval(expression, here)  # noqa: S307 - the test wrote it
    except Exception as error:  # noqa: BLE001 - the test judges it
        told[name] = f"{type(error).__name__}: {error}"
print("TOLD " + json.dumps(told, default=repr), flush=True)
