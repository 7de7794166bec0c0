# SPDX-License-Identifier: Apache-2.0
# Shows: SE-14
"""What linnet-device leaves on a disk and on its command line: no secret, where it is told how."""
import os

from scripted import device_refused, harness
from secured_test import KEY, Secured


class AtRest(Secured):
    def write(self, name, text):
        with open(self.path(name), "w", encoding="ascii") as file:
            file.write(text + "\n")
        return self.path(name)

    def state(self):
        with open(self.path("state"), "rb") as file:
            return file.read()

    def flags(self, key):
        return ("--psk-identity", "urn:dev:1", "--psk-key", "@" + self.write("psk", KEY), "--state", self.path("state"),
                "--state-key", "file:" + self.write("key", key))

    def test_accounts_and_sessions_of_a_device_are_encrypted_on_disk(self):
        server = self.start()
        self.give_psk(server, "urn:dev:1")
        port = harness.free_udp_port()
        flags = (*self.flags("ab" * 32), "--bind", f"127.0.0.1:{port}")
        device = self.device(server, "urn:dev:1", *flags)
        device.told("registered")
        harness.eventually(lambda: b"LNSS" in self.state(), "the state is on disk")
        device.rpc("update", server=1)
        device.told("updated")
        device.process.kill()
        device.process.wait()
        device.check_end = lambda: None
        for secret in (bytes.fromhex(KEY), KEY.encode(), b"urn:dev:1", b"coaps://"):
            self.assertNotIn(secret, self.state())
        again = self.device(server, "urn:dev:1", *flags)
        again.told("updated")
        self.assertEqual((self.metric(server, "handshakes_total"), self.metric(server, "resumed_total")), (2, 1))

    def test_without_its_key_the_state_is_refused_and_left_alone(self):
        server = self.start()
        self.give_psk(server, "urn:dev:1")
        device = self.device(server, "urn:dev:1", *self.flags("ab" * 32))
        device.told("registered")
        harness.eventually(lambda: b"LNSS" in self.state(), "the state is on disk")
        device.process.kill()
        device.process.wait()
        device.check_end = lambda: None
        before = self.state()
        place = ("--endpoint", "urn:dev:1", "--server", f"coaps://{server.coaps}")
        for key, flags, said in (("cd" * 32, 8, "under another key"), ("ab" * 32, 6, "--state-key")):
            code, error = device_refused(*place, *self.flags(key)[:flags])
            self.assertEqual(code, 1, error)
            self.assertIn(said, error)
            self.assertNotIn(KEY, error)
        self.assertEqual(self.state(), before)
