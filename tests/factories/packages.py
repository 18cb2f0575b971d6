"""Stations, certificates, journal lines and packages for tests; and packages a careful sender would never write."""

from __future__ import annotations

import datetime as dt
import json
import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path

import msgspec

from jzdesk.sync import sealing, sshsig
from jzdesk.sync.certificate import Certificate, CountyCard, SignedCertificate, Trust, issue
from jzdesk.sync.container import ContainerReader, ContainerWriter
from jzdesk.sync.keys import StationKeys
from jzdesk.sync.package import Head, PackageWritten, write_package

SCHOOL, COUNTY = "2143990001", "431099"
TODAY = dt.date(2025, 10, 1)


@dataclass
class World:
    """One county and one school that trust each other, and the school's epoch."""

    county: StationKeys = field(default_factory=StationKeys.generate)
    escrow: StationKeys = field(default_factory=StationKeys.generate)
    school: StationKeys = field(default_factory=StationKeys.generate)
    epoch: str = field(default_factory=lambda: secrets.token_hex(8))

    @property
    def trust(self) -> Trust:
        return Trust(COUNTY, (self.county.public.signing,), TODAY)

    @property
    def recipients(self) -> list[str]:
        return [self.county.public.sealing, self.escrow.public.sealing]

    def certificate(self, **changes: object) -> Certificate:
        fields = {
            "county": COUNTY,
            "serial": 7,
            "device": self.school.device,
            "school": SCHOOL,
            "school_name": "青石镇中心小学",
            "scope": (SCHOOL,),
            "role": "school",
            "signing": self.school.public.signing,
            "sealing": self.school.public.sealing,
            "issued": dt.date(2025, 9, 1),
            "expires": dt.date(2026, 9, 1),
        }
        return msgspec.convert(fields | changes, Certificate)

    def signed(self, **changes: object) -> SignedCertificate:
        return issue(self.certificate(**changes), self.county)

    def card(self) -> CountyCard:
        keys = self.county.public
        return CountyCard(
            county=COUNTY,
            county_name="桃源县",
            signing=keys.signing,
            sealing=keys.sealing,
            escrow=self.escrow.public.sealing,
        )

    def head(self, **changes: object) -> Head:
        fields = {
            "county": COUNTY,
            "school": SCHOOL,
            "school_name": "青石镇中心小学",
            "device": self.school.device,
            "epoch": self.epoch,
            "number": 1,
            "first_n": 1,
            "chain_before": "0" * 64,
            "app": "0.1.0",
            "schema": 1,
            "wall_clock": "2025-09-30T16:00:00",
        }
        return msgspec.convert(fields | changes, Head)

    def line(self, n: int, **changes: object) -> bytes:
        fields = {
            "actor": "a1",
            "at": 1837645732000 + n,
            "dev": self.school.device,
            "ent": "student" if n % 3 else "visit",
            "ep": self.epoch,
            "n": n,
            "op": "put",
            "role": "school",
            "salt": secrets.token_hex(16),
            "scope": SCHOOL,
            "set": {"name": "张小明", "boards": 1},
            "sv": 1,
            "uid": secrets.token_hex(16),
        }
        text = json.dumps(fields | changes, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return text.encode()

    def lines(self, count: int, first: int = 1) -> list[bytes]:
        return [self.line(n) for n in range(first, first + count)]

    def package(
        self,
        folder: Path,
        lines: Iterable[bytes],
        proof: bytes | None = None,
        *,
        withholds: bool = False,
        **head: object,
    ) -> PackageWritten:
        return write_package(
            folder, self.head(**head), lines, self.school, self.signed(), self.recipients, proof=proof,
            withholds=withholds,
        )  # fmt: skip

    def seal(self, data: bytes) -> bytes:
        return sealing.seal(data, self.recipients)


def members_of(path: Path) -> dict[str, bytes]:
    """Every member of a container, as it stands there."""
    with ContainerReader(path) as container:
        return {name: container.read(name, 1 << 30) for name in container.names}


def forge(
    path: Path,
    members: Mapping[str, bytes],
    signer: StationKeys,
    edit: Callable[[dict[str, object]], None] = lambda manifest: None,
    namespace: str = sshsig.PACKAGE,
) -> Path:
    """A container with these members whose manifest is put right for them, edited, and validly signed."""
    body = {name: data for name, data in members.items() if not name.startswith("manifest")}
    manifest = json.loads(members["manifest.json"])
    manifest["members"] = [
        {"name": name, "size": len(data), "sha256": sha256(data).hexdigest()} for name, data in body.items()
    ]
    edit(manifest)
    raw = json.dumps(manifest, ensure_ascii=False, separators=(",", ":")).encode()
    signature = sshsig.sign(signer.signing, namespace, raw)
    return pack(path, {**body, "manifest.json": raw, "manifest.json.sig": signature})


def pack(path: Path, members: Mapping[str, bytes]) -> Path:
    """A container with exactly these members."""
    with ContainerWriter(path) as container:
        for name, data in members.items():
            container.add(name, data)
        container.finish()
    return path
