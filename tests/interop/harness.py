# SPDX-License-Identifier: Apache-2.0
"""Programs as children, what they say as lines, linnetd by its REST API, linnet-device by JSON-RPC.

The environment says where things are: LINNETD, LINNET_DEVICE (programs), LINNET_PEERS (what
tools/peers prepared). Nothing here waits without a limit, and every child is ended by its pid.
"""

import contextlib
import http.client
import json
import os
import queue
import random
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
import urllib.parse

HERE = os.path.dirname(os.path.abspath(__file__))
MODELS = os.path.join(HERE, "models")
PATIENCE = 30  # seconds for anything that ought to happen at once; sanitizers and busy machines are slow
LONGEST = 300  # characters of a line that a failure shows
PORTS = random.SystemRandom()  # several tests at once throw dice of their own
TRIES = 100
GOODBYE = 10  # seconds to end by itself after a signal


class Missing(AssertionError):
    """What a test needs is not there: a failure that says how to get it."""


def program(name):
    path = os.environ.get(name, "")
    if not os.access(path, os.X_OK):
        raise Missing(f"{name} is '{path}', which is no program: build it, or run this by ctest")
    return path


def debian_program(name, package):
    path = shutil.which(name)
    if path is None:
        raise Missing(f"{name} is not installed: it comes with Debian's {package} (make setup)")
    return path


def peers(name):
    path = os.path.join(os.environ.get("LINNET_PEERS", ""), name)
    if not os.path.exists(path):
        raise Missing(f"{path} is not there: run tools/peers")
    return path


def free_port(count=1):
    """The first of `count` ports in a row that nobody has, over UDP and TCP alike.

    They are from below those that the kernel gives to sockets that name none, so that nobody gets one between this
    look and its use, and a program may close its own and open it again.
    """
    for _ in range(TRIES):
        port = PORTS.randrange(20000, 32768 - count)
        with contextlib.ExitStack() as probes, contextlib.suppress(OSError):
            for wanted in range(port, port + count):
                for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
                    probes.enter_context(socket.socket(socket.AF_INET, kind)).bind(("127.0.0.1", wanted))
            return port
    raise AssertionError(f"no {count} free ports in a row between 20000 and 32768")


def eventually(check, what, patience=PATIENCE):
    """The first true value of check(); fails with `what` when it stays false."""
    end = time.monotonic() + patience
    while True:
        value = check()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"not within {patience} s: {what}")
        time.sleep(0.02)


