"""`wandb …` several times in one process, which saves the start of each; tells exit codes and what was printed."""

import json
import os
import sys

from click.testing import CliRunner
from wandb.cli.cli import cli

said = []
for words in json.loads(sys.argv[1]):
    done = CliRunner().invoke(cli, [word.format(**os.environ) for word in words])
    said.append([done.exit_code, done.output + (repr(done.exception) if done.exception else "")])
print("TOLD " + json.dumps(said), flush=True)
