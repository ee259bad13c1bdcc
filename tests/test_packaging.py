"""What is installed: every file of the package, the types' marker, and no requirement too many or too few."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import besom

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "besom"
INSTALLED = Path(besom.__path__[0])

MODULE_OF = {
    "graphql-core": "graphql",
    "jinja2": "jinja2",
    "nvidia-ml-py": "pynvml",
    "psycopg": "psycopg",
    "pyyaml": "yaml",
    "scikit-learn": "sklearn",
}
"""Distributions whose module has another name."""

LOADED_BY_NAME = {
    "httptools",  # uvicorn loads it
    "psycopg",  # SQLAlchemy loads it for the addresses postgresql+psycopg://
}


def distribution(requirement: str) -> str:
    return re.match(r"[\w.-]+", requirement).group().lower()


def required(extra: str | None = None) -> set[str]:
    """Modules that the installed distribution requires, without extras or of one extra."""
    wanted = {text for text in metadata.requires("besom") if ("extra ==" in text) == (extra is not None)}
    names = {distribution(text) for text in wanted if extra is None or re.search(rf"extra == ['\"]{extra}['\"]", text)}
    return {MODULE_OF.get(name, name) for name in names}


def imported() -> set[str]:
    """Third-party modules that the source names, wherever in a file."""
    found = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"besom"}


def files_in(folder: Path) -> set[Path]:
    paths = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {path for path in paths if "__pycache__" not in path.parts}


def test_every_file_of_the_source_is_in_the_installed_package():
    assert files_in(SOURCE) - files_in(INSTALLED) == set()
    assert Path("py.typed") in files_in(INSTALLED)


def test_every_requirement_is_imported_somewhere():
    assert required() - imported() <= LOADED_BY_NAME


def test_every_import_is_required_or_belongs_to_an_extra():
    # Starlette is what FastAPI is made of, and its types are those of FastAPI's own signatures; pydantic_core is the
    # other half of pydantic, which has the errors that its validators are meant to raise.
    extras = required("plot") | required("postgres") | required("ray")
    allowed = required() | extras | {"starlette", "pydantic_core"}
    assert imported() - allowed == set()


def test_extras_promise_what_the_readme_names():
    promised = {"examples", "plot", "postgres", "ray", "test", "lint"}
    assert promised <= set(metadata.metadata("besom").get_all("Provides-Extra"))
    assert required("postgres") <= LOADED_BY_NAME


def test_the_command_says_its_version():
    done = subprocess.run([sys.executable, "-m", "besom", "version"], capture_output=True, text=True, check=True)
    assert metadata.version("besom") in done.stdout
    assert besom.__version__ == metadata.version("besom")


def test_the_licence_is_packed():
    files = [str(path) for path in metadata.files("besom")]
    if not any(name.endswith(".pth") for name in files):
        assert any(name.endswith("licenses/LICENSE") for name in files)
    assert metadata.metadata("besom")["License-Expression"] == "Apache-2.0 AND MIT"


@pytest.mark.parametrize("heavy", ["torch", "sklearn", "pandas", "matplotlib"])
def test_the_command_line_starts_without(heavy: str):
    code = f"import sys, besom, besom.cli; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
