"""How the parameters of a table hang together: vectors and their elements, jumps, glide times, and former addresses."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from livedream.parameters.parameter import Parameter, Value

MOST = 256  # elements; a longer vector has an address only as a whole
COLOUR = ("r", "g", "b", "a")
POINT = ("x", "y", "z")


def with_elements(parameters: Iterable[Parameter]) -> tuple[Parameter, ...]:
    """The parameters, and after each vector its elements, unless they are there already or are too many.

    An element stands beside its vector, as "look/tint/ink_r", for an address that is a value contains no others;
    "look/tint/ink/0" is taken, too. Where somebody else has that name, an underscore is added.
    """
    parameters = tuple(parameters)
    taken = {each.address for each in parameters}
    whole = {each.vector for each in parameters}
    found: list[Parameter] = []
    for each in parameters:
        found.append(each)
        if each.type != "vector" or each.whole or each.address in whole or each.length > MOST:
            continue
        starts = each.start
        for i in range(each.length):
            part = each.parts[i] if i < len(each.parts) else str(i)
            address = f"{each.address}_{part}"
            while address in taken:
                address += "_"
            taken.add(address)
            found.append(_element(each, i, part, address, starts[i]))
    return tuple(found)


def _element(whole: Parameter, i: int, part: str, address: str, start: float) -> Parameter:
    formerly = (f"{whole.address}/{i}", *(f"{alias}/{i}" for alias in whole.aliases))
    return replace(
        whole,
        address=address,
        type="float",
        default=start,
        length=1,
        parts=(),
        label=f"{whole.title} {part.replace('_', ' ')}",
        doc=f"{part.replace('_', ' ')} of {whole.title}",
        aliases=formerly,
        vector=whole.address,
        hidden=True,
        in_preset=False,
        in_session=False,
    )


class Relations:
    """Of the parameters of a table, by address.

    Attributes:
        elements: by vector, the addresses of its elements in order.
        vectors: by element, the address of its vector.
        jumps: by choice, the address of the jump that acts on it.
        times: by parameter, the address of its least glide.
        names: by former address, the present one.
    """

    def __init__(self, parameters: Mapping[str, Parameter]):
        elements: dict[str, list[str]] = {}
        for address, each in parameters.items():
            if each.vector in parameters:
                elements.setdefault(each.vector, []).append(address)
        whole = {vector: tuple(each) for vector, each in elements.items() if len(each) == parameters[vector].length}
        self.elements: Mapping[str, tuple[str, ...]] = whole
        self.vectors = {name: vector for vector, each in whole.items() for name in each}
        self.jumps = {each.acts_on: address for address, each in parameters.items() if each.acts_on}
        self.times = {each.time_of: address for address, each in parameters.items() if each.time_of}
        self.names = {
            alias: address for address, each in parameters.items() for alias in each.aliases if alias not in parameters
        }
        for vector, names in whole.items():
            self.names |= {f"{vector}/{i}": name for i, name in enumerate(names)}

    def name(self, address: str) -> str:
        """The present address for one that may be a former one."""
        return self.names.get(address, address)

    def chosen(self, choice: Parameter, arguments: tuple[object, ...]) -> tuple[object, ...]:
        """The arguments, with the present address for a choice that is a former one."""
        if arguments and isinstance(arguments[0], str) and arguments[0] not in choice.choices:
            return (self.name(arguments[0]), *arguments[1:])
        return arguments

    def wholes(self, values: Mapping[str, Value], vectors: Iterable[str] | None = None) -> dict[str, Value]:
        """The values of these vectors, or of all, from those of their elements."""
        chosen = self.elements if vectors is None else vectors
        return {each: tuple(values[name] for name in self.elements[each]) for each in chosen}  # type: ignore[misc]
