"""The kinds of value a field can have: how each is understood, shown, masked and edited."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

from typing_extensions import override

from jzdesk.core import citizen_id, codes, money, text
from jzdesk.core.errors import ValueFault
from jzdesk.core.term import Term


class Reading(NamedTuple):
    """An understood value, what was put right on the way, and questions that remain."""

    value: str | int | None
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


NOTHING = Reading(None)
_LONGEST_NUMBER = 30


class Kind:
    """Base of all kinds. `widget` names the editor; `integer` says how the value is stored."""

    widget: ClassVar[str] = "line"
    integer: ClassVar[bool] = False
    numeric: ClassVar[bool] = False

    def read(self, raw: object) -> Reading:
        """Normalise and understand `raw`; blank means nothing. Raises ValueFault."""
        if raw is None:
            return NOTHING
        if isinstance(raw, str):
            raw = text.normalise(raw)
            if not raw:
                return NOTHING
        return self.understand(raw)

    def understand(self, raw: object) -> Reading:
        """Understand a value that is not blank."""
        return Reading(_plain(raw))

    def verify(self, stored: str | int) -> None:
        """Check a value that is already in stored form; raises ValueFault."""
        self.read(stored)

    def show(self, value: str | int) -> str:
        """The value as people read it."""
        return str(value)

    def mask(self, shown: str) -> str:
        """What a screen shows of a sensitive value: the first and the last character."""
        return shown[0] + "*" * (len(shown) - 2) + shown[-1] if len(shown) > 2 else "*" * len(shown)


def _plain(raw: object) -> str:
    """A cell as text: whole floats lose their `.0`, everything is normalised."""
    if isinstance(raw, float) and raw.is_integer():
        raw = int(raw)
    return text.normalise(str(raw))


@dataclass(frozen=True, slots=True)
class Text(Kind):
    """One line of text of at most `length` characters."""

    length: int = 100

    @override
    def understand(self, raw: object) -> Reading:
        plain = _plain(raw)
        if len(plain) > self.length:
            raise ValueFault(f"文字有 {len(plain)} 个字，最多 {self.length} 个字", "请缩短后再填。")
        return Reading(plain)


@dataclass(frozen=True, slots=True)
class LongText(Text):
    """Several lines of text."""

    widget: ClassVar[str] = "area"
    length: int = 2000

    @override
    def read(self, raw: object) -> Reading:
        if raw is None:
            return NOTHING
        prose = text.normalise_prose(str(raw))
        if len(prose) > self.length:
            raise ValueFault(f"文字有 {len(prose)} 个字，最多 {self.length} 个字", "请缩短后再填。")
        return Reading(prose) if prose else NOTHING


@dataclass(frozen=True, slots=True)
class PersonName(Kind):
    """A person's name; the middle dot and full-width forms are unified."""

    @override
    def understand(self, raw: object) -> Reading:
        original = str(raw)
        name = text.normalise_name(original)
        if not name:
            return NOTHING
        if len(name) > 50:
            raise ValueFault("姓名超过 50 个字", "请核对是否把别的内容粘到了姓名里。")
        if name.isdigit():
            raise ValueFault("姓名是一串数字", "请核对是否填错了列。")
        notes = ("姓名中的空格已去掉",) if name != original.strip() and " " in original.strip() else ()
        return Reading(name, notes)


@dataclass(frozen=True, slots=True)
class Pinyin(Kind):
    """How a name is read, set by hand: toneless syllables with single blanks between them, `zeng xiao le`."""

    @override
    def understand(self, raw: object) -> Reading:
        from jzdesk.core import sounds

        return Reading(" ".join(sounds.syllables(_plain(raw))))


