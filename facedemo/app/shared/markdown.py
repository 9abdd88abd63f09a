"""Escaping user text in Markdown."""

import re


def escaped(text: object) -> str:
    """Text with all Markdown characters escaped."""
    return re.sub(r"([\\`*_{}\[\]()#+\-$:~<>|])", r"\\\1", str(text))
