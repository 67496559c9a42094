"""Every parser of ours is reached by a target from its good inputs, or stands below with the reason why not."""

from __future__ import annotations

import ast
import re
import sys
from typing import TYPE_CHECKING, Any

from infra.paths import ROOT
from tests.fuzz.targets import TARGETS

if TYPE_CHECKING:
    from collections.abc import Iterator

RELAY = ROOT / "shared" / "relay"
NAMED = re.compile(r"(unpack|parse|read|decode|decipher|loads|from_json|from_fields|normalise|verify|identify)(_\w+)?")
LEFT_OUT = {
    "adapters._sealed.seal": "seals what the secrets file's target lets through",
    "cli.console.sure": "asks a person",
    "cli.context.named_once": "reads nothing of what is typed",
    "cli.verify.verify": "a command without an input of its own; Holded's answers have their targets",
    "domain.gate.limits_changed": "takes numbers that the settings' target has read",
    "domain.replay.chunks": "takes a list of any length",
    "holded.paths.offered": "takes kinds of documents of our own",
}


def parsers() -> Iterator[str]:
    """`module.function` of what is named like a parser, or says that it raises `BadInput`; not what awaits, nor protocols."""
    for file in sorted(RELAY.rglob("*.py")):
        module = ".".join(file.relative_to(RELAY).with_suffix("").parts)
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            for one, name in _functions(node):
                said = ast.get_docstring(one) or ""
                public = not any(part.startswith("_") for part in name.split("."))
                if public and (NAMED.fullmatch(one.name) or "BadInput" in said):
                    yield f"{module}.{name}"


def _functions(node: ast.stmt) -> Iterator[tuple[ast.FunctionDef, str]]:
    if isinstance(node, ast.FunctionDef):
        yield node, node.name
    elif isinstance(node, ast.ClassDef) and "Protocol" not in {ast.unparse(base) for base in node.bases}:
        yield from ((one, f"{node.name}.{one.name}") for one in node.body if isinstance(one, ast.FunctionDef))


def reached() -> set[str]:
    found: set[Any] = set()

    def note(frame: Any, event: str, _arg: object) -> None:
        if event == "call":
            found.add(frame.f_code)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        for target in TARGETS.values():
            for seed in target.seeds():
                target(seed)
    finally:
        sys.setprofile(before)
    return {name for code in found if (name := _name(code.co_filename, code.co_qualname))}


def _name(file: str, qualname: str) -> str:
    head = f"{RELAY}/"
    return (
        f"{file.removeprefix(head).removesuffix('.py').replace('/', '.')}.{qualname}" if file.startswith(head) else ""
    )


def test_every_parser_is_reached_by_a_target() -> None:
    missing = set(parsers()) - reached()

    assert missing - set(LEFT_OUT) == set(), "a new parser needs its target in tests/fuzz, or a reason why not"
    assert set(LEFT_OUT) - missing == set(), "these are reached, or gone"
