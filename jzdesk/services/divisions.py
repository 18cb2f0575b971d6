"""Names of administrative divisions as the county's table has them, held in memory: forms ask with every field."""

from __future__ import annotations

from sqlalchemy import select

from jzdesk.models import Division
from jzdesk.services.context import Context
from jzdesk.services.pupils import table_of
from jzdesk.store.unit import Changes

_DIVISION = table_of(Division)
_LEVELS = (6, 9, 12)


class Divisions:
    """The table of a county is some hundreds of rows; it is read when first asked for, and again after it changed."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._names: dict[str, str] | None = None
        context.store.subscribe(self._hear)

    def path(self, code: str) -> str:
        """`示范县青石镇青东村` for 431099101200; "" for a code of which nothing is known."""
        if len(code) not in _LEVELS or not code.isdigit():
            return ""
        names = self._known()
        parts = (code[:length].ljust(12, "0") for length in _LEVELS if length <= len(code))
        return "".join(names.get(part, "") for part in dict.fromkeys(parts))

    def twelve_digits(self, six: str) -> str:
        """The 12 digits the roll system wants for a county of the table; "" when the county is not in it."""
        return six.ljust(12, "0") if self.path(six) else ""

    def _known(self) -> dict[str, str]:
        """Code, filled up to 12 digits → name."""
        if self._names is None:
            query = select(_DIVISION.c.code, _DIVISION.c.name).where(_DIVISION.c.hidden == 0)
            with self._context.read() as connection:
                self._names = {str(code).ljust(12, "0"): name or "" for code, name in connection.execute(query)}
        return self._names

    def _hear(self, changes: Changes) -> None:
        if "division" in changes.entities:
            self._names = None
