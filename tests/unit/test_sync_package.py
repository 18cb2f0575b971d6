"""Packages, receipts, certificates and requests that arrive as they were sent."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from functools import reduce
from pathlib import Path

import pytest

from jzdesk.core.chain import GENESIS, chain_step, withheld_line
from jzdesk.core.errors import StationFault
from jzdesk.core.merge import decode
from jzdesk.sync.certificate import (
    Request,
    open_certificate,
    read_request,
    verify_certificate,
    write_certificate,
    write_request,
)
from jzdesk.sync.keys import StationKeys
from jzdesk.sync.package import open_package, write_package
from jzdesk.sync.receipt import (
    DuplicateCase,
    EpochMark,
    PackageOutcome,
    Problem,
    ReceiptBody,
    Revocation,
    open_down,
    open_receipt,
    write_down,
    write_receipt,
)
from jzdesk.sync.refusal import PackageRefused
from jzdesk.sync.stretch import blob_name
from tests.factories.packages import COUNTY, SCHOOL, TODAY, World, forge, members_of

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def world() -> World:
    return World()


def test_a_package_comes_back_line_by_line_with_its_chain(tmp_path: Path, world: World) -> None:
    lines = world.lines(40)
    seen: list[int] = []
    written = world.package(tmp_path, lines, number=12, previous="ab" * 32, last_receipt=3)
    assert re.fullmatch(
        rf"{SCHOOL}_{world.school.device[:8]}_{world.epoch[:8]}_000012_[0-9a-f]{{8}}\.jzp", written.path.name
    )
    assert hashlib.sha256(written.path.read_bytes()).hexdigest() == written.sha256
    assert [path.name for path in tmp_path.iterdir()] == [written.path.name]
    with open_package(written.path, world.county.sealing, world.trust) as package:
        got = list(package.entries(seen.append))
        manifest = package.manifest
        assert list(package) == got  # a second walk gives the same
    assert [body for _, _, body, _ in got] == lines
    link = GENESIS
    for n, (number, one, body, entry) in enumerate(got, 1):
        link = chain_step(link, body)
        assert (number, one, entry.uid) == (n, link, decode(body).uid)
    assert (manifest.first_n, manifest.last_n, manifest.chain_after) == (1, 40, link.hex())
    assert manifest.counts == {"student": {"put": 27}, "visit": {"put": 13}}
    assert (manifest.previous, manifest.last_receipt, manifest.kind) == ("ab" * 32, 3, "package")
    assert (written.entries, written.manifest, seen) == (40, manifest, [40])


def test_the_next_package_continues_the_chain(tmp_path: Path, world: World) -> None:
    first = world.package(tmp_path, world.lines(3))
    second = world.package(
        tmp_path,
        world.lines(2, first=4),
        number=2,
        first_n=4,
        chain_before=first.manifest.chain_after,
        previous=first.sha256,
    )
    with open_package(second.path, world.escrow.sealing, world.trust) as package:
        assert [n for n, *_ in package] == [4, 5]


def test_a_package_may_be_empty_or_hold_many_chunks_and_photos(tmp_path: Path, world: World) -> None:
    empty = world.package(tmp_path, [])
    with open_package(empty.path, world.county.sealing, world.trust) as package:
        assert list(package) == []
        assert (package.manifest.first_n, package.manifest.last_n) == (1, 0)
    lines, photo, uid = world.lines(5001), b"\xff\xd8" + bytes(5000), "0" * 31 + "1"
    done: list[int] = []
    written = write_package(
        tmp_path,
        world.head(),
        lines,
        world.school,
        world.signed(),
        world.recipients,
        done.append,
        [(blob_name(uid), photo)],
    )
    assert done == [5000, 5001]
    with open_package(written.path, world.county.sealing, world.trust) as package:
        assert [body for _, _, body, _ in package] == lines
        assert package.stretch.open_member(blob_name(uid)) == photo


def test_a_station_without_the_key_can_check_and_forward(tmp_path: Path, world: World) -> None:
    written = world.package(tmp_path, world.lines(3))
    with open_package(written.path, None, world.trust) as package:
        package.stretch.check_members()
        with pytest.raises(PackageRefused, match="没有打开"):
            list(package)


def test_a_package_goes_by_the_name_that_the_county_signed(tmp_path: Path, world: World) -> None:
    written = world.package(tmp_path, world.lines(1), school_name="示范县教育局")
    with open_package(written.path, world.county.sealing, world.trust) as package:
        assert package.manifest.school_name == world.certificate().school_name


def _with_stock_tools(
    folder: Path, world: World, package: Path, county: StationKeys | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs docs/read-package.sh as an outsider would; what it read stands in the folder `read`."""
    (folder / "county.signers").write_text(f"county {(county or world.county).public.signing}\n")
    (folder / "county.identity").write_text(world.county.sealing + "\n")
    command = [str(ROOT / "docs" / "read-package.sh"), str(package), "county.signers", "county.identity", "read"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def test_stock_tools_read_a_package(tmp_path: Path, world: World) -> None:
    written = world.package(tmp_path, lines := world.lines(7))
    run = _with_stock_tools(tmp_path, world, written.path)
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "read" / "lines.json").read_bytes() == b"\n".join(lines) + b"\n"
    assert written.manifest.chain_after in run.stdout
    assert len((ROOT / "docs" / "read-package.sh").read_text("utf-8").splitlines()) <= 60


