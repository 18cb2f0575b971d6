"""Enrolment: what a station asks with, what the county certifies, and the file that brings it back."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal, Self, TypeVar

import msgspec

from jzdesk.sync import sealing, sshsig
from jzdesk.sync.container import ContainerReader, ContainerWriter
from jzdesk.sync.keys import PublicKeys, StationKeys, device_id
from jzdesk.sync.refusal import PackageRefused
from jzdesk.sync.stretch import (
    MANIFEST,
    Head,
    Hex16,
    Number,
    StretchReader,
    verified_manifest,
)
from jzdesk.sync.writing import Envelope, write_stretch

VERSION: Final = 1
CERT: Final = "cert.json"
CERT_SIGNATURE: Final = "cert.json.sig"
COUNTY: Final = "county.json"
COUNTY_SIGNATURE: Final = "county.json.sig"
REQUEST: Final = "request.json"
REQUEST_SIGNATURE: Final = "request.json.sig"
DOCUMENT_LIMIT: Final = 64 << 10

Role = Literal["school", "township", "county"]
_T = TypeVar("_T")


class _Version(msgspec.Struct):
    version: int


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a station asks to be certified as, signed with the key it asks for. `wall_clock` is ISO text.

    `inherits` are the computers whose journal it restored from a backup, and goes on handing in.
    """

    version: Number = VERSION
    school: str
    school_name: str
    role: Role
    device: Hex16
    signing: str
    sealing: str
    wall_clock: str
    inherits: tuple[Hex16, ...] = ()

    @property
    def keys(self) -> PublicKeys:
        """The keys it asks for."""
        return PublicKeys(self.signing, self.sealing)


class TownshipCard(msgspec.Struct, frozen=True, kw_only=True):
    """The township station of a school, which may read its packages: code and name, and the key to seal to."""

    school: str
    school_name: str
    device: Hex16
    sealing: str


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    """The county's word that these keys belong to this station.

    `scope` lists the codes of the schools whose records it may write; it is good up to and with `expires`.
    `township` is the station packages are sealed to besides the county, as it was when this was issued. `inherits` are
    lost computers of the same school whose journal it may hand in, as it was restored from a backup.
    """

    version: Number = VERSION
    county: str
    serial: Number
    device: Hex16
    school: str
    school_name: str
    scope: tuple[str, ...]
    role: Role
    signing: str
    sealing: str
    issued: dt.date
    expires: dt.date
    township: TownshipCard | None = None
    inherits: tuple[Hex16, ...] = ()

    @property
    def keys(self) -> PublicKeys:
        """The certified keys."""
        return PublicKeys(self.signing, self.sealing)

    @property
    def devices(self) -> tuple[str, ...]:
        """Whose journal it may hand in: its own, and of computers that it took the place of."""
        return (self.device, *self.inherits)


class CountyCard(msgspec.Struct, frozen=True, kw_only=True):
    """Who the county is: code, name, public keys, and the escrow recipient packages are also sealed to."""

    version: Number = VERSION
    county: str
    county_name: str
    signing: str
    sealing: str
    escrow: str | None = None

    @property
    def keys(self) -> PublicKeys:
        """The county's public keys."""
        return PublicKeys(self.signing, self.sealing)

    @property
    def recipients(self) -> tuple[str, ...]:
        """Whom a package for this county is sealed to."""
        return (self.sealing,) if self.escrow is None else (self.sealing, self.escrow)


@dataclass(frozen=True, slots=True)
class SignedCertificate:
    """A certificate with the exact bytes that were signed, as it goes into every package."""

    certificate: Certificate
    raw: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Trust:
    """What a reader takes as given: the county's code, its signing keys (now and earlier ones), and today.

    `signing` begins with the county's present key. `renewed` are devices known to hold a newer certificate for the
    same keys: for them an expired one still counts. `issued` are the SHA-256 of every certificate ever issued, when
    that is known: then one signed with an earlier key counts only if it is among them.
    """

    county: str
    signing: tuple[str, ...]
    today: dt.date
    renewed: frozenset[str] = frozenset()
    issued: frozenset[bytes] | None = None


