"""A station's two keys, to sign and to open with, and the sealed file they live in outside the database."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from jzdesk.core.errors import UserError
from jzdesk.sync import sealing, sshsig
from jzdesk.sync.files import write_durably

_MAGIC: Final = b"jzdesk-keys-1\n"
_NONCE: Final = 12
_FILE_LIMIT: Final = 4096
_ALPHABET: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # no 0 and O, no 1 and I
_RESTORE: Final = "请从密钥所在的电脑继续使用，或重新生成密钥并向县级申请新的证书。"


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """What others may know of a station: `ssh-ed25519 AAAA…` to check it by, `age1…` to seal to it."""

    signing: str
    sealing: str


class Secret(msgspec.Struct, frozen=True):
    """What stands inside the sealed file: 64 hex digits, and the age identity."""

    signing: str
    sealing: str


@dataclass(frozen=True, slots=True, repr=False)
class StationKeys:
    """The Ed25519 key a station signs with and the age identity (`AGE-SECRET-KEY-1…`) it opens with."""

    signing: Ed25519PrivateKey
    sealing: str

    @classmethod
    def generate(cls) -> StationKeys:
        """Two fresh keys."""
        return cls(Ed25519PrivateKey.generate(), sealing.new_identity())

    @property
    def public(self) -> PublicKeys:
        """The public halves."""
        return PublicKeys(sshsig.public_line(self.signing.public_key()), sealing.recipient_of(self.sealing))

    @property
    def device(self) -> str:
        """The device id of these keys."""
        return device_id(self.public)

    @classmethod
    def of(cls, secret: Secret) -> StationKeys:
        """The keys whose halves these are; raises ValueError."""
        return cls(Ed25519PrivateKey.from_private_bytes(bytes.fromhex(secret.signing)), secret.sealing)

    def secret(self) -> Secret:
        """Both private halves; only ever to be written sealed."""
        return Secret(self.signing.private_bytes_raw().hex(), self.sealing)

    def save(self, path: Path, wrapping_key: bytes) -> None:
        """Write the keys sealed with a 16-, 24- or 32-byte key, in one step that survives a power cut."""
        nonce = os.urandom(_NONCE)
        sealed = AESGCM(wrapping_key).encrypt(nonce, msgspec.json.encode(self.secret()), _MAGIC)
        write_durably(path, _MAGIC + nonce + sealed)

    @classmethod
    def load(cls, path: Path, wrapping_key: bytes) -> StationKeys:
        """The keys from a file `save` wrote; raises UserError when missing, damaged, or the key is wrong."""
        raw = _read(path)
        if not raw.startswith(_MAGIC) or len(raw) < len(_MAGIC) + _NONCE:
            raise UserError("本站的密钥文件损坏，或者不是密钥文件", _RESTORE, path.name)
        nonce, sealed = raw[len(_MAGIC) :][:_NONCE], raw[len(_MAGIC) + _NONCE :]
        try:
            plain = AESGCM(wrapping_key).decrypt(nonce, sealed, _MAGIC)
            secret = msgspec.json.decode(plain, type=Secret)
            return cls.of(secret)
        except (InvalidTag, ValueError):
            what = "本站的密钥文件打不开：它已损坏，或不属于这个数据库"
            raise UserError(what, _RESTORE, path.name) from None


def device_id(public: PublicKeys) -> str:
    """16 hex digits that name the station with these keys: the start of the SHA-256 of both public keys."""
    return hashlib.sha256(_both(public)).hexdigest()[:16]


@lru_cache(maxsize=1024)
def fingerprint_words(public: PublicKeys) -> str:
    """Eight characters in two groups, `ABCD-EFGH`, for comparing keys by phone.

    scrypt makes each guess cost 16 MB and some 50 ms: forty bits are few for somebody who makes keys in
    search of the same fingerprint, but not at that price.
    """
    return in_groups(hashlib.scrypt(_both(public), salt=b"jzdesk-fingerprint-1", n=2**14, r=8, p=1, dklen=5))


def in_groups(digest: bytes) -> str:
    """Five bytes as eight characters in two groups, without look-alikes."""
    number = int.from_bytes(digest, "big")
    text = "".join(_ALPHABET[number >> shift & 31] for shift in range(35, -5, -5))
    return f"{text[:4]}-{text[4:]}"


def _both(public: PublicKeys) -> bytes:
    return f"{public.signing}\n{public.sealing}\n".encode()


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_FILE_LIMIT)
    except FileNotFoundError:
        raise UserError("找不到本站的密钥文件", _RESTORE, path.name) from None
    except OSError:
        raise UserError("本站的密钥文件读不出来", "请关闭占用它的程序后再试。", path.name) from None
