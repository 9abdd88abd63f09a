"""What is wrong with a setting, or what an error says, in plain English."""

import math
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

LONGEST_VALUE = 60  # characters of a value in a message
REQUIREMENTS = {  # type of an entry of a `ValidationError` → what the value must be
    "greater_than": "more than {gt}",
    "greater_than_equal": "at least {ge}",
    "less_than": "less than {lt}",
    "less_than_equal": "at most {le}",
    "literal_error": "{expected}",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller number",
    "int_type": "a whole number",
    "float_parsing": "a number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
    "string_too_long": "at most {max_length} characters long",
    "model_type": "a group of settings",
}


def entry_message(error: "ErrorDetails") -> str:
    """The message for one entry of a `ValidationError`."""
    if error["type"] == "extra_forbidden":
        return "There is no such setting."
    if error["type"] == "missing":
        return "It is missing."
    if requirement := REQUIREMENTS.get(error["type"]):
        limits = {name: limit if name == "expected" else shown(limit) for name, limit in error.get("ctx", {}).items()}
        wanted = requirement.format(**limits).replace("'", "")
        return f"It must be {wanted}, but it is {shown(error['input'])}."
    return error["msg"].removeprefix("Value error, ")


def shown(value: object) -> str:
    """A value for a message: text in quotation marks, whole numbers without decimals, and nothing long."""
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return "not a number" if math.isnan(value) else str(value).removesuffix(".0")
    text = " ".join(str(value).split())
    text = text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"
    return f"“{text}”" if isinstance(value, str) else text


def error_message(error: Exception, prefix: str = "") -> str:
    """The message of an error, without the numbers of errors of the system or pydantic's wrapping.

    Invalid settings are named.  prefix: put before their names; with "--" they are written as command-line options.
    """
    if isinstance(error, FileExistsError | NotADirectoryError) and Path(error.filename or "").is_file():
        return f"{error.filename} is a file, not a folder."
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return f"{error.filename2 or error.filename}: {error.strerror}."
    if not isinstance(error, ValidationError):
        return str(error)
    lines = []
    for item in error.errors():
        name = str(item["loc"][-1]) if item["loc"] else ""
        name = f"{prefix}{name.replace('_', '-') if prefix else name}: " if name else ""
        lines.append(name + entry_message(item))
    return "\n".join(lines)
