"""The developer's front door: it says what is missing, installs once, and starts at once the second time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools import dev, environment, frozen, subset_fonts, system, verbs

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13)])
def test_a_python_of_the_supported_range_is_welcome(version: tuple[int, int]) -> None:
    assert dev.python_problem(version, windows=False) is None


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (2, 7)])
def test_another_python_is_refused_in_one_sentence(version: tuple[int, int]) -> None:
    sentence = dev.python_problem(version, windows=False)
    assert sentence is not None
    assert f"现在用的是 {version[0]}.{version[1]}" in sentence
    assert sentence.endswith("make PYTHON=python3.11 run")


def test_on_windows_the_remedy_is_the_launcher() -> None:
    assert str(dev.python_problem((3, 14), windows=True)).endswith("py -3.12 tools/dev.py run")


def test_the_range_is_that_of_the_project() -> None:
    newest = f"<{dev.NEWEST[0]}.{dev.NEWEST[1] + 1}"
    assert environment.project()["requires-python"] == f">={dev.OLDEST[0]}.{dev.OLDEST[1]},{newest}"


def test_the_list_names_each_package_once_with_a_known_need() -> None:
    packages = system.read_list()
    names = [package.name for package in packages]
    assert len(names) == len(set(names))
    assert {package.need for package in packages} == set(system.NEEDS)


def test_a_wrong_need_in_the_list_is_an_error(tmp_path: Path) -> None:
    listing = tmp_path / "list.txt"
    listing.write_text("age tests\n", encoding="utf-8")
    with pytest.raises(ValueError, match="age tests"):
        system.read_list(listing)


def test_only_what_this_need_lacks_is_missing() -> None:
    packages = [
        system.Package("age", "test"),
        system.Package("qpdf", "test"),
        system.Package("libegl1", "offscreen"),
    ]
    assert system.missing(("test",), {"age"}, packages) == ["qpdf"]


def test_a_package_counts_by_the_names_it_provides_and_only_when_installed() -> None:
    listing = "installed|libglib2.0-0t64, libglib2.0-0 (= 2.84)\nconfig-files|age, \ninstalled|qpdf, \n"
    assert system.parse_installed(listing) == {"libglib2.0-0t64", "libglib2.0-0", "qpdf"}


def test_the_sentence_holds_the_exact_line_to_type() -> None:
    assert system.sentence(["age", "qpdf"]).endswith("sudo apt-get install --yes age qpdf")


def test_who_is_not_root_gets_the_line_and_nothing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(monkeypatch, "linux", user=1000)
    monkeypatch.setattr(system, "_install", _never)
    with pytest.raises(system.Missing, match=r"sudo apt-get install --yes age zstd .*xdotool"):
        system.ensure("test")


def test_root_installs_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    _pretend(monkeypatch, "linux", user=0)
    monkeypatch.setattr(system, "_install", asked.append)
    system.ensure("offscreen")
    assert asked == [[package.name for package in system.read_list() if package.need == "offscreen"]]


def test_python_without_ensurepip_asks_for_python3_venv(monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(monkeypatch, "linux", user=1000)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(system.Missing, match=r"--yes python3-venv$"):
        system.ensure("setup")


def test_another_linux_is_told_the_list_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _pretend(monkeypatch, "linux", user=1000)
    monkeypatch.setattr("shutil.which", lambda name: None)
    system.ensure("offscreen")
    assert "libegl1" in capsys.readouterr().out


def test_windows_needs_no_packages(monkeypatch: pytest.MonkeyPatch) -> None:
    _pretend(monkeypatch, "win32", user=1000)
    system.ensure(*system.NEEDS)


def _pretend(monkeypatch: pytest.MonkeyPatch, platform: str, user: int) -> None:
    """A machine of this platform with dpkg and no package at all."""
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr("os.geteuid", lambda: user)
    monkeypatch.setattr("shutil.which", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(system, "installed", set)


def _never(names: list[str]) -> None:
    raise AssertionError(names)


@pytest.fixture
def checkout(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """A checkout in tmp_path whose commands are noted down; the first one leaves an interpreter behind."""
    commands: list[list[str]] = []

    def succeed(command: list[str]) -> None:
        commands.append(command)
        environment.python(tmp_path / ".venv").parent.mkdir(parents=True, exist_ok=True)
        environment.python(tmp_path / ".venv").touch()

    (tmp_path / "dev.lock").write_text("a==1\n", encoding="utf-8")
    monkeypatch.setattr(environment, "_succeed", succeed)
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(environment, "LOCK", tmp_path / "dev.lock")
    return commands


def test_the_first_run_makes_the_environment_and_installs_from_the_lock(checkout: list[list[str]]) -> None:
    environment.ensure()
    made, locked, ours = checkout
    assert made[1:3] == ["-m", "venv"]
    assert locked[-1] == str(environment.LOCK)
    assert "--no-deps" in ours


def test_the_second_run_does_nothing(checkout: list[list[str]]) -> None:
    environment.ensure()
    checkout.clear()
    environment.ensure()
    assert checkout == []


def test_a_changed_lock_is_installed_into_the_same_environment(checkout: list[list[str]]) -> None:
    environment.ensure()
    checkout.clear()
    environment.LOCK.write_text("a==2\n", encoding="utf-8")
    environment.ensure()
    assert [command[1:3] for command in checkout] == [["-m", "pip"], ["-m", "pip"]]


def test_an_interrupted_set_up_is_done_again(checkout: list[list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(command: list[str]) -> None:
        raise environment.SetupFailed

    with monkeypatch.context() as interrupted:
        interrupted.setattr(environment, "_succeed", fail)
        with pytest.raises(environment.SetupFailed):
            environment.ensure()
    environment.ensure()
    assert len(checkout) == 3


def test_a_moved_checkout_is_set_up_again() -> None:
    assert environment.digest("a==1", {}, Path("here")) != environment.digest("a==1", {}, Path("there"))


def test_a_failed_installation_is_one_sentence_and_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(arguments: list[str]) -> int:
        environment._succeed([sys.executable, "-c", "raise SystemExit(1)"])
        return 0

    monkeypatch.setitem(verbs.VERBS, "check", refuse)
    assert verbs.main(["check"]) == 1
    assert "接通后再运行一次" in capsys.readouterr().err


def test_the_lock_is_sorted_without_pip_and_marks_what_only_windows_wants() -> None:
    frozen_list = "Typer==1.0\ncolorama==0.4.6\npip==26.0\nargon2==1.0\n"
    assert environment.lock_text(frozen_list).splitlines() == [
        "argon2==1.0",
        'colorama==0.4.6 ; sys_platform == "win32"',
        "Typer==1.0",
    ]


@pytest.mark.parametrize("line", ["jz @ file:///x", "-e git+x", "a==1 --hash=sha256:0==1"])
def test_the_lock_refuses_anything_but_name_and_version(line: str) -> None:
    with pytest.raises(ValueError, match=r"^" + line[:3]):
        environment.lock_text(line)


@pytest.mark.parametrize(
    ("platform", "screen", "shown"),
    [
        ("linux", None, False),
        ("linux", "DISPLAY", True),
        ("linux", "WAYLAND_DISPLAY", True),
        ("win32", None, True),
    ],
)
def test_a_window_needs_a_display(
    monkeypatch: pytest.MonkeyPatch, platform: str, screen: str | None, shown: bool
) -> None:
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    if screen:
        monkeypatch.setenv(screen, ":0")
    assert verbs.has_display() is shown


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What the verbs would have run; nothing is prepared and everything succeeds."""
    noted: list[tuple[str, ...]] = []

    def call(*command: str, env: dict[str, str] | None = None) -> int:
        noted.append(command)
        return 0

    monkeypatch.setattr(verbs, "prepare", lambda *needs: None)
    monkeypatch.setattr(verbs, "call", call)
    return noted


