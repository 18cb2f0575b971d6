"""Takes pictures of every page and dialog at 1366×768, text at 100 % and 150 %, off screen, after a rehearsed term.

python -m tools.shots [--data examples] [--out build/shots] [--only student]
"""

from __future__ import annotations

import argparse
import io
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QElapsedTimer
from PySide6.QtWidgets import QApplication, QWidget

from jzdesk.services import identity, stations
from jzdesk.services.bundle import Services
from jzdesk.services.consents import USUAL_SCOPE
from jzdesk.services.ledger import Query
from jzdesk.services.students import StudentQuery
from jzdesk.ui import program, theme
from jzdesk.ui.dialogs.effects import EffectsDialog
from jzdesk.ui.dialogs.erasing import About, EraseDialog
from jzdesk.ui.dialogs.escrow import EscrowDialog
from jzdesk.ui.dialogs.revoking import CutDialog
from jzdesk.ui.dialogs.rotating import RotateDialog
from jzdesk.ui.errors_shown import Presenter
from jzdesk.ui.ledger.page import LedgerPage
from jzdesk.ui.page import ListPage, Page
from jzdesk.ui.pages.certificates import CertificatesPage
from jzdesk.ui.pages.filling import FillingPage
from jzdesk.ui.pages.imports import HISTORY, PARKED, REPORT, ImportsPage
from jzdesk.ui.pages.inbox import InboxPage
from jzdesk.ui.pages.ledger_pages import LedgersPage
from jzdesk.ui.pages.merged import MergedPage
from jzdesk.ui.pages.reports import ReportsPage
from jzdesk.ui.pages.roll import RollPage
from jzdesk.ui.pages.students import StudentPage
from jzdesk.ui.pages.township import TownshipPage
from jzdesk.ui.pages.upkeep_copies import ClearDialog
from jzdesk.ui.shell import Shell
from jzdesk.ui.tasks import Tasks
from tools import crowd
from tools.crowd import Week

ROOT = Path(__file__).resolve().parents[1]
SIZES = (100, 150)
WINDOW = (1366, 768)
MANUAL = ROOT / "docs" / "pictures"
# Pictures that README and manual show (by `--manual`), under the names they have there.
SHOWN = {
    "school-home": "home", "school-student-record": "students", "school-aid": "aid", "school-exchange": "exchange",
    "school-visit-record": "visits", "school-imports": "imports", "school-pledge-record": "pledges",
    "county-inbox-waiting": "inbox", "county-reports": "reports", "township-carried": "township",
    "county-merge": "merged", "school-roll-events": "roll",
    "school-roll-promotion": "promotion", "school-roll-closures": "closures", "school-lists": "lists",
    "school-imports-wizard": "import-check", "school-imports-trial": "import-trial", "dialog-paste": "paste",
    "school-imports-parked-form": "import-parked", "school-filling-xueji-0": "filling", "school-upkeep": "upkeep",
    "school-student-tab-4": "family", "county-erase-child": "erase", "county-merge-erasures": "erasures",
}  # fmt: skip
# What befell some pupils since the term that was rehearsed.
_EVENTS = (
    ("02", {"until": "2027-09-01", "reason": "住院治疗"}),
    ("04", {"other_school": "示范县城关小学", "reason": "随父母进城"}),
    ("07", {"reason": "连续三天没有到校，电话无人接听"}),
)


GROUND = "监护人申请，个保法第四十七条，申请书 2026-3"


class Camera:
    """Saves pictures of widgets below `out`, named by what they show and the size of the text."""

    def __init__(
        self, app: QApplication, tasks: Tasks, out: Path, only: str = "", data: Path = ROOT / "examples"
    ) -> None:
        self.app, self.tasks, self.out, self.only, self.data = app, tasks, out, only, data
        self.percent = 100
        self.weeks: list[Week] = []
        self.taken: list[Path] = []
        out.mkdir(parents=True, exist_ok=True)

    def settle(self, at_least_ms: int = 260) -> None:
        """Wait until nothing is under way and everything is laid out."""
        timer = QElapsedTimer()
        timer.start()
        while timer.elapsed() < at_least_ms or (self.tasks.busy() and timer.elapsed() < 20_000):
            self.app.processEvents()
            time.sleep(0.005)  # let the workers have the interpreter
        for _ in range(5):  # what arrived last has yet to be laid out
            self.app.processEvents()

    def take(self, widget: QWidget, name: str) -> None:
        """One picture."""
        if self.only not in name:
            return
        self.settle()
        path = self.out / f"{name}-{self.percent}.png"
        widget.grab().save(str(path))
        self.taken.append(path)


