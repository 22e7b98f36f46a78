"""A layout for Hexler's TouchOSC: a .tosc file, which is XML compressed by zlib.

The format is not published; this is the common ground of programs that write it, in its version 3, which every
TouchOSC since 2021 opens. A control is a <node> with properties, values and the messages that it sends and receives; a
button has no text, so captions are labels over it that let touches through.
"""

import uuid
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from livedream.control.layouts import arrange
from livedream.control.layouts.arrange import GAP, HEIGHT, PAD, TABS, TITLE, WIDTH, Box, Control, Group, Page
from livedream.parameters import Parameter

Values = Mapping[str, Any]  # properties by key
Colour = tuple[float, float, float, float]  # RGBA, 0 to 1

# The page's colours, web/page.css.
NIGHT, PANEL, BUTTON = (0.027, 0.027, 0.043, 1), (0.055, 0.055, 0.078, 1), (0.16, 0.16, 0.2, 1)
ACCENT, WARNING = (0.561, 0.482, 1, 1), (1, 0.561, 0.6, 1)
INK, SOFT = (1, 1, 1, 0.92), (1, 1, 1, 0.62)
NORTH, EAST = 0, 1
MOMENTARY, TOGGLE = 0, 2
LEFT, CENTER = 1, 2
CONNECTIONS = "11111"
HOUSE = uuid.UUID("5b1f6a1e-6d2c-4a7e-9a35-1d7e0c5b0f10")  # so that the same table makes the same file
NUDGES = (-0.2, 0.2)  # parts of the range's ends that the buttons send


def made(parameters: Iterable[Parameter], prefix: str, feedback_port: int) -> bytes:
    """Return the file's bytes. prefix: "/livedream"; feedback_port: where TouchOSC is set up to listen."""
    sheets = arrange.pages(parameters, writes=False)
    leaves = [_page(page, prefix) for page in sheets] + [_status(prefix, feedback_port)]
    tabs = _properties(
        b={"background": True, "outline": False, "tabLabels": True, "tabbar": True, "tabbarDoubleTap": False},
        c={"color": NIGHT},
        i={"tabbarSize": TABS, "textSizeOff": 13, "textSizeOn": 13, "orientation": NORTH},
        r={"frame": Box(0, 0, WIDTH, HEIGHT)},
        s={"name": "pages"},
    )
    pager = _node("PAGER", "pages", tabs, _value("page", 0), children=leaves)
    canvas = _properties(
        b={"background": True, "outline": False},
        c={"color": NIGHT},
        r={"frame": Box(0, 0, WIDTH, HEIGHT)},
        s={"name": "livedream"},
    )
    root = _node("GROUP", "livedream", canvas, children=[pager])
    return zlib.compress(f"<?xml version='1.0' encoding='UTF-8'?><lexml version='3'>{root}</lexml>".encode(), 9)


def _page(page: Page, prefix: str) -> str:
    nodes = [each for group in page.groups for each in _group(page.name, group, prefix)]
    return _sheet(page.name, nodes)


def _sheet(name: str, nodes: list[str]) -> str:
    properties = _properties(
        b={"background": True, "outline": False},
        c={"color": NIGHT, "tabColorOff": NIGHT, "tabColorOn": ACCENT, "textColorOff": SOFT, "textColorOn": INK},
        r={"frame": Box(0, TABS, WIDTH, HEIGHT - TABS)},
        s={"name": name, "tabLabel": name},
    )
    return _node("GROUP", f"page {name}", properties, children=nodes)


def _group(page: str, group: Group, prefix: str) -> list[str]:
    box, key = group.box, f"{page}/{group.title}"
    nodes = [_panel(key, box), _title(key, group.title, box)]
    for each in group.controls:
        nodes += _KINDS[each.kind](each, f"{prefix}/{each.parameter.address}")
    return nodes


def _panel(key: str, box: Box) -> str:
    return _node("BOX", f"panel {key}", _looks(f"panel {key}", box, PANEL, touched=False, corner=8))


