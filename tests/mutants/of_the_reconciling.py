"""Defects of reconciliation: absence read as deletion, one thing told twice, an hour's turn for everybody."""

from __future__ import annotations

from tests.mutants.mutant import Shelf

LOOKING = "shared/relay/services/reconcile_looking.py"
SERIES = "shared/relay/domain/reconciling_series.py"
NIGHTLY = "shared/relay/services/reconcile_nightly.py"
TESTS = "services/test_reconcile.py"
BY_NIGHT = "services/test_reconcile_nightly.py"

shelf = Shelf()
shelf.add(
    "a list that was not read whole is compared all the same",
    LOOKING,
    'unread[doc_type] = f"its list was not read whole: {refusal.reason}"',
    'self.incomplete[doc_type] = f"its list was not read whole: {refusal.reason}"',
    f"{TESTS}::test_the_second_page_counts_as_much_as_the_first",
)
shelf.add(
    "a read by id that fails is a deletion",
    LOOKING,
    'self.incomplete["by id"] = f"a document that no list shows could not be read: {refusal.reason}"',
    "gone.add(row.holded_id)",
    f"{TESTS}::test_a_read_by_id_that_fails_is_no_deletion",
)
shelf.add(
    "a document that cannot be read explains no gap",
    LOOKING,
    "self.unsure |= {each.doc_type for each in unread}",
    "self.unsure |= set()",
    f"{TESTS}::test_a_document_of_ours_that_cannot_be_read_is_neither_deleted_nor_a_gap",
)
shelf.add(
    "a deleted document is a gap too",
    SERIES,
    "if row.number and (gone or (shown is not None and shown.number != row.number)):",
    "if row.number and (shown is not None and shown.number != row.number):",
    "domain/test_reconciling.py::test_a_numbered_document_that_was_deleted_explains_its_number",
)
shelf.add(
    "a gap is told without a look around the window",
    LOOKING,
    "self.books = replace(self.books, beside=tuple(beside))",
    "self.books = replace(self.books, beside=())",
    f"{TESTS}::test_a_number_that_stands_on_a_day_outside_the_window_is_no_gap",
)
shelf.add(
    "who changed an amount has made an edit too",
    "shared/relay/domain/reconciling_documents.py",
    'found.pop("edited_by_hand", None)',
    "pass",
    "domain/test_reconciling.py::test_an_amount_that_was_changed_takes_the_edits_with_it",
)
shelf.add(
    "how a total divides is forgotten with the delivery",
    "shared/relay/domain/reconciling.py",
    "return read or of_row(row)",
    "return read",
    f"{TESTS}::test_another_rate_under_the_same_total_is_seen_when_the_delivery_is_gone",
)
shelf.add(
    "what is being written is a stranger's",
    LOOKING,
    "row = await self._by_marker(document) or await self._ledger.by_holded_id(self.books.account, document.id)",
    "row = await self._ledger.by_holded_id(self.books.account, document.id)",
    f"{TESTS}::test_a_document_whose_writer_died_before_it_could_say_so_is_nobodys_extra",
)
shelf.add(
    "a newer version that a person judges already is asked about once more",
    "shared/relay/domain/reconciling_documents.py",
    'return "in_review" if newer and aside is not None and aside.state == "review" else ""',
    'return ""',
    f"{TESTS}::test_a_newer_version_that_waits_for_a_person_is_an_amount_that_differs",
)
shelf.add(
    "a person's judgement does not count",
    "shared/relay/domain/reconciled.py",
    'return [each for each in self.differences if each.told != "settled"]',
    "return list(self.differences)",
    f"{TESTS}::test_what_the_settlement_sweep_has_told_is_known",
)
shelf.add(
    "every account's night begins at two",
    "shared/relay/domain/nights.py",
    'return int.from_bytes(hashlib.sha256(f"reconcile/{account}".encode()).digest()[:8], "big") % SPREAD_S',
    "return 0",
    f"{BY_NIGHT}::test_ten_thousand_accounts_are_spread_evenly_over_four_hours_after_two_in_madrid",
)
shelf.add(
    "a night spends what it likes",
    NIGHTLY,
    "if spent == most:",
    "if spent < 0:",
    f"{BY_NIGHT}::test_a_night_never_spends_more_than_its_calls",
)
shelf.add(
    "a night that did not fit is followed by one that does not fit either",
    "shared/relay/domain/nights.py",
    "return max(1, looked // 2)",
    "return looked",
    f"{BY_NIGHT}::test_beside_many_documents_of_others_a_night_is_followed_by_one_of_fewer_days",
)
shelf.add(
    "what a night could not read is taken for its result",
    NIGHTLY,
    "if done.unread and row.attempts + 1 < _TRIES and not _used_up(done):",
    "if done.unread and row.attempts < 0:",
    f"{BY_NIGHT}::test_a_list_that_fails_is_tried_again_the_same_night_and_nothing_is_concluded",
)
shelf.add(
    "a formula runs in the accountant's spreadsheet",
    "shared/relay/cli/reconcile_shown.py",
    """return f"'{value}" if value.startswith(_FORMULA) and not _RATE.fullmatch(value) else value""",
    "return value",
    "cli/test_reconcile.py::test_a_text_that_a_spreadsheet_would_run_is_neutralised",
)
