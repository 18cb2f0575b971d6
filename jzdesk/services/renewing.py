"""Certificates the county has issued, and the next one for the same keys before a certificate runs out (sync §6)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Connection, Integer, Row, cast, insert, select

from jzdesk.core.errors import UserError
from jzdesk.services import county_keys, identity, package_log
from jzdesk.services.context import Context
from jzdesk.store.tables import certificate as table
from jzdesk.sync import certificate as certificates
from jzdesk.sync import sshsig, stick, succession
from jzdesk.sync.certificate import Certificate, SignedCertificate
from jzdesk.sync.receipt import Signed

YEARS_VALID = 3
RENEW_WITHIN = 180  # days before a certificate runs out in which the next receipt brings a new one
SUFFIX = ".jzc"
GOOD, SOON, EXPIRED, REPLACED, REVOKED = "good", "soon", "expired", "replaced", "revoked"
_NUMBER = cast(table.c.serial, Integer)
_NEWEST = _NUMBER.desc()


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """A certificate that was issued; `state` is good, soon (runs out), expired, replaced (by a newer) or revoked."""

    serial: str
    code: str
    name: str
    device: str
    issued: str
    revoked: str | None
    expires: str
    days_left: int
    state: str

    @property
    def state_label(self) -> str:
        """How it stands, in Chinese."""
        words = {
            GOOD: "有效", SOON: f"有效，{self.days_left} 天后到期", EXPIRED: "已到期，请续发", REPLACED: "已续发新证书",
            REVOKED: f"已吊销 {self.revoked}",
        }  # fmt: skip
        return words[self.state]


def lines(context: Context) -> list[CertificateLine]:
    """Certificates issued, newest first."""
    today = package_log.today(context)
    newest: set[str] = set()
    found = []
    with context.read() as connection:
        for row in connection.execute(select(table).order_by(_NEWEST)):
            found.append(_line(row, today, replaced=row.device in newest))
            newest.add(row.device)
    return found


def _line(row: Row[Any], today: dt.date, *, replaced: bool) -> CertificateLine:
    expires = _decoded(row.body).expires
    left = (expires - today).days
    state = REPLACED if replaced else EXPIRED if left < 0 else SOON if left <= RENEW_WITHIN else GOOD
    state = REVOKED if row.revoked else state
    return CertificateLine(
        row.serial, row.code, row.name, row.device, row.issued, row.revoked, expires.isoformat(), left, state
    )


def newest(connection: Connection, device: str) -> SignedCertificate:
    """The newest certificate of a device; raises UserError when it never had one."""
    row = connection.execute(select(table).where(table.c.device == device).order_by(_NEWEST).limit(1)).first()
    if row is None:
        raise UserError(
            f"没有找到设备 {device} 的证书", "请在“学校与证书”里核对设备编号，或重新为这所学校发证。", "证书"
        )
    return SignedCertificate(_decoded(row.body), row.body, row.signature)


def heirs(connection: Connection) -> dict[str, str]:
    """Lost computer → the one that took its place, as the newest certificates say."""
    found: dict[str, str] = {}
    for body in connection.execute(select(table.c.body).order_by(_NUMBER)).scalars():
        held = _decoded(body)
        found |= dict.fromkeys(held.inherits, held.device)
    return found


def is_revoked(connection: Connection, device: str) -> bool:
    """Whether the certificates of a device were revoked."""
    query = select(table.c.revoked).where(table.c.device == device).order_by(_NEWEST).limit(1)
    return connection.execute(query).scalar_one_or_none() is not None


def renewed(connection: Connection, today: dt.date) -> frozenset[str]:
    """Devices with a certificate that is good today: what they signed with an older one counts as well."""
    query = select(table.c.device, table.c.body).where(table.c.revoked.is_(None))
    return frozenset(device for device, body in connection.execute(query) if _decoded(body).expires >= today)


def current(context: Context, device: str) -> SignedCertificate:
    """The newest certificate of a device, renewed first when it is about to run out; raises UserError."""
    with context.read() as connection:
        held, revoked = newest(connection, device), is_revoked(connection, device)
    return held if revoked or not _due(context, held) else renew(context, held)


def issued(connection: Connection) -> frozenset[bytes]:
    """SHA-256 of every certificate ever issued."""
    return frozenset(sha256(body).digest() for body in connection.execute(select(table.c.body)).scalars())


def _due(context: Context, held: SignedCertificate) -> bool:
    """Whether it is about to run out, or was signed with a key that the county has given up."""
    if sshsig.signer(held.signature) != identity.county_card(context).signing:
        return True
    return (held.certificate.expires - package_log.today(context)).days <= RENEW_WITHIN


def renew(context: Context, held: SignedCertificate) -> SignedCertificate:
    """A new certificate for the same station and keys, with a serial of its own."""
    today = package_log.today(context)
    fresh = msgspec.structs.replace(held.certificate, serial=next_serial(context), issued=today, expires=end_of(today))
    signed = certificates.issue(fresh, identity.station_keys(context))
    remember(context, signed)
    return signed


def write(context: Context, device: str, to: Path) -> Path:
    """Put the renewed certificate of a device onto a stick, as a file of its own; raises UserError."""
    with context.read() as connection:
        if is_revoked(connection, device):
            raise UserError("这台电脑的证书已经吊销，不能续发", "先撤销吊销，或让学校换一台电脑重新申请。", device)
        held = newest(connection, device)
    signed = renew(context, held) if _due(context, held) else held
    local = identity.letters(context) / f"{signed.certificate.school}_{device[:8]}{SUFFIX}"
    local.unlink(missing_ok=True)
    keys, links = identity.station_keys(context), succession.members(county_keys.successions(context))
    certificates.write_certificate(local, signed, identity.county_card(context), keys, also=links)
    return stick.copy_to_stick(local, to)


def write_due(context: Context, to: Path) -> Iterator[Path]:
    """The same for every device whose certificate runs out soon or has run out."""
    for line in lines(context):
        if line.state in (SOON, EXPIRED):
            yield write(context, line.device, to)


def paper(signed: SignedCertificate) -> Signed:
    """A certificate as it stands in a receipt."""
    return Signed(document=signed.raw, signature=signed.signature)


def next_serial(context: Context) -> int:
    """A serial that was never given."""
    with context.read() as connection:
        serials = connection.execute(select(table.c.serial)).scalars()
        return max((int(serial) for serial in serials), default=0) + 1


def remember(context: Context, signed: SignedCertificate) -> None:
    """Keep a certificate that was issued."""
    held = signed.certificate
    values = {
        "serial": str(held.serial), "device": held.device, "code": held.school, "name": held.school_name,
        "body": signed.raw, "signature": signed.signature, "issued": held.issued.isoformat(),
    }  # fmt: skip
    with context.store.local() as connection:
        connection.execute(insert(table), [values])


def end_of(day: dt.date) -> dt.date:
    """The last day of a certificate issued on this one."""
    try:
        return day.replace(year=day.year + YEARS_VALID)
    except ValueError:  # 29 February
        return day.replace(year=day.year + YEARS_VALID, day=28)


def _decoded(raw: bytes) -> Certificate:
    return msgspec.json.decode(raw, type=Certificate)
