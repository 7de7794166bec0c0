# SPDX-License-Identifier: Apache-2.0
"""A relay of datagrams between one device and its server that keeps what it saw."""
import contextlib
import select
import socket
import threading

from coap_peer import decode


class Wiretap:
    """The device speaks to `place` instead of the server."""

    def __init__(self, server):
        host, port = server.rsplit(":", 1)
        self._server = (host, int(port))
        self._near, self._far = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2))
        for end in (self._near, self._far):
            end.bind(("127.0.0.1", 0))
        self.place = "127.0.0.1:" + str(self._near.getsockname()[1])
        self.up, self.down = [], []  # messages to the server, and from it
        self.bytes = b""
        self._device = None
        self._ended = False
        self._thread = threading.Thread(target=self._relay, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended = True
        self._thread.join()
        self._near.close()
        self._far.close()

    @property
    def messages(self):
        return self.up + self.down

    def rewrite(self, data):
        """What goes to the server instead of what the device said."""
        return data

    def _relay(self):
        while not self._ended:
            for end in select.select([self._near, self._far], [], [], 0.05)[0]:
                with contextlib.suppress(OSError):  # the other side is not there just now
                    self._pass_on(end)

    def _pass_on(self, end):
        data, sender = end.recvfrom(65536)
        self.bytes += data
        if end is self._near:
            self._device = sender
            self.up.append(decode(data))
            self._far.sendto(self.rewrite(data), self._server)
        else:
            self.down.append(decode(data))
            if self._device:
                self._near.sendto(data, self._device)
