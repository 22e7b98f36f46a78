"""Who may do what on the page's port: a token for each role, and the addresses and QR code that carry them."""

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from livedream import UserError

PLAY, ADMIN = "play", "admin"
ROLES = (PLAY, ADMIN)
KEY = "k"  # of the query: http://HOST:PORT/?k=TOKEN
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{1,200}")  # what stands in an address and a cookie as it is


@dataclass(frozen=True)
class Access:
    """The tokens that let clients in.

    Attributes:
        tokens: By role. Empty: everybody is let in and may do everything.
    """

    tokens: Mapping[str, str]

    def role(self, *given: str | None) -> str | None:
        """Return the role that a client's tokens give it, or None. Every comparison takes constant time."""
        if not self.tokens:
            return ADMIN
        found = None
        for role in ROLES:  # the higher role last
            token = self.tokens.get(role)
            for each in given:
                if token and each and hmac.compare_digest(token.encode(), each.encode(errors="replace")):
                    found = role
        return found


OPEN = Access({})


def parse(text: str) -> Mapping[str, str]:
    """Read --web-token: none, TOKEN for everything, or play:TOKEN,admin:TOKEN. Raises UserError."""
    if text == "none":
        return {}
    tokens: dict[str, str] = {}
    for each in text.split(","):
        role, colon, token = each.strip().partition(":")
        if not colon:
            role, token = ADMIN, role
        if role not in ROLES or role in tokens or not _TOKEN.fullmatch(token):
            what = "none, TOKEN, or play:TOKEN,admin:TOKEN; a token is of letters, digits and . _ ~ -"
            raise UserError(f"{_masked(each)}: should be {what}")
        tokens[role] = token
    if len(set(tokens.values())) < len(tokens):
        raise UserError("play and admin need two different tokens")
    return tokens


def write(tokens: Mapping[str, str]) -> str:
    """Write what `parse` reads."""
    return ",".join(f"{role}:{token}" for role, token in tokens.items()) or "none"


def of(tokens: Mapping[str, str] | None, loopback: bool) -> Access:
    """Return who is let in.

    Args:
        tokens: What `parse` read; None: new random ones, unless only this machine can connect.
        loopback: Whether only this machine can connect.
    """
    if tokens is None:
        return OPEN if loopback else Access({role: secrets.token_hex(10) for role in ROLES})
    return Access(tokens)


def qr_code(address: str) -> str:
    """Return an address as a QR code of characters, for a dark or a light terminal."""
    import io

    import segno

    drawn = io.StringIO()
    segno.make_qr(address, error="l").terminal(drawn, compact=True, border=2)
    return drawn.getvalue().rstrip("\n")


def _masked(text: str) -> str:
    role, colon, token = text.strip().partition(":")
    return f"{role[:20]}:{'*' * min(len(token), 8)}" if colon else "*" * min(len(role), 8) or "''"
