"""A relay on this machine between an `ffmpeg` and a WHIP endpoint (RFC 9725), for the secrets in its address.

ffmpeg takes an address only as an argument, which everybody on the machine can read. Only the negotiation passes
through the relay, not the video.
"""

import base64
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

TIMEOUT = 10.0  # seconds


def relay(url: str) -> str:
    """Begin to relay to `url`, until the process ends, and return the relay's address.

    Args:
        url: In `https://TOKEN@host/path`, TOKEN is sent as the bearer token; USER:PASSWORD by HTTP's basic
            authentication.
    """
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    endpoint, headers = urlunsplit(parts._replace(netloc=host)), {"Content-Type": "application/sdp"}
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if password:
        headers["Authorization"] = f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}"
    elif user:
        headers["Authorization"] = f"Bearer {user}"
    session = [endpoint]  # the address that DELETE goes to: the last answer's Location

    class Relay(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            offer = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            self._forward(urllib.request.Request(endpoint, offer, headers, method="POST"))

        def do_DELETE(self) -> None:
            self._forward(urllib.request.Request(session[0], None, headers, method="DELETE"))

        def _forward(self, request: urllib.request.Request) -> None:
            try:
                with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
                    status, body = answer.status, answer.read()
                    session[0] = urljoin(endpoint, answer.headers.get("Location", endpoint))
            except urllib.error.HTTPError as error:
                status, body = error.code, b""
            except OSError:
                status, body = 502, b""
            self.send_response(status)
            self.send_header("Location", "/session")
            self.send_header("Content-Type", "application/sdp")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Relay)
    threading.Thread(target=server.serve_forever, name="whip relay", daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/whip"