def pages(camera: Camera, shell: Shell) -> None:
    """Every place of the navigation; a page with a table also with its first record."""
    for place in shell.places:
        shell.open(place.key)
        camera.take(shell, f"{shell.desk.services.info.kind}-{place.key}")
        if (page := shell.page()) is not None:
            inside(camera, shell, page)


def inside(camera: Camera, shell: Shell, page: Page) -> None:
    """What else a page has to show."""
    more: dict[type[Page], Callable[[Camera, Shell, Any], None]] = {
        LedgersPage: ledgers, FillingPage: forms, ImportsPage: imports, RollPage: roll, MergedPage: merging,
        InboxPage: inbox, ReportsPage: reports, TownshipPage: township,
        CertificatesPage: trust,
    }  # fmt: skip
    if show := more.get(type(page)):
        show(camera, shell, page)
    elif isinstance(page, ListPage):
        kind, key = shell.desk.services.info.kind, next(one.key for one in shell.places if one.title == page.title)
        with_record(camera, shell, page, f"{kind}-{key}-record")
        if isinstance(page, StudentPage) and kind == "school":
            student_tabs(camera, shell, page)


def student_tabs(camera: Camera, shell: Shell, page: StudentPage) -> None:
    """The other tabs of a child: hardship, pairing, aid, family, photos, history."""
    page.open_record(page.table.records().uid(0))
    camera.settle()
    for number in range(1, page.panel.tabs.count()):
        page.panel.tabs.setCurrentIndex(number)
        camera.take(shell, f"school-student-tab-{number}")
    page.panel.tabs.setCurrentIndex(0)
    page.close_side()


def trust(camera: Camera, shell: Shell, page: CertificatesPage) -> None:
    """The dialogs of 学校与证书: revoking a computer, and a change of keys."""
    if camera.only not in "county-certificate-cut county-certificate-revoke county-certificate-keys":
        return
    line, service = page.table.row_here(), shell.desk.services.revoking
    if line is not None:
        shown(camera, CutDialog(shell, line.name, service.choices(line.device)), "county-certificate-cut")
        seen = service.look(line.device, "none")
        dialog = EffectsDialog(shell, "吊销电脑", "看会撤下什么。", seen.effects, deed="吊销", reason=True)
        shown(camera, dialog, "county-certificate-revoke")
    shown(camera, RotateDialog(shell, shell.desk, lambda _: None), "county-certificate-keys")
    state = shell.desk.services.escrow.look()
    shown(camera, EscrowDialog(shell, shell.desk, state, lambda _: None), "county-certificate-escrow")


def roll(camera: Camera, shell: Shell, page: RollPage) -> None:
    """Every tab of 学籍异动, and the dialog of an event."""
    if camera.only not in "school-roll-events transfers promotion classes closures day dialog":
        return
    for number, name in enumerate(("events", "transfers", "promotion", "classes", "closures", "day")):
        page.tabs.setCurrentIndex(number)
        camera.take(shell, f"school-roll-{name}")
    page.tabs.setCurrentIndex(0)
    dialog = page.events._ask({"kind": "02"}, {})
    camera.take(dialog, "school-roll-dialog")
    dialog.reject()


def merging(camera: Camera, shell: Shell, page: MergedPage) -> None:
    """What waits for a decision, tab by tab, and what taking a package back would undo."""
    for hint in ("duplicates", "conflicts", "holds", "transfers", "groups", "erasures", "log"):
        page.arrive(hint)
        camera.take(shell, f"county-merge-{hint}")
    erasing(camera, shell)
    page.log.table.selectRow(0)
    page.log.take_back()
    camera.settle()
    for dialog in page.findChildren(EffectsDialog):
        shown(camera, dialog, "county-merge-take-back")


def erasing(camera: Camera, shell: Shell) -> None:
    """依法删除 of a child to whom money was paid, of two of its fields, and the backups that are to go."""
    if camera.only not in "county-erase-child county-erase-fields county-erase-copies":
        return
    services = shell.desk.services
    uid = str(services.ledger.rows("payment", services.ledger.first(Query("payment"), 1))[0].values["student"])
    for name, fields in (("child", None), ("fields", ("phone", "address"))):
        about = About("student", uid, services.ledger.title("student", uid), fields)
        dialog = EraseDialog(shell, shell.desk, about)
        dialog.ground.setText(GROUND)
        shown(camera, dialog, f"county-erase-{name}")
    shown(camera, ClearDialog(shell, [one.name for one in services.backups.listed()]), "county-erase-copies")


