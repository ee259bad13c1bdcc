#!/bin/sh
# Makes the sweep and works on COUNT (10) of its runs, once what `besom server` prints is exported.
set -eu
cd "$(dirname "$0")"

wandb sweep sweep.yaml 2>&1 | tee sweep.log
sweep=$(sed -n 's/.*wandb agent //p' sweep.log)
wandb agent --count "${COUNT:-10}" "${sweep:?}"
