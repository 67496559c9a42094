"""The example in docs/reconciliation.md is what the command prints for the books that the page tells of."""

from __future__ import annotations

from infra.paths import ROOT
from relay.domain.nights import usual_night
from relay.domain.settings import Reconcile
from relay.holded.listings import LARGEST_PAGE
from tests.cli.conftest import over
from tests.docs.pages import blocks, table
from tests.services.books import Books, order_on
from tests.services.test_reconcile_asking import Asking
from tests.services.world import ACCOUNT


def example() -> str:
    """Three sales of 2 and 3 March. A person changed the first, moved the second into April and entered one of their own."""
    books = Books()
    books.order(order_on(2, 1))
    books.order(order_on(2, 2, total="60.50"))
    books.order(order_on(3, 3, total="242.00"))
    first, second, _ = books.documents()
    books.edits(first, items=[{"name": "Silla", "price": "90", "units": 1, "taxes": ["s_iva_21"]}])
    books.edits(second, date="2026-04-01")
    books.books(day="2026-03-03", price="50")
    result = over(books).run("reconcile", ACCOUNT, "--from", "2026-03-01", "--to", "2026-03-31")
    assert result.exit_code == 1
    return "\n".join(line.rstrip() for line in (result.stderr + result.stdout).splitlines())


def asked() -> str:
    """A sale of 5 March whose webhook never came."""
    books = Asking()
    books.sells(order_on(2, 1))
    books.sells(order_on(5, 2, total="60.50"), told=False)
    result = over(books).run("reconcile", ACCOUNT, "--from", "2026-03-01", "--to", "2026-03-31", "--ask-source")
    assert result.exit_code == 1
    return result.stdout


def test_the_table_of_nights_is_what_is_reckoned() -> None:
    rows = table(ROOT / "docs" / "reconciliation.md", "Plan")
    for (plan, calls, comes, a_month), (per_month, a_day) in zip(
        rows, ((500, 0), (2_000, 0), (7_500, 40), (100_000, 1_000)), strict=True
    ):
        night, nights = usual_night(Reconcile(), (a_day, 0), per_month=per_month, page=LARGEST_PAGE)

        assert plan.startswith(f"{per_month:,}")
        assert calls == f"{night} calls"
        assert comes == {1: "every night", 3: "every third night"}[nights]
        assert a_month == f"{night * 30 // nights:,}"


def test_what_no_webhook_told_of_is_shown_as_the_page_shows_it() -> None:
    page = ROOT / "docs" / "reconciliation.md"
    (shown,) = [block.text for block in blocks("text") if block.page == page and "missing_in_holded" in block.text]

    assert shown.strip() in asked()


def test_the_example_of_the_page_is_what_is_printed() -> None:
    page = ROOT / "docs" / "reconciliation.md"
    (shown,) = [block.text for block in blocks("text") if block.page == page and "documents known" in block.text]

    assert [line.rstrip() for line in shown.strip().splitlines()] == example().strip().splitlines()
