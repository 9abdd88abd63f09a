"""Tests of facedemo, which start many processes.

If the environment asks Python to write no bytecode, each of them would compile PyTorch and Streamlit anew, which takes
about seven seconds. So bytecode is then kept in pytest's cache folder instead of beside the sources.
"""

import os
import sys
from pathlib import Path

if sys.dont_write_bytecode:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(__file__).parents[1] / ".pytest_cache" / "bytecode")
    sys.dont_write_bytecode, sys.pycache_prefix = False, os.environ["PYTHONPYCACHEPREFIX"]
