"""Receipts, the files that carry the county's answer and its own entries down to one station."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import msgspec

from jzdesk.sync import sealing, sshsig, succession
from jzdesk.sync.certificate import CountyCard, TownshipCard
from jzdesk.sync.container import ContainerReader
from jzdesk.sync.files import safe_name
from jzdesk.sync.keys import StationKeys
from jzdesk.sync.refusal import PackageRefused
from jzdesk.sync.stretch import (
    Head,
    Hex16,
    Hex64,
    Manifest,
    Number,
    OpenedStretch,
    Progress,
    StretchReader,
    verified_manifest,
)
from jzdesk.sync.writing import Envelope, PackageWritten, write_stretch

RECEIPT_SUFFIX: Final = ".jzh"
DOWN_SUFFIX: Final = ".jzd"
DOCUMENT: Final = "receipt.age"

Outcome = Literal["applied", "duplicate", "parked", "held", "fork", "rejected"]


class EpochMark(msgspec.Struct, frozen=True, kw_only=True):
    """How far the county has applied one epoch of the device: the last number, and the chain's link there."""

    epoch: str
    n: Number
    chain: Hex64


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Entries `first_n` to `last_n` of an epoch that the county holds and that do not count, now or ever."""

    epoch: str
    first_n: Number
    last_n: Number


class Uncounted(msgspec.Struct, frozen=True, kw_only=True):
    """Entries `first_n` to `last_n` of another station's epoch that do not count with the county, now or ever."""

    device: Hex16
    epoch: str
    first_n: Number
    last_n: Number


class PackageOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one package; entries in it = applied + known + held + rejected."""

    package_id: str
    number: Number
    outcome: Outcome
    applied: Number = 0
    known: Number = 0
    held: Number = 0
    rejected: Number = 0
    sentence: str | None = None


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Something to put right: the record, the field when there is one, and what to do, in words."""

    ent: str
    uid: str
    field: str | None = None
    sentence: str


class Conflict(msgspec.Struct, frozen=True, kw_only=True):
    """A field with two values, as seen by the county: open, or ended with the value now shown."""

    ent: str
    uid: str
    field: str
    ended: bool
    sentence: str


class DuplicateCase(msgspec.Struct, frozen=True, kw_only=True):
    """A record of this station that may be the same child as one elsewhere; says nothing about the other."""

    case: str
    ent: str
    uid: str
    state: Literal["open", "same", "distinct"]
    sentence: str


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """A device no longer trusted, except for entries up to `trusted_n` of the epoch, where its chain is `chain`.

    Each revoked device has a line without an epoch (of epochs not named nothing counts); a device without any line is
    trusted. `serial` is that of its newest certificate.
    """

    serial: Number
    device: Hex16
    epoch: str | None = None
    trusted_n: Number = 0
    chain: Hex64 | None = None
    reason: str


class PaidElsewhere(msgspec.Struct, frozen=True, kw_only=True):
    """Fingerprints of children whom other schools pay in a term: `key` in hex, `marks` base64 of 32-bit numbers.

    Each is the first `bits` bits of HMAC-SHA-256 over `number|name` (see core/fingerprint.py).
    """

    term: str
    key: str
    bits: Number
    marks: str


