"""Dialogs: first run, log-in, reasons, previews."""