def write_request(path: Path, request: Request, keys: StationKeys) -> None:
    """Write the request file (.jzr) signed with the keys it names; raises StationFault."""
    raw = msgspec.json.encode(request)
    with ContainerWriter(path) as container:
        container.add(REQUEST, raw)
        container.add(REQUEST_SIGNATURE, sshsig.sign(keys.signing, sshsig.REQUEST, raw))
        container.finish()


def read_request(path: Path) -> Request:
    """The request in a .jzr file, signed with the key it asks for; its fingerprint must still be compared."""
    with ContainerReader(path) as container:
        raw = container.read(REQUEST, DOCUMENT_LIMIT)
        signature = container.read(REQUEST_SIGNATURE, sshsig.SIGNATURE_LIMIT)
        _only(container, (REQUEST, REQUEST_SIGNATURE))
    sshsig.verify(sshsig.signer(signature), sshsig.REQUEST, raw, signature)
    request = _decoded(raw, Request)
    if request.signing != sshsig.signer(signature):
        raise _refused("申请文件不是用它自己的密钥签的名")
    _check_keys(request.keys, request.device)
    return request


def issue(certificate: Certificate, county: StationKeys) -> SignedCertificate:
    """The certificate signed with the county's key."""
    raw = msgspec.json.encode(certificate)
    return SignedCertificate(certificate, raw, sshsig.sign(county.signing, sshsig.CERTIFICATE, raw))


def verify_certificate(raw: bytes, signature: bytes, trust: Trust) -> SignedCertificate:
    """The certificate in these bytes when the trusted county signed it and it has not expired.

    Raises PackageRefused `certificate` with a sentence of its own for another county, a bad signature and an
    expired certificate, and `version` for a newer format.
    """
    _check_signature(raw, signature, trust.signing)
    _check_issued(raw, signature, trust)
    certificate = _decoded(raw, Certificate)
    if certificate.county != trust.county:
        raise _refused("证书是另一个县发的，本县不认")
    _check_keys(certificate.keys, certificate.device)
    if trust.today > certificate.expires and certificate.device not in trust.renewed:
        raise PackageRefused(
            f"{certificate.school_name}的证书已于 {certificate.expires.isoformat()} 到期",
            "certificate",
            "请县教育局在“学校与证书”里给这台电脑续发证书，再读一次这个文件；不用重新导出，已录的内容不会丢。",
        )
    return SignedCertificate(certificate, raw, signature)


@dataclass(frozen=True, slots=True)
class Issued:
    """An opened certificate file: the certificate, the county, and a stretch of policy when there is one."""

    signed: SignedCertificate
    county: CountyCard
    policy: StretchReader | None
    _container: ContainerReader

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


def write_certificate(
    path: Path,
    signed: SignedCertificate,
    card: CountyCard,
    county: StationKeys,
    head: Head | None = None,
    entries: Iterable[bytes] = (),
    also: Mapping[str, bytes] | None = None,
) -> None:
    """Write the certificate file (.jzc), with a stretch of the county's journal for the device if `head`.

    `also` are the members that tell of the county's earlier keys (`succession.members`).
    """
    raw = msgspec.json.encode(card)
    members = {
        CERT: signed.raw,
        CERT_SIGNATURE: signed.signature,
        COUNTY: raw,
        COUNTY_SIGNATURE: sshsig.sign(county.signing, sshsig.CERTIFICATE, raw),
        **(also or {}),
    }
    if head is not None:
        to = signed.certificate
        envelope = Envelope("down", county.signing, sshsig.RECEIPT, [to.sealing], to.device)
        write_stretch(path, head, entries, envelope, first=members)
        return
    with ContainerWriter(path) as container:
        for name, data in members.items():
            container.add(name, data)
        container.finish()


