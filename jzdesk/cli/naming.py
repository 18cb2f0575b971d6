"""How functions become commands: `take_down` is `take-down`, and `list_` is `list`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import typer


def add_all(app: typer.Typer, *commands: Callable[..., Any], **renamed: Callable[..., Any]) -> None:
    """Add functions under their own names, and `renamed` ones under the given."""
    for command in commands:
        app.command(_name(command.__name__))(command)
    for name, command in renamed.items():
        app.command(_name(name))(command)


def group(app: typer.Typer, name: str, text: str, *commands: Callable[..., Any], **renamed: Callable[..., Any]) -> None:
    """Add a group of commands."""
    part = typer.Typer(help=text, no_args_is_help=True)
    add_all(part, *commands, **renamed)
    app.add_typer(part, name=name)


def _name(function: str) -> str:
    return function.strip("_").replace("_", "-")
