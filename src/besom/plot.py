"""`besom.plots` by the name that scripts know it by: a module, so that `from besom.plot import history` works."""

from besom.plots import *  # noqa: F403
from besom.plots import __all__  # noqa: F401
