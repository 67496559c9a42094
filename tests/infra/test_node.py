"""Which Node runs CDK."""

from __future__ import annotations

import subprocess

import pytest

from infra.node import find_node, npx_command


@pytest.fixture
def only(tmp_path, monkeypatch):
    """Put a `node` that answers `version`, and nothing else, on the PATH."""

    def put(version):
        node = tmp_path / "node"
        node.write_text(f"#!/bin/sh\necho {version}\n")
        node.chmod(0o755)
        monkeypatch.setenv("PATH", str(tmp_path))
        return node

    return put


@pytest.mark.parametrize("version", ["v20.0.0", "v24.19.0"])
def test_a_node_on_the_path_is_used_from_20_on(only, version):
    node = only(version)

    assert find_node() == node


@pytest.mark.parametrize("version", ["v18.20.1", "nonsense"])
def test_an_older_node_gives_way_to_the_bundled_one(only, version):
    node = only(version)

    assert find_node() != node
    assert find_node().is_file()


def test_without_a_node_on_the_path_the_bundled_one_runs(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_node().is_file()


def test_the_bundled_node_brings_a_working_npx(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    run = subprocess.run([*npx_command(find_node()), "--version"], capture_output=True, text=True, check=False)

    assert run.returncode == 0, run.stderr
