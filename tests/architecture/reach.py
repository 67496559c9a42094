"""Finds, by reading the source, which AWS calls a function can reach: main and handler -> services -> adapters.

Names are followed, not types: a method of an adapter counts as called when anything the function imports calls a method
of that name. So a call is never missed; one too many would show as a permission that is wanted and not granted.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]

ACTIONS = {
    "get_item": {"dynamodb:GetItem"},
    "put_item": {"dynamodb:PutItem"},
    "update_item": {"dynamodb:UpdateItem"},
    "delete_item": {"dynamodb:DeleteItem"},
    "batch_get_item": {"dynamodb:BatchGetItem"},
    "query": {"dynamodb:Query"},
    "scan": {"dynamodb:Scan"},
    "get_object": {"s3:GetObject", "s3:ListBucket"},  # without the second a missing object is told as denied
    "put_object": {"s3:PutObject"},
    "delete_objects": {"s3:DeleteObject"},
    "list_objects_v2": {"s3:ListBucket"},
    "decrypt": {"kms:Decrypt"},
    "encrypt": {"kms:Encrypt"},
    "put_events": {"events:PutEvents"},
    "send_message": {"sqs:SendMessage"},
    "send_message_batch": {"sqs:SendMessage"},
    "receive_message": {"sqs:ReceiveMessage"},
    "delete_message": {"sqs:DeleteMessage"},
    "delete_message_batch": {"sqs:DeleteMessage"},
    "change_message_visibility_batch": {"sqs:ChangeMessageVisibility"},
    "get_queue_attributes": {"sqs:GetQueueAttributes"},
    "transact_write_items": set(),  # the items' own actions, by the words below
}
TRANSACTION = {"Put": "dynamodb:PutItem", "Update": "dynamodb:UpdateItem", "Delete": "dynamodb:DeleteItem",
               "ConditionCheck": "dynamodb:ConditionCheckItem"}  # fmt: skip


def file_of(module):
    base = ROOT / ("shared" if module.startswith("relay") else ".") / module.replace(".", "/")
    found = [each for each in (base.with_suffix(".py"), base / "__init__.py") if each.is_file()]
    return found[0] if found else None


@cache
def tree(module):
    return ast.parse(file_of(module).read_text(encoding="utf-8"))


@cache
def imports(module):
    """name here -> (module, name there); a whole module has no name there."""
    found = {}
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ImportFrom) and node.module:
            for each in node.names:
                inner = f"{node.module}.{each.name}"
                whole = node.module.split(".")[0] in {"relay", "functions"} and file_of(inner)
                found[each.asname or each.name] = (inner, "") if whole else (node.module, each.name)
    return found


def closure(starts, prefixes):
    """The modules reached from `starts` by imports within `prefixes`."""
    seen, left = set(), list(starts)
    while left:
        module = left.pop()
        if module in seen or not module.startswith(tuple(prefixes)) or not file_of(module):
            continue
        seen.add(module)
        left += [there for there, _ in imports(module).values()]
    return seen


def attributes(node):
    return {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}


@cache
def definitions(module):
    """(class or "", name) -> node, of one module."""
    found = {}
    for node in tree(module).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found["", node.name] = node
        elif isinstance(node, ast.ClassDef):
            found |= {(node.name, each.name): each for each in node.body
                      if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}  # fmt: skip
    return found


def reached(module, owner, name):
    """What one definition refers to, as further (module, class, name)."""
    node = definitions(module)[owner, name]
    used = attributes(node)
    names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
    for kind, member in definitions(module):
        if (kind == "" and member in names | used) or (kind == owner and member in used):
            yield module, kind, member
    for here, (there, original) in imports(module).items():
        if not there.startswith("relay.adapters") or not file_of(there):
            continue
        for kind, member in definitions(there):
            as_function = kind == "" and ((original == member and here in names) or (not original and member in used))
            as_method = kind != "" and kind == original and (member in used or (member == "__init__" and here in names))
            if as_function or as_method:
                yield there, kind, member


def table_of(module):
    return "inbox" if "inbox" in module else "state"


def calls(function):
    """{(what it is about, action)} that the function can reach; what: inbox, state, or the service."""
    entry = [f"functions.{function}.main", f"functions.{function}.handler"]
    modules = closure(entry, ["functions.", "relay.services"])
    used = set().union(*(attributes(tree(module)) for module in modules))
    wired = [held for held in imports(entry[0]).values() if held[0].startswith("relay.adapters")]
    left = [
        (module, kind, member)
        for module, original in wired
        for kind, member in definitions(module)
        if kind == original and (member in used or member == "__init__")
    ]
    seen, found = set(), set()
    while left:
        at = left.pop()
        if at in seen:
            continue
        seen.add(at)
        left += reached(*at)
        module, owner, name = at
        node = definitions(module)[owner, name]
        operations = attributes(node) & ACTIONS.keys()
        actions = set().union(*(ACTIONS[each] for each in operations))
        if "transact_write_items" in operations:
            words = {each.value for each in ast.walk(node) if isinstance(each, ast.Constant)}
            actions |= {TRANSACTION[word] for word in words & TRANSACTION.keys()}
        found |= {(table_of(module) if each.startswith("dynamodb") else each.split(":")[0], each) for each in actions}
    return found
