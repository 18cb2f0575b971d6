"""Makers of invented people, stations and packages."""
