"""Command-line options for the settings of a run, made from their declarations: a new setting is an option at once."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import typer
from pydantic.fields import FieldInfo

from facedemo.config.schema import Budget, DataConfig, RunConfig, TrainingConfig, is_legacy
from facedemo.gans.registry import FAMILIES, config_class
from facedemo.gans.settings import SIZES


def image_size(size: int) -> int:
    """A callback for options: the size, if there are networks for it."""
    if size not in SIZES:
        raise typer.BadParameter(f"{size} is not one of {', '.join(map(str, SIZES))}.")
    return size


Size = Annotated[int, typer.Option(help="Side of the images in pixels: 32, 64 or 128.", callback=image_size)]
NAMES = {"source": "--data", "start": "--start-from"}  # settings whose option is called otherwise
Command = TypeVar("Command", bound=Callable[..., None])


def setting_fields() -> dict[str, tuple[FieldInfo, list[str]]]:
    """Setting → its declaration and the families that have it; [] if it is not one of a family's."""
    fields: dict[str, tuple[FieldInfo, list[str]]] = {"name": (RunConfig.model_fields["name"], [])}
    for section in (DataConfig, Budget):
        fields |= {name: (field, []) for name, field in section.model_fields.items()}
    for family in FAMILIES:
        for name, field in config_class(family).model_fields.items():
            fields.setdefault(name, (field, []))[1].append(family)
    return fields | {name: (field, []) for name, field in TrainingConfig.model_fields.items() if not is_legacy(field)}


def option(name: str, field: FieldInfo, families: list[str]) -> inspect.Parameter:
    """The option of a setting; None if it is not given."""
    kind = field.annotation
    if get_origin(kind) is Literal:
        kind = type(get_args(kind)[0])
    if name == "source":
        kind = list[str]
    optional = [part for part in get_args(kind) if part is not type(None)]
    kind = optional[0] if optional else kind
    only = f" ({', '.join(families)} only.)" if families and len(families) < len(FAMILIES) else ""
    names = [NAMES[name]] if name in NAMES else []
    declared = typer.Option(*names, help=f"{field.description or field.title}{only}")
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, declared]
    )


def with_settings(*left_out: str) -> Callable[[Command], Command]:
    """Gives a command that takes `**settings` an option for each setting, except for those that it leaves out."""

    def decorated(command: Command) -> Command:
        signature = inspect.signature(command)
        own = [item for item in signature.parameters.values() if item.kind is not inspect.Parameter.VAR_KEYWORD]
        taken = {item.name for item in own} | set(left_out)
        own = [item.replace(kind=inspect.Parameter.KEYWORD_ONLY) for item in own]
        options = [option(name, *declared) for name, declared in setting_fields().items() if name not in taken]
        command.__signature__ = signature.replace(parameters=[*own, *options])  # pyright: ignore - Typer reads it
        return command

    return decorated


def given(options: dict[str, Any]) -> dict[str, Any]:
    """The options that were given."""
    chosen = {name: value for name, value in options.items() if value is not None}
    if isinstance(sources := chosen.get("source"), list):
        chosen["source"] = "\n".join(sources)  # one per line
    return chosen
