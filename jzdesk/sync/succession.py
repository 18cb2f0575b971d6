"""The county's keys follow one another: each new pair is signed by the one before it, and travels with every answer.

A station that trusts one of them follows the signatures to the newest. Nothing else makes it trust another key.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from jzdesk.sync import sshsig
from jzdesk.sync.certificate import DOCUMENT_LIMIT, VERSION, CountyCard
from jzdesk.sync.container import ContainerReader, ContainerWriter
from jzdesk.sync.keys import StationKeys
from jzdesk.sync.refusal import PackageRefused
from jzdesk.sync.stretch import Number

SUFFIX: Final = ".jzs"
_MEMBER: Final = re.compile(r"succession-[0-9]{4}\.json")


class Succession(msgspec.Struct, frozen=True, kw_only=True):
    """That the county whose signing key was `previous` has the keys of `card` since `issued`."""

    version: Number = VERSION
    previous: str
    card: CountyCard
    issued: dt.date


@dataclass(frozen=True, slots=True)
class Link:
    """One succession as it was signed: the exact bytes, and the signature by the key before it."""

    raw: bytes
    signature: bytes

    @property
    def said(self) -> Succession:
        """What it says; trust it only after `follow`, or when it is one's own."""
        try:
            return msgspec.json.decode(self.raw, type=Succession)
        except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
            raise _refused("换密钥的文件写法不对") from None


def hand_over(previous: StationKeys, card: CountyCard, today: dt.date) -> Link:
    """The succession to the keys of `card`, signed with the keys before."""
    raw = msgspec.json.encode(Succession(previous=previous.public.signing, card=card, issued=today))
    return Link(raw, sshsig.sign(previous.signing, sshsig.SUCCESSION, raw))


def members(links: Iterable[Link]) -> dict[str, bytes]:
    """How successions stand in a container: `succession-0001.json` and its signature, the oldest first."""
    found = {}
    for number, link in enumerate(links, 1):
        found[_name(number)] = link.raw
        found[f"{_name(number)}.sig"] = link.signature
    return found


def read(container: ContainerReader) -> list[Link]:
    """The successions in a container, in order; none of them is believed yet."""
    count = sum(_MEMBER.fullmatch(name) is not None for name in container.names)
    return [
        Link(
            container.read(_name(number), DOCUMENT_LIMIT),
            container.read(f"{_name(number)}.sig", sshsig.SIGNATURE_LIMIT),
        )
        for number in range(1, count + 1)
    ]


def follow(links: Sequence[Link], pinned: str) -> CountyCard | None:
    """The county's newest card, reached from the pinned signing key by signatures alone; None when that is the newest.

    Raises PackageRefused when a signature is not by the key it has to be by, or the links lead from another key.
    """
    trusted, card = pinned, None
    for link in links:
        if sshsig.signer(link.signature) == trusted:
            card = _verified(link, trusted).card
            trusted = card.signing
    if links and links[-1].said.card.signing != trusted:
        raise _refused("县里换密钥的手续不是用本站所信的县密钥签的")
    return card


def newest(container: ContainerReader, pinned: str) -> tuple[str, CountyCard | None, tuple[str, ...]]:
    """Of a file of the county: the key it has to be signed by, the card when that is new to us, and the members
    that say so."""
    links = read(container)
    card = follow(links, pinned)
    return (card.signing if card else pinned), card, tuple(members(links))


def write_successions(path: Path, links: Sequence[Link]) -> None:
    """Write the successions as a file of their own (.jzs); raises StationFault."""
    with ContainerWriter(path) as container:
        for name, data in members(links).items():
            container.add(name, data)
        container.finish()


def read_successions(path: Path) -> list[Link]:
    """The successions in such a file; raises PackageRefused."""
    with ContainerReader(path) as container:
        links = read(container)
        if not links or set(container.names) != set(members(links)):
            raise PackageRefused("文件里有不该有的成员", "container")
        return links


def _verified(link: Link, trusted: str) -> Succession:
    try:
        sshsig.verify(trusted, sshsig.SUCCESSION, link.raw, link.signature)
    except PackageRefused as error:
        raise _refused(f"县里换密钥的签名不对：{error.what}") from None
    said = link.said
    if said.version > VERSION:
        raise PackageRefused("换密钥的文件是更新版本的程序写的，本程序读不了", "version")
    if said.previous != trusted:
        raise _refused("换密钥的文件与签它的密钥不符")
    return said


def _name(number: int) -> str:
    return f"succession-{number:04d}.json"


def _refused(reason: str) -> PackageRefused:
    return PackageRefused(reason, "certificate", "不要使用这个文件；请打电话与县教育局核对，本站没有改动。")