def test_stock_tools_read_a_package_without_entries(tmp_path: Path, world: World) -> None:
    run = _with_stock_tools(tmp_path, world, world.package(tmp_path, []).path)
    assert run.returncode == 0, run.stderr
    assert run.stdout.startswith("0 entries")


def test_stock_tools_read_what_a_new_computer_hands_in_for_the_lost_one(tmp_path: Path, world: World) -> None:
    lost = "0123456789abcdef"
    package = write_package(
        tmp_path, world.head(device=lost), [world.line(1, dev=lost)], world.school, world.signed(inherits=(lost,)),
        world.recipients,
    )  # fmt: skip
    run = _with_stock_tools(tmp_path, world, package.path)
    assert run.returncode == 0, run.stderr


def _refused(folder: Path, world: World, package: Path, words: str, county: StationKeys | None = None) -> None:
    run = _with_stock_tools(folder, world, package, county)
    assert run.returncode != 0
    assert words in run.stderr


@pytest.mark.parametrize("member", ["cert.json", "cert.json.sig", "manifest.json", "manifest.json.sig", "c00000.age"])
def test_stock_tools_refuse_a_package_with_one_byte_changed(tmp_path: Path, world: World, member: str) -> None:
    written = world.package(tmp_path, world.lines(3))
    changed = tmp_path / "changed.jzp"
    with zipfile.ZipFile(written.path) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            data = bytearray(source.read(name))
            data[len(data) // 2] ^= name == member
            target.writestr(name, bytes(data))
    assert _with_stock_tools(tmp_path, world, changed).returncode != 0


@pytest.mark.parametrize("name", ["c00001.age", "sub/c00000.age"])
def test_stock_tools_refuse_a_member_that_nobody_signed(tmp_path: Path, world: World, name: str) -> None:
    written = world.package(tmp_path, world.lines(3))
    with zipfile.ZipFile(written.path, "a") as archive:
        archive.writestr(name, b"more")
    _refused(tmp_path, world, written.path, "members that were not signed")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_stock_tools_refuse_a_member_that_is_there_twice(tmp_path: Path, world: World) -> None:
    written = world.package(tmp_path, world.lines(3))
    with zipfile.ZipFile(written.path, "a") as archive:
        archive.writestr("c00000.age", b"another")
    _refused(tmp_path, world, written.path, "members that were not signed")


def test_stock_tools_refuse_a_school_that_no_county_of_ours_vouches_for(tmp_path: Path, world: World) -> None:
    written = world.package(tmp_path, world.lines(3))
    _refused(tmp_path, world, written.path, "cert.json is not signed by the county", county=StationKeys.generate())


def test_stock_tools_refuse_a_package_that_somebody_else_signed(tmp_path: Path, world: World) -> None:
    members = members_of(world.package(tmp_path, world.lines(3)).path)
    forged = forge(tmp_path / "forged.jzp", members, StationKeys.generate())
    _refused(tmp_path, world, forged, "manifest.json is not signed by the school")


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ({"school": "2143990004"}, "school is not that of the certificate"),
        ({"county": "431098"}, "county is not that of the certificate"),
        ({"device": "0123456789abcdef"}, "device"),
        ({"kind": "down"}, "not a package"),
        ({"min_reader": 3}, "not a package of format 1 or 2"),
        ({"epoch": "0123456789abcdef"}, "entry 1 is not of this journal"),
        ({"first_n": 2, "last_n": 4}, "entry 2 is not of this journal"),
        ({"last_n": 4}, "the chain is broken"),
        ({"chain_after": "ab" * 32}, "the chain is broken"),
        ({"chain_before": "ab" * 32}, "the chain is broken"),
    ],
)
def test_stock_tools_refuse_a_package_whose_school_claims_too_much(
    tmp_path: Path, world: World, claim: dict[str, object], words: str
) -> None:
    members = members_of(world.package(tmp_path, world.lines(3)).path)
    forged = forge(tmp_path / "forged.jzp", members, world.school, lambda manifest: manifest.update(claim))
    _refused(tmp_path, world, forged, words)


