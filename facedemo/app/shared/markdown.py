"""Text of users inside of Markdown."""

import re


def escaped(text: object) -> str:
    """Text in which no letter means anything to Markdown."""
    return re.sub(r"([\\`*_{}\[\]()#+\-$:~<>|])", r"\\\1", str(text))
