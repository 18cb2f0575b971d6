"""How a station stands with its county: its certificate and until when, and what is doubtful, with what to do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection

from jzdesk.core.errors import UserError
from jzdesk.services import identity, own_clock, package_log
from jzdesk.services.context import Context
from jzdesk.store.store import read_setting, write_setting
from jzdesk.store.unit import Unit
from jzdesk.sync.certificate import Certificate, CountyCard, SignedCertificate, Trust, verify_certificate
from jzdesk.sync.keys import fingerprint_words
from jzdesk.sync.receipt import ReceiptBody, Signed
from jzdesk.sync.refusal import PackageRefused

WARN_DAYS = 60
REVOKED = "revoked"  # setting: the reason the county gave
CLOCKS = "clocks"  # setting of a township station: by how much clocks of other devices run ahead, as told
REVOCATIONS = "revocations"  # setting of a township station: what the county's last receipt said of other devices
_REVOKED_REMEDY = (
    "本机的内容都在，但不能再报给县里。请马上打电话给县教育局：误吊销的，县里撤销后读一次新回执就恢复；"
    "确实停用的，请在新电脑上建站并申请证书。"
)


@dataclass(frozen=True, slots=True)
class Caution:
    """Something about this station that somebody should put right; `grave` when work already suffers."""

    what: str
    remedy: str
    grave: bool = False


@dataclass(frozen=True, slots=True)
class Enrolled:
    """The county that certified this station, both fingerprints, the certificate; empty before there is one.

    `revoked` is the reason why the county trusts this computer no longer, "" while it does.
    """

    fingerprint: str
    county: str = ""
    county_fingerprint: str = ""
    serial: int = 0
    expires: str = ""
    days_left: int = 0
    revoked: str = ""
    cautions: tuple[Caution, ...] = ()

    @property
    def certified(self) -> bool:
        """Whether a certificate was taken in."""
        return bool(self.expires)


def look(context: Context) -> Enrolled:
    """How this station stands."""
    mine = fingerprint_words(identity.station_keys(context).public)
    try:
        held, card = identity.signed_certificate(context).certificate, identity.county_card(context)
    except UserError:
        return Enrolled(mine)
    left = (held.expires - package_log.today(context)).days
    theirs = fingerprint_words(card.keys)
    found = tuple(cautions(context))
    expires, revoked = held.expires.isoformat(), context.store.setting(REVOKED) or ""
    return Enrolled(mine, card.county_name, theirs, held.serial, expires, left, revoked, found)


def cautions(context: Context) -> Iterator[Caution]:
    """What is doubtful about this station, gravest first."""
    try:
        if context.info.kind != "county":
            yield from _of_certificate(context, identity.signed_certificate(context).certificate)
    except UserError:
        pass  # it has not asked for one yet; the page says how
    if found := own_clock.doubt(context):
        yield Caution(found.what, found.remedy, grave=found.behind)


def _of_certificate(context: Context, held: Certificate) -> Iterator[Caution]:
    if revoked := context.store.setting(REVOKED):
        yield Caution(_revoked(revoked), _REVOKED_REMEDY, grave=True)
    yield from _running_out(held, package_log.today(context))


def _running_out(held: Certificate, today: dt.date) -> Iterator[Caution]:
    left, day = (held.expires - today).days, held.expires.isoformat()
    remedy = "导出一次送到县里，再读县里带回的回执：新证书就在回执里。也可以在“数据交换”里“重新申请”。"
    if left < 0:
        yield Caution(f"本站的证书已于 {day} 到期，县里要先续发才会收本站的数据", remedy, grave=True)
    elif left <= WARN_DAYS:
        yield Caution(f"本站的证书还有 {left} 天到期（{day}）", remedy)


def _revoked(reason: str) -> str:
    return f"县里已吊销本机的证书，理由：{reason}"


def check_trusted(context: Context) -> None:
    """Raise UserError on a computer that the county has revoked."""
    if revoked := context.store.setting(REVOKED):
        raise UserError(_revoked(revoked), _REVOKED_REMEDY, "导出")


def heed_revocations(context: Context, unit: Unit, body: ReceiptBody) -> str:
    """Note what a receipt says of revoked devices; the sentence for a person when it is about this one, else ""."""
    if context.info.kind == "township":
        write_setting(unit.connection, CLOCKS, msgspec.to_builtins(body.clocks))
        others = [one for one in body.revocations if one.device != context.info.device]
        write_setting(unit.connection, REVOCATIONS, msgspec.to_builtins(others))
    before = read_setting(unit.connection, REVOKED)
    now = next((one.reason for one in body.revocations if one.device == context.info.device), None)
    if now != before:
        write_setting(unit.connection, REVOKED, now)
    if now:
        return f"{_revoked(now)}。{_REVOKED_REMEDY}"
    ahead = next((one.hours for one in body.clocks if one.device == context.info.device), 0)
    clock = f"县里核对：本机的时钟快过约 {ahead:,} 小时，请检查电脑的日期和时间。" if ahead else ""
    return ("县里撤销了对本机的吊销，可以照常使用。" if before else "") + clock


def adopt(context: Context, connection: Connection, card: CountyCard | None) -> str:
    """Pin the county's new keys, which the old ones have vouched for; the sentence for a person, "" for no change."""
    known = identity.county_card(context)
    if card is None or card == known:
        return ""
    if card.county != known.county:
        raise PackageRefused("换密钥的文件是另一个县的", "certificate")
    write_setting(connection, "county", identity.stored_county(context, card))
    if card.keys == known.keys:
        return "县里启用了新的托管钥匙（有县密钥的签名），以后的数据包也加密给它。"
    words = fingerprint_words(card.keys)
    return f"县里换了密钥（有旧密钥的签名），本站已改用新的。县里的新校验字：{words}，请打电话核对。"


def verified_renewal(
    context: Context, paper: Signed | None, card: CountyCard | None = None
) -> SignedCertificate | None:
    """The certificate that a receipt brought, when it is newer than ours; PackageRefused when it is not for us.

    Its end is not held against our clock: a PC whose clock is wrong must be able to read receipts. `card` is the
    county's when that has changed its keys.
    """
    if paper is None:
        return None
    held, card = identity.signed_certificate(context).certificate, card or identity.county_card(context)
    trust = Trust(card.county, (card.signing,), dt.date.min)
    fresh = verify_certificate(paper.document, paper.signature, trust)
    if fresh.certificate.keys != held.keys or fresh.certificate.school != held.school:
        raise PackageRefused("回执里的证书是发给另一台电脑的", "certificate")
    return fresh if fresh.certificate.serial > held.serial else None
