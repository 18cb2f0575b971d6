"""Editors of forms, one file a kind of field; `making.editor` makes the right one, their base is in `jzdesk.ui.inputs`."""
