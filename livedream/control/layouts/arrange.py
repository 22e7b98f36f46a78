"""The place of each parameter on a tablet: pages of groups of controls, whatever program shows them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from livedream.control.osc_out import STATUS
from livedream.parameters import Parameter

WIDTH, HEIGHT = 1024, 768  # tablet size; both programs scale it to the screen
TABS = 44  # the bar at the top that chooses a page
MARGIN, GAP, TITLE, PAD = 12, 8, 24, 10
COLUMNS = 12
UNITS = (84, 76, 68, 60, 52, 48, 44)  # heights of a row: the largest with which a page holds all of it
TALL = 3.4  # rows that a vertical fader takes
NUMBERS = 8  # buttons of a text that also takes a number

PAGES = {  # groups that share a page; any other has a page of its own name
    "motion": "play",
    "scenes": "play",
    "knobs": "play",
    "dream": "play",
    "effect": "effects",
    "look": "looks",
    "layer": "mix",
    "window": "outputs",
    "output": "outputs",
    "preset": "presets",
}
ORDER = (
    "play",
    "history",
    "latents",
    "input",
    "effects",
    "looks",
    "mix",
    "master",
    "tempo",
    "presets",
)  # then in the table's order


@dataclass(frozen=True)
class Box:
    """In pixels of the page."""

    x: float
    y: float
    w: float
    h: float


@dataclass(frozen=True)
class Control:
    """One parameter on a page.

    Attributes:
        parameter: its own.
        kind: "fader" (horizontal), "column" (vertical), "switch", "press", "choose" (all choices side by side), "jump"
            (a button for each choice), "list" (too many choices for that), "numbers" (a text's buttons from 0),
            "write" (a text), "nudge" (a step back and a step on), "pad" (two numbers), "default" (resets a vector).
        label: its caption.
        box: where it lies.
    """

    parameter: Parameter
    kind: str
    label: str
    box: Box

    @property
    def warning(self) -> bool:
        """Whether it should not be touched by mistake."""
        return self.parameter.risky


@dataclass(frozen=True)
class Group:
    title: str
    box: Box
    controls: tuple[Control, ...]


@dataclass(frozen=True)
class Page:
    name: str
    groups: tuple[Group, ...]


def pages(parameters: Iterable[Parameter], writes: bool = True) -> list[Page]:
    """Return pages with every parameter once; without a keyboard (`writes`), texts that take no number are left out."""
    by_page: dict[str, dict[str, list[Parameter]]] = {}
    for each in parameters:
        if each.type == "text" and not writes and not each.takes_number:
            continue
        page, group = _place(each)
        by_page.setdefault(page, {}).setdefault(group, []).append(each)
    found = []
    for name in sorted(by_page, key=_rank):
        sheets = _sheets(by_page[name], writes)
        found += [Page(name if len(sheets) == 1 else f"{name} {i}", each) for i, each in enumerate(sheets, 1)]
    return found


def _rank(page: str) -> tuple[int, bool]:
    """Return a sort key: the table's order among equals, deck B's pages beside those of deck A."""
    name = page.removeprefix("B ")
    return ORDER.index(name) if name in ORDER else len(ORDER), page != name


def _place(parameter: Parameter) -> tuple[str, str]:
    """Return the names of its page and of its group there."""
    deck = "B " if parameter.deck else ""
    heading = parameter.heading
    return deck + PAGES.get(heading, heading), f"{deck}{heading} {parameter.item}".rstrip()


def _kind(parameter: Parameter, writes: bool) -> tuple[str, float, float]:
    """Return the kind of its control, how many columns that takes, and how many rows."""
    choices = len(parameter.choices)
    if parameter.jog:
        return "nudge", 4, 1
    if parameter.type in ("bool", "trigger"):
        return ("switch" if parameter.type == "bool" else "press"), 2, 1
    if parameter.type == "text":
        return ("write", 4, 1) if writes else ("numbers", 6, 1)
    if parameter.type == "vector":
        return ("pad", 4, TALL) if parameter.length == 2 else ("default", 4, 1)
    if parameter.type == "choice":
        acts = parameter.always or bool(parameter.acts_on)
        if not choices and writes:  # names that are not known here
            return "write", 4, 1
        if acts and 1 < choices <= 32:
            return "jump", COLUMNS, -(-choices // NUMBERS)
        if acts or not 1 < choices <= 14:
            return "list", 4, 1
        return "choose", (4 if choices <= 3 else 6 if choices <= 6 else COLUMNS), 1
    if parameter.series and not parameter.hidden:
        return "column", COLUMNS / 8, TALL
    if parameter.series:  # many
        return "column", COLUMNS / 16, 2.8  # 64 of them fit on a page
    return "fader", 3 if parameter.vector else 4, 1  # the four of a colour in a row


Row = list[tuple[Parameter, str, float, float]]  # with kind, first column and columns


def _rows(parameters: Iterable[Parameter], writes: bool) -> Iterator[tuple[Row, float]]:
    """Yield rows of at most all columns, each with its height in units. Tall and flat controls do not mix in a row."""
    for tall, alike in groupby(parameters, key=lambda each: _kind(each, writes)[2]):
        row: Row = []
        at = 0.0
        for each in alike:
            kind, span, _ = _kind(each, writes)
            if at + span > COLUMNS + 1e-6:
                yield row, tall
                row, at = [], 0.0
            row.append((each, kind, at, span))
            at += span
        if row:
            yield row, tall


def _sheets(groups: dict[str, list[Parameter]], writes: bool) -> list[tuple[Group, ...]]:
    rows = {title: list(_rows(each, writes)) for title, each in groups.items()}
    for unit in UNITS:
        sheets = _filled(rows, unit)
        if len(sheets) == 1:
            return sheets
    return _filled(rows, UNITS[-1])


def _filled(groups: dict[str, list[tuple[Row, float]]], unit: float) -> list[tuple[Group, ...]]:
    """Put the groups below each other, on as many pages as it takes; a group that is cut continues under its title."""
    end = HEIGHT - TABS - MARGIN
    sheets: list[list[Group]] = [[]]
    y: float = MARGIN
    for title, rows in groups.items():
        heights = [_height(tall, unit) for _, tall in rows]
        whole = TITLE + sum(each + GAP for each in heights) - GAP + PAD
        needs = whole if MARGIN + whole <= end else TITLE + heights[0] + PAD  # what fits nowhere is cut
        if sheets[-1] and y + needs > end:
            sheets.append([])
            y = MARGIN
        controls: list[Control] = []
        at = y + TITLE
        for (row, _), h in zip(rows, heights, strict=True):
            if controls and at + h + PAD > end:
                sheets[-1].append(_group(title, y, at - GAP, controls))
                sheets.append([])
                controls, y, at = [], MARGIN, MARGIN + TITLE
            controls += [_control(each, at, h) for each in row]
            at += h + GAP
        sheets[-1].append(_group(title, y, at - GAP, controls))
        y = at + PAD
    return [tuple(each) for each in sheets]


def _height(tall: float, unit: float) -> float:
    return round(tall * unit) + int(tall - 1) * GAP


def _group(title: str, top: float, bottom: float, controls: list[Control]) -> Group:
    return Group(title, Box(MARGIN, top, WIDTH - 2 * MARGIN, bottom + PAD - top), tuple(controls))


def _control(placed: tuple[Parameter, str, float, float], y: float, h: float) -> Control:
    parameter, kind, at, span = placed
    pitch = (WIDTH - 2 * MARGIN - 2 * PAD + GAP) / COLUMNS
    box = Box(round(MARGIN + PAD + at * pitch, 2), y, round(span * pitch - GAP, 2), h)
    return Control(parameter, kind, parameter.title, box)


def buttons(control: Control) -> list[Box]:
    """Return the boxes of a "jump"'s buttons, one for each choice."""
    count, box = len(control.parameter.choices), control.box
    across = min(count, NUMBERS)
    down = -(-count // across)
    w, h = (box.w + GAP) / across, (box.h + GAP) / down
    return [
        Box(round(box.x + i % across * w, 2), round(box.y + i // across * h, 2), round(w - GAP, 2), round(h - GAP, 2))
        for i in range(count)
    ]


@dataclass(frozen=True)
class Reading:
    """One value of the feedback, `status/NAME`: the boxes of its caption and of the value."""

    name: str
    text: str
    caption: Box
    shown: Box


ASK = Box(MARGIN + PAD, MARGIN + TITLE, 322, 60)  # the button that asks for feedback


def readings() -> list[Reading]:
    """Return the last page: the status of the show, in two columns below ASK."""
    down, w = -(-len(STATUS) // 2), (WIDTH - 2 * MARGIN - 2 * PAD - GAP) / 2
    top = ASK.y + ASK.h + GAP
    h = min(48, (HEIGHT - TABS - MARGIN - PAD - top) / down)
    found = []
    for i, (name, doc, _) in enumerate(STATUS):
        x, y = MARGIN + PAD + i // down * (w + GAP), top + i % down * h
        words = name.replace("_", " ")
        text = doc if len(doc) > 30 or words in doc else f"{words}: {doc}"
        found.append(Reading(name, text, Box(x, y, 340, h - 4), Box(x + 344, y, w - 344, h - 4)))
    return found


def status_panel() -> Box:
    last = max(each.caption.y + each.caption.h for each in readings())
    return Box(MARGIN, MARGIN, WIDTH - 2 * MARGIN, last + PAD - MARGIN)
