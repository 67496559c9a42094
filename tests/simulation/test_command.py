"""The command that `make simulate` runs."""

from __future__ import annotations

from tests.simulation.__main__ import main


def test_it_prints_what_was_run_and_what_struck(capsys):
    assert main(["--seeds", "4", "--first", "3", "--jobs", "1"]) == 0

    told = capsys.readouterr().out
    assert "4 seeds in" in told
    assert "seeds a second" in told
    assert "documents" in told
    assert "kill_before" in told


def test_one_seed_is_explained(capsys):
    assert main(["--seed", "3"]) == 0
    assert "seed 3: all is well" in capsys.readouterr().out


def test_a_fault_left_out_is_not_among_what_struck(capsys):
    assert main(["--seeds", "4", "--jobs", "1", "--without", "kill_before"]) == 0
    assert "kill_before" not in capsys.readouterr().out
