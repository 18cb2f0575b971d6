"""Packages of many schools, made without their stations: keys, a certificate of the county, entries in memory."""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks import people
from jzdesk import __version__
from jzdesk.core.chain import GENESIS
from jzdesk.core.clock import Clock
from jzdesk.core.fields import Value
from jzdesk.core.ids import new_uids
from jzdesk.core.merge import Entry, encode
from jzdesk.models import Record
from jzdesk.services import identity, package_log
from jzdesk.services.bundle import Services
from jzdesk.store.engine import SCHEMA
from jzdesk.sync.certificate import Certificate, issue
from jzdesk.sync.keys import StationKeys
from jzdesk.sync.package import Head, PackageWritten, write_package


@dataclass(slots=True)
class Writer:
    """A school's journal, line by line."""

    school: str
    device: str
    epoch: str = field(default_factory=lambda: os.urandom(8).hex())
    clock: Clock = field(default_factory=Clock)
    bodies: list[bytes] = field(default_factory=list)

    def add_many(self, entity: type[Record], rows: Iterable[Mapping[str, Value]]) -> list[str]:
        """Record new records; their uids."""
        listed = list(rows)
        uids, name = new_uids(len(listed)), entity.__tablename__
        for uid, values in zip(uids, listed, strict=True):
            given: dict[str, Value] = {key: value for key, value in values.items() if value is not None}
            self.bodies.append(self._body(name, uid, given))
        return uids

    def _body(self, ent: str, uid: str, values: dict[str, Value]) -> bytes:
        salt = b64encode(os.urandom(16)).decode()
        return encode(
            Entry(
                self.clock.tick(), "录入员", self.device, ent, self.epoch, len(self.bodies) + 1, "put", "school", salt,
                self.school, SCHEMA, uid, set=values,
            )
        )  # fmt: skip


def package(county: Services, folder: Path, code: str, name: str, places: range) -> PackageWritten:
    """The first package of a school that the county has certified: families, enrolments, hardships and visits."""
    keys = StationKeys.generate()
    writer = Writer(code, keys.device)
    people.visit_all(writer, people.enrol(writer, places, code))
    context, card = county.context, identity.county_card(county.context)
    today = package_log.today(context)
    certificate = Certificate(
        county=card.county, serial=int(code), device=keys.device, school=code, school_name=name, scope=(code,),
        role="school", signing=keys.public.signing, sealing=keys.public.sealing, issued=today,
        expires=today.replace(year=today.year + 1, day=1),
    )  # fmt: skip
    head = Head(
        county=card.county, school=code, school_name=name, device=keys.device, epoch=writer.epoch, number=1, first_n=1,
        chain_before=GENESIS.hex(), app=__version__, schema=SCHEMA, wall_clock=identity.wall_clock(context.store.clock),
    )  # fmt: skip
    signed = issue(certificate, identity.station_keys(context))
    return write_package(folder, head, writer.bodies, keys, signed, card.recipients)
