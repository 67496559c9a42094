"""Defects of the way from a sender to the writer: accepting, publishing, waking, sweeping, the lease."""

from __future__ import annotations

from tests.mutants.mutant import Shelf, simulated

SERVICES = "shared/relay/services"
ADAPTERS = "shared/relay/adapters"
CRASHES = "services/test_crash_points.py::test_whenever_the_writer_dies_everything_is_written_once"
ATTACKS = "services/test_core_attacks.py"
REFUSALS = "services/test_refusals_on_the_way.py"
GATE = "domain/test_gate.py"

shelf = Shelf()
shelf.add(
    "2xx though nothing was put",
    f"{SERVICES}/accept.py",
    """            # Not stored, whatever the store had against it, so not acknowledged: the sender's own retry is the net.
            return Answer(503, "try_again", trouble=error.reason)
""",
    '            return Answer(200, "accepted", delivery.inbox_id)\n',
    "services/test_accept.py::test_a_store_that_is_away_is_a_503_and_never_an_acknowledgement",
    simulated(seeds=40),
)
shelf.add(
    "a signature is not looked at",
    f"{SERVICES}/accept.py",
    "if not verdict.ok:",
    'if verdict.reason == "":',
    "services/test_accept.py::test_a_signature_of_another_account_is_refused",
)
shelf.add(
    "another body under a taken identity is called a duplicate",
    f"{ADAPTERS}/dynamodb_inbox_writer.py",
    "if there == digest:",
    "if there:",
    "adapters/test_inbox.py::test_another_digest_under_the_same_identity_is_a_new_item[moto]",
)
shelf.add(
    "a delivery overwrites the one before it",
    f"{ADAPTERS}/dynamodb_inbox_writer.py",
    '"ConditionExpression": "attribute_not_exists(pk)"',
    '"ConditionExpression": "attribute_not_exists(zz)"',
    "adapters/test_inbox.py::test_the_same_digest_is_a_duplicate_and_changes_nothing[moto]",
)
shelf.add(
    "what the bus refused of a batch is forgotten",
    f"{ADAPTERS}/eventbridge.py",
    """refused += [at for at, result in zip(batch, results, strict=True) if "EventId" not in result]""",
    "refused += [] if results else batch",
    "adapters/test_bus_and_wakes.py::test_refused_entries_are_told_by_their_index",
)
shelf.add(
    "a part of an event's batch that was refused counts as published",
    f"{SERVICES}/publish.py",
    """            if refused:
                raise Unavailable("bus_refused\"""",
    """            if len(refused) == len(facts):
                raise Unavailable("bus_refused\"""",
    f"{REFUSALS}::test_one_refused_event_of_many_comes_again_with_the_others",
)
shelf.add(
    "a hint that the queue refused counts as sent",
    f"{SERVICES}/publish.py",
    """        if refused:
            raise Unavailable("queue_refused\"""",
    """        if len(refused) > len(messages):
            raise Unavailable("queue_refused\"""",
    f"{REFUSALS}::test_a_hint_that_the_queue_refused_comes_again_from_the_stream",
)
shelf.add(
    "the stream is told that all went well",
    "functions/publish_event/handler.py",
    '{"batchItemFailures": failures}',
    '{"batchItemFailures": []}',
    f"{REFUSALS}::test_what_the_bus_refused_comes_again_from_the_stream",
)
shelf.add(
    "a batch's failure is reported for nobody",
    "functions/write_holded/handler.py",
    "if ref in lost]",
    "if ref in lost and not ref]",
    f"{REFUSALS}::test_only_what_could_not_be_taken_in_comes_again",
)
shelf.add(
    "the inbox is closed before the ledger knows the event",
    f"{SERVICES}/work.py",
    "        end = await self._part(session, item.delivery, parts, number)\n",
    """        await self._inbox.close(account, inbox_id, ends={str(number): "done"}, of=parts.of)
        end = await self._part(session, item.delivery, parts, number)
""",
    f"{CRASHES}[draft for a known contact-before]",
    simulated(seeds=10),
)
shelf.add(
    "a looked-at dead letter is deleted",
    f"{ADAPTERS}/sqs_dead_letters.py",
    '            messages = answer.get("Messages", [])\n',
    """            messages = answer.get("Messages", [])
            for one in messages:
                self._client.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
""",
    "adapters/test_dead_letters.py::test_a_dead_letter_stays_in_its_queue_however_often_it_is_looked_at[moto]",
)
shelf.add(
    "the indexer of dead letters may delete them",
    "infra/upkeep.py",
    '            ["sqs:ReceiveMessage"],\n            [queues.fiscal_dead',
    '            ["sqs:ReceiveMessage", "sqs:DeleteMessage"],\n            [queues.fiscal_dead',
    "architecture/test_permissions.py::test_a_role_grants_what_its_function_calls_and_nothing_else[index_dead_letters]",
)
shelf.add(
    "a lease that runs is taken from its holder",
    "shared/relay/domain/gate.py",
    'if gate.owner not in ("", owner) and gate.lease_until_ms > now_ms:',
    'if gate.owner not in ("", owner) and gate.lease_until_ms > now_ms + 10**9:',
    f"{GATE}::test_a_lease_that_runs_is_never_taken_from_its_holder",
)
shelf.add(
    "tokens without a look at who holds the lease",
    "shared/relay/domain/gate.py",
    "if gate.owner != owner or gate.lease_until_ms <= now_ms:",
    "if gate.lease_until_ms <= now_ms:",
    f"{GATE}::test_more_is_for_the_holder_and_only_while_its_lease_runs",
)
shelf.add(
    "the gate is stored whatever its rev",
    f"{ADAPTERS}/dynamodb_gates.py",
    'condition = "rev = :expected"',
    'condition = "rev >= :expected OR rev < :expected"',
    "adapters/test_gates.py::test_a_moved_rev_is_a_conflict_and_changes_nothing[moto-2]",
)
shelf.add(
    "the wake set is not looked at when the lease is let go",
    f"{SERVICES}/drain.py",
    "if_no_wakes=not hands_over",
    "if_no_wakes=False",
    "services/test_two_drainers.py::test_two_drains_that_take_turns_in_any_order_write_each_fact_once",
    "services/test_road.py::test_a_second_writer_leaves_its_event_to_the_holder_of_the_lease",
)
shelf.add(
    "a message whose event waits is done with",
    f"{SERVICES}/work.py",
    'session.behind |= item.ends[str(number)].startswith("waiting")',
    "session.behind |= False",
    f"{ATTACKS}::test_a_row_parked_by_a_writer_that_died_before_telling_the_holder_is_not_forgotten",
)
shelf.add(
    "one delivery that breaks its normaliser stops the sweeper",
    f"{SERVICES}/sweep.py",
    "isinstance(result, BaseException) and not isinstance(result, Exception)",
    "isinstance(result, BaseException)",
    f"{ATTACKS}::test_a_delivery_that_breaks_the_normaliser_does_not_stop_the_sweeper",
)
shelf.add(
    "the account is missing from the key of a snapshot",
    f"{ADAPTERS}/dynamodb_snapshots.py",
    '{"pk": {"S": join(account, "snapshot", object_type)}, "sk"',
    '{"pk": {"S": join("", "snapshot", object_type)}, "sk"',
    "adapters/test_snapshots.py::test_a_snapshot_is_written_on_the_number_read_and_never_over_a_later_sighting[moto]",
)
shelf.add(
    "who waits for a token of another class wakes the account at once, again and again",
    f"{SERVICES}/drain.py",
    "refused = session.borrowing | session.exhausted",
    "refused = session.exhausted",
    "services/test_held_up.py::test_a_contact_that_waits_for_a_fiscal_token_wakes_nobody_before_there_is_one",
    simulated(seeds=1, first=170),
)
shelf.add(
    "an order given after the settings were mended is the one that goes by the old ones",
    f"{SERVICES}/replay_orders.py",
    "rules = [there.settings, there.catalogue] if there is not None else []",
    "rules = [] if there is not None else [there]",
    "services/test_replay.py::test_an_order_given_again_after_the_settings_were_mended_is_another_though_the_first_is_under_way",
)
