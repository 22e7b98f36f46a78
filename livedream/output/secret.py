"""Stream keys, passwords and passphrases in addresses: what may be shown of them, and what may not."""

import re


def masked(sink: str) -> str:
    """The sink as it may be shown: in a URL the last part of the path, the user and the query are `***`."""
    if "://" not in sink:
        return sink
    address, *query = sink.split("?", 1)
    scheme, _, host, *path = address.rstrip("/").split("/")
    host = re.sub(r".*@", "***@", host)
    return "/".join([scheme, "", host, *path[:-1], *("***" for _ in path[-1:])]) + ("?***" if query else "")


def secrets(url: str) -> list[str]:
    """What nobody may see of a URL: stream key, user and password, query."""
    address, *query = url.split("?", 1)
    _, _, host, *path = address.rstrip("/").split("/")
    return [each for each in (*query, *path[-1:], host.rpartition("@")[0]) if each]
