# SPDX-License-Identifier: Apache-2.0
# Shows: OB-3
"""Software packages of linnet-device through linnetd: pushed and pulled, two at once, installed, switched, removed."""
import http.client
import os
import random
import tempfile
import threading
import unittest
import zlib

from firmware_test import Repository
from scripted import Server, harness

CODE = random.Random(2).randbytes(100_000)
INITIAL, DELIVERED, INSTALLED = 0, 3, 4


def package(name, version, code=CODE):
    return f"linnet-software 1 {name} {version} {len(code)} {zlib.crc32(code):08x}\n".encode() + code


class Software(unittest.TestCase):
    def setUp(self):
        self.server = self.enterContext(Server("--memory"))
        self.folder = os.path.join(self.enterContext(tempfile.TemporaryDirectory()), "sw")
        self.device = self.start()
        self.rest = self.server.rest.device("sw")

    def start(self):
        device = self.enterContext(harness.LinnetDevice("sw", "coap://" + self.server.coap, "--software", self.folder,
                                                        "--lifetime", "60"))
        device.told("registered")
        return device

    def push(self, number, body):
        connection = http.client.HTTPConnection(self.server.http, timeout=harness.PATIENCE)
        try:
            connection.request("PUT", f"/api/v1/devices/sw/objects/9/{number}/2", body,
                               {"Content-Type": "application/octet-stream"})
            return connection.getresponse().status
        finally:
            connection.close()

    def read(self, path):
        return self.rest.values(path.removeprefix("/"))[path]

    def execute(self, path, body=None):
        return self.rest.call("POST", path + "/execute", body)[0]

    def install(self, number):
        self.assertEqual(self.execute(f"9/{number}/4"), 200)
        self.device.told("software", path=f"/9/{number}", state="installed")

    def test_a_package_is_pushed_installed_switched_and_removed(self):
        self.assertEqual(self.push(0, package("game", "1.0")), 200)
        self.device.told("software", state="delivered", name="game")
        self.assertEqual((self.read("/9/0/7"), self.read("/9/0/0"), self.read("/9/0/1")), (DELIVERED, "game", "1.0"))
        self.install(0)
        self.assertEqual((self.read("/9/0/7"), self.read("/9/0/9"), self.read("/9/0/12")), (INSTALLED, 2, False))
        self.assertEqual((self.read("/14/0/0"), self.read("/14/0/2"), self.read("/14/0/5")), ("game", "1.0", False))
        self.assertEqual(self.execute("9/0/10"), 200)
        self.device.told("software", state="installed", active=True)
        self.assertEqual((self.read("/9/0/12"), self.read("/14/0/5")), (True, True))
        # A component is switched by itself too.
        self.assertEqual(self.execute("14/0/4"), 200)
        self.assertEqual((self.read("/9/0/12"), self.read("/14/0/5")), (True, False))
        self.assertEqual(self.execute("9/0/11"), 200)
        self.assertEqual(self.read("/9/0/12"), False)
        self.assertEqual(self.execute("9/0/6"), 200)
        self.device.told("software", state="initial", name="")
        self.assertEqual(self.read("/9/0/7"), INITIAL)
        self.assertEqual(self.rest.call("GET", "14/0/0")[0], 404)

    def test_two_packages_are_on_their_way_at_once(self):
        repository = self.enterContext(Repository(package("pulled", "2.0")))
        threading.Thread(target=repository.serve_forever, daemon=True).start()
        self.addCleanup(repository.shutdown)
        for number in (1, 2):
            self.assertEqual(self.device.rpc("create", path=f"/9/{number}")["path"], f"/9/{number}")
        uri = f"http://127.0.0.1:{repository.server_port}/fw"
        # It breaks off in the middle, and goes on after ten seconds of the device's clock.
        self.assertEqual(self.rest.call("PUT", "9/1/3", {"value": uri})[0], 200)
        self.device.told("software", path="/9/1", state="download-started")
        self.assertEqual(self.push(2, package("pushed", "3.0")), 200)
        self.device.told("software", path="/9/2", state="delivered", name="pushed")
        self.install(2)
        harness.eventually(lambda: repository.starts, "the first part was asked for")
        harness.eventually(lambda: self.device.rpc("advance", seconds=10) and len(repository.starts) > 1,
                           "the rest was asked for")
        self.device.told("software", path="/9/1", state="delivered", name="pulled")
        self.assertEqual(repository.starts[1], len(repository.package) // 2)
        self.install(1)
        self.assertEqual((self.read("/14/1/0"), self.read("/14/2/0")), ("pulled", "pushed"))

    def test_a_damaged_package_is_refused_and_what_is_installed_outlives_the_process(self):
        self.push(0, package("game", "1.0")[:-1])
        self.assertEqual((self.read("/9/0/7"), self.read("/9/0/9")), (INITIAL, 53))
        self.push(0, package("game", "1.0"))
        self.install(0)
        self.assertEqual(self.execute("9/0/10"), 200)
        self.device.end()
        self.device = self.start()
        self.assertEqual((self.read("/9/0/7"), self.read("/9/0/12"), self.read("/14/0/2")), (INSTALLED, True, "1.0"))


if __name__ == "__main__":
    unittest.main()
