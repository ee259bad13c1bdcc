"""What every section of a sweep file is made of."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, WithJsonSchema
from pydantic_core import PydanticCustomError

from besom.sweepfile.durations import seconds_from_text


class Section(BaseModel):
    """Keys that are known, of the types that they say, and nothing else."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


def broken(law: str) -> PydanticCustomError:
    """What a section raises whose keys do not go together; `law` is the whole message, next move and all."""
    return PydanticCustomError("law", "{law}", {"law": law})


def _word(value: Any) -> Any:
    """A word of a command, of which W&B takes numbers and truth values too."""
    return str(value) if isinstance(value, bool | int | float) else value


Word = Annotated[
    str, BeforeValidator(_word), WithJsonSchema({"type": ["string", "number", "boolean"]}, mode="validation")
]

Seconds = Annotated[
    float,
    BeforeValidator(seconds_from_text),
    WithJsonSchema(
        {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^\s*[0-9.]+\s*[smhd]?\s*$"}]}, mode="validation"
    ),
]
"""Seconds, or text such as `90s`, `15m`, `2h`, `1d`."""
