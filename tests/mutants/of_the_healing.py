"""Defects of healing the sources: lists walked wrongly, cursors moved early, silences not told from quiet hours, webhooks made twice."""

from __future__ import annotations

from tests.mutants.mutant import Shelf, simulated

BACKFILL = "shared/relay/services/backfill.py"
WATCHDOG = "shared/relay/services/watchdog.py"
SILENCE = "shared/relay/domain/silence.py"
WOOCOMMERCE = "shared/relay/providers/woocommerce_lists.py"
LISTS = "services/test_backfill.py"
WATCHED = "services/test_watchdog.py"
HABITS = "domain/test_silence.py"
CHANGING = f"{LISTS}::test_what_changes_while_its_list_is_read_is_in_the_same_import"
DYING = "services/test_crash_points_of_healing.py::test_who_dies_is_met_by_what_stands"

shelf = Shelf()
shelf.add(
    "an import's cursor moves before its page is stored",
    BACKFILL,
    "        at = await self._stored(run, at, part, page)\n",
    '        on = replace(at, mark=page.resume) if page.mark else replace(at, part=at.part + 1, mark="")\n'
    "        await self._save(run, on)\n        at = await self._stored(run, at, part, page)\n",
    DYING,
)
shelf.add(
    "a window that ends now is read once",
    BACKFILL,
    "if until is not None or not later or at.round >= MOST_ROUNDS or dry_run:",
    "if at.round:",
    CHANGING,
)
shelf.add(
    "the next reading overlaps with nothing",
    BACKFILL,
    "since = from_ms(at.until_ms) - OVERLAP",
    "since = from_ms(at.until_ms) + OVERLAP",
    CHANGING,
    simulated(seeds=1, first=0, scenario="silence"),
)
shelf.add(
    "rows of one second are walked by page numbers",
    WOOCOMMERCE,
    "_MOST_EXCLUDED: Final = 500\n",
    "_MOST_EXCLUDED: Final = 0\n",
    f"{LISTS}::test_a_row_that_leaves_the_list_takes_no_other_with_it",
)
shelf.add(
    "what the webhook brought is brought again",
    BACKFILL,
    "if there is not None and imported.tells_the_same(there.delivery, delivery):",
    "if there is None and imported.tells_the_same(delivery, delivery) is None:",
    f"{LISTS}::test_what_the_webhook_brought_is_known_though_its_bytes_differ",
)
shelf.add(
    "an imported order is as urgent as a live one",
    "shared/relay/services/work.py",
    "        if is_imported(delivery):\n",
    "        if is_imported(delivery) and not delivery.headers:\n",
    f"{LISTS}::test_an_imported_flood_never_delays_a_live_order",
)
shelf.add(
    "what an import brought is a sign of life",
    "shared/relay/adapters/inbox_stream.py",
    'if HEADER in image.get("h", {}).get("M", {}):',
    "if not image:",
    f"{WATCHED}::test_what_an_import_brought_is_no_sign_of_life",
)
shelf.add(
    "clustered deliveries count as many",
    SILENCE,
    "    return found / habits.spread\n",
    "    return found\n",
    f"{HABITS}::test_false_alarms_stay_below_the_stated_bound",
)
shelf.add(
    "one stray delivery ends a silence",
    SILENCE,
    "return last_ms > habits.silent_ms and after - first_hour >= BACK",
    "return last_ms > habits.silent_ms",
    f"{HABITS}::test_a_stray_delivery_does_not_end_a_silence_and_some_do",
)
shelf.add(
    "a silence is learned as a habit",
    SILENCE,
    "    if habits.silent_ms:\n        return replace(habits, until_ms=max",
    "    if not habits.rates:\n        return replace(habits, until_ms=max",
    f"{HABITS}::test_a_silence_is_not_learned_as_a_habit",
)
shelf.add(
    "the silent window begins when it is noticed",
    WATCHDOG,
    "note.from_ms = note.from_ms or last_ms\n",
    "note.from_ms = note.from_ms or now_ms\n",
    f"{WATCHED}::test_the_window_is_exactly_the_silent_one",
)
shelf.add(
    "a mended webhook is all that is healed",
    WATCHDOG,
    "                note.from_ms = note.looked_ms or (at_ms(now) if found.refused else 0)\n",
    "                note.from_ms = 0\n",
    f"{WATCHED}::test_woocommerce_disables_after_failures_and_the_watchdog_heals_it",
    simulated(seeds=1, first=22),
)
shelf.add(
    "a refused registration waits for hours",
    WATCHDOG,
    'more = watched.state == "silent" or watched.refused or',
    'more = watched.state == "silent" or',
    f"{WATCHED}::test_a_registration_that_is_refused_is_tried_again_by_the_next_run_and_what_was_sold_meanwhile_is_brought",
)
shelf.add(
    "what is sold a moment before the mending is brought by nobody",
    WATCHDOG,
    "watched.refused or watched.mended or progress",
    "watched.refused or progress",
    f"{WATCHED}::test_an_order_of_a_moment_before_the_mending_is_brought_though_the_list_lags",
)
shelf.add(
    "an import that goes on ends where the one that stopped would have",
    BACKFILL,
    "later = at.fresh or at.until_ms < at_ms(now)",
    "later = at.fresh",
    f"{LISTS}::test_an_import_that_goes_on_later_reads_up_to_then",
    "simulation/test_seeds.py::test_a_shop_that_falls_silent_is_found_by_its_habits_alone_and_what_it_sold_is_brought",
)
shelf.add(
    "the next reading begins where this run did, however far it came",
    WATCHDOG,
    "            note.from_ms = progress.read_to_ms if more else 0\n",
    "            note.from_ms = at_ms(began) if more else 0\n",
    f"{WATCHED}::test_what_a_stopped_reading_has_not_come_to_is_the_next_runs",
)
shelf.add(
    "webhooks are registered without a look",
    "shared/relay/providers/subscription.py",
    "    missing = sorted(set(topics) - covered)\n",
    "    missing = sorted(topics)\n",
    f"{WATCHED}::test_the_first_look_registers_every_topic_once_and_the_next_ones_nothing",
)
shelf.add(
    "an endpoint whose secret nobody knows is kept",
    "shared/relay/providers/stripe.py",
    "orphan=isinstance(metadata, dict) and metadata.get(_MARK) == PENDING,",
    "orphan=False,",
    f"{WATCHED}::test_a_stripe_endpoint_whose_secret_was_lost_is_replaced",
)
shelf.add(
    "a webhook that delivers nothing of use is healthy",
    "shared/relay/providers/subscription.py",
    "if one.orphan or not one.usable]",
    "if one.orphan]",
    f"{WATCHED}::test_a_webhook_of_ours_that_nobody_can_use_is_replaced_and_what_it_spoiled_is_brought",
)
shelf.add(
    "a full page without a next one is the last",
    "shared/relay/providers/shopify.py",
    "if not url and (not found or (readable and len(found) < PAGE)):",
    "if not url:",
    f"{LISTS}::test_a_link_that_a_proxy_dropped_ends_no_import_of_shopify",
)
shelf.add(
    "rows that a list shows twice count twice",
    BACKFILL,
    "if keys[-1] not in run.taken:",
    "if keys:",
    f"{LISTS}::test_counts_are_of_distinct_things_however_often_a_list_shows_them",
)
shelf.add(
    "what was missed is kept only once all is mended",
    WATCHDOG,
    "                note.from_ms = note.from_ms or note.looked_ms\n",
    "                note.from_ms = note.from_ms or 0\n",
    DYING,
)
