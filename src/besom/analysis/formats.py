"""A configuration in the formats that can be pasted: YAML, JSON, arguments, Hydra overrides, environment."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from typing import Any

from besom.analysis.tables import flat
from besom.encoding import strict
from besom.errors import UnknownName, nearest
from besom.records import Config

_HYDRA_PLAIN = re.compile(r"[A-Za-z0-9_.+/%@?|-][A-Za-z0-9_.+/%@?|:-]*")
"""Text that Hydra's grammar reads unquoted as one string."""
_HYDRA_WORDS = re.compile(
    r"true|false|null|nan|[+-]?inf|[+-]?[0-9][0-9_]*(\.[0-9_]*)?(e[+-]?[0-9]+)?|[+-]?\.[0-9]+(e[+-]?[0-9]+)?",
    re.IGNORECASE,
)
"""Text that Hydra would read as something other than a string."""


def configuration_text(config: Config, form: str) -> str:
    """`config` (nested as the script gets it) in the format `form`, one of `FORMATS`, without a final newline.

    Raises:
        UnknownName: There is no such format.
    """
    write = _WRITERS.get(form)
    if write is None:
        raise UnknownName(f"format: no format {form!r}; {nearest(form, FORMATS)}.")
    return write(config)


def yaml_text(content: Any, width: int = 80) -> str:
    """Mappings, lists and scalars as YAML, without a final newline; what YAML does not know as its text."""
    import yaml

    def dumped(*, allow_unicode: bool) -> str:
        plain = _plain(content)
        return yaml.safe_dump(
            plain, sort_keys=False, allow_unicode=allow_unicode, default_flow_style=False, width=width
        ).rstrip("\n")

    text = dumped(allow_unicode=True)
    # PyYAML writes Unicode's own line breaks plainly and reads them as spaces; escaped they survive.
    return dumped(allow_unicode=False) if re.search("[\x85\u2028\u2029]", text) else text


def value_text(value: Any) -> str:
    """A parameter's value in full: text as it is, all else as JSON."""
    return value if isinstance(value, str) else json.dumps(_plain(value), ensure_ascii=False)


def python_text(value: Any) -> str:
    """A value as one text: Python's own; lists and dicts as JSON."""
    return json.dumps(_plain(value), ensure_ascii=False) if isinstance(value, list | tuple | Mapping) else str(value)


def _json(config: Config) -> str:
    return json.dumps(strict(_plain(config)), indent=2, ensure_ascii=False, allow_nan=False)


def _args(config: Config) -> str:
    """The words that an agent puts in place of `${args}`, quoted for a shell."""
    from besom.sweepfile.arguments import arguments

    words = (word.partition("=") for word in arguments(config))
    return " ".join(f"{shlex.quote(name)}={shlex.quote(value)}" for name, _, value in words)


def _hydra(config: Config) -> str:
    return " ".join(shlex.quote(f"{name}={_hydra_value(value)}") for name, value in flat(config).items())


def _env(config: Config) -> str:
    """One `NAME=value` a line; also where two names (`a.b`, `a_b`) become one."""
    return "\n".join(f"{_variable(name)}={shlex.quote(_env_value(value))}" for name, value in flat(config).items())


_WRITERS: dict[str, Callable[[Config], str]] = {
    "yaml": yaml_text,
    "json": _json,
    "args": _args,
    "hydra": _hydra,
    "env": _env,
}
FORMATS = tuple(_WRITERS)
"""Names of the formats."""


def _plain(value: Any) -> Any:
    """Mappings and sequences as dicts and lists, which every writer takes; what is unknown as its text."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def _env_value(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, bool) else python_text(value)


def _variable(name: str) -> str:
    """A name that a shell takes: `optimizer.lr` → `OPTIMIZER_LR`."""
    variable = re.sub(r"[^A-Z0-9_]", "_", name.upper())
    return variable if not variable[:1].isdigit() else f"_{variable}"


def _hydra_value(value: Any) -> str:
    """A value in the grammar of Hydra's overrides (hydra.cc, "Extended Override syntax")."""
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_hydra_value(str(name))}:{_hydra_value(item)}" for name, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_hydra_value, value)) + "]"
    text = str(value)
    if _HYDRA_PLAIN.fullmatch(text) and not _HYDRA_WORDS.fullmatch(text):
        return text
    # In a quoted value, backslashes count as such except before a quote and at the end.
    escaped = re.sub(r"(\\*)('|$)", lambda match: match[1] * 2 + ("\\'" if match[2] else ""), text)
    return f"'{escaped}'"
