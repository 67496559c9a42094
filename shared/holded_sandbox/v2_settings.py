"""v2 taxes and numbering series: read in one response, without `cursor` and `has_more` (Holded facts 1.1, 6)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from holded_sandbox.kinds import SERIES_TYPES
from holded_sandbox.v2_pages import named
from holded_sandbox.wire import Record, Response, bad_request, json_response, not_found

if TYPE_CHECKING:
    from holded_sandbox.routes import Call, Handler, Router

_TAX = ("id", "name", "amount", "scope", "key", "group", "type", "items", "status", "visible")
_SERIES = ("id", "name", "format", "last", "type", "refund_numbering_series_id", "verifactu_excluded")
_SETTINGS = "sales:invoicing-settings"


def _taxes(call: Call) -> Response:
    taxes = call.desk.company.tables["taxes"].values()
    return json_response({"items": [{name: tax[name] for name in _TAX} for tax in taxes]})


def _keys_by_country(call: Call) -> Response:
    """The names of the taxes of one country and section; Spain's are those without a country of their own."""
    country, section = call.query("country") or "ES", call.query("section")
    taxes = call.desk.company.tables["taxes"].values()
    chosen = [tax for tax in taxes if tax.get("_country", "ES") == country.upper() and section in {None, tax["scope"]}]
    return json_response({"items": [{"key": tax["key"], "name": tax["name"]} for tax in chosen]})


def _type(call: Call) -> str:
    if call.params["type"] not in SERIES_TYPES:
        bad_request("Invalid numbering series type")
    return call.params["type"]


def _list(call: Call) -> Response:
    wanted = _type(call)
    found = [item for item in call.desk.company.tables["series"].values() if item["type"] == wanted]
    return json_response({"items": [{name: item[name] for name in _SERIES} for item in found]})


def _create(call: Call) -> Response:
    for name in ("name", "format"):
        if not isinstance(call.body.get(name), str):
            bad_request(f"{name} is required")
    series = new_series(call.desk.mint(), _type(call), call.body["name"], call.body["format"])
    series["last"] = _last(call)
    call.desk.company.put("series", series, call.desk.now)
    return json_response({"id": series["id"]}, 201)


def _last(call: Call) -> int:
    last = call.body.get("last", 0)
    if not isinstance(last, int) or isinstance(last, bool) or last < 0:
        bad_request("last must be a whole number")
    return last


def new_series(series_id: str, kind: str, name: str, pattern: str) -> Record:
    return {
        "id": series_id, "name": name, "format": pattern, "last": 0, "type": kind,
        "refund_numbering_series_id": None, "verifactu_excluded": False,
    }  # fmt: skip


def _find(call: Call) -> Record:
    series = named(call, "series")
    if series["type"] != _type(call):
        not_found()
    return series


def _update(call: Call) -> Response:
    series = dict(_find(call))
    series |= {name: call.body[name] for name in ("name", "format") if isinstance(call.body.get(name), str)}
    if "last" in call.body:
        series["last"] = _last(call)
    call.desk.company.put("series", series, call.desk.now)
    return json_response({"id": series["id"]})


def _delete(call: Call) -> Response:
    """A series in use stays (Holded facts 10.2, last paragraph)."""
    series = _find(call)
    if series["last"]:
        bad_request("The numbering series is in use")
    call.desk.company.drop("series", series["id"])
    return Response(status=204)


def register(router: Router[Handler]) -> None:
    router.add("GET", "/taxes", _taxes, "accounting:taxes")
    router.add("GET", "/taxes/keys-by-country", _keys_by_country, "accounting:taxes")
    router.add("GET", "/numbering-series/{type}", _list, _SETTINGS)
    router.add("POST", "/numbering-series/{type}", _create, _SETTINGS)
    router.add("PUT", "/numbering-series/{type}/{id}", _update, _SETTINGS)
    router.add("DELETE", "/numbering-series/{type}/{id}", _delete, _SETTINGS)