def open_certificate(path: Path, keys: StationKeys, today: dt.date, pinned: str | None = None) -> Issued:
    """Open a .jzc for the station with these keys; `pinned` is the county's signing key when already known.

    Without `pinned` the caller must let a person compare `fingerprint_words(issued.county.keys)` by phone.
    Raises PackageRefused: another county, another device, a bad signature, expired.
    """
    from jzdesk.sync import succession

    container = ContainerReader(path)
    try:
        links = succession.read(container)
        moved = succession.follow(links, pinned) if pinned else None
        card = _card(container, moved.signing if moved else pinned)
        trust = Trust(card.county, (card.signing,), today)
        signed = read_certificate(container, trust)
        if signed.certificate.keys != keys.public:
            raise _refused("证书是发给另一台电脑的", "请在申请证书的那台电脑上装入，或用本机重新申请。")
        return Issued(signed, card, _policy(container, card, keys, tuple(succession.members(links))), container)
    except BaseException:
        container.close()
        raise


def read_certificate(container: ContainerReader, trust: Trust) -> SignedCertificate:
    """The certificate that stands in a container, verified."""
    raw = container.read(CERT, DOCUMENT_LIMIT)
    return verify_certificate(raw, container.read(CERT_SIGNATURE, sshsig.SIGNATURE_LIMIT), trust)


def _card(container: ContainerReader, pinned: str | None) -> CountyCard:
    raw = container.read(COUNTY, DOCUMENT_LIMIT)
    signature = container.read(COUNTY_SIGNATURE, sshsig.SIGNATURE_LIMIT)
    _check_signature(raw, signature, (pinned or sshsig.signer(signature),))
    card = _decoded(raw, CountyCard)
    if card.signing != sshsig.signer(signature):
        raise _refused("证书文件里的县级公钥与签名不符")
    for recipient in card.recipients:
        sealing.check_recipient(recipient)
    return card


def _policy(
    container: ContainerReader, card: CountyCard, keys: StationKeys, also: tuple[str, ...]
) -> StretchReader | None:
    plain = (CERT, CERT_SIGNATURE, COUNTY, COUNTY_SIGNATURE, *also)
    if MANIFEST not in container.names:
        _only(container, plain)
        return None
    manifest = verified_manifest(container, card.signing, sshsig.RECEIPT, "down", plain)
    if manifest.addressee != keys.device:
        raise _refused("证书文件里的政策数据是发给另一台电脑的")
    return StretchReader(container, manifest, keys.sealing)


def _check_signature(raw: bytes, signature: bytes, trusted: Sequence[str]) -> None:
    """Refuse what no trusted key signed, telling a stranger's signature from a broken one."""
    try:
        by = sshsig.signer(signature)
        if by in trusted:
            sshsig.verify(by, sshsig.CERTIFICATE, raw, signature)
            return
    except PackageRefused as error:
        raise _refused(f"证书的签名不对：{error.what}") from None
    raise _refused("证书是另一个县发的，本县不认")


def _check_issued(raw: bytes, signature: bytes, trust: Trust) -> None:
    """Whoever got hold of a key that was given up could write certificates with it, but not into the county's list."""
    if trust.issued is None or sshsig.signer(signature) == trust.signing[0]:
        return
    if sha256(raw).digest() not in trust.issued:
        raise _refused("证书是用县里换下来的密钥签的，又不在县里的发证清单上", "请县级给这台电脑重新发证。")


def _check_keys(keys: PublicKeys, device: str) -> None:
    """Both keys must be well formed, and the device id theirs."""
    sshsig.parse_public(keys.signing)
    sealing.check_recipient(keys.sealing)
    if device_id(keys) != device:
        raise _refused("设备编号与公钥对不上")


def _only(container: ContainerReader, names: Sequence[str]) -> None:
    if set(container.names) != set(names):
        raise PackageRefused("文件里有不该有的成员", "container")


def _decoded(raw: bytes, kind: type[_T]) -> _T:
    try:
        if msgspec.json.decode(raw, type=_Version).version > VERSION:
            raise PackageRefused("证书或申请是更新版本的程序写的，本程序读不了", "version")
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise _refused("证书或申请的内容写法不对") from None


def _refused(reason: str, remedy: str | None = None) -> PackageRefused:
    return PackageRefused(reason, "certificate", remedy)
