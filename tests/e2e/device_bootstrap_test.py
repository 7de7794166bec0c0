# SPDX-License-Identifier: Apache-2.0
"""linnet-device between a scripted bootstrap server and the server that this one writes."""
import json
import os
import subprocess
import unittest

from coap_peer import CONTENT_FORMAT, DELETE, POST, PUT, TIMEOUT, Server
from device_control_test import Controller

PROGRAM = os.environ["LINNET_DEVICE"]
SENML_JSON = bytes([110])
CHANGED = 0x44
NOT_ACCEPTABLE = 0x86


class Bootstrap(unittest.TestCase):
    def setUp(self):
        self.bootstrap, self.server = Server(), Server()
        self.process = subprocess.Popen(
            [PROGRAM, "--endpoint", "new", "--bootstrap", f"coap://127.0.0.1:{self.bootstrap.port}", "--control", "stdio"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.control = Controller(self.process.stdout, self.process.stdin)
        self.addCleanup(self.end)

    def end(self):
        self.process.kill()
        self.process.wait(TIMEOUT)
        self.process.stdin.close()
        self.process.stdout.close()
        self.bootstrap.close()
        self.server.close()

    def agree(self):
        request = self.bootstrap.expect(POST, "/bs")
        self.bootstrap.answer(request, "2.04")
        return request

    def put(self, path, records):
        payload = json.dumps([{"n": path + "/" + name, **value} for name, value in records.items()]).encode()
        return self.bootstrap.request(PUT, path, payload, [(CONTENT_FORMAT, SENML_JSON)]).code

    def write_account(self, instance, server, uri):
        self.assertEqual(CHANGED, self.put(f"/0/{instance}", {
            "0": {"vs": uri}, "1": {"vb": False}, "2": {"v": 3}, "10": {"v": server}}))
        self.assertEqual(CHANGED, self.put(f"/1/{instance}", {
            "0": {"v": server}, "1": {"v": 300}, "6": {"vb": True}, "7": {"vs": "U"}}))

    def test_bootstrapped_device_registers_with_the_server_written(self):
        self.assertIn("ep=new", self.agree().query())
        self.bootstrap.request(DELETE, "/0")
        self.write_account(1, 77, f"coap://127.0.0.1:{self.server.port}")
        self.write_account(2, 78, "coaps://127.0.0.1:5684")
        self.assertEqual(CHANGED, self.bootstrap.request(POST, "/bs").code)
        registration = self.server.accept_registration()
        self.assertIn("lt=300", registration.query())
        self.control.event("bootstrapped")
        unusable = self.control.event("unusable-account")
        self.assertEqual(78, unusable["server"])
        self.assertIn("Security Mode", unusable["reason"])
        self.assertEqual(77, self.control.event("registered")["server"])
        servers = {s["server"]: s["state"] for s in self.control.call("status")["servers"]}
        self.assertEqual("registered", servers[77])

    def test_refused_configuration_is_told_and_asked_for_again(self):
        self.agree()
        self.assertEqual(CHANGED, self.put("/1/1", {"0": {"v": 77}}))
        self.assertEqual(NOT_ACCEPTABLE, self.bootstrap.request(POST, "/bs").code)
        failed = self.control.event("bootstrap-failed")
        self.assertEqual("4.06", failed["code"])
        self.control.call("advance", seconds=60)
        self.agree()
        self.control.event("bootstrapping")


if __name__ == "__main__":
    unittest.main()
