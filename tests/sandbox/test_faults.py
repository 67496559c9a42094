"""Faults on demand strike the calls they name, and no other."""

from __future__ import annotations

import json

import pytest

from holded_sandbox.faults import Fault
from holded_sandbox.wire import Request


def _set(holded, **fault: object) -> None:
    holded.control("POST", "/faults", fault, status=201)


def _create(holded):
    return holded.exchange("POST", "/api/v2/contacts", {"name": "Faulty"})


def _made(holded) -> int:
    return len(holded.company.tables["contacts"])


@pytest.mark.parametrize(
    ("kind", "action", "made"),
    [("lose_reply", "reset", 1), ("hang", "hang", 1), ("reset", "reset", 0)],
)
def test_a_lost_reply_commits_or_not_by_its_kind(holded, kind, action, made):
    _set(holded, kind=kind, method="POST")
    exchange = _create(holded)

    assert (exchange.action, exchange.response, _made(holded)) == (action, None, made)
    assert _create(holded).action == "reply"


def test_a_late_commit_happens_seconds_after_the_caller_gave_up(holded):
    _set(holded, kind="late_commit", seconds=30)
    assert _create(holded).action == "hang"
    holded.now += 29
    assert holded.v2("GET", "/contacts")["items"] == []
    holded.now += 1

    assert len(holded.v2("GET", "/contacts")["items"]) == 1


@pytest.mark.parametrize(("kind", "made"), [("error_before", 0), ("error_after", 1)])
def test_a_5xx_comes_before_or_after_the_commit(holded, kind, made):
    _set(holded, kind=kind, status=502)
    response = _create(holded).response

    assert (response.status, _made(holded)) == (502, made)


def test_a_slow_reply_is_late_but_whole(holded):
    _set(holded, kind="slow", seconds=12)
    exchange = _create(holded)

    assert (exchange.action, exchange.delay_seconds, exchange.response.status) == ("reply", 12, 201)


def test_a_truncated_reply_is_not_json_and_is_committed(holded):
    _set(holded, kind="truncate")
    response = _create(holded).response

    assert (response.status, _made(holded)) == (201, 1)
    with pytest.raises(json.JSONDecodeError):
        response.json()


def test_a_v2_reply_can_be_a_200_with_status_0_and_nothing_done(holded):
    _set(holded, kind="status_zero")
    response = _create(holded).response

    assert (response.status, response.json()["status"], _made(holded)) == (200, 0, 0)


def test_a_caller_in_process_can_name_the_fault_of_a_call(holded):
    request = Request.make(
        "POST", "/api/v2/contacts", headers={"authorization": "Bearer pat_test"}, json_body={"name": "x"}
    )
    exchange = holded.sandbox.handle(request, holded.now, fault=Fault(kind="lose_reply"))

    assert (exchange.action, _made(holded)) == ("reset", 1)


def test_html_comes_with_200_and_nothing_is_done(holded):
    _set(holded, kind="html")
    response = _create(holded).response

    assert (response.status, _made(holded)) == (200, 0)
    assert response.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("window", ["minute", "month"])
def test_a_429_of_either_window_comes_with_its_headers_and_costs_nothing(holded, window):
    _set(holded, kind=f"limit_{window}", seconds=90_000)
    response = _create(holded).response

    assert (response.status, response.headers["retry-after"]) == (429, "90000")
    assert response.headers["x-ratelimit-window"] == window
    assert holded.company.quota.minute.used(holded.now) == 0


def test_late_visibility_hides_only_what_the_struck_call_makes(holded):
    _set(holded, kind="hide", seconds=60, method="POST")
    _create(holded)
    seen = holded.contact(name="Seen")

    assert [item["id"] for item in holded.v2("GET", "/contacts")["items"]] == [seen]
    holded.now += 60
    assert len(holded.v2("GET", "/contacts")["items"]) == 2


def test_faults_choose_by_path_company_method_and_count(holded):
    _set(holded, kind="error_before", path=r"/invoices$", method="POST", times=2, skip=1, company=holded.company.id)
    _set(holded, kind="reset", company="another")
    statuses = [holded.call("POST", "/api/v2/invoices", {}).status for _ in range(4)]

    assert statuses == [400, 503, 503, 400]
    assert holded.call("GET", "/api/v2/invoices").status == 200
    assert [struck["kind"] for struck in holded.control("GET", "/faults")["struck"]] == ["error_before"] * 2
    assert holded.control("DELETE", "/faults") == {"faults": [], "struck": []}


def test_a_probability_strikes_the_same_calls_for_the_same_seed(new_client):
    def statuses() -> list[int]:
        client = new_client()
        _set(client, kind="error_before", probability=0.5, times=None)
        return [client.call("GET", "/api/v2/taxes").status for _ in range(40)]

    first = statuses()
    assert first == statuses()
    assert set(first) == {200, 503}


def test_a_v1_call_is_struck_too(holded):
    _set(holded, kind="lose_reply")
    exchange = holded.exchange("POST", "/api/invoicing/v1/contacts", {"name": "x"})

    assert (exchange.action, _made(holded)) == ("reset", 1)


@pytest.mark.parametrize(
    ("fault", "named"), [({"kind": "melt"}, "kind"), ({"kind": "slow", "colour": 1}, "colour"), ({}, "kind")]
)
def test_a_wrong_fault_is_refused_by_name(holded, fault, named):
    assert named in holded.control("POST", "/faults", fault, status=400)["error"]