@dataclass(frozen=True, slots=True)
class Code(Kind):
    """A code of the table `table`; understands `2`, `2-住校` and `住校`."""

    widget: ClassVar[str] = "choice"
    table: str = ""

    @override
    def understand(self, raw: object) -> Reading:
        return Reading(codes.table(self.table).parse(_plain(raw)))

    @override
    def show(self, value: str | int) -> str:
        return codes.table(self.table).label(str(value))

    def items(self) -> list[tuple[str, str]]:
        """Codes with labels, in the order of the table."""
        return codes.table(self.table).items()


@dataclass(frozen=True, slots=True)
class OpenCode(Text):
    """A code of the table `table`, or one that others have added; `entity` names the ledger that has their names.

    A written label is understood where it stands in the table. What follows a dot only tells codes apart, unless the
    table has the whole.
    """

    table: str = ""
    entity: str = ""

    @override
    def understand(self, raw: object) -> Reading:
        plain = _plain(raw)
        if self.table and plain in codes.table(self.table).understood:
            return Reading(codes.table(self.table).understood[plain])
        if self.table and not plain.isascii():
            raise ValueFault(f"没有叫“{plain}”的", "请填代码，或本系统名单里的名称。")
        return super(OpenCode, self).understand(raw)

    @override
    def show(self, value: str | int) -> str:
        whole = str(value)
        if not self.table:
            return whole
        table = codes.table(self.table)
        return table.label(whole if whole in table.labels else whole.partition(".")[0])


@dataclass(frozen=True, slots=True)
class Options(Kind):
    """One of a few codes that belong to this program, not to a standard: `("draft", "草稿")`."""

    widget: ClassVar[str] = "choice"
    choices: tuple[tuple[str, str], ...] = ()

    @override
    def understand(self, raw: object) -> Reading:
        plain = _plain(raw)
        for code, label in self.choices:
            if plain in (code, label):
                return Reading(code)
        raise ValueFault(f"“{plain}”不是可选的内容", f"请填：{'、'.join(label for _, label in self.choices)}。")

    @override
    def show(self, value: str | int) -> str:
        return dict(self.choices).get(str(value), str(value))

    def items(self) -> list[tuple[str, str]]:
        """Codes with labels."""
        return list(self.choices)


@dataclass(frozen=True, slots=True)
class Date(Kind):
    """A day, stored as `2025-09-10`; `20250910`, `2025.9.10`, `2025年9月10日` and Excel serial days are understood."""

    widget: ClassVar[str] = "date"

    @override
    def understand(self, raw: object) -> Reading:
        return Reading(text.parse_date(raw))


@dataclass(frozen=True, slots=True)
class Month(Kind):
    """A month, stored as `2023-09`."""

    @override
    def understand(self, raw: object) -> Reading:
        return Reading(text.parse_month(raw))


@dataclass(frozen=True, slots=True)
class TermText(Kind):
    """A school term, stored as `2025-2026-1`."""

    @override
    def understand(self, raw: object) -> Reading:
        return Reading(str(Term.parse(_plain(raw))))

    @override
    def show(self, value: str | int) -> str:
        return Term.parse(str(value)).label


@dataclass(frozen=True, slots=True)
class Money(Kind):
    """An amount, stored in 分, typed and shown in 元."""

    widget: ClassVar[str] = "money"
    integer: ClassVar[bool] = True
    numeric: ClassVar[bool] = True

    @override
    def understand(self, raw: object) -> Reading:
        if not isinstance(raw, str | int | float):
            raise ValueFault("金额不是数字", "请填写以元为单位的金额，例如 312.50。")
        return Reading(money.parse_yuan(raw))

    @override
    def verify(self, stored: str | int) -> None:
        if not isinstance(stored, int):
            raise ValueFault("金额不是整数分", "请重新填写金额。")

    @override
    def show(self, value: str | int) -> str:
        return money.format_yuan(money.Fen(int(value)))


