"""Editors of forms, one file a kind of field; `making` chooses among them, their base is in `jzdesk.ui.inputs`."""
