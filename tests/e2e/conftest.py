"""Commands on a school of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.factories.commands import Jz


@pytest.fixture
def jz(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Jz:
    """Commands on a new school."""
    return Jz(tmp_path, capsys)
