"""Which fields of a child's form stand where, laid by hand from the specs; Enter goes through them in this order.

The daily fields come first; `more` holds the rest of the roll system's items, in the part that is folded away.
"""

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


def member(specs: Specs) -> list[Line]:
    """One member of the household, and what they are to its head (GB/T 4761)."""
    spec = specs["member"]
    return [
        (called(spec, "name"), called(spec, "relation", "户主的")),
        (called(spec, "sex"), called(spec, "birth")),
        called(spec, "id_number"),
        (called(spec, "id_type", "证件类型"), called(spec, "ethnic")),
        (called(spec, "phone"), called(spec, "health")),
        (called(spec, "away"), called(spec, "post")),
        called(spec, "work"),
        called(spec, "disability_card"),
        called(spec, "hukou_division", "户籍地"),
        called(spec, "address"),
    ]


def home(specs: Specs) -> list[Line]:
    """Where the child lives, and the first of the four places that are kept apart (reference §0 rule 12)."""
    student = specs["student"]
    return [
        called(student, "address"),
        (called(student, "phone"), called(student, "hukou_kind")),
        called(student, "hukou_division", "户籍地"),
    ]


def places(specs: Specs) -> list[Line]:
    """Where the child really learns and who pays, when that is not the school of the roll."""
    spec = specs["enrolment"]
    return [called(spec, "study_place"), called(spec, "pay_place")]


def household(specs: Specs) -> list[Line]:
    """The household that the child belongs to; one is made when there is none yet."""
    spec = specs["household"]
    return [
        (called(spec, "head"), called(spec, "members_count", "人口")),
        called(spec, "number"),
        (called(spec, "attr"), called(spec, "cause")),
        (called(spec, "division", "户籍区划"), called(spec, "village_group", "村民组")),
        called(spec, "address"),
    ]


def belongs(specs: Specs) -> list[Line]:
    """Which household it is."""
    return [called(specs["student"], "household", "所在户")]


def further(specs: Specs) -> list[Line]:
    """What some kinds of aid ask for."""
    student = specs["student"]
    return [
        (called(student, "health"), called(student, "left_behind")),
        (called(student, "disability"), called(student, "disability_level")),
        called(student, "disability_card"),
        (called(student, "orphan"), called(student, "migrant")),
        called(student, "former_name"),
        called(student, "note"),
    ]


def more(specs: Specs) -> list[tuple[str, str, list[Line]]]:
    """(title, prefix, lines) of what is filled in once, if at all."""
    student, place, home = specs["student"], specs["enrolment"], specs["household"]
    return [
        (
            "身份补充", "student.",
            [
                called(student, "pinyin"),
                (called(student, "id_valid_to", "证件有效期"), called(student, "native_place")),
                called(student, "birth_place", "出生地区划"),
                (called(student, "nationality", "国籍地区"), called(student, "overseas", "港澳台侨")),
                (called(student, "political"), called(student, "talent")),
            ],
        ),
        (
            "学籍补充", "enrolment.",
            [
                (called(place, "class_number"), called(place, "valid_to")),
                (called(place, "entry_mode"), called(place, "source")),
            ],
        ),
        (
            "", "student.",
            [
                called(student, "aux_number"),
                (called(student, "inclusive"), called(student, "preschool", "学前教育")),
                (called(student, "only_child"), called(student, "martyr_child", "优抚子女")),
                (called(student, "bought_place", "购买学位"), called(student, "asks_aid", "申请资助")),
                (called(student, "one_subsidy", "享受一补"), called(student, "school_bus", "乘坐校车")),
                (called(student, "distance", "上学距离"), called(student, "transport", "上学方式")),
            ],
        ),
        (
            "联系补充", "student.",
            [
                called(student, "mailing_address"),
                called(student, "family_address"),
                (called(student, "postcode"), called(student, "email")),
                called(student, "homepage"),
            ],
        ),
        (
            "家庭户补充", "household.",
            [
                (called(home, "monitoring"), called(home, "annual_income", "年收入")),
                (called(home, "labour_count", "劳动力"), called(home, "dependants_count", "赡养")),
            ],
        ),
    ]  # fmt: skip