def inbox(camera: Camera, shell: Shell, page: InboxPage) -> None:
    """Three hundred packages before they are merged, and what became of those of the week before."""
    page.take([camera.weeks[-1].stick])
    camera.take(shell, "county-inbox-waiting")
    page.packages.show_waiting([], chosen=True)
    page._merged(camera.weeks[0].outcomes)
    camera.take(shell, "county-inbox-outcomes")
    page.banner.dismiss()


def reports(camera: Camera, shell: Shell, page: ReportsPage) -> None:
    """All schools, not only those in trouble."""
    page.view.shown.choose("all")
    camera.take(shell, "county-reports-all")
    page.view.shown.choose("call")


def township(camera: Camera, shell: Shell, page: TownshipPage) -> None:
    """What was carried, who has not reported, and what the schools' packages say."""
    for number, name in enumerate(("carried", "reports", "schools")):
        page.tabs.setCurrentIndex(number)
        camera.take(shell, f"township-{name}")
    page.tabs.setCurrentIndex(0)


def ledgers(camera: Camera, shell: Shell, page: LedgersPage) -> None:
    """Every ledger, with its first record; one new record with its problems."""
    for entity in shell.desk.services.ledger.specs:
        with_record(camera, shell, page.open(entity), f"{shell.desk.services.info.kind}-ledger-{entity}")
    staff: LedgerPage = page.open("staff")
    staff.new()
    camera.settle()
    staff.save()
    camera.take(shell, f"{shell.desk.services.info.kind}-ledger-staff-new")
    staff.panel.give_up()


def forms(camera: Camera, shell: Shell, page: FillingPage) -> None:
    """A built-in form with its columns, what is missing, and the result of filling it; the statistics."""
    kind = shell.desk.services.info.kind
    with tempfile.TemporaryDirectory() as folder:
        for code in ("xueji", "f5"):
            page.look(code)
            camera.settle()
            for number in range(page.tabs.count()):
                page.tabs.setCurrentIndex(number)
                camera.take(shell, f"{kind}-filling-{code}-{number}")
            if page.view is not None:
                page.fill_to(Path(folder) / f"{code}.xlsx", page.view, "报县教育局")
                camera.settle()
            camera.take(shell, f"{kind}-filling-{code}-result")


def imports(camera: Camera, shell: Shell, page: ImportsPage) -> None:
    """An import step by step, a parked row as a form, past imports with what is in the way of an undo."""
    camera.settle()
    page.parked.edit()
    camera.take(shell, "school-imports-parked-form")
    page.parked.close_form()
    page.tabs.setCurrentIndex(HISTORY)
    camera.take(shell, "school-imports-history")
    page.history.table.selectRow(page.history.table.records().rowCount() - 1)
    page.history.undo()
    camera.take(shell, "school-imports-history-in-the-way")
    page.tabs.setCurrentIndex(REPORT)
    camera.take(shell, "school-imports-report")
    page.tabs.setCurrentIndex(PARKED)
    page.drop([camera.data / "学生名册-大坪教学点.xls"])
    camera.take(shell, "school-imports-wizard")
    page.wizard.mapping.tabs.setCurrentIndex(1)
    camera.take(shell, "school-imports-wizard-rows")
    page.save()
    camera.take(shell, "school-imports-trial")
    page.wizard.leave()


def with_record(camera: Camera, shell: Shell, page: ListPage, name: str) -> None:
    """The page with its first record open."""
    camera.settle(60)
    if page.table.records().rowCount():
        page.table.selectRow(0)
        page.open_record(page.table.records().uid(0))
    camera.take(shell, name)
    page.close_side()


