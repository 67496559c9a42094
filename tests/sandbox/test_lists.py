"""Lists of the sandbox: cursors, filters and late rows."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

DAYS = [f"2026-01-{day:02d}" for day in range(1, 8)]


def _walk(client, path: str, limit: int, between=lambda: None) -> list[str]:
    seen, cursor = [], ""
    for _ in range(100):
        page = client.v2("GET", f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor}")
        assert len(page["items"]) <= limit
        seen += [item["id"] for item in page["items"]]
        if not page["has_more"]:
            assert page["cursor"] is None
            return seen
        assert page["cursor"] == seen[-1]
        cursor = f"&cursor={page['cursor']}"
        between()
    raise AssertionError("the walk does not end")


@given(
    days=st.lists(st.sampled_from(DAYS), max_size=12),
    limit=st.integers(1, 5),
    sort=st.sampled_from(["", "sort=date", "sort=-date", "sort=dueDate", "sort=total", "sort=-total"]),
)
def test_a_walk_over_a_list_sees_every_document_once(new_client, days, limit, sort):
    client = new_client()
    contact = client.contact()
    made = [client.invoice(contact_id=contact, date=day) for day in days]
    path = f"/invoices?{sort}" if sort else "/invoices"

    assert sorted(_walk(client, path, limit)) == sorted(made)


@given(data=st.data(), count=st.integers(1, 12), limit=st.integers(1, 4))
def test_a_walk_skips_nothing_while_others_are_made_and_deleted(new_client, data, count, limit):
    client = new_client()
    contact = client.contact()
    made = [client.invoice(contact_id=contact, date=data.draw(st.sampled_from(DAYS))) for _ in range(count)]
    deleted = set()

    def between() -> None:
        client.invoice(contact_id=contact, date=data.draw(st.sampled_from(DAYS)))
        victim = data.draw(st.sampled_from(made))
        if victim not in deleted:
            deleted.add(victim)
            client.call("DELETE", f"/api/v2/invoices/{victim}")

    seen = _walk(client, "/invoices", limit, between)

    assert set(made) - deleted <= set(seen)
    assert len(seen) == len(set(seen))


def test_the_limit_is_clamped_and_a_wrong_one_ignored(holded):
    contact = holded.contact()
    for _ in range(205):
        holded.invoice(contact_id=contact)

    sizes = [len(holded.v2("GET", f"/invoices?limit={limit}")["items"]) for limit in ("500", "200", "7", "0", "x", "²")]
    assert sizes == [200, 200, 7, 50, 50, 50]


def test_a_cursor_must_be_an_object_id_and_an_empty_one_is_an_empty_page(holded):
    holded.invoice()
    refused = holded.v2("GET", "/invoices?cursor=abc", status=400)

    assert refused["detail"] == "Error parsing ObjectId string: abc"
    assert holded.v2("GET", "/invoices?cursor=")["items"] == []


def test_an_unknown_query_key_is_ignored(holded):
    holded.invoice()

    assert len(holded.v2("GET", "/invoices?page=2&whatever=1")["items"]) == 1


def test_a_new_object_can_appear_in_lists_later_while_its_id_answers_at_once(holded):
    holded.company.configure({"list_lag_seconds": 5})
    invoice = holded.invoice()
    assert holded.v2("GET", "/invoices")["items"] == []
    assert holded.v2("GET", f"/invoices/{invoice}")["id"] == invoice

    holded.now += 5
    assert len(holded.v2("GET", "/invoices")["items"]) == 1


def test_v1_pages_end_with_an_empty_array(holded):
    holded.company.configure({"v1_page_size": 2})
    for _ in range(4):
        holded.contact()

    sizes = [len(holded.v1("GET", f"/contacts?page={page}")) for page in (1, 2, 3, 4)]
    assert sizes == [2, 2, 0, 0]
