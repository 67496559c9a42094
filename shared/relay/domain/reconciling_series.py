"""The order of numbers: one that stands twice, and one that is missing between two that were seen.

A number is a series' beginning and a counter. The account's own formats (`F[YY]%%%%`, Holded facts 2.1) say where one ends
and the other begins; a number that fits none is cut before its last digits, and told of only across small gaps. Only series
that hold a document of the relay's are looked at, and a gap only between numbers that were seen: what lies before the first
or after the last may be another window's.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from relay.domain.comparison import TWICE
from relay.domain.reconciling import Difference
from relay.domain.reconciling_documents import told_of
from relay.domain.reconciling_repairs import explain, renumber

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from relay.domain.reconciling import Books, Series, Shown

_CUT = re.compile(r"(.*?)([0-9]+)", re.DOTALL)
_TOKENS = re.compile(r"\[YYYY\]|\[YY\]|%+")
_WIDEST_UNSURE = 20
"""Of a number without a known format: more missing ones than this are rather another way of counting."""
_MOST_DIGITS = 18
"""A longer row of digits is a barcode or a bank reference; nobody counts with it."""


@dataclass(frozen=True, slots=True, order=True)
class Number:
    beginning: str
    counter: int
    width: int
    sure: bool

    def __str__(self) -> str:
        return f"{self.beginning}{self.counter:0{self.width}d}"


def read(number: str, formats: Iterable[Series], doc_type: str) -> Number | None:
    """Where the counter of a number begins. None for a number without one."""
    for series in formats:
        found = _pattern(series.format).fullmatch(number) if series.doc_type == doc_type else None
        if found and len(counter := found["counter"]) <= _MOST_DIGITS:
            return Number(number[: found.start("counter")], int(counter), len(counter), sure=True)
    cut = _CUT.fullmatch(number)
    if cut is None or len(cut[2]) > _MOST_DIGITS:
        return None
    return Number(cut[1], int(cut[2]), len(cut[2]), sure=False)


def _pattern(text: str) -> re.Pattern[str]:
    r"""`F[YY]%%%%` -> `F\d{2}(?P<counter>\d{4,})`; without a counter's place it stands at the end."""
    made, at, counted = "", 0, False
    for token in _TOKENS.finditer(text):
        made += re.escape(text[at : token.start()])
        at = token.end()
        if not token[0].startswith("%"):
            made += r"\d{4}" if token[0] == "[YYYY]" else r"\d{2}"
        elif not counted:
            made, counted = made + rf"(?P<counter>\d{{{len(token[0])},}})", True
    made += re.escape(text[at:])
    return re.compile(made if counted else rf"{made}(?P<counter>\d+)", re.ASCII)


def series_of(number: str, formats: Iterable[Series], doc_type: str) -> str:
    """The beginning of a number, which names its series; empty for none."""
    found = read(number, formats, doc_type) if number else None
    return found.beginning if found else number


def numbers(books: Books) -> Iterator[Difference]:
    """Duplicates and gaps of every series in which the relay has a document."""
    ours = {row.holded_id for row in books.rows.values() if row.holded_id}
    by_series: dict[tuple[str, str], list[tuple[Number, Shown]]] = defaultdict(list)
    for document in books.shown.values():
        number = read(document.number, books.series, document.doc_type) if document.number else None
        if number is not None and document.doc_type not in books.unread:
            by_series[document.doc_type, number.beginning].append((number, document))
    for (doc_type, beginning), held in sorted(by_series.items(), key=lambda one: one[0]):
        if any(document.id in ours for _, document in held) or beginning.startswith(books.own_series or ("\0",)):
            yield from _twice(books, doc_type, held)
            within = [number for number, document in held if books.window.holds(document.day)]
            yield from _missing(books, doc_type, within)


def duplicated(documents: Iterable[Shown]) -> frozenset[tuple[str, str]]:
    """(type, number) of each number that stands twice."""
    seen: dict[tuple[str, str], set[str]] = defaultdict(set)
    for document in documents:
        if document.number:
            seen[document.doc_type, document.number].add(document.id)
    return frozenset(number for number, ids in seen.items() if len(ids) >= TWICE)


