"""The `Link` header in the forms that RFC 8288 allows, and in those that it does not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from relay.errors import BadInput
from relay.providers.link import address

NEXT = "https://x.test/a?page_info=N&limit=250"
BACK = '<https://x.test/a?page_info=P>; rel="previous"'


@pytest.mark.parametrize(
    "header",
    [
        f'<{NEXT}>; rel="next"',
        f"<{NEXT}>; rel=next",
        f"<{NEXT}>;rel=next",
        f"<{NEXT}>; rel='next'",
        f'<{NEXT}>; REL="NEXT"',
        f'<{NEXT}> ; rel = "next"',
        f"  < {NEXT} >  ;  rel  =  next  ",
        f'<{NEXT}>; rel="prev next"',
        f'<{NEXT}>; rel="  prev\tnext  "',
        f'<{NEXT}>; title="a, <b>; rel=\\"x\\""; rel="next"',
        f'<{NEXT}>; rel="next"; title="rel=previous"; hreflang=es',
        f"<{NEXT}>; crossorigin; rel=next",
        f"<{NEXT}>;; rel=next;",
        f'<{NEXT}>; rel="ne\\xt"',
        f"{BACK}, <{NEXT}>; rel=next",
        f'{BACK},<{NEXT}>;rel="next",<https://x.test/z>; rel="last"',
        f',, <https://x.test/p?a=1,2>; rel=preload; as="style" ,, <{NEXT}>; rel=next ,',
        f"<{NEXT}>; rel=next, <https://x.test/other>; rel=next",
    ],
)
def test_a_next_page_is_read_in_every_form(header):
    assert address(header, "next") == NEXT


@pytest.mark.parametrize(
    "header",
    [
        "",
        " , ",
        BACK,
        f'<{NEXT}>; rel="previous"; rel="next"',
        f"<{NEXT}>; rel=nextish",
        f'<{NEXT}>; title="next"',
        f"<{NEXT}>",
        f'<{NEXT}>; rel=next; anchor="#other"',
    ],
)
def test_a_header_without_a_next_page_names_none(header):
    assert address(header, "next") == ""


@pytest.mark.parametrize(
    "header",
    [
        "garbage",
        f"{NEXT}; rel=next",
        f'<{NEXT}; rel="next"',
        f'<{NEXT}>; rel="next',
        f"<{NEXT}> rel=next",
        f"{BACK} <{NEXT}>",
    ],
)
def test_what_is_no_list_of_links_is_refused_and_not_read_as_an_end(header):
    with pytest.raises(BadInput, match="reply_unexpected"):
        address(header, "next")


@given(st.text(alphabet="<>;,='\\ \trelnxtREL\"", max_size=60))
def test_whatever_stands_before_a_next_page_it_is_never_read_as_an_end(header):
    try:
        found = address(f"{header}, <{NEXT}>; rel=next", "next")
    except BadInput:
        return
    assert found
