import subprocess
import sys

import pytest

from besom.errors import UnknownName
from besom.search import STRATEGIES, load_strategy


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_built_in_strategy_can_be_loaded(name: str) -> None:
    assert callable(load_strategy(name).ask)


def test_an_unknown_name_lists_the_valid_ones_nearest_first() -> None:
    with pytest.raises(UnknownName, match=r"'bays'; did you mean bayes\? \(valid: bayes, grid, random\)"):
        load_strategy("bays")


def modules_after(statement: str) -> set[str]:
    """The heavy libraries that a fresh interpreter has loaded after `statement`."""
    heavy = ("numpy", "scipy", "scipy.stats", "pydantic")
    script = f"import sys; {statement}; print(*(m for m in {heavy} if m in sys.modules))"
    return set(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    )


def test_importing_search_and_stopping_is_cheap() -> None:
    assert modules_after("import besom.search, besom.stopping") == set()


def test_the_bayes_strategy_loads_scipy_only_when_it_models_and_never_its_statistics() -> None:
    asked = (
        "from besom.records import Observation; from besom.search import load_strategy; "
        "from besom.search.contract import History; from besom.space import Space; "
        "told = [Observation(i, {'x': i / 10}, 'finished', value=float(i)) for i in range(%d)]; "
        "load_strategy('bayes').ask(History(Space.from_file({'x': {'min': 0.0, 'max': 1.0}}), told, 0))"
    )
    assert "scipy" not in modules_after(asked % 0)
    modelled = modules_after(asked % 8)
    assert "scipy" in modelled
    assert "scipy.stats" not in modelled
