"""Versions of installed packages, for reports."""

import sys
from importlib.metadata import PackageNotFoundError, distributions


def versions(*packages: str) -> dict[str, str]:
    """Package → its version.  Raises PackageNotFoundError where one is not installed.

    Looks through a copy of sys.path: Streamlit takes entries out of the list itself while threads read it, and a
    package that is there would then be missed.
    """
    path, found = list(sys.path), dict[str, str]()
    for name in packages:
        distribution = next(iter(distributions(name=name, path=path)), None)
        if distribution is None:
            raise PackageNotFoundError(name)
        found[name] = distribution.version
    return found
