"""Names what a failing file operation was about."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from jzdesk.core.errors import StationFault


@contextmanager
def files(what: str) -> Iterator[None]:
    """Name a failing file operation; `what` is what was being done."""
    try:
        yield
    except OSError as fault:
        raise StationFault(
            f"{what}没有成功（{fault.strerror or fault}）", "工作站里的数据没有改动", "请检查磁盘或 U 盘后重试。"
        ) from fault
