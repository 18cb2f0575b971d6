"""Shows the window of an open station for a moment, so that a frozen program proves its libraries are there."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QTimer

from jzdesk.services.bundle import Services
from jzdesk.ui import errors_shown
from jzdesk.ui.errors_shown import Presenter
from jzdesk.ui.program import application, open_shell
from jzdesk.ui.tasks import Tasks

_MOMENT = 1500  # milliseconds: long enough for the first page to be filled


def show_for_a_moment(services: Services, picture: Path) -> int:
    """Open the shell, save a picture of it, close it; 0 when the picture was made."""
    app = application([])
    present = Presenter()
    errors_shown.install(present)
    tasks = Tasks(present)
    try:
        shell = open_shell(services, tasks, present)
        shell.resize(1366, 768)
        shell.show()

        def finish() -> None:
            saved = shell.grab().save(str(picture))
            app.exit(0 if saved else 2)

        QTimer.singleShot(_MOMENT, finish)
        code = app.exec()
        shell.hide()
        return code
    finally:
        tasks.close()
