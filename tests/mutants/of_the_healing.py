"""Defects of healing the sources: lists walked wrongly, cursors moved early, silences not told from quiet hours, webhooks made twice."""

from __future__ import annotations

from tests.mutants.mutant import Shelf, simulated

BACKFILL = "shared/relay/services/backfill.py"
WATCHDOG = "shared/relay/services/watchdog.py"
SILENCE = "shared/relay/domain/silence.py"
WOOCOMMERCE = "shared/relay/providers/woocommerce.py"
LISTS = "services/test_backfill.py"
WATCHED = "services/test_watchdog.py"
HABITS = "domain/test_silence.py"
CHANGING = f"{LISTS}::test_what_changes_while_its_list_is_read_is_in_the_same_import"
DYING = "services/test_crash_points_of_healing.py::test_who_dies_is_met_by_what_stands"

shelf = Shelf()
shelf.add(
    "an import's cursor moves before its page is stored",
    BACKFILL,
    "        stored, known = 0, 0\n        for value",
    '        on = replace(at, mark=page.resume) if page.mark else replace(at, part=at.part + 1, mark="")\n'
    "        await self._save(run, on)\n        stored, known = 0, 0\n        for value",
    DYING,
)
shelf.add(
    "a window that ends now is read once",
    BACKFILL,
    "if until is not None or not at.fresh or at.round >= MOST_ROUNDS or dry_run:",
    "if at.round:",
    CHANGING,
)
shelf.add(
    "the next reading overlaps with nothing",
    BACKFILL,
    "since = from_ms(at.until_ms) - OVERLAP",
    "since = from_ms(at.until_ms) + OVERLAP",
    CHANGING,
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
    "functions/publish_event/handler.py",
    'if not image or HEADER in image.get("h", {}).get("M", {}):',
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
    'note.from_ms = at_ms(began) if watched.state == "silent" or watched.refused else 0',
    'note.from_ms = at_ms(began) if watched.state == "silent" else 0',
    f"{WATCHED}::test_a_registration_that_is_refused_is_tried_again_by_the_next_run_and_what_was_sold_meanwhile_is_brought",
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
