"""A real server on this machine that is told things: it takes them, fails, stalls, or answers as it is bid."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, NamedTuple


class Post(NamedTuple):
    """Something that came."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event_id(self) -> str:
        return self.headers["webhook-id"]

    def json(self) -> Any:
        return json.loads(self.body)


class Reply(NamedTuple):
    """What it answers."""

    status: int = 204
    headers: Mapping[str, str] = {}
    body: bytes = b""
    stall: bool = False
    drip_s: float = 0.0
    """Above nought it answers without end, a byte in so many seconds."""


class Listener:
    """What came, and what is answered: by default that all is well. `asked` has where it was asked what it allows."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.posts: list[Post] = []
        self.asked: list[str] = []
        self.reply: Callable[[Post], Reply] = lambda _: Reply()
        self.freed = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    @property
    def ids(self) -> list[str]:
        return [post.event_id for post in list(self.posts)]


class _Handler(BaseHTTPRequestHandler):
    """Answers whoever asks what is allowed. It says nothing: what came is in `posts` and `asked`."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[list[str]]

    def do_OPTIONS(self) -> None:
        self.asked.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@contextmanager
def listening() -> Iterator[Listener]:
    """Listens on a port of this machine. Who is stalled is let go at the end."""

    class Handler(_Handler):
        def do_POST(self) -> None:
            post = Post(self.path, dict(self.headers), self.rfile.read(int(self.headers["Content-Length"])))
            listener.posts.append(post)
            reply = listener.reply(post)
            if reply.stall:
                self.close_connection = True
                listener.freed.wait(30)
                return
            if reply.drip_s:
                self.drip(reply.drip_s)
                return
            self.send_response(reply.status)
            for name, value in {**reply.headers, "Content-Length": str(len(reply.body))}.items():
                self.send_header(name, value)
            self.end_headers()
            try:
                self.wfile.write(reply.body)
            except OSError:
                self.close_connection = True

        def drip(self, pause_s: float) -> None:
            self.close_connection = True
            try:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not listener.freed.wait(pause_s):
                    self.wfile.write(b"x")
            except OSError:
                return

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 64

    with Server(("127.0.0.1", 0), Handler) as server:
        listener = Listener(server.server_port)
        Handler.asked = listener.asked
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield listener
        finally:
            listener.freed.set()
            server.shutdown()
            thread.join()
