"""What became, or would become, of a package: its outcome and the sentence that says so to people."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection, select

from jzdesk.core.errors import StationFault, UserError
from jzdesk.services.arriving import BEYOND, REASONS
from jzdesk.services.package_log import EntryCounts
from jzdesk.store import journal, standing
from jzdesk.store.tables import package
from jzdesk.sync.merge import Counts, Fork, Gap
from jzdesk.sync.stretch import Manifest

OUTCOMES = {
    "applied": "已并入",
    "duplicate": "以前已并入",
    "withdrawn": "已撤回，未并入",
    "parked": "暂存待补",
    "held": "部分待裁定",
    "fork": "记录分叉",
    "rejected": "未接收",
}
SEND_AGAIN = "请学校读一次回执，再导出一次，缺的会一起带来。"
"""What fills a gap: everything that no receipt has acknowledged comes with the next package."""
READY, WAITS, FORKS = "可以并入", "前面有缺，先存放", "记录分叉，要裁定"  # before it is merged


@dataclass(frozen=True, slots=True)
class MergeOutcome:
    """What became of one package; `reason` is a sentence or None; entries in = applied + known + held + rejected."""

    package: str
    school: str
    outcome: str
    reason: str | None
    counts: EntryCounts

    @property
    def outcome_label(self) -> str:
        """The outcome in Chinese."""
        return OUTCOMES[self.outcome]


def seen(connection: Connection, package_id: str) -> bool:
    """Whether the package was taken in before."""
    query = select(package.c.id).where(package.c.package_id == package_id, package.c.outcome.in_(("applied", "held")))
    return connection.execute(query).first() is not None


def cut_within(connection: Connection, manifest: Manifest) -> int:
    """The first entry of the package that is taken back, 0 when none is."""
    known = journal.find_chain(connection, manifest.device, manifest.epoch)
    cut = standing.cut_of(connection, known.id) if known else None
    return cut if cut is not None and cut <= manifest.last_n else 0


def trusted_to(connection: Connection, manifest: Manifest) -> int:
    """The last entry of the package's epoch that may count."""
    cuts = standing.cuts_of(connection, manifest.device)
    return standing.WITHOUT_END if cuts is None else cuts.get(manifest.epoch, (0, ""))[0]


def verdict(connection: Connection, manifest: Manifest, counts: Counts) -> tuple[str, str | None]:
    """(outcome, sentence) of a package whose entries were taken in."""
    outcome, reason = _verdict(connection, manifest, counts)
    if not counts.forgotten:
        return outcome, reason
    erased = (
        f"有 {counts.forgotten} 条记录学校已按县里的决定依法删除，本站内容还在，也没有这次删除的记载。"
        "县站如果从备份恢复过，请查登记簿，在“依法删除”里补办。"
    )
    return outcome, f"{reason or ''}{erased}"


def _verdict(connection: Connection, manifest: Manifest, counts: Counts) -> tuple[str, str | None]:
    beyond = ""
    if trusted_to(connection, manifest) < manifest.last_n:
        beyond = f"这台电脑已吊销，只认到第 {trusted_to(connection, manifest)} 条，以后的记录保存在案，不计入台账。"
    if waiting := {why: number for why, number in counts.reasons.items() if why != BEYOND}:
        why = "、".join(f"{REASONS[reason]} {number} 条" for reason, number in sorted(waiting.items()))
        return "held", f"{beyond}有 {sum(waiting.values())} 条记录待县里裁定：{why}。其余已并入。"
    if beyond:
        return "held" if counts.held or counts.applied else "duplicate", beyond
    if counts.applied == 0 and (counts.known or seen(connection, manifest.package_id)):
        if cut := cut_within(connection, manifest):
            return "withdrawn", f"从第 {cut} 条起以前撤回过，这次没有再并入。要恢复请在“合并记录”里“重新并入”。"
        return "duplicate", None
    return "applied", None


def aside(obstacle: Gap | Fork) -> tuple[str, str]:
    """(outcome, sentence) of a package that cannot be taken in now."""
    if isinstance(obstacle, Gap):
        return "parked", (
            f"缺第 {obstacle.first} 到第 {obstacle.last} 条记录，本包先存放，等缺的包到了会自动并入。{SEND_AGAIN}"
        )
    return "fork", (
        f"从第 {obstacle.n} 条起与以前收到的不一样：这台电脑的硬盘可能被复制或恢复过。两份都已保存，请县里裁定。"
    )


def rejected(name: str, fault: UserError | StationFault, school: str = "") -> MergeOutcome:
    """A package that was refused before anything of it was taken in; `school` as far as its name tells."""
    return MergeOutcome(name, school, "rejected", fault.sentence(), EntryCounts())
