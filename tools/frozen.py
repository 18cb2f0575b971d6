"""Freezes the program with PyInstaller and proves that what came out starts, opens a window and prints."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.environment import ROOT, python

PROGRAM = ROOT / "dist" / "jzdesk" / ("jzdesk.exe" if os.name == "nt" else "jzdesk")
PAPERS = ROOT / "build" / "self-check"
TIMEOUT = 180  # seconds


def build() -> int:
    """Freeze and try the program; 0 when the frozen program did all that was asked of it."""
    options = ["--noconfirm", "--clean", "--log-level", "WARN"]
    command = [str(python()), "-m", "PyInstaller", *options, "build.spec"]
    frozen = subprocess.run(command, cwd=ROOT, check=False).returncode
    return frozen or try_program(PROGRAM, PAPERS)


def try_program(program: Path, papers: Path) -> int:
    """Ask for the version, then let it open a station and a window and print one pledge into `papers`."""
    shutil.rmtree(papers, ignore_errors=True)
    papers.mkdir(parents=True)
    with virtual_display() as environment:
        code = _call([program, "--version"], environment) or _call([program, "--self-check", papers], environment)
    printed = sorted(papers.rglob("*.pdf"))
    if code == 0 and printed:
        print(f"冻结程序自检通过：{program.parent}（{size(program.parent):.0f} MB），已打印 {printed[0]}")
        return 0
    print(f"冻结程序自检没有通过（退出码 {code}，打印 {len(printed)} 份），请看上面的提示。", file=sys.stderr)
    return code or 1


def size(folder: Path) -> float:
    """Megabytes of all files below a folder, links not followed."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6


def _call(command: list[str | Path], environment: dict[str, str]) -> int:
    try:
        return subprocess.run(command, env=environment, timeout=TIMEOUT, check=False).returncode
    except subprocess.TimeoutExpired:
        print(f"{TIMEOUT} 秒内没有结束：{' '.join(map(str, command))}", file=sys.stderr)
        return 2


@contextmanager
def virtual_display(size: str = "1366x768x24") -> Iterator[dict[str, str]]:
    """An environment whose DISPLAY is an Xvfb of its own; outside Linux the screen that is there."""
    if sys.platform != "linux":
        yield dict(os.environ)
        return
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", size, "-nolisten", "tcp"]
    server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
    os.close(writing)
    try:
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        yield {**_without_wayland(), "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
    finally:
        server.terminate()
        server.wait()


def _without_wayland() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name != "WAYLAND_DISPLAY"}