class ClockAhead(msgspec.Struct, frozen=True, kw_only=True):
    """By how many hours the county knows the clock of a device to run ahead."""

    device: Hex16
    hours: Number


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A document of the county with its signature (armoured SSHSIG), the exact bytes of each in base64."""

    document: bytes
    signature: bytes


class ReceiptBody(msgspec.Struct, frozen=True, kw_only=True):
    """What the county tells the station with this device id; `number` counts the receipts to it.

    `township` is the station its packages are to be sealed to as well, from now on. To a township station, `carried`
    says what became of the packages of the schools below it. `certificate` is the newest one of the device: so a
    renewal travels with every receipt until it arrives. Of other stations' entries that were handed to this one with
    the file of a child, all count but those in `uncounted`.
    """

    number: Number
    device: Hex16
    school: str
    issued: str
    epochs: tuple[EpochMark, ...] = ()
    packages: tuple[PackageOutcome, ...] = ()
    problems: tuple[Problem, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    duplicates: tuple[DuplicateCase, ...] = ()
    revocations: tuple[Revocation, ...] = ()
    paid_elsewhere: PaidElsewhere | None = None
    waiting: tuple[Waiting, ...] = ()
    township: TownshipCard | None = None
    carried: tuple[PackageOutcome, ...] = ()
    certificate: Signed | None = None
    clocks: tuple[ClockAhead, ...] = ()
    uncounted: tuple[Uncounted, ...] = ()


@dataclass(frozen=True, slots=True)
class Receipt(OpenedStretch):
    """An opened receipt: verified and addressed to us, with the county's entries that came along.

    `card` is the county's, when it has changed its keys since we pinned them; None when it has not.
    """

    body: ReceiptBody
    card: CountyCard | None = None


def write_receipt(
    folder: Path,
    head: Head,
    body: ReceiptBody,
    county: StationKeys,
    recipient: str,
    entries: Iterable[bytes] = (),
    progress: Progress | None = None,
    also: Mapping[str, bytes] | None = None,
) -> PackageWritten:
    """Write a receipt for the device `body.device`, sealed to `recipient` (`age1…`), into a local folder.

    `head` says where the county's own entries lie in its journal (`head.number` = `body.number`); lines made by
    `lines.withheld_line` stand for entries this station may not see. `also` are the members that tell of the county's
    earlier keys (`succession.members`). Raises StationFault.
    """
    if head.number != body.number:
        raise ValueError("head and body of a receipt have different numbers")
    return write_stretch(
        folder / _name(body.school, body.device, body.number, RECEIPT_SUFFIX),
        head,
        entries,
        Envelope("receipt", county.signing, sshsig.RECEIPT, [recipient], body.device),
        first={**(also or {}), DOCUMENT: sealing.seal(msgspec.json.encode(body), [recipient])},
        progress=progress,
    )


def open_receipt(path: Path, keys: StationKeys, county_public: str) -> Receipt:
    """Open a receipt for the station with these keys, signed by the county's key (`ssh-ed25519 AAAA…`).

    Raises PackageRefused. Whether its hashes are on our own chain, and whether it is newer than the last, only the
    journal can tell.
    """
    container = ContainerReader(path)
    try:
        public, card, links = succession.newest(container, county_public)
        manifest = verified_manifest(container, public, sshsig.RECEIPT, "receipt", (DOCUMENT, *links))
        stretch = _addressed(container, manifest, keys)
        body = _body(stretch)
        if (body.device, body.number) != (manifest.addressee, manifest.number):
            raise PackageRefused("回执的内容与清单不符", "container")
        return Receipt(manifest, stretch, container, body, card)
    except BaseException:
        container.close()
        raise


def write_down(
    folder: Path,
    head: Head,
    entries: Iterable[bytes],
    county: StationKeys,
    school: str,
    device: str,
    recipient: str,
    progress: Progress | None = None,
    also: Mapping[str, bytes] | None = None,
    blobs: Iterable[tuple[str, bytes]] = (),
) -> PackageWritten:
    """Write entries for one device of `school`, signed by the county; `head` says whose journal they are of.

    Serves a station that lost entries it had already handed in, and one that a child has come to: then others'
    entries are withheld, and `blobs` are the child's photographs. Raises StationFault.
    """
    envelope = Envelope("down", county.signing, sshsig.RECEIPT, [recipient], device)
    path = folder / _name(school, device, head.number, DOWN_SUFFIX)
    return write_stretch(path, head, entries, envelope, first=also, blobs=blobs, progress=progress)


def look_at_answer(path: Path, county_public: str) -> Manifest:
    """The manifest of a receipt or of a way down that is not for us, for a station that only carries it.

    Everything but the sealed contents is verified. Raises PackageRefused.
    """
    with ContainerReader(path) as container:
        kind: Literal["receipt", "down"] = "receipt" if DOCUMENT in container.names else "down"
        public, _, links = succession.newest(container, county_public)
        plain = (*links, DOCUMENT) if kind == "receipt" else links
        manifest = verified_manifest(container, public, sshsig.RECEIPT, kind, plain)
        StretchReader(container, manifest, None).check_members()
        return manifest


def open_down(path: Path, keys: StationKeys, county_public: str) -> OpenedStretch:
    """Open a way down for the station with these keys; raises PackageRefused."""
    container = ContainerReader(path)
    try:
        public, _, links = succession.newest(container, county_public)
        manifest = verified_manifest(container, public, sshsig.RECEIPT, "down", links)
        return OpenedStretch(manifest, _addressed(container, manifest, keys), container)
    except BaseException:
        container.close()
        raise


def _addressed(container: ContainerReader, manifest: Manifest, keys: StationKeys) -> StretchReader:
    if manifest.addressee != keys.device:
        raise PackageRefused("这个回执是发给另一台电脑的", "recipient", "请交给回执上写的学校，或向县级核对。")
    stretch = StretchReader(container, manifest, keys.sealing)
    stretch.check_recipient()
    return stretch


def _body(stretch: StretchReader) -> ReceiptBody:
    raw = stretch.open_member(DOCUMENT)
    try:
        return msgspec.json.decode(raw, type=ReceiptBody)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise PackageRefused("回执的内容写法不对", "container") from None


def _name(school: str, device: str, number: int, suffix: str) -> str:
    return f"{safe_name(school)}_{device[:8]}_{number:06d}_{secrets.token_hex(4)}{suffix}"
