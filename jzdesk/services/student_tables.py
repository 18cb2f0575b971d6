"""The tables that the student services read, under short names."""

from __future__ import annotations

from jzdesk.models import (
    BankAccount,
    Consent,
    Enrolment,
    Guardian,
    Hardship,
    Household,
    Identity,
    Member,
    Pairing,
    Photo,
    Question,
    School,
    SchoolClass,
    Staff,
    Student,
)
from jzdesk.services.pupils import table_of

STUDENT, ENROLMENT, HARDSHIP, PAIRING, QUESTION = map(table_of, (Student, Enrolment, Hardship, Pairing, Question))
CLASS, STAFF, MEMBER, GUARDIAN = map(table_of, (SchoolClass, Staff, Member, Guardian))
HOUSEHOLD, PHOTO, CONSENT, IDENTITY = map(table_of, (Household, Photo, Consent, Identity))
ACCOUNT, SCHOOL = map(table_of, (BankAccount, School))
