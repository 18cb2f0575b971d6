"""A stretch of journal in a container: signed manifest, sealed chunks of lines, the chain through them; reading it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import chain
from typing import Annotated, Final, Literal, Self, TypeVar

import msgspec

from jzdesk.core.chain import chain_links
from jzdesk.core.merge import BLANK, Entry
from jzdesk.sync import sealing, sshsig
from jzdesk.sync.container import ContainerReader, Section
from jzdesk.sync.lines import CHUNK_ENTRIES, Runs, Source, examine, split_lines
from jzdesk.sync.refusal import PackageRefused

FORMAT: Final = 2  # what this program writes, and the newest it reads
PLAIN: Final = 1  # the oldest program that reads what holds no more than that one knew
WITHHOLDING: Final = 2  # from here on a package may hold lines of entries that were erased by law
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "manifest.json.sig"
MANIFEST_LIMIT: Final = 2 << 20
_SEALED: Final = re.compile(r"c[0-9]{5}\.age|b-[0-9a-f]{32}\.age")

_T = TypeVar("_T")
Numbered = tuple[int, bytes, bytes, Entry]
"""An entry as it comes out of a file: its number, its link of the chain (32 bytes), the exact line, what it says.

A withheld line says `BLANK`.
"""
Progress = Callable[[int], None]
PackageKind = Literal["package", "receipt", "down"]
Hex16 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{16}$")]
Hex32 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$")]
Hex64 = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
Epoch = Annotated[str, msgspec.Meta(pattern="^[0-9A-Za-z-]{8,64}$")]
Number = Annotated[int, msgspec.Meta(ge=0, lt=2**53)]


class Member(msgspec.Struct, frozen=True):
    """One file in the container: its name, size in bytes and SHA-256 in hex, as sealed."""

    name: str
    size: Number
    sha256: Hex64


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """What the sender knows before it writes: who, which stretch, and after what.

    `device`, `epoch`, `first_n` and `chain_before` say where the stretch lies; `number` counts the files of
    this kind from this sender; `previous` is the SHA-256 of the file sent before; `last_receipt` the number
    of the last receipt seen; `wall_clock` ISO text, `clock_suspect` whether the PC's clock is known wrong.
    """

    county: str
    school: str
    school_name: str
    device: Hex16
    epoch: Epoch
    parent_epoch: Epoch | None = None
    number: Number
    previous: Hex64 | None = None
    first_n: Annotated[int, msgspec.Meta(ge=1, lt=2**53)]
    chain_before: Hex64
    last_receipt: Number | None = None
    app: str
    schema: Number
    wall_clock: str
    clock_suspect: bool = False


class Manifest(Head, frozen=True, kw_only=True):
    """The signed table of contents. An empty stretch has `last_n` = `first_n` - 1 and the same hash twice.

    `addressee` is the device a receipt or a way down is for; `counts` is entity → operation → entries.
    """

    format: Number
    min_reader: Number
    kind: PackageKind
    package_id: Hex32
    addressee: Hex16 | None = None
    last_n: Number
    chain_after: Hex64
    members: tuple[Member, ...]
    counts: dict[str, dict[str, int]]


class _Version(msgspec.Struct):
    """The one thing of a manifest that every version keeps in its place."""

    min_reader: int


def verified_manifest(
    container: ContainerReader, public: str, namespace: str, kind: PackageKind, plain: Sequence[str] = ()
) -> Manifest:
    """The manifest, parsed from the bytes whose signature by `public` was checked, and fitting the container.

    `plain` names the members it may hold besides chunks and blobs. Raises PackageRefused: signature, version
    (a newer program is needed), or container.
    """
    raw = container.read(MANIFEST, MANIFEST_LIMIT)
    sshsig.verify(public, namespace, raw, container.read(SIGNATURE, sshsig.SIGNATURE_LIMIT))
    if _decode(raw, _Version).min_reader > FORMAT:
        raise PackageRefused("这个文件是更新版本的程序写的，本程序读不了", "version")
    manifest = _decode(raw, Manifest)
    if manifest.kind != kind:
        raise PackageRefused("文件的种类不对，不能在这里使用", "container")
    _check_members(container, manifest)
    if any(not _SEALED.fullmatch(member.name) and member.name not in plain for member in manifest.members):
        raise PackageRefused("文件里有不该有的成员", "container")
    return manifest


class StretchReader:
    """Goes through the chunks of a verified container, once or more."""

    def __init__(self, container: ContainerReader, manifest: Manifest, identity: str | None) -> None:
        self.manifest = manifest
        self._container, self._identity = container, identity
        self._table = {member.name: member for member in manifest.members}

    def entries(self, progress: Progress | None = None, *, blanks: bool = False) -> Iterator[Numbered]:
        """Each entry in order, examined.

        Nothing may be kept unless the iteration ends without an error: the last hash is compared at the end.
        Withheld lines move the chain; they are handed out of packages, where they stand for what was erased, and for
        `blanks`. What comes down withholds what we may not see: that is not handed out.
        """
        return chain.from_iterable(self._examined(progress, blanks or self.manifest.kind == "package"))

    def _examined(self, progress: Progress | None, blanks: bool) -> Iterator[Iterator[Numbered]]:
        """The entries, as many at a time as came out of the chunk together."""
        manifest = self.manifest
        source = source_of(manifest, manifest.kind != "package" or manifest.min_reader >= WITHHOLDING)
        link, n, counts = bytes.fromhex(manifest.chain_before), manifest.first_n, Counter[tuple[str, str]]()
        for name in self._chunk_names():
            in_chunk = 0
            for bodies in split_lines(self._opened(name)):
                in_chunk += len(bodies)
                self._check_room(n + len(bodies) - 1, in_chunk)
                numbered, link = _numbered(bodies, source, n, link, counts, blanks)
                yield numbered
                n += len(bodies)
            if progress is not None:
                progress(n - manifest.first_n)
        self._check_end(n, link, counts)

    def member(self, name: str) -> bytes:
        """The sealed bytes of a member, after comparing their SHA-256 with the manifest."""
        data = self._container.read(name, sealing.SEALED_LIMIT, proved=True)
        if name not in self._table or sha256(data).hexdigest() != self._table[name].sha256:
            raise _changed(name)
        return data

    def open_member(self, name: str, limit: int = sealing.OPEN_LIMIT) -> bytes:
        """A sealed member (a photo, a receipt's document), checked and opened."""
        return b"".join(self._opened(name, limit))

    def check_members(self) -> None:
        """Compare every member with the manifest without opening any: what a station that forwards can do."""
        for name in self._table:
            self._proved(name)

    def first_line(self) -> bytes | None:
        """The bytes of the first line, None of an empty stretch; nothing of it is checked but its chunk's hash."""
        names = self._chunk_names()
        if not names:
            return None
        return next((bodies[0] for bodies in split_lines(self._opened(names[0]))), None)

    def check_recipient(self) -> None:
        """Raise PackageRefused `recipient` when the sealed members were not sealed for this identity."""
        for name in self._table:
            if name.endswith(".age"):
                if self._is_large(name):
                    sealing.unlock_pieces(self._proved(name), self._secret())
                else:
                    sealing.unlock(self.member(name), self._secret())
                return

    def _opened(self, name: str, limit: int = sealing.OPEN_LIMIT) -> Iterator[bytes]:
        """What stands in a member, which is checked against the manifest first."""
        if self._is_large(name):
            return sealing.open_pieces(self._proved(name), self._secret(), limit)
        return sealing.open_stream(self.member(name), self._secret(), limit)

    def _is_large(self, name: str) -> bool:
        return name in self._table and self._table[name].size > sealing.LARGE

    def _proved(self, name: str) -> Section:
        """The sealed bytes of a member, to be read in pieces, after comparing their SHA-256 with the manifest."""
        pieces, digest = self._container.section(name, sealing.SEALED_LIMIT), sha256()
        while piece := pieces.read(1 << 20):
            digest.update(piece)
        if digest.hexdigest() != self._table[name].sha256:
            raise _changed(name)
        return self._container.section(name, sealing.SEALED_LIMIT)

    def _secret(self) -> str:
        if self._identity is None:
            raise PackageRefused("本站没有打开这个文件的密钥", "recipient")
        return self._identity

    def _chunk_names(self) -> list[str]:
        return [name for name in self._table if is_chunk(name)]

    def _check_room(self, last: int, in_chunk: int) -> None:
        if last > self.manifest.last_n or in_chunk > CHUNK_ENTRIES:
            raise PackageRefused("记录比清单上写的多", "chain")

    def _check_end(self, n: int, link: bytes, counts: Counter[tuple[str, str]]) -> None:
        manifest = self.manifest
        if n != manifest.last_n + 1:
            raise PackageRefused("记录比清单上写的少", "chain")
        if link.hex() != manifest.chain_after:
            raise PackageRefused("记录的校验链与清单对不上", "chain")
        if nested(counts) != manifest.counts:
            raise PackageRefused("各类记录的条数与清单对不上", "chain")


@dataclass(frozen=True, slots=True)
class OpenedStretch:
    """A verified file with a stretch in it; a context manager that lets go of the file."""

    manifest: Manifest
    stretch: StretchReader
    container: ContainerReader

    def entries(self, progress: Progress | None = None, *, blanks: bool = False) -> Iterator[Numbered]:
        """(n, link of the chain, exact line, entry) of each; keep nothing unless it ends without an error."""
        return self.stretch.entries(progress, blanks=blanks)

    def __iter__(self) -> Iterator[Numbered]:
        return self.entries()

    def close(self) -> None:
        """Let go of the file."""
        self.container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


def _numbered(
    bodies: list[bytes], source: Source, n: int, link: bytes, counts: Counter[tuple[str, str]], blanks: bool
) -> tuple[Iterator[Numbered], bytes]:
    """The entries of lines from number `n` after `link` on, and the last of their links; `counts` grows along.

    With `blanks` the withheld ones are among them.

    Nothing else holds them: they are gone, and their memory is warm, when the next lines come.
    """
    seen = examine(bodies, source, n)
    add_to(counts, seen.kinds)
    links = chain_links(link, seen.hashes)
    if blanks and seen.shown is not None:
        said = iter(seen.said)
        filled = [next(said) if shown else BLANK for shown in seen.shown]
        return zip(range(n, n + len(bodies)), links, bodies, filled, strict=True), links[-1]
    visible = map(seen.visible, (range(n, n + len(bodies)), links, bodies))
    return zip(*visible, seen.said, strict=True), links[-1]


def _changed(name: str) -> PackageRefused:
    return PackageRefused(f"其中的 {name} 与清单不符，被改动或损坏", "chunk")


def chunk_name(index: int) -> str:
    """The member that holds the chunk with this index, from 0."""
    return f"c{index:05d}.age"


def is_chunk(name: str) -> bool:
    """Whether a member is a chunk of entries."""
    return len(name) == 10 and name[0] == "c" and name[1:6].isdigit() and name.endswith(".age")


def blob_name(uid: str) -> str:
    """The member that holds the photo or other attachment with this uid (32 hex digits)."""
    return f"b-{uid}.age"


def source_of(head: Head, may_withhold: bool) -> Source:
    """Whose lines a stretch holds, and whether it may withhold a body."""
    return Source(head.device, head.epoch, may_withhold)


def add_to(counts: Counter[tuple[str, str]], runs: Runs) -> None:
    """Count entries by their kind, (entity, operation)."""
    for kind, number in runs:
        counts[kind] += number


def nested(counts: Counter[tuple[str, str]]) -> dict[str, dict[str, int]]:
    """Counts of kinds as a manifest has them: entity → operation → entries."""
    found: dict[str, dict[str, int]] = {}
    for (entity, operation), count in sorted(counts.items()):
        if count:
            found.setdefault(entity, {})[operation] = count
    return found


def _check_members(container: ContainerReader, manifest: Manifest) -> None:
    """The manifest's table must name exactly the other members, with their sizes, no chunk left out."""
    found = {name: container.size(name) for name in container.names if name not in (MANIFEST, SIGNATURE)}
    listed = {member.name: member.size for member in manifest.members}
    if found != listed or len(listed) != len(manifest.members):
        raise PackageRefused("文件里的内容与清单不符", "container")
    chunks = [member.name for member in manifest.members if is_chunk(member.name)]
    if chunks != [chunk_name(index) for index in range(len(chunks))]:
        raise PackageRefused("文件里的数据块编号不连续", "container")


def _decode(raw: bytes, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise PackageRefused("文件的清单写法不对", "container") from None
