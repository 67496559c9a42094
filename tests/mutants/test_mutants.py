"""The planted defects fit the code as it stands, the copy is what runs, and an unnoticed defect is a failure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.mutants.__main__ import line, main, shares
from tests.mutants.catalogue import MUTANTS
from tests.mutants.workshop import ROOT, PatchError, Verdict, copy_to, judge, patched, run, tried

BY_NAME = {mutant.name: mutant for mutant in MUTANTS}
CHEAP = BY_NAME["tokens without a look at who holds the lease"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copy")
    copy_to(folder)
    return folder


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_the_planted_text_stands_exactly_once_in_the_shipped_code(mutant):
    compile(patched(mutant), mutant.file, "exec")


def test_mutants_have_names_of_their_own_and_a_catcher_each():
    assert len(BY_NAME) == len(MUTANTS) >= 30
    assert all(mutant.catchers for mutant in MUTANTS)
    assert {catcher for share in shares(MUTANTS) for catcher in share} == {
        catcher for mutant in MUTANTS for catcher in mutant.catchers
    }


def test_every_test_that_catches_is_a_test_there_is():
    for mutant in MUTANTS:
        for module, *rest in mutant.catchers:
            if module == "pytest":
                file, _, name = rest[0].partition("::")

                assert f"def {name.partition('[')[0]}(" in (ROOT / file).read_text(), rest[0]


@pytest.mark.parametrize(
    "broken",
    [
        replace(CHEAP, old="no such text"),
        replace(CHEAP, old="gate"),
        replace(CHEAP, new=CHEAP.old),
        replace(CHEAP, file="tests/fakes.py"),
    ],
    ids=["missing", "many times", "unchanged", "not shipped"],
)
def test_a_patch_that_does_not_fit_is_refused(broken):
    with pytest.raises(PatchError, match=CHEAP.name):
        patched(broken)


def test_the_copy_stands_before_the_installed_code(copy):
    done = run(("tests.mutants.whereabouts",), copy)

    assert done.returncode == 0, done.stderr
    assert [place.startswith(str(copy)) for place in done.stdout.split()] == [True] * 3, done.stdout


def test_in_a_test_of_the_copy_too(copy):
    (copy / "tests" / "test_place.py").write_text(
        "from tests.mutants.whereabouts import places\n\n\ndef test_place():\n"
        f"    assert all(place.startswith({str(copy)!r}) for place in places()), places()\n"
    )
    done = run(("pytest", "-q", "-p", "no:cacheprovider", "tests/test_place.py"), copy)

    assert done.returncode == 0, done.stdout


def test_a_planted_defect_is_noticed():
    verdict = tried(CHEAP)

    assert verdict.by == CHEAP.catchers[0][1].removeprefix("tests/"), verdict


def test_without_the_defect_nothing_is_noticed(copy):
    verdict = judge(CHEAP.name, CHEAP.catchers, copy)

    assert (verdict.by, verdict.trouble) == ("", "")


def test_a_catcher_that_cannot_run_is_trouble_and_no_catch(copy):
    verdict = judge("no such test", (("pytest", "tests/domain/test_gate.py::test_nothing_of_the_kind"),), copy)

    assert verdict.by == ""
    assert verdict.trouble.startswith("pytest: exit 4")
    assert "NOT CAUGHT pytest: exit 4" in line(verdict, 10)


def test_an_unnoticed_defect_fails_the_run(monkeypatch, capsys):
    monkeypatch.setattr("tests.mutants.__main__.clean", lambda name, _: Verdict(name=name))
    monkeypatch.setattr("tests.mutants.__main__.tried", lambda mutant: Verdict(name=mutant.name, seconds=1.0))
    code = main(["--only", CHEAP.name])
    printed = capsys.readouterr().out

    assert code == 1
    assert f"{CHEAP.name}    1.0 s  NOT CAUGHT\n" in printed
    assert "0 of 1 planted defects were noticed" in printed


def test_a_name_that_no_mutant_has_is_bad_input(capsys):
    assert main(["--only", "nobody is called so"]) == 2
    assert "no mutant's name holds" in capsys.readouterr().err
