"""The synthesised templates of both stages, as the app writes them; made once and kept while the stack is the same."""

from __future__ import annotations

import pytest

from infra.environments import DEFAULT_REGION, STAGES
from infra.local.synth import template


@pytest.fixture(scope="session")
def templates():
    return {name: template(f"holded-relay-{name}", stage_name=name, region=DEFAULT_REGION) for name in STAGES}


@pytest.fixture(params=sorted(STAGES))
def stage_name(request):
    return request.param


@pytest.fixture
def synthesised(templates, stage_name):
    return templates[stage_name]
