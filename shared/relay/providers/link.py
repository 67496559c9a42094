"""The `Link` header (RFC 8288): the address that a reply names for a relation. Nothing is followed here.

Names and relations have any case; a relation stands bare, quoted or, as some proxies write it, in single quotes, alone or among
others ("prev next"). Of a link with two `rel` the first counts, and one with an `anchor` is about another page.
"""

from __future__ import annotations

import re
from typing import Final

from relay.errors import BadInput

_ADDRESS: Final = re.compile(r"[\s,]*<([^<>]*)>")
_PARAMETER: Final = re.compile(r"""\s*;\s*([^\s;,="<>]*)\s*(?:=\s*("(?:[^"\\]|\\.)*"|[^\s;,"<>]*))?""")
_END: Final = re.compile(r"\s*(?:,|$)")
_ESCAPED: Final = re.compile(r"\\(.)")


def address(header: str, relation: str) -> str:
    """The address of the first link of that relation, empty where there is none.

    Raises `BadInput` for what is no list of links: what it would have named is not known.
    """
    at = 0
    while header[at:].strip(" \t,"):
        found = _ADDRESS.match(header, at)
        if found is None:
            raise _unreadable()
        at = found.end()
        told: dict[str, str] = {}
        while (parameter := _PARAMETER.match(header, at)) is not None:
            at = parameter.end()
            told.setdefault(parameter[1].lower(), _bare(parameter[2] or ""))
        end = _END.match(header, at)
        if end is None:
            raise _unreadable()
        at = end.end()
        if relation in told.get("rel", "").lower().split() and "anchor" not in told:
            return found[1].strip()
    return ""


def _bare(value: str) -> str:
    if value.startswith('"'):
        return _ESCAPED.sub(r"\1", value[1:-1])
    return value.strip("'")


def _unreadable() -> BadInput:
    return BadInput("reply_unexpected", field="link", detail="expected <address>; rel=relation")
