"""A session for Open Stage Control: JSON, of its widgets' documented properties, placed in per cent of the screen."""

import json
from collections.abc import Iterable
from typing import Any

from livedream.control.layouts import arrange
from livedream.control.layouts.arrange import HEIGHT, PAD, TABS, TITLE, WIDTH, Box, Control, Page
from livedream.parameters import Parameter

Widget = dict[str, Any]  # as the session has it

VERSION = "1.26.0"  # these are its properties; newer versions read the file unchanged
# The page's colours, web/page.css.
NIGHT, PANEL, ACCENT, WARNING = "#07070b", "#0e0e14", "#8f7bff", "#ff8f99"
INK, SOFT = "rgba(255,255,255,0.92)", "rgba(255,255,255,0.62)"
NUDGE = 0.2  # part of the range's end that a button sends


def made(parameters: Iterable[Parameter], prefix: str, feedback_port: int) -> bytes:
    """Return the file's bytes. prefix: "/livedream"; feedback_port: the server's --osc-port."""
    tabs = [_tab(page.name, list(_widgets(page, prefix))) for page in arrange.pages(parameters)]
    tabs.append(_tab("status", _status(prefix, feedback_port)))
    root = {"type": "root", "id": "root", "colorBg": NIGHT, "colorWidget": ACCENT, "colorText": INK, "tabs": tabs}
    session = {"createdWith": "Open Stage Control", "version": VERSION, "type": "session", "content": root}
    return (json.dumps(session, indent=1, ensure_ascii=False) + "\n").encode()


def _tab(name: str, widgets: list[Widget]) -> Widget:
    return {"type": "tab", "id": f"page {name}", "label": name, "colorBg": NIGHT, "padding": 0, "widgets": widgets}


def _widgets(page: Page, prefix: str) -> Iterable[Widget]:
    for group in page.groups:
        key = f"{page.name}/{group.title}"
        yield _at(group.box, type="panel", id=f"panel {key}", colorBg=PANEL, borderRadius=10, alphaStroke=0)
        yield _text(f"title {key}", group.title.upper(), _title(group.box), SOFT)
        for each in group.controls:
            yield from _KINDS[each.kind](each, f"{prefix}/{each.parameter.address}")


def _title(box: Box) -> Box:
    return Box(box.x + PAD, box.y + 3, 400, TITLE - 4)


def _at(box: Box, **properties: Any) -> Widget:
    height = HEIGHT - TABS  # height of a page
    place = {"left": box.x / WIDTH, "top": box.y / height, "width": box.w / WIDTH, "height": box.h / height}
    return properties | {name: f"{100 * part:.3f}%" for name, part in place.items()}


def _text(key: str, text: str, box: Box, colour: str = INK, align: str = "left") -> Widget:
    """Return a caption that lets touches through; a ^ would begin the name of an icon."""
    text = text.replace("^", "")
    return _at(box, type="text", id=key, default=text, bypass=True, align=align, colorText=colour, alphaStroke=0)


def _sends(each: Control, address: str, **properties: Any) -> Widget:
    """Return a widget that sets the parameter and follows its feedback."""
    whole = each.parameter.type in ("bool", "int", "trigger", "choice")
    tags = "s" if each.kind == "write" else "i" if whole else "f"
    colour = {"colorWidget": WARNING} if each.warning else {}
    return {"id": address, "address": address, "typeTags": tags, "decimals": 4} | colour | properties


def _fader(each: Control, address: str, horizontal: bool = True) -> list[Widget]:
    parameter, box = each.parameter, each.box
    low, high = parameter.low, parameter.high
    widget = _sends(
        each,
        address,
        type="fader",
        horizontal=horizontal,
        design="compact",
        range={"min": low, "max": high},
        logScale=parameter.curve == "log",
        default=parameter.start,
        origin=min(max(0, low), high),
        doubleTap=True,  # back to the default
        decimals=0 if parameter.type == "int" else 4,
        borderRadius=8,
    )
    label = Box(box.x + 10, box.y, box.w - 20, box.h) if horizontal else Box(box.x, box.y + box.h - 24, box.w, 20)
    align = "left" if horizontal else "center"
    return [_at(box, **widget), _text(f"{address} caption", each.label, label, align=align)]


def _column(each: Control, address: str) -> list[Widget]:
    return _fader(each, address, horizontal=False)


def _button(each: Control, address: str, label: str, box: Box, mode: str, **more: Any) -> Widget:
    return _at(box, **_sends(each, address, type="button", mode=mode, label=label, wrap="soft", borderRadius=8), **more)


