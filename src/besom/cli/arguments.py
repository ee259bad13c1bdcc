"""A configuration in the formats that can be pasted: YAML, JSON, arguments, Hydra overrides, environment, table."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from besom.cli.wording import flat, harmless

_HYDRA_PLAIN = re.compile(r"[A-Za-z0-9_.+/%@?|-][A-Za-z0-9_.+/%@?|:-]*")
"""Text that Hydra's grammar reads unquoted as one string."""
_HYDRA_WORDS = re.compile(
    r"true|false|null|nan|[+-]?inf|[+-]?[0-9][0-9_]*(\.[0-9_]*)?(e[+-]?[0-9]+)?|[+-]?\.[0-9]+(e[+-]?[0-9]+)?",
    re.IGNORECASE,
)
"""Text that Hydra would read as something other than a string."""


class Format(StrEnum):
    """How `besom best` prints a configuration."""

    YAML = "yaml"
    JSON = "json"
    ARGS = "args"
    HYDRA = "hydra"
    ENV = "env"
    TABLE = "table"


def written(config: Mapping[str, Any], form: Format) -> str:
    """`config` (nested as the script gets it) in the format `form`, without a final newline."""
    return _WRITERS[form](config)


def _yaml(config: Mapping[str, Any]) -> str:
    import yaml

    def dumped(*, allow_unicode: bool) -> str:
        return yaml.safe_dump(
            _plain(config), sort_keys=False, allow_unicode=allow_unicode, default_flow_style=False
        ).rstrip("\n")

    text = dumped(allow_unicode=True)
    # PyYAML writes Unicode's own line breaks plainly and reads them as spaces; escaped they survive.
    return dumped(allow_unicode=False) if re.search("[\x85\u2028\u2029]", text) else text


def _json(config: Mapping[str, Any]) -> str:
    return json.dumps(_plain(config), indent=2, ensure_ascii=False)


def _args(config: Mapping[str, Any]) -> str:
    """The words that an agent puts in place of `${args}`, quoted for a shell."""
    from besom.agent.command import arguments

    words = (word.partition("=") for word in arguments(config))
    return " ".join(f"{_quoted(name)}={_quoted(value)}" for name, _, value in words)


def _hydra(config: Mapping[str, Any]) -> str:
    return " ".join(_quoted(f"{name}={_hydra_value(value)}") for name, value in flat(config).items())


def _env(config: Mapping[str, Any]) -> str:
    """One `NAME=value` a line; also where two names (`a.b`, `a_b`) become one."""
    return "\n".join(f"{_variable(name)}={_quoted(_env_value(value))}" for name, value in flat(config).items())


def _table(config: Mapping[str, Any]) -> str:
    leaves = {harmless(name): harmless(_text(value)) for name, value in flat(config).items()}
    width = max(map(len, leaves), default=0)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in leaves.items())


_WRITERS: dict[Format, Callable[[Mapping[str, Any]], str]] = {
    Format.YAML: _yaml,
    Format.JSON: _json,
    Format.ARGS: _args,
    Format.HYDRA: _hydra,
    Format.ENV: _env,
    Format.TABLE: _table,
}


def _plain(value: Any) -> Any:
    """Mappings and sequences as dicts and lists, which every writer takes."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _text(value: Any) -> str:
    """A value as one text: Python's own; lists and dicts as JSON."""
    return json.dumps(_plain(value), ensure_ascii=False) if isinstance(value, list | tuple | Mapping) else str(value)


def _env_value(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value) if isinstance(value, bool) else _text(value)


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


def _quoted(text: str) -> str:
    """`text` as one word of a POSIX shell, quoted only where needed."""
    return shlex.quote(text)
