"""jzdesk: an offline registry for education aid in Chinese townships."""

__version__ = "0.5.0"
