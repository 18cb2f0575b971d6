"""The Debian packages that running, testing and building need: which are missing, and how to get them."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

LIST = Path(__file__).with_name("debian-packages.txt")
NEEDS = ("setup", "offscreen", "window", "test", "build")


class Package(NamedTuple):
    """One line of the list: the Debian name and the purpose (one of NEEDS) it serves."""

    name: str
    need: str


class Missing(Exception):
    """Packages that are not there and that we may not install; its text is the sentence for the person."""


def read_list(path: Path = LIST) -> list[Package]:
    """The packages of the list, in its order; ValueError for a line that is not `name need`."""
    lines = (line.partition("#")[0].split() for line in path.read_text(encoding="utf-8").splitlines())
    packages = [Package(*words) for words in lines if len(words) == 2]
    unknown = [package for package in packages if package.need not in NEEDS]
    if unknown:
        raise ValueError(f"{path.name}: {unknown[0].name} {unknown[0].need}")
    return packages


def installed() -> set[str]:
    """Names of all installed packages, and the names that they provide (libglib2.0-0t64 is libglib2.0-0)."""
    form = "${db:Status-Status}|${Package}, ${Provides}\n"
    listing = subprocess.run(["dpkg-query", "-W", "-f", form], capture_output=True, text=True, check=True)
    return parse_installed(listing.stdout)


def parse_installed(listing: str) -> set[str]:
    """Read lines of `status|name, provided (= 1), …`."""
    lines = (line.partition("|") for line in listing.splitlines())
    names = (word for status, _, rest in lines if status == "installed" for word in rest.split(","))
    return {name.split()[0] for name in names if name.strip()}


def missing(needs: tuple[str, ...], present: set[str], packages: list[Package]) -> list[str]:
    """Names on the list that serve one of these needs and are not present."""
    return [p.name for p in packages if p.need in needs and p.name not in present]


def install_line(names: list[str]) -> str:
    """The exact line to type."""
    return "sudo apt-get install --yes " + " ".join(names)


def sentence(names: list[str]) -> str:
    """What is missing and what to type, for a person who is not root."""
    return f"缺少系统软件包。请先运行：\n    {install_line(names)}"


def ensure(*needs: str) -> None:
    """See that the packages for these needs are there: root installs them, others get the line to type."""
    if sys.platform != "linux":
        return
    wanted = tuple(need for need in needs if need != "setup" or importlib.util.find_spec("ensurepip") is None)
    if shutil.which("dpkg-query") is None:
        _tell_others(wanted)
        return
    names = missing(wanted, installed(), read_list())
    if not names:
        return
    if os.geteuid() != 0:
        raise Missing(sentence(names))
    _install(names)


def _install(names: list[str]) -> None:
    """Install as root, asking nothing and starting no service; the sources are those that the machine has."""
    print(f"正在安装系统软件包：{' '.join(names)}", flush=True)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "RUNLEVEL": "1"}  # 1: no service is started
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *names]):
        done = subprocess.run(["apt-get", "-qq", *command], env=quiet, check=False)
        if done.returncode != 0 and command[0] == "install":
            raise Missing(f"系统软件包没有装上，请检查网络或软件源后重试：\n    apt-get install {' '.join(names)}")


def _tell_others(needs: tuple[str, ...]) -> None:
    """On a Linux that is no Debian, name what is needed and go on: the names differ there."""
    names = missing(needs, set(), read_list())
    print(f"这不是 Debian 系统，请自行确认已装有与下列软件包相当的组件：{' '.join(names)}", flush=True)
