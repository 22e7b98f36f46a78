"""A show that the network can reach, in a network of its own with one address. Called by test_lan.py.

Prints JSON: {said: lines at the start, anonymous, play, admin: what they were answered, role, refused, osc}.
"""

import asyncio
import json
import os
import pty
import re
import socket
import subprocess
import sys
import urllib.error
import urllib.request

ADDRESS = "192.0.2.33"
for command in ("link set lo up", f"addr add {ADDRESS}/24 dev lo"):
    subprocess.run(["ip", *command.split()], check=True)

import aiohttp  # noqa: E402

from tests.show import free_port  # noqa: E402
from tests.waiting import until  # noqa: E402


def get(address, **headers):
    try:
        with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def start(*arguments, terminal=False):
    command = [sys.executable, "-m", "livedream", "run", "--model", sys.argv[1], "--out", "none", "--forget"]
    command += ["--size", "64x32", "--device", "cpu", "--web", f"0.0.0.0:{web}", "--osc", f"0.0.0.0:{osc}", *arguments]
    out, back = pty.openpty() if terminal else os.pipe()
    child = subprocess.Popen(command, stdout=back, stderr=subprocess.PIPE, text=True)
    os.close(back)
    return child, os.fdopen(out, encoding="utf-8", errors="replace")


def read_until(stream, wanted):
    said = ""
    while not re.search(wanted, said):
        said += (line := stream.readline())
        assert line, said
    return said


def send(source, value):
    """Send master/fade by OSC from an address of this machine."""
    from pythonosc.osc_message_builder import OscMessageBuilder

    builder = OscMessageBuilder("/livedream/master/fade")
    builder.add_arg(value)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
        sending.bind((source, 0))
        sending.sendto(builder.build().dgram, (ADDRESS, osc))


async def hear(ws, key):
    async for message in ws:
        if message.type == aiohttp.WSMsgType.TEXT and key in (said := json.loads(message.data)):
            return said[key]


async def set_(address, values):
    """What a page with this address may do; returns its role."""
    async with aiohttp.ClientSession() as session:
        async with session.get(address) as page:  # the cookie is kept, as a browser does it; of IPs only on request
            cookie = page.history[0].headers["Set-Cookie"].partition(";")[0]
        async with session.ws_connect(f"http://{ADDRESS}:{web}/ws", headers={"Cookie": cookie}) as ws:
            role = await hear(ws, "role")
            await ws.send_json({"set": values})
            await hear(ws, "status")
            return role, cookie


web, osc = free_port(), free_port()
result = {"anonymous": {}}
child, stream = start("--osc-allow", "198.51.100.0/24", terminal=True)
try:
    result["said"] = said = read_until(stream, r"page for playing only: \S+\s")
    result["said"] += "".join(stream.readline() for _ in range(8))
    page, play = (re.search(rf"page for {what}: (\S+)", said)[1] for what in ("everything", "playing only"))
    for host in (ADDRESS, "127.0.0.1"):
        for path in ("", "status", "ws", "?HOST_INFO", "page.js"):
            result["anonymous"][f"{host}/{path}"] = get(f"http://{host}:{web}/{path}")[0]
    result["role"], cookie = asyncio.run(set_(play, {"output/add": "set.mp4", "master/fade": 0.5}))

    def status():
        return json.loads(get(f"http://{ADDRESS}:{web}/status", Cookie=cookie)[1])

    def fade():
        listed = json.loads(get(f"http://{ADDRESS}:{web}/parameters", Cookie=cookie)[1])
        return next(each["value"] for each in listed if each["address"] == "master/fade")

    until(lambda: fade() == 0.5)
    result["refused"] = status()["osc"]["refused"]
    result["outputs"] = [each["kind"] for each in status()["outputs"]]
    result["admin"], _ = asyncio.run(set_(page, {"output/add": "none"}))
    until(lambda: sum(each["kind"] == "none" for each in status()["outputs"]) == 2)
    send(ADDRESS, 0.1)  # --osc-allow does not name it
    until(lambda: status()["osc"]["refused"] == 2)
    result["fade"] = fade()
finally:
    child.send_signal(2)
    result["errors"] = child.communicate(timeout=60)[1]
child, stream = start("--web-token", "none")
try:
    result["open"] = read_until(stream, "open to the network.*\n")
    result["open_status"] = get(f"http://{ADDRESS}:{web}/status")[0]
finally:
    child.send_signal(2)
    child.communicate(timeout=60)
result["code"] = child.returncode
print(json.dumps(result))
