"""Contract 1, the rules of the components cut from a file.

A rule is a short generator over the components that yields one line per violation, as in graph_rules.py.
"""

import re
from collections.abc import Iterator

from livedream.dream.contract import RESERVED, TABLE, find, latents
from livedream.dream.dream import Component, Shape, Value
from livedream.dream.messages import brief


def kind(components: dict[str, Component]) -> Iterator[str]:
    """A dream has decode; an effect has apply, and neither step nor recall."""
    if "decode" not in components and "apply" not in components:
        yield f"components: a dream has decode, an effect has apply; found {', '.join(components) or 'none'}"
    elif "decode" not in components:
        yield from (f"components: {name} without decode" for name in ("step", "recall") if name in components)


def ports(components: dict[str, Component]) -> Iterator[str]:
    """Inputs and outputs are those of contract.TABLE, with its dtypes and shapes."""
    for component in components.values():
        for way, values, known in (
            ("input", component.inputs, TABLE[component.name][0]),
            ("output", component.outputs, TABLE[component.name][1]),
        ):
            for name, value in values.items():
                port = find(known, name)
                if port is None:  # unknown outputs were left out when the component was cut
                    words = ", ".join(port.words for port in known)
                    yield f"{component.name} inputs: {brief(name)} is none of {words}"
                elif value.dtype != port.dtype:
                    yield f"{value.full}: {port.dtype}, found {value.dtype}"
                elif port.shape is not None and not _fits(value.shape, port.shape):
                    yield (f"{value.full}: shape [{', '.join(map(str, port.shape))}], found {list(value.shape)}")
            for port in known:
                if port.needed and not any(re.fullmatch(port.pattern, name) for name in values):
                    yield f"{component.name}: the {way} {port.words} is missing"


def next_values(components: dict[str, Component]) -> Iterator[str]:
    """next.X feeds X of the same component, and step moves every latent."""
    for component in components.values():
        for name, value in component.outputs.items():
            if not name.startswith("next."):
                continue
            fed = component.inputs.get(name.removeprefix("next."))
            if fed is None:
                yield (f"{value.full}: feeds {name.removeprefix('next.')}, which {component.name} does not take")
            elif fed.shape != value.shape:
                yield (f"{value.full}: shape {list(fed.shape)} as the input it feeds, found {list(value.shape)}")
    for name in latents(components.get("step")):
        if "next." + name not in components["step"].outputs:
            yield f"step/{name}: step has no output next.{name}"


def same_latents(components: dict[str, Component]) -> Iterator[str]:
    """All components have the same latents: `latent` alone, or several `latent.NAME`."""
    names = [name for name in ("step", "recall", "decode") if name in components]
    sides: dict[str, dict[str, Shape]] = {name: latents(components[name]) for name in names}
    if "decode" in components and "encode" in components:
        sides["encode"] = {name: value.shape for name, value in components["encode"].outputs.items()}
    for name, found in sides.items():
        if "latent" in found and len(found) > 1:
            yield f"{name}: latent stands alone, or all are latent.NAME; found {brief(', '.join(found))}"
        if found != sides.get("decode", found):
            yield f"latents: decode has {_listed(sides['decode'])}, {name} has {_listed(found)}"


def controls(components: dict[str, Component]) -> Iterator[str]:
    """A control has one shape in all components, and a name that livedream does not use itself."""
    seen: dict[str, Value] = {}
    for component in components.values():
        for name, value in component.inputs.items():
            if not name.startswith("control."):
                continue
            if name.removeprefix("control.") in RESERVED:
                yield (f"{value.full}: the name {name.removeprefix('control.')} is livedream's own; choose another")
            if seen.setdefault(name, value).shape != value.shape:
                yield (f"{value.full}: shape {list(seen[name].shape)} as {seen[name].full}, found {list(value.shape)}")


def layers(components: dict[str, Component]) -> Iterator[str]:
    """decode draws one frame, or two or more layers of one size that are T pictures long, or 1."""
    if "decode" not in components:
        return
    outputs = components["decode"].outputs
    drawn = [name for name in outputs if name.startswith("layer.")]
    if ("frame" in outputs) == bool(drawn):
        yield (f"decode: draws frame, or layer.NAME; found {', '.join(('frame', *drawn)) if drawn else 'neither'}")
    elif len(drawn) == 1:
        yield f"decode: two or more layers, or frame; found only {drawn[0]}"
    if len({outputs[name].shape[1:] for name in drawn}) > 1:
        yield (f"decode: layers have one size; found {', '.join(str(list(outputs[name].shape)) for name in drawn)}")
    if len({outputs[name].shape[0] for name in drawn} - {1}) > 1:
        yield (f"decode: layers are T long, or 1; found {', '.join(str(outputs[name].shape[0]) for name in drawn)}")


def recall(components: dict[str, Component]) -> Iterator[str]:
    """recall chooses the memories that decode takes, and may give decode more; neither is there without the other."""
    decode = components.get("decode")
    values = decode.inputs.items() if decode else ()
    taken = {name: value for name, value in values if name.split(".")[0] in ("memory", "recall")}
    if "recall" not in components:
        for value in taken.values():
            yield f"{value.full}: taken from the component recall, which the file does not have"
        return
    memory, given = taken.pop("memory", None), components["recall"].outputs
    if decode is None or memory is None:
        yield "recall: decode has no input memory for it"
        return
    if given["index"].shape != memory.shape[:1]:
        yield f"{memory.full}: as many as recall/index has, {given['index'].shape[0]}, found {memory.shape[0]}"
    for name, value in decode.outputs.items():
        if value.dtype == "uint8" and value.shape[1:] != memory.shape[1:]:
            wanted, found = list(value.shape[1:]), list(memory.shape[1:])
            yield f"{memory.full}: pictures {wanted} as decode/{name}, found {found}"
    for name, value in taken.items():
        if name not in given:
            yield f"{value.full}: recall has no output {name}"
        elif given[name].shape != value.shape:
            yield f"{value.full}: shape {list(given[name].shape)} as recall/{name}, found {list(value.shape)}"


COMPONENT_RULES = (kind, ports, next_values, same_latents, controls, layers, recall)


def _fits(shape: Shape, wanted: tuple[int | str, ...]) -> bool:
    return len(shape) == len(wanted) and all(isinstance(w, str) or w == s for s, w in zip(shape, wanted, strict=True))


def _listed(found: dict[str, Shape]) -> str:
    return brief(", ".join(f"{name} {list(shape)}" for name, shape in found.items()) or "none")
