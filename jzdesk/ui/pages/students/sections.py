"""Which fields of a child's form stand where, laid by hand from the specs; Enter goes through them in this order."""

from __future__ import annotations

from collections.abc import Mapping

from jzdesk.core.fields import EntitySpec
from jzdesk.ui.pages.students.layout import Line, called

Specs = Mapping[str, EntitySpec]


def identity(specs: Specs) -> list[Line]:
    """Who the child is; the number fills the next three fields."""
    student = specs["student"]
    return [
        called(student, "name"),
        called(student, "id_number"),
        (called(student, "sex"), called(student, "birth")),
        (called(student, "id_type", "证件类型"), called(student, "ethnic")),
        called(student, "roll_number"),
    ]


def enrolment(specs: Specs) -> list[Line]:
    """Where the child learns."""
    spec = specs["enrolment"]
    return [
        (called(spec, "grade"), called(spec, "school_class")),
        (called(spec, "boarding"), called(spec, "status", "状态")),
        (called(spec, "entry_month"), called(spec, "valid_from")),
    ]


def guardian(specs: Specs) -> list[Line]:
    """One guardian: a member of the household, and what they are to the child."""
    member, relation = specs["member"], specs["guardian"]
    return [
        (called(member, "name"), called(relation, "relation")),
        (called(member, "phone"), called(relation, "is_guardian", "监护人")),
        called(member, "id_number"),
    ]


def home(specs: Specs) -> list[Line]:
    """Where the child lives."""
    student = specs["student"]
    return [
        called(student, "address"),
        (called(student, "phone"), called(student, "hukou_kind")),
        called(student, "hukou_division"),
        called(student, "household", "所在户"),
    ]


def household(specs: Specs) -> list[Line]:
    """The household that the child belongs to; one is made when there is none yet."""
    spec = specs["household"]
    return [
        (called(spec, "head"), called(spec, "members_count", "人口")),
        called(spec, "number"),
        (called(spec, "attr"), called(spec, "cause")),
        called(spec, "division", "户籍区划"),
        called(spec, "address"),
    ]


def further(specs: Specs) -> list[Line]:
    """What some kinds of aid ask for."""
    student = specs["student"]
    return [
        (called(student, "health"), called(student, "left_behind")),
        (called(student, "disability"), called(student, "disability_level")),
        (called(student, "only_child"), called(student, "migrant")),
        (called(student, "orphan"), called(student, "martyr_child", "优抚子女")),
        called(student, "former_name"),
        called(student, "note"),
    ]
