"""Writes a stretch of journal into a container: chunks of lines, checked, chained and sealed, and what they come to."""

from __future__ import annotations

import secrets
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jzdesk.core.chain import chain_links
from jzdesk.core.errors import StationFault
from jzdesk.sync import sealing, sshsig
from jzdesk.sync.container import ContainerWriter
from jzdesk.sync.lines import CHUNK_ENTRIES, LINE_LIMIT, Examined, examine, glance
from jzdesk.sync.refusal import PackageRefused
from jzdesk.sync.stretch import (
    FORMAT,
    MANIFEST,
    PLAIN,
    SIGNATURE,
    WITHHOLDING,
    Head,
    Manifest,
    Member,
    PackageKind,
    Progress,
    add_to,
    chunk_name,
    nested,
    source_of,
)

CHUNK_BYTES: Final = 4 << 20  # open bytes after which the writer begins the next chunk
_BESIDE: Final = 2  # chunks under way in threads
_HANDFUL: Final = 100  # lines; CHUNK_ENTRIES is a multiple of it


@dataclass(frozen=True, slots=True)
class PackageWritten:
    """A finished file: where, how many entries, its SHA-256 in hex, and what its manifest says."""

    path: Path
    entries: int
    sha256: str
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Envelope:
    """How a stretch is wrapped: its kind, who signs in which namespace, who can open it, whom it is for.

    `withholds`: whether lines may be withheld (`core.chain.withheld_line`).
    """

    kind: PackageKind
    signer: Ed25519PrivateKey
    namespace: str
    recipients: Sequence[str]
    addressee: str | None = None
    withholds: bool = True


def write_stretch(
    path: Path,
    head: Head,
    entries: Iterable[bytes],
    envelope: Envelope,
    *,
    first: Mapping[str, bytes] | None = None,
    blobs: Iterable[tuple[str, bytes]] = (),
    progress: Progress | None = None,
    proof: bytes | None = None,
) -> PackageWritten:
    """Write a container: `first` members, sealed chunks, sealed `blobs`, and the signed manifest last.

    Lines are read while the two chunks before them are sealed; no more are in memory. `progress` gets the entries
    written so far after each chunk and may raise to cancel: then nothing is left.

    Every line is examined as a reader will, unless `proof` is given: the link that our journal has for the last entry.
    What leads there is, byte for byte, what was examined when it came into the journal, and need not be again.

    Raises StationFault, also when the lines do not lead to `proof`: then the journal is damaged; ValueError for lines
    no reader would take.
    """
    with ContainerWriter(path) as container:
        writing = _Writing(container, head, envelope, proof)
        for name, data in (first or {}).items():
            writing.add(name, data)
        with ThreadPoolExecutor(_BESIDE) as beside:
            for lines in _handfuls(entries):
                writing.take(lines)
                if writing.is_full:
                    writing.seal(beside, progress)
            writing.seal(beside, progress)
            writing.finish_chunks()
        writing.check_end()
        for name, data in blobs:
            writing.add(name, sealing.seal(data, envelope.recipients))
        manifest = writing.manifest()
        raw = msgspec.json.encode(manifest)
        container.add(MANIFEST, raw)
        container.add(SIGNATURE, sshsig.sign(envelope.signer, envelope.namespace, raw))
        return PackageWritten(path, writing.entries, container.finish(), manifest)


class _Writing:
    """The state of a stretch being written: chain, counts and members so far, and the chunk that is being filled."""

    def __init__(self, container: ContainerWriter, head: Head, envelope: Envelope, proof: bytes | None) -> None:
        self._container, self._head, self._envelope, self._proof = container, head, envelope, proof
        self._source = source_of(head, envelope.withholds)
        self._link = bytes.fromhex(head.chain_before)
        self._members: list[Member] = []
        self._counts: Counter[tuple[str, str]] = Counter()
        self._open: list[bytes] = []
        self._size = self._chunks = self.entries = self._withheld = 0
        self._sealing: deque[Future[bytes]] = deque()

    def add(self, name: str, data: bytes) -> None:
        """Put one member into the container and into the manifest's table."""
        self._container.add(name, data)
        self._members.append(Member(name, len(data), sha256(data).hexdigest()))

    def take(self, bodies: list[bytes]) -> None:
        """Check and chain the next lines, and put them into the open chunk."""
        if max(map(len, bodies)) > LINE_LIMIT:
            raise ValueError("no reader would take a line as long as one of these")
        n = self._head.first_n + self.entries
        try:
            seen: Examined[Any] = (examine if self._proof is None else glance)(bodies, self._source, n)
        except PackageRefused as error:
            if self._proof is not None:
                raise _damaged() from error
            raise ValueError(f"no reader would take these lines: {error.what}") from error
        add_to(self._counts, seen.kinds)
        self._withheld += len(bodies) - len(seen.said)
        self._link = chain_links(self._link, seen.hashes)[-1]
        self._open += bodies
        self._size += sum(map(len, bodies))
        self.entries += len(bodies)

    @property
    def is_full(self) -> bool:
        """Whether the open chunk should take no more."""
        return len(self._open) >= CHUNK_ENTRIES or self._size >= CHUNK_BYTES

    def seal(self, beside: Executor, progress: Progress | None) -> None:
        """Let the open chunk be sealed, if there is anything in it; those before the last two are added by then."""
        if not self._open:
            return
        opened, self._open, self._size = b"\n".join((*self._open, b"")), [], 0
        self._sealing.append(beside.submit(sealing.seal, opened, self._envelope.recipients))
        self.finish_chunks(_BESIDE)
        if progress is not None:
            progress(self.entries)

    def finish_chunks(self, left: int = 0) -> None:
        """Add the chunks that were given to be sealed, but for so many."""
        while len(self._sealing) > left:
            self.add(chunk_name(self._chunks), self._sealing.popleft().result())
            self._chunks += 1

    def check_end(self) -> None:
        """Raise StationFault when the lines were not those that lead to the proof, if there is one."""
        if self._proof not in (None, self._link):
            raise _damaged()

    def manifest(self) -> Manifest:
        """The table of contents of what was added."""
        return Manifest(
            **msgspec.structs.asdict(self._head),
            format=FORMAT,
            min_reader=WITHHOLDING if self._withheld and self._envelope.kind == "package" else PLAIN,
            kind=self._envelope.kind,
            package_id=secrets.token_hex(16),
            addressee=self._envelope.addressee,
            last_n=self._head.first_n + self.entries - 1,
            chain_after=self._link.hex(),
            members=tuple(self._members),
            counts=nested(self._counts),
        )


def _handfuls(entries: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Lines in order, as many as stay in the processor's cache; a chunk is at most CHUNK_BYTES and a handful large."""
    lines = iter(entries)
    while handful := list(islice(lines, _HANDFUL)):
        yield handful


def _damaged() -> StationFault:
    return StationFault(
        "本站存的记录与校验链对不上，数据库可能已损坏",
        "没有写出文件，已有的文件没有变动",
        "请在“维护”页“核对数据”；确有损坏时从较早的备份恢复，并告知县级管理员。",
    )