def test_run_without_a_display_rehearses_and_says_where_the_pictures_are(
    calls: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verbs, "has_display", lambda: False)
    assert verbs.main(["run"]) == 0
    assert [command[:3] for command in calls] == [("-m", "jzdesk.cli", "demo"), ("tools/shots.py",)]
    assert str(verbs.SHOTS) in capsys.readouterr().out


def test_run_with_a_display_opens_the_window(calls: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verbs, "has_display", lambda: True)
    verbs.main(["run"])
    assert calls == [("-m", "jzdesk")]


def test_demo_takes_folders_from_where_the_person_stands(
    calls: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    verbs.main(["demo", "--data", "in", "--out", "out"])
    assert calls[0][3:] == ("--data", str(tmp_path / "in"), "--out", str(tmp_path / "out"))


def test_test_runs_the_checks_and_then_all_tests_on_two_cores(calls: list[tuple[str, ...]]) -> None:
    assert verbs.main(["test"]) == 0
    assert [command[1] for command in calls[:3]] == ["ruff", "ruff", "mypy"]
    assert calls[-1] == ("-m", "pytest", *verbs.TWO_AT_ONCE, "tests")


@pytest.mark.parametrize("failing", ["ruff", "mypy", "pytest"])
def test_test_fails_when_any_part_fails_and_still_runs_the_others(
    monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    ran: list[str] = []

    def call(*command: str, env: dict[str, str] | None = None) -> int:
        ran.append(command[1])
        return 1 if command[1] == failing else 0

    monkeypatch.setattr(verbs, "prepare", lambda *needs: None)
    monkeypatch.setattr(verbs, "call", call)
    assert verbs.main(["test"]) == 1
    assert ran[-1] == "pytest"


def test_the_makefile_has_every_verb_and_no_other() -> None:
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    listed = text.partition("VERBS := ")[2].partition("\n")[0].split()
    assert {*listed, "demo"} == set(verbs.VERBS)


def _script(folder: Path, body: str) -> Path:
    script = folder / "program"
    script.write_text(f"#!{sys.executable}\nimport pathlib, sys\n{body}\n", encoding="utf-8")
    script.chmod(0o755)
    return script


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("if len(sys.argv) > 2: pathlib.Path(sys.argv[2], 'p.pdf').write_text('x')", 0),
        ("", 1),  # it printed nothing
        ("sys.exit(2)", 2),
    ],
)
def test_a_build_counts_only_when_the_frozen_program_printed(tmp_path: Path, body: str, code: int) -> None:
    assert frozen.try_program(_script(tmp_path, body), tmp_path / "papers") == code


def test_the_virtual_display_is_there_while_it_is_used() -> None:
    with frozen.virtual_display() as settings:
        assert _screen_answers(settings)
    assert not _screen_answers(settings)


def _screen_answers(settings: dict[str, str]) -> bool:
    asked = subprocess.run(["xdotool", "getdisplaygeometry"], env=settings, capture_output=True, check=False)
    return asked.returncode == 0


def test_a_cut_font_is_named_by_family_and_weight() -> None:
    assert subset_fonts.target_name(Path("NotoSerifSC_700Bold.ttf")) == "NotoSerifSC-Bold.ttf"


def test_the_subset_holds_gb2312_and_the_signs_of_forms() -> None:
    wanted = subset_fonts.wanted()
    assert sum(0x4E00 <= code <= 0x9FFF for code in wanted) == 6763
    assert {ord(sign) for sign in "〇·□√①㈠℃￥…—“”〔〕Ａ"} <= wanted
