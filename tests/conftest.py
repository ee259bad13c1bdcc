"""What holds for every test: no home but a temporary one, no deadline, and no group left out in silence."""

from __future__ import annotations

import os
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import settings

GROUPS = ("browser", "slurm", "postgres", "wandb")
LONG = (
    "slurm",
    "faults",
    "test_users_files.py",
    "test_every_command.py",
    "test_examples.py",
    "wandb_integrations",
    "wandb_client",
    "dashboard",
)
"""Tests that start processes of their own, the longest first."""
EVERY_GROUP = os.environ.get("BESOM_TEST_EVERY_GROUP") == "1"

settings.register_profile("besom", deadline=None)  # a slow, busy machine is no failure
settings.register_profile("every-push", deadline=None, max_examples=30)
settings.load_profile("every-push" if EVERY_GROUP else "besom")


@pytest.fixture(autouse=True, scope="session")
def home_of_the_session(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """A test that forgets to choose BESOM_HOME writes here, never into the home of who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BESOM_HOME", str(tmp_path_factory.mktemp("home")))
        yield


@pytest.fixture(scope="module")
def browser() -> Generator[Any]:
    """A real Chromium. A module's own: while it is open, Playwright has an event loop running on the tests' thread."""
    from browsing import launched

    with launched() as running:
        yield running


@pytest.fixture(scope="session")
def postgres() -> Generator[Any]:
    """A running PostgreSQL; each test makes databases of its own there, and does not stop it."""
    from benchmarks.postgres import cluster, programs

    try:
        programs()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    with cluster("fsync=off") as running:
        yield running


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """A file's tests run one after the other in one process; all those that need SLURM do, and share one cluster."""
    if config.getvalue("dist") != "loadfile":
        return None
    config.option.loadscopereorder = False  # by the order of collection, see below
    from xdist.scheduler import LoadFileScheduling

    class Files(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file: str = super()._split_scope(nodeid)
            return "slurm" if "/slurm/" in f"/{file}" else file

    return Files(config, log)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """What takes long goes first where several processes share the tests, so that none is left alone with it."""
    if hasattr(config, "workerinput"):
        place = {name: number for number, name in enumerate(LONG)}
        items.sort(key=lambda item: min((place.get(part, len(LONG)) for part in item.path.parts), default=len(LONG)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, pytest.TestReport]:
    """A skipped test fails where BESOM_TEST_EVERY_GROUP=1 promises that none is; Ray's have a script of their own."""
    report: pytest.TestReport = yield
    group = next((name for name in GROUPS if item.get_closest_marker(name)), "what needs rights")
    may_be_skipped = "ray_cluster" in item.path.parts
    if EVERY_GROUP and not may_be_skipped and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{item.nodeid}: of the group `{group}`, which must not be skipped here, but was: {reason}"
    return report
