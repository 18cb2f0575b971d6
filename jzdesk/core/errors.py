"""The three kinds of failure: the person's, the machine's; anything else is ours."""

from __future__ import annotations


class UserError(Exception):
    """Something the person can put right; shown in Chinese with the remedy.

    `what` says what is wrong, `remedy` what to do about it, `where` (a field, a row, a file) the place.
    """

    def __init__(self, what: str, remedy: str, where: str | None = None) -> None:
        super().__init__(what)
        self.what, self.remedy, self.where = what, remedy, where

    def sentence(self) -> str:
        """The whole message as one Chinese sentence."""
        place = f"{self.where}：" if self.where else ""
        return f"{place}{self.what.rstrip('。')}。{self.remedy}"

    def __str__(self) -> str:
        return self.sentence()


class StationFault(Exception):
    """Something the machine cannot do (disk full, stick pulled out, file locked), with what was kept safe."""

    def __init__(self, what: str, kept: str, remedy: str = "") -> None:
        super().__init__(what)
        self.what, self.kept, self.remedy = what, kept, remedy

    def sentence(self) -> str:
        """The whole message as one Chinese sentence."""
        return f"{self.what.rstrip('。')}。{self.kept.rstrip('。')}。{self.remedy}"

    def __str__(self) -> str:
        return self.sentence()


class ValueFault(ValueError):
    """A single value that cannot be understood: `problem` in words and the `remedy`; never carries the row."""

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(problem)
        self.problem, self.remedy = problem, remedy

    def sentence(self) -> str:
        """Problem and remedy as one sentence, as shown beside a field."""
        return f"{self.problem.rstrip('。')}。{self.remedy}"
