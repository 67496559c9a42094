"""`relay secret`: rotated with an overlap, shown once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.cli.webhook_secrets import MOST_SECRETS, fresh, rotated
from relay.errors import BadInput
from relay.ports.accounts import AccountSecrets
from tests import fakes

if TYPE_CHECKING:
    from tests.cli.conftest import Setting


def rotate(setting: Setting, *options: str) -> str:
    told = setting.json("secret", "rotate", "--account", "acme", "--source", "shopify", *options)
    return str(told["secret"])


def valid(setting: Setting) -> tuple[str, ...]:
    held = setting.accounts.load("acme")
    assert held is not None
    return tuple(held.secrets["shopify"])


@pytest.mark.row("A12")
def test_in_the_overlap_both_secrets_are_valid_then_only_the_new_one(setting: Setting) -> None:
    setting.add()
    [old] = valid(setting)

    new = rotate(setting, "--overlap", "1h")
    within = valid(setting)
    setting.clock.advance(3600)

    assert within == (new, old)
    assert valid(setting) == (new,)


@pytest.mark.row("A12")
def test_without_an_explicit_overlap_a_second_rotation_gets_the_default_too(setting: Setting) -> None:
    setting.add()
    rotate(setting)
    setting.clock.advance(23 * 3600)
    second = rotate(setting)
    setting.clock.advance(23 * 3600)

    assert len(valid(setting)) == 2
    assert valid(setting)[0] == second


@pytest.mark.row("A12")
def test_a_rotation_never_prolongs_an_older_secret(setting: Setting) -> None:
    setting.add()
    [first] = valid(setting)
    rotate(setting, "--overlap", "1h")
    rotate(setting, "--overlap", "7d")

    setting.clock.advance(3600)

    assert first not in valid(setting)
    assert len(valid(setting)) == 2


def test_overlap_zero_ends_the_old_secret_now(setting: Setting) -> None:
    setting.add()

    new = rotate(setting, "--overlap", "0")

    assert valid(setting) == (new,)


def test_a_secret_the_sender_made_is_read_from_standard_input_and_not_printed(setting: Setting) -> None:
    setting.add()

    result = setting.run(
        "secret", "rotate", "--account", "acme", "--source", "stripe", "--secret-file", "-", stdin="whsec_theirs\n"
    )

    assert result.exit_code == 0
    assert "whsec_theirs" not in result.output
    assert setting.accounts.secrets["acme"].secrets["stripe"][0] == "whsec_theirs"


def test_show_tells_how_many_and_until_when_but_not_which(setting: Setting) -> None:
    setting.add()
    new = rotate(setting, "--overlap", "1h")

    told = setting.json("secret", "show", "--account", "acme", "--source", "shopify")
    human = setting.run("secret", "show", "--account", "acme")

    assert told == [
        {"source": "shopify", "position": 1, "valid_until": None},
        {"source": "shopify", "position": 2, "valid_until": "2026-03-02T10:00:00Z"},
    ]
    assert new not in human.output


@pytest.mark.row("E04")
def test_show_reveals_only_when_asked(setting: Setting) -> None:
    setting.add()

    told = setting.json("secret", "show", "--account", "acme", "--source", "shopify", "--reveal")

    assert [one["secret"] for one in told] == list(valid(setting))


@pytest.mark.parametrize("overlap", ["1", "h", "-1h", "1.5h", "9999999h", "1w"])
def test_a_malformed_overlap_is_bad_input(setting: Setting, overlap: str) -> None:
    setting.add()

    result = setting.run("secret", "rotate", "--account", "acme", "--source", "shopify", f"--overlap={overlap}")

    assert result.exit_code == 2
    assert "duration_malformed" in result.stderr


def test_a_rotation_told_again_changes_nothing(setting: Setting) -> None:
    setting.add()
    once = ("secret", "rotate", "--account", "acme", "--source", "shopify", "--secret-file", "-")
    setting.json(*once, stdin="made-by-shopify")
    before = setting.accounts.secrets["acme"]
    setting.json(*once, stdin="made-by-shopify")

    assert setting.accounts.secrets["acme"] == before
    assert len(valid(setting)) == 2


def test_an_older_secret_is_no_new_one(setting: Setting) -> None:
    setting.add()
    [old] = valid(setting)
    rotate(setting)

    result = setting.run(
        "secret", "rotate", "--account", "acme", "--source", "shopify", "--secret-file", "-", stdin=old
    )

    assert result.exit_code == 2
    assert old not in result.output


def test_valid_secrets_do_not_pile_up(setting: Setting) -> None:
    setting.add()
    for _ in range(MOST_SECRETS - 1):
        rotate(setting, "--overlap", "7d")

    result = setting.run("secret", "rotate", "--account", "acme", "--source", "shopify")
    rotate(setting, "--overlap", "0")

    assert result.exit_code == 2
    assert len(valid(setting)) == 1


def test_a_rotation_of_one_source_leaves_the_others_alone(setting: Setting) -> None:
    setting.add()
    before = dict(setting.accounts.secrets["acme"].secrets)

    rotate(setting)

    after = setting.accounts.secrets["acme"].secrets
    assert {name: after[name] for name in before if name != "shopify"} == {
        name: before[name] for name in before if name != "shopify"
    }


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), max_size=12))
def test_a_secret_is_valid_from_its_rotation_to_the_earliest_end_set_for_it(steps: list[tuple[int, int]]) -> None:
    """A model that remembers every rotation agrees on what is valid, whatever the overlaps and pauses."""
    clock = fakes.FakeClock()
    accounts = fakes.FakeAccounts(clock)
    accounts.secrets["acme"] = AccountSecrets(account="acme", secrets={}, bindings={})
    ends: dict[str, float] = {}
    at = 0
    for number, (pause, overlap) in enumerate(steps):
        clock.advance(pause)
        at += pause
        held = accounts.load("acme")
        assert held is not None
        new = f"s{number}"
        try:
            changed = rotated(held, "shopify", new, now_ms=fakes.ms(clock.now()), overlap=timedelta(seconds=overlap))
        except BadInput:
            continue
        accounts.secrets["acme"] = changed
        ends = {old: min(end, at + overlap) for old, end in ends.items()}
        ends[new] = float("inf")

        now = accounts.load("acme")
        assert now is not None
        assert set(now.secrets["shopify"]) == {secret for secret, end in ends.items() if end > at}
        assert now.secrets["shopify"][0] == new


def test_fresh_secrets_differ_and_have_their_sources_form() -> None:
    made = {fresh("woocommerce") for _ in range(20)}

    assert len(made) == 20
    assert fresh("standard").startswith("whsec_")
