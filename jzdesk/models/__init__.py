"""Every synchronised entity, declared once; the registry lists them parents first."""

from __future__ import annotations

from jzdesk.core.fields import EntitySpec
from jzdesk.models.aid import AidDecision, Batch, Fund, FundEntry, Notice, Payment, Programme, Standard
from jzdesk.models.base import Record, field
from jzdesk.models.organisation import Division, Pairing, Pledge, School, SchoolClass, Staff
from jzdesk.models.people import (
    BankAccount,
    Closure,
    Consent,
    Enrolment,
    EnrolmentEvent,
    Guardian,
    Hardship,
    Household,
    Identity,
    Member,
    Photo,
    Question,
    Student,
    Visit,
)
from jzdesk.models.transfer import Transfer

ENTITIES: tuple[type[Record], ...] = (
    Division, School, Programme, Standard,
    SchoolClass, Staff, Household, Member, Student, Guardian, Enrolment, EnrolmentEvent, Hardship,
    Photo, Consent, BankAccount, Pairing, Visit, Question, Identity, Closure, Transfer,
    AidDecision, Batch, Payment, Notice, Pledge, Fund, FundEntry,
)  # fmt: skip
BY_NAME: dict[str, type[Record]] = {entity.__tablename__: entity for entity in ENTITIES}
SPECS: dict[str, EntitySpec] = {entity.__tablename__: entity.spec for entity in ENTITIES}

__all__ = [
    "BY_NAME", "ENTITIES", "SPECS", "AidDecision", "BankAccount", "Batch", "Closure", "Consent", "Division",
    "Enrolment", "EnrolmentEvent", "Fund", "FundEntry", "Guardian", "Hardship", "Household", "Identity", "Member",
    "Notice", "Pairing", "Payment", "Photo", "Pledge", "Programme", "Question", "Record", "School", "SchoolClass",
    "Staff", "Standard", "Student", "Transfer", "Visit", "field",
]  # fmt: skip
