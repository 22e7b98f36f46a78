"""docs/architecture.md, "The way of the data": arrows never run back. Read from the imports of every file."""

import ast
from pathlib import Path

import pytest

import livedream

HOUSE = Path(livedream.__file__).parent
FILES = sorted(HOUSE.rglob("*.py"))

# What the files of a room may know of livedream. "livedream" is the package itself: UserError, version.
MAY = {
    "parameters": {"livedream", "picture", "parameters"},
    "system": {"livedream", "system"},
    "picture": {"livedream", "picture"},
    "control": {"livedream", "parameters", "system", "control"},
    "input": {"livedream", "system", "picture", "input"},
    "dream": {"livedream", "system", "picture", "dream"},
    "backend": {"livedream", "system", "picture", "dream", "backend"},
    "play": {"livedream", "parameters", "picture", "dream", "backend", "play"},
    "output": {"livedream", "system", "picture", "output"},
    "look": {"livedream", "parameters", "system", "picture", "look"},
    "web": {"livedream", "picture", "parameters", "web"},
    "effect": {"livedream", "parameters", "picture", "dream", "backend", "effect"},
    "loop": {"livedream", "parameters", "picture", "dream", "backend", "play", "effect", "look", "output", "loop"},
}
MAY["shows"] = {*MAY["loop"], "input", "shows"}
MAY["parts"] = {*MAY["loop"], "control", "input", "parts"}
MAY["session"] = {*MAY["parts"], "system", "shows", "web", "session"}
MAY["doctor"] = {"livedream", "system", "control", "input", "dream", "backend", "output", "web", "doctor"}
MAY["bench"] = {*MAY["session"], "bench"}
RUNS_MODELS = {
    "dream/prove.py",
    "dream/info.py",
    "doctor/probe.py",
}  # may know an inference library, as all of backend/
PROGRAMS = {"__main__.py"}  # may know the command line

TRAINS = {"cli/train.py", "cli/export.py", "cli/evaluate.py"}  # may know livedream_export


def name(file: Path) -> str:
    return file.relative_to(HOUSE).as_posix()


def module(file: Path) -> str:
    """The full name of a file's module: "livedream.play.player", "livedream.play" for play/__init__.py."""
    parts = file.relative_to(HOUSE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module(file): file for file in FILES}


def imports(tree: ast.AST) -> set[str]:
    """Every module imported anywhere in it, in full, for type checking and within functions too.

    `from livedream.play import player` imports livedream.play.player, `from livedream.look import LONGEST` the package.
    """
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: relative import"
            inner = [f"{node.module}.{each.name}" for each in node.names]
            found |= {each if each in MODULES else node.module for each in inner}
    return found


IMPORTS = {file: imports(ast.parse(file.read_text("utf-8"))) for file in FILES}


def room(module: str) -> str:
    """The room of one of our modules: "play" for livedream.play.player."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "livedream"


def circles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Groups of two or more that can all be reached from each other; `graph` names what each leads to."""
    reached = {each: set() for each in graph}
    for start in graph:
        waiting = [start]
        while waiting:
            for following in graph.get(waiting.pop(), set()) - reached[start]:
                reached[start].add(following)
                waiting.append(following)
    groups = {frozenset({other for other in reached[each] if each in reached.get(other, ())}) for each in graph}
    return sorted(sorted(each) for each in groups if len(each) > 1)


def test_no_module_imports_itself_by_way_of_others():
    graph = {each: IMPORTS[file] & MODULES.keys() for each, file in MODULES.items()}
    assert circles(graph) == []


def test_no_room_imports_itself_by_way_of_others():
    graph = {each: set() for each in map(room, MODULES)}
    for each, file in MODULES.items():
        graph[room(each)] |= {room(other) for other in IMPORTS[file] & MODULES.keys()} - {room(each), "livedream"}
    assert circles(graph) == []


def test_a_circle_is_found():
    assert circles({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"a"}}) == [["a", "b", "c"]]
    assert circles({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


@pytest.mark.parametrize("file", FILES, ids=name)
def test_a_room_knows_only_what_lies_before_it(file):
    ours = {room(each) for each in IMPORTS[file] if each.split(".")[0] == "livedream"}
    here = file.relative_to(HOUSE).parts[0].removesuffix(".py")
    if here in ("cli", "__init__") or name(file) in PROGRAMS:
        return
    assert here in MAY, f"{here}: a new room; say above what it may know"
    assert ours <= MAY[here], f"{name(file)} imports {sorted(ours - MAY[here])}"


def test_nothing_but_the_program_itself_knows_the_command_line():
    knowing = {name(file) for file in FILES if any(each.startswith("livedream.cli") for each in IMPORTS[file])}
    assert {each for each in knowing if not each.startswith("cli/")} <= PROGRAMS
    assert "__main__.py" in knowing


def test_the_player_knows_of_backends_only_their_face():
    for file in (HOUSE / "play").glob("*.py"):
        assert not {each for each in IMPORTS[file] if each.startswith("livedream.backend.")}, name(file)


def test_only_backends_know_an_inference_library():
    knowing = {name(file) for file in FILES if "onnxruntime" in {each.split(".")[0] for each in IMPORTS[file]}}
    assert {each for each in knowing if not each.startswith("backend/")} <= RUNS_MODELS
    assert "backend/cpu.py" in knowing


def test_the_instrument_never_needs_the_studio():
    for file in FILES:
        roots = {each.split(".")[0] for each in IMPORTS[file]}
        assert "torch" not in roots, name(file)
        if name(file) in TRAINS:
            continue
        assert "livedream_export" not in roots, name(file)
    for each in TRAINS:  # and those commands only when they are called
        for node in ast.parse((HOUSE / each).read_text("utf-8")).body:
            if isinstance(node, ast.Import | ast.ImportFrom):
                assert "livedream_export" not in ast.unparse(node)