def dialogs(camera: Camera, folder: Path, shell: Shell) -> None:
    """First run step by step, log-in, a reason, the keys."""
    from jzdesk.services.databases import WARNING
    from jzdesk.ui.dialogs import about, accounts, first_run, login, moving, reason, restore, server

    guide = first_run.FirstRunDialog(folder.parent / "new", camera.tasks)
    for number, prepare in enumerate(_steps(guide)):
        prepare()
        shown(camera, guide, f"dialog-first-run-{number}")
    shown(camera, login.LoginDialog(folder, camera.tasks), "dialog-login")
    shell.desk.services.backups.make()
    shown(camera, restore.RestoreDialog(shell, folder, camera.tasks), "dialog-restore")
    backup = shell.desk.services.backups.make().path
    shown(camera, moving.MoveInDialog(shell, folder / "new", backup, camera.tasks), "dialog-move-in")
    shown(camera, accounts.NewAccountDialog(shell, shell.desk), "dialog-account")
    shown(camera, accounts.KeyDialog(shell, shell.desk, "ABCD-EFGH-JKLM-NPQR-STUV-WXYZ"), "dialog-recovery-key")
    shown(camera, about.AboutDialog(shell, shell.desk.services.info), "dialog-about")
    shown(camera, server.ServerDialog(shell, shell.desk, WARNING), "dialog-server")
    bulk_dialogs(camera, shell)
    asked = reason.ReasonDialog(shell, "作废“王小明”", "作废后不再出现在台账里，历史仍然保留，可以恢复。", "作废")
    asked._take()
    shown(camera, asked, "dialog-reason")


def bulk_dialogs(camera: Camera, shell: Shell) -> None:
    """A paste with something wrong in it, a change of many, and the list of the last actions."""
    from jzdesk.services.plans import Wish
    from jzdesk.ui.dialogs.bulk import ChangeDialog, PlanDialog
    from jzdesk.ui.dialogs.history import HistoryDialog

    desk, ledger = shell.desk, shell.desk.services.ledger
    uids = ledger.ids(Query("member"))[:14]
    phones = ("13812345678", "1391", "0735-3721234", "１３９１２３４５６７８", "")
    wishes = [
        Wish(uid, {"phone": phones[place % 5], "health": "健康" if place % 3 else "好得很", "work": "务农"})
        for place, uid in enumerate(uids)
    ]
    wishes.append(Wish(None, {"name": "新来的叔叔", "phone": "13912345679", "work": "务农"}))
    note = "有 1 列没有对应的栏目，没有写入。"
    shown(camera, PlanDialog(shell, desk, "member", wishes, title="粘贴到家庭成员", notes=(note,)), "dialog-paste")
    change = ChangeDialog(shell, desk, "member", uids, "work")
    change.box.editor.put("外出务工")
    change.box.edited.emit()
    shown(camera, change, "dialog-change")
    shown(camera, HistoryDialog(shell, desk), "dialog-actions")


def _steps(guide: object) -> Iterator[Callable[[], object]]:
    from jzdesk.ui.dialogs import first_run as steps

    assert isinstance(guide, steps.FirstRunDialog)
    yield lambda: guide.go(steps.START)
    yield lambda: guide.go(steps.KIND)
    yield lambda: guide.choose_kind("school")
    yield guide._next
    yield lambda: guide.go(steps.ACCOUNT)
    yield partial(guide.show_key, "ABCD-EFGH-JKLM-NPQR-STUV-WXYZ-2345-6789")


def shown(camera: Camera, dialog: QWidget, name: str) -> None:
    """One dialog."""
    dialog.show()
    camera.take(dialog, name)
    dialog.hide()
    dialog.deleteLater()


@contextmanager
def opened(folder: Path, password: str) -> Iterator[Services]:
    """A station of the rehearsal."""
    services = stations.open_station(folder, password)
    try:
        yield services
    finally:
        services.close()


def rehearse(data: Path, out: Path) -> list[tuple[Path, str]]:
    """Play a term; (folder, password) of the first school and of the county."""
    from jzdesk.services import rehearsal

    rehearsal.play(data, out)
    made = json.loads((out / "stations.json").read_text("utf-8")).values()
    first: dict[str, tuple[Path, str]] = {}
    for each in made:
        folder = Path(each["path"])
        password = Path(each["password_file"]).read_text("utf-8")
        first.setdefault(stations.station_facts(folder).kind, (folder, password))
    return [first["school"], first["county"]]


