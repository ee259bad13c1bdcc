"""What a training script imports, as `besom`: standard library only, and nothing that waits."""

from __future__ import annotations

from besom.sdk.media import Artifact, Audio, Graph, Histogram, Html, Image, Molecule, Object3D, Plotly, Table, Video
from besom.sdk.orders import Stopped
from besom.sdk.recorder import Run
from besom.sdk.run import alert, checkpoint_dir, define_metric, finish, init, log, resumed_from
from besom.sdk.unneeded import AlertLevel, Settings, login, save, setup, teardown, unwatch, watch

__all__ = [
    "AlertLevel",
    "Artifact",
    "Audio",
    "Graph",
    "Histogram",
    "Html",
    "Image",
    "Molecule",
    "Object3D",
    "Plotly",
    "Run",
    "Settings",
    "Stopped",
    "Table",
    "Video",
    "alert",
    "checkpoint_dir",
    "define_metric",
    "finish",
    "init",
    "log",
    "login",
    "resumed_from",
    "save",
    "setup",
    "teardown",
    "unwatch",
    "watch",
]
