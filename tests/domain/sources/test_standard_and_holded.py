"""Events posted in our own schema, and Holded's hints."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from relay.domain.models import Hint
from relay.domain.sources import holded
from relay.domain.sources.registry import get
from tests.domain.sources.payloads import NOW, POSTED, changed, normalise, only


def posted(**fields: Any) -> Any:
    return normalise("standard", "order.paid", changed(POSTED, **fields))


def test_a_posted_event_is_taken_as_it_is() -> None:
    event = only(posted())

    assert (event.type, event.subject, event.account, event.source) == ("order.paid", "W-1", "acme", "standard")
    assert event.data.total == Decimal("121.00")
    assert event.data.lines[0].taxes[0].rate == Decimal(21)
    assert event.version == 1772355600000


def test_its_identity_comes_from_the_signed_body() -> None:
    import json

    identity = get("standard").identify(json.dumps(POSTED).encode(), {"webhook-id": "m1"})
    assert (identity.topic, identity.object_id, identity.version) == ("order.paid", "W-1", 1772355600000)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"account": "other"}, "account_mismatch"),
        ({"data": {**POSTED["data"], "tax": "21"}}, "wrong_shape"),
        ({"data": {**POSTED["data"], "issued_at": "2026-03-01T09:00:00"}}, "date_without_offset"),
        ({"data": {**POSTED["data"], "currency": "EURO"}}, "unknown_currency"),
        ({"data": {**POSTED["data"], "total": "-1"}}, "negative_total"),
        ({"data": {**POSTED["data"], "lines": []}}, "no_lines"),
        ({"data": {**POSTED["data"], "total": "1e400"}}, "number_out_of_range"),
        ({"data": {**POSTED["data"], "lines": [{"name": "x"}]}}, "wrong_shape"),
        ({"data": None}, "wrong_shape"),
        ({"type": None}, "missing_field"),
    ],
)
def test_what_does_not_fit_the_schema_goes_to_review_and_names_the_field(fields: dict[str, Any], reason: str) -> None:
    found = posted(**fields)

    assert found.review == reason
    assert ":" in found.detail
    assert "W-1" not in found.detail


@pytest.mark.parametrize("kind", ["order.exploded", "holded.invoice.update", "x"])
def test_an_unknown_type_is_ignored(kind: str) -> None:
    assert posted(type=kind).ignored == "unknown_topic"


def test_several_events_may_be_posted_at_once() -> None:
    found = normalise("standard", "", [POSTED, {"type": "order.paid"}])

    assert [event.id for event in found.events] == ["inbox-1#0"]
    assert (found.review, found.ignored) == ("wrong_shape", "")


def test_holded_has_58_events_over_18_objects() -> None:
    assert len(holded.TOPICS) == 58
    assert len({topic.partition(".")[0] for topic in holded.TOPICS}) == 18


@pytest.mark.parametrize("topic", sorted(holded.TOPICS))
def test_every_holded_event_is_a_hint(topic: str) -> None:
    body = {"id": "5ab", "productId": "5ab", "documentNumber": "F-1", "total": "1.234,56"}
    event = only(normalise("holded", topic, body, {"x-holded-webhook-date": "2026-03-02T09:00:00Z"}))

    assert (event.type, event.subject, event.time) == (f"holded.{topic}", "5ab", NOW)
    assert isinstance(event.data, Hint)
    assert f"{event.data.object}.{event.data.action}" == topic
    assert (event.data.number, event.data.total) == ("F-1", None)


def test_a_thin_body_that_repeats_after_a_second_change_is_another_delivery() -> None:
    body = b'{"id": "5ab", "name": "Ana"}'
    headers = {"x-holded-webhook-event": "contact.update", "x-holded-webhook-date": "2026-03-02T09:00:00Z"}
    later = {**headers, "x-holded-webhook-date": "2026-03-02T09:00:01Z"}

    identify = get("holded").identify
    assert identify(body, headers) == identify(body, headers)
    assert identify(body, headers) != identify(body, later)


def test_a_body_of_another_document_type_than_its_topic_goes_to_review() -> None:
    assert normalise("holded", "invoice.update", {"id": "5ab", "type": "creditnote"}).review == "topic_mismatch"
    assert normalise("holded", "lead.update", {"id": "5ab"}).ignored == "unknown_topic"
    assert normalise("holded", "invoice.update", {"type": "invoice"}).review == "missing_field"
