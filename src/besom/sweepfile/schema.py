"""The JSON Schema of a sweep file, for editors: completion and errors while one types."""

from __future__ import annotations

from typing import Any

from besom.space import LAWS, NAME_PATTERN, Law, Setting
from besom.sweepfile.model import GAIN_SCHEMA, SweepFile

_KINDS: dict[str, dict[str, Any]] = {
    "number": {"type": "number"},
    "positive": {"type": "number", "exclusiveMinimum": 0},
    "int": {"type": "integer"},
    "any": {},
    "values": {"type": "array", "minItems": 1},
    "probabilities": {"type": "array", "minItems": 1, "items": {"type": "number", "minimum": 0}},
}
_INFERRED = ("constant", "categorical", "categorical_w_probabilities", "int_uniform", "uniform")
"""Distributions that may go without their name."""


def json_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a sweep file, with each distribution's own keys."""
    schema = SweepFile.model_json_schema(by_alias=True)
    definitions = schema["$defs"]
    for name, law in LAWS.items():
        definitions[f"distribution_{name}"] = _distribution(name, law)
    definitions["group"] = {
        "description": "Nested parameters: the script gets them as a mapping.",
        "type": "object",
        "properties": {"parameters": {"$ref": "#/$defs/parameters"}},
        "required": ["parameters"],
        "additionalProperties": False,
    }
    definitions["parameter"] = {
        "anyOf": [{"$ref": f"#/$defs/distribution_{name}"} for name in LAWS] + [{"$ref": "#/$defs/group"}]
    }
    definitions["parameters"] = {
        "description": "The parameters: names to distributions.",
        "type": "object",
        "minProperties": 1,
        "propertyNames": {"pattern": NAME_PATTERN},
        "additionalProperties": {"$ref": "#/$defs/parameter"},
    }
    own = definitions["BesomOptions"]["properties"]
    own["stop_when"] = {**own["stop_when"], "anyOf": [GAIN_SCHEMA, *own["stop_when"]["anyOf"]]}
    schema["properties"]["parameters"] = {"$ref": "#/$defs/parameters"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "besom sweep file",
    }


def _distribution(name: str, law: Law) -> dict[str, Any]:
    required = [key for key, setting in law.settings.items() if setting.default is None]
    return {
        "description": law.meaning,
        "type": "object",
        "properties": {
            "distribution": {"const": name},
            **{key: _setting(setting) for key, setting in law.settings.items()},
        },
        "required": required if name in _INFERRED else ["distribution", *required],
        "additionalProperties": False,
    }


def _setting(setting: Setting) -> dict[str, Any]:
    described = {**_KINDS[setting.kind], "description": setting.meaning}
    return described if setting.default is None else {**described, "default": setting.default}
