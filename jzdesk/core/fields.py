"""What a person sees of a field, said once: label, kind, check, code table, sensitivity, headings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from jzdesk.core.errors import ValueFault
from jzdesk.core.kinds import Kind, Reading

Value: TypeAlias = str | int | None
Values: TypeAlias = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """One field of one entity.

    `aliases` are further Excel headings for the same thing; `table` puts the field into the ledger's columns with
    that width in characters; `wide` fields take a whole row of the form.
    """

    label: str
    kind: Kind
    name: str = ""
    required: bool = False
    sensitive: bool = False
    search: bool = False
    aliases: tuple[str, ...] = ()
    help: str = ""
    table: int = 0
    wide: bool = False
    readonly: bool = False

    def named(self, name: str) -> FieldSpec:
        """The same field under its attribute name."""
        return replace(self, name=name)

    def headings(self) -> tuple[str, ...]:
        """Every heading that means this field, the label first."""
        return (self.label, *self.aliases)

    def read(self, raw: object) -> Reading:
        """Understand what was typed or stood in a cell; raises ValueFault with the remedy."""
        reading = self.kind.read(raw)
        if reading.value is None and self.required:
            raise ValueFault(f"{self.label}没有填写", f"请填写{self.label}。")
        return reading

    def verify(self, value: Value) -> None:
        """Check a stored value; raises ValueFault."""
        if value is not None:
            self.kind.verify(value)
        elif self.required:
            raise ValueFault(f"{self.label}没有填写", f"请填写{self.label}。")

    def show(self, value: Value) -> str:
        """The value as people read it: codes as labels, money in yuan, nothing as empty text."""
        return "" if value is None else self.kind.show(value)

    def masked(self, value: Value) -> str:
        """As `show`, with a sensitive value reduced to what a screen may show."""
        shown = self.show(value)
        return self.kind.mask(shown) if self.sensitive and shown else shown


Check = Callable[[Values], "tuple[str, str] | None"]


@dataclass(frozen=True, slots=True)
class EntitySpec:
    """One kind of record: its name in code, its Chinese label, its fields in order, and who may write it.

    `owner` is "school" (any station within its scope) or "county" (county policy, travels downward).
    `title` names the fields that identify a record to a person. `managed` names the page (in Chinese) that alone
    changes such records, because they follow from other work; empty when a person may simply edit them.
    """

    name: str
    label: str
    fields: Mapping[str, FieldSpec]
    owner: str = "school"
    title: tuple[str, ...] = ()
    checks: tuple[Check, ...] = field(default=())
    managed: str = ""

    def __iter__(self) -> Iterator[FieldSpec]:
        return iter(self.fields.values())

    def __getitem__(self, name: str) -> FieldSpec:
        return self.fields[name]

    def columns(self) -> list[FieldSpec]:
        """Fields shown as columns of the ledger table."""
        return [spec for spec in self if spec.table]

    def form_fields(self) -> list[FieldSpec]:
        """Fields a person edits."""
        return [spec for spec in self if not spec.readonly]

    def title_of(self, values: Values) -> str:
        """The words that identify the record in messages, e.g. `宋火强`."""
        shown = (self.fields[name].show(values.get(name)) for name in self.title)
        return " ".join(text for text in shown if text) or self.label

    def problems(self, values: Values) -> dict[str, str]:
        """Field name → sentence, for every value that may not be stored."""
        found: dict[str, str] = {}
        for spec in self:
            try:
                spec.verify(values.get(spec.name))
            except ValueFault as fault:
                found[spec.name] = fault.sentence()
        for check in self.checks:
            if (hit := check(values)) and hit[0] not in found:
                found[hit[0]] = hit[1]
        return found
