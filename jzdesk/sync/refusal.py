"""The one way a file from another station is refused: a reason in words and a kind for the report."""

from __future__ import annotations

from typing import Final, Literal

from jzdesk.core.errors import UserError

Kind = Literal["container", "version", "certificate", "signature", "recipient", "chunk", "chain", "entry"]

_REMEDY: Final[dict[Kind, str]] = {
    "container": "请在原来的电脑上重新导出，再拷贝一次。",
    "version": "请先更新本程序，再导入这个文件；文件请保留。",
    "certificate": "请核对文件来自哪里；学校的证书有问题时，请县级重新发证。",
    "signature": "不要使用这个文件；请在原来的电脑上重新导出，再拷贝一次。",
    "recipient": "请核对文件是不是发给本站的，需要时请对方重新导出。",
    "chunk": "请在原来的电脑上重新导出，再拷贝一次。",
    "chain": "不要使用这个文件；请在原来的电脑上重新导出，仍不行时请联系县级管理员。",
    "entry": "不要使用这个文件；请联系县级管理员。",
}


class PackageRefused(UserError):
    """A file that must not be used; nothing of it may be kept. `kind` says at which check it failed."""

    def __init__(self, reason: str, kind: Kind, remedy: str | None = None, where: str | None = None) -> None:
        super().__init__(reason, remedy or _REMEDY[kind], where)
        self.kind: Kind = kind