def test_stock_tools_refuse_a_chunk_of_another_package(tmp_path: Path, world: World) -> None:
    members = members_of(world.package(tmp_path, world.lines(3)).path)
    members["c00000.age"] = members_of(world.package(tmp_path, world.lines(3)).path)["c00000.age"]
    _refused(tmp_path, world, forge(tmp_path / "forged.jzp", members, world.school), "the chain is broken")


def test_what_is_forged_for_these_tests_is_read_when_nothing_is_changed(tmp_path: Path, world: World) -> None:
    members = members_of(world.package(tmp_path, world.lines(3)).path)
    run = _with_stock_tools(tmp_path, world, forge(tmp_path / "same.jzp", members, world.school))
    assert run.returncode == 0, run.stderr


# A process of its own, so that the peak is that of the packages alone: first a small one, then a large one.
GROWTH = """
import resource, sys
from pathlib import Path
from jzdesk.sync.package import open_package
from tests.factories.packages import World
world = World()
template = world.line(1).replace(b'"n":1,', b'"n":%d,')
def peak(count):
    written = world.package(Path(sys.argv[1]), (template % n for n in range(1, count + 1)))
    with open_package(written.path, world.county.sealing, world.trust) as package:
        assert sum(1 for _ in package) == count
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
small = peak(10_000)
print(small - before, peak(200_000) - small)
"""


def test_memory_does_not_grow_with_the_package(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", GROWTH, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    above_idle, growth = map(int, run.stdout.split())  # KiB
    assert above_idle < 64 << 10
    assert growth < 8 << 10


def test_cancelling_leaves_nothing_behind(tmp_path: Path, world: World) -> None:
    def lines() -> Iterator[bytes]:
        yield world.line(1)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        world.package(tmp_path, lines())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "bad",
    [
        b"[]",
        b"{}",
        b'{"n":1}\n{"n":2}',
        b"x" * 70_000,
    ],
)
def test_the_writer_does_not_write_what_no_reader_takes(tmp_path: Path, world: World, bad: bytes) -> None:
    with pytest.raises(ValueError, match="no reader"):
        world.package(tmp_path, [bad])
    for wrong in (world.line(2), world.line(1, dev="0" * 16), world.line(1, set={"fen": 1.5})):
        with pytest.raises(ValueError, match="no reader"):
            world.package(tmp_path, [wrong])
    with pytest.raises(ValueError, match="belong together"):
        world.package(tmp_path, [], school="2143990002")
    assert list(tmp_path.iterdir()) == []


def last_link(lines: list[bytes]) -> bytes:
    return reduce(chain_step, lines, GENESIS)


def test_lines_that_lead_to_the_link_of_the_journal_are_written(tmp_path: Path, world: World) -> None:
    lines = world.lines(250)
    written = world.package(tmp_path, lines, last_link(lines))
    assert written.manifest.counts == {"student": {"put": 167}, "visit": {"put": 83}}
    with open_package(written.path, world.county.sealing, world.trust) as package:
        assert [body for _, _, body, _ in package] == lines
    world.package(tmp_path, [], GENESIS)


def test_lines_of_a_damaged_journal_are_not_written(tmp_path: Path, world: World) -> None:
    lines = world.lines(250)
    changed = [*lines[:120], lines[120].replace("张小明".encode(), "张小朋".encode()), *lines[121:]]
    cut = [*lines[:120], lines[120][:-3], *lines[121:]]
    for wrong in (changed, cut, lines[:-1], lines[1:], [*lines[:10], *lines[11:]], [*lines, world.line(251)], []):
        with pytest.raises(StationFault, match="数据库可能已损坏"):
            world.package(tmp_path, wrong, last_link(lines))
    assert list(tmp_path.iterdir()) == []