class Lines:
    """What comes line by line, kept in order: `take` consumes, `seen` remembers everything."""

    def __init__(self, name, stream):
        self.name = name
        self.seen = []
        self._waiting = []
        self._queue = queue.Queue()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def _read(self, stream):
        try:
            for line in stream:
                self._queue.put(line.decode(errors="replace").rstrip("\r\n"))
        except (OSError, ValueError, http.client.HTTPException):
            pass
        self._queue.put(None)

    def take(self, wanted, what, patience=PATIENCE):
        """The first line not yet taken for which `wanted` gives something true, as what it gave."""
        for index, line in enumerate(self._waiting):
            if found := wanted(line):
                del self._waiting[index]
                return found
        end = time.monotonic() + patience
        while True:
            try:
                line = self._queue.get(timeout=max(0.0, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"{self.name} did not say in {patience} s: {what}\n{self.tail()}") from None
            if line is None:
                self._queue.put(None)
                raise AssertionError(f"{self.name} ended before it said: {what}\n{self.tail()}")
            self.seen.append(line)
            if found := wanted(line):
                return found
            self._waiting.append(line)

    def tail(self):
        while not self._queue.empty():
            line = self._queue.get()
            if line is None:
                self._queue.put(None)
                break
            self.seen.append(line)
            self._waiting.append(line)
        return "\n".join(line if len(line) <= LONGEST else line[:LONGEST] + " ..." for line in self.seen[-40:])


class Child:
    """A program with its two streams as lines. A context manager; leaving it ends the program."""

    def __init__(self, name, arguments, environment=None):
        self.name = name
        self.process = subprocess.Popen(
            [str(a) for a in arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, env={**os.environ, **(environment or {})})
        self.out = Lines(name, self.process.stdout)
        self.err = Lines(name + " (stderr)", self.process.stderr)

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        self.end(check=kind is None)

    def write(self, line):
        self.process.stdin.write(line.encode() + b"\n")
        self.process.stdin.flush()

    def end(self, check=True, number=signal.SIGTERM):
        """Asks it to end and, when that takes too long, makes it."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            self.process.wait(GOODBYE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            try:
                stream.close()
            except OSError:
                pass
        if check:
            self.check_end()

    def check_end(self):
        """Peers may end as they like."""


class Own(Child):
    """A program of linnet's: it ends with 0, which a sanitizer's report would spoil."""

    def check_end(self):
        if self.process.returncode != 0:
            raise AssertionError(f"{self.name} ended with {self.process.returncode}\n{self.err.tail()}")


def run(name, arguments, patience=PATIENCE, data=None):
    """A program to its end; what it wrote to (stdout, stderr) as text."""
    done = subprocess.run([str(a) for a in arguments], input=data, capture_output=True, timeout=patience, check=False)
    text = done.stdout.decode(errors="replace"), done.stderr.decode(errors="replace")
    if done.returncode != 0:
        raise AssertionError(f"{name} ended with {done.returncode}\n{text[0]}{text[1]}")
    return text


class JsonChild(Child):
    """A peer that says one JSON object a line; those with "event" are events, with "answer" answers."""

    def event(self, name, **members):
        def wanted(line):
            said = _json(line)
            return said if said.get("event") == name and _has(said, members) else None

        return self.out.take(wanted, f"event {name} {members or ''}")

    def ask(self, do, **members):
        self.write(json.dumps({"do": do, **members}))
        return self.out.take(lambda line: _json(line).get("answer") == do and _json(line), f"answer to {do} {members}")


def _json(line):
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _has(said, members):
    return all(said.get(name) == value for name, value in members.items())


class Rest:
    """linnetd's API. Answers are (status, body as Python)."""

    def __init__(self, address):
        self.address = address

    def call(self, method, path, body=None, **query):
        text = urllib.parse.quote(path)
        if query:
            text += "?" + urllib.parse.urlencode(query)
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        try:
            connection.request(method, text, None if body is None else json.dumps(body),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, json.loads(data) if data else None
        finally:
            connection.close()

    def device(self, endpoint):
        return RestDevice(self, endpoint)


class RestDevice:
    def __init__(self, rest, endpoint):
        self.rest = rest
        self.endpoint = endpoint

    def call(self, method, path="", body=None, **query):
        """`path` is an object path with what follows it: 3/0/discover."""
        if path:
            path = "/objects/" + path
        query.setdefault("timeout", PATIENCE - 5)
        return self.rest.call(method, f"/api/v1/devices/{self.endpoint}{path}", body, **query)

    def shown(self):
        return self.rest.call("GET", f"/api/v1/devices/{self.endpoint}")

    def values(self, path, **query):
        """Read: {path: value}, all else is a failure."""
        status, body = self.call("GET", path, **query)
        if status != 200:
            raise AssertionError(f"Read {path} {query} answered {status} {body}")
        return {one["path"]: one["value"] for one in body["values"]}


class Events:
    """A stream of server-sent events."""

    def __init__(self, address, **query):
        self.connection = http.client.HTTPConnection(address, timeout=120)
        self.connection.request("GET", "/api/v1/events?" + urllib.parse.urlencode(query))
        answer = self.connection.getresponse()
        if answer.status != 200:
            raise AssertionError(f"/api/v1/events answered {answer.status}")
        self.lines = Lines("the event stream", answer)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.connection.sock is not None:
            self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.connection.close()

    def wait(self, kind, wanted=lambda data: True, patience=PATIENCE):
        """The next event of a type, or of several in a tuple, for which `wanted(data)` is true."""
        kinds = (kind,) if isinstance(kind, str) else kind
        state = {}

        def look(line):
            if line.startswith("event:"):
                state["kind"] = line[6:].strip()
            if line.startswith("data:") and state.get("kind") in kinds:
                data = json.loads(line[5:])
                return data if wanted(data) else None
            return None

        return self.lines.take(look, f"event {' or '.join(kinds)}", patience)


class Linnetd(Own):
    """The server on ports that the system chose. `coap` and `http` are HOST:PORT; without `state`, a folder, nothing
    outlives it."""

    def __init__(self, *arguments, state=None):
        where = ["--state", state] if state else ["--memory"]
        super().__init__("linnetd", [program("LINNETD"), "--coap", "127.0.0.1:0", "--http", "127.0.0.1:0",
                                     *where, "--models", MODELS, "--threads", "2", *arguments])
        try:
            self.coap = self._place(r"CoAP at coap://(\S+)")
            self.http = self._place(r"API at http://([^/\s]+)")
        except AssertionError:
            self.end(check=False)
            raise
        self.rest = Rest(self.http)

    def _place(self, pattern):
        return self.err.take(lambda line: (m := re.search(pattern, line)) and m.group(1), pattern)

    def events(self, **query):
        return Events(self.http, **query)

    def registered(self, endpoint):
        """Waits until the device is listed; how it is shown."""
        def look():
            status, body = self.rest.device(endpoint).shown()
            return body if status == 200 else None

        return eventually(look, f"{endpoint} registers")


class LinnetDevice(Own):
    """The simulated device under JSON-RPC on its standard streams."""

    def __init__(self, endpoint, server, *arguments):
        """`server` is None where a bootstrap server will say which."""
        accounts = ["--server", server] if server else []
        super().__init__("linnet-device", [program("LINNET_DEVICE"), "--endpoint", endpoint, *accounts,
                                           "--models", MODELS, "--control", "stdio", *arguments])
        self._id = 0

    def rpc(self, method, **params):
        """The result; an error of the device is an AssertionError."""
        self._id += 1
        self.write(json.dumps({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}))
        answer = self.out.take(lambda line: _json(line).get("id") == self._id and _json(line), f"answer to {method}")
        if "error" in answer:
            raise AssertionError(f"{method} {params}: {answer['error']}")
        return answer["result"]

    def told(self, method, **members):
        """The parameters of the next notification `method` that has these members."""
        def wanted(line):
            said = _json(line)
            params = said.get("params", {})
            return (params or {"": None}) if said.get("method") == method and _has(params, members) else None

        return self.out.take(wanted, f"{method} {members}")
