"""The reference of the commands in docs/command-line.md, which is made from the commands themselves."""

from pathlib import Path

from facedemo.cli.lazy import GROUPS, MODULES, commands_in
from facedemo.cli.reference import HEADING, reference

PAGE = Path(__file__).parents[2] / "docs" / "command-line.md"


def test_the_reference_is_current() -> None:
    written = PAGE.read_text("utf8")
    assert written.endswith(reference()), "run `python -m facedemo.cli.reference docs/command-line.md`"
    assert written.count(f"\n{HEADING}\n") == 1


def test_the_reference_has_every_command_and_its_options() -> None:
    text = reference()
    for module in (*MODULES, *GROUPS):
        for name in commands_in(module):
            assert f"\n### {f'{module} {name}' if module in GROUPS else name}\n" in text
    assert "| `--critic-steps <int>` | Number of critic updates per generator update. (wgan only.) |" in text
    assert r"| `--path <slerp\|lerp>` |" in text
