# SPDX-License-Identifier: Apache-2.0
"""linnetd as a child with any flags, and scripted devices for it: a UDP socket whose answers a test chooses."""
import contextlib
import itertools
import json
import os
import queue
import random
import re
import socket
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "interop"))
import harness  # noqa: E402
from coap_peer import (ACCEPT, ACK, CON, CONTENT_FORMAT, DELETE, FETCH, GET, IPATCH, LOCATION_PATH, NON, OBSERVE,  # noqa: E402
                       POST, PUT, RST, URI_PATH, URI_QUERY, Message, code, decode)

SENML_JSON = 110
LINK_FORMAT = 40
OBJECTS = '</>;rt="oma.lwm2m";ct=110,</1/0>,</3/0>,</3303/0>,</3303/1>'


class Server(harness.Own):
    """linnetd where another one may stand after it; `coap` and `http` are HOST:PORT."""

    def __init__(self, *arguments, coap="", http="127.0.0.1:0", wrapper=()):
        coap = coap or f"127.0.0.1:{harness.free_port()}"
        flags = ["--coap", coap, "--http", http, "--threads", "2", *arguments]
        self._killed = False
        super().__init__("linnetd", [*wrapper, harness.program("LINNETD"), *flags])
        try:
            self.coap = self.said(r"CoAP at coap://(\S+)")
            self.http = self.said(r"API at http://([^/\s]+)")
        except AssertionError:
            self.end(check=False)
            raise
        self.rest = harness.Rest(self.http)

    def said(self, pattern):
        """The first group of the next line of the log in which the pattern is found."""
        return self.err.take(lambda line: (m := re.search(pattern, line)) and (m.group(1) if m.groups() else line),
                             pattern)

    def kill(self):
        self._killed = True
        self.process.kill()
        self.process.wait()

    def check_end(self):
        if not self._killed:
            super().check_end()

    def device(self, endpoint, **arguments):
        return Device(self.coap, endpoint, **arguments)

    def events(self, **query):
        return harness.Events(self.http, **query)


def refused(*arguments, program="LINNETD"):
    """What linnetd, which is not to start, ends with: exit code and standard error."""
    done = subprocess.run([harness.program(program), *arguments], capture_output=True, timeout=harness.PATIENCE,
                          check=False, text=True)
    return done.returncode, done.stderr


def device_refused(*arguments):
    """The same of linnet-device."""
    return refused(*arguments, program="LINNET_DEVICE")


def place(text):
    host, port = text.rsplit(":", 1)
    return host.strip("[]"), int(port)


