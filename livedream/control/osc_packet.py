"""The strict reading of one OSC 1.0 packet, written for packets that nobody can be trusted to have made.

A packet is read whole or refused whole. Time tags are ignored: what arrives acts now. Addresses are taken as
they are, never as patterns.
"""

import functools
import struct

DEPTH = 8  # bundles within bundles; real senders use one
SHORT = 128  # bytes of a message that is remembered
LARGEST = 65507  # bytes that one UDP packet over IPv4 can hold

Message = tuple[str, tuple]

_FIXED = {
    "i": struct.Struct(">i"),
    "f": struct.Struct(">f"),
    "h": struct.Struct(">q"),
    "d": struct.Struct(">d"),
    "c": struct.Struct(">i"),
    "r": struct.Struct(">4s"),
    "m": struct.Struct(">4s"),
    "t": struct.Struct(">8s"),
}
_size = struct.Struct(">i").unpack_from


class Malformed(ValueError):
    """The packet breaks the OSC 1.0 rules. Its text says how, in a few words."""


def read(packet: bytes) -> list[Message]:
    """All messages of a packet in their order: (address with its leading slash, arguments).

    Arguments: float (f, d), int (i, h), str (s, c), bool (T, F), None (N), bytes (b, and r, m and t, which no
    parameter takes). I, the bang, is no argument. Raises Malformed.
    """
    if len(packet) > LARGEST:
        raise Malformed(f"{len(packet)} bytes")
    messages: list[Message] = []
    _element(packet, 0, len(packet), 0, messages)
    return messages


def _element(packet: bytes, at: int, end: int, depth: int, messages: list[Message]) -> None:
    """Read the message or bundle in packet[at:end]."""
    if end == at or (end - at) % 4:
        raise Malformed(f"an element of {end - at} bytes")
    if packet[at] == 0x2F:  # "/"
        messages.append((_again if end - at <= SHORT else _message)(packet[at:end]))
        return
    if packet[at : at + 8] != b"#bundle\0":
        raise Malformed("neither a message nor a bundle")
    if end - at < 16:
        raise Malformed("a bundle without its time tag")
    if depth >= DEPTH:
        raise Malformed(f"bundles more than {DEPTH} deep")
    at += 16
    while at < end:
        size = _size(packet, at)[0]
        at += 4
        if not 0 < size <= end - at:
            raise Malformed(f"an element of {size} bytes where {end - at} are left")
        _element(packet, at, at + size, depth + 1, messages)
        at += size


def _message(packet: bytes) -> Message:
    end = len(packet)
    address, at = _string(packet, 0, end)
    if at == end:  # old senders leave the type tags out when there is no argument
        return address, ()
    tags, at = _string(packet, at, end)
    if not tags.startswith(","):
        raise Malformed("no type tags")
    arguments = []
    for tag in tags[1:]:
        if fixed := _FIXED.get(tag):
            if at + fixed.size > end:
                raise Malformed("cut short")
            value = fixed.unpack_from(packet, at)[0]
            at += fixed.size
            if tag == "c":
                value = _character(value)
        elif tag == "s":
            value, at = _string(packet, at, end)
        elif tag == "T" or tag == "F":
            value = tag == "T"
        elif tag == "N":
            value = None
        elif tag == "I":
            continue
        elif tag == "b":
            value, at = _blob(packet, at, end)
        else:
            raise Malformed(f"type tag {tag[:1]!r}")
        arguments.append(value)
    if at != end:
        raise Malformed(f"{end - at} bytes after the last argument")
    return address, tuple(arguments)


# Some senders say everything all the time, and most of it is as it was.
_again = functools.lru_cache(maxsize=4096)(_message)


def _string(packet: bytes, at: int, end: int) -> tuple[str, int]:
    """The string that begins at `at`, and where what follows it begins."""
    stop = packet.find(b"\0", at, end)
    if stop < 0:
        raise Malformed("a string without its end")
    try:
        # This is at most `end`, because `end` is a multiple of 4 from `at`.
        return packet[at:stop].decode(), at + ((stop - at) // 4 + 1) * 4
    except UnicodeDecodeError:
        raise Malformed("a string that is not UTF-8") from None


def _blob(packet: bytes, at: int, end: int) -> tuple[bytes, int]:
    if at + 4 > end:
        raise Malformed("cut short")
    size = _size(packet, at)[0]
    at += 4
    after = at + (size + 3) // 4 * 4
    if size < 0 or after > end:
        raise Malformed(f"a blob of {size} bytes where {end - at} are left")
    return packet[at : at + size], after


def _character(code: int) -> str:
    if not 0 <= code < 0x80:
        raise Malformed(f"character {code}")
    return chr(code)