def main(argv: list[str]) -> int:
    """Take all pictures; says where they are."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "shots")
    parser.add_argument("--data", type=Path, default=ROOT / "examples")
    parser.add_argument("--only", default="")
    parser.add_argument("--manual", action="store_true", help="renew the pictures of README and manual as well")
    chosen = parser.parse_args(argv)
    app = program.application([])
    present = Presenter()
    present.shown.connect(lambda message: print(f"  ! {message.what}{message.remedy}"))
    tasks = Tasks(present)
    camera = Camera(app, tasks, chosen.out, chosen.only, chosen.data)
    with tempfile.TemporaryDirectory() as folder:
        for station, password in rehearse(chosen.data, Path(folder)):
            with opened(station, password) as services:
                live_on(services, chosen.data)
                if services.info.kind == "county":
                    erase_one(services)
                    camera.weeks = two_weeks(services, Path(folder))
                    central = below(services, Path(folder), camera.weeks[0])
                every_size(camera, services, present)
        with opened(*central) as services:
            every_size(camera, services, present)
    tasks.close()
    if chosen.manual:
        show_in_manual(chosen.out)
    print(f"{len(camera.taken)} 张图片在 {chosen.out}")
    return 0


def show_in_manual(out: Path) -> None:
    """Put the pictures that the manual shows into docs, in 256 colours to keep the repository small."""
    from PIL import Image

    MANUAL.mkdir(exist_ok=True)
    for taken, name in SHOWN.items():
        with Image.open(out / f"{taken}-100.png") as picture:
            picture.convert("RGB").quantize(256).save(MANUAL / f"{name}.png", optimize=True)


def live_on(services: Services, data: Path) -> None:
    """A school has done its other work too, so that every page has something to show."""
    services.backups.make()
    if services.info.kind != "school":
        return
    for path in sorted(data.glob("*名单-*.xls*")):
        services.lists.read(path)
    services.closures.open_for_hardships("2025 年秋季学期困难学生认定", "2027-07-01")
    first, *others = services.students.ids(StudentQuery())
    for number, (kind, facts) in enumerate(_EVENTS):
        services.roll.register({"student": others[number * 7], "kind": kind, **facts})
    services.photos.add_picture(first, _portrait())
    services.consents.add_many([first], {"given_on": services.context.today(), "how": "written", "covers": USUAL_SCOPE})


def erase_one(county: Services) -> None:
    """A child was erased by law, and a field of another one."""
    first, second = county.students.first(StudentQuery(), 2)
    county.erasures.erase("student", first, GROUND)
    county.erasures.erase("student", second, GROUND, ["id_number"])


def two_weeks(county: Services, folder: Path) -> list[Week]:
    """Three hundred schools have sent a package, some long ago; the next three hundred packages lie on a stick."""
    first = crowd.week(county, folder)
    crowd.days_pass(county, 34, first.senders[20:24])
    crowd.days_pass(county, 20, first.senders[30:60])
    stick = folder / "stick-next"
    stick.mkdir()
    crowd.fill(first.senders, stick, county.context.store.clock.tick(), 5)
    return [first, Week(first.senders, stick, [])]


def below(county: Services, folder: Path, week: Week) -> tuple[Path, str]:
    """A township station with some schools of the first township below it, one of which it may not read."""
    home, stick, password = folder / "central", folder / "stick-central", "Ceshi2025mima"
    stick.mkdir()
    schools = week.senders[9:120:10]
    stations.create_station(
        home, kind="township", code=schools[0].code, name="石桥镇中心学校", account="录入员", password=password
    )
    with opened(home, password) as central:
        certificate = county.county.issue(central.exchange.request(stick), stick)
        central.exchange.take_certificate(certificate)
        key = identity.station_keys(central.context).public.sealing
        for number, school in enumerate(schools[1:]):
            school.recipients = (*school.recipients, key) if number else school.recipients
            school.pack(stick)
        central.township.take([stick])
        (folder / "stick-county-2").mkdir()
        central.township.forward(folder / "stick-county-2")
        county.merging.merge([folder / "stick-county-2"])
        county.county.write_receipts(folder / "stick-county-2")
        central.township.take([folder / "stick-county-2"])
        for school in schools[3:6]:
            school.enrol(6, county.context.store.clock.tick())
            school.pack(stick)
        central.township.take([stick])
    return home, password


def _portrait() -> bytes:
    """A picture of nobody: the outline that stands where a photograph is missing."""
    from PIL import Image, ImageDraw

    picture, held = Image.new("RGB", (358, 441), "#dfe8f2"), io.BytesIO()
    draw = ImageDraw.Draw(picture)
    draw.ellipse((114, 90, 244, 240), fill="#8aa0b4")
    draw.ellipse((49, 270, 309, 620), fill="#8aa0b4")
    picture.save(held, "JPEG")
    return held.getvalue()


def every_size(camera: Camera, services: Services, present: Presenter) -> None:
    """The whole window of one station in each size of text."""
    for percent in SIZES:
        camera.percent = percent
        theme.set_text_size(camera.app, percent)
        shell = program.open_shell(services, camera.tasks, present)
        shell.resize(*WINDOW)
        shell.show()
        pages(camera, shell)
        if services.info.kind == "school":
            dialogs(camera, services.info.folder, shell)
        shell.hide()
        shell.deleteLater()
        camera.settle()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
