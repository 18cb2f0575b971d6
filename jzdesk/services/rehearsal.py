"""The rehearsal: one term of a county and its schools, played through the same services as the window."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from jzdesk.core.errors import UserError
from jzdesk.models import BY_NAME
from jzdesk.services.bundle import Services
from jzdesk.services.importing import ImportReport
from jzdesk.services.stations import create_station, open_station

TERM = "2025-2026-1"
POSTED, APPROVED, PAID = "2025-12-01", "2025-12-10", "2025-12-20"
_OURS = ("stations", "stick", "printed", "summary.json", "stations.json")
_ROLLS = ("学籍导出", "学生名册")
_FURTHER = (("staff", "教师名册"), ("pairing", "结对帮扶"), ("accounts", "银行账户"), ("visits", "走访记录"))
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class SchoolData:
    """A school of the list that handed in a roll, and the workbooks that came with it."""

    code: str
    name: str
    roll: Path
    lists: tuple[Path, ...]
    further: tuple[tuple[str, Path], ...]


@dataclass(slots=True)
class Play:
    """The stage: folders, open stations, and what is found on the way."""

    data: Path
    out: Path
    stations: dict[str, dict[str, str]] = field(default_factory=dict)
    files: dict[str, list[str]] = field(
        default_factory=lambda: {"pledges": [], "notices": [], "sign_off": [], "payment": [], "parked": []}
    )

    @property
    def stick(self) -> Path:
        """The folder that plays the USB stick."""
        return self.out / "stick"

    def paper(self, kind: str, name: str) -> Path:
        """A file to print into, noted in the summary."""
        path = self.out / "printed" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        self.files[kind].append(str(path))
        return path


def play(data: Path, out: Path, progress: Progress | None = None) -> dict[str, Any]:
    """Play the term on the workbooks in `data`; leaves everything in `out` and returns the summary.

    Raises UserError when the folder is not of the shape of the sample.
    """
    schools = find_schools(data)
    stage = Play(data, _clear(out))
    steps = 3 * len(schools) + 2
    county = _make_county(stage)
    opened: dict[str, Services] = {}
    try:
        for school in schools:
            opened[school.name] = _make_school(stage, county, school)
        summaries: dict[str, dict[str, Any]] = {}
        for done, school in enumerate(schools, start=1):
            summaries[school.name] = _live_one_term(stage, opened[school.name], school)
            _tell(progress, len(schools) + done, steps)
        summary = _close_the_term(stage, county, opened, summaries)
        _tell(progress, steps, steps)
    finally:
        for services in (county, *opened.values()):
            services.close()
    _write(out / "summary.json", summary)
    _write(out / "stations.json", stage.stations)
    return summary


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress:
        progress(done, total)


def _clear(out: Path) -> Path:
    """Take away what an earlier rehearsal left, and nothing else."""
    for name in _OURS:
        target = out / name
        if target.is_dir():
            shutil.rmtree(target)
        else:
            target.unlink(missing_ok=True)
    (out / "stick").mkdir(parents=True)
    return out


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", "utf-8")


def find_schools(data: Path) -> list[SchoolData]:
    """The schools of 学校名单.csv with a roll in the folder, those with the most workbooks first."""
    from jzdesk.services.county import read_list

    listing = data / "学校名单.csv"
    if not listing.is_file():
        raise UserError("样例文件夹里没有“学校名单.csv”", "请选择与 examples 同样结构的文件夹。", str(data))
    rows = read_list(listing, ("学校标识码", "学校名称", "所属乡镇"))
    found = [school for row in rows if (school := _school(data, row)) is not None]
    if not found:
        raise UserError("样例文件夹里没有任何学校的名册", "请放入“学籍导出-学校名.xlsx”后重试。", str(data))
    return found


def _school(data: Path, row: dict[str, str]) -> SchoolData | None:
    name = row["学校名称"]
    rolls = [path for stem in _ROLLS if (path := _workbook(data, f"{stem}-{name}"))]
    if not rolls:
        return None
    lists = tuple(sorted(path for path in data.glob(f"*名单-{row['所属乡镇']}.*") if row["所属乡镇"]))
    further = tuple((kind, path) for kind, stem in _FURTHER if (path := _workbook(data, f"{stem}-{name}")))
    return SchoolData(row["学校标识码"], name, rolls[0], lists, further)


def _workbook(data: Path, stem: str) -> Path | None:
    return next((path for end in (".xlsx", ".xls", ".csv") if (path := data / (stem + end)).is_file()), None)


def _make_station(stage: Play, kind: str, code: str, name: str) -> Services:
    """Make and open a station whose clerk's password lies beside it, for the checks that follow."""
    folder = stage.out / "stations" / name
    password_file = stage.out / "stations" / f"{name}.password"
    password_file.parent.mkdir(parents=True, exist_ok=True)
    password = secrets.token_urlsafe(12)
    password_file.write_text(password, "utf-8")
    create_station(folder, kind=kind, code=code, name=name, account="录入员", password=password)
    stage.stations[name] = {"path": str(folder), "password_file": str(password_file)}
    services = open_station(folder, password)
    services.choose_term(TERM)
    return services


