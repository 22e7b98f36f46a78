"""Measures livedream's pictures in a real OBS: python inside.py TASK WAY … prints JSON as its last line.

Runs itself again in a network and a process namespace of its own (root): obs-websocket and libndi listen on all
addresses, and no process may outlive this one.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.obs import ways
from tests.obs.ages import age, others
from tests.obs.colours import colours
from tests.obs.order import order
from tests.obs.portraits import portrait
from tests.obs.priority import prioritise

HERE = Path(__file__).parent
NAMESPACE = ["unshare", "-n", "-p", "--fork", "--kill-child=KILL", "--mount-proc"]
TASKS = {"order": order, "age": age, "colours": colours, "portrait": portrait, "others": others}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split(":")[0])
    parser.add_argument("task", choices=TASKS)
    parser.add_argument("way", choices=ways.WAYS)
    parser.add_argument("--model", default="tiny")
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--fps", type=int, default=30)
    parser.add_argument("--bitrate", type=int, default=4_000_000)
    parser.add_argument("--shots", type=int, default=15, help="screenshots at a time")
    parser.add_argument("--seconds", type=float, default=3.0, help="that OBS records")
    parser.add_argument("--turns", type=int, default=3, help="of each sender")
    parser.add_argument("--who", nargs="+", default=["bare", "livedream"], help="age: whose")
    parser.add_argument("--nice", type=int, default=0, help="priority of all of it, OBS too")
    parser.add_argument("--set", type=json.loads, default={}, help="settings of the Media Source, JSON")
    parser.add_argument("--ndi", action="store_true", help="colours: through NDI too")
    parser.add_argument("--folder", type=Path, help="where OBS lives and logs are left [a temporary one]")
    options = parser.parse_args()
    if os.environ.get("LIVEDREAM_OBS_NAMESPACE") is None:
        os.environ["LIVEDREAM_OBS_NAMESPACE"] = "1"
        os.execvp(NAMESPACE[0], [*NAMESPACE, sys.executable, *sys.argv])
    for command in (["ip", "link", "set", "lo", "up"], ["ip", "link", "set", "lo", "multicast", "on"]):
        subprocess.run(command, check=True)
    os.setsid()  # a session has a priority of its own
    prioritise(options.nice)
    folder = options.folder or Path(tempfile.mkdtemp(prefix="livedream-obs-"))
    folder.mkdir(parents=True, exist_ok=True)
    # libndi's own discovery needs a daemon; with this it looks on this machine.
    networks = {"ips": "127.0.0.1,", "discovery": ""}
    (folder / "ndi-config.v1.json").write_text(json.dumps({"ndi": {"machinename": "LIVEDREAM", "networks": networks}}))
    os.environ["NDI_CONFIG_DIR"] = str(folder)
    try:
        print(json.dumps(TASKS[options.task](options.way, folder, options)))
    finally:
        if options.folder is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
