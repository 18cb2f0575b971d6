"""A real window on a virtual screen, driven by keys alone, as a clerk without a mouse would."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from jzdesk.core.citizen_id import check_character
from jzdesk.services.stations import create_station, open_station
from jzdesk.services.students import StudentQuery
from tools.frozen import virtual_display

ROOT = Path(__file__).parents[2]
PASSWORD = "Chuangkou2025"
NUMBER = "43109920150102001" + check_character("43109920150102001")
PATIENCE = 40.0  # seconds for the program to come up or to save
MOMENT = 3.0


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
        """Type text, Chinese included."""
        self._xdotool("type", "--delay", "50", text)

    def focus(self, title: str) -> None:
        """Wait for a window of the program with this in its title and give it the keyboard."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            assert self.process.poll() is None, "the program has ended"
            found = self._xdotool("search", "--all", "--onlyvisible", "--pid", str(self.process.pid), "--name", title)
            if found:
                self._xdotool("windowfocus", "--sync", found.split()[-1])
                return
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


@pytest.fixture
def station(tmp_path: Path) -> Path:
    folder = tmp_path / "station"
    create_station(
        folder, kind="school", code="2143990001", name="青石镇中心小学", account="录入员", password=PASSWORD
    )  # fmt: skip
    return folder


@pytest.mark.skipif(os.name == "nt", reason="virtual screens are a thing of X")
def test_a_child_with_guardian_is_registered_and_found_without_a_mouse(station: Path) -> None:
    with program(station) as window:
        window.focus("^青石镇中心小学")
        window.type(PASSWORD)
        window.keys("Return")
        window.focus("^教育帮扶台账 — ")
        time.sleep(MOMENT)  # a person, too, waits until the page is there
        window.keys("alt+2")
        time.sleep(MOMENT)
        window.keys("ctrl+n")
        time.sleep(MOMENT)
        window.type("曾小乐")
        window.keys("Return")
        window.type(NUMBER)
        window.keys(*["Return"] * 6)  # sex and birth are filled in from the number; type, ethnic, roll number stay
        window.type("小学三年级")
        window.keys(*["Return"] * 6)  # class, boarding, status, month, from
        window.type("曾大勇")
        window.keys("Return")
        window.type("父亲")
        window.keys("Return")
        window.type("13800000000")
        window.keys("Return", "ctrl+s")
        _wait_until_saved(station)
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


def _wait_until_saved(station: Path) -> None:
    """Look from outside, through a second connection, until the child is there."""
    services = open_station(station, PASSWORD)
    try:
        until = time.monotonic() + PATIENCE
        while not services.students.ids(StudentQuery()):
            assert time.monotonic() < until, "nothing was saved"
            time.sleep(0.3)
    finally:
        services.close()
