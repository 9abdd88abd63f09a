"""Versions of installed packages, for reports."""

import sys
from importlib.metadata import PackageNotFoundError, distributions


def versions(*packages: str) -> dict[str, str]:
    """Package → its version.  Raises PackageNotFoundError where one is not installed.

    Looks through a copy of sys.path: Streamlit takes entries out of the list itself while threads read it, and a
    package that is there would then be missed.
    """
    path = list(sys.path)
    found = {name: next(iter(distributions(name=name, path=path)), None) for name in packages}
    for name, distribution in found.items():
        if distribution is None:
            raise PackageNotFoundError(name)
    return {name: distribution.version for name, distribution in found.items() if distribution}
