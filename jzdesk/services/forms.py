"""Checks what a form holds before it is saved, and names every field that is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from jzdesk.core import citizen_id
from jzdesk.core.errors import UserError, ValueFault
from jzdesk.core.fields import EntitySpec, Value


class FormProblems(UserError):
    """A form cannot be saved yet; `fields` maps field names to sentences with the remedy."""

    def __init__(self, fields: Mapping[str, str], where: str | None = None) -> None:
        first = next(iter(fields.values()))
        more = f"（还有 {len(fields) - 1} 处）" if len(fields) > 1 else ""
        super().__init__(f"有 {len(fields)} 处填写有误：{first}{more}", "请按字段旁的提示改正后再保存。", where)
        self.fields = dict(fields)


def understood(
    spec: EntitySpec, values: Mapping[str, object], before: Mapping[str, Value] = MappingProxyType({})
) -> tuple[dict[str, Value], dict[str, str]]:
    """(values in stored form, problems) of what was typed; fields not given are left alone.

    `before` holds the record as it is: a number is judged by the document that stands there already.
    """
    good: dict[str, Value] = {}
    bad: dict[str, str] = {}
    for name, raw in values.items():
        field = spec.fields.get(name)
        if field is None:
            continue
        try:
            good[name] = _read(spec, name, raw) if name != "id_number" else _read_number(spec, {**before, **values})
        except ValueFault as fault:
            bad[name] = fault.sentence()
    return good, bad


def _read_number(spec: EntitySpec, values: Mapping[str, object]) -> Value:
    """A number by the rules of its document: passports and travel permits have no check digit of ours."""
    raw, document = values["id_number"], values.get("id_type")
    if raw in (None, "") or document in (None, "") or "id_type" not in spec.fields:
        return _read(spec, "id_number", raw)
    return citizen_id.check(raw, kind=str(_read(spec, "id_type", document))).value


def _read(spec: EntitySpec, name: str, raw: object) -> Value:
    """Typed text is understood; a value already in stored form is only verified."""
    field = spec[name]
    if isinstance(raw, int) and field.kind.integer:
        field.verify(raw)
        return raw
    return field.read(raw).value


def required_problems(spec: EntitySpec, values: Mapping[str, Value]) -> dict[str, str]:
    """Problems of a whole record, missing required fields included."""
    return spec.problems(values)
