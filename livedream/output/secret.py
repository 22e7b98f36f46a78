"""Stream keys, passwords and passphrases in addresses: what may be shown of them, and what may not."""

import re


def masked(sink: str) -> str:
    """The sink as it may be shown: in a URL the last part of the path, the user and the query are `***`.

    Where we listen, and in UDP, nothing is secret: the address is what a player is given.
    """
    if "://" not in sink or sink.lower().startswith(("listen-", "udp://")):
        return sink
    address, *query = sink.split("?", 1)
    scheme, _, host, *path = address.rstrip("/").split("/")
    host = re.sub(r".*@", "***@", host)
    return "/".join([scheme, "", host, *path[:-1], *("***" for _ in path[-1:])]) + ("?***" if query else "")


def secrets(url: str) -> list[str]:
    """What nobody may see of a URL: stream key, user and password, query, and in it passphrase and stream id."""
    address, *query = url.split("?", 1)
    _, _, host, *path = address.rstrip("/").split("/")
    values = [value for part in query for value in re.findall(r"(?:passphrase|streamid)=([^&]+)", part)]
    return [each for each in (*query, *values, *path[-1:], host.rpartition("@")[0]) if each]
