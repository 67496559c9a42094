"""What each answer of Holded means: a reply, a refusal, a wait or a doubt."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.errors import NotAllowed, NotFound, OutcomeUnknown, Rejected, RelayError, RetryAt, WaitUntil
from relay.holded import replies
from relay.holded.protocol import Request, decipher

NOW = datetime(2026, 10, 15, 12, tzinfo=UTC)
ID = "5f0000000000000000000001"
READ = Request(method="GET", path="/api/v2/invoices/x", reads=replies.document, names_object=True)
WRITE = Request(method="POST", path="/api/v2/invoices", reads=replies.created, writes=True, json={})
V1_READ = Request(method="GET", path="/api/invoicing/v1/documents/invoice/x", reads=replies.document, version="v1")
V1_CREATE = Request(
    method="POST", path="/api/invoicing/v1/documents/invoice", reads=replies.created, version="v1", writes=True
)
V1_UPDATE = Request(
    method="PUT", path="/api/invoicing/v1/contacts/x", reads=replies.done, version="v1", writes=True, names_object=True
)
HTML = b"<!DOCTYPE html><html><body>404</body></html>"


def answer(request, status, body=b"", *, kind="application/json", **headers):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    named = {"Content-Type": kind} | {name.replace("_", "-"): value for name, value in headers.items()}
    return decipher(request, status, named, raw, NOW)


def problem(status, detail):
    return {"type": "https://api.holded.com/problems/x", "title": "T", "status": status, "detail": detail}


@pytest.mark.parametrize(
    ("request_", "status", "body", "error", "reason"),
    [
        # a 2xx that does not settle it
        (READ, 200, b'{"id": "5f', RetryAt, "reply_broken"),
        (WRITE, 201, b'{"id": "5f', OutcomeUnknown, "reply_broken"),
        (READ, 200, b"", RetryAt, "reply_unexpected"),
        (WRITE, 201, b"", OutcomeUnknown, "reply_unexpected"),
        (WRITE, 201, {"ok": True}, OutcomeUnknown, "reply_unexpected"),
        (READ, 200, {"id": ID, "total": "much"}, RetryAt, "reply_unexpected"),
        (READ, 200, HTML, RetryAt, "reply_not_json"),
        (WRITE, 200, HTML, OutcomeUnknown, "reply_not_json"),
        (V1_READ, 200, HTML, NotFound, "not_found"),
        (V1_UPDATE, 200, HTML, NotFound, "not_found"),
        (V1_CREATE, 200, HTML, OutcomeUnknown, "reply_not_json"),
        # status 0
        (V1_CREATE, 200, {"status": 0, "info": "contactId needed"}, Rejected, "refused"),
        (WRITE, 200, {"status": 0, "info": "no"}, Rejected, "refused"),
        (V1_READ, 400, {"status": 0, "info": "Invalid key"}, NotAllowed, "credential_invalid"),
        (V1_READ, 200, {"status": 0, "info": "Invalid key"}, NotAllowed, "credential_invalid"),
        (V1_READ, 401, {"status": 401}, NotAllowed, "credential_invalid"),
        # redirects
        (READ, 302, b"", Rejected, "redirected"),
        (WRITE, 307, b"", OutcomeUnknown, "redirected"),
        # refusals
        (READ, 403, problem(403, "Access denied."), NotAllowed, "credential_invalid"),
        (
            WRITE,
            403,
            problem(403, "Insufficient permissions: sales:invoices.write required."),
            NotAllowed,
            "scope_missing",
        ),
        (WRITE, 403, problem(403, "No."), NotAllowed, "forbidden"),
        (WRITE, 403, HTML, Rejected, "blocked"),
        (WRITE, 402, {}, NotAllowed, "plan_unpaid"),
        (READ, 404, problem(404, "Not Found"), NotFound, "not_found"),
        (WRITE, 400, problem(400, "Invalid date format"), Rejected, "bad_request"),
        (WRITE, 422, problem(422, "This date has been locked"), Rejected, "period_locked"),
        (WRITE, 422, problem(422, "The document is locked"), Rejected, "unprocessable"),
        (WRITE, 409, {}, Rejected, "conflict"),
        (READ, 410, {}, Rejected, "gone"),
        (WRITE, 413, HTML, Rejected, "too_large"),
        (WRITE, 418, b"teapot", Rejected, "refused"),
        (WRITE, 423, {}, RetryAt, "busy"),
        # machine trouble
        (READ, 500, HTML, RetryAt, "server_error"),
        (WRITE, 500, {"status": 0, "info": "x"}, OutcomeUnknown, "server_error"),
        (READ, 408, b"", RetryAt, "server_error"),
        (WRITE, 408, b"", OutcomeUnknown, "server_error"),
        (WRITE, 999, b"", OutcomeUnknown, "server_error"),
    ],
)
def test_each_row_of_the_table(request_, status, body, error, reason):
    kind = "text/html; charset=utf-8" if body == HTML else "application/problem+json"

    with pytest.raises(error) as raised:
        answer(request_, status, body, kind=kind)

    assert type(raised.value) is error
    assert raised.value.reason == reason


def test_a_missing_scope_is_named():
    with pytest.raises(NotAllowed, match=r"inventory:warehouses\.read"):
        answer(READ, 403, problem(403, "Insufficient permissions: inventory:warehouses.read required."))


def test_a_v1_document_with_status_0_is_unpaid_and_no_refusal():
    assert answer(V1_READ, 200, {"id": ID, "status": 0, "total": 1}).value.id == ID


def test_a_page_of_html_that_calls_itself_json_is_still_no_json():
    with pytest.raises(NotFound):
        answer(V1_READ, 200, HTML, kind="application/json")


def test_json_that_calls_itself_text_is_read():
    assert answer(WRITE, 201, {"id": ID}, kind="text/plain").value == replies.Created(id=ID)


def test_a_minute_s_429_waits_as_asked_between_a_second_and_two_minutes():
    waits = {}
    for asked in ("17", "0", "900", "nonsense"):
        with pytest.raises(RetryAt) as raised:
            answer(WRITE, 429, {}, Retry_After=asked, X_RateLimit_Window="minute")
        assert raised.value.reason == "rate_limited_minute"
        assert not isinstance(raised.value, WaitUntil)
        waits[asked] = (raised.value.retry_at - NOW).total_seconds()

    assert waits == {"17": 17, "0": 1, "900": 120, "nonsense": 60}


@pytest.mark.parametrize("headers", [{"X_RateLimit_Window": "month"}, {"Retry_After": str(9 * 86400)}])
def test_a_month_s_429_is_a_wait_until_and_never_a_sleep(headers):
    with pytest.raises(WaitUntil) as raised:
        answer(WRITE, 429, {}, **headers)

    assert raised.value.reason == "rate_limited_month"
    assert timedelta(days=9) <= raised.value.retry_at - NOW <= timedelta(days=17)


def test_a_server_s_own_retry_after_is_heard_on_a_read():
    with pytest.raises(RetryAt) as raised:
        answer(READ, 503, HTML, kind="text/html", Retry_After="90")

    assert raised.value.retry_at == NOW + timedelta(seconds=90)


def test_a_reply_carries_what_its_headers_say_of_the_limits():
    reply = answer(
        WRITE, 201, {"id": ID}, x_ratelimit_limit="60", X_RATELIMIT_REMAINING="3", x_ratelimit_window="minute"
    )

    assert (reply.status, reply.limits[0].limit, reply.limits[0].remaining) == (201, 60, 3)


@given(
    st.sampled_from([READ, WRITE, V1_READ, V1_CREATE, V1_UPDATE]),
    st.integers(100, 999),
    st.sampled_from(["application/json", "text/html", "", "application/problem+json"]),
    st.binary(max_size=80) | st.sampled_from([b'{"id":"x1"}', b'{"status":0}', b'{"detail":1}', b"[]", b"null", HTML]),
    st.dictionaries(
        st.sampled_from(["Retry-After", "X-RateLimit-Reset", "X-RateLimit-Window", "X-RateLimit-Limit"]),
        st.text(max_size=20),
    ),
)
def test_whatever_comes_back_it_is_a_reply_or_one_of_our_errors_and_no_write_is_blindly_retried(
    request_, status, kind, body, headers
):
    outcome = tried(lambda: decipher(request_, status, {"content-type": kind, **headers}, body, NOW))

    if isinstance(outcome, RetryAt):
        assert NOW < outcome.retry_at <= NOW + timedelta(days=32)
        assert not request_.writes or status in {429, 423, 425}
    elif not isinstance(outcome, RelayError):
        assert 200 <= outcome.status < 300


def tried(attempt):
    try:
        return attempt()
    except RelayError as error:
        return error


def test_neither_a_request_nor_an_error_shows_what_was_sent():
    secret = Request(
        method="POST",
        path="/api/v2/contacts",
        query=(("email", "maria@example.test"),),
        json={"name": "Maria Sample"},
        reads=replies.created,
        writes=True,
    )

    with pytest.raises(Rejected) as raised:
        answer(secret, 400, problem(400, 'Contact "Maria Sample" with maria@example.test exists; Maria is taken'))

    for shown in (repr(secret), str(raised.value)):
        assert "maria" not in shown.lower()
        assert "sample" not in shown.lower()
