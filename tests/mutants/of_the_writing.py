"""Defects of the writing itself: marker, doubt, parents, approval, payment, contacts, hints and the settlement sweep."""

from __future__ import annotations

from tests.mutants.mutant import Shelf, simulated

SERVICES = "shared/relay/services"
CRASHES = "services/test_crash_points.py::test_whenever_the_writer_dies_everything_is_written_once"
JOURNEYS = "services/test_crash_points_of_the_road.py::test_whichever_function_dies_the_road_comes_to_the_same_end"
ROAD = "services/test_road.py"
ATTACKS = "services/test_core_attacks.py"
SWEEP = "services/test_settlement_sweep.py"
HINTS = "services/test_hints.py"
BEFORE = "services/test_before_it_is_sent.py"

shelf = Shelf()
shelf.add(
    "the marker is not written",
    "shared/relay/holded/bodies.py",
    "(*draft.tags, marker)",
    "draft.tags",
    f"{ROAD}::test_a_lost_reply_is_adopted_by_its_marker_and_never_written_again",
    simulated(seeds=10),
)
shelf.add(
    "what carries our marker is not adopted",
    f"{SERVICES}/doubt.py",
    "                if row.marker in document.tags:\n",
    '                if "" in document.tags:\n',
    f"{CRASHES}[draft for a known contact-after]",
    simulated(seeds=20),
)
shelf.add(
    "only the first page is searched for our marker",
    f"{SERVICES}/doubt.py",
    "            cursor = page.cursor\n            if cursor is None:\n                return marked, similar",
    "            return marked, similar",
    f"{BEFORE}::test_a_lost_reply_is_looked_for_on_every_page",
)
shelf.add(
    "a correction does not wait for its original",
    f"{SERVICES}/writer.py",
    'if parent is None or parent.state != "confirmed":',
    'if parent is not None and parent.state != "confirmed":',
    f"{ROAD}::test_a_refund_waits_for_its_order_and_is_released_by_it",
    simulated(seeds=30),
)
shelf.add(
    "a confirmed parent releases nobody",
    f"{SERVICES}/work.py",
    "for key in await self._desk.ledger.children(job.key):",
    "for key in ():",
    f"{ROAD}::test_a_refund_waits_for_its_order_and_is_released_by_it",
)
shelf.add(
    "a version noted while the key was written is dropped",
    f"{SERVICES}/steps.py",
    'session.follow_up.append(row.pending_event_id)\n        return f"document:',
    'pass\n        return f"document:',
    f"{BEFORE}::test_a_newer_version_that_meets_a_doubt_is_written_by_whoever_settles_it",
)
shelf.add(
    "approved without a look at the total",
    f"{SERVICES}/saga.py",
    "if row.total is not None and document.total != row.total:",
    "if row.total is None:",
    f"{BEFORE}::test_a_draft_whose_total_was_changed_before_approval_is_never_approved",
)
shelf.add(
    "paid without a look for our reference",
    f"{SERVICES}/payments.py",
    "if standing.paid is None or standing.paid > ours:",
    "if standing.paid is None:",
    "services/test_payments.py::test_a_part_whose_reply_was_lost_is_known_by_our_reference_and_registered_once[lose_reply]",
)
shelf.add(
    "more is given back than was sold",
    f"{SERVICES}/corrections.py",
    "        if left is not None:\n            detail",
    "        if left == '':\n            detail",
    "services/test_corrections.py::test_a_second_refund_of_the_whole_is_put_before_a_person",
)
shelf.add(
    "paid without a look at what is due",
    "shared/relay/domain/owing.py",
    "    if due is not None and due <= 0:\n",
    "    if due is not None and due < -rest:\n",
    "services/test_payments.py::test_two_payments_of_one_invoice_pay_no_more_than_it_is_worth",
)
shelf.add(
    "a payment approves a draft",
    f"{SERVICES}/payments.py",
    "if not (document.approved or document.number):",
    "if document.total is None:",
    "services/test_payments.py::test_a_draft_that_nobody_approves_within_seven_days_is_put_before_a_person",
)
shelf.add(
    "a newer version is written over an approved document",
    f"{SERVICES}/saga.py",
    "if current.approved or row.marker not in current.tags:",
    "if row.marker not in current.tags:",
    f"{ROAD}::test_a_newer_version_of_an_approved_invoice_goes_to_review_with_the_proposal",
    simulated(seeds=40),
)
shelf.add(
    "what a person edited in our draft is overwritten",
    f"{SERVICES}/saga.py",
    "current.total not in (row.total, plan.total)",
    "current.total is None",
    f"{BEFORE}::test_a_draft_that_a_person_edited_is_not_overwritten",
)
shelf.add(
    "a line that a person mended is overwritten",
    f"{SERVICES}/saga.py",
    "if as_written and are_other(row.lines, lines)",
    "if row.lines == 'never' and are_other(row.lines, lines)",
    f"{BEFORE}::test_a_line_that_a_person_mended_without_touching_the_total_is_not_overwritten",
)
shelf.add(
    "another buyer's draft keeps the contact it had",
    f"{SERVICES}/saga.py",
    "contact_id = await buyer() or there",
    "contact_id = there",
    "services/test_buyers.py::test_a_draft_whose_buyer_changes_gets_the_other_contact[another customer]",
)
shelf.add(
    "a second draft of a broken fence is not told of",
    f"{SERVICES}/steps.py",
    'if there is not None and there.holded_id not in {"", holded_id}:',
    'if there is not None and there.holded_id in {"never"}:',
    "services/test_two_drainers.py::test_a_writer_that_lives_to_see_its_draft_doubled_tells_of_it_at_once",
)
shelf.add(
    "a contact in doubt is created again",
    f"{SERVICES}/contacts.py",
    "    if session.now_ms() < ready_ms:\n",
    "    if session.now_ms() < 0:\n",
    f"{ROAD}::test_a_lost_reply_to_the_contact_makes_no_second_contact",
    f"{CRASHES}[draft for a new contact-late]",
)
shelf.add(
    "a throttle uses an attempt",
    f"{SERVICES}/desk.py",
    "failed = not refusal.reason.startswith(NO_ATTEMPT)",
    "failed = True",
    f"{ROAD}::test_work_beyond_the_minutes_quota_waits_without_attempts_and_without_a_429",
    simulated(seeds=20),
)
shelf.add(
    "a POST leaves though its time-out passes the deadline",
    f"{SERVICES}/session.py",
    "self.now_ms() + self.timing.call_ms <= self.deadline_ms",
    "self.now_ms() <= self.deadline_ms",
    f"{BEFORE}::test_nothing_is_sent_that_could_still_be_under_way_at_the_deadline",
)
shelf.add(
    "a call leaves without a token",
    f"{SERVICES}/purse.py",
    "            lot.count -= 1\n",
    "",
    f"{BEFORE}::test_every_call_has_a_token_of_its_own",
)
shelf.add(
    "every later change of our document is an echo",
    f"{SERVICES}/answers.py",
    'return hint.action == "create" or abs(when_ms - row.written_ms) <= _ECHO_MS',
    "return when_ms > 0",
    f"{HINTS}::test_a_change_by_hand_long_after_our_write_is_read",
)
shelf.add(
    "the sweep moves on before its page is compared",
    f"{SERVICES}/settlement.py",
    "                detail = await self._sweep(session, call, rows, spans)\n",
    """                row = replace(row, version=until_ms, rev=row.rev + 1)
                await self._ledger.replace(row, expected_rev=row.rev - 1)
                detail = await self._sweep(session, call, rows, spans)
""",
    f"{CRASHES}[the settlement sweep-before]",
)
shelf.add(
    "a sweep that was not worth its call counts as done",
    f"{SERVICES}/settlement.py",
    "swept_ms = row.version if rows else max(row.version, until_ms)",
    "swept_ms = max(row.version, until_ms)",
    f"{SWEEP}::test_a_handful_of_documents_is_compared_within_two_days",
)
shelf.add(
    "a sweep that Holded refused counts as done",
    f"{SERVICES}/settlement.py",
    "due_ms=due_ms, swept_ms=row.version, failures=failures, detail=detail)",
    "due_ms=due_ms, swept_ms=now_ms, failures=failures, detail=detail)",
    f"{SWEEP}::test_what_a_refused_sweep_did_not_compare_the_next_one_does",
)
shelf.add(
    "a sweep that spends calls for nothing comes back every minute",
    f"{SERVICES}/settlement.py",
    "due_ms = max(due_ms, now_ms + wait_ms)",
    "due_ms = max(due_ms, now_ms)",
    f"{SWEEP}::test_a_list_that_never_answers_is_asked_ever_more_rarely",
)
shelf.add(
    "a document that cannot be read is missing",
    f"{SERVICES}/settlement.py",
    "if row.holded_id not in hidden:",
    "if row.holded_id:",
    f"{SWEEP}::test_a_document_of_ours_that_cannot_be_read_is_not_missing",
)
shelf.add(
    "a total that differs is not reported",
    "shared/relay/domain/comparison.py",
    "if seen.total is not None and seen.total != row.total:",
    "if seen.total is None:",
    f"{SWEEP}::test_a_handful_of_documents_is_compared_within_two_days",
)
