"""Tables that belong to this station alone: the journal itself, and everything that never travels."""

from __future__ import annotations

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

local = MetaData()

# Standing of an entry: only accepted ones make up the tables. Held ones wait for a decision, withdrawn ones were taken
# back and can return, refused ones were judged never to count, revoked ones lie beyond what is trusted of a revoked
# device; none of these is ever thrown away. Of an erased one (by law, sync §2.4) only the hash of its body is left.
ACCEPTED, HELD, WITHDRAWN, REFUSED, REVOKED, ERASED = 0, 1, 2, 3, 4, 5

chain = Table(
    "chain",
    local,
    Column("id", Integer, primary_key=True),
    Column("dev", String(16), nullable=False),
    Column("ep", String(16), nullable=False),
    Column("parent", String(16)),
    Column("own", Integer, nullable=False),
    Column("school", String(20), nullable=False),
    Column("last_n", Integer, nullable=False),
    Column("last_h", LargeBinary, nullable=False),
    Column("last_at", Integer, nullable=False),
    Column("exported_n", Integer, nullable=False, default=0),
    Column("received_n", Integer, nullable=False, default=0),
    Column("last_package", String(64)),
    Column("packages", Integer, nullable=False, default=0),
    UniqueConstraint("dev", "ep"),
)

journal = Table(
    "journal",
    local,
    Column("seq", Integer, primary_key=True),
    Column("chain", Integer, ForeignKey("chain.id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("h", LargeBinary, nullable=False),
    Column("ent", String(30), nullable=False),
    Column("uid", String(32), nullable=False),
    Column("state", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("chain", "n"),
    Index("ix_journal_record", "ent", "uid"),
)

# Entries that an accepted erasure names, whether they have come or not; `uid` is the record.
erased = Table(
    "erased",
    local,
    Column("id", String(32), primary_key=True),
    Column("uid", String(32), nullable=False),
    Index("ix_erased_uid", "uid"),
)

# County: what it erased by law, one line a record: which (`fields` as JSON, None: all of it), on what ground, and the
# schools (codes as JSON) that hold it and must hear of it. `n` is the entry's number in `chain`, one of our own, `deed`
# that of the first entry of the same transaction: what was erased together.
erasure = Table(
    "erasure",
    local,
    Column("id", Integer, primary_key=True),
    Column("chain", Integer, ForeignKey("chain.id"), nullable=False),
    Column("n", Integer, nullable=False),
    Column("deed", Integer, nullable=False),
    Column("ent", String(30), nullable=False),
    Column("uid", String(32), nullable=False),
    Column("fields", Text),
    Column("entries", Integer, nullable=False),
    Column("ground", String(200), nullable=False),
    Column("schools", Text, nullable=False),
    Column("account", String(60), nullable=False),
    Column("at", Integer, nullable=False),
    UniqueConstraint("chain", "n"),
)

conflict = Table(
    "conflict",
    local,
    Column("ent", String(30), primary_key=True),
    Column("uid", String(32), primary_key=True),
    Column("field", String(40), primary_key=True),
    Column("ids", Text, nullable=False),
)

package = Table(
    "package",
    local,
    Column("id", Integer, primary_key=True),
    Column("package_id", String(32), nullable=False),
    Column("file", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("direction", String(4), nullable=False),  # "in" or "out"
    Column("kind", String(12), nullable=False),
    Column("dev", String(16), nullable=False),
    Column("ep", String(16), nullable=False),
    Column("school", String(20), nullable=False),
    Column("number", Integer, nullable=False),
    Column("first_n", Integer, nullable=False),
    Column("last_n", Integer, nullable=False),
    Column("outcome", String(12), nullable=False),
    Column("reason", Text),
    Column("counts", Text, nullable=False),
    Column("at", Integer, nullable=False),
    Index("ix_package_id", "package_id"),
    Index("ix_package_school", "school", "number"),
)

# A package taken back: entries of its chain from `first_n` on do not count while `undone_at` is empty.
withdrawal = Table(
    "withdrawal",
    local,
    Column("id", Integer, primary_key=True),
    Column("chain", Integer, ForeignKey("chain.id"), nullable=False),
    Column("first_n", Integer, nullable=False),
    Column("package_id", String(32), nullable=False),
    Column("reason", String(200), nullable=False),
    Column("account", String(60), nullable=False),
    Column("at", Integer, nullable=False),
    Column("undone_by", String(60)),
    Column("undone_at", Integer),
    Index("ix_withdrawal_chain", "chain"),
)

# A device no longer trusted while `undone_at` is empty: of each epoch in `cuts` (JSON: epoch → [n, chain hash in hex])
# entries up to `n` count, of other epochs none.
revocation = Table(
    "revocation",
    local,
    Column("id", Integer, primary_key=True),
    Column("device", String(16), nullable=False),
    Column("cuts", Text, nullable=False),
    Column("reason", String(200), nullable=False),
    Column("account", String(60), nullable=False),
    Column("at", Integer, nullable=False),
    Column("undone_by", String(60)),
    Column("undone_at", Integer),
    Column("undone_why", String(200)),
    Index("ix_revocation_device", "device"),
)

# What was decided about what waits: a hold that was set aside with its branch of a fork waits again with it.
ADMITTED, TURNED_DOWN, ASIDE = "admitted", "refused", "aside"

# Entries of a chain that wait for the county, in stretches with one `reason`; `ruling` is one of the above. With the
# reason "fork" a whole package that tells another story than the one we hold.
hold = Table(
    "hold",
    local,
    Column("id", Integer, primary_key=True),
    Column("chain", Integer, ForeignKey("chain.id"), nullable=False),
    Column("package_id", String(32), nullable=False),
    Column("first_n", Integer, nullable=False),
    Column("last_n", Integer, nullable=False),
    Column("reason", String(12), nullable=False),
    Column("ruling", String(10)),
    Column("why", String(200)),
    Column("account", String(60)),
    Column("at", Integer),
    Index("ix_hold_chain", "chain"),
    Index("ix_hold_package", "package_id"),
)

certificate = Table(
    "certificate",
    local,
    Column("serial", String(32), primary_key=True),
    Column("device", String(16), nullable=False),
    Column("code", String(20), nullable=False),
    Column("name", String(60), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("issued", String(10), nullable=False),
    Column("revoked", String(10)),
    Index("ix_certificate_device", "device"),
)

# What a township station carries for the schools below it: packages up, receipts and the like down, the same bytes.
# `opened` is whether it could read the file itself, `note` why not; `answer` is the outcome the county's receipt named.
carried = Table(
    "carried",
    local,
    Column("id", Integer, primary_key=True),
    Column("sha256", String(64), nullable=False, unique=True),
    Column("file", String(200), nullable=False),
    Column("kind", String(12), nullable=False),
    Column("school", String(20), nullable=False),
    Column("name", String(60), nullable=False),
    Column("dev", String(16), nullable=False),
    Column("ep", String(64), nullable=False),
    Column("number", Integer, nullable=False),
    Column("first_n", Integer, nullable=False),
    Column("last_n", Integer, nullable=False),
    Column("package_id", String(32), nullable=False),
    Column("seen_receipt", Integer, nullable=False),
    Column("opened", Integer, nullable=False),
    Column("note", Text),
    Column("came", Integer, nullable=False),
    Column("sent", Integer),
    Column("times", Integer, nullable=False),
    Column("answer", String(12)),
    Column("told", Text),
    Column("answered", String(10)),
    Index("ix_carried_package", "package_id"),
    Index("ix_carried_device", "dev", "ep"),
)

import_run = Table(
    "import_run",
    local,
    Column("id", Integer, primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("file", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("counts", Text, nullable=False),
    Column("notes", Text, nullable=False),
    Column("at", Integer, nullable=False),
    Column("layout", Text),  # per sheet the heading and what each column was read as, so that a row can be read anew
)

parked_row = Table(
    "parked_row",
    local,
    Column("uid", String(32), primary_key=True),
    Column("run", Integer, ForeignKey("import_run.id"), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("file", String(200), nullable=False),
    Column("sheet", String(100), nullable=False),
    Column("row", Integer, nullable=False),
    Column("heading", String(100), nullable=False),
    Column("value", Text, nullable=False),
    Column("problem", Text, nullable=False),
    Column("remedy", Text, nullable=False),
    Column("cells", Text, nullable=False),
    Column("solved", String(200)),
    Column("typed", Text),  # the cells as a person has corrected them so far; `cells` stay as they stood in the file
    UniqueConstraint("kind", "file", "sheet", "row", "heading"),
)

# What one transaction wrote to our own chain, under the words that name it to people; `undone_by` is the action that
# took it back. `kind` is "edit", "import" or "undo"; `ref` the number of the import, or of the action undone.
action = Table(
    "action",
    local,
    Column("id", Integer, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("label", String(120), nullable=False),
    Column("account", String(60), nullable=False),
    Column("chain", Integer, ForeignKey("chain.id"), nullable=False),
    Column("first_n", Integer, nullable=False),
    Column("last_n", Integer, nullable=False),
    Column("at", Integer, nullable=False),
    Column("ref", Integer),
    Column("undone_by", Integer),
    Index("ix_action_last", "chain", "last_n"),
)

# A department's list as it was matched against the roll: one line a person, in one of four piles.
list_run = Table(
    "list_run",
    local,
    Column("id", Integer, primary_key=True),
    Column("kind", String(10), nullable=False),
    Column("file", String(200), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("listed_on", String(10), nullable=False),
    Column("counts", Text, nullable=False),
    Column("at", Integer, nullable=False),
)
list_line = Table(
    "list_line",
    local,
    Column("id", Integer, primary_key=True),
    Column("run", Integer, ForeignKey("list_run.id"), nullable=False),
    Column("pile", String(10), nullable=False),
    Column("row", Integer, nullable=False),
    Column("name", String(50), nullable=False),
    Column("number", String(30), nullable=False),
    Column("student", String(32)),
    Column("facts", Text, nullable=False),
    Column("outcome", String(10)),
    Column("reason", String(200)),
    Index("ix_list_line_run", "run", "pile"),
)

# Which column of somebody's workbook means which field, under a name; `direction` is "in" or "out".
scheme = Table(
    "scheme",
    local,
    Column("id", Integer, primary_key=True),
    Column("direction", String(3), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("name", String(60), nullable=False),
    Column("body", Text, nullable=False),
    Column("at", Integer, nullable=False),
    UniqueConstraint("direction", "kind", "name"),
)
# What was last written into a cell of another system's form, to mark what has changed since.
filled_cell = Table(
    "filled_cell",
    local,
    Column("scheme", Integer, ForeignKey("scheme.id"), primary_key=True),
    Column("record", String(32), primary_key=True),
    Column("place", String(60), primary_key=True),
    Column("value", Text, nullable=False),
)

# Contents of photographs by their SHA-256.
blob = Table(
    "blob",
    local,
    Column("sha256", String(64), primary_key=True),
    Column("data", LargeBinary, nullable=False),
    Column("at", Integer, nullable=False),
)

setting = Table("setting", local, Column("key", String(60), primary_key=True), Column("value", Text, nullable=False))
draft = Table("draft", local, Column("key", String(120), primary_key=True), Column("value", Text, nullable=False))

# The index of `store.search`, made anew whenever its rules change; `said` is what a record is indexed under.
search_doc = Table(
    "search_doc",
    local,
    Column("id", Integer, primary_key=True),
    Column("uid", String(32), nullable=False, unique=True),
    Column("said", Text, nullable=False),
    Column("sort", String(120)),
    Index("ix_search_doc_sort", "sort"),
)
name_suffix = Table(
    "name_suffix",
    local,
    Column("kind", Integer, primary_key=True),
    Column("suffix", String(60), primary_key=True),
    Column("doc", Integer, primary_key=True),
    sqlite_with_rowid=False,
)
search_pending = Table("search_pending", local, Column("uid", String(32), primary_key=True))
