"""The virtual environment of the checkout, made from the lock file and renewed when the lock changes."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements" / "dev.lock"
PROJECT = ROOT / "pyproject.toml"
WINDOWS_ONLY = ("colorama", "pefile", "pywin32-ctypes")  # wanted there by click, pytest and pyinstaller
PIP = ("-m", "pip", "--disable-pip-version-check", "--no-input")


class SetupFailed(Exception):
    """The environment could not be made; its text is the sentence for the person."""


def python(venv: Path = VENV) -> Path:
    """The interpreter of an environment."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def project() -> dict[str, Any]:
    """The `[project]` table of pyproject.toml."""
    table: dict[str, Any] = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]
    return table


def digest(lock: str, table: dict[str, Any], place: Path) -> str:
    """What an environment was made from: the locked versions, our own entry points, and where we stand."""
    text = json.dumps([lock, table, str(place)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def is_fresh(venv: Path, wanted: str) -> bool:
    """Whether the environment is complete and was made from exactly this."""
    stamp = venv / "jzdesk.stamp"
    return python(venv).exists() and stamp.is_file() and stamp.read_text(encoding="ascii") == wanted


def ensure() -> None:
    """Make or renew `.venv`; returns at once when nothing has changed."""
    wanted = digest(LOCK.read_text(encoding="utf-8"), project(), ROOT)
    if is_fresh(VENV, wanted):
        return
    print("正在准备运行环境（第一次约需几分钟）……", flush=True)
    _make(VENV)
    _pip(VENV, "install", "--quiet", "--requirement", str(LOCK))
    _pip(VENV, "install", "--quiet", "--no-deps", "--no-build-isolation", "--editable", str(ROOT))
    (VENV / "jzdesk.stamp").write_text(wanted, encoding="ascii")


def _make(venv: Path) -> None:
    if not python(venv).exists():
        _succeed([sys.executable, "-m", "venv", "--clear", str(venv)])


def _pip(venv: Path, *arguments: str) -> None:
    _succeed([str(python(venv)), *PIP, *arguments])


def _succeed(command: list[str]) -> None:
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        raise SetupFailed("运行环境没有准备好，原因见上面的英文提示；多半是网络中断，接通后再运行一次即可。")


def lock() -> None:
    """Write the newest versions that pyproject.toml allows, tried out in an environment of their own."""
    with tempfile.TemporaryDirectory() as folder:
        venv = Path(folder) / "venv"
        _make(venv)
        extras = project()["optional-dependencies"]
        wanted = (*project()["dependencies"], *extras["county"], *extras["dev"], *WINDOWS_ONLY)
        _pip(venv, "install", "--quiet", *wanted)
        frozen = subprocess.run([python(venv), *PIP, "freeze", "--all"], capture_output=True, text=True, check=True)
    LOCK.parent.mkdir(exist_ok=True)
    LOCK.write_text(lock_text(frozen.stdout), encoding="utf-8", newline="\n")


def lock_text(frozen: str) -> str:
    """The lock file for the output of `pip freeze --all`: names and versions only, ValueError otherwise."""
    lines = [line for line in frozen.splitlines() if not line.startswith(("pip==", "wheel=="))]
    for line in lines:
        if line.count("==") != 1 or "/" in line or "@" in line:
            raise ValueError(line)
    return "".join(f"{_marked(line)}\n" for line in sorted(lines, key=str.lower))


def _marked(line: str) -> str:
    name = line.partition("==")[0]
    return f'{line} ; sys_platform == "win32"' if name in WINDOWS_ONLY else line
