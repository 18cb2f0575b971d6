"""Packages carry a station's journal upward: writing one, and opening one in a fixed order of checks."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from jzdesk.sync import sshsig
from jzdesk.sync.certificate import (
    CERT,
    CERT_SIGNATURE,
    Certificate,
    SignedCertificate,
    Trust,
    read_certificate,
)
from jzdesk.sync.container import ContainerReader
from jzdesk.sync.files import safe_name
from jzdesk.sync.keys import StationKeys
from jzdesk.sync.refusal import PackageRefused
from jzdesk.sync.stretch import (
    Head,
    Manifest,
    OpenedStretch,
    Progress,
    StretchReader,
    verified_manifest,
)
from jzdesk.sync.writing import Envelope, PackageWritten, write_stretch

__all__ = [
    "SUFFIX",
    "Head",
    "Manifest",
    "PackageReader",
    "PackageRefused",
    "PackageWritten",
    "open_package",
    "package_name",
    "write_package",
]

SUFFIX: Final = ".jzp"


def package_name(head: Head) -> str:
    """A file name never used before: ‹school›_‹dev8›_‹epoch8›_‹seq6›_‹rand8›.jzp."""
    parts = (
        safe_name(head.school),
        head.device[:8],
        safe_name(head.epoch)[:8],
        f"{head.number:06d}",
        secrets.token_hex(4),
    )
    return "_".join(parts) + SUFFIX


def write_package(
    folder: Path,
    head: Head,
    entries: Iterable[bytes],
    keys: StationKeys,
    certificate: SignedCertificate,
    recipients: Sequence[str],
    progress: Progress | None = None,
    blobs: Iterable[tuple[str, bytes]] = (),
    proof: bytes | None = None,
    *,
    withholds: bool = False,
) -> PackageWritten:
    """Write entries (JSON lines without line ends, from `head.first_n` on) as a package into a local folder.

    `recipients` are `age1…` keys: county, escrow, township. `blobs` are (`blob_name(uid)`, content). `proof` is the
    link that our journal has for the last entry (`write_stretch`); `withholds`: something was erased, and of it the
    lines hold hashes only. Memory holds one chunk. Raises StationFault (disk
    full…); ValueError when head or lines are not what the keys may sign.
    """
    theirs = certificate.certificate
    if (keys.public, head.school) != (theirs.keys, theirs.school) or head.device not in theirs.devices:
        raise ValueError("keys, certificate and head of a package do not belong together")
    return write_stretch(
        folder / package_name(head),
        head,
        entries,
        Envelope("package", keys.signing, sshsig.PACKAGE, recipients, withholds=withholds),
        first={CERT: certificate.raw, CERT_SIGNATURE: certificate.signature},
        blobs=blobs,
        progress=progress,
        proof=proof,
    )


@dataclass(frozen=True, slots=True)
class PackageReader(OpenedStretch):
    """An opened package: container, certificate, signature and recipient are verified, its lines not yet."""

    certificate: Certificate


def open_package(path: Path, identity: str | None, trust: Trust) -> PackageReader:
    """Verify container → certificate → signature → recipient, in this order, and hand out a reader.

    `identity` is an `AGE-SECRET-KEY-1…`; None for a station that only checks and forwards. Raises
    PackageRefused.
    """
    container = ContainerReader(path)
    try:
        certificate = read_certificate(container, trust).certificate
        said = verified_manifest(container, certificate.signing, sshsig.PACKAGE, "package", (CERT, CERT_SIGNATURE))
        manifest = _vouched_for(said, certificate)
        stretch = StretchReader(container, manifest, identity)
        if identity is not None:
            stretch.check_recipient()
        return PackageReader(manifest, stretch, container, certificate)
    except BaseException:
        container.close()
        raise


def _vouched_for(manifest: Manifest, certificate: Certificate) -> Manifest:
    """The manifest must speak for the station the certificate names; it goes by the name that the county signed."""
    says = (manifest.county, manifest.school)
    if says != (certificate.county, certificate.school) or manifest.device not in certificate.devices:
        raise PackageRefused("数据包上写的学校或电脑与证书不符", "certificate")
    return msgspec.structs.replace(manifest, school_name=certificate.school_name)
