"""Limits that a session sets: ranges narrower than the declared ones."""

import math
from collections.abc import Mapping
from dataclasses import replace

from livedream import UserError
from livedream.parameters.parameter import Parameter
from livedream.parameters.show import COMING

Limits = Mapping[str, tuple[float, float]]
LIMITED = ("float", "int", "vector")  # types that can be limited


def check(parameters: Mapping[str, Parameter], limits: Limits) -> None:
    """Refuse limits of parameters that cannot have them, or that leave nothing of the range. Raises UserError."""
    for address, (low, high) in limits.items():
        each = parameters.get(address)
        if each is None:
            if not address.startswith(COMING):
                raise UserError(f"limits: {address}: no such parameter; livedream params lists all")
            continue
        if each.type not in LIMITED:
            raise UserError(f"limits: {address}: is a {each.type}; only numbers have limits")
        if high < each.low or low > each.high:
            raise UserError(f"limits: {address}: {low:g} to {high:g} lies outside of {each.low:g} to {each.high:g}")


def narrowed(declared: Parameter, limits: Limits) -> Parameter:
    """The parameter within its limits, or itself where there are none for it or for its series."""
    names = (declared.address, *declared.aliases, declared.vector, declared.series)
    found = next((limits[each] for each in names if each in limits), None)
    if found is None or declared.type not in LIMITED:
        return declared
    low, high = (min(max(float(each), declared.low), declared.high) for each in found)
    if declared.type == "int":
        low, high = math.ceil(low), math.floor(high)
    if low > high:
        return declared
    default = declared.default if isinstance(declared.default, tuple) else (declared.default,)
    inside = tuple(min(max(each, low), high) for each in default)
    return replace(declared, low=low, high=high, default=inside if isinstance(declared.default, tuple) else inside[0])
