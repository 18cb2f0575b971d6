"""PostgreSQL made to answer as SQLite does: the same types, the same order of texts and of nothing, the same LIKE.

SQLAlchemy loads `StationDialect` by the name it is registered under (`server.py`); its own name stays `postgresql`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column, String
from sqlalchemy import types as sqltypes
from sqlalchemy.dialects.postgresql import psycopg
from sqlalchemy.dialects.postgresql.base import PGDDLCompiler, PGTypeCompiler

_FIRST, _LAST = " NULLS FIRST", " NULLS LAST"


class StationTypes(PGTypeCompiler):
    """Whole numbers of 64 bits, and texts of any length: SQLite knows no others."""

    def visit_INTEGER(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        """`at` is hybrid time: it does not fit 32 bits."""
        return "BIGINT"

    def visit_VARCHAR(self, type_: Any, **kw: Any) -> str:  # noqa: N802
        """SQLite never cut a text at the length its column was declared with."""
        return "TEXT"


class StationDDL(PGDDLCompiler):
    """Columns and indexes that sort by the code of the characters, nothing first."""

    def get_column_specification(self, column: Column[Any], **kw: Any) -> str:
        """The column; texts get the order `C`, whatever the order of the database."""
        base: Any = super()
        told = str(base.get_column_specification(column, **kw))
        return f'{told} COLLATE "C"' if isinstance(column.type, String) else told

    def visit_create_index(self, create: Any, *args: Any, **kw: Any) -> str:
        """The index; the order of the lists (`StationSQL.order_by_clause`) can use it."""
        base: Any = super()
        told = str(base.visit_create_index(create, *args, **kw))
        names = [self.preparer.quote(column.name) for column in create.element.columns]
        ordered = [
            f"{name}{_FIRST}" if column.nullable else name
            for name, column in zip(names, create.element.columns, strict=True)
        ]
        return told.replace(f"({', '.join(names)})", f"({', '.join(ordered)})")


class StationSQL(psycopg.PGCompiler_psycopg):
    """Statements with the meaning they have on SQLite."""

    def order_by_clause(self, select: Any, **kw: Any) -> str:
        """Nothing comes before everything."""
        parts = [self._ordered(clause, **kw) for clause in select._order_by_clauses]
        return f" ORDER BY {', '.join(parts)}" if parts else ""

    def _ordered(self, clause: Any, **kw: Any) -> str:
        told = str(self.process(clause, **kw))
        column = getattr(clause, "element", clause)
        if getattr(column, "nullable", True) is False:
            return told
        return told + (_LAST if told.endswith(" DESC") else _FIRST)

    def visit_like_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        """SQLite's LIKE does not tell Latin capitals from small letters."""
        base: Any = self
        return str(base.visit_ilike_op_binary(binary, operator, **kw))

    def visit_not_like_op_binary(self, binary: Any, operator: Any, **kw: Any) -> str:
        """The same, denied."""
        base: Any = self
        return str(base.visit_not_ilike_op_binary(binary, operator, **kw))

    def visit_substr_func(self, function: Any, **kw: Any) -> str:
        """Places in a text are 32 bits wide."""
        text, *places = (self.process(clause, **kw) for clause in function.clauses)
        return f"substr({', '.join((text, *(f'({place})::int' for place in places)))})"

    def visit_json_extract_func(self, function: Any, **kw: Any) -> str:
        """One value out of a JSON text, as text."""
        text, path = function.clauses
        of, at = f"({self.process(text, **kw)})::jsonb", f"({self.process(path, **kw)})::jsonpath"
        return f"(jsonb_path_query_first({of}, {at}) #>> '{{}}')"


class StationDialect(psycopg.PGDialect_psycopg):
    """psycopg with the three above."""

    supports_statement_cache = True
    type_compiler_cls = StationTypes
    ddl_compiler = StationDDL
    statement_compiler = StationSQL
    colspecs = {  # noqa: RUF012
        **psycopg.PGDialect_psycopg.colspecs,
        sqltypes.Integer: psycopg.PGDialect_psycopg.colspecs[sqltypes.BigInteger],
    }