def _title(key: str, text: str, box: Box) -> str:
    return _label(f"title {key}", text.upper(), Box(box.x + PAD, box.y + 3, 400, TITLE - 4), SOFT, 11, LEFT)


def _fader(each: Control, address: str, orientation: int = EAST) -> list[str]:
    parameter, box = each.parameter, each.box
    low, high = parameter.low, parameter.high
    start = (parameter.start - low) / ((high - low) or 1)
    nodes = [
        _node(
            "FADER",
            address,
            _looks(address, box, ACCENT, b={"centered": low == -high, "grid": False}, i={"orientation": orientation}),
            _value("x", start),
            _message(address, _value_of(parameter, "x")),
        )
    ]
    if orientation == EAST:
        return [*nodes, _caption(address, each.label, box, LEFT)]
    low_end = Box(box.x, box.y + box.h - 24, box.w, 20)
    return [*nodes, _label(f"{address} caption", each.label, low_end, INK, 12)]


def _column(each: Control, address: str) -> list[str]:
    return _fader(each, address, NORTH)


def _button(
    key: str, text: str, box: Box, message: str, kind: int = MOMENTARY, start: int = 0, warning: bool = False
) -> list[str]:
    looks = _looks(key, box, WARNING if warning else ACCENT, i={"buttonType": kind})
    return [_node("BUTTON", key, looks, _value("x", start), message), _caption(key, text, box)]


def _switch(each: Control, address: str) -> list[str]:
    message = _message(address, _value_of(each.parameter, "x"))
    return _button(address, each.label, each.box, message, TOGGLE, int(each.parameter.start), each.warning)


def _press(each: Control, address: str) -> list[str]:
    message = _message(address, _value_of(each.parameter, "x"), receive=False)
    return _button(address, each.label, each.box, message, warning=each.warning)


def _choose(each: Control, address: str) -> list[str]:
    """One of a row; a radio's value is the number of what is chosen, from 0, and feedback moves it."""
    parameter, (head, body) = each.parameter, _split(each.box)
    count = len(parameter.choices)
    looks = _looks(address, body, ACCENT, i={"orientation": EAST, "radioType": 0, "steps": count})
    message = _message(address, _partial("VALUE", "INTEGER", "x"))
    nodes = [
        _caption(address, each.label, head, LEFT),
        _node("RADIO", address, looks, _value("x", parameter.start), message),
    ]
    for i, name in enumerate(parameter.choices):
        part = Box(round(body.x + i * body.w / count, 2), body.y, round(body.w / count, 2), body.h)
        nodes.append(_label(f"{address} {i}", name, part, INK, 13))
    return nodes


def _jump(each: Control, address: str) -> list[str]:
    nodes = []
    for i, (name, box) in enumerate(zip(each.parameter.choices, arrange.buttons(each), strict=True)):
        message = _message(address, _partial("CONSTANT", "INTEGER", str(i)), receive=False, rise=True)
        nodes += _button(f"{address} {i}", name, box, message, warning=each.warning)
    return nodes


def _list(each: Control, address: str) -> list[str]:
    """Too many for buttons: a fader over their numbers; what is chosen is read in its feedback, ADDRESS/name."""
    nodes = _fader(each, address)
    box = Box(each.box.x + each.box.w / 2, each.box.y, each.box.w / 2 - 6, each.box.h)
    return [*nodes, _reading(f"{address}/name", box)]


def _numbers(each: Control, address: str) -> list[str]:
    head, body = _split(each.box)
    nodes = [_caption(address, each.label, head, LEFT)]
    pitch = (body.w + 4) / arrange.NUMBERS
    for i in range(arrange.NUMBERS):
        box = Box(round(body.x + i * pitch, 2), body.y, round(pitch - 4, 2), body.h)
        message = _message(address, _partial("CONSTANT", "STRING", str(i)), receive=False, rise=True)
        nodes += _button(f"{address} {i}", str(i), box, message, warning=each.warning)
    return nodes


