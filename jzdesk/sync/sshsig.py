"""SSHSIG signatures with Ed25519, the same that `ssh-keygen -Y sign` and `-Y verify` make and check."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import struct
from typing import Final, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from jzdesk.sync.refusal import PackageRefused

PACKAGE: Final = "jzdesk-package"
RECEIPT: Final = "jzdesk-receipt"
CERTIFICATE: Final = "jzdesk-certificate"
REQUEST: Final = "jzdesk-request"
SUCCESSION: Final = "jzdesk-succession"
APP: Final = "jzdesk-app"

SIGNATURE_LIMIT: Final = 4096  # bytes of armour; an Ed25519 signature needs about 300
_MAGIC: Final = b"SSHSIG"
_KEY_TYPE: Final = b"ssh-ed25519"
_LINE: Final = 70
_HASHES: Final = {b"sha512": hashlib.sha512, b"sha256": hashlib.sha256}
_ARMOUR: Final = re.compile(
    rb"\s*-----BEGIN SSH SIGNATURE-----\r?\n([A-Za-z0-9+/=\r\n]+)-----END SSH SIGNATURE-----\s*"
)


class _Parts(NamedTuple):
    """The fields of a signature blob, as sent."""

    key: bytes
    namespace: bytes
    reserved: bytes
    algorithm: bytes
    signature: bytes


def sign(private: Ed25519PrivateKey, namespace: str, data: bytes) -> bytes:
    """An armoured signature over `data` (exact bytes), valid in this namespace only."""
    name = namespace.encode("ascii")
    raw = private.sign(_signed_bytes(name, b"", b"sha512", data))
    blob = b"".join(
        (
            _MAGIC,
            struct.pack(">I", 1),
            _string(_key_blob(private.public_key())),
            _string(name),
            _string(b""),
            _string(b"sha512"),
            _string(_string(_KEY_TYPE) + _string(raw)),
        )
    )
    return _armour(blob)


def verify(public: str | Ed25519PublicKey, namespace: str, data: bytes, signature: bytes) -> None:
    """Return when `signature` over `data` is by `public` in this namespace, else raise PackageRefused."""
    key = parse_public(public) if isinstance(public, str) else public
    parts = _parts(signature)
    if parts.key != _key_blob(key):
        raise _refused("签名不是用应有的密钥做的")
    if parts.namespace != namespace.encode("ascii"):
        raise _refused("签名的用途不对")
    if parts.algorithm not in _HASHES:
        raise _refused("签名用了本程序不认识的算法")
    try:
        key.verify(
            _raw_signature(parts.signature),
            _signed_bytes(parts.namespace, parts.reserved, parts.algorithm, data),
        )
    except InvalidSignature:
        raise _refused("签名与内容对不上，内容被改动或损坏") from None


def signer(signature: bytes) -> str:
    """The public key line a signature says it was made with; says nothing about whether it is valid."""
    reader = _Reader(_parts(signature).key)
    if reader.string() != _KEY_TYPE:
        raise _refused("签名用了本程序不认识的密钥")
    raw = reader.string()
    reader.end()
    return public_line(_public(raw))


def public_line(public: Ed25519PublicKey) -> str:
    """The key as in an OpenSSH `.pub` file without a comment: `ssh-ed25519 AAAA…`."""
    return f"{_KEY_TYPE.decode()} {base64.b64encode(_key_blob(public)).decode()}"


def parse_public(line: str) -> Ed25519PublicKey:
    """The key of an OpenSSH public key line; raises PackageRefused when it is not an Ed25519 one."""
    words = line.split()
    if len(words) < 2 or words[0] != _KEY_TYPE.decode():
        raise _refused("公钥的写法不对")
    reader = _Reader(_base64(words[1].encode("utf-8")))
    if reader.string() != _KEY_TYPE:
        raise _refused("公钥的写法不对")
    raw = reader.string()
    reader.end()
    return _public(raw)


def _public(raw: bytes) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(raw)
    except ValueError:
        raise _refused("公钥的写法不对") from None


def _parts(armoured: bytes) -> _Parts:
    """Take a signature apart; every malformed one is refused, none raises anything else."""
    match = _ARMOUR.fullmatch(armoured) if len(armoured) <= SIGNATURE_LIMIT else None
    if match is None:
        raise _refused("签名文件损坏")
    reader = _Reader(_base64(b"".join(match[1].split())))
    if reader.take(len(_MAGIC)) != _MAGIC or reader.number() != 1:
        raise _refused("签名文件损坏")
    parts = _Parts(*(reader.string() for _ in range(5)))
    reader.end()
    return parts


def _raw_signature(field: bytes) -> bytes:
    reader = _Reader(field)
    if reader.string() != _KEY_TYPE:
        raise _refused("签名用了本程序不认识的密钥")
    raw = reader.string()
    reader.end()
    return raw


def _signed_bytes(namespace: bytes, reserved: bytes, algorithm: bytes, data: bytes) -> bytes:
    """What the key really signs: the envelope with the hash of the data in it."""
    fields = (namespace, reserved, algorithm, _HASHES[algorithm](data).digest())
    return _MAGIC + b"".join(map(_string, fields))


def _key_blob(public: Ed25519PublicKey) -> bytes:
    return _string(_KEY_TYPE) + _string(public.public_bytes_raw())


def _string(value: bytes) -> bytes:
    return struct.pack(">I", len(value)) + value


def _armour(blob: bytes) -> bytes:
    text = base64.b64encode(blob)
    lines = [text[start : start + _LINE] for start in range(0, len(text), _LINE)]
    return b"\n".join((b"-----BEGIN SSH SIGNATURE-----", *lines, b"-----END SSH SIGNATURE-----", b""))


def _base64(text: bytes) -> bytes:
    """The bytes this is the one right spelling of."""
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise _refused("签名或公钥的文字损坏") from None
    if base64.b64encode(raw) != text:
        raise _refused("签名或公钥的文字损坏")
    return raw


def _refused(reason: str) -> PackageRefused:
    return PackageRefused(reason, "signature")


class _Reader:
    """Reads the length-prefixed fields of the SSH wire format."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at = data, 0

    def take(self, size: int) -> bytes:
        piece = self._data[self._at : self._at + size]
        if len(piece) != size:
            raise _refused("签名文件不完整")
        self._at += size
        return piece

    def number(self) -> int:
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        return self.take(self.number())

    def end(self) -> None:
        if self._at != len(self._data):
            raise _refused("签名文件后面多出了内容")
