"""One running house for all end-to-end tests of a session; each test opens companies of its own in it."""

from __future__ import annotations

import os

import pytest

from infra.paths import EMULATOR_PYTHON
from tests.e2e.house import House


@pytest.fixture(scope="session")
def house(tmp_path_factory):
    if not EMULATOR_PYTHON.exists():
        missing = "the emulator is not installed: make setup"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)  # a check that silently checks nothing is none
        pytest.skip(missing)
    with House(tmp_path_factory.mktemp("house")) as running:
        yield running
        hidden = running.messages("FiscalQueueUrl") + running.messages("NormalQueueUrl")
        if hidden:
            print(f"{hidden} messages are hidden until their redelivery; writers told: {dict(running.troubles())}")
