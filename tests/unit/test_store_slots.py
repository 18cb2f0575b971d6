"""Ways to the database key: passwords, the printed recovery key, and what is too weak."""

from __future__ import annotations

from pathlib import Path

import pytest

from jzdesk.core.errors import UserError
from jzdesk.store import slots

KEY = bytes(range(32))
PASSWORD = "Ceshi2025mima"


@pytest.fixture(scope="module")
def recovery_key() -> str:
    return slots.new_recovery_key()


@pytest.fixture(scope="module")
def ways(recovery_key: str) -> slots.Slots:
    made = slots.add(slots.Slots(()), "录入员", "account", PASSWORD, KEY)
    return slots.add(made, "recovery", slots.RECOVERY, recovery_key, KEY)


def test_the_password_opens_and_another_does_not(ways: slots.Slots) -> None:
    key, slot = slots.unlock(ways, PASSWORD, "录入员", "account")
    assert (key, slot.name) == (KEY, "录入员")
    for wrong in ("", PASSWORD.lower(), PASSWORD + " ", "密码不对"):
        with pytest.raises(UserError, match="密码不对"):
            slots.unlock(ways, wrong, kind="account")


def test_the_password_of_one_account_does_not_open_another(ways: slots.Slots) -> None:
    more = slots.add(ways, "校长", "account", "Xiaozhang2025", KEY)
    assert slots.accounts(more) == ["录入员", "校长"]
    with pytest.raises(UserError):
        slots.unlock(more, PASSWORD, "校长")
    assert slots.unlock(more, "Xiaozhang2025")[1].name == "校长"


def test_the_recovery_key_may_be_typed_sloppily(ways: slots.Slots, recovery_key: str) -> None:
    plain = recovery_key.replace("-", "")
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in plain)
    for typed in (
        recovery_key,
        recovery_key.lower(),
        plain,
        f"  {' '.join(plain)}\n",
        recovery_key.replace("-", "—"),
        wide,
    ):
        assert slots.unlock(ways, typed, kind=slots.RECOVERY)[0] == KEY, typed


def test_a_wrong_letter_in_the_recovery_key_is_noticed(ways: slots.Slots, recovery_key: str) -> None:
    other = "A" if recovery_key[0] != "A" else "B"
    for typed in (other + recovery_key[1:], recovery_key[:-1], ""):
        with pytest.raises(UserError):
            slots.unlock(ways, typed, kind=slots.RECOVERY)


def test_the_recovery_key_is_no_password(ways: slots.Slots, recovery_key: str) -> None:
    with pytest.raises(UserError):
        slots.unlock(ways, recovery_key, kind="account")


def test_recovery_keys_are_long_without_look_alikes_and_never_the_same() -> None:
    made = {slots.new_recovery_key() for _ in range(200)}
    assert len(made) == 200
    assert all(len(key) == 29 and not set(key) & set("01ILOU") for key in made)


@pytest.mark.parametrize(
    ("weak", "sentence"), [("", "0 位"), ("Abc1234", "7 位"), ("aaaaaaaa", "过于简单"), ("12121212", "过于简单")]
)
def test_a_weak_password_is_refused_with_the_remedy(weak: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence) as refused:
        slots.check_password(weak)
    assert "请" in refused.value.remedy


def test_a_new_password_replaces_the_old_one(ways: slots.Slots) -> None:
    changed = slots.add(ways, "录入员", "account", "Xinmima2026", KEY)
    assert slots.accounts(changed) == ["录入员"]
    with pytest.raises(UserError):
        slots.unlock(changed, PASSWORD)


def test_slots_are_stored_without_the_key_and_read_back(ways: slots.Slots, tmp_path: Path) -> None:
    slots.save(tmp_path / "slots.json", ways)
    assert slots.load(tmp_path / "slots.json") == ways
    assert KEY not in (tmp_path / "slots.json").read_bytes()


@pytest.mark.parametrize("content", [None, b"", b"{}", b'{"slots": 3}', b"\xff\xfe"])
def test_a_missing_or_damaged_slots_file_has_its_sentence(tmp_path: Path, content: bytes | None) -> None:
    if content is not None:
        (tmp_path / "slots.json").write_bytes(content)
    with pytest.raises(UserError, match="口令文件缺失或已损坏"):
        slots.load(tmp_path / "slots.json")
