# SPDX-License-Identifier: Apache-2.0
# Shows: SE-14
"""What linnet-device and linnetd leave on a disk and on a command line: no secret where they are told how, and no
value of a sensor anywhere."""
import os

from queue_test import QueueCase
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
        port = harness.free_port()
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

    def test_values_of_a_device_are_not_on_disk_at_all(self):
        server = self.start()
        self.give_psk(server, "urn:dev:1")
        for flags in (self.flags("ab" * 32), self.flags("ab" * 32)[:6]):
            if os.path.exists(self.path("state")):
                os.remove(self.path("state"))
            device = self.device(server, "urn:dev:1", *flags, "--object", "3303")
            device.told("registered")
            with server.events() as events:
                self.assertEqual(server.rest.device("urn:dev:1").call("PUT", "3303/0/observe")[0], 200)
                device.rpc("set", path="/3303/0/5701", value=VALUE)
                events.wait("notified", lambda data: VALUE in str(data))
                device.rpc("send", paths=["/3303/0/5701"])
                device.told("sent")
            device.end()
            self.assertTrue(b"LNSS" in self.state() or b"coaps://" in self.state(), "the state is on disk")
            self.assertNotIn(VALUE.encode(), self.state())


VALUE = "a value of a sensor, nobody else's business"


class Server(QueueCase):
    """linnetd: what waits for a device is encrypted; what devices told is not kept."""

    def everything(self):
        found = b""
        for name in os.listdir(os.path.join(self.folder, "state")):
            with open(os.path.join(self.folder, "state", name), "rb") as file:
                found += file.read()
        return found

    def test_values_on_their_way_to_a_device_are_encrypted_on_disk(self):
        server, device = self.sleeping("sleeper")
        status, _, said = self.raw(server, "PUT", "/api/v1/devices/sleeper/objects/3303/0/5701", {"value": VALUE})
        self.assertEqual(status, 202, said)
        server.kill()
        self.assertIn(b"sleeper", self.everything())
        self.assertNotIn(VALUE.encode(), self.everything())
        server = self.server()
        device.moved_to(server.coap)
        device.update()
        harness.eventually(lambda: device.asked, "the device is asked")
        self.assertIn(VALUE.encode(), device.asked[0].payload)

    def test_values_that_devices_told_are_not_kept(self):
        server = self.server()
        with server.device("teller") as device, server.events() as events:
            device.register()
            device.push([{"n": "/3303/0/5701", "vs": VALUE}])
            events.wait("sent", lambda data: VALUE in str(data))
            server.kill()
        self.assertNotIn(VALUE.encode(), self.everything())
