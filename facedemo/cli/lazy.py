"""Commands whose modules are only imported when they are called, so that `facedemo --help` does not wait for torch."""

import ast
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from typer._click.core import Command, Context

# in help order
MODULES = (
    *("train", "runs", "share", "models", "interpolate", "inspect"),
    *("verify", "calibrate", "mend", "compare", "start_app"),
)
GROUPS = ("data", "bench")  # modules whose commands are called by the module's name and their own


def commands_in(module: str) -> dict[str, str]:
    """Name → first line of help for each command that a module declares, read from its source."""
    tree = ast.parse(Path(__file__).with_name(f"{module}.py").read_text("utf8"))
    helps = {}
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and (call := command_decorator(node)):
            names = [ast.literal_eval(keyword.value) for keyword in call.keywords if keyword.arg == "name"]
            name = names[0] if names else node.name
            helps[name] = (ast.get_docstring(node) or "").partition("\n\n")[0].replace("\n", " ")
    return helps


def command_decorator(node: ast.FunctionDef) -> ast.Call | None:
    """The `@app.command(…)` of a function, if it has one."""
    calls = [item for item in node.decorator_list if isinstance(item, ast.Call)]
    return next((call for call in calls if ast.unparse(call.func) == "app.command"), None)


def group_help(module: str) -> str:
    """The help of a module that is a command group, from its `typer.Typer(…)`."""
    tree = ast.parse(Path(__file__).with_name(f"{module}.py").read_text("utf8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and ast.unparse(node.func) == "typer.Typer"]
    return next(ast.literal_eval(word.value) for call in calls for word in call.keywords if word.arg == "help")


class LazyCommands(TyperGroup):
    """The commands of all modules of this package; a module is imported when one of its commands is called."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.places = {name: module for module in MODULES for name in commands_in(module)}
        self.helps = {name: text for module in MODULES for name, text in commands_in(module).items()}
        self.helps |= {module: group_help(module) for module in GROUPS}

    def list_commands(self, ctx: "Context") -> list[str]:
        return list(self.helps)

    def get_command(self, ctx: "Context", cmd_name: str) -> "Command | None":
        """A placeholder with only the help text, for listing."""
        return TyperCommand(cmd_name, help=self.helps[cmd_name]) if cmd_name in self.helps else None

    def resolve_command(self, ctx: "Context", args: list[str]) -> "tuple[str | None, Command | None, list[str]]":
        """The real command; an unknown name is refused as usual."""
        name = args[0]
        if name not in self.helps:
            return super().resolve_command(ctx, args)
        module = importlib.import_module(f"facedemo.cli.{self.places.get(name, name)}")
        command = typer.main.get_command(module.app)
        if name in self.places and isinstance(command, TyperGroup):
            command = command.commands[name]
        return name, command, args[1:]
