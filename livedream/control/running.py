"""What a running show can be moved by, read from its page: also its looks, its second deck, its windows."""

import dataclasses
import json
import urllib.error
import urllib.request

from livedream import UserError
from livedream.parameters import Parameter

_FIELDS = tuple(each.name for each in dataclasses.fields(Parameter))
_LISTS = ("choices", "default")


def parameters(page: str) -> list[Parameter]:
    """Every parameter of the show whose page is at `page`, "http://127.0.0.1:8808/". UserError if none answers."""
    url = page.rstrip("/") + "/parameters"
    try:
        with urllib.request.urlopen(url, timeout=20) as answer:
            return [_parameter(each) for each in json.load(answer)]
    except (urllib.error.URLError, OSError) as error:
        reason = getattr(error, "reason", error)
        raise UserError(f"{url}: no show answers there ({reason}); `livedream run` prints its page's address") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise UserError(f"{url}: not the page of a livedream like this one ({error})") from None


def _parameter(described: dict) -> Parameter:
    known = {name: described[name] for name in _FIELDS}
    return Parameter(**{name: tuple(v) if name in _LISTS and isinstance(v, list) else v for name, v in known.items()})
