"""A window in a fresh process: bare Qt, or ours on an open station; prints when it was painted and what it weighs.

Run as `python -m benchmarks.windows bare` or `python -m benchmarks.windows shell FOLDER PASSWORD`. `time` is imported
first, so that everything else counts.
"""

from __future__ import annotations

import time

BEGIN = time.perf_counter()

import json  # noqa: E402
import sys  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import TYPE_CHECKING  # noqa: E402

if TYPE_CHECKING:
    from PySide6.QtWidgets import QApplication, QWidget

_NOT_WANTED = ("openpyxl", "reportlab", "pypinyin", "alembic")


def paint(app: QApplication, window: QWidget) -> float:
    """Show the window; the time at which everything of it stood on the screen."""
    window.show()
    picture = window.windowHandle()
    while not picture.isExposed():
        app.processEvents()
    app.processEvents()
    return time.time()


def bare() -> dict[str, object]:
    """An empty main window of the same size."""
    from PySide6.QtWidgets import QApplication, QMainWindow

    from benchmarks.measure import memory

    app, window = QApplication([]), QMainWindow()
    window.resize(1366, 768)
    return {"painted": paint(app, window), "memory": memory("VmRSS")}


def shell(folder: Path, password: str) -> dict[str, object]:
    """Show the log-in as the program does, log in at once, show the main window; then the page of students."""
    from jzdesk.ui.dialogs.login import LoginDialog
    from jzdesk.ui.errors_shown import Presenter
    from jzdesk.ui.program import application, open_shell, warm_up
    from jzdesk.ui.tasks import Tasks

    app, present = application([]), Presenter()
    tasks = Tasks(present)
    ready = time.perf_counter()
    login = LoginDialog(folder, tasks)
    painted = paint(app, login)
    shown = time.perf_counter()
    warm_up()
    login.hide()
    from jzdesk.services.stations import open_station

    services = open_station(folder, password)
    opened = time.perf_counter()
    window = open_shell(services, tasks, present)
    paint(app, window)
    answer: dict[str, object] = {"painted": painted, "imports": ready - BEGIN, "log-in shown": shown - ready}
    answer["logging in"] = opened - shown
    answer["main window"] = time.perf_counter() - opened
    answer["unwanted"] = [name for name in _NOT_WANTED if name in sys.modules]
    answer["students"] = window.open("student")
    _settle(app, tasks)
    from benchmarks.measure import memory

    answer["memory"] = memory("VmRSS")
    tasks.close()
    services.close()
    return answer


def _settle(app: QApplication, tasks: object) -> None:
    """Let the page fill itself."""
    from jzdesk.ui.tasks import Tasks

    assert isinstance(tasks, Tasks)
    until = time.perf_counter() + 0.5
    while tasks.busy() or time.perf_counter() < until:
        app.processEvents()


def main(argv: list[str]) -> None:
    """One line of JSON."""
    print(json.dumps(bare() if argv[0] == "bare" else shell(Path(argv[1]), argv[2])))


if __name__ == "__main__":
    main(sys.argv[1:])
