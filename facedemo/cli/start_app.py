"""The command that starts the app."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Any

import typer

from facedemo.app.shared.accounts import new_code
from facedemo.runs import classroom
from facedemo.storage.locations import shipped

app = typer.Typer(add_completion=False)


@app.command(name="app")
def start_app(
    port: Annotated[int, typer.Option(help="Port to listen on.", min=1, max=65535)] = 8501,
    address: Annotated[str, typer.Option(help="Address to listen on; default: only this computer.")] = "localhost",
    browser: Annotated[bool, typer.Option(help="Open the app in the browser.")] = True,
    shared: Annotated[
        bool,
        typer.Option(
            "--shared",
            help="Share the app with a class: everybody signs in and has a workspace of their own, docs/hosting.md.",
            envvar="FACEDEMO_SHARED",
        ),
    ] = False,
    base_path: Annotated[str, typer.Option(help="Path of the app behind a reverse proxy, such as faces.")] = "",
) -> None:
    """Start the app from any folder, in which runs are stored below `runs`. Ctrl-C stops it."""
    if shared:
        share(base_path)
    settings = tomllib.loads((shipped(".streamlit") / "config.toml").read_text("utf8"))
    settings["server"] |= {"port": port, "address": address, "headless": shared or not browser}
    settings["server"] |= {"baseUrlPath": base_path} if base_path else {}
    settings["server"] |= {"maxUploadSize": classroom.rules().upload_limit} if shared else {}
    script = Path(__file__).with_name("app_script.py")
    command = [sys.executable, "-m", "streamlit", "run", str(script), *flags(settings)]
    if os.name == "posix":  # in this process, so that stopping it stops the app
        os.execv(sys.executable, command)
    try:
        raise typer.Exit(subprocess.run(command, check=False).returncode)
    except KeyboardInterrupt:
        raise typer.Exit from None


def share(base_path: str) -> None:
    """Sets what a shared app needs, and prints the access codes unless they are set, or single sign-on is configured.

    Raises SingleSignOnError if the configuration of single sign-on cannot work.
    """
    from facedemo.app.shared import single_sign_on  # imports Streamlit, which the help need not wait for

    os.environ["FACEDEMO_SHARED"] = "1"
    if single_sign_on.is_configured():
        single_sign_on.check_configuration(base_path)
        try:
            single_sign_on.check_provider()
        except single_sign_on.SingleSignOnError as error:  # it may be back when somebody signs in
            typer.echo(f"Nobody can sign in at present. {error}", err=True)
        return
    for variable, who in (("FACEDEMO_ACCESS_CODE", "visitors"), ("FACEDEMO_TEACHER_CODE", "teachers")):
        if not os.environ.get(variable):
            os.environ[variable] = new_code()
            typer.echo(f"Access code for {who}: {os.environ[variable]}")


def flags(settings: dict[str, Any], section: str = "") -> list[str]:
    """Settings of a config.toml as options of `streamlit run`."""
    options = []
    for name, value in settings.items():
        if isinstance(value, dict):
            options += flags(value, f"{section}{name}.")
        else:
            values = value if isinstance(value, list) else [value]
            options += [f"--{section}{name}={str(item).lower() if isinstance(item, bool) else item}" for item in values]
    return options
