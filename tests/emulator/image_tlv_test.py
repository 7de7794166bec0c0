# SPDX-License-Identifier: Apache-2.0
"""The smallest image boots, registers with the bytes of the standard, serves a Read and an Observe, and
refreshes its registration."""

import unittest

import board

LIFETIME = 86400  # seconds, the default
CON, ACK = 0x40, 0x60
GET, POST, CREATED, CHANGED, CONTENT = 0x01, 0x02, 0x41, 0x44, 0x45


def option(delta, value):
    """An option with a delta below 13."""
    size = len(value)
    return bytes([delta << 4 | size]) + value if size < 13 else bytes([delta << 4 | 13, size - 13]) + value


class ImageTlv(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.image = board.build("image_tlv")

    def setUp(self):
        self.board = board.Board(self.image)
        self.addCleanup(self.board.close)

    def acknowledge(self, request, code, options=b""):
        """A piggybacked response to a request with a token of four bytes."""
        self.board.deliver(bytes([ACK | 4, code]) + request[2:8] + options)

    def register(self):
        request = self.board.sent()
        self.assertEqual(request[:2], bytes([CON | 4, POST]))
        options = (option(11, b"rd") + option(1, b"\x28") + option(3, b"ep=cortex-m4") + option(0, b"lt=86400")
                   + option(0, b"lwm2m=1.1") + option(0, b"b=U"))
        links = b'</>;rt="oma.lwm2m";ct=11542,</1>;ver=1.1,</1/0>,</3>;ver=1.1,</3/0>,</3303/0>'
        self.assertEqual(request[8:], options + b"\xff" + links)
        self.acknowledge(request, CREATED, option(8, b"rd") + option(0, b"5a3f"))

    def test_registers_serves_and_refreshes(self):
        self.register()

        # Read of the manufacturer in TLV: token 0x21, Message ID 0x1234.
        self.board.deliver(bytes([CON | 1, GET, 0x12, 0x34, 0x21]) + option(11, b"3") + option(0, b"0") + option(0, b"0"))
        self.assertEqual(self.board.sent(), bytes([ACK | 1, CONTENT, 0x12, 0x34, 0x21])
                         + option(12, b"\x2d\x16") + b"\xff\xc6\x00linnet")

        # Observe of the temperature: the answer has Observe, and a change would be notified.
        self.board.deliver(bytes([CON | 1, GET, 0x12, 0x35, 0x22]) + option(6, b"") + option(5, b"3303")
                           + option(0, b"0") + option(0, b"5700"))
        observed = self.board.sent()
        self.assertEqual(observed[:5], bytes([ACK | 1, CONTENT, 0x12, 0x35, 0x22]))
        self.assertEqual(observed[5] >> 4, 6)

        # Before the lifetime ends the registration is refreshed at its location.
        self.board.word(self.board.MILLISECONDS, (LIFETIME - 60) * 1000)
        update = self.board.sent()
        self.assertEqual(update[:2], bytes([CON | 4, POST]))
        self.assertEqual(update[8:], option(11, b"rd") + option(0, b"5a3f"))
        self.acknowledge(update, CHANGED)

    def test_sends_again_what_is_not_answered(self):
        first = self.board.sent()
        self.board.word(self.board.MILLISECONDS, 3000)  # ACK_TIMEOUT x ACK_RANDOM_FACTOR at the most
        self.assertEqual(self.board.sent(), first)


if __name__ == "__main__":
    unittest.main()