def _make_county(stage: Play) -> Services:
    """The county station, which learns divisions, schools and standards."""
    from jzdesk.services.county import county_of

    code, name = county_of(stage.data / "行政区划.csv")
    county = _make_station(stage, "county", code, f"{name}教育局")
    county.county.learn_divisions(stage.data / "行政区划.csv")
    county.county.learn_schools(stage.data / "学校名单.csv")
    county.standards.learn()
    return county


def _make_school(stage: Play, county: Services, school: SchoolData) -> Services:
    """A school asks for a certificate on the stick and gets one."""
    services = _make_station(stage, "school", school.code, school.name)
    request = services.exchange.request(stage.stick)
    certificate = county.county.issue(request, stage.stick)
    services.exchange.take_certificate(certificate)
    return services


def _live_one_term(stage: Play, services: Services, school: SchoolData) -> dict[str, Any]:
    """Import, match, pair, visit, decide, pay, print, export."""
    roll = _import(stage, services, "roll", school.roll)
    for path in school.lists:
        _import(stage, services, "hardship_list", path)
    for kind, path in school.further:
        _import(stage, services, kind, path)
    aid = _pay(stage, services)
    _print_pledges(stage, services)
    exported = services.exchange.export(stage.stick)[-1]
    return {
        "rows": roll.read,
        "added": roll.added,
        "parked": roll.parked,
        "warned": roll.warned,
        "households": _count(services, "household"),
        "hardship": _distinct(services, "hardship"),
        "paired": _distinct(services, "pairing"),
        "visits": _count(services, "visit"),
        "aid": aid,
        "paid_fen": services.aid.cash(TERM).fen,
        "package": str(exported.path),
        "entries": exported.entries,
    }


def _import(stage: Play, services: Services, kind: str, path: Path) -> ImportReport:
    report = services.imports.run(kind, path)
    if report.annotated:
        stage.files["parked"].append(str(report.annotated))
    return report


def _pay(stage: Play, services: Services) -> dict[str, dict[str, int]]:
    """Decide the term, make a batch, post its notice, approve and pay it, and print what that needs."""
    services.aid.decide(TERM)
    totals = [total for total in services.aid.totals(TERM) if total.channel == "cash" and total.students]
    if not totals:
        return {}
    name = services.info.name
    posted, approved, paid = (min(day, services.context.today()) for day in (POSTED, APPROVED, PAID))
    batch = services.aid.make_batch(TERM)
    notice = services.aid.post_notice(batch.uid, posted, "0735-0000000", "学校行政楼一楼", "0735-0000001")
    services.papers.notice(stage.paper("notices", f"公示-{name}.pdf"), notice)
    services.aid.approve(batch.uid, "校长", approved)
    services.papers.sign_off(stage.paper("sign_off", f"签领表-{name}.pdf"), batch.uid)
    if batch.missing_accounts < batch.students:
        services.papers.payment_file(stage.paper("payment", f"代发文件-{name}.xlsx"), batch.uid)
    services.aid.pay(batch.uid, paid)
    return {total.programme: {"students": total.students, "fen": total.fen} for total in totals}


def _print_pledges(stage: Play, services: Services) -> None:
    """One pledge for every caseworker; a school without pairings has none."""
    if not _distinct(services, "pairing"):
        return
    services.pledges.make(TERM)
    uids = [row.uid for row in services.pledges.list()]
    services.papers.pledges(stage.paper("pledges", f"责任状-{services.info.name}.pdf"), uids)


def _close_the_term(
    stage: Play, county: Services, schools: dict[str, Services], summaries: dict[str, dict[str, Any]]
) -> dict[str, Any]:
    """The county merges and answers; the schools read; every station is verified."""
    outcomes = county.merging.merge([stage.stick])
    receipts = county.county.write_receipts(stage.stick)
    for services in schools.values():
        services.exchange.read_receipts([stage.stick])
    reports = {services.info.name: services.verify() for services in (county, *schools.values())}
    found = reports[county.info.name]
    return {
        "schools": summaries,
        "county": {
            "packages": len(outcomes),
            "entries": sum(one.counts.applied for one in outcomes),
            "students": found.students,
            "duplicate_cases": found.duplicate_cases,
            "conflicts": found.conflicts,
            "held": sum(one.counts.held for one in outcomes),
            "rejected": sum(one.outcome == "rejected" for one in outcomes),
            "receipts": [str(path) for path in receipts],
        },
        "files": stage.files,
        "verify": {name: "ok" if report.ok else "different" for name, report in reports.items()},
    }


def _count(services: Services, entity: str) -> int:
    table = BY_NAME[entity].__table__
    with services.context.read() as connection:
        return connection.execute(select(func.count()).select_from(table).where(table.c.hidden == 0)).scalar_one()


def _distinct(services: Services, entity: str) -> int:
    """Students with an interval of this entity that is still open."""
    table = BY_NAME[entity].__table__
    query = select(func.count(func.distinct(table.c.student))).where(table.c.hidden == 0, table.c.valid_to.is_(None))
    with services.context.read() as connection:
        return connection.execute(query).scalar_one()
