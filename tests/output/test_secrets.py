"""No part of a password, key or token is shown, whatever it holds."""

import logging
import re
from itertools import product

import pytest

from livedream import UserError
from livedream.output.kinds import parse
from livedream.system.secret import masked, scrubbed

SECRETS = (
    "sekret",
    "pa/sekret",
    "sek@ret",
    "sek:ret",
    "sekret/a@b",
    "a@1/sekret",
    "sek%40ret",
    "sek?ret",
    "sek#ret",
    "1/sekret",
    "[sekret]",
)
USERS = ("me", "me@club.org", "sek/ret")


@pytest.mark.parametrize(
    "scheme", ["rtmp://", "rtmps://", "srt://", "whip:https://", "udp://", "listen-rtmp://", "listen-http://", "foo://"]
)
@pytest.mark.parametrize(
    "tail", ["127.0.0.1:9401/live/KEY?token=TOK", "host:9000", "host/app/KEY", "[::1]:1935/app/KEY"]
)
def test_no_piece_of_a_password_is_shown(scheme, tail):
    for user, password in product(USERS, SECRETS):
        shown = masked(f"{scheme}{user}:{password}@{tail}")
        assert not re.search("sek|ret|TOK", shown), shown
        assert "KEY" not in shown or scheme.startswith(("udp", "listen"))
        assert shown.startswith(scheme)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("rtmp://user:pa/ss@127.0.0.1:9401/live/KEY?token=T", "rtmp://***@127.0.0.1:9401/live/***?***"),
        ("rtmp://user:p@ss@host/app/KEY", "rtmp://***@host/app/***"),
        ("rtmp://user:p@s/s@host/app/KEY", "rtmp://***"),  # nobody can tell which part is the host
        ("rtmp://host/app/k@ey", "rtmp://***"),
        ("listen-rtmp://u:p@0.0.0.0:1935/live", "listen-rtmp://***@0.0.0.0:1935/live"),
        ("listen-http://0.0.0.0:80/live.ts?token=T", "listen-http://0.0.0.0:80/live.ts?***"),
        ("udp://239.0.0.1:1234?ttl=2", "udp://239.0.0.1:1234?ttl=2"),
        ("rtmp:/user:pass@host/KEY", "rtmp:/***@host/***"),
        ("whip:https://host/whip?bearer=T", "whip:https://host/***?***"),
        ("me@20:15.mp4", "me@20:15.mp4"),
    ],
)
def test_what_is_shown(url, shown):
    assert masked(url) == shown


def test_what_libraries_say_is_scrubbed_in_whole_and_in_pieces():
    url = "rtmp://user:pa%2Fss/word@host:1935/live/KEY?token=TOK&mode=x"
    said = f"[tcp] 'user:pa' at ss/word@host:1935; pa/ss; KEY of live; TOK; mode {url} {url[7:]}"
    text = scrubbed(said, url)
    for secret in ("pa/ss", "word", "KEY", "TOK", "user:pa"):
        assert secret not in text
    assert "live" in text
    assert "host" in text


def test_a_stream_shows_no_secret_in_log_and_status(caplog):
    url = "rtmp://user:pa/sekret@127.0.0.1:9/live/sekret-key?token=sekret"
    output = parse(url)
    with caplog.at_level(logging.INFO):
        output.set_state("retrying", f"{url}: [Errno 5] Input/output error: 'sekret@127.0.0.1:9/live/sekret-key'")
    assert "sekret" not in caplog.text + (output.error or "") + output.name


@pytest.mark.parametrize(
    "text", ["rtmp://u:p#size=sekret@host/app/sekret", "rtmp://u:sekret@host/app/sekret#nonsense=1"]
)
def test_nor_does_an_option_that_is_part_of_a_password(text):
    with pytest.raises(UserError) as error:
        parse(text)
    assert "sekret" not in str(error.value)
