"""Defects of what a fact becomes: the decisions, the transitions, and the table that keeps the rows."""

from __future__ import annotations

from tests.mutants.mutant import Shelf, simulated

DECISIONS = "shared/relay/domain/decisions.py"
TRANSITIONS = "shared/relay/domain/transitions.py"
TABLE = "shared/relay/adapters/dynamodb_ledger.py"
CRASHES = "services/test_crash_points.py::test_whenever_the_writer_dies_everything_is_written_once"
ROAD = "services/test_road.py"
ATTACKS = "services/test_core_attacks.py"
LEDGER = "adapters/test_ledger.py"

shelf = Shelf()
shelf.add(
    "an expired `sent` is free",
    DECISIONS,
    'Decision("doubt") if mine',
    'Decision("claim") if mine',
    f"{CRASHES}[draft for a known contact-after]",
    simulated(seeds=20),
)
shelf.add(
    "a dead writer's row is believed at once, SETTLE or not",
    DECISIONS,
    "row.lease_until_ms + settle_ms if row",
    "row.lease_until_ms if row",
    f"{CRASHES}[draft for a known contact-late]",
)
shelf.add(
    "a lost reply is believed at once, SETTLE or not",
    TRANSITIONS,
    "max(row.lease_until_ms, now_ms) + settle_ms",
    "now_ms",
    f"{ROAD}::test_a_commit_seconds_after_the_time_out_is_found_because_absence_waits_for_settle",
)
shelf.add(
    "seen empty once is enough",
    TRANSITIONS,
    "SEEN_EMPTY_TWICE = 2",
    "SEEN_EMPTY_TWICE = 1",
    "services/test_before_it_is_sent.py::test_a_document_that_the_lists_show_between_two_looks_is_not_written_again",
    f"{ROAD}::test_a_request_that_never_arrived_is_written_after_it_was_seen_empty_twice",
)
shelf.add(
    "an older version is applied",
    DECISIONS,
    "    if fact.version < row.version:\n",
    "    if fact.version < 0:\n",
    f"{ROAD}::test_an_older_version_never_overwrites_a_newer_document",
    simulated(seeds=40),
)
shelf.add(
    "one version with two contents is applied",
    DECISIONS,
    "    if fact.version == row.version and row.event_id:",
    "    if fact.version < 0:",
    "services/test_crash_points_of_the_road.py::test_the_journey_without_a_crash_comes_to_its_end[another body under one identity]",
)
shelf.add(
    "the other of two contents of one version is dropped while the first waits",
    DECISIONS,
    '            if _contradicts(row, fact):\n                return Decision("judge", CONFLICT)\n            return Decision("keep", "superseded"',
    '            return Decision("keep", "superseded"',
    "services/test_same_version.py::test_an_edit_of_the_same_version_is_put_before_a_person_while_the_order_waits",
)
shelf.add(
    "an event that had its effect is taken further",
    DECISIONS,
    "    if fact.event_id == row.event_id:\n",
    '    if fact.event_id == "":\n',
    f"{ATTACKS}::test_an_event_that_the_row_already_answers_for_is_done_whatever_policy_says_now",
)
shelf.add(
    "a new version takes a key in doubt for free",
    DECISIONS,
    " and not may_stand(row):",
    ":",
    f"{ATTACKS}::test_a_doubt_that_breaks_us_until_it_is_dead_never_becomes_a_second_document",
)
shelf.add(
    "another event settles the doubt",
    DECISIONS,
    "mine = row.event_id == fact.event_id",
    "mine = True",
    f"{ATTACKS}::test_a_newer_version_that_meets_a_doubt_about_a_later_step_is_not_swallowed",
)
shelf.add(
    "a doubt is parked as if nothing had been sent",
    TRANSITIONS,
    '"unknown" if doubtful else "waiting"',
    '"waiting"',
    f"{ATTACKS}::test_a_doubt_that_meets_an_empty_quota_stays_a_doubt",
)
shelf.add(
    "an insert overwrites",
    TABLE,
    "there = await self._put(row, _FREE, {})",
    'there = await self._put(row, "attribute_exists(pk) OR attribute_not_exists(pk)", {})',
    f"{LEDGER}::test_insert_hands_over_the_row_that_was_first[moto]",
)
shelf.add(
    "a replacement looks at no rev",
    TABLE,
    'self._put(written, _REV, {":rev": {"N": str(expected_rev)}})',
    'self._put(written, "attribute_exists(pk)", {})',
    f"{LEDGER}::test_replace_writes_only_over_the_expected_rev[moto]",
)
shelf.add(
    "a child waits for a parent that is there already",
    TABLE,
    '                    {"ConditionCheck": check},  # type: ignore[typeddict-item]  # as above\n',
    "",
    f"{LEDGER}::test_a_child_does_not_wait_for_a_confirmed_parent[moto]",
)
shelf.add(
    "the account is missing from the ledger's key",
    "shared/relay/adapters/_rows.py",
    'join(key.account, "ledger",',
    'join("", "ledger",',
    f"{LEDGER}::test_accounts_do_not_share_rows[moto]",
)
