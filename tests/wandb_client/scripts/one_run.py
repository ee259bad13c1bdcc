"""One run that ends as its first argument says."""

import os
import signal
import sys
import time

import wandb

how = sys.argv[1]
run = wandb.init(entity="e", project="ends", id=sys.argv[2] if len(sys.argv) > 2 else how)
for x in range(3):
    run.log({"x": x})
print("logged", flush=True)
if how == "raise":
    raise ValueError("of the script's own")
if how == "exit":
    sys.exit(3)
if how == "kill":
    time.sleep(float(os.environ.get("LINGER", "3")))  # for what was logged to be on its way
    os.kill(os.getpid(), signal.SIGKILL)
if how in ("wait", "interrupt"):
    print("waits", flush=True)
    while True:
        time.sleep(0.1)
