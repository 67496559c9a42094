"""What the watchdog needs to work on this machine: an address that shops here can post to, and leave to ask them over http."""

from __future__ import annotations

import copy
from typing import Any

ENVIRONMENT = {"LOCAL_PROVIDERS": "yes"}


def reachable(template: dict[str, Any], *, endpoint_url: str) -> dict[str, Any]:
    """The template with the API's own address: the emulator's host names need a resolver."""
    changed = copy.deepcopy(template)
    for each in changed["Resources"].values():
        variables = each.get("Properties", {}).get("Environment", {}).get("Variables", {})
        if "API_URL" in variables:
            api = variables["API_URL"]["Fn::GetAtt"][0]
            before, behind = f"{endpoint_url}/_aws/execute-api/", "/$default"
            variables["API_URL"] = {"Fn::Join": ["", [before, {"Ref": api}, behind]]}
    return changed
