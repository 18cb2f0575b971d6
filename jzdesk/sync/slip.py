"""The receipt slip: what a receipt acknowledges, signed, as a few lines of letters that fit a QR code.

When the stick with the receipt is lost, the county prints it; the school scans it (a scanner types) or types it in. It
acknowledges, nothing more: policy and the work list still come with a receipt.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from jzdesk.sync import sshsig
from jzdesk.sync.refusal import PackageRefused

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0 and O, no 1 and I
_CONTEXT = b"jzdesk-slip-1\n"
_LINE, _CHECK = 25, 2
_HEAD, _EPOCH = struct.Struct(">BI8sB"), struct.Struct(">8sI16s")
_SIGNATURE = 64


@dataclass(frozen=True, slots=True)
class Reached:
    """How far one epoch (16 hex digits) was applied: the last number, and the first 16 bytes of the chain there."""

    epoch: str
    n: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class Slip:
    """What the county acknowledges to a device (16 hex digits) in its receipt `number`."""

    number: int
    device: str
    epochs: tuple[Reached, ...]


def write_slip(slip: Slip, county: Ed25519PrivateKey) -> list[str]:
    """The slip as lines of at most 27 letters, the last two of each a check of the others."""
    raw = _packed(slip)
    letters = _letters(raw + county.sign(_CONTEXT + raw))
    return [_checked(letters[at : at + _LINE]) for at in range(0, len(letters), _LINE)]


def read_slip(typed: str, county_public: str) -> Slip:
    """The slip that was scanned or typed, in any case and grouping, signed by the county's key (`ssh-ed25519 AAAA…`).

    Raises PackageRefused naming the line that was typed wrong, or saying that the signature is not the county's.
    """
    raw = _bytes(_without_checks(typed))
    if len(raw) < _HEAD.size + _SIGNATURE:
        raise _wrong("回执单的字母不全")
    said, signature = raw[:-_SIGNATURE], raw[-_SIGNATURE:]
    try:
        sshsig.parse_public(county_public).verify(signature, _CONTEXT + said)
    except InvalidSignature:
        raise _wrong("回执单不是本县签发的") from None
    return _unpacked(said)


def _packed(slip: Slip) -> bytes:
    head = _HEAD.pack(1, slip.number, bytes.fromhex(slip.device), len(slip.epochs))
    return head + b"".join(_EPOCH.pack(bytes.fromhex(one.epoch), one.n, one.chain[:16]) for one in slip.epochs)


def _unpacked(raw: bytes) -> Slip:
    version, number, device, count = _HEAD.unpack_from(raw)
    if version != 1 or len(raw) != _HEAD.size + count * _EPOCH.size:
        raise _wrong("回执单是更新版本的程序写的，本程序读不了")
    found = (_EPOCH.unpack_from(raw, _HEAD.size + at * _EPOCH.size) for at in range(count))
    return Slip(number, device.hex(), tuple(Reached(epoch.hex(), n, chain) for epoch, n, chain in found))


def _letters(raw: bytes) -> str:
    """Five bits a letter, the last one filled up with zeros."""
    number, size = int.from_bytes(raw, "big"), -(-len(raw) * 8 // 5)
    number <<= size * 5 - len(raw) * 8
    return "".join(_ALPHABET[number >> shift & 31] for shift in range((size - 1) * 5, -1, -5))


def _bytes(letters: str) -> bytes:
    number = 0
    for letter in letters:
        number = number << 5 | _ALPHABET.index(letter)
    size = len(letters) * 5 // 8
    return (number >> (len(letters) * 5 - size * 8)).to_bytes(size, "big")


def _checked(line: str) -> str:
    check = zlib.crc32(line.encode()) & 1023
    return f"{line}{_ALPHABET[check >> 5]}{_ALPHABET[check & 31]}"


def _without_checks(typed: str) -> str:
    """The letters of all lines; PackageRefused names the first line whose check does not fit."""
    plain = "".join(letter for letter in typed.upper() if letter in _ALPHABET)
    lines = [plain[at : at + _LINE + _CHECK] for at in range(0, len(plain), _LINE + _CHECK)]
    for number, line in enumerate(lines, 1):
        if len(line) <= _CHECK or _checked(line[:-_CHECK]) != line:
            raise _wrong(f"第 {number} 行有字母不对")
    return "".join(line[:-_CHECK] for line in lines)


def _wrong(what: str) -> PackageRefused:
    return PackageRefused(what, "container", "请对照回执单重新扫描或逐行输入；单子上没有 0、O、1、I。")
