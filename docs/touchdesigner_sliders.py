"""For a Text DAT in TouchDesigner: builds custom parameters on a component from what a show can be moved by.

See docs/touchdesigner.md. `sliders` and `read` are plain Python; the others are given TouchDesigner's objects.
"""

import json
import re
import urllib.request

PAGE = "http://127.0.0.1:8808/"  # which answers OSCQuery, too
SENDER = "oscout1"  # an OSC Out DAT in the component: Network Address 127.0.0.1, Port 9000
LONGEST = 4  # numbers in a row; longer ones (all latents at once) are left to a CHOP


def read(page=PAGE):
    """The show's OSCQuery tree."""
    with urllib.request.urlopen(page, timeout=20) as answer:
        return json.load(answer)


def sliders(tree):
    """One dictionary for each address that can be set: where and how it is shown, its range, value and choices."""
    found, names = [], set()
    for node in _methods(tree):
        types, address = node["TYPE"], node["FULL_PATH"]
        if not node["ACCESS"] & 2 or len(types) > LONGEST:
            continue
        parts = address.strip("/").split("/")[1:] or [address.strip("/")]
        span = (node.get("RANGE") or [{}])[0]
        each = {"address": address, "page": parts[0].capitalize(), "doc": node.get("DESCRIPTION", "")}
        each |= {"label": " ".join(parts[1:] or parts), "name": _name(parts, names), "size": len(types)}
        each |= {"low": span.get("MIN", 0), "high": span.get("MAX", 1), "choices": span.get("VALS", [])}
        each |= {"kind": "Menu" if each["choices"] else KINDS.get(types, "Float"), "value": node.get("VALUE", [])}
        found.append(each)
    return found


KINDS = {"i": "Int", "T": "Toggle", "F": "Toggle", "N": "Pulse", "s": "Str"}


def _methods(node):
    if "TYPE" in node:
        yield node
    for child in node.get("CONTENTS", {}).values():
        yield from _methods(child)


def _name(parts, taken):
    """As a custom parameter may be called: one capital, then small letters and digits, not two alike."""
    base = name = re.sub("[^a-z0-9]", "", "".join(parts).lower()).lstrip("0123456789").capitalize() or "Value"
    count = 0
    while name in taken:
        count += 1
        name = f"{base}x{count}"
    taken.add(name)
    return name


def build(comp, page=PAGE):
    """Put a page for each first part of the addresses on `comp`, and a parameter for each address."""
    pages, addresses = {}, {}
    for each in sliders(read(page)):
        tab = pages.get(each["page"]) or pages.setdefault(each["page"], comp.appendCustomPage(each["page"]))
        size = {"size": each["size"]} if each["kind"] == "Float" else {}
        group = getattr(tab, f"append{each['kind']}")(each["name"], label=each["label"], **size)
        names = []
        for i in range(each["size"]):
            par = group[i]
            names.append(par.name)
            if each["kind"] in ("Float", "Int"):
                par.normMin = par.min = each["low"]
                par.normMax = par.max = each["high"]
                par.clampMin = par.clampMax = True
            if each["kind"] == "Menu":
                par.menuNames = par.menuLabels = each["choices"]
            if each["kind"] != "Pulse" and i < len(each["value"]):
                par.default = par.val = each["value"][i]
        addresses |= dict.fromkeys(names, (each["address"], names))
    comp.store("addresses", addresses)
    comp.store("heard", {})


def send(par):
    """Call it from a Parameter Execute DAT's onValueChange and onPulse."""
    comp = par.owner
    address, names = comp.fetch("addresses")[par.name]
    values = [1] if par.style == "Pulse" else [_plain(getattr(comp.par, name).eval()) for name in names]
    if values == comp.fetch("heard").get(address):
        return  # the show has just told us so, not a hand
    comp.fetch("heard").pop(address, None)
    comp.op(SENDER).sendOSC(address, values)
    if par.style == "Pulse":
        comp.op(SENDER).sendOSC(address, [0])  # it is let go, so that the next one counts


def subscribe(comp, port, prefix="/livedream"):
    """Ask the show to tell us, at this port of ours, what other hands move."""
    comp.op(SENDER).sendOSC(f"{prefix}/subscribe", [port])


def heard(comp, address, values):
    """Call it from an OSC In DAT's onReceiveOSC with its `address` and `args`."""
    address, named, _ = address.partition("/name")  # a choice comes as a number, and as ADDRESS/name: Menus take that
    for name, (own, names) in comp.fetch("addresses").items():
        if own == address and len(names) == len(values):
            par = getattr(comp.par, name)
            if (par.style == "Menu") == bool(named):
                comp.fetch("heard")[address] = [_plain(each) for each in values]
                par.val = values[names.index(name)]


def _plain(value):
    return int(value) if isinstance(value, bool) else value
