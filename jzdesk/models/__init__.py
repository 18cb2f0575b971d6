"""Every synchronised entity, declared once; the registry lists them parents first."""

from __future__ import annotations

from jzdesk.core.fields import EntitySpec
from jzdesk.models.aid import AidDecision, Batch, Fund, FundEntry, Notice, Payment, Programme, Standard
from jzdesk.models.base import Record, field
from jzdesk.models.organisation import Division, Pairing, Pledge, School, SchoolClass, Staff
from jzdesk.models.people import (
    BankAccount,
    Enrolment,
    EnrolmentEvent,
    Guardian,
    Hardship,
    Household,
    Identity,
    Member,
    Question,
    Student,
    Visit,
)

ENTITIES: tuple[type[Record], ...] = (
    Division, School, Programme, Standard,
    SchoolClass, Staff, Household, Member, Student, Guardian, Enrolment, EnrolmentEvent, Hardship,
    BankAccount, Pairing, Visit, Question, Identity,
    AidDecision, Batch, Payment, Notice, Pledge, Fund, FundEntry,
)  # fmt: skip
BY_NAME: dict[str, type[Record]] = {entity.__tablename__: entity for entity in ENTITIES}
SPECS: dict[str, EntitySpec] = {entity.__tablename__: entity.spec for entity in ENTITIES}

__all__ = [
    "BY_NAME", "ENTITIES", "SPECS", "AidDecision", "BankAccount", "Batch", "Division", "Enrolment",
    "EnrolmentEvent", "Fund", "FundEntry", "Guardian", "Hardship", "Household", "Identity", "Member", "Notice",
    "Pairing", "Payment", "Pledge", "Programme", "Question", "Record", "School", "SchoolClass", "Staff",
    "Standard", "Student", "Visit", "field",
]  # fmt: skip
