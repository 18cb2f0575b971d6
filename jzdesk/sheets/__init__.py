"""Workbooks: what people hand in, templates, exports, annotated copies; knows no entity by name."""
