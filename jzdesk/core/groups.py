"""Groups of records that people found to be one: the transitive closure of pairs, a pure function of their set."""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def heads(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Record → the head of its group (the smallest of it), for every record that some pair names."""
    head: dict[str, str] = {}

    def find(one: str) -> str:
        while head.setdefault(one, one) != one:
            head[one] = one = head[head[one]]
        return one

    for first, second in pairs:
        low, high = sorted((find(first), find(second)))
        head[high] = low
    return {one: find(one) for one in head}


def members(head_of: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Head → the records of its group, ordered; groups of one are left out."""
    found: dict[str, list[str]] = {}
    for one, head in head_of.items():
        found.setdefault(head, []).append(one)
    return {head: tuple(sorted(group)) for head, group in found.items() if len(group) > 1}
