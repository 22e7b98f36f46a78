"""Stream keys, passwords and passphrases in addresses: which parts may be shown, and which may not."""

import re


def masked(sink: str) -> str:
    """The sink with its secrets replaced: in a URL the last part of the path, the user and the query become `***`.

    Addresses on which livedream listens, and UDP addresses, hold no secret: players are given them.
    """
    if "://" not in sink or sink.lower().startswith(("listen-", "udp://")):
        return sink
    address, *query = sink.split("?", 1)
    scheme, _, host, *path = address.rstrip("/").split("/")
    host = re.sub(r".*@", "***@", host)
    return "/".join([scheme, "", host, *path[:-1], *("***" for _ in path[-1:])]) + ("?***" if query else "")


def secrets(url: str) -> list[str]:
    """The secret parts of a URL: stream key, user and password, query, and the query's passphrase and stream id."""
    address, *query = url.split("?", 1)
    _, _, host, *path = address.rstrip("/").split("/")
    values = [value for part in query for value in re.findall(r"(?:passphrase|streamid)=([^&]+)", part)]
    return [each for each in (*query, *values, *path[-1:], host.rpartition("@")[0]) if each]
