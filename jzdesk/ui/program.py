"""Starts the window: application, first run or log-in, shell; and ends it in order."""

from __future__ import annotations

import logging
import os
import sys
import threading
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QDialog

from jzdesk.core.errors import StationFault, UserError
from jzdesk.services import stations
from jzdesk.ui import errors_shown, theme, widgets
from jzdesk.ui.desk import Desk
from jzdesk.ui.drafts import StationDrafts
from jzdesk.ui.errors_shown import Presenter
from jzdesk.ui.tasks import Tasks

if TYPE_CHECKING:
    from jzdesk.services.bundle import Services
    from jzdesk.ui.shell import Shell

_TEXT_SIZE = "--text-size="
SETTLED_MS = 20_000  # the first moments at the desk belong to the person
_TURN = 0.001  # seconds a thread may compute before another that waits gets its turn; Python's own choice is 0.005
_NEEDED_SOON = (
    "jzdesk.services.opening",
    "jzdesk.sync.keys",
    "jzdesk.services.home",
)  # never Qt: that is for the GUI thread


def run(folder: Path | None, argv: list[str]) -> int:
    """As `jzdesk.ui.run`. `--text-size=150` makes all text larger."""
    app = application(argv)
    present = Presenter()
    errors_shown.install(present)
    tasks = Tasks(present)
    try:
        services = enter(folder or stations.default_folder(), tasks)
        if services is None:
            return 0
        _keep_log(services.info.folder)
        shell = open_shell(services, tasks, present)
        shell.show()
        QTimer.singleShot(SETTLED_MS, lambda: back_up_daily(services, tasks))
        code = app.exec()
        tasks.close()
        services.close()
        return code
    finally:
        tasks.close()


def application(argv: list[str]) -> QApplication:
    """The dressed application object (the existing one, in tests)."""
    if os.environ.get("XMODIFIERS") == "@im=fcitx":
        # The wheel has no fcitx plugin; fcitx 5 answers to ibus through the portal.
        os.environ.setdefault("QT_IM_MODULE", "ibus")
        os.environ.setdefault("IBUS_USE_PORTAL", "1")
    existing = QApplication.instance()
    app = existing if isinstance(existing, QApplication) else QApplication(["jzdesk", *argv])
    app.setApplicationName("jzdesk")
    app.setApplicationDisplayName("教育帮扶台账")
    theme.apply(app, text_size(argv))
    sys.setswitchinterval(_TURN)  # the hands come first: a worker gives the interpreter back well within a frame
    return app


def text_size(argv: list[str]) -> int:
    """The size of the text in per cent: `--text-size=150`, else 100; never below 80 or above 250."""
    given = [each.removeprefix(_TEXT_SIZE) for each in argv if each.startswith(_TEXT_SIZE)]
    return min(250, max(80, int(given[-1]))) if given and given[-1].isdecimal() else 100


def enter(folder: Path, tasks: Tasks) -> Services | None:
    """First run or log-in; None when the person gave up."""
    from jzdesk.ui.dialogs.first_run import FirstRunDialog
    from jzdesk.ui.dialogs.login import LoginDialog

    if not stations.is_station(folder):
        guide = FirstRunDialog(folder, tasks)
        if guide.exec() != QDialog.DialogCode.Accepted:
            return None
        if guide.services is not None:
            return guide.services
        folder = guide.folder
    QTimer.singleShot(0, warm_up)
    try:
        login = LoginDialog(folder, tasks)
    except (UserError, StationFault) as error:
        _cannot_open(error)
        return None
    return login.services if login.exec() == QDialog.DialogCode.Accepted else None


def warm_up() -> None:
    """Import, on a thread of its own, what the window will need, while a person types the password."""
    threading.Thread(target=lambda: [import_module(name) for name in _NEEDED_SOON], name="warm-up", daemon=True).start()


def back_up_daily(services: Services, tasks: Tasks) -> None:
    """Once a day, when something was changed since the last one, back the station up by itself."""

    def job(_: object) -> None:
        if services.backups.due():
            services.backups.make()

    tasks.run(job, title="正在自动备份")


def open_shell(services: Services, tasks: Tasks, present: Presenter) -> Shell:
    """The main window of an open station, not yet shown."""
    from jzdesk.ui.shell import Shell

    return Shell(Desk(services, tasks, present, StationDrafts(services.ledger, tasks.later)))


def _cannot_open(error: UserError | StationFault) -> None:
    """The station cannot even be asked for its name: say so and end."""
    from jzdesk.ui.dialogs.base import Dialog

    message = errors_shown.message_of(error)
    dialog = Dialog(None, "打不开工作站")
    dialog.body.addWidget(widgets.label(message.what, bold=True, wrap=True))
    dialog.body.addWidget(widgets.label(message.remedy, wrap=True))
    dialog.add_button("退出", dialog.reject, role="primary")
    dialog.exec()


def _keep_log(folder: Path) -> None:
    """Errors of ours go to a small file beside the station; it names places in the program, never people."""
    from logging.handlers import RotatingFileHandler

    handler = RotatingFileHandler(folder / "jzdesk.log", maxBytes=500_000, backupCount=1, encoding="utf-8", delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.getLogger("jzdesk").addHandler(handler)