def number(value):
    """An unsigned option value: no leading zeros."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def senml(base, values):
    """SenML JSON; `values` from the name below `base` to a Python value."""
    records = []
    for name, value in values.items():
        key = "vb" if isinstance(value, bool) else "vs" if isinstance(value, str) else "v"
        records.append({"n": name, key: value})
    if records:
        records[0]["bn"] = base
    return json.dumps(records).encode()


class Request:
    """What the server asked of a device, in the words of a test."""

    def __init__(self, message):
        self.message = message
        self.method = message.code
        self.path = message.path()
        self.query = [value.decode() for value in message.all(URI_QUERY)]
        self.payload = message.payload

    def option(self, which):
        values = self.message.all(which)
        return int.from_bytes(values[0], "big") if values else None

    @property
    def senml(self):
        """The payload as {path: value}."""
        base, out = "", {}
        for record in json.loads(self.payload):
            base = record.get("bn", base)
            out[base + record.get("n", "")] = next(record[k] for k in ("v", "vs", "vb", "vd", "vlo") if k in record)
        return out


class Answer:
    def __init__(self, code_text, payload=b"", content=None, options=()):
        self.code, self.payload, self.options = code(code_text), payload, list(options)
        if content is not None:
            self.options.append((CONTENT_FORMAT, number(content)))


class GaveUp(Exception):
    """There will be no answer: the test has ended the server."""


class Device:
    """`answer(request)` gives an Answer, or None to be silent; the test sets it. Requests are kept in `asked`."""

    def __init__(self, server, endpoint, answer=lambda request: Answer("4.05"), source=None):
        self.endpoint, self.answer = endpoint, answer
        self.asked = []
        self.location = None
        host, port = place(server)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        self._socket.bind((source or ("::1" if family == socket.AF_INET6 else "127.0.0.1"), 0))
        self._server = (host, port)
        self._answers = queue.Queue()
        self._ids = itertools.count(random.randrange(1 << 16))
        self._closed = False
        threading.Thread(target=self._serve, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._closed = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def give_up(self):
        """A request that waits for its answer, or the next one, ends with GaveUp."""
        self._answers.put(None)

    def moved_to(self, server):
        """The server is at another port now."""
        self._server = place(server)
        self._answers = queue.Queue()

    def _serve(self):
        while not self._closed:
            try:
                data, peer = self._socket.recvfrom(65536)
            except OSError:
                continue
            if len(data) < 4:
                continue
            message = decode(data)
            if 1 <= message.code < 32:
                self._ask(message, peer)
            elif message.code >= 64 or message.kind == RST:
                self._answers.put(message)

    def _ask(self, message, peer):
        request = Request(message)
        self.asked.append(request)
        answer = self.answer(request)
        if answer is None:
            return
        kind = ACK if message.kind == CON else NON
        reply = Message(kind, answer.code, message.message_id, message.token, answer.options, answer.payload)
        self._socket.sendto(reply.encode(), peer)

    def send(self, message):
        self._socket.sendto(message.encode(), self._server)

    def next_id(self):
        return next(self._ids) & 0xFFFF

    def request(self, method, path, query=(), payload=b"", content=None):
        """To the server; its answer."""
        message_id = self.next_id()
        options = [(URI_PATH, s.encode()) for s in path.strip("/").split("/")]
        options += [(URI_QUERY, q.encode()) for q in query]
        if content is not None:
            options.append((CONTENT_FORMAT, number(content)))
        self.send(Message(CON, method, message_id, number(message_id), options, payload))
        while True:
            message = self._answers.get(timeout=harness.PATIENCE)
            if message is None:
                raise GaveUp
            if message.message_id == message_id:
                return message

    def try_register(self, objects=OBJECTS, lifetime=600, query=()):
        """Its answer as "2.01"; the location is kept."""
        said = self.request(POST, "rd", [f"ep={self.endpoint}", f"lt={lifetime}", "lwm2m=1.1", "b=U", *query],
                            objects.encode(), LINK_FORMAT)
        if said.code == code("2.01"):
            self.location = "/".join(v.decode() for v in said.all(LOCATION_PATH))
        return said.code_text()

    def register(self, *arguments, **named):
        said = self.try_register(*arguments, **named)
        if said != "2.01":
            raise AssertionError(f"Register of {self.endpoint} was answered {said}")
        return self

    def update(self, query=(), objects=None):
        payload, content = (b"", None) if objects is None else (objects.encode(), LINK_FORMAT)
        return self.request(POST, self.location, query, payload, content).code_text()

    def deregister(self):
        return self.request(DELETE, self.location).code_text()

    def push(self, records, content=SENML_JSON):
        """A Send; its answer as "2.04"."""
        return self.request(POST, "dp", payload=json.dumps(records).encode(), content=content).code_text()

    def notify(self, token, sequence, payload, content=SENML_JSON):
        options = [(OBSERVE, number(sequence)), (CONTENT_FORMAT, number(content))]
        self.send(Message(NON, code("2.05"), self.next_id(), token, options, payload))


class Thermometer:
    """What a device with objects 1, 3 and 3303 answers, in SenML JSON."""

    def __init__(self):
        self.token = None  # of the observation
        self.values = {"/3/0": {"0": "linnet", "9": 87}, "/3303/0": {"5700": 21.5, "5701": "Cel"}}

    def __call__(self, request):
        if request.method == GET and request.option(ACCEPT) == LINK_FORMAT:
            return Answer("2.05", b'</3303/0>;pmin=5,</3303/0/5700>', LINK_FORMAT)
        if request.method == GET:
            return self.read(request)
        if request.method == FETCH:
            return self.fetch(request)
        if request.method == DELETE:
            return Answer("2.02")
        if request.method == POST and request.path.count("/") == 1:
            if b"/3303/8/" in request.payload:
                return Answer("2.01")  # as most devices do where the request names the instance
            return Answer("2.01", options=[(LOCATION_PATH, s) for s in (b"3303", b"7")])
        return Answer("2.04")

    def read(self, request):
        observe = request.option(OBSERVE)
        if observe == 0:
            self.token = request.message.token
        for base, values in self.values.items():
            if request.path == base or request.path.startswith(base + "/"):
                name = request.path[len(base) + 1:]
                if name and name not in values:
                    break
                shown = {name: values[name]} if name else values
                options = [(OBSERVE, number(1))] if observe == 0 else []
                return Answer("2.05", senml(base + "/", shown), SENML_JSON, options)
        return Answer("4.04")

    def fetch(self, request):
        observe = request.option(OBSERVE)
        if observe == 0:
            self.token = request.message.token
        asked = [record["n"] for record in json.loads(request.payload)]
        records = [{"n": f"{base}/{name}", "vs" if isinstance(value, str) else "v": value}
                   for base, values in self.values.items() for name, value in values.items()
                   if any(f"{base}/{name}/".startswith(path + "/") for path in asked)]
        options = [(OBSERVE, number(1))] if observe == 0 else []
        return Answer("2.05", json.dumps(records).encode(), SENML_JSON, options)
