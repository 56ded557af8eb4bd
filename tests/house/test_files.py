"""The house is kept: files that a reader can take in, and documents that name what there is."""

from __future__ import annotations

import re
from pathlib import Path

from schoolgate.web import logs

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 400
# Set by the program for its own children, and by no person.
INTERNAL = {"SCHOOLGATE_PARENT"}


def sources() -> list[Path]:
    """What people read and write of the program and its tests; nothing that is built or sampled."""
    kinds = {".py", ".html", ".txt", ".js", ".md"}
    found = [
        path
        for room in ("schoolgate", "tests")
        for path in (ROOT / room).rglob("*")
        if path.suffix in kinds and not {"dist", "samples", "__pycache__"} & set(path.parts)
    ]
    return sorted([*found, ROOT / "dev"])


def test_every_file_is_shorter_than_400_lines() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text("utf-8").splitlines()) for path in sources()
    }

    assert len(lengths) > 60  # it did look
    assert {name: length for name, length in lengths.items() if length >= LONGEST} == {}


# Of a provider, whose name is in the middle: those after it are put together by the program.
OF_A_PROVIDER = re.compile(
    r"SCHOOLGATE_PROVIDER_[A-Z0-9]+_(ISSUER|CLIENT|SECRET|LABEL|TENANTS|TRUST_SECOND_FACTOR)"
)


def settings_in(text: str) -> set[str]:
    """The names of settings of the environment in a text."""
    found = set(re.findall(r"\b(?:SCHOOLGATE_[A-Z_]+[A-Z]|DATABASE_URL)\b", text))
    return {name for name in found if not OF_A_PROVIDER.fullmatch(name)}


def test_every_setting_of_a_provider_is_told_in_running_md_and_no_other() -> None:
    settings = ROOT / "schoolgate" / "sign_in" / "provider_settings.py"
    read = set(re.findall(r'\bof\("([A-Z_]+)"\)', settings.read_text("utf-8")))
    running = (ROOT / "docs" / "running.md").read_text("utf-8")

    assert "ISSUER" in read
    assert set(re.findall(r"`SCHOOLGATE_PROVIDER_<NAME>_([A-Z_]+)`", running)) == read
    assert {match[1] for match in OF_A_PROVIDER.finditer(running)} <= read


def test_every_setting_of_the_environment_is_told_in_running_md_and_no_other() -> None:
    program = {
        name
        for path in (ROOT / "schoolgate").rglob("*.py")
        for name in settings_in(path.read_text("utf-8"))
    }
    told = settings_in((ROOT / "docs" / "running.md").read_text("utf-8"))

    assert "DATABASE_URL" in program
    assert sorted(program - INTERNAL - told) == []
    assert sorted(name for name in told - program if "_TEST_" not in name) == []


def test_running_md_says_what_a_proxy_replaces_and_what_it_blanks() -> None:
    """Whatever is believed of a proxy, a visitor must not be able to send through it (S24); and
    its log is to hold no token (S19)."""
    running = (ROOT / "docs" / "running.md").read_text("utf-8")
    nginx = running.split("proxy_pass")[1].split("```")[0]
    for header in ("Host", "X-Forwarded-Proto", "X-Forwarded-For"):
        assert f"proxy_set_header {header} $" in nginx
    blanked = re.findall(r"`(/[a-z/-]+/)`", running.split("blanks tokens")[1].split("\n")[0])
    for folder in logs.WITH_TOKEN:
        assert any(f"/{folder}/".startswith(told) for told in blanked), folder


def test_no_file_names_the_machine_it_was_written_on() -> None:
    of_a_machine = re.compile(r"(?<![\w/.:-])/(?:root|home/\w+|work/\w+)/")
    places = [*sources(), *(ROOT / "docs").rglob("*.md"), ROOT / "pyproject.toml"]

    assert [
        str(path.relative_to(ROOT))
        for path in places
        if of_a_machine.search(path.read_text("utf-8"))
    ] == []
