"""Agents: they execute the runs of a sweep and watch them."""

from besom.agent.loop import Agent
from besom.agent.signals import stop_on_signals

__all__ = ["Agent", "stop_on_signals"]
