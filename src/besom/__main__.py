"""`python -m besom` is the command `besom`."""

import sys

from besom.cli import main

sys.exit(main())
