"""The hosts that OSC is taken from."""

import pytest

from livedream import UserError
from livedream.control.osc_allow import allowed

HERE = ("127.0.0.1", "::1", "::ffff:127.0.0.1")


@pytest.mark.parametrize(
    ("hosts", "yes", "no"),
    [
        ((), ("192.0.2.1", "2001:db8::1", *HERE), ()),
        (("192.0.2.1",), ("192.0.2.1", "::ffff:192.0.2.1", *HERE), ("192.0.2.2", "2001:db8::1", "nonsense", "")),
        (("192.0.2.0/24", "2001:db8::/32"), ("192.0.2.255", "2001:db8::9", *HERE), ("192.0.3.0", "2001:db9::1")),
        (("192.0.2.77/24",), ("192.0.2.1",), ("192.0.3.1",)),
        (("192.0.2.1, 198.51.100.0/28",), ("192.0.2.1", "198.51.100.15"), ("198.51.100.16",)),
        (("localhost",), HERE, ("192.0.2.1",)),
        (("0.0.0.0/0",), ("8.8.8.8",), ("2001:db8::1",)),
    ],
)
def test_names_addresses_and_networks(hosts, yes, no):
    may = allowed(hosts)
    assert all(map(may, yes))
    assert not any(map(may, no))


@pytest.mark.parametrize("host", ["", "192.0.2.1/33", "192.0.2.0/24/8", "nosuch.invalid", "a b", "192.0.2.1:9000"])
def test_what_is_no_host_is_refused(host):
    with pytest.raises(UserError, match="--osc-allow") as error:
        allowed((host,))
    assert "\n" not in str(error.value)