def _twice(books: Books, doc_type: str, held: Sequence[tuple[Number, Shown]]) -> Iterator[Difference]:
    by_number: Mapping[str, list[Shown]] = defaultdict(list)
    for _, document in held:
        by_number[document.number].append(document)
    for number, documents in sorted(by_number.items()):
        if len(documents) < TWICE or not any(books.window.holds(each.day) for each in documents):
            continue
        ids = ", ".join(sorted(each.id for each in documents))
        findings = (("duplicate_number", f"{len(documents)} documents bear the number {number}: {ids}"),)
        name = f"{doc_type}-{number}"
        yield Difference(
            kind="duplicate_number",
            doc_type=doc_type,
            day=min(str(each.day) for each in documents if each.day),
            repair=renumber(number),
            findings=findings,
            number=number,
            holded=f"{len(documents)} documents",
            told=told_of(books.findings.get(books.loose(name, "duplicate_number")), findings),
        )


def _missing(books: Books, doc_type: str, held: Sequence[Number]) -> Iterator[Difference]:
    named, unnamed = _explained(books, doc_type)
    for first, last in gaps(held):
        explained = frozenset(_between(first, last, named))
        lacking = last.counter - first.counter - 1 - len(explained)
        if lacking <= max(0, unnamed):
            unnamed -= lacking
            continue
        unnamed = 0
        inside = range(first.counter + 1, last.counter)
        start, end = (
            str(replace(first, counter=next(each for each in counters if each not in explained)))
            for counters in (inside, reversed(inside))
        )
        span = start if lacking == 1 else f"{start} to {end}"
        findings = (("series_gap", f"{lacking} missing between {first} and {last}: {span}"),)
        name = f"{doc_type}-{start}"
        yield Difference(
            kind="series_gap",
            doc_type=doc_type,
            day="",
            repair=explain(),
            findings=findings,
            number=start,
            holded="not there",
            told=told_of(books.findings.get(books.loose(name, "series_gap")), findings),
        )


def gaps(held: Sequence[Number]) -> Iterator[tuple[Number, Number]]:
    """The numbers before and behind each place where some lack. A mistyped year leaves billions: they are not made one by one."""
    ordered = sorted({number.counter: number for number in held}.values(), key=lambda number: number.counter)
    for first, last in itertools.pairwise(ordered):
        lacking = last.counter - first.counter - 1
        if lacking > 0 and (last.sure or lacking <= _WIDEST_UNSURE):
            yield first, last


def _between(first: Number, last: Number, named: Iterable[str]) -> Iterator[int]:
    """The counters of those of `named` that stand in the gap."""
    for number in named:
        digits = number.removeprefix(first.beginning)
        counter = int(digits) if digits.isdecimal() and len(digits) <= _MOST_DIGITS else first.counter
        if first.counter < counter < last.counter and str(replace(first, counter=counter)) == number:
            yield counter


def _explained(books: Books, doc_type: str) -> tuple[frozenset[str], int]:
    """Numbers that stand on another day or that a deleted or renumbered document of ours had; and how many were lost of which
    nobody noted which they were: those of deleted documents, and of documents that now bear the number of another.
    """
    shown_here = [each for each in books.shown.values() if each.doc_type == doc_type]
    seen = Counter(each.number for each in shown_here if each.number)
    named = {*seen, *(each.number for each in books.beside if each.doc_type == doc_type)}
    unnamed = sum(count - 1 for count in seen.values())
    for row in books.rows.values():
        if row.state != "confirmed" or row.doc_type != doc_type:
            continue
        shown = books.shown.get(row.holded_id)
        gone = row.holded_id in books.gone
        if row.number and (gone or (shown is not None and shown.number != row.number)):
            named.add(row.number)
            unnamed -= shown is not None and seen[shown.number] >= TWICE
        elif gone and row.last_step != "create":
            unnamed += 1
    return frozenset(named), max(0, unnamed)
