"""What `tools/dev.py VERB` does: one function a verb, each returning the exit code."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tools import environment, frozen, system
from tools.environment import ROOT, python

OFFSCREEN = {"QT_QPA_PLATFORM": "offscreen"}
DEMO = ROOT / "build" / "demo"
SHOTS = ROOT / "build" / "shots"
CHECKED = ("jzdesk", "tools", "benchmarks", "tests")
TWO_AT_ONCE = ("-n", "2", "--dist", "worksteal")  # a module stays together, and nobody waits while another is busy


def run(arguments: list[str]) -> int:
    """Open the window; without a display play the rehearsal off screen and say where the pictures are."""
    if not has_display():
        return rehearse()
    prepare("offscreen", "window")
    return call("-m", "jzdesk", *arguments)


def has_display() -> bool:
    """Whether a window can be shown here."""
    return sys.platform != "linux" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def rehearse() -> int:
    """Play one term on the sample without a screen, then picture every page."""
    print("没有检测到显示器：改为在后台演练一遍并截图。", flush=True)
    code = demo([]) or shots([])
    if code == 0:
        print(f"演练完成。结果在 {DEMO}，各页面截图在 {SHOTS}。")
    return code


def test(arguments: list[str]) -> int:
    """All checks, then all tests; further arguments go to pytest."""
    prepare("offscreen", "window", "test")
    checked = _check()
    tested = call("-m", "pytest", *TWO_AT_ONCE, *(arguments or ["tests"]), env=OFFSCREEN)
    return tested or checked


def check(arguments: list[str]) -> int:
    """Form, types and floors, without running anything."""
    prepare()
    return _check()


def _check() -> int:
    """Run every check even when an earlier one fails, and name those that did."""
    checks = {
        "ruff format": ("-m", "ruff", "format", "--check", "."),
        "ruff check": ("-m", "ruff", "check", "."),
        "mypy": ("-m", "mypy", "--strict", *CHECKED),
        "lint-imports": ("-c", LINT_IMPORTS, "--no-logo", "--cache-dir", "build/cache/imports"),
    }
    failed = [name for name, command in checks.items() if call(*command) != 0]
    if failed:
        print(f"没有通过的检查：{'、'.join(failed)}。", file=sys.stderr, flush=True)
    return 1 if failed else 0


# import-linter has no `python -m` door; its script in .venv breaks when the checkout is moved.
LINT_IMPORTS = "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())"


def format_(arguments: list[str]) -> int:
    """Put imports and layout in order."""
    prepare()
    return call("-m", "ruff", "check", "--select", "I", "--fix", ".") or call("-m", "ruff", "format", ".")


def demo(arguments: list[str]) -> int:
    """Play the rehearsal on a folder of workbooks, by default on the sample in `examples/`."""
    parser = argparse.ArgumentParser(prog="dev.py demo")
    parser.add_argument("--data", type=Path, default=ROOT / "examples")
    parser.add_argument("--out", type=Path, default=DEMO)
    chosen = parser.parse_args(arguments)
    prepare("offscreen")
    folders = ("--data", str(chosen.data.resolve()), "--out", str(chosen.out.resolve()))
    return call("-m", "jzdesk.cli", "demo", *folders, env=OFFSCREEN)


def shots(arguments: list[str]) -> int:
    """Picture every page in both window sizes."""
    prepare("offscreen")
    return call("tools/shots.py", *arguments, env=OFFSCREEN)


def bench(arguments: list[str]) -> int:
    """Measure the product against its limits."""
    prepare("offscreen")
    return call("-m", "benchmarks", *arguments, env=OFFSCREEN)


def build(arguments: list[str]) -> int:
    """Freeze the program and try it."""
    prepare("offscreen", "window", "test", "build")
    return frozen.build()


def dictionary(arguments: list[str]) -> int:
    """Write the data dictionary of the manual anew from the specs."""
    prepare()
    return call("-m", "tools.dictionary", *arguments)


def lock(arguments: list[str]) -> int:
    """Renew the lock file."""
    system.ensure("setup")
    environment.lock()
    return 0


def setup(arguments: list[str]) -> int:
    """Prepare everything that running and testing need, and start nothing."""
    prepare("offscreen", "window", "test")
    return 0


def prepare(*needs: str) -> None:
    """See to the system packages for these needs, then to `.venv`."""
    system.ensure("setup", *needs)
    environment.ensure()


def call(*command: str, env: dict[str, str] | None = None) -> int:
    """Run the Python of `.venv` at the root of the checkout; the exit code."""
    settings = {**os.environ, "PYTHONUTF8": "1", **(env or {})}
    return subprocess.run([str(python()), *command], cwd=ROOT, env=settings, check=False).returncode


VERBS: dict[str, Callable[[list[str]], int]] = {
    "run": run,
    "test": test,
    "check": check,
    "format": format_,
    "demo": demo,
    "shots": shots,
    "bench": bench,
    "build": build,
    "dictionary": dictionary,
    "lock": lock,
    "setup": setup,
}


def main(argv: list[str]) -> int:
    """Do one verb; a person's problem ends in its sentence and the code 1."""
    parser = argparse.ArgumentParser(prog="dev.py", description=__doc__)
    parser.add_argument("verb", choices=VERBS)
    verb, rest = parser.parse_args(argv[:1]).verb, argv[1:]
    try:
        return VERBS[verb](rest)
    except (system.Missing, environment.SetupFailed) as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
