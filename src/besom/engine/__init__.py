"""The sweep's state machine."""

from besom.engine.curves import curve_from_columns
from besom.engine.handle import create, handle
from besom.engine.importing import create_import
from besom.engine.messages import AppendOutput, AppendRows, Instructions, Message, Tick
from besom.engine.plan import Plan, compile_plan
from besom.engine.state import State, glance, restore

__all__ = [
    "AppendOutput",
    "AppendRows",
    "Instructions",
    "Message",
    "Plan",
    "State",
    "Tick",
    "compile_plan",
    "create",
    "create_import",
    "curve_from_columns",
    "glance",
    "handle",
    "restore",
]
