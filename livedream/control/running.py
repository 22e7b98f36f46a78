"""The parameters of a running show, read from its page: also those of its looks, second deck and windows."""

import dataclasses
import json
import urllib.error
import urllib.request
from typing import Any

from livedream import UserError
from livedream.parameters import Parameter

_FIELDS = tuple(each.name for each in dataclasses.fields(Parameter))
_LISTS = ("choices", "default")


def parameters(page: str) -> list[Parameter]:
    """Return every parameter of the show whose page is at `page`, such as "http://127.0.0.1:8808/".

    Raises:
        UserError: no show answers there, or not one of this version.
    """
    url = page.rstrip("/") + "/parameters"
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return [_parameter(each) for each in json.load(answer)]
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise UserError(f"{url}: no show answers there ({reason}); `livedream run` prints its page's address") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(f"{url}: not the page of a livedream like this one ({error})") from None


def _parameter(described: dict[str, Any]) -> Parameter:
    known: dict[str, Any] = {name: described[name] for name in _FIELDS}
    for name in _LISTS:
        if isinstance(known[name], list):
            known[name] = tuple(known[name])
    return Parameter(**known)
