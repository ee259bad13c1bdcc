"""Files, media and artifacts: sent, listed, fetched again, by W&B's client."""

from __future__ import annotations

import pytest
from client_bench import Bench

pytestmark = pytest.mark.wandb


def test_files_tables_and_artifacts_are_kept_and_come_back(bench: Bench):
    said = bench.client.run("artifacts.py", "5")

    checks = [line for line in said.splitlines() if line.startswith(("ok ", "FAIL"))]
    assert len(checks) > 50
    assert [line for line in checks if not line.startswith("ok ")] == []
