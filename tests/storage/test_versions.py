"""Versions of packages, also while another thread changes where Python looks."""

import sys
import threading
from importlib.metadata import PackageNotFoundError, version

import pytest

from facedemo.storage.versions import versions


def test_they_are_those_of_the_installed_packages() -> None:
    assert versions("numpy", "torch") == {"numpy": version("numpy"), "torch": version("torch")}


def test_a_package_that_is_not_installed_is_named() -> None:
    with pytest.raises(PackageNotFoundError, match="no-such-package"):
        versions("numpy", "no-such-package")


def test_they_are_found_while_the_path_changes() -> None:
    done, before = threading.Event(), sys.getswitchinterval()

    def run_pages() -> None:
        """As Streamlit does around each run of a page."""
        while not done.is_set():
            sys.path.insert(0, "a page's folder")
            sys.path.remove("a page's folder")

    thread = threading.Thread(target=run_pages)
    thread.start()
    sys.setswitchinterval(1e-6)
    try:
        for _ in range(300):
            versions("numpy")
    finally:
        sys.setswitchinterval(before)
        done.set()
        thread.join()
