"""The configuration as the script sees it: a dict whose keys are attributes too."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from besom.sdk.journal import say
from besom.sdk.values import listed


def as_mapping(config: Any) -> dict[str, Any]:
    """A dict of what was given: a mapping, an argparse Namespace, or None.

    Raises:
        TypeError: It is none of these.
    """
    if config is None:
        return {}
    if isinstance(config, Mapping):
        return {str(key): value for key, value in config.items()}
    if hasattr(config, "__dict__") and not isinstance(config, type):
        return dict(vars(config))
    raise TypeError(f"besom.config: takes a dict or argparse's Namespace, got {config!r}; convert it first.")


class Section(dict[str, Any]):
    """A part of the configuration; `section.lr` is `section["lr"]`."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"besom.config: must be a key of it, got {name}; valid: {listed(self)}.") from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, _sections(value))


def _sections(value: Any) -> Any:
    if isinstance(value, Mapping) and not isinstance(value, Section):
        section = Section()
        for name, each in value.items():
            section[str(name)] = each
        return section
    return value


class Config(Section):
    """The whole configuration. What the sweep set stays: a script's own value for it is a default, as in W&B.

    `dict(config)`, `**config` and `json.dumps(config)` work as for any dict.
    """

    _chosen: Mapping[str, Any] = {}
    _changed: Callable[[], None] | None = None

    def __init__(self, values: Any = None, chosen: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        for name, value in merged(as_mapping(values), chosen or {}).items():
            super().__setitem__(name, value)
        object.__setattr__(self, "_chosen", dict(chosen or {}))

    def __setitem__(self, name: str, value: Any) -> None:
        if name in self._chosen:
            kept = merged({name: value}, {name: self._chosen[name]})[name]
            if kept != value:
                say(f"config.{name}: the sweep set it to {self._chosen[name]!r}; the script's {value!r} is not used.")
            value = kept
        super().__setitem__(name, value)
        if self._changed is not None:
            self._changed()

    def update(self, *args: Any, allow_val_change: bool | None = None, **values: Any) -> None:
        """Set several values from mappings, argparse Namespaces or keywords; W&B's `allow_val_change` is not needed."""
        for source in (*args, values):
            for name, value in as_mapping(source).items():
                self[name] = value

    def setdefaults(self, values: Any) -> None:
        """Set those values that have none yet."""
        for name, value in as_mapping(values).items():
            if name not in self:
                self[name] = value

    def as_dict(self) -> dict[str, Any]:
        """A plain dict of it all."""
        return dict(self)

    def on_change(self, call: Callable[[], None]) -> None:
        """Have `call` called whenever a value is set."""
        object.__setattr__(self, "_changed", call)

    def __reduce__(self) -> tuple[Any, ...]:
        return Config, (dict(self), dict(self._chosen))


def merged(defaults: Mapping[str, Any], chosen: Mapping[str, Any]) -> dict[str, Any]:
    """`chosen` over `defaults`, nested mappings key by key."""
    result = dict(defaults)
    for name, value in chosen.items():
        default = result.get(name)
        nests = isinstance(value, Mapping) and isinstance(default, Mapping)
        result[name] = merged(default, value) if nests else value  # type: ignore[arg-type]
    return result
