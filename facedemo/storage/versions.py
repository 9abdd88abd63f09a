"""Versions of installed packages, for reports."""

import sys
from importlib.metadata import PackageNotFoundError, distributions


def versions(*packages: str) -> dict[str, str]:
    """Package → its version.  Raises PackageNotFoundError if one is not installed.

    Searches a copy of sys.path, because Streamlit removes entries from the list while threads read it, so that an
    installed package could be missed.
    """
    path, numbers = list(sys.path), dict[str, str]()
    for name in packages:
        distribution = next(iter(distributions(name=name, path=path)), None)
        if distribution is None:
            raise PackageNotFoundError(name)
        numbers[name] = distribution.version
    return numbers
