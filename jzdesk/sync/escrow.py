"""The county's keys, sealed to a key that exists on paper only: what a county needs whose computer is gone (sync §3).

The paper key is an age identity like any other, so that packages too can be opened with it and stock tools.
"""

from __future__ import annotations

import hashlib
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from jzdesk.core.errors import UserError
from jzdesk.sync import sealing
from jzdesk.sync.files import faults_of, write_durably
from jzdesk.sync.keys import Secret, StationKeys, in_groups
from jzdesk.sync.refusal import PackageRefused
from jzdesk.sync.succession import Link

PREFIX: Final = "AGE-SECRET-KEY-1"
_LENGTH: Final = 58  # letters and digits behind the prefix
_PREFIX: Final = PREFIX.replace("-", "")
_LIMIT: Final = 1 << 20
_NAME: Final = "托管钥匙"


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    """What stands inside: every pair of keys, the oldest first, and how they followed each other (bytes as base64)."""

    version: int = 1
    county: str
    pairs: tuple[Secret, ...]
    successions: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """The county's keys, the oldest first, with the successions that say which of them signs."""

    county: str
    keys: tuple[StationKeys, ...]
    links: tuple[Link, ...]


def typed(text: str) -> str:
    """The paper key as a person typed or scanned it; blanks, dashes, case and full-width letters do not matter.

    Raises UserError for what is none: the key carries a checksum, so a slip is noticed.
    """
    plain = "".join(filter(str.isalnum, unicodedata.normalize("NFKC", text).upper())).replace("O", "0")
    body = plain.removeprefix(_PREFIX)
    remedy = "请对照纸上的托管钥匙逐组重新输入，或扫描纸上的二维码。"
    if len(body) != _LENGTH:
        raise UserError(f"托管钥匙应有 {_LENGTH} 位，输入了 {len(body)} 位", remedy, _NAME)
    try:
        sealing.recipient_of(PREFIX + body)
    except PackageRefused:
        raise UserError("托管钥匙有输错的地方", remedy, _NAME) from None
    return PREFIX + body


def groups(identity: str) -> list[str]:
    """What follows the prefix, four characters at a time, as it stands on paper."""
    body = identity.removeprefix(PREFIX)
    return [body[begin : begin + 4] for begin in range(0, len(body), 4)]


def mark(recipient: str) -> str:
    """Eight characters in two groups that tell one paper key from another."""
    return in_groups(hashlib.sha256(recipient.encode()).digest()[:5])


def write_copy(path: Path, copy: Copy, recipient: str) -> None:
    """Keep the keys sealed to the paper key, in one step that survives a power cut; raises StationFault."""
    pairs = tuple(keys.secret() for keys in copy.keys)
    kept = _Kept(county=copy.county, pairs=pairs, successions=copy.links)
    write_durably(path, sealing.seal(msgspec.json.encode(kept), [recipient]))


def read_copy(path: Path, identity: str) -> Copy:
    """The keys again; raises UserError when the paper key is another one, or the file is damaged."""
    try:
        raw = sealing.open_sealed(_read(path), identity, _LIMIT)
        kept = msgspec.json.decode(raw, type=_Kept)
        return Copy(kept.county, tuple(map(StationKeys.of, kept.pairs)), kept.successions)
    except PackageRefused as refused:
        if refused.kind == "recipient":
            what = "这把托管钥匙打不开县密钥的托管副本"
            raise UserError(what, "请核对是不是最近一次打印的那张；旧的那张在换新以后就作废了。", _NAME) from None
    except (msgspec.DecodeError, ValueError):
        pass
    raise UserError("县密钥的托管副本损坏", "请换一份备份，或用原来电脑的整个工作站文件夹。", path.name)


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file, faults_of("磁盘"):
            return file.read(_LIMIT)
    except FileNotFoundError:
        raise UserError(
            "这里没有县密钥的托管副本",
            "备份要在启用托管钥匙以后做的才带着它；没有的，请用原来电脑的整个工作站文件夹。",
            path.name,
        ) from None
