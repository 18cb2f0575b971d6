"""The ledger machine: table, form and page of any entity, driven by its specs alone."""
