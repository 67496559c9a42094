"""Prints where the shipped code is imported from: in a copy it must be the copy."""

from __future__ import annotations

import functions.write_holded.handler
import infra.pythons
import relay.domain.gate


def places() -> list[str]:
    return [str(module.__file__) for module in (relay.domain.gate, functions.write_holded.handler, infra.pythons)]


if __name__ == "__main__":
    print("\n".join(places()))
