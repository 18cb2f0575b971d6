"""Names of administrative divisions as the county's table has them; codes it does not know are left unnamed."""

from __future__ import annotations

from sqlalchemy import Connection, select

from jzdesk.models import Division
from jzdesk.services.pupils import table_of

_DIVISION = table_of(Division)
_LEVELS = (6, 9, 12)


def path(connection: Connection, code: str) -> str:
    """`示范县青石镇青东村` for 431099101200; "" for a code of which nothing is known."""
    if len(code) not in _LEVELS or not code.isdigit():
        return ""
    parts = [code[:length] for length in _LEVELS if length <= len(code) and code[:length].strip("0")]
    wanted = {form for part in parts for form in (part, part.ljust(12, "0"))}
    query = select(_DIVISION.c.code, _DIVISION.c.name).where(_DIVISION.c.code.in_(wanted), _DIVISION.c.hidden == 0)
    names = {str(row[0]).ljust(12, "0"): row[1] or "" for row in connection.execute(query)}
    return "".join(dict.fromkeys(filter(None, (names.get(part.ljust(12, "0")) for part in parts))))


def twelve_digits(connection: Connection, six: str) -> str:
    """The 12 digits the roll system wants for a county of the table; "" when the county is not in it."""
    return six.ljust(12, "0") if path(connection, six) else ""
