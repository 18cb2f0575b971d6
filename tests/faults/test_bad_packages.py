"""Validly signed nonsense reaches a county: refused or held with its reason, every table as it was, memory bounded."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from base64 import b85encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyrage
import pytest
import zstandard

from jzdesk.core.clock import Clock
from jzdesk.services import identity
from jzdesk.services.bundle import Services
from jzdesk.services.stations import open_station
from jzdesk.sync import sealing
from tests.factories.forging import Forger
from tests.factories.packages import forge, members_of, pack
from tests.factories.stations import PASSWORD, certify, new_county, new_school
from tests.factories.tables import every_table

ROOT = Path(__file__).parents[2]
GIGABYTE = 1 << 30
BOUND = 150  # MB in all
FUTURE = 30 * 24 * 3600 * 1000


@dataclass
class Scene:
    """A county, a school of it with a good package, and the school's keys to sign worse ones with."""

    county: Services
    school: Services
    good: Path
    folder: Path

    def tables(self) -> str:
        with self.county.context.read() as connection:
            return every_table(connection, besides=("package",))  # the log says what became of each package

    def seal(self, data: bytes) -> bytes:
        return sealing.seal(data, identity.county_card(self.school.context).recipients)

    def lazily(self, piece: bytes, times: int) -> bytes:
        """A sealed chunk that holds a piece over and over, without ever holding it all."""
        stream = zstandard.ZstdCompressor(write_checksum=True).compressobj()
        packed = [*(stream.compress(piece) for _ in range(times)), stream.flush()]
        wanted = identity.county_card(self.school.context).recipients
        return bytes(pyrage.encrypt(b"".join(packed), [pyrage.x25519.Recipient.from_str(one) for one in wanted]))

    def with_chunk(self, name: str, chunk: bytes) -> Path:
        """The good package with another chunk, its manifest put right and signed."""
        members = members_of(self.good) | {"c00000.age": chunk}
        return forge(self.folder / f"{name}.jzp", members, identity.station_keys(self.school.context))

    def forged(self, name: str, **changes: object) -> Path:
        """A package of one entry that the school should not have written."""
        forger = Forger(self.school)
        forger.say(**changes)
        return forger.package(self.folder).rename(self.folder / f"{name}.jzp")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders of a county and of two schools, closed; the first has written ten students."""
    root = tmp_path_factory.mktemp("made")
    county = new_county(root / "county")
    for code in ("2143990001", "2143990002"):
        school = new_school(root / code, code)
        certify(school, county, root)
        school.close()
    county.close()
    return root


@pytest.fixture
def scene(made: Path, tmp_path: Path) -> Iterator[Scene]:
    shutil.copytree(made, tmp_path / "stations")
    county, school = (open_station(tmp_path / "stations" / name, PASSWORD) for name in ("county", "2143990001"))
    folder = tmp_path / "stick"
    folder.mkdir()
    forger = Forger(school)
    for _ in range(10):
        forger.say()
    yield Scene(county, school, forger.package(folder), folder)
    county.close()
    school.close()


def _swapped(scene: Scene) -> Path:
    """A chunk of another package of the same school."""
    other = Forger(scene.school)
    for _ in range(10):
        other.say()
    return scene.with_chunk("swapped", members_of(other.package(scene.folder))["c00000.age"])


def _twice(scene: Scene) -> Path:
    from tests.faults.test_package_faults import zipped

    members = [(name.encode(), data) for name, data in members_of(scene.good).items()]
    path = scene.folder / "twice.jzp"
    path.write_bytes(zipped([*members, (b"c00000.age", b"another")]))
    return path


def _climbing(scene: Scene) -> Path:
    from tests.faults.test_package_faults import zipped

    members = [(name.encode(), data) for name, data in members_of(scene.good).items()]
    path = scene.folder / "climbing.jzp"
    path.write_bytes(zipped([*members, (b"..\\jzdesk.db", b"another")]))
    return path


def _from_elsewhere(scene: Scene) -> Path:
    """The same school with a certificate of another county."""
    stranger = new_county(scene.folder.parent / "stranger")
    twin = new_school(scene.folder.parent / "twin")
    certify(twin, stranger, scene.folder.parent)
    forger = Forger(twin)
    forger.say()
    package = forger.package(scene.folder).rename(scene.folder / "elsewhere.jzp")
    stranger.close()
    twin.close()
    return package


def _dense(scene: Scene) -> Path:
    """As many and as long entries as a chunk may hold that nothing makes smaller; the last line is none."""
    forger = Forger(scene.school)
    for _ in range(4999):
        forger.say(why=b85encode(os.urandom(3150)).decode())
    return scene.with_chunk("dense", scene.seal(b"\n".join([*forger.bodies, b"{}", b""])))


Bad = Callable[[Scene], Path]
REFUSED: dict[str, Bad] = {
    "chunks swapped between packages": _swapped,
    "a bomb of spaces": lambda scene: scene.with_chunk("bomb", scene.lazily(b" " * (1 << 20), 300)),
    "a line of a gigabyte": lambda scene: scene.with_chunk("line", scene.lazily(b"x" * (1 << 20), GIGABYTE >> 20)),
    "a bomb of short lines": lambda scene: scene.with_chunk("lines", scene.lazily(b'{"a":1}\n' * 4096, 3000)),
    "a chunk that is hardly packed": _dense,
    "deep JSON": lambda scene: scene.with_chunk("deep", scene.seal(b"[" * 60_000 + b"]" * 3_000 + b"\n")),
    "a member twice": _twice,
    "a name that climbs out": _climbing,
    "a certificate for another county": _from_elsewhere,
}
HELD: dict[str, Bad] = {
    "another school's records": lambda scene: scene.forged("others", scope="2143990002"),
    "a clock in the future": lambda scene: scene.forged("future", at=(Clock().now_ms() + FUTURE) << 10),
    "what the county maintains": lambda scene: scene.forged("policy", ent="school", set={"name": "校"}),
}


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_with_its_reason_and_changes_no_table(what: str, scene: Scene) -> None:
    package, before = REFUSED[what](scene), scene.tables()
    (outcome,) = scene.county.merging.merge([package])
    assert outcome.outcome == "rejected"
    assert outcome.reason
    assert outcome.reason.endswith("。")
    assert scene.tables() == before
    assert [one.outcome for one in scene.county.merging.merge([scene.good])] == ["applied"]


@pytest.mark.parametrize("what", HELD)
def test_it_is_held_with_its_reason_and_no_record_changes(what: str, scene: Scene) -> None:
    package, before = HELD[what](scene), scene.county.verify()
    (outcome,) = scene.county.merging.merge([package])
    assert (outcome.outcome, outcome.counts.held, outcome.counts.applied) == ("held", 1, 0)
    assert outcome.reason
    after = scene.county.verify()
    assert (after.ok, after.digest, after.entries) == (True, before.digest, before.entries + 1)


def test_every_boundary_within_a_package_is_no_end_of_it(scene: Scene) -> None:
    """Cut after every member, in its header, in its middle, and once more in the directory."""
    raw, before = scene.good.read_bytes(), scene.tables()
    heads = [at for at in range(len(raw) - 4) if raw[at : at + 4] in (b"PK\3\4", b"PK\1\2", b"PK\5\6")]
    cut = scene.folder / "cut.jzp"
    for size in sorted({0, 1, len(raw) - 1, *heads, *(at + 1 for at in heads), *(at + 20 for at in heads)}):
        cut.write_bytes(raw[:size])
        assert [one.outcome for one in scene.county.merging.merge([cut])] == ["rejected"], f"cut after {size}"
    assert scene.tables() == before


def test_nothing_bad_takes_more_memory_than_its_bound(scene: Scene) -> None:
    packages = [make(scene) for make in REFUSED.values()]
    huge = pack(scene.folder / "huge.jzp", members_of(scene.good) | {"b-extra.age": b""})
    with huge.open("r+b") as file:
        file.truncate((512 << 20) + 1)
    scene.county.close()
    command = [sys.executable, "-m", "tests.faults.gulping", str(scene.county.info.folder), PASSWORD, str(scene.good)]
    done = subprocess.run(
        [*command, *map(str, [*packages, huge])], cwd=ROOT, capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {outcome for outcome, _ in found["outcomes"].values()} == {"rejected"}
    assert 50 < found["peak"] < BOUND
