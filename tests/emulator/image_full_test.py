# SPDX-License-Identifier: Apache-2.0
"""The image with everything boots within its memory, registers, and compares what only doubles can hold."""

import unittest

import board

CON, ACK = 0x40, 0x60
GET, POST, PUT = 0x01, 0x02, 0x03
CREATED, CHANGED, CONTENT, BAD_REQUEST = 0x41, 0x44, 0x45, 0x80
TEMPERATURE = [b"3303", b"0", b"5700"]


def option(delta, value):
    """An option with a delta below 13 and a value of less than 13 bytes."""
    return bytes([delta << 4 | len(value)]) + value


class ImageFull(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.image = board.build("image_full")

    def setUp(self):
        self.board = board.Board(self.image)
        self.addCleanup(self.board.close)
        self.message_id = 0x1234
        request = self.board.sent()
        self.assertEqual(request[:2], bytes([CON | 4, POST]))
        self.assertIn(b'</>;rt="oma.lwm2m";ct="60 110 112 11542",</1>;ver=1.1,</1/0>', request)
        self.board.deliver(bytes([ACK | 4, CREATED]) + request[2:8] + option(8, b"rd") + option(0, b"5a3f"))

    def ask(self, method, options, payload=b""):
        """Code and rest, behind the token, of the answer."""
        self.message_id += 1
        head = bytes([method]) + self.message_id.to_bytes(2, "big") + b"\x21"
        self.board.deliver(bytes([CON | 1]) + head + options + payload)
        answer = self.board.sent()
        self.assertEqual((answer[0], answer[2:5]), (ACK | 1, head[1:]))
        return answer[1], answer[5:]

    def write_attributes(self, *queries):
        path = option(11, TEMPERATURE[0]) + b"".join(option(0, part) for part in TEMPERATURE[1:])
        return self.ask(PUT, path + option(4, queries[0]) + b"".join(option(0, query) for query in queries[1:]))[0]

    def test_reads_in_the_format_asked_for(self):
        path = option(11, TEMPERATURE[0]) + b"".join(option(0, part) for part in TEMPERATURE[1:])
        json = b'[{"n":"/3303/0/5700","v":0}]'
        self.assertEqual(self.ask(GET, path + option(6, b"\x6e")), (CONTENT, option(12, b"\x6e") + b"\xff" + json))

    def test_a_package_is_taken_and_installed(self):
        def path(resource):
            return option(11, b"5") + option(0, b"0") + option(0, resource)
        self.assertEqual(self.ask(PUT, path(b"0") + option(1, b"\x2a"), b"\xfffirmware")[0], CHANGED)
        downloaded = (CONTENT, option(12, b"") + b"\xff2")
        self.assertEqual(self.ask(GET, path(b"3") + option(6, b"")), downloaded)
        self.assertEqual(self.ask(POST, path(b"2"))[0], CHANGED)
        updating = (CONTENT, option(12, b"") + b"\xff3")
        self.assertEqual(self.ask(GET, path(b"3") + option(6, b"")), updating)

    def test_thresholds_must_not_cross(self):
        self.assertEqual(self.write_attributes(b"gt=10.5", b"lt=-2.25", b"st=6"), CHANGED)
        self.assertEqual(self.write_attributes(b"lt=0.5"), BAD_REQUEST)  # 0.5 + 2 x 6 is not below 10.5
        self.assertEqual(self.write_attributes(b"st=4.9", b"lt=0.5"), CHANGED)
        self.assertEqual(self.write_attributes(b"lt=10.5"), BAD_REQUEST)
        self.assertEqual(self.write_attributes(b"st=-1"), BAD_REQUEST)


if __name__ == "__main__":
    unittest.main()
