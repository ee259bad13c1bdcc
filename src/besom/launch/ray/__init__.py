"""Agents as actors of a Ray cluster: started there, kept up where they run, looked after from outside."""

from besom.launch.ray.cluster import RayError, check_reach, joined
from besom.launch.ray.ending import Scaled, cancel, scale
from besom.launch.ray.launches import Launch
from besom.launch.ray.options import RayOptions, settled
from besom.launch.ray.standing import Standing, standings
from besom.launch.ray.submitting import Submitted, submit

__all__ = [
    "Launch",
    "RayError",
    "RayOptions",
    "Scaled",
    "Standing",
    "Submitted",
    "cancel",
    "check_reach",
    "joined",
    "scale",
    "settled",
    "standings",
    "submit",
]
