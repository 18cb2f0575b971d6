"""A whole county's week for pictures and measurements: hundreds of schools, each with a certificate and a package.

Schools write through their stations; here their keys, journals and packages are made directly: three hundred stations
would take minutes to found. The county takes the packages in by its own services and cannot tell the difference.
"""

from __future__ import annotations

import csv
import datetime as dt
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import insert, update

from jzdesk import __version__
from jzdesk.core.chain import GENESIS, chain_step
from jzdesk.core.merge import Entry, encode
from jzdesk.services import identity, package_log
from jzdesk.services.bundle import Services
from jzdesk.services.verdicts import MergeOutcome
from jzdesk.store.engine import SCHEMA
from jzdesk.store.tables import certificate, package
from jzdesk.sync.certificate import Certificate, SignedCertificate, issue
from jzdesk.sync.keys import StationKeys
from jzdesk.sync.package import write_package
from jzdesk.sync.stretch import Head

_TOWNSHIPS = ("石桥镇", "白沙镇", "大塘乡", "清江镇", "龙潭乡", "马田镇", "黄泥乡", "太平镇", "双溪乡", "柏林镇")
_PLACES = ("坪", "冲", "垅", "湾", "岭", "洞", "溪口", "桥头", "井边", "新村")
_GIVEN = ("乐", "明", "芳", "强", "梅", "军", "霞", "亮", "静", "涛")
_FAMILY = ("张", "王", "李", "赵", "陈", "刘", "杨", "黄", "周", "吴")
_DAY = 86_400_000 << 10


@dataclass
class Sender:
    """One school's computer: its keys, its certificate, and the journal it has written."""

    code: str
    name: str
    keys: StationKeys
    signed: SignedCertificate
    county: str
    recipients: tuple[str, ...]
    epoch: str = field(default_factory=lambda: secrets.token_hex(8))
    bodies: list[bytes] = field(default_factory=list)
    links: list[bytes] = field(default_factory=lambda: [GENESIS])
    packages: int = 0

    def say(self, at: int, **changes: Any) -> str:
        """Write an entry; returns the record's uid."""
        usual: dict[str, Any] = {
            "at": at, "actor": "录入员", "dev": self.keys.device, "ent": "student", "ep": self.epoch,
            "n": len(self.bodies) + 1, "op": "put", "role": "school", "salt": secrets.token_hex(8), "scope": self.code,
            "sv": SCHEMA, "uid": secrets.token_hex(16),
        }  # fmt: skip
        entry = Entry(**usual | changes)
        self.bodies.append(encode(entry))
        self.links.append(chain_step(self.links[-1], self.bodies[-1]))
        return entry.uid

    def enrol(self, pupils: int, at: int) -> None:
        """Pupils with an enrolment and a visit each."""
        for place in range(pupils):
            number = secrets.randbelow(100)
            name = _FAMILY[number % 10] + _GIVEN[number // 10] + _GIVEN[place % 10]
            child = self.say(at + place, set={"name": name, "sex": "1", "birth": f"20{10 + place % 8}-05-07"})
            roll = {"student": child, "school": self.code, "status": "01", "grade": f"G0{1 + place % 6}"}
            self.say(at + place, ent="enrolment", set=roll)
            self.say(at + place, ent="visit", set={"student": child, "date": "2025-10-01", "way": "1"})

    def pack(self, folder: Path, after: int = 0) -> Path:
        """Everything after entry `after` as a package."""
        self.packages += 1
        head = Head(
            county=self.county, school=self.code, school_name=self.name, device=self.keys.device, epoch=self.epoch,
            number=self.packages, first_n=after + 1, chain_before=self.links[after].hex(), app=__version__,
            schema=SCHEMA, wall_clock=dt.datetime.now().astimezone().isoformat(timespec="seconds"),
        )  # fmt: skip
        return write_package(folder, head, self.bodies[after:], self.keys, self.signed, self.recipients).path


def senders(county: Services, count: int, folder: Path) -> list[Sender]:
    """So many schools on the county's list, each with a certificate."""
    rows = [(f"21439{number:05d}", *_named(number)) for number in range(1, count + 1)]
    listing = folder / "学校名单-全县.csv"
    with listing.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("学校标识码", "学校名称", "学段", "所属乡镇代码", "所属乡镇"))
        writer.writerows((code, name, "PRI", f"4310991{place:02d}", town) for code, name, place, town in rows)
    county.county.learn_schools(listing)
    return list(_certified(county, [(code, name) for code, name, _, _ in rows]))


def _named(number: int) -> tuple[str, int, str]:
    """(school, number of the township, township)."""
    place = number % len(_TOWNSHIPS)
    town = _TOWNSHIPS[place]
    kind = "教学点" if number % 3 else "小学"
    return f"{town}{_PLACES[number // 10 % 10]}{number // 100 or ''}{kind}", 10 + place, town


def _certified(county: Services, schools: list[tuple[str, str]]) -> Iterator[Sender]:
    keys, card = identity.station_keys(county.context), identity.county_card(county.context)
    today = package_log.today(county.context)
    rows = []
    for serial, (code, name) in enumerate(schools, 5001):
        own = StationKeys.generate()
        signed = issue(
            Certificate(
                county=card.county, serial=serial, device=own.device, school=code, school_name=name, scope=(code,),
                role="school", signing=own.public.signing, sealing=own.public.sealing, issued=today,
                expires=today.replace(year=today.year + 3, day=1),
            ), keys,
        )  # fmt: skip
        rows.append(
            {"serial": str(serial), "device": own.device, "code": code, "name": name, "body": signed.raw,
             "signature": signed.signature, "issued": today.isoformat()}
        )  # fmt: skip
        yield Sender(code, name, own, signed, card.county, card.recipients)
    with county.context.store.local() as connection:
        connection.execute(insert(certificate), rows)


@dataclass(frozen=True, slots=True)
class Week:
    """What came in one week: the schools, the folder with their packages, and what became of them at the county."""

    senders: list[Sender]
    stick: Path
    outcomes: list[MergeOutcome]


def week(county: Services, folder: Path, count: int = 300, pupils: int = 20) -> Week:
    """`count` packages, merged: most good; some damaged, after a hole, dated ahead, or beyond their scope."""
    stick = folder / f"stick-{count}"
    stick.mkdir()
    schools = senders(county, count, folder)
    fill(schools, stick, county.context.store.clock.tick(), pupils)
    return Week(schools, stick, county.merging.merge([stick]))


def fill(schools: list[Sender], stick: Path, now: int, pupils: int) -> None:
    """Each school enrols some pupils more and writes a package; the odd one out is wrong in some way."""
    for number, school in enumerate(schools):
        after = len(school.bodies)
        school.enrol(1 + pupils * (number % 7) // 3, now - (number % 40) * _DAY)
        if number % 50 == 7:
            school.say(now, scope="2143999999", set={"name": "别校的学生"})
        if number % 60 == 11:
            school.say(now + 30 * _DAY, set={"name": "明年的学生"})
        path = school.pack(stick, after=after + (number % 75 == 13))
        if number % 90 == 17:
            body = bytearray(path.read_bytes())
            body[len(body) // 2] ^= 1
            path.write_bytes(bytes(body))


def days_pass(county: Services, days: int, schools: list[Sender]) -> None:
    """The packages of these schools came so many days earlier."""
    with county.context.store.local() as connection:
        ours = package.c.school.in_([school.code for school in schools])
        connection.execute(update(package).where(ours).values(at=package.c.at - days * _DAY))
