from typing import Any

import pytest

from besom.stopping import NO_RULE, RULES, load_rule
from besom.stopping.contract import StoppingRule
from besom.sweepfile import json_schema, parse

SWEEP = {"method": "random", "metric": {"name": "loss"}, "parameters": {"a": {"value": 1}}}


def loaded(section: dict[str, Any] | None, **settings: Any) -> StoppingRule | None:
    return load_rule(parse(SWEEP | {"early_terminate": section}).early_terminate, **settings)


@pytest.mark.parametrize("name", RULES)
def test_every_built_in_rule_is_loaded_by_its_type(name: str) -> None:
    rule = loaded({"type": name, "min_iter": 3}, fidelity_max=9.0, fidelity_counts=True, can_resume=True)
    assert type(rule).__name__.lower() == name


def test_a_sweep_that_asks_for_no_rule_has_none() -> None:
    assert loaded(None) is None
    assert loaded({"type": "none"}) is None


def test_a_sweep_file_may_name_the_built_in_rules_and_none() -> None:
    tags = json_schema()["properties"]["early_terminate"]["anyOf"][0]["discriminator"]["mapping"]
    assert set(tags) == {*RULES, NO_RULE}
