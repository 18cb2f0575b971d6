"""Form texts from `resources/forms`, and the few ways office papers write dates, years and counts."""

from __future__ import annotations

import tomllib
from functools import cache
from typing import Any

from jzdesk.core.resources import resource


@cache
def form_text(name: str) -> dict[str, Any]:
    """The texts of one form, e.g. `form_text("pledge")`."""
    return tomllib.loads(resource("forms", f"{name}.toml").read_text(encoding="utf-8"))


def long_date(iso: str) -> str:
    """ "2025-09-05" as on official papers, without leading noughts: 2025年9月5日 (reference §6.1)."""
    year, month, day = iso.split("-")
    return f"{int(year)}年{int(month)}月{int(day)}日"


def year_span(school_year: str) -> str:
    """ "2025-2026" as 2025—2026; a single year stays as it is."""
    return school_year.replace("-", "—")


def term_words(term: str, texts: dict[str, Any]) -> dict[str, str]:
    """The words for a term such as "2025-2026-1": `school_year` 2025—2026 and `season` 秋季."""
    first, second, number = term.split("-")
    season = texts["season_autumn"] if number == "1" else texts["season_spring"]
    return {"school_year": f"{first}—{second}", "season": season}


def ordinal(number: int) -> str:
    """1 to 19 in Chinese figures, for 一、 and （一）."""
    figures = "一二三四五六七八九"
    return figures[number - 1] if number < 10 else "十" + figures[number - 11 : number - 10]