def _switch(each: Control, address: str) -> list[Widget]:
    return [_button(each, address, each.label, each.box, "toggle", on=1, off=0, default=int(each.parameter.start))]


def _press(each: Control, address: str) -> list[Widget]:
    return [_button(each, address, each.label, each.box, "push", on=1, off=0)]


def _choose(each: Control, address: str) -> list[Widget]:
    box, head = each.box, min(96, each.box.w / 3)
    widget = _sends(each, address, type="switch", layout="horizontal", values=_values(each.parameter), borderRadius=8)
    body = Box(box.x + head, box.y, box.w - head, box.h)
    widget["default"] = int(each.parameter.start)
    return [_text(f"{address} caption", each.label, Box(box.x, box.y, head, box.h)), _at(body, **widget)]


def _list(each: Control, address: str) -> list[Widget]:
    box, head = each.box, each.box.w / 3
    widget = _sends(each, address, type="dropdown", label="%key", values=_values(each.parameter), borderRadius=8)
    body = Box(box.x + head, box.y, box.w - head, box.h)
    return [_text(f"{address} caption", each.label, Box(box.x, box.y, head, box.h)), _at(body, **widget)]


def _jump(each: Control, address: str) -> list[Widget]:
    return [
        _button(each, address, name, box, "tap", on=i, off=-1) | {"id": f"{address} {i}"}
        for i, (name, box) in enumerate(zip(each.parameter.choices, arrange.buttons(each), strict=True))
    ]


def _write(each: Control, address: str) -> list[Widget]:
    box, head = each.box, each.box.w / 3
    body = Box(box.x + head, box.y, box.w - head, box.h)
    widget = _at(body, **_sends(each, address, type="input", borderRadius=8))
    return [_text(f"{address} caption", each.label, Box(box.x, box.y, head, box.h)), widget]


def _nudge(each: Control, address: str) -> list[Widget]:
    """A step on the press, and 0 when it is let go, so that the next one counts though it is as large."""
    half, found = (each.box.w - arrange.GAP) / 2, []
    for i, (sign, end) in enumerate(zip("−+", (each.parameter.low, each.parameter.high), strict=True)):
        box = Box(each.box.x + i * (half + arrange.GAP), each.box.y, half, each.box.h)
        button = _button(each, address, f"{each.label} {sign}", box, "push", on=end * NUDGE, off=0)
        found.append(button | {"id": f"{address} {i}"})
    return found


def _pad(each: Control, address: str) -> list[Widget]:
    parameter, box = each.parameter, each.box
    span = {"min": parameter.low, "max": parameter.high}
    widget = _sends(each, address, type="xy", rangeX=span, rangeY=span, default=list(parameter.start), pips=False)
    label = Box(box.x + 10, box.y, box.w - 20, 24)
    return [_at(box, **widget, borderRadius=8), _text(f"{address} caption", each.label, label)]


def _default(each: Control, address: str) -> list[Widget]:
    on = list(each.parameter.start)
    return [_button(each, address, f"{each.label} reset", each.box, "tap", on=on, off=0)]


_KINDS = {
    "fader": _fader,
    "column": _column,
    "switch": _switch,
    "press": _press,
    "choose": _choose,
    "jump": _jump,
    "list": _list,
    "write": _write,
    "nudge": _nudge,
    "pad": _pad,
    "default": _default,
}


def _values(parameter: Parameter) -> dict[str, int]:
    """Names and numbers. A name that is a number would lose its place, so a space stands before it."""
    found = {}
    for i, name in enumerate(parameter.choices):
        label = f" {name}" if name.strip().isdigit() else name
        found[label if label not in found else f"{label} ({i})"] = i
    return found


def _status(prefix: str, port: int) -> list[Widget]:
    """The last page: how the show is, and the button that asks for feedback."""
    box = arrange.status_panel()
    subscribe = {"type": "button", "id": "subscribe", "mode": "tap", "on": port, "off": 0, "typeTags": "i"}
    subscribe |= {"address": f"{prefix}/subscribe", "label": f"ask for feedback, to port {port}", "borderRadius": 8}
    found = [
        _at(box, type="panel", id="panel status", colorBg=PANEL, borderRadius=10, alphaStroke=0),
        _text("title status", "STATUS", _title(box), SOFT),
        _at(arrange.ASK, **subscribe),
    ]
    for each in arrange.readings():
        address = f"{prefix}/status/{each.name}"
        found.append(_text(f"status {each.name}", each.text, each.caption, SOFT))
        found.append(_text(address, "", each.shown, align="center") | {"address": address})
    return found