def test_lines_with_keys_of_a_newer_version_are_read_beside_others(tmp_path: Path, world: World) -> None:
    lines = world.lines(400)
    lines[200] = world.line(201, later={"a": ["b"]}, op="split")
    written = world.package(tmp_path, lines)
    assert written.manifest.counts["student"] == {"put": 267} | ({"split": 1} if 201 % 3 else {})
    with open_package(written.path, world.county.sealing, world.trust) as package:
        assert [(body, entry.op) for _, _, body, entry in package][200] == (lines[200], "split")


def test_a_full_disk_while_writing_is_said_so(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", no_room)
    with pytest.raises(StationFault, match="空间不够"):
        world.package(tmp_path, world.lines(2))
    assert list(tmp_path.iterdir()) == []


def receipt_body(world: World) -> ReceiptBody:
    return ReceiptBody(
        number=4,
        device=world.school.device,
        school=SCHOOL,
        issued="2025-10-02T09:00:00",
        epochs=(EpochMark(epoch=world.epoch, n=40, chain="cd" * 32),),
        packages=(PackageOutcome(package_id="0" * 32, number=12, outcome="applied", applied=40),),
        problems=(Problem(ent="student", uid="1" * 32, field="id_number", sentence="证件号校验位不对。"),),
        duplicates=(DuplicateCase(case="2" * 32, ent="student", uid="1" * 32, state="open", sentence="另一校也有。"),),
        revocations=(Revocation(serial=3, device="0" * 16, epoch="e" * 16, trusted_n=9, reason="电脑被盗"),),
    )


def county_line(world: World, n: int) -> bytes:
    return world.line(n, dev=world.county.device, ent="standard", role="county", scope=COUNTY)


def test_a_receipt_brings_the_answer_and_the_entries_of_the_county(tmp_path: Path, world: World) -> None:
    body = receipt_body(world)
    visible, hidden = [county_line(world, 1), county_line(world, 3)], county_line(world, 2)
    head = world.head(device=world.county.device, number=4)
    lines = [visible[0], withheld_line(hidden), visible[1]]
    written = write_receipt(tmp_path, head, body, world.county, world.school.public.sealing, lines)
    assert written.path.suffix == ".jzh"
    with open_receipt(written.path, world.school, world.county.public.signing) as receipt:
        assert receipt.body == body
        got = list(receipt.entries())
    link = GENESIS
    for line in (visible[0], hidden, visible[1]):
        link = chain_step(link, line)
    assert [(n, line) for n, _, line, _ in got] == [(1, visible[0]), (3, visible[1])]
    assert got[-1][1] == link  # the chain runs through the body that was not shown
    assert hidden not in written.path.read_bytes()


def test_a_receipt_is_for_one_device_of_one_county(tmp_path: Path, world: World) -> None:
    other, head = StationKeys.generate(), world.head(device=world.county.device, number=4)
    path = write_receipt(tmp_path, head, receipt_body(world), world.county, world.school.public.sealing).path
    with pytest.raises(PackageRefused, match="另一台电脑"):
        open_receipt(path, other, world.county.public.signing)
    with pytest.raises(PackageRefused, match="密钥"):
        open_receipt(path, world.school, other.public.signing)
    wrong = write_receipt(tmp_path, head, receipt_body(world), world.county, other.public.sealing).path
    with pytest.raises(PackageRefused, match="不是加密给本站的"):
        open_receipt(wrong, world.school, world.county.public.signing)
    with pytest.raises(PackageRefused, match=r"cert\.json"):
        open_package(path, world.county.sealing, world.trust)
    package = world.package(tmp_path, []).path
    with pytest.raises(PackageRefused):
        open_receipt(package, world.school, world.school.public.signing)


def test_lost_entries_come_back_down_signed_by_the_county(tmp_path: Path, world: World) -> None:
    lines, keys = world.lines(5), world.school
    written = write_down(tmp_path, world.head(), lines, world.county, SCHOOL, keys.device, keys.public.sealing)
    with open_down(written.path, keys, world.county.public.signing) as down:
        assert [body for _, _, body, _ in down] == lines
    with pytest.raises(PackageRefused, match="种类"):
        open_receipt(written.path, keys, world.county.public.signing)


def request(keys: StationKeys) -> Request:
    return Request(
        school=SCHOOL,
        school_name="青石镇中心小学",
        role="school",
        device=keys.device,
        signing=keys.public.signing,
        sealing=keys.public.sealing,
        wall_clock="2025-09-01T08:00:00",
    )


def test_a_request_is_signed_with_the_keys_it_names(tmp_path: Path, world: World) -> None:
    path = tmp_path / "a.jzr"
    write_request(path, request(world.school), world.school)
    assert read_request(path) == request(world.school)
    other = StationKeys.generate()
    write_request(path, request(other), world.school)
    with pytest.raises(PackageRefused, match="自己的密钥"):
        read_request(path)
    raw = path.read_bytes()
    for at in range(0, len(raw), 7):
        path.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        with pytest.raises(PackageRefused):
            read_request(path)


def test_a_certificate_travels_back_with_the_county_and_its_policy(tmp_path: Path, world: World) -> None:
    path, signed = tmp_path / "a.jzc", world.signed()
    write_certificate(path, signed, world.card(), world.county)
    with open_certificate(path, world.school, TODAY) as issued:
        assert (issued.signed, issued.county, issued.policy) == (signed, world.card(), None)
        assert issued.county.recipients == tuple(world.recipients)
    lines = [county_line(world, n) for n in (1, 2)]
    head = world.head(device=world.county.device, number=0)
    write_certificate(path, signed, world.card(), world.county, head, lines)
    pinned = world.county.public.signing
    with open_certificate(path, world.school, TODAY, pinned) as issued:
        assert issued.policy is not None
        assert [body for _, _, body, _ in issued.policy.entries()] == lines


def test_each_wrong_certificate_gets_its_own_sentence(tmp_path: Path, world: World) -> None:
    path, signed, other = tmp_path / "a.jzc", world.signed(), StationKeys.generate()
    write_certificate(path, signed, world.card(), world.county)
    with pytest.raises(PackageRefused, match="另一台电脑"):
        open_certificate(path, other, TODAY)
    with pytest.raises(PackageRefused, match="另一个县"):
        open_certificate(path, world.school, TODAY, other.public.signing)
    with pytest.raises(PackageRefused, match="2026-09-01 到期"):
        open_certificate(path, world.school, dt.date(2026, 9, 2))
    open_certificate(path, world.school, dt.date(2026, 9, 1)).close()
    with pytest.raises(PackageRefused, match="签名不对"):
        verify_certificate(signed.raw + b" ", signed.signature, world.trust)
    elsewhere = world.signed(county="431098")
    with pytest.raises(PackageRefused, match="另一个县"):
        verify_certificate(elsewhere.raw, elsewhere.signature, world.trust)
    newer = world.signed(version=99)
    with pytest.raises(PackageRefused, match="更新版本") as caught:
        verify_certificate(newer.raw, newer.signature, world.trust)
    assert caught.value.kind == "version"
    mismatched = world.signed(device="0" * 16)
    with pytest.raises(PackageRefused, match="设备编号"):
        verify_certificate(mismatched.raw, mismatched.signature, world.trust)


def _withheld(world: World) -> tuple[list[bytes], list[bytes]]:
    """Lines as they were, and with the second one erased."""
    lines = world.lines(4)
    return lines, [withheld_line(line) if at == 1 else line for at, line in enumerate(lines)]


def test_a_package_may_hold_the_hashes_of_what_was_erased(tmp_path: Path, world: World) -> None:
    whole, cut = _withheld(world)
    written = world.package(tmp_path, cut, withholds=True)
    assert written.manifest.min_reader == 2
    assert written.manifest.chain_after == world.package(tmp_path, whole).manifest.chain_after
    with open_package(written.path, world.county.sealing, world.trust) as package:
        got = list(package)
    assert [(n, body) for n, _, body, _ in got] == list(enumerate(cut, 1))
    assert [entry.op for *_, entry in got] == ["put", "withheld", "put", "put"]
    run = _with_stock_tools(tmp_path, world, written.path)
    assert run.returncode == 0, run.stderr


def test_a_package_of_before_may_not(tmp_path: Path, world: World) -> None:
    members = members_of(world.package(tmp_path, _withheld(world)[1], withholds=True).path)
    old = forge(tmp_path / "old.jzp", members, world.school, lambda said: said.update(min_reader=1))
    with (
        open_package(old, world.county.sealing, world.trust) as package,
        pytest.raises(PackageRefused, match="写法不对"),
    ):
        list(package)
    _refused(tmp_path, world, old, "entry 2 is not of this journal")


def test_a_package_without_erased_lines_is_read_by_programs_of_before(tmp_path: Path, world: World) -> None:
    assert world.package(tmp_path, world.lines(2), withholds=True).manifest.min_reader == 1
