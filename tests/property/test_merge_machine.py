"""Any schedule of writing, losing, cloning, restoring, merging and deciding: the same set, the same tables."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.factories.machine import MergeMachine

FURTHER = settings().max_examples // 100  # 1, and 5 with `--hypothesis-profile=search`
STEADY = settings(
    max_examples=20 * FURTHER, stateful_step_count=30, deadline=None, derandomize=True, database=None,
    suppress_health_check=list(HealthCheck), phases=[Phase.generate],
)  # fmt: skip
SEEDS = 40 * FURTHER  # more schedules, drawn by chance alone: longer, and with more going on in each


def test_whatever_happens_the_same_set_gives_the_same_tables(machine: type[MergeMachine]) -> None:
    run_state_machine_as_test(machine, settings=STEADY)


@pytest.mark.parametrize("tenth", range(10))
def test_and_so_does_every_schedule_that_wanders_about(machine: type[MergeMachine], tenth: int) -> None:
    for seed in range(tenth, SEEDS, 10):
        machine.wander(seed)


@pytest.mark.parametrize("fifth", range(5))
def test_a_branch_that_is_set_aside_and_returns_is_nobody_elses(machine: type[MergeMachine], fifth: int) -> None:
    for seed in range(fifth, SEEDS // 2, 5):
        machine.wander(seed, moving=seed % 2 == 0, aside=True)


# Schedules that once went wrong: records of a newer schema, which have no row, were open to everybody.
@pytest.mark.parametrize("seed", [120, 285])
def test_what_went_wrong_with_branches_goes_right(machine: type[MergeMachine], seed: int) -> None:
    machine.wander(seed, moving=seed % 2 == 0, aside=True)


# Schedules that once went wrong, before records were moved and devices revoked in them.
@pytest.mark.parametrize("seed", [29, 78, 91, 121, 218])
def test_what_once_went_wrong_goes_right(machine: type[MergeMachine], seed: int) -> None:
    machine.wander(seed, moving=False)


@pytest.mark.parametrize("seed", [3, 29, 78, 91, 121, 218])
def test_a_desk_on_a_server_ends_as_those_in_files_do(mixed_machine: type[MergeMachine], seed: int) -> None:
    mixed_machine.wander(seed)


@pytest.mark.parametrize("tenth", range(5))
def test_what_the_county_erases_is_gone_everywhere_and_nothing_else(machine: type[MergeMachine], tenth: int) -> None:
    for seed in range(tenth, SEEDS // 4, 5):
        machine.wander(seed, erasing=True)


@pytest.mark.parametrize("seed", [3, 29, 78])
def test_a_server_forgets_what_files_do(mixed_machine: type[MergeMachine], seed: int) -> None:
    mixed_machine.wander(seed, erasing=True)


@pytest.mark.parametrize("seed", [2, 12, 15])
def test_and_sets_branches_aside_as_they_do(mixed_machine: type[MergeMachine], seed: int) -> None:
    mixed_machine.wander(seed, aside=True)
