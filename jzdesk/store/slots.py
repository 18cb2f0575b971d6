"""Key slots: every account and the printed recovery key wraps the same database key, as disk encryption does."""

from __future__ import annotations

import os
import secrets
import unicodedata
from pathlib import Path

import msgspec

from jzdesk.core.errors import UserError
from jzdesk.store.folder import write_durably

# argon2id at 19 MiB, t=2, p=1: about 54 ms on the machines this runs on (libraries, "key slots").
_MEMORY_KIB, _PASSES, _LANES = 19 * 1024, 2, 1
_ALPHABET = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
RECOVERY = "recovery"


class Slot(msgspec.Struct, frozen=True):
    """One way to the database key: who, and the key wrapped under what they know."""

    name: str
    kind: str
    salt: bytes
    nonce: bytes
    wrapped: bytes


class Slots(msgspec.Struct, frozen=True):
    """All slots of a station, as stored in `slots.json`."""

    slots: tuple[Slot, ...]
    format: int = 1


def new_database_key() -> bytes:
    """A random 32-byte key."""
    return secrets.token_bytes(32)


def new_recovery_key() -> str:
    """24 characters without look-alikes, in groups of four (about 118 bits)."""
    text = "".join(secrets.choice(_ALPHABET) for _ in range(24))
    return "-".join(text[i : i + 4] for i in range(0, 24, 4))


def check_password(password: str) -> None:
    """Refuse a password that is too weak; raises UserError."""
    if len(password) < 8:
        raise UserError(f"密码只有 {len(password)} 位", "请设置至少 8 位的密码。", "密码")
    if len(set(password)) < 4:
        raise UserError("密码过于简单", "请混用字母和数字，避免重复的字符。", "密码")


def load(path: Path) -> Slots:
    """Read the slots; raises UserError when the file is missing or damaged."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Slots)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError):
        raise UserError("口令文件缺失或已损坏", "请从备份恢复 slots.json，或联系县资助中心。", str(path)) from None


def save(path: Path, slots: Slots) -> None:
    """Store the slots durably."""
    write_durably(path, msgspec.json.encode(slots))


def add(slots: Slots, name: str, kind: str, secret: str, key: bytes) -> Slots:
    """The slots with one more (or a replaced) way in."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, nonce = os.urandom(16), os.urandom(12)
    wrapped = AESGCM(_derive(secret, salt)).encrypt(nonce, key, name.encode())
    kept = tuple(slot for slot in slots.slots if (slot.name, slot.kind) != (name, kind))
    return Slots((*kept, Slot(name, kind, salt, nonce, wrapped)))


def accounts(slots: Slots) -> list[str]:
    """Names of the accounts, oldest first."""
    return [slot.name for slot in slots.slots if slot.kind != RECOVERY]


def remove(slots: Slots, name: str) -> Slots:
    """The slots without that account."""
    return Slots(tuple(slot for slot in slots.slots if slot.kind == RECOVERY or slot.name != name))


def unlock(slots: Slots, secret: str, name: str | None = None, kind: str | None = None) -> tuple[bytes, Slot]:
    """The database key for `secret`; tries the named slot, or all of that kind. Raises UserError when none opens."""
    for slot in slots.slots:
        if (name is None or slot.name == name) and (kind or slot.kind) == slot.kind:
            key = _open(slot, secret)
            if key is not None:
                return key, slot
    raise UserError("密码不对", "请检查大小写和输入法后重新输入；忘记密码时用恢复钥匙重设。", "登录")


def _open(slot: Slot, secret: str) -> bytes | None:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    given = _tidy(secret) if slot.kind == RECOVERY else secret
    try:
        return AESGCM(_derive(given, slot.salt)).decrypt(slot.nonce, slot.wrapped, slot.name.encode())
    except InvalidTag:
        return None


def _tidy(recovery_key: str) -> str:
    """A recovery key as typed by a person: case, blanks, dashes and full-width letters do not matter."""
    typed = unicodedata.normalize("NFKC", recovery_key).upper()
    plain = "".join(letter for letter in typed if letter in _ALPHABET)
    return "-".join(plain[i : i + 4] for i in range(0, len(plain), 4))


def _derive(secret: str, salt: bytes) -> bytes:
    from argon2.low_level import Type, hash_secret_raw

    return hash_secret_raw(secret.encode(), salt, _PASSES, _MEMORY_KIB, _LANES, 32, Type.ID)