def _nudge(each: Control, address: str) -> list[str]:
    """A step on the press, and 0 when it is let go, so that the next one counts though it is as large."""
    nodes, half = [], (each.box.w - GAP) / 2
    for i, (sign, part) in enumerate(zip("−+", NUDGES, strict=True)):
        box = Box(each.box.x + i * (half + GAP), each.box.y, half, each.box.h)
        step = _partial("VALUE", "FLOAT", "x", 0, abs(part) * (each.parameter.high if part > 0 else each.parameter.low))
        nodes += _button(f"{address} {i}", f"{each.label} {sign}", box, _message(address, step, receive=False))
    return nodes


def _pad(each: Control, address: str) -> list[str]:
    parameter, box = each.parameter, each.box
    span = (parameter.high - parameter.low) or 1
    starts = [(value - parameter.low) / span for value in parameter.start]
    looks = _looks(address, box, ACCENT, b={"gridX": False, "gridY": False})
    values = "".join(_value(axis, start) for axis, start in zip("xy", starts, strict=True))
    arguments = "".join(_value_of(parameter, axis) for axis in "xy")
    node = _node("XY", address, looks, values, _message(address, arguments, triggers="xy"))
    return [node, _caption(address, each.label, Box(box.x, box.y, box.w, 24), LEFT)]


def _default(each: Control, address: str) -> list[str]:
    numbers = "".join(_partial("CONSTANT", "FLOAT", f"{value:g}") for value in each.parameter.start)
    message = _message(address, numbers, receive=False, rise=True)
    return _button(address, f"{each.label} reset", each.box, message)


_KINDS = {
    "fader": _fader,
    "column": _column,
    "switch": _switch,
    "press": _press,
    "choose": _choose,
    "jump": _jump,
    "list": _list,
    "numbers": _numbers,
    "nudge": _nudge,
    "pad": _pad,
    "default": _default,
}


def _status(prefix: str, port: int) -> str:
    """The last page: how the show is, and the button that asks for feedback."""
    box = arrange.status_panel()
    nodes = [_panel("status", box), _title("status", "status", box)]
    message = _message(f"{prefix}/subscribe", _partial("CONSTANT", "INTEGER", str(port)), receive=False, rise=True)
    nodes += _button("subscribe", f"ask for feedback, to port {port}", arrange.ASK, message)
    for each in arrange.readings():
        nodes.append(_label(f"status {each.name}", each.text, each.caption, SOFT, 13, LEFT))
        nodes.append(_reading(f"{prefix}/status/{each.name}", each.shown))
    return _sheet("status", nodes)


def _split(box: Box) -> tuple[Box, Box]:
    """Return room for a caption, and the rest."""
    head = min(96, box.w / 3)
    return Box(box.x, box.y, head, box.h), Box(round(box.x + head, 2), box.y, round(box.w - head, 2), box.h)


def _caption(key: str, text: str, box: Box, align: int = CENTER) -> str:
    inset = Box(box.x + 8, box.y, box.w - 16, box.h)
    return _label(f"{key} caption", text, inset, INK, 14, align)


def _label(key: str, text: str, box: Box, colour: Colour, size: int, align: int = CENTER, message: str = "") -> str:
    properties = _properties(
        b={"background": False, "interactive": False, "outline": False, "textClip": True, "grabFocus": False},
        c={"color": NIGHT, "textColor": colour},
        i={"font": 0, "textAlignH": align, "textAlignV": 2, "textLength": 0, "textSize": size},
        r={"frame": box},
        s={"name": key},
    )
    return _node("LABEL", key, properties, _value("text", text), message)


def _reading(address: str, box: Box) -> str:
    """Return a label that shows what is received at `address`."""
    message = _message(address, _partial("VALUE", "STRING", "text"), send=False)
    return _label(address, "", box, INK, 14, CENTER, message)


