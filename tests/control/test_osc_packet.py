import struct

import numpy as np
import pytest
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message_builder import OscMessageBuilder

from livedream.control.osc_packet import DEPTH, Malformed, read


def message(address, *arguments):
    """One message by python-osc. Arguments: values, or (value, type tag)."""
    builder = OscMessageBuilder(address)
    for each in arguments:
        builder.add_arg(*each) if isinstance(each, tuple) else builder.add_arg(each)
    return builder.build().dgram


def bundle(*elements, time_tag=1):
    sized = b"".join(struct.pack(">i", len(each)) + each for each in elements)
    return b"#bundle\0" + struct.pack(">Q", time_tag) + sized


def nested(depth):
    packet = message("/a", 1)
    for _ in range(depth):
        packet = bundle(packet)
    return packet


def test_every_type_is_read_as_python_osc_writes_it():
    packet = message(
        "/a/b", 1, 0.5, "snow ☃", (7, "h"), (0.1, "d"), (b"12345", "b"), True, False, (None, "N"), (3, "i")
    )
    assert read(packet) == [("/a/b", (1, 0.5, "snow ☃", 7, 0.1, b"12345", True, False, None, 3))]


def test_the_types_no_parameter_takes_are_read_past():
    packet = b"/a\0\0,crmtif\0" + struct.pack(">i4s4s8sif", ord("x"), b"rgba", b"midi", b"timetags", 5, 0.25)
    assert read(packet) == [("/a", ("x", b"rgba", b"midi", b"timetags", 5, 0.25))]


def test_a_bang_or_nothing_is_no_argument():
    assert read(b"/a\0\0,I\0\0") == read(b"/a\0\0,\0\0\0") == read(b"/a\0\0") == [("/a", ())]


def test_bundles_give_their_messages_in_order_whatever_their_time():
    builder = OscBundleBuilder(2e9)  # python-osc takes seconds since 1970: the year 2033
    for each in (OscMessageBuilder("/a"), OscMessageBuilder("/b")):
        builder.add_content(each.build())
    packet = bundle(builder.build().dgram, message("/c", 3), time_tag=2**64 - 1)
    assert [address for address, _ in read(packet)] == ["/a", "/b", "/c"]
    assert read(bundle()) == []


def test_bundles_may_be_nested_so_deep_and_no_deeper():
    assert read(nested(DEPTH)) == [("/a", (1,))]
    with pytest.raises(Malformed, match="deep"):
        read(nested(DEPTH + 1))


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\0\0\0\0",
        b"a\0\0\0,i\0\0\0\0\0\1",
        b"/a",
        b"/abc",
        b"/a\0\0i\0\0\0\0\0\0\1",
        b"/a\0\0,i\0\0",
        b"/a\0\0,i\0\0\0\0",
        b"/a\0\0,ii\0\0\0\0\1",
        b"/a\0\0,i\0\0\0\0\0\1\0\0\0\2",
        b"/a\0\0,z\0\0\0\0\0\1",
        b"/a\0\0,[i\0\0\0\0\0\0\0\0\1",
        b"/a\0\0,\xff\0\0\0\0\0\1",
        b"/\xff\0\0,i\0\0\0\0\0\1",
        b"/a\0\0,s\0\0\xc3\x28\0\0",
        b"/a\0\0,s\0\0abcd",
        b"/a\0\0,c\0\0\x7f\xff\xff\xff",
        b"/a\0\0,b\0\0\x7f\xff\xff\xff",
        b"/a\0\0,b\0\0\xff\xff\xff\xff",
        b"/a\0\0,b\0\0\0\0\0\5abcd",
        b"#bundle\0",
        b"#bundle\0\0\0\0\0",
        b"#bundlf\0" + bytes(8),
        bundle() + b"\0\0\0\0",
        bundle() + b"\xff\xff\xff\xf0",
        bundle() + b"\x7f\xff\xff\xfc" + b"/a\0\0",
        bundle(message("/a", 1)) + b"\0\0\0\10/b\0\0,i",
        bundle(message("/a", 1), b"/b\0"),
        message("/a", (b"x" * 65508, "b")),
    ],
)
def test_a_malformed_packet_is_refused_whole(packet):
    with pytest.raises(Malformed):
        read(packet)


def test_whatever_bytes_come_they_are_read_or_refused():
    rng = np.random.default_rng(7)
    good = [
        message("/livedream/dream/knob/1", 0.5),
        message("/livedream/dream/latents", *np.linspace(-3, 3, 8).tolist()),
        message("/livedream/dream/scene", "road", (b"abc", "b"), True, (1, "h")),
        bundle(message("/a", 1), bundle(message("/b", "c"), time_tag=2**63)),
        nested(4),
    ]
    outcomes, reasons = {"read": 0, "refused": 0}, set()
    for n in range(6000):
        if n % 4 == 0:
            packet = bytearray(rng.bytes(int(rng.integers(0, 80))))
        else:
            packet = bytearray(good[rng.integers(len(good))])
            for _ in range(rng.integers(1, 4)):
                packet[rng.integers(len(packet))] = rng.choice([0, 1, 4, 0x2C, 0x2F, 0x7F, 0xFF, rng.integers(256)])
            if n % 4 == 3:
                del packet[int(rng.integers(len(packet))) // 4 * 4 :]
        try:
            messages = read(bytes(packet))
        except Malformed as error:
            reasons.add(str(error))
            outcomes["refused"] += 1
            continue
        outcomes["read"] += 1
        for address, arguments in messages:
            assert address.startswith("/")
            assert all(isinstance(each, float | int | str | bytes | None) for each in arguments)
    assert min(outcomes.values()) > 500
    assert len(reasons) > 10


def test_random_messages_come_back_as_they_were_written():
    rng = np.random.default_rng(8)
    for _ in range(500):
        arguments = []
        for kind in rng.integers(5, size=rng.integers(0, 9)):
            i = int(rng.integers(-(2**31), 2**31))
            arguments.append(
                [i, float(np.float32(rng.normal())), "é" * (i % 9), bool(i % 2), rng.bytes(1 + i % 7)][kind]
            )
        address = "/" + "x" * int(rng.integers(1, 40))
        assert read(bundle(message(address, *arguments))) == [(address, tuple(arguments))]


def test_arrays_are_read_as_their_elements_and_symbols_as_strings():
    packet = b"/a\0\0,[f[Si]]\0\0\0\0" + struct.pack(">f", 0.5) + b"sky\0" + struct.pack(">i", 3)
    assert read(packet) == [("/a", (0.5, "sky", 3))]


def test_odd_elements_of_a_bundle_are_named_and_left_out():
    odd = []
    packet = bundle(message("/a", 1), b"/b\0\0,z\0\0", bundle(message("/c", 2), b"/d\0\0,i\0\0"), message("/e", 3))
    assert read(packet, odd) == [("/a", (1,)), ("/c", (2,)), ("/e", (3,))]
    assert odd == ["type tag 'z'", "cut short"]
    assert len(read(bundle(*[b"/b\0\0,z\0\0"] * 1000, message("/e", 3)), odd)) == 0
    assert len(odd) < 300
