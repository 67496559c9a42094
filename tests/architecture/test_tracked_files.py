"""What is committed names no machine, no download host, and switches off no check without saying why."""

from __future__ import annotations

import re
import subprocess
import tomllib

import pytest

from infra.paths import ROOT

FORBIDDEN = {
    "a path of somebody's machine": re.compile(r"""(?:^|["'` =:(])/(?:work|root|home|Users)/\w"""),
    "a download address": re.compile(r"https?://[^\s\"']+\.(?:whl|tgz|tar\.gz|deb)\b"),
    "a package host": re.compile(r"https?://[^\s\"']*(?:pythonhosted|/simple/|registry\.npmjs|artifactory|nexus)"),
    "an index option": re.compile(r"-{2}(?:(?:extra-)?index-url|find-links|trusted-host)"),
}


def tracked():
    run = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode:
        pytest.skip("not a git checkout: which files are tracked is not known")
    for name in filter(None, run.stdout.split("\0")):
        file = ROOT / name
        if file.is_file():
            yield name, file.read_text(encoding="utf-8", errors="replace")


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_file_holds(what):
    found = [
        f"{name}:{at}"
        for name, text in tracked()
        for at, line in enumerate(text.splitlines(), start=1)
        if FORBIDDEN[what].search(line)
    ]

    assert found == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a path of somebody's machine", 'x = "/{}/somebody/project"'.format("home")),
        ("a download address", "see https://example.org/files/thing-1.0." + "tar.gz"),
        ("a package host", "https://example.org/" + "simple/thing"),
        ("an index option", "--index" + "-url https://example.org"),
    ],
)
def test_the_search_finds_a_planted(what, line):
    assert FORBIDDEN[what].search(line)


def test_every_switched_off_check_has_its_reason_on_the_line():
    naked = [
        f"{name}:{at}"
        for name, text in tracked()
        if name.endswith(".py") and not name.startswith("tests/")
        for at, line in enumerate(text.splitlines(), start=1)
        if (found := re.search(r"#\s*(?:noqa|type:\s*ignore)\b(?P<rest>.*)$", line))
        and not re.match(r"(?::\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|\[[\w-]+(?:,\s*[\w-]+)*\])\s+[#-]\s+\S+", found["rest"])
    ]

    assert naked == []


def test_every_ignore_of_the_linter_has_its_reason_beside_it():
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    settings = tomllib.loads(text)["tool"]["ruff"]["lint"]
    codes = {*settings["ignore"], *(code for held in settings["per-file-ignores"].values() for code in held)}
    explained = {
        code
        for line in text.splitlines()
        if re.search(r"#\s*\w+", line)
        for code in re.findall(r'"([A-Z]+\d*)"', line.partition("#")[0])
    }

    assert codes - explained == set()
