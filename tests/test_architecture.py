"""The house keeps its shape: floors, names, and files that can be read at one sitting."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "src" / "besom"
FILES = sorted(SOURCE.rglob("*.py"))
VAGUE = {"utils", "util", "helpers", "helper", "common", "misc", "tools"}


FRONT_DOOR = {"__getattr__", "__dir__", "load_strategy", "load_rule"}
"""What a package may define beside its names: how a name is found, built-in or third-party."""


def name_of(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def imports(path: Path) -> set[str]:
    """Modules that a file names in its imports, with their full dotted names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{name_of(path)}: imports are absolute here"
            found.add(node.module)
    return found


def test_what_a_training_script_imports_needs_the_standard_library_only():
    foreign = {
        module
        for path in (SOURCE / "sdk").rglob("*.py")
        for module in imports(path)
        if module.split(".")[0] not in sys.stdlib_module_names and not module.startswith("besom.sdk")
    }
    assert foreign == set()


def test_importing_besom_loads_the_standard_library_only():
    code = "import sys; before = set(sys.modules); import besom; print(*sorted(set(sys.modules) - before))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "besom" in loaded
    assert {name.split(".")[0] for name in loaded} - {"besom"} <= set(sys.stdlib_module_names)


def test_pictures_are_imported_by_the_name_that_the_docs_give_them():
    code = "import besom; of_name = besom.plot; import besom.plot; from besom.plot import history; "
    code += "assert of_name is besom.plot and history is besom.plot.history and 'Picture' in dir(besom.plot)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("technology", "room"),
    [
        ("sqlalchemy", "store"),
        ("alembic", "store"),
        ("fastapi", "server"),
        ("graphql", "server"),
        ("typer", "cli"),
        ("rich", "cli"),
        ("ray", "launch"),
    ],
)
def test_a_technology_is_known_in_one_room_only(technology: str, room: str):
    knowing = {name_of(path) for path in FILES if any(module.split(".")[0] == technology for module in imports(path))}
    assert {name.split("/")[0] for name in knowing} == {room}


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_a_file_is_read_at_one_sitting(path: Path):
    assert len(path.read_text().splitlines()) <= 300


def test_every_module_is_named_for_an_idea():
    assert [name_of(path) for path in FILES if path.stem in VAGUE] == []


def test_every_module_says_what_it_is():
    trees = {name_of(path): ast.parse(path.read_text()) for path in FILES}
    silent = [name for name, tree in trees.items() if tree.body and not ast.get_docstring(tree)]
    assert silent == []


def test_packages_only_re_export():
    allowed = (ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign, ast.Expr, ast.If, ast.FunctionDef)
    for path in FILES:
        if path.name == "__init__.py" and path.parent != SOURCE:  # besom's own front door resolves names on first use
            body = ast.parse(path.read_text()).body
            strange = [type(node).__name__ for node in body if not isinstance(node, allowed)]
            functions = {node.name for node in body if isinstance(node, ast.FunctionDef)}
            assert (strange, functions - FRONT_DOOR) == ([], set()), name_of(path)