@dataclass(frozen=True, slots=True)
class Integer(Kind):
    """A whole number between `low` and `high`, both included."""

    widget: ClassVar[str] = "number"
    integer: ClassVar[bool] = True
    numeric: ClassVar[bool] = True
    low: int = 0
    high: int = 1_000_000_000

    @override
    def understand(self, raw: object) -> Reading:
        plain = _plain(raw)
        try:
            number = int(plain)
        except ValueError:
            raise ValueFault(f"“{plain}”不是整数", "请填写整数。") from None
        if not self.low <= number <= self.high:
            raise ValueFault(f"{number} 不在 {self.low} 到 {self.high} 之间", "请核对后再填。")
        return Reading(number)


_YES = frozenset({"是", "1", "1-是", "y", "yes", "true", "√", "有"})
_NO = frozenset({"否", "0", "0-否", "2-否", "n", "no", "false", "无", "×"})


@dataclass(frozen=True, slots=True)
class YesNo(Kind):
    """是 or 否, stored as 1 or 0."""

    widget: ClassVar[str] = "check"
    integer: ClassVar[bool] = True

    @override
    def understand(self, raw: object) -> Reading:
        plain = _plain(raw).lower()
        if plain in _YES:
            return Reading(1)
        if plain in _NO:
            return Reading(0)
        raise ValueFault(f"“{plain}”看不出是“是”还是“否”", "请填“是”或“否”。")

    @override
    def show(self, value: str | int) -> str:
        return "是" if value else "否"

    def items(self) -> list[tuple[int, str]]:
        """Both answers with labels."""
        return [(1, "是"), (0, "否")]


@dataclass(frozen=True, slots=True)
class CitizenIdNumber(Kind):
    """An identity document number of the citizen kind (reference §2.1)."""

    widget: ClassVar[str] = "id"

    @override
    def read(self, raw: object) -> Reading:
        """As `Kind.read`, but the raw text reaches the check, which says what it put right."""
        if raw is None or (isinstance(raw, str) and not raw.strip()):
            return NOTHING
        reading = citizen_id.check(raw)
        return Reading(reading.value, reading.notes, reading.warnings)

    @override
    def verify(self, stored: str | int) -> None:
        """A stored number was checked, by the rules of its document, when it was read."""
        if not isinstance(stored, str) or len(stored) > _LONGEST_NUMBER:
            raise ValueFault("证件号太长", "请对照证件重新填写。")

    @override
    def mask(self, shown: str) -> str:
        return citizen_id.mask(shown)


@dataclass(frozen=True, slots=True)
class RollNumber(Kind):
    """学籍号: G, J or L and 18 characters (reference §2.2)."""

    @override
    def understand(self, raw: object) -> Reading:
        reading = citizen_id.parse_roll_number(_plain(raw))
        return Reading(reading.value, reading.notes, reading.warnings)

    @override
    def mask(self, shown: str) -> str:
        return shown[:1] + citizen_id.mask(shown[1:])


@dataclass(frozen=True, slots=True)
class Phone(Kind):
    """A telephone number."""

    @override
    def understand(self, raw: object) -> Reading:
        return Reading(text.parse_phone(_plain(raw)))

    @override
    def mask(self, shown: str) -> str:
        return shown[:3] + "*" * max(0, len(shown) - 7) + shown[-4:]


@dataclass(frozen=True, slots=True)
class Account(Kind):
    """A bank account number; a failing Luhn digit is only a question (reference §2.2)."""

    @override
    def understand(self, raw: object) -> Reading:
        from jzdesk.core import bank

        if isinstance(raw, float):
            raise ValueFault("账号是数值单元格，末尾数字已经丢失", "请把该列设成文本格式后重新填写。")
        reading = bank.check_account(_plain(raw))
        return Reading(reading.value, (), reading.warnings)

    @override
    def mask(self, shown: str) -> str:
        return "*" * max(0, len(shown) - 4) + shown[-4:]


@dataclass(frozen=True, slots=True)
class Reference(Kind):
    """The uid of a record of another entity."""

    widget: ClassVar[str] = "reference"
    entity: str = ""
