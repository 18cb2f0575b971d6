"""Whatever is done to a package, it is refused with a reason in words, and memory stays bounded."""

from __future__ import annotations

import json
import os
import random
import struct
import tracemalloc
import zlib
from base64 import b85encode
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from jzdesk.core.chain import GENESIS, chain_step, withheld_line
from jzdesk.sync import sealing, sshsig
from jzdesk.sync.keys import StationKeys
from jzdesk.sync.package import open_package
from jzdesk.sync.receipt import ReceiptBody, open_receipt, write_receipt
from jzdesk.sync.refusal import PackageRefused
from tests.factories.packages import SCHOOL, World, forge, members_of, pack


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@pytest.fixture(scope="module")
def package(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return world.package(tmp_path_factory.mktemp("good"), world.lines(12)).path


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "bad.jzp"


def read(world: World, path: Path, identity: str | None = None) -> int:
    with open_package(path, identity or world.county.sealing, world.trust) as opened:
        return len(list(opened))


def refusal(world: World, path: Path) -> PackageRefused:
    """The refusal of a package, which must be a Chinese sentence with a remedy."""
    with pytest.raises(PackageRefused) as caught:
        read(world, path)
    assert any("\u4e00" <= char <= "\u9fff" for char in caught.value.what)
    assert caught.value.remedy.endswith("。")
    return caught.value


def test_the_package_these_tests_damage_is_good(world: World, package: Path) -> None:
    assert read(world, package) == 12


def test_every_flipped_bit_is_refused(world: World, package: Path, target: Path) -> None:
    raw, chance = package.read_bytes(), random.Random(20250901)
    places = {*range(200), *range(len(raw) - 700, len(raw)), *chance.sample(range(len(raw)), 900)}
    for at in places:
        target.write_bytes(raw[:at] + bytes([raw[at] ^ (1 << chance.randrange(8))]) + raw[at + 1 :])
        refusal(world, target)


def test_every_truncation_and_every_addition_is_refused(world: World, package: Path, target: Path) -> None:
    raw = package.read_bytes()
    for size in {*range(0, len(raw), 41), *range(len(raw) - 80, len(raw))}:
        target.write_bytes(raw[:size])
        assert refusal(world, target).kind == "container"
    for extra in (raw + b"\0", b"\0" + raw, raw + raw, b"MZ" + raw[2:], raw + bytes(100)):
        target.write_bytes(extra)
        assert refusal(world, target).kind == "container"


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\5\6" + bytes(18), bytes(100_000), "表格".encode() * 99])
def test_what_is_no_package_is_refused(world: World, target: Path, content: bytes) -> None:
    target.write_bytes(content)
    assert refusal(world, target).kind == "container"


def test_a_missing_file_is_refused_in_words(world: World, target: Path) -> None:
    assert refusal(world, target).kind == "container"


def zipped(
    members: list[tuple[bytes, bytes]],
    *,
    extra: bytes = b"",
    flags: int = 0,
    method: int = 0,
    comment: bytes = b"",
    local_name: bytes | None = None,
    gap: bytes = b"",
    size_off: int = 0,
    crc_off: int = 0,
    hidden: bytes = b"",
    hidden_in_directory: bytes = b"",
) -> bytes:
    """A ZIP as docs/package-format.md §1 says, written here a second time, with one thing wrong if asked for."""
    body, directory = b"", b""
    for name, data in members:
        crc, size = zlib.crc32(data) ^ crc_off, len(data)
        common = struct.pack("<5H3I2H", 10, flags, method, 0, 0x21, crc, size, size + size_off, len(name), len(extra))
        rest = struct.pack("<3H2I", 0, 0, 0, 0, len(body))
        directory += b"PK\1\2" + struct.pack("<H", 10) + common + rest + name + extra
        body += b"PK\3\4" + common + (local_name or name)[: len(name)] + extra + data + gap
    body, directory = body + hidden, directory + hidden_in_directory
    count, end = len(members), len(body)
    record = struct.pack("<4H2IH", 0, 0, count, count, len(directory), end, len(comment))
    return body + directory + b"PK\5\6" + record + comment


def test_a_zip_written_in_any_other_way_is_refused(world: World, package: Path, target: Path) -> None:
    members = [(name.encode(), data) for name, data in members_of(package).items()]
    target.write_bytes(zipped(members))
    assert read(world, target) == 12  # written in this way it is accepted, so each refusal below has its one reason
    wrong = {
        "extra field": zipped(members, extra=b"\1\0\0\0"),
        "encryption flag": zipped(members, flags=1),
        "data descriptor": zipped(members, flags=8),
        "compression": zipped(members, method=8),
        "comment": zipped(members, comment=b"hello"),
        "another local name": zipped(members, local_name=b"x" * 99),
        "gap": zipped(members, gap=b"hidden"),
        "sizes disagree": zipped(members, size_off=1),
        "checksum": zipped(members, crc_off=1),
        "hidden before the directory": zipped(members, hidden=b"hidden"),
        "hidden in the directory": zipped(members, hidden_in_directory=b"hidden"),
        "no members": zipped([]),
        "too many": zipped([*members, *((b"c%05d.age" % n, b"") for n in range(1, 4097))]),
    }
    for reason, raw in wrong.items():
        target.write_bytes(raw)
        assert refusal(world, target).kind == "container", reason


@pytest.mark.parametrize(
    "name",
    [
        b"..\\evil.age",
        b"../evil.age",
        b"/etc/passwd",
        b"c:evil.age",
        b"a/",
        b"",
        b".age",
        b"a" * 300 + b".age",
        b"A.age",
    ],
)
def test_a_member_with_a_dangerous_name_is_refused(world: World, package: Path, target: Path, name: bytes) -> None:
    members = [(one.encode(), data) for one, data in members_of(package).items()]
    target.write_bytes(zipped([*members, (name, b"x")]))
    assert "不允许的成员名" in refusal(world, target).what


def test_duplicate_members_are_refused(world: World, package: Path, target: Path) -> None:
    members = [(one.encode(), data) for one, data in members_of(package).items()]
    target.write_bytes(zipped([*members, (b"c00000.age", b"another")]))
    assert "两个 c00000.age" in refusal(world, target).what


def test_overlapping_members_and_false_counts_are_refused(world: World, package: Path, target: Path) -> None:
    raw = bytearray(package.read_bytes())
    directory = struct.unpack("<I", raw[-6:-2])[0]
    second = raw.index(b"PK\1\2", directory + 1)
    overlap = bytearray(raw)
    overlap[second + 42 : second + 46] = bytes(4)
    counts = bytearray(raw)
    counts[-14:-10] = struct.pack("<2H", 60000, 60000)
    for changed in (overlap, counts):
        target.write_bytes(changed)
        assert refusal(world, target).kind == "container"


def test_too_large_is_refused_before_it_is_read(world: World, target: Path) -> None:
    with target.open("wb") as file:
        file.truncate((512 << 20) + 1)
    assert "512 MB" in refusal(world, target).what


def test_another_county_and_another_or_expired_certificate_are_refused(
    world: World, package: Path, target: Path
) -> None:
    stranger = World(school=world.school, epoch=world.epoch)
    assert "另一个县" in refusal(stranger, package).what
    members = members_of(package)
    for changes, words in (
        ({"county": "431098"}, "另一个县"),
        ({"expires": "2025-09-30"}, "到期"),
        ({"school": "2143990002"}, "与证书不符"),
        ({"device": "0" * 16}, "设备编号"),
    ):
        signed = world.signed(**changes)
        cert = {"cert.json": signed.raw, "cert.json.sig": signed.signature}
        bad = refusal(world, forge(target, members | cert, world.school))
        assert words in bad.what
        assert bad.kind == "certificate"


def test_a_manifest_signed_by_somebody_else_is_refused(world: World, package: Path, target: Path) -> None:
    members = members_of(package)
    assert refusal(world, forge(target, members, StationKeys.generate())).kind == "signature"
    assert refusal(world, forge(target, members, world.school, namespace="jzdesk-receipt")).kind == "signature"
    members["manifest.json"] = members["manifest.json"].replace(b'"number":1', b'"number":2')
    assert refusal(world, pack(target, members)).kind == "signature"


def test_the_wrong_recipient_is_told_so(world: World, package: Path) -> None:
    with pytest.raises(PackageRefused, match="不是加密给本站的") as caught:
        read(world, package, StationKeys.generate().sealing)
    assert caught.value.kind == "recipient"


def test_swapped_and_foreign_chunks_are_refused(world: World, tmp_path: Path, target: Path) -> None:
    members = members_of(world.package(tmp_path, world.lines(5003)).path)
    other = members_of(world.package(tmp_path, world.lines(3)).path)
    one, two = members["c00000.age"], members["c00001.age"]
    swapped = members | {"c00000.age": two, "c00001.age": one}
    assert refusal(world, pack(target, swapped)).kind == "container"
    assert refusal(world, forge(target, swapped, world.school)).kind == "entry"
    foreign = members | {"c00001.age": other["c00000.age"]}
    assert refusal(world, pack(target, foreign)).kind in ("container", "chunk")
    missing = {name: data for name, data in members.items() if name != "c00000.age"}
    assert refusal(world, pack(target, missing)).kind == "container"
    assert refusal(world, forge(target, missing, world.school)).kind == "container"
    fewer = {name: data for name, data in members.items() if name != "c00001.age"}
    assert refusal(world, forge(target, fewer, world.school)).kind == "chain"


def test_of_several_faults_the_first_is_told(world: World, tmp_path: Path, target: Path) -> None:
    lines = world.lines(15_001)
    members = members_of(world.package(tmp_path, lines).path)
    broken = {f"c0000{n}.age": b"broken" for n in (1, 2, 3)}
    wrong_line = {"c00000.age": world.seal(b"\n".join([*lines[:4999], lines[0], b""]))}
    assert refusal(world, forge(target, members | broken | wrong_line, world.school)).kind == "entry"
    assert refusal(world, forge(target, members | broken, world.school)).kind == "chunk"

    def lie(manifest: dict[str, Any]) -> None:
        for member in manifest["members"]:
            if member["name"] in broken:
                member["sha256"] = "0" * 64

    assert refusal(world, forge(target, members | wrong_line, world.school, lie)).kind == "entry"
    assert "c00001.age 与清单不符" in refusal(world, forge(target, members, world.school, lie)).what


def test_what_is_wrong_with_a_chunk_that_is_read_in_pieces_is_said_as_of_any_other(
    world: World, tmp_path: Path, target: Path
) -> None:
    """So large that it never stands in memory both sealed and opened."""
    lines = [world.line(n, why=b85encode(os.urandom(2000)).decode()) for n in range(1, 2501)]
    chunk, short = world.seal(b"\n".join(lines) + b"\n"), world.lines(2500)
    members = members_of(world.package(tmp_path, short).path)
    whole = members | {"c00000.age": chunk}
    end = reduce(chain_step, lines, GENESIS).hex()
    counts = {ent: {"put": sum(f'"ent":"{ent}"'.encode() in line for line in lines)} for ent in ("student", "visit")}
    path = forge(tmp_path / "large.jzp", whole, world.school, lambda m: m.update(chain_after=end, counts=counts))
    assert len(chunk) > sealing.LARGE
    assert read(world, path) == 2500
    for at in (len(chunk) // 4, len(chunk) // 2, len(chunk) - 1):
        turned = chunk[:at] + bytes([chunk[at] ^ 1]) + chunk[at + 1 :]
        assert "与清单不符" in refusal(world, pack(target, members | {"c00000.age": turned})).what
        assert refusal(world, forge(target, members | {"c00000.age": turned}, world.school)).kind == "chunk"
    long_header = b"age-encryption.org/v1\n" + b"-> X25519 x\n" * (len(chunk) // 12)
    for bad in (chunk[:-1], chunk + b"\0", long_header, bytes(len(chunk))):
        assert refusal(world, forge(target, members | {"c00000.age": bad}, world.school)).kind == "chunk"
    with pytest.raises(PackageRefused, match="不是加密给本站的") as caught:
        read(world, path, StationKeys.generate().sealing)
    assert caught.value.kind == "recipient"
    half = world.seal(b"\n".join(lines)[:-9])
    assert len(half) > sealing.LARGE
    assert refusal(world, forge(target, members | {"c00000.age": half}, world.school)).kind == "entry"


def test_a_chunk_of_the_same_size_but_other_bytes_is_refused(world: World, package: Path, target: Path) -> None:
    members = members_of(package)
    chunk = members["c00000.age"]
    members["c00000.age"] = chunk[:-1] + bytes([chunk[-1] ^ 1])
    assert "与清单不符" in refusal(world, pack(target, members)).what


@pytest.mark.parametrize("name", ["evil.age", "c0000.age", "c000001.age", "b-1.age", "c00000.age.age", "cert.txt"])
def test_a_signed_member_with_a_name_that_is_none_is_refused(
    world: World, package: Path, target: Path, name: str
) -> None:
    members = members_of(package) | {name: world.seal(b"{}\n")}
    assert refusal(world, forge(target, members, world.school)).kind == "container"


Edit = Callable[[dict[str, object]], None]


@pytest.mark.parametrize(
    ("edit", "kind"),
    [
        (lambda m: m.update(min_reader=3, members="changed"), "version"),
        (lambda m: m.update(kind="receipt"), "container"),
        (lambda m: m.update(kind="nonsense"), "container"),
        (lambda m: m.update(first_n=0), "container"),
        (lambda m: m.update(chain_before="0"), "container"),
        (lambda m: m.update(device="../../etc"), "container"),
        (lambda m: m.pop("chain_after"), "container"),
        (lambda m: m.update(school="2143990002"), "certificate"),
        (lambda m: m.update(chain_before="1" * 64), "chain"),
        (lambda m: m.update(chain_after="1" * 64), "chain"),
        (lambda m: m.update(last_n=11), "chain"),
        (lambda m: m.update(last_n=13), "chain"),
        (lambda m: m.update(counts={"student": {"put": 99}}), "chain"),
        (lambda m: m.update(epoch="0" * 16), "entry"),
        (lambda m: m.update(first_n=2, last_n=13), "entry"),
    ],
)
def test_a_signed_lie_in_the_manifest_is_refused(
    world: World, package: Path, target: Path, edit: Edit, kind: str
) -> None:
    assert refusal(world, forge(target, members_of(package), world.school, edit)).kind == kind


def deep(levels: int) -> str:
    return "[" * levels + "]" * levels


def spoiled(world: World, package: Path, target: Path, chunk: bytes) -> PackageRefused:
    members = members_of(package) | {"c00000.age": world.seal(chunk)}
    return refusal(world, forge(target, members, world.school))


def test_lines_beyond_the_limits_are_refused(world: World, package: Path, target: Path) -> None:
    good = world.lines(12)
    cut = good[0][:-1].decode()
    bad_lines = {
        "deep": f'{cut},"base":{deep(4)}}}',
        "very deep": f'{cut},"more":{deep(20_000)}}}',
        "deep list": deep(20_000),
        "long": f'{cut},"why":"{"长" * 30_000}"}}',
        "float": cut.replace('"boards":1', '"boards":1.5') + "}",
        "not json": "{",
        "array": "[1]",
        "empty": "",
        "spaces": "   ",
        "two": good[0].decode() * 2,
    }
    for bad in bad_lines.values():
        assert spoiled(world, package, target, b"\n".join([bad.encode(), *good[1:]]) + b"\n").kind == "entry"
    raw = b"\n".join(good)
    for chunk in (raw + b"\n\n", b"\n" * 6000, b"\n" * (8 << 20)):
        assert spoiled(world, package, target, chunk).kind == "chain"
    for chunk in (raw, b"\xff\xfe\n", good[0][:-5], b"\0" * 99):
        assert spoiled(world, package, target, chunk).kind == "entry"


def test_as_deep_as_allowed_is_accepted(world: World, tmp_path: Path) -> None:
    lines = [world.line(1, base={"name": ["0" * 32], "sex": ["1" * 32]}, later={"a": {"b": ["c"]}})]
    assert read(world, world.package(tmp_path, lines).path) == 1


def test_a_school_may_not_withhold_a_body(world: World, package: Path, target: Path) -> None:
    lines = [withheld_line(bytes(32)), *world.lines(12)[1:]]
    assert spoiled(world, package, target, b"\n".join(lines) + b"\n").kind == "entry"


def test_a_signed_bomb_is_refused_within_bounded_memory(world: World, package: Path, target: Path) -> None:
    spaces = world.seal(b" " * (300 << 20))
    many = world.seal((b'{"a":1}\n' * 4999 + b" " * 60_000 + b"\n") * 700)
    for bomb in (spaces, many):
        forge(target, members_of(package) | {"c00000.age": bomb}, world.school)
        tracemalloc.start()
        refusal(world, target)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 40 << 20


def test_a_stranger_can_not_make_the_manifest_parser_dive(world: World, package: Path, target: Path) -> None:
    members = members_of(package)
    for raw in (deep(100_000).encode(), f'{{"min_reader":1,"x":{deep(100_000)}}}'.encode(), b"", b"\xff"):
        signature = sshsig.sign(world.school.signing, sshsig.PACKAGE, raw)
        changed = members | {"manifest.json": raw, "manifest.json.sig": signature}
        assert refusal(world, pack(target, changed)).kind == "container"


def test_a_flipped_byte_in_a_receipt_is_refused(world: World, tmp_path: Path, target: Path) -> None:
    body = ReceiptBody(number=1, device=world.school.device, school=SCHOOL, issued="2025-10-01")
    head = world.head(device=world.county.device)
    lines = [world.line(1, dev=world.county.device), withheld_line(bytes(32))]
    path = write_receipt(tmp_path, head, body, world.county, world.school.public.sealing, lines).path
    raw = path.read_bytes()
    for at in range(0, len(raw), 5):
        target.write_bytes(raw[:at] + bytes([raw[at] ^ 2]) + raw[at + 1 :])
        with pytest.raises(PackageRefused), open_receipt(target, world.school, world.county.public.signing) as bad:
            list(bad.entries())


def test_a_signed_receipt_with_a_malformed_withheld_line_is_refused(world: World, tmp_path: Path, target: Path) -> None:
    body = ReceiptBody(number=1, device=world.school.device, school=SCHOOL, issued="2025-10-01")
    head = world.head(device=world.county.device)
    good = write_receipt(tmp_path, head, body, world.county, world.school.public.sealing, [withheld_line(bytes(32))])
    for bad in (b'{"withheld":"xyz"}', b'{"withheld":1,"n":1}', withheld_line(bytes(32)) + b" "):
        sealed = sealing.seal(bad + b"\n", [world.school.public.sealing])
        members = members_of(good.path) | {"c00000.age": sealed}
        forge(target, members, world.county, namespace="jzdesk-receipt")
        with open_receipt(target, world.school, world.county.public.signing) as opened:
            with pytest.raises(PackageRefused) as caught:
                list(opened.entries())
            assert caught.value.kind == "entry"
    assert json.loads(members["manifest.json"])["last_n"] == 1
