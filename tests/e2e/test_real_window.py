"""A real window on a virtual screen, driven by keys alone, as a clerk without a mouse would."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from jzdesk.core.citizen_id import check_character
from jzdesk.services.bundle import Services
from jzdesk.services.stations import create_station, open_station
from jzdesk.services.students import StudentQuery
from tools.frozen import virtual_display

ROOT = Path(__file__).parents[2]
PASSWORD = "Chuangkou2025"
NUMBER = "43109920150102001" + check_character("43109920150102001")
PATIENCE = 40.0  # seconds for the program to come up or to save
HEARD = 8.0  # seconds until what was typed is kept as a draft, by a program that is busy


class Window:
    """The program on a screen of its own."""

    def __init__(self, process: subprocess.Popen[bytes], environment: dict[str, str]) -> None:
        self.process, self._environment = process, environment

    def keys(self, *names: str) -> None:
        """Press keys one after the other."""
        for name in names:
            self._xdotool("key", name)
            time.sleep(0.1)

    def type(self, text: str) -> None:
        """Type text, Chinese included: xdotool lends its characters a key for half the delay."""
        self._xdotool("type", "--delay", "50" if text.isascii() else "400", text)

    def focus(self, title: str) -> None:
        """Wait for a window of the program with this in its title and give it the keyboard."""
        self._xdotool("windowfocus", "--sync", self.find(title))

    def find(self, title: str) -> str:
        """Wait for a window of the program with this in its title: the window says where in the program one is."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            assert self.process.poll() is None, "the program has ended"
            found = self._xdotool("search", "--all", "--onlyvisible", "--pid", str(self.process.pid), "--name", title)
            if found:
                return found.split()[-1]
            time.sleep(0.2)
        raise AssertionError(f"no window called {title}")

    def _xdotool(self, *words: str) -> str:
        done = subprocess.run(
            ["xdotool", *words], env=self._environment, capture_output=True, text=True, check=False
        )  # fmt: skip
        return done.stdout.strip()


@contextmanager
def program(folder: Path) -> Iterator[Window]:
    """Start the program on a station and end it afterwards."""
    with virtual_display() as environment:
        environment |= {"PYTHONUTF8": "1"}
        process = subprocess.Popen([sys.executable, "-m", "jzdesk", str(folder)], cwd=ROOT, env=environment)
        try:
            yield Window(process, environment)
        finally:
            process.terminate()
            process.wait(20)


class Outside:
    """A second connection to the same station, which sees what the program has kept so far."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def keeps(self, key: str, value: str, patience: float = PATIENCE) -> bool:
        """Wait until the program keeps what was typed: it has heard every key so far, and heard it right."""
        until = time.monotonic() + patience
        while (self.draft() or {}).get(key) != value:
            if time.monotonic() > until:
                return False
            time.sleep(0.2)
        return True

    def wait_until_saved(self) -> None:
        """Wait until there is a child."""
        until = time.monotonic() + PATIENCE
        while not self._services.students.ids(StudentQuery()):
            assert time.monotonic() < until, "nothing was saved"
            time.sleep(0.3)

    def draft(self) -> dict[str, Any] | None:
        """What the program keeps of the new child."""
        return self._services.ledger.load_draft("student-file:new")


def fill_in(window: Window, outside: Outside, text: str, key: str, value: str = "") -> None:
    """Type into a field and see it arrive.

    The screen has no Chinese keys: one is lent to each character for a moment, and a machine under load may look at the
    key too late. Such a word is typed again, as by a person who sees it. Digits have keys of their own: they must
    arrive the first time.
    """
    for _ in range(1 if text.isascii() else 3):
        window.type(text)
        if outside.keeps(key, value or text, PATIENCE if text.isascii() else HEARD):
            return
        window.keys("ctrl+a")
    raise AssertionError(f"{key} is not {value or text} in {outside.draft()}")


@contextmanager
def looking_on(station: Path) -> Iterator[Outside]:
    """Look from outside while the program runs."""
    services = open_station(station, PASSWORD)
    try:
        yield Outside(services)
    finally:
        services.close()


@pytest.fixture
def station(tmp_path: Path) -> Path:
    folder = tmp_path / "station"
    create_station(
        folder, kind="school", code="2143990001", name="青石镇中心小学", account="录入员", password=PASSWORD
    )  # fmt: skip
    return folder


@pytest.mark.skipif(os.name == "nt", reason="virtual screens are a thing of X")
def test_a_child_with_guardian_is_registered_and_found_without_a_mouse(station: Path) -> None:
    with program(station) as window, looking_on(station) as outside:
        window.focus("^青石镇中心小学")
        window.type(PASSWORD)
        window.keys("Return")
        window.focus("^教育帮扶台账 — .* — 工作台$")
        window.keys("alt+2")
        window.find(" — 学生$")
        window.keys("ctrl+n")
        fill_in(window, outside, "曾小乐", "student.name")
        window.keys("Return")
        fill_in(window, outside, NUMBER, "student.id_number")
        window.keys(*["Return"] * 6)  # sex and birth are filled in from the number; type, ethnic, roll number stay
        fill_in(window, outside, "小学三年级", "enrolment.grade", "G03")
        window.keys(*["Return"] * 6)  # class, boarding, status, month, from
        fill_in(window, outside, "曾大勇", "guardian.0.name")
        window.keys("Return")
        fill_in(window, outside, "父亲", "guardian.0.relation", "51")
        window.keys("Return")
        fill_in(window, outside, "13800000000", "guardian.0.phone")
        window.keys("Return", "ctrl+s")
        outside.wait_until_saved()
    services = open_station(station, PASSWORD)
    (uid,) = services.students.ids(StudentQuery())
    found = services.students.file(uid)
    assert found.student.values["birth"] == "2015-01-02"
    assert found.student.values["sex"] == "1"
    assert found.enrolment is not None
    assert found.enrolment.values["grade"] == "G03"
    assert [(one["name"], one["relation"], one["phone"]) for one in found.guardians] == [
        ("曾大勇", "51", "13800000000")
    ]
    for text in ("zxl", "小乐", "0150102"):
        assert [row.uid for row in services.students.search(text)] == [uid]
