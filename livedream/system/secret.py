"""Stream keys, passwords and passphrases in addresses: which parts may be shown, and which may not.

Passwords may hold anything, also `/`, `?`, `@` and `:`. Where it is not certain which part is the host, none is shown.
"""

import re
from dataclasses import dataclass
from urllib.parse import unquote

HIDDEN = "***"
# Addresses on which livedream listens, and UDP addresses: players are given their path and options.
PUBLIC = re.compile(r"listen-|udp:", re.IGNORECASE)
SCHEME = re.compile(
    r"((?:whip:)?[a-z][a-z0-9+.-]*://|(?:whip:)?(?:listen-)?(?:rtmp[a-z]*|srt|udp|rtp|tcp|https?|whip|rist|rtsps?|ftp):/*)(.*)",
    re.IGNORECASE | re.DOTALL,
)
PLACE = re.compile(r"(?:[\w.-]*|\[[0-9a-f:.%]*\])(?::\d{0,5})?", re.IGNORECASE)
TOLD = re.compile(r"pass|pwd|token|secret|auth|key|sig|stream_?id|user|bearer|credential", re.IGNORECASE)
PLAIN = ("mode", "latency", "transtype", "pkt_size", "ttl", "timeout", "listen", "localaddr", "localport", "fifo_size")
SHORTEST = 3  # characters of a piece of a secret that is looked for in what libraries say


@dataclass(frozen=True)
class _Address:
    """An address, cut up: what is None is not there."""

    scheme: str
    user: str | None
    place: str | None  # host and port; None: it cannot be told which part they are
    path: tuple[str, ...]
    query: str | None


def _cut(sink: str) -> _Address | None:
    """Cut an address up; None for a path or a name."""
    found = SCHEME.fullmatch(sink)
    if not found:
        return None
    scheme, rest = found.groups()
    start = re.split(r"[/?#]", rest, maxsplit=1)[0]
    user, place = None, start
    if "@" in start and "@" not in rest[len(start) :]:
        user, _, place = start.rpartition("@")
        rest = rest[len(user) + 1 :]
    elif rest.count("@") == 1 and not PLACE.fullmatch(start):
        user, _, rest = rest.partition("@")  # a password with a slash: what stands before it is no host and port
        place = re.split(r"[/?#]", rest, maxsplit=1)[0]
    elif "@" in rest:
        return _Address(scheme, rest, None, (), None)
    if not PLACE.fullmatch(place):
        return _Address(scheme, f"{user}@{rest}" if user else rest, None, (), None)
    behind = rest[len(place) :]
    path, mark, query = behind.partition("?")
    return _Address(scheme, user, place, tuple(path.rstrip("/").split("/")[1:]), query if mark else None)


def masked(sink: str) -> str:
    """The sink with its secrets replaced: in a URL the last part of the path, the user and the query become `***`.

    Of an address on which livedream listens, and of a UDP address, only user, password and the like are hidden.
    """
    address = _cut(sink)
    if address is None:
        return sink
    if address.place is None:
        return address.scheme + HIDDEN
    shown = address.scheme + (f"{HIDDEN}@" if address.user is not None else "") + address.place
    public = PUBLIC.match(sink)
    if public and address.user is None and not TOLD.search(address.query or ""):
        return sink
    path = address.path if public else (*address.path[:-1], *(HIDDEN for _ in address.path[-1:]))
    shown += "".join(f"/{each}" for each in path)
    return shown + (f"?{HIDDEN}" if address.query is not None else "")


def scrubbed(text: str, sink: str) -> str:
    """What a library said about the sink, without the sink's secrets, whole or in pieces."""
    address = _cut(sink)
    if address is None:
        return text
    text = text.replace(sink, masked(sink))
    rest = sink[len(address.scheme) :]
    if len(rest) > SHORTEST and masked(sink) != sink:
        text = text.replace(rest, masked(sink)[len(address.scheme) :])
    for secret in sorted(_secrets(address, bool(PUBLIC.match(sink))), key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(secret)}(?!\w)", HIDDEN, text)
    return text


def _secrets(address: _Address, public: bool) -> set[str]:
    """The secret parts of an address, each also decoded, and the pieces of those that may be cut in the wrong place."""
    whole = {address.user or "", address.query or ""}
    if not public:
        whole |= set(address.path[-1:])
    for pair in re.split("[&;]", address.query or ""):
        key, _, value = pair.partition("=")
        if key not in PLAIN and (not public or TOLD.search(key)):
            whole.add(value)
    pieces = re.split(r"[/?#@:]", address.user or "")
    whole |= {each for each in pieces if len(each) >= SHORTEST}
    if public and not TOLD.search(address.query or ""):
        whole.discard(address.query or "")
    shown = {*(address.place or "").split(":"), *address.path[:-1]}
    return {each for part in whole for each in (part, unquote(part)) if each} - shown
