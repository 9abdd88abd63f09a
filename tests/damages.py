"""Ways in which a file can be damaged."""

import json
from collections.abc import Callable


def flipped(content: bytes) -> bytes:
    """One bit is wrong, in the middle."""
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 4]) + content[middle + 1 :]


def of_another_version(content: bytes) -> bytes:
    """JSON with fields that this version does not know, a table with other columns, another number in a header."""
    try:
        lines = [json.loads(line) for line in content.decode().splitlines()]
        return "".join(json.dumps({**line, "version": 99, "state": 7, "action": 7}) + "\n" for line in lines).encode()
    except (ValueError, TypeError):
        return b"version,99\n" + content


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut": lambda content: content[: len(content) // 2],
    "one bit": flipped,
    "other encoding": lambda content: content.decode("latin1").encode("utf-16"),
    "other version": of_another_version,
}
