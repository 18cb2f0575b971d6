"""Deciding aid for 400,000 students and eight rules, with a reason for every line, against one SQL statement.

Limit: one `SELECT` that joins enrolment and hardships and answers eight `CASE` expressions (an amount or nothing, no
reason) for every student. Product: the deciding of a whole term: reading the same tables, judging every programme that
has standards, and comparing with what is recorded, up to the list of new decisions with reasons. Writing them is what
the rows about the journal measure. Goal: at most two and a half times the statement.
"""

from __future__ import annotations

from benchmarks.big import station
from benchmarks.measure import Measured, Row, Scale, in_turns, timed
from jzdesk.core.term import Term
from jzdesk.services import deciding
from jzdesk.services.bundle import Services
from tests.factories.people import SCHOOL_CODE, TERM

_RULES = 8
_CASE = (
    "CASE WHEN e.status IN ('01', '02') AND e.grade BETWEEN 'G01' AND 'G06' AND (h.codes IS NOT NULL OR {n} < 0) "
    "THEN CASE WHEN e.boarding = '2' THEN 62500 + {n} ELSE 31250 + {n} END ELSE 0 END"
)
_SQL = f"""
SELECT s.uid, s.name, e.grade, {", ".join(_CASE.format(n=n) for n in range(_RULES))}
FROM student s JOIN enrolment e ON e.student = s.uid AND e.hidden = 0
LEFT JOIN (
    SELECT student, group_concat(code) AS codes FROM hardship
    WHERE hidden = 0 AND valid_from <= '2026-01-31' AND coalesce(valid_to, '9999') >= '2025-09-01' GROUP BY student
) h ON h.student = s.uid
WHERE s.hidden = 0 AND e.valid_from <= '2026-01-31' AND coalesce(e.valid_to, '9999') >= '2025-09-01'
"""


def measure(scale: Scale) -> Measured:
    """Seconds for the whole county at once."""
    services = station(scale)
    decided: list[int] = []
    limit, product = in_turns(scale.runs, lambda: _statement(services), lambda: _decide(services, decided))
    return Measured(limit, product, notes=(f"{decided[0]:,} decisions to record",))


def _statement(services: Services) -> float:
    with services.context.read() as connection:
        taken, rows = timed(connection.exec_driver_sql(_SQL).fetchall)
    assert rows
    return taken


def _decide(services: Services, decided: list[int]) -> float:
    with services.context.read() as connection:
        taken, plan = timed(
            lambda: deciding._Deciding(connection, Term.parse(TERM), SCHOOL_CODE, SCHOOL_CODE).plan(None)
        )
    assert all(one["reasons"] for one in plan.new)
    decided.append(len(plan.new))
    return taken


ROW = Row("aid", "decide aid, 400k students × 8 rules", "s", 2.5, False, measure)
