"""Paths of the pages, for links and redirects between them."""

from pathlib import Path

PAGES = Path(__file__).parent / "pages"
HOME = PAGES / "home.py"
LEARN = PAGES / "learn.py"
GENERATE = PAGES / "generate.py"
INTERPOLATE = PAGES / "interpolate.py"
INSIDE = PAGES / "inside.py"
STEP = PAGES / "step.py"
VERIFY = PAGES / "verify.py"
COMPARE = PAGES / "compare.py"
TRAIN = PAGES / "train.py"
RUNS = PAGES / "runs.py"
TEACHER = PAGES / "teacher.py"
