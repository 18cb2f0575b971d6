"""Commands as scripts run them: one school, `jz` with its password, the JSON or the words it printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jzdesk.cli import main


class Jz:
    """`jz("import", "list")` runs a command on the school below `folder` and returns the JSON it printed.

    With `plain` it returns the words instead. A command that is to fail is given its `code`; what it said is returned.
    """

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys, password = capsys, folder / "password"
        password.write_text("Mingling2025", "utf-8")
        self._options = ("--station", folder / "school", "--password-file", password)
        self("init", "--kind", "school", "--code", "2143990001", "--name", "青石镇中心小学")

    def __call__(self, *words: object, code: int = 0, plain: bool = False) -> Any:
        self._capsys.readouterr()
        more = () if plain else ("--json",)
        assert main([str(word) for word in (*self._options, *words, *more)]) == code
        printed = self._capsys.readouterr()
        if plain:
            return printed.out + printed.err
        return json.loads(printed.out) if printed.out else printed.err