def _looks(
    key: str,
    box: Box,
    colour: Colour,
    b: Values | None = None,
    i: Values | None = None,
    touched: bool = True,
    corner: int = 5,
) -> str:
    return _properties(
        b={"background": True, "interactive": touched, "outline": False, **(b or {})},
        c={"color": colour},
        f={"cornerRadius": corner},
        i=i or {},
        r={"frame": box},
        s={"name": key},
    )


def _properties(**by_type: Values) -> str:
    """Return properties in the editor's order; the types are bool, colour, float, int, rectangle and string."""
    found = {key: (kind, value) for kind, values in by_type.items() for key, value in values.items()}
    return "".join(
        f"<property type='{kind}'><key><![CDATA[{key}]]></key><value>{_written(kind, value)}</value></property>"
        for key, (kind, value) in sorted(found.items())
    )


def _written(kind: str, value: Any) -> str:
    if kind == "s":
        return _cdata(value)
    if kind in "rc":
        names = "xywh" if kind == "r" else "rgba"
        numbers = (value.x, value.y, value.w, value.h) if kind == "r" else value
        return "".join(f"<{name}>{number:g}</{name}>" for name, number in zip(names, numbers, strict=True))
    return f"{int(value) if kind == 'b' else value}"


def _cdata(text: str) -> str:
    clean = "".join(each for each in text if each >= " ")  # others are not allowed in XML
    return f"<![CDATA[{clean.replace(']]>', ']] >')}]]>"


def _value(key: str, default: str | float) -> str:
    """Return a value of a control, with its default."""
    text = _cdata(default) if isinstance(default, str) else f"<![CDATA[{default:.6g}]]>"
    return (
        f"<value><key><![CDATA[{key}]]></key><locked>0</locked><lockedDefaultCurrent>0</lockedDefaultCurrent>"
        f"<default>{text}</default><defaultPull>0</defaultPull></value>"
    )


def _value_of(parameter: Parameter, key: str) -> str:
    """Return the control's value `key`, 0 to 1, as a number in the parameter's range."""
    whole = parameter.type in ("bool", "int", "trigger", "choice")
    return _partial("VALUE", "INTEGER" if whole else "FLOAT", key, parameter.low, parameter.high)


def _partial(kind: str, conversion: str, value: str, low: float = 0, high: float = 1) -> str:
    return (
        f"<partial><type>{kind}</type><conversion>{conversion}</conversion><value>{_cdata(value)}</value>"
        f"<scaleMin>{low:.10g}</scaleMin><scaleMax>{high:.10g}</scaleMax></partial>"
    )


def _message(
    address: str, arguments: str, send: bool = True, receive: bool = True, rise: bool = False, triggers: str = "x"
) -> str:
    """Return a message; rise: it is sent when a button goes down, not when it comes up."""
    when = "".join(
        f"<trigger><var><![CDATA[{each}]]></var><condition>{'RISE' if rise else 'ANY'}</condition></trigger>"
        for each in triggers
    )
    return (
        f"<osc><enabled>1</enabled><send>{int(send)}</send><receive>{int(receive)}</receive><feedback>0</feedback>"
        f"<connections>{CONNECTIONS}</connections>{f'<triggers>{when}</triggers>' if send else ''}"
        f"<path>{_partial('CONSTANT', 'STRING', address)}</path><arguments>{arguments}</arguments></osc>"
    )


def _node(
    kind: str, key: str, properties: str, values: str = "", messages: str = "", children: Sequence[str] = ()
) -> str:
    values += _value("touch", "false")
    parts = f"<properties>{properties}</properties><values>{values}</values>"
    parts += f"<messages>{messages}</messages>" if messages else ""
    parts += f"<children>{''.join(children)}</children>" if children else ""
    return f"<node ID='{uuid.uuid5(HOUSE, f'{kind} {key}')}' type='{kind}'>{parts}</node>"
