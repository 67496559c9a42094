"""Defects of looking at Holded: cursors, absence, echoes, races with webhooks, windows, the share of the month."""

from __future__ import annotations

from tests.mutants.mutant import Shelf, simulated

SERVICES = "shared/relay/services"
DOMAIN = "shared/relay/domain"
ADAPTERS = "shared/relay/adapters"
POLL = "services/test_poll.py"
ABSENT = "services/test_poll_absent.py"
PURCHASES = "services/test_poll_purchases.py"
TURNS = "services/test_turns.py"
PAID = "services/test_poll_paid.py"
SNAPSHOTS = "adapters/test_snapshots.py"
CRASHES = "services/test_crash_points.py::test_whenever_the_writer_dies_everything_is_written_once"

shelf = Shelf()
shelf.add(
    "the cursor moves before its page is stored",
    f"{SERVICES}/poll_pass.py",
    "        changes = await self._sightings.page(session",
    """        await self._moved(session, resource, running, Page(cursor=cursor, lists=len(queries), parent=parent))
        changes = await self._sightings.page(session""",
    f"{CRASHES}[a poll of what was changed by hand-before]",
    simulated(seeds=1, first=48),
)
shelf.add(
    "a pass that stopped begins anew with another page's marks",
    f"{SERVICES}/poll_pass.py",
    "    if course.running is not None:\n        return found\n",
    "",
    f"{POLL}::test_a_pass_that_stopped_half_way_goes_on_at_its_cursor_and_deletes_nobody",
)
shelf.add(
    "absence is read as deletion",
    f"{SERVICES}/poll_pass.py",
    "            observed = (await _call(session, request, running, state, allowance)).value\n",
    '            raise NotFound("not_found")\n',
    f"{POLL}::test_a_row_that_moves_to_a_page_behind_us_is_no_deletion",
    simulated(seeds=1, first=4),
)
shelf.add(
    "a list that lied costs a call for each that it hid",
    f"{SERVICES}/poll_pass.py",
    "doubted = suspicious and asked < SAMPLE",
    "doubted = suspicious and asked < 0",
    f"{POLL}::test_an_empty_list_where_many_were_known_is_asked_about_before_it_is_believed",
)
shelf.add(
    "what is there and in no list is asked for by every pass",
    f"{DOMAIN}/snapshots.py",
    "pass_ms - known.unlisted_ms < pause_ms",
    "pass_ms < known.unlisted_ms",
    f"{ABSENT}::test_what_is_there_and_in_no_list_is_asked_for_ever_more_rarely",
)
shelf.add(
    "who was there comes before those of whom nothing is known",
    f"{SERVICES}/poll_pass.py",
    "key=lambda each: (absent[each].unlisted, offset_ms",
    "key=lambda each: (-absent[each].unlisted, offset_ms",
    f"{ABSENT}::test_a_pass_asks_for_few_that_are_there_and_first_for_those_of_whom_nothing_is_known",
)
shelf.add(
    "one refused read hides all deletions behind it",
    f"{SERVICES}/poll_pass.py",
    "            if not _is_of_one(refusal, state.courses[resource.name]):\n",
    "            if refusal.reason:\n",
    f"{ABSENT}::test_one_object_that_is_refused_hides_no_other_and_is_asked_for_again",
)
shelf.add(
    "a refused read is a deletion",
    f"{SERVICES}/poll_pass.py",
    "            refused = refusal.reason\n",
    "            told = await self._sightings.gone(session, resource, holded_id, sent_ms=sent_ms)\n",
    f"{ABSENT}::test_one_object_that_is_refused_hides_no_other_and_is_asked_for_again",
)
shelf.add(
    "a refusal of the whole is taken for one object's",
    f"{SERVICES}/poll_pass.py",
    "        return lasts and not refusal.reason.startswith(NOBODYS)\n",
    "        return True\n",
    f"{ABSENT}::test_a_refusal_of_the_whole_stops_the_pass",
)
shelf.add(
    "one complete pass without it is enough",
    f"{DOMAIN}/snapshots.py",
    "if before.missed_ms and before.missed_ms < pass_ms:",
    "if pass_ms:",
    "domain/test_snapshots.py::test_without_a_read_by_id_two_complete_passes_in_a_row_must_miss_it",
)
shelf.add(
    "who has no id that can be read is absent",
    f"{DOMAIN}/polling_steps.py",
    "whole=running.whole and not page.nameless,",
    "whole=running.whole,",
    f"{POLL}::test_an_item_that_cannot_be_read_is_there_and_one_without_an_id_ends_all_conclusions",
)
shelf.add(
    "a short page is the end of v1's list",
    "shared/relay/holded/polled_requests.py",
    "cursor=str(number + 1) if items and not single else None",
    "cursor=str(number + 1) if len(items) > 1 and not single else None",
    "holded/test_polled_requests.py::test_a_page_of_v1_goes_by_its_number_and_only_an_empty_one_is_the_end",
)
shelf.add(
    "a stale look overwrites a later one",
    f"{ADAPTERS}/dynamodb_snapshots.py",
    '_THERE = "n = :expected AND seen <= :seen"',
    '_THERE = "n = :expected AND :seen <= :seen"',
    f"{SNAPSHOTS}::test_a_snapshot_is_written_on_the_number_read_and_never_over_a_later_sighting[moto]",
)
shelf.add(
    "a stale look is judged",
    f"{DOMAIN}/snapshots.py",
    "    return before.seen_ms > sent_ms or is_behind\n",
    "    return is_behind\n",
    "domain/test_snapshots.py::test_what_has_to_be_judged_at_all",
)
shelf.add(
    "a copy of Holded's that lags is believed",
    f"{DOMAIN}/snapshots.py",
    "    return before.seen_ms > sent_ms or is_behind\n",
    "    return before.seen_ms > sent_ms\n",
    f"{POLL}::test_a_list_that_lags_behind_a_read_does_not_undo_it",
)
shelf.add(
    "whose time went back is never seen again",
    f"{DOMAIN}/snapshots.py",
    " and sent_ms - before.seen_ms < LAG_MS\n",
    "\n",
    f"{POLL}::test_a_list_that_lags_behind_a_read_does_not_undo_it",
)
shelf.add(
    "a snapshot is written whatever number stands there",
    f"{ADAPTERS}/dynamodb_snapshots.py",
    '_THERE = "n = :expected AND seen <= :seen"',
    '_THERE = "n <> :expected OR seen <= :seen"',
    f"{SNAPSHOTS}::test_a_snapshot_is_written_on_the_number_read_and_never_over_a_later_sighting[moto]",
)
shelf.add(
    "what a snapshot tells is stored though the snapshot is not",
    f"{ADAPTERS}/dynamodb_snapshots.py",
    '        items: Any = [{"Put": put}, {"Put": staged}]\n',
    """        await call(self._client.put_item, **staged)
        items: Any = [{"Put": put}]
""",
    f"{SNAPSHOTS}::test_what_a_snapshot_tells_is_stored_with_it_or_not_at_all[moto]",
)
shelf.add(
    "every snapshot of an older rule is a change",
    f"{DOMAIN}/snapshots.py",
    "    if known is not None and known.fingerprint in shown.earlier:\n",
    "    if known is not None and known.fingerprint == shown.fingerprint:\n",
    "services/test_poll_older.py::test_a_new_rule_of_fingerprints_is_no_storm_of_events",
)
shelf.add(
    "a snapshot of an older rule is compared by what matters now",
    f"{SERVICES}/sightings.py",
    "observed.matters if observed.before is None else observed.before",
    "observed.matters",
    "services/test_poll_older.py::test_a_new_rule_of_fingerprints_is_no_storm_of_events[1]",
)
shelf.add(
    "another spelling of what is empty is a change",
    "shared/relay/holded/unified.py",
    '    return f"{_RULE}-{_digest(_spelt_alike(data) or {})}"\n',
    '    return f"{_RULE}-{_digest(data)}"\n',
    "services/test_poll_older.py::test_another_spelling_of_the_same_contact_is_no_event",
)
shelf.add(
    "what was paid too much is paid in part",
    "shared/relay/holded/unified.py",
    "    if pending is not None and not _goes_with(total, pending):\n",
    "    if pending == 0:\n",
    f"{POLL}::test_a_document_that_was_paid_too_much_is_paid",
    "holded/test_payment_status.py::test_a_document_is_paid_when_nothing_is_left_to_be_paid",
)
shelf.add(
    "our own document over nothing is told to be paid",
    f"{DOMAIN}/snapshots.py",
    "    settled = ours.paid or (shown.total is not None and not shown.total)\n",
    "    settled = ours.paid\n",
    f"{POLL}::test_our_own_document_over_nothing_is_not_told_to_be_paid",
)
shelf.add(
    "a supplier's number is an approval",
    "shared/relay/holded/polled_documents.py",
    '_SUPPLIERS: Final = frozenset({"purchase", "purchaserefund"})',
    "_SUPPLIERS: Final = frozenset[str]()",
    f"{PURCHASES}::test_a_draft_with_its_suppliers_number_is_a_draft_until_it_is_approved",
    f"{PURCHASES}::test_of_a_refund_no_list_tells_and_a_read_does",
)
shelf.add(
    "an approval that changes no field is not looked at",
    f"{DOMAIN}/snapshots.py",
    " or before.approved != _approval(before, approved)\n",
    "\n",
    f"{PURCHASES}::test_a_draft_with_its_suppliers_number_is_a_draft_until_it_is_approved",
)
shelf.add(
    "an approval is undone by a list that does not tell",
    f"{DOMAIN}/snapshots.py",
    "    return known.approved if known.approved or shown is None else shown\n",
    "    return shown\n",
    f"{PURCHASES}::test_of_a_refund_no_list_tells_and_a_read_does",
)
shelf.add(
    "an entry's number is cut off at its point",
    "shared/relay/holded/fields.py",
    "    if found is not None and found != found.to_integral_value():\n",
    "    if found is not None and not found.is_finite():\n",
    "holded/test_fields.py::test_an_entry_is_never_merged_with_another",
)
shelf.add(
    "our own writes are told",
    f"{DOMAIN}/snapshots.py",
    "if ours is not None and (known is None or ours.written_ms >= known.seen_ms):",
    "if ours is not None and ours.written_ms < 0:",
    f"{POLL}::test_our_own_documents_contacts_and_payments_are_not_echoed",
    simulated(seeds=1, first=4),
)
shelf.add(
    "a webhook of what a person did after our update tells nothing of a known document",
    f"{DOMAIN}/snapshots.py",
    'return verbs or (("updated",) if asked else ())',
    'return verbs or (("updated",) if asked and known is None else ())',
    "services/test_hints.py::test_what_a_person_changes_after_our_update_of_a_known_document_is_told_though_its_total_stays",
)
shelf.add(
    "whatever happens to our document is our own doing",
    f"{DOMAIN}/snapshots.py",
    "if ours is not None and (known is None or ours.written_ms >= known.seen_ms):",
    "if ours is not None:",
    "domain/test_snapshots.py::test_what_our_own_ledger_wrote_is_learned_silently",
)
shelf.add(
    "a write of ours without an answer is told as somebody else's",
    f"{SERVICES}/own_doing.py",
    "        doubted=_waits_for_an_answer(row),\n",
    "",
    "services/test_hints.py::test_an_approval_of_ours_without_an_answer_is_nobody_elses",
)
shelf.add(
    "an update that a person has to judge is told as somebody else's",
    f"{SERVICES}/own_doing.py",
    "return row.state in {*_UNANSWERED, *_UNDECIDED} and is_doubted(row)",
    "return row.state in _UNANSWERED and is_doubted(row)",
    "services/test_hints.py::test_an_update_of_ours_that_a_person_has_to_judge_is_nobody_elses_until_then",
)
shelf.add(
    "what an update could not write is what the document has",
    f"{SERVICES}/own_doing.py",
    "        total=row.total if stands else None,\n",
    "        total=row.total,\n",
    "services/test_hints.py::test_a_document_that_stands_as_it_was_while_its_update_is_refused_is_nobody_elses",
)
shelf.add(
    "a write that is looked for longer than an hour is a stranger's",
    f"{SERVICES}/own_doing.py",
    "            return await self._is_looked_for(session.account.account, markers)\n",
    "            return False\n",
    "services/test_hints.py::test_it_is_left_alone_for_as_long_as_the_write_is_in_doubt",
)
shelf.add(
    "a webhook of a write in review asks every quarter of an hour",
    f"{SERVICES}/sightings.py",
    "max(waited_ms, _AWAITED_MS)",
    "_AWAITED_MS",
    "services/test_hints.py::test_while_a_person_has_to_judge_it_it_is_looked_at_ever_more_rarely",
)
shelf.add(
    "a write that a person has to judge is a stranger's",
    f"{SERVICES}/own_doing.py",
    "for state in (*_UNANSWERED, *_UNDECIDED):",
    "for state in _UNANSWERED:",
    "services/test_hints.py::test_it_is_left_alone_for_as_long_as_the_write_is_in_doubt",
)
shelf.add(
    "who adopts our own document forgets that we approved it",
    f"{DOMAIN}/remedies.py",
    'last_step=reached(row) if ours else "create",',
    'last_step="create",',
    f"{POLL}::test_our_own_approval_stays_ours_when_a_person_adopts_the_document_for_a_newer_version",
)
shelf.add(
    "a webhook's look does not wait for our own record",
    f"{SERVICES}/sightings.py",
    "            if doubts and await self._own.is_in_doubt(",
    "            if doubts and not asked and await self._own.is_in_doubt(",
    "services/test_hints.py::test_what_a_write_without_an_answer_made_is_left_alone_until_the_ledger_names_it",
)
shelf.add(
    "a late webhook tells of the time before our last write",
    f"{SERVICES}/sightings.py",
    "            since = asked and (ours is None or when is None or (at_ms(when) > ours.written_ms and not made))\n",
    "            since = asked\n",
    "services/test_hints.py::test_a_webhook_of_what_happened_before_our_last_write_tells_nothing",
)
shelf.add(
    "a new object is judged before our own record of it can be there",
    f"{SERVICES}/own_doing.py",
    "        until_ms = sent_ms + session.timing.echo_ms\n",
    "        until_ms = sent_ms\n",
    f"{POLL}::test_a_new_object_waits_for_our_own_record_of_it",
)
shelf.add(
    "the first pass tells of all that is there",
    f"{DOMAIN}/polling_steps.py",
    "    baseline = not course.full_ms\n",
    "    baseline = course.full_ms < 0\n",
    f"{POLL}::test_the_first_pass_tells_nothing_of_what_was_there_before",
)
shelf.add(
    "the window begins where the last pass did",
    "shared/relay/holded/polled_requests.py",
    "since + OVERLAP_DAYS",
    "since",
    "holded/test_polled_requests.py::test_days_are_holdeds_and_the_window_reaches_back_over_the_last_pass",
)
shelf.add(
    "polling spends what it likes",
    f"{SERVICES}/poll_pass.py",
    "    if state.calls >= allowance:\n",
    "    if state.calls < 0:\n",
    f"{POLL}::test_a_share_that_is_used_up_is_used_up",
)
shelf.add(
    "calls without an answer are free",
    f"{SERVICES}/poll.py",
    "return courses.spent(courses.with_course(found, resource.name, held), resource.name, 1, hurried=hurried)\n",
    "return courses.with_course(found, resource.name, held)\n",
    f"{POLL}::test_a_call_that_was_not_answered_is_counted_against_the_share_too",
)
shelf.add(
    "all accounts are due at the same instant",
    f"{DOMAIN}/polling_cadence.py",
    "    at = now_ms - now_ms % interval_ms + offset_ms(account, resource, interval_ms)\n",
    "    at = now_ms - now_ms % interval_ms\n",
    "domain/test_polling_cadence.py::test_ten_thousand_accounts_that_come_back_together_part_again",
)
shelf.add(
    "a right that a poll lacks closes the account",
    f"{SERVICES}/session.py",
    "if not (optional and refusal.reason in OF_ONE_KIND):",
    "if refusal.reason:",
    f"{POLL}::test_a_resource_whose_right_the_token_lacks_closes_nothing",
)
shelf.add(
    "webhooks ask for what polls are to keep",
    f"{DOMAIN}/budget_month.py",
    "paced = min(most, max(whole - kept, whole // 2)) * reached // length",
    "paced = min(most, whole) * reached // length",
    "domain/test_budget_rereads.py::test_documents_come_first_and_the_polls_keep_their_share_or_half_of_what_is_left",
)
shelf.add(
    "what webhooks asked for is not counted",
    f"{SERVICES}/turns.py",
    "                take(session)\n",
    "",
    f"{TURNS}::test_where_the_share_has_a_call_a_hint_is_read_by_itself_and_it_is_counted",
)
shelf.add(
    "a page that was asked for before the webhook came answers it",
    f"{SERVICES}/answers.py",
    "            elif row.updated_ms <= sent_ms and await",
    "            elif await",
    f"{TURNS}::test_a_second_webhook_of_who_joined_is_not_answered_by_an_older_page",
)
shelf.add(
    "a webhook that comes while its object is read is taken for the one that is answered",
    f"{SERVICES}/hints.py",
    "        elif row.reason == FIRST_LOOK and row.due_ms > now_ms:\n",
    "        elif row.reason:\n",
    f"{TURNS}::test_a_webhook_that_comes_while_the_object_is_read_leads_to_another_read",
)
shelf.add(
    "who was not shown waits for one pass after the other",
    f"{DOMAIN}/polling_steps.py",
    "for name, at in course.joined.items() if at > running.started_ms}",
    "for name, at in course.joined.items()}",
    f"{TURNS}::test_who_was_not_shown_gets_a_call_of_its_own",
)
shelf.add(
    "a pass that webhooks hurry is paid from polling's own share",
    f"{SERVICES}/poll_pass.py",
    "return courses.spent(moved, resource.name, calls, hurried=running.hurried)",
    "return courses.spent(moved, resource.name, calls)",
    f"{TURNS}::test_a_hurried_pass_is_none_of_pollings_own_share_and_puts_off_nothing_of_its_own",
)
shelf.add(
    "a webhook of stock that comes during a pass is taken for answered by it",
    f"{DOMAIN}/polling_steps.py",
    "course.joined[ANY] <= course.running.started_ms",
    "course.joined[ANY] < 0",
    f"{TURNS}::test_a_webhook_of_stock_during_the_pass_leads_to_another_one",
)
shelf.add(
    "a list that does not tell of an approval answers its webhook",
    f"{SERVICES}/answers.py",
    'if hint.action == "approve" and not observed.approved:',
    'if hint.action == "approved":',
    f"{TURNS}::test_a_list_that_does_not_tell_of_an_approval_does_not_answer_its_webhook",
)
shelf.add(
    "a webhook whose event header says so passes as what the relay saw itself",
    f"{DOMAIN}/sources/reread.py",
    " and delivery.topic.startswith(_PREFIX) and not delivery.headers",
    " and delivery.topic.startswith(_PREFIX)",
    "attacks/test_authenticity.py::test_no_webhook_passes_as_what_the_relay_saw_itself",
)
shelf.add(
    "a payment that a poll sees says nothing of its document",
    f"{SERVICES}/sightings.py",
    "            await self._paid.told(session, before, verb, said, seen_ms=at_ms(when))\n",
    "            pass\n",
    f"{PAID}::test_a_document_that_no_quick_pass_reaches_is_read_by_itself_and_counted_as_pollings",
)
shelf.add(
    "the window does not go back to who was paid",
    "shared/relay/holded/polled_requests.py",
    "    first = min(first, reach) if reach and not full else first\n",
    "",
    f"{PAID}::test_an_old_document_that_is_paid_in_full_is_told_by_the_next_quick_pass_without_a_call_of_its_own[invoice]",
)
shelf.add(
    "a payment by hand moments after our own write is taken for its echo",
    f"{SERVICES}/answers.py",
    "        if event.id.startswith(POLLED):\n            return False\n",
    "",
    f"{PAID}::test_a_payment_by_hand_moments_after_our_own_write_is_no_echo",
)
shelf.add(
    "looks at what was paid take all of polling's calls",
    f"{DOMAIN}/paid.py",
    "max(1, allowance // _LOOKS)",
    "max(1, allowance)",
    "domain/test_paid.py::test_looks_come_one_after_the_other_and_are_a_fifth_of_the_calls",
)
shelf.add(
    "a list that lags takes a payment back",
    f"{DOMAIN}/snapshots.py",
    "before.updated_ms or _takes_back(before, listed) or",
    "before.updated_ms or",
    f"{PAID}::test_a_list_that_lags_behind_a_read_does_not_take_a_payment_back",
)
shelf.add(
    "a list that lags brings back what is gone",
    f"{DOMAIN}/snapshots.py",
    "    return before.gone or (before.approved is True",
    "    return (before.approved is True",
    f"{POLL}::test_a_list_that_lags_behind_a_deletion_does_not_bring_the_document_back",
)
shelf.add(
    "a list that lags takes an approval back",
    f"{DOMAIN}/snapshots.py",
    "(before.approved is True and approved is False)",
    "(before.approved is None and approved is False)",
    f"{POLL}::test_a_list_that_lags_behind_an_approval_does_not_take_it_back",
)
