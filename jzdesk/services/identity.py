"""What exchange needs to know of keys, county card and certificate of this station."""

from __future__ import annotations

import datetime as dt
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

import msgspec

from jzdesk import __version__
from jzdesk.core.clock import Clock
from jzdesk.core.errors import UserError
from jzdesk.services import county_keys, own_clock
from jzdesk.services.context import Context
from jzdesk.services.device import device_key
from jzdesk.store import journal
from jzdesk.store.engine import SCHEMA
from jzdesk.store.journal import Chain
from jzdesk.sync.certificate import Certificate, CountyCard, SignedCertificate, TownshipCard
from jzdesk.sync.keys import StationKeys
from jzdesk.sync.stretch import Head

LETTERS = "letters"  # folder of files on their way out
TOWNSHIP = "township"  # setting: the township station as the last receipt named it, {} for none


def station_keys(context: Context) -> StationKeys:
    """The device's own keys, of the county its newest; raises UserError when the key file is missing or damaged."""
    if context.info.kind == "county":
        return county_keys.all_keys(context)[0]
    return StationKeys.load(context.folder.keys, device_key(context.key))


def opening_keys(context: Context) -> str:
    """What opens files sealed to this station, as an age identity file: of the county also its earlier keys."""
    if context.info.kind == "county":
        return "\n".join(keys.sealing for keys in county_keys.all_keys(context))
    return station_keys(context).sealing


def county_signers(context: Context) -> tuple[str, ...]:
    """The signing keys of our county, the present one first."""
    if context.info.kind == "county":
        return tuple(keys.public.signing for keys in county_keys.all_keys(context))
    return (county_card(context).signing, *(context.store.setting("county") or {}).get("earlier", ()))


def stored_county(context: Context, card: CountyCard) -> dict[str, Any]:
    """The county's card as kept in the settings, with its earlier signing keys, the newest of them first."""
    known = context.store.setting("county") or {}
    earlier, before = list(known.get("earlier", ())), known.get("card", {}).get("signing")
    if before and before != card.signing:
        earlier.insert(0, before)
    return {"name": card.county_name, "card": msgspec.to_builtins(card), "earlier": earlier}


def county_card(context: Context) -> CountyCard:
    """The county this station belongs to; raises UserError before a certificate was taken in."""
    if context.info.kind == "county":
        public = station_keys(context).public
        return CountyCard(
            county=context.info.code, county_name=context.info.name, signing=public.signing, sealing=public.sealing,
            escrow=county_keys.escrow_recipient(context),
        )  # fmt: skip
    stored = context.store.setting("county")
    if not stored:
        raise UserError("本站还没有县里的证书", "请先在“数据交换”里导出申请，送县里发证后装入。", "证书")
    return msgspec.convert(stored["card"], CountyCard)


def signed_certificate(context: Context) -> SignedCertificate:
    """This station's certificate; raises UserError before one was taken in."""
    stored = context.store.setting("certificate")
    if not stored:
        raise UserError("本站还没有县里的证书", "请先在“数据交换”里导出申请，送县里发证后装入。", "证书")
    raw = b64decode(stored["raw"])
    return SignedCertificate(msgspec.json.decode(raw, type=Certificate), raw, b64decode(stored["signature"]))


def township(context: Context) -> TownshipCard | None:
    """The township station that may read our packages: as the last receipt said, else as the certificate does."""
    said = context.store.setting(TOWNSHIP)
    if said is None:
        return signed_certificate(context).certificate.township
    return msgspec.convert(said, TownshipCard) if said else None


def recipients(context: Context) -> tuple[str, ...]:
    """Whom our packages are sealed to: county, escrow, and the township station when there is one."""
    above = township(context)
    return (*county_card(context).recipients, *((above.sealing,) if above else ()))


def stored_certificate(signed: SignedCertificate) -> dict[str, str]:
    """A certificate as kept in the settings."""
    return {"raw": b64encode(signed.raw).decode(), "signature": b64encode(signed.signature).decode()}


def head_of(context: Context, known: Chain, *, after: int, before: bytes, number: int) -> Head:
    """The head of a stretch of our own chain that begins after entry `after` with chain hash `before`."""
    card = county_card(context)
    with context.read() as connection:
        parent = journal.epoch_before(connection, known)
    return Head(
        county=card.county,
        school=context.info.code,
        school_name=context.info.name,
        device=known.dev,
        epoch=known.ep,
        parent_epoch=parent,
        number=number,
        previous=known.last_package,
        first_n=after + 1,
        chain_before=before.hex(),
        last_receipt=context.store.setting("last_receipt"),
        app=__version__,
        schema=SCHEMA,
        wall_clock=wall_clock(context.store.clock),
        clock_suspect=own_clock.doubt(context) is not None,
    )


def wall_clock(clock: Clock | None = None) -> str:
    """A station's clock (else the PC's) as ISO text with its offset."""
    now = dt.datetime.fromtimestamp((clock or Clock()).now_ms() / 1000, dt.UTC)
    return now.astimezone().isoformat(timespec="seconds")


def letters(context: Context) -> Path:
    """The local folder where outgoing files are made before they are copied to a stick."""
    return context.folder.sub(LETTERS)
