"""What is in a function's package, and when it is made anew."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from infra import packaging
from infra.packaging import Target, function_names, stage
from infra.pythons import version_of

HERE = Target(name="here", python_version=version_of(Path(sys.executable)), platforms=(), python=Path(sys.executable))


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of one function without dependencies."""
    monkeypatch.setattr(packaging, "ROOT", tmp_path)
    monkeypatch.setattr(packaging, "BUILD", tmp_path / ".build")
    for name, content in {
        "functions/answer/__init__.py": "",
        "functions/answer/main.py": "from relay.core import value\n",
        "shared/relay/__init__.py": "",
        "shared/relay/core.py": "value = 1\n",
        "shared/relay/cli/__init__.py": "",
        "shared/relay/cli/app.py": "raise SystemExit\n",
        "requirements/answer.txt": "",
    }.items():
        place = tmp_path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(content)
    return tmp_path


def test_a_package_holds_the_function_and_relay_without_its_command_line(project):
    folder = stage("answer", HERE).folder

    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")} == {
        "functions/__init__.py", "functions/answer/__init__.py", "functions/answer/main.py",
        "relay/__init__.py", "relay/core.py",
    }  # fmt: skip


def test_the_package_imports_alone_by_the_name_the_template_gives(project):
    folder = stage("answer", HERE).folder
    program = "import functions.answer.main as m; print(m.value)"
    run = subprocess.run([sys.executable, "-S", "-c", program], cwd=folder, capture_output=True, text=True, check=True)

    assert run.stdout == "1\n"


def test_byte_code_stays_valid_whatever_the_file_times_are(project):
    folder = stage("answer", HERE).folder
    compiled = folder / importlib.util.cache_from_source("relay/core.py")
    flags = int.from_bytes(compiled.read_bytes()[4:8], "little")

    # https://peps.python.org/pep-0552/: bit 0 = by hash, bit 1 = check the source
    assert flags == 0b01


def test_the_same_sources_are_not_staged_twice(project):
    first = stage("answer", HERE)
    mark = first.folder / "mark"
    mark.touch()

    assert stage("answer", HERE) == first
    assert mark.exists()


@pytest.mark.parametrize("changed", ["shared/relay/core.py", "functions/answer/main.py", "requirements/answer.txt"])
def test_a_change_of_what_is_packed_makes_another_package(project, changed):
    before = stage("answer", HERE)
    (project / changed).write_text("# changed\n")
    after = stage("answer", HERE)

    assert after.digest != before.digest
    if changed.endswith(".py"):
        packed = changed.removeprefix("shared/")
        assert (after.folder / packed).read_text() == "# changed\n"


def test_a_change_of_the_command_line_changes_no_package(project):
    before = stage("answer", HERE)
    (project / "shared/relay/cli/app.py").write_text("# changed\n")

    assert stage("answer", HERE).digest == before.digest


def test_every_function_has_its_pinned_requirements():
    for name in function_names():
        group = packaging._GROUPS.get(name, name)
        text = (packaging.ROOT / "requirements" / f"{group}.txt").read_text()
        assert "--hash=sha256:" in text
        assert "boto3==" not in text, "boto3 comes from the runtime"
