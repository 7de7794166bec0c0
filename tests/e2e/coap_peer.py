# SPDX-License-Identifier: Apache-2.0
"""A scripted CoAP peer for tests: whole messages over UDP, each step waited for with a time-out."""
import socket
import struct

TIMEOUT = 20  # seconds; long, as machines under test are busy
CON, NON, ACK, RST = range(4)
GET, POST, PUT, DELETE, FETCH, PATCH, IPATCH = 1, 2, 3, 4, 5, 6, 7
OBSERVE, LOCATION_PATH, URI_PATH, CONTENT_FORMAT, URI_QUERY, ACCEPT = 6, 8, 11, 12, 15, 17
TEXT = 0


def code(text):
    """"2.05" as the byte."""
    major, minor = text.split(".")
    return int(major) << 5 | int(minor)


class Message:
    def __init__(self, kind, code_byte, message_id, token=b"", options=(), payload=b""):
        self.kind, self.code, self.message_id, self.token = kind, code_byte, message_id, token
        self.options, self.payload = list(options), payload

    def all(self, number):
        return [value for n, value in self.options if n == number]

    def path(self):
        return "/" + "/".join(value.decode() for value in self.all(URI_PATH))

    def query(self):
        return {value.decode() for value in self.all(URI_QUERY)}

    def code_text(self):
        return f"{self.code >> 5}.{self.code & 31:02d}"

    def encode(self):
        out = bytes([0x40 | self.kind << 4 | len(self.token), self.code]) + struct.pack("!H", self.message_id)
        out += self.token
        last = 0
        for number, value in sorted(self.options, key=lambda option: option[0]):
            delta, delta_more = extend(number - last)
            size, size_more = extend(len(value))
            out += bytes([delta << 4 | size]) + delta_more + size_more + value
            last = number
        return out + (b"\xff" + self.payload if self.payload else b"")


def extend(number):
    if number < 13:
        return number, b""
    if number < 269:
        return 13, bytes([number - 13])
    return 14, struct.pack("!H", number - 269)


def decode(data):
    size = data[0] & 15
    message = Message(data[0] >> 4 & 3, data[1], struct.unpack("!H", data[2:4])[0], data[4:4 + size])
    at, number = 4 + size, 0
    while at < len(data):
        if data[at] == 0xFF:
            message.payload = data[at + 1:]
            break
        nibbles = [data[at] >> 4, data[at] & 15]
        at += 1
        for i, nibble in enumerate(nibbles):
            if nibble == 13:
                nibbles[i], at = 13 + data[at], at + 1
            elif nibble == 14:
                nibbles[i], at = 269 + struct.unpack("!H", data[at:at + 2])[0], at + 2
        number += nibbles[0]
        message.options.append((number, data[at:at + nibbles[1]]))
        at += nibbles[1]
    return message


class Server:
    """The management server's side of one device. What comes out of turn is kept for later."""

    def __init__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.socket.settimeout(TIMEOUT)
        self.port = self.socket.getsockname()[1]
        self.device = None
        self.kept = []
        self.next_id = 1

    def close(self):
        self.socket.close()

    def _wait(self, wanted):
        for i, message in enumerate(self.kept):
            if wanted(message):
                return self.kept.pop(i)
        while True:
            data, self.device = self.socket.recvfrom(65536)
            message = decode(data)
            if wanted(message):
                return message
            self.kept.append(message)

    def _send(self, message):
        self.socket.sendto(message.encode(), self.device)

    def expect(self, method, path=None):
        """The next request of the device with this method."""
        return self._wait(lambda m: m.code == method and (path is None or m.path() == path))

    def answer(self, request, code_text, options=()):
        self._send(Message(ACK, code(code_text), request.message_id, request.token, options))

    def accept_registration(self, location="1"):
        request = self.expect(POST, "/rd")
        self.answer(request, "2.01", [(LOCATION_PATH, b"rd"), (LOCATION_PATH, location.encode())])
        return request

    def request(self, method, path, payload=b"", options=(), token=b"\x01"):
        """Sends it and waits for the response."""
        self.next_id += 1
        segments = [(URI_PATH, s.encode()) for s in path.strip("/").split("/")]
        self._send(Message(CON, method, self.next_id, token, segments + list(options), payload))
        sent = self.next_id
        return self._wait(lambda m: m.kind == ACK and m.message_id == sent)

    def read(self, path):
        return self.request(GET, path, options=[(ACCEPT, b"")])

    def write(self, path, text):
        return self.request(PUT, path, text.encode(), [(CONTENT_FORMAT, b"")])

    def notification(self, token):
        message = self._wait(lambda m: m.kind in (CON, NON) and m.token == token and m.code == code("2.05"))
        if message.kind == CON:
            self._send(Message(ACK, 0, message.message_id))
        return message
