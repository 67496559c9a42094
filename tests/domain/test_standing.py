"""What a refusal forbids, what proves it over, and how rarely a blocked account is tried."""

from __future__ import annotations

import pytest

from relay.domain.standing import forbids, kind_of, proves, suggests, try_again_ms
from relay.holded import requests

HOUR_MS = 3600_000


@pytest.mark.parametrize(
    ("path", "writes", "version", "kind"),
    [
        ("/api/v2/invoices", True, "v2", "v2 write invoices"),
        ("/api/v2/invoices/5f00/approve", True, "v2", "v2 write invoices"),
        ("/api/v2/contacts/5f00", False, "v2", "v2 read contacts"),
        ("/api/invoicing/v1/documents/invoice", True, "v1", "v1 write documents"),
        ("/elsewhere", False, "v2", "v2 read"),
    ],
)
def test_a_call_is_named_by_credential_right_and_resource(path, writes, version, kind):
    assert kind_of(path, writes=writes, version=version) == kind


def test_the_paths_of_real_requests_are_understood():
    request = requests.list_contacts()

    assert kind_of(request.path, writes=request.writes, version=request.version) == "v2 read contacts"


@pytest.mark.parametrize(
    ("reason", "refused"),
    [
        ("scope_missing", "v2 write invoices"),
        ("forbidden", "v2 write invoices"),
        ("credential_invalid", "v2"),
        ("plan_unpaid", "v2"),
    ],
)
def test_a_scope_concerns_its_kind_and_a_credential_every_call(reason, refused):
    assert forbids(reason, "v2 write invoices") == refused


@pytest.mark.parametrize(
    ("refused", "kind", "proved", "suggested"),
    [
        ("v2 write invoices", "v2 write invoices", True, True),
        ("v2 write invoices", "v2 write contacts", False, True),
        ("v2 write invoices", "v2 read invoices", False, False),
        ("v2 write invoices", "v1 write invoices", False, False),
        ("v2", "v2 read contacts", True, True),
        ("v2", "v1 write documents", False, False),
        ("", "v1 read documents", True, True),
    ],
)
def test_only_a_call_of_the_refused_kind_proves_it_allowed(refused, kind, proved, suggested):
    assert proves(refused, kind) is proved
    assert suggests(refused, kind) is suggested


def test_tries_grow_rarer_from_an_hour_to_a_day_and_never_stop():
    now_ms, tries = 0, []
    for _ in range(12):
        later_ms = try_again_ms(0, now_ms)
        tries.append((later_ms - now_ms) // HOUR_MS)
        now_ms = later_ms

    assert tries == [1, 1, 2, 4, 8, 16, 24, 24, 24, 24, 24, 24]
