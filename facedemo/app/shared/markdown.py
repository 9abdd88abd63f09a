"""Escaping user text in Markdown."""

import re

from facedemo.config.messages import error_message


def escaped(text: object) -> str:
    """Text, or the message of an error, with all Markdown characters escaped."""
    plain = error_message(text) if isinstance(text, Exception) else str(text)
    return re.sub(r"([\\`*_{}\[\]()#+\-$:~<>|])", r"\\\1", plain)
