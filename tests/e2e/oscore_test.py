# SPDX-License-Identifier: Apache-2.0
# Shows: SE-8, SE-9
"""linnetd and linnet-device under OSCORE (RFC 8613): everything but the first word of a restart is protected."""
import os
import tempfile
import unittest

from coap_peer import decode
from scripted import Server, harness
from wiretap import Wiretap

SECRET = "0102030405060708090a0b0c0d0e0f10"
SALT = "9e7ca92223786340"
DEVICE_ID, SERVER_ID = "64", "73"
OSCORE = 9  # the option
CODES = {"0.02", "0.05", "2.04", "2.05"}  # what the outside of a protected message says


class OscoreCase(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.state = ("--state", os.path.join(self.folder, "state"))

    def start(self, *flags, **arguments):
        return self.enterContext(Server(*self.state, *flags, **arguments))

    def enter(self, server, endpoint="safe", recipient=DEVICE_ID, sender=SERVER_ID, secret=SECRET):
        status, said = server.rest.call("PUT", f"/api/v1/credentials/{endpoint}", {
            "mode": "oscore", "identity": f"{recipient}:{sender}", "key": f"{secret}:{SALT}"})
        self.assertEqual(status, 200, said)

    def device(self, place, *flags, endpoint="safe", secret=SECRET, says="registered"):
        device = self.enterContext(harness.Own("linnet-device", [
            harness.program("LINNET_DEVICE"), "--endpoint", endpoint, "--server", f"coap://{place}", "--object", "3303:2",
            "--oscore-secret", secret, "--oscore-salt", SALT, "--oscore-sender-id", DEVICE_ID,
            "--oscore-recipient-id", SERVER_ID, *flags]))
        device.out.take(lambda line: says in line and line, says)
        return device

    def read(self, server, path, endpoint="safe"):
        return server.rest.device(endpoint).values(path)["/" + path]

    def write(self, server, path, value):
        status, body = server.rest.device("safe").call("PUT", path, {"value": value})
        self.assertEqual((status, body.get("code")), (200, "2.04"), body)

    def observe(self, server, path):
        status, body = server.rest.device("safe").call("PUT", path + "/observe")
        self.assertEqual(status, 200, body)

    def check_protected(self, tap, *words):
        """Whatever has content is an OSCORE message, and no word of it shows."""
        self.assertTrue(tap.messages)
        for message in tap.messages:
            shown = f"{message.code >> 5}.{message.code & 31:02}"
            if message.code == 0:
                continue
            self.assertTrue(any(number == OSCORE for number, _ in message.options) and shown in CODES, message)
        for word in words:
            self.assertNotIn(word, tap.bytes)


class Management(OscoreCase):
    def test_every_operation_is_protected_both_ways(self):
        server = self.start()
        self.enter(server)
        tap = self.enterContext(Wiretap(server.coap))
        self.device(tap.place, "--simulate", "3303/0/5700=ramp:0,100,60@0.2")
        self.assertEqual(self.read(server, "3/0/0"), "linnet")
        self.write(server, "3/0/15", "Europe/Berlin")
        self.assertEqual(self.read(server, "3/0/15"), "Europe/Berlin")
        with server.events(endpoint="safe", type="notified") as events:
            self.observe(server, "3303/0/5700")
            events.wait("notified")
            events.wait("notified")
        self.check_protected(tap, b"linnet", b"Berlin", b"safe", b"rd")

    def test_a_value_in_blocks_is_protected_block_by_block(self):
        server = self.start()
        self.enter(server)
        tap = self.enterContext(Wiretap(server.coap))
        self.device(tap.place, "--object", "19")
        values = {str(i): "QUJD" * 330 for i in range(3)}
        self.write(server, "19/0/0", values)
        read = server.rest.device("safe").values("19/0/0")
        self.assertEqual(read, {f"/19/0/0/{name}": value for name, value in values.items()})
        self.check_protected(tap, b"ABCABC")

    def test_the_server_goes_on_after_a_kill(self):
        server = self.start()
        self.enter(server)
        tap = self.enterContext(Wiretap(server.coap))
        self.device(tap.place, "--simulate", "3303/0/5700=ramp:0,100,60@0.2")
        self.observe(server, "3303/0/5700")
        before = self.numbers(tap)
        server.kill()
        again = self.start(coap=server.coap)
        # It speaks first, and under numbers that were never used.
        self.assertEqual(self.read(again, "3/0/0"), "linnet")
        self.assertGreater(max(self.numbers(tap)), max(before))
        with again.events(endpoint="safe", type="notified") as events:
            events.wait("notified")
        self.write(again, "1/0/1", 4321)  # an Update follows: the first request after the loss is challenged
        with again.events(endpoint="safe", type="updated") as events:
            self.write(again, "1/0/1", 4322)
            events.wait("updated")
        self.check_protected(tap, b"linnet")
        used = self.numbers(tap)
        self.assertEqual(len(used), len(set(used)), "a number was used twice")

    def test_the_device_starts_anew(self):
        server = self.start()
        self.enter(server)
        device = self.device(server.coap)
        device.end(check=False)
        self.device(server.coap)
        self.assertEqual(self.read(server, "3/0/0"), "linnet")

    def test_numbers_that_the_device_keeps_serve_both_over_restarts(self):
        server = self.start()
        self.enter(server)
        kept = ("--oscore-stored", "--state", os.path.join(self.folder, "device"))
        tap = self.enterContext(Wiretap(server.coap))
        for _ in range(2):
            device = self.device(tap.place, *kept)
            self.assertEqual(self.read(server, "3/0/0"), "linnet")
            self.check_protected(tap, b"linnet")
            device.end(check=False)
        server.kill()
        again = self.start(coap=server.coap)
        self.device(tap.place, *kept)
        self.assertEqual(self.read(again, "3/0/0"), "linnet")

    @staticmethod
    def numbers(tap):
        """The Partial IVs of requests of the server, whose kid is its own id."""
        found = []
        for message in tap.down:
            for number, value in message.options:
                if number != OSCORE or not value or not value[0] & 8:
                    continue
                size = value[0] & 7
                if value.endswith(bytes.fromhex(SERVER_ID)) and message.kind == 0:
                    if not (found and message.message_id == found[-1][1]):
                        found.append((int.from_bytes(value[1:1 + size], "big"), message.message_id))
        return [piv for piv, _ in found]


class Admission(OscoreCase):
    def test_a_context_proves_one_name(self):
        server = self.start()
        self.enter(server)
        self.device(server.coap, endpoint="other", says="4.00")
        self.assertEqual(server.rest.device("other").shown()[0], 404)

    def test_another_secret_gets_nowhere(self):
        server = self.start()
        self.enter(server)
        self.device(server.coap, secret="ff" * 16, says="4.0")
        self.assertEqual(server.rest.device("safe").shown()[0], 404)

    def test_what_is_removed_ends(self):
        server = self.start("--nosec=false")
        self.enter(server)
        self.device(server.coap, "--lifetime", "60")
        self.assertEqual(server.rest.call("DELETE", "/api/v1/credentials/safe")[0], 200)
        self.enter(server, secret="ee" * 16)
        self.device(server.coap, says="4.0")


class Bootstrap(OscoreCase):
    """The account that it writes is under the context that the device has: both servers number their messages apart."""

    @staticmethod
    def configuration(server):
        return {"endpoints": ["safe"], "delete": ["/0", "/1"], "write": {
            "/0/1": {"0": f"coap://{server.coap}", "2": 3, "10": 101, "17": "21:0"},
            "/1/0": {"0": 101, "1": 300, "6": True, "7": "U"}}}

    def bootstrap(self, *flags):
        server = self.start("--bootstrap", "127.0.0.1:0", "--nosec=false")
        self.enter(server)
        status, said = server.rest.call("PUT", "/api/v1/bootstrap/configurations/one", self.configuration(server))
        self.assertEqual(status, 201, said)
        tap = self.enterContext(Wiretap(server.rest.call("GET", "/health")[1]["bootstrap"][0]))
        device = self.enterContext(harness.Own("linnet-device", [
            harness.program("LINNET_DEVICE"), "--endpoint", "safe", "--bootstrap", f"coap://{tap.place}",
            "--oscore-secret", SECRET, "--oscore-salt", SALT, "--oscore-sender-id", DEVICE_ID, "--oscore-recipient-id",
            SERVER_ID, *flags]))
        device.out.take(lambda line: line.startswith("registered") and line, "registered")
        self.assertEqual(self.read(server, "3/0/0"), "linnet")
        self.check_protected(tap, b"safe", b"coap")

    def test_under_new_keys(self):
        self.bootstrap()

    def test_under_numbers_that_both_keep(self):
        self.bootstrap("--oscore-stored", "--state", os.path.join(self.folder, "device"))


class Transports(OscoreCase):
    """Over every scheme (TS 5.5.1), the whole way from the bootstrap server's account to the management server's."""

    KEY = "000102030405060708090a0b0c0d0e0f"
    IDS = ("65", "74")  # device and server under the account that is written
    OTHER = "ff" * 16

    def start_everything(self):
        schemes = ("coaps", "coap-tcp", "coaps-tcp")
        flags = [flag for scheme in schemes for flag in (f"--{scheme}", "127.0.0.1:0")]
        flags += [flag for scheme in ("", "-coaps", "-coap-tcp", "-coaps-tcp")
                  for flag in (f"--bootstrap{scheme}", "127.0.0.1:0")]
        server = self.start(*flags, "--nosec=false")
        health = server.rest.call("GET", "/health")[1]
        server.at = {"coap": server.coap, **{s.replace("-", "+"): health[s.replace("-", "_")][0] for s in schemes}}
        server.bootstrap_at = {"coap": health["bootstrap"][0],
                               **{s.replace("-", "+"): health["bootstrap_" + s.replace("-", "_")][0] for s in schemes}}
        self.enter(server)
        status, said = server.rest.call("PUT", "/api/v1/credentials/safe", {
            "mode": "psk", "identity": "safe", "key": self.KEY})
        self.assertEqual(status, 200, said)
        return server

    def flags(self, scheme, secret=SECRET):
        keys = ("--psk-identity", "safe", "--psk-key", self.KEY) if scheme.startswith("coaps") else ()
        return ("--oscore-secret", secret, "--oscore-salt", SALT, "--oscore-sender-id", DEVICE_ID,
                "--oscore-recipient-id", SERVER_ID, *keys)

    def manage(self, server, device):
        """All kinds of operations, and a value in blocks; the device speaks up by itself."""
        self.assertEqual(self.read(server, "3/0/0"), "linnet")
        values = {str(i): "QUJD" * 330 for i in range(3)}
        self.write(server, "19/0/0", values)
        read = server.rest.device("safe").values("19/0/0")
        self.assertEqual(read, {f"/19/0/0/{name}": value for name, value in values.items()})
        device.rpc("set", path="/33442/0/1", value=5)
        with server.events(endpoint="safe", type="notified") as events:
            self.observe(server, "33442/0/1")
            device.rpc("set", path="/33442/0/1", value=6)
            self.assertEqual(events.wait("notified")["values"][0]["value"], 6)
        with server.events(endpoint="safe") as events:
            device.rpc("update", server=device.rpc("status")["servers"][0]["server"])
            events.wait("updated")
            device.rpc("send", paths=["/3/0/0"])
            events.wait("sent")

    def over(self, scheme):
        server = self.start_everything()
        objects = ("--object", "19", "--object", "33442")
        # A session is not enough, nor is a context whose secret is another one.
        thief = self.enterContext(harness.LinnetDevice("safe", f"{scheme}://{server.at[scheme]}",
                                                       *self.flags(scheme, secret=self.OTHER)))
        self.assertIn(thief.told("registration-failed")["code"], ("4.00", "4.01"))
        thief.end()
        device = self.enterContext(harness.LinnetDevice("safe", f"{scheme}://{server.at[scheme]}",
                                                        *self.flags(scheme), *objects))
        device.told("registered")
        self.manage(server, device)
        device.end()

        # An account with a context of its own, out of a bootstrap under the one that the device was made with.
        device_id, server_id = self.IDS
        self.enter(server, recipient=device_id, sender=server_id, secret=self.OTHER)
        keys = {"2": 0, "3": {"text": "safe"}, "5": {"hex": self.KEY}} if scheme.startswith("coaps") else {"2": 3}
        status, said = server.rest.call("PUT", "/api/v1/bootstrap/configurations/one", {
            "endpoints": ["safe"], "delete": ["/0", "/1"], "write": {
                "/0/1": {"0": f"{scheme}://{server.at[scheme]}", **keys, "10": 101, "17": "21:1"},
                "/1/0": {"0": 101, "1": 300, "6": True, "7": "T" if scheme.endswith("tcp") else "U", "23": False},
                "/21/1": {"0": {"hex": self.OTHER}, "1": {"hex": device_id}, "2": {"hex": server_id}, "3": 10,
                          "4": -10, "5": {"hex": SALT}}}})
        self.assertEqual(status, 201, said)
        fresh = self.enterContext(harness.LinnetDevice(
            "safe", None, "--bootstrap", f"{scheme}://{server.bootstrap_at[scheme]}", *self.flags(scheme), *objects))
        fresh.told("bootstrapped")
        self.assertEqual(fresh.told("registered")["server"], 101)
        self.manage(server, fresh)

    def test_udp(self):
        self.over("coap")

    def test_dtls(self):
        self.over("coaps")

    def test_tcp(self):
        self.over("coap+tcp")

    def test_tls(self):
        self.over("coaps+tcp")


class ToProxy(Wiretap):
    """A device that knows a forward proxy would say where its requests are to go (RFC 7252 5.7.2): this says it."""

    def __init__(self, proxy, server):
        super().__init__(proxy)
        host, port = server.rsplit(":", 1)
        self._goal = [(3, host.encode()), (7, int(port).to_bytes(2, "big")), (39, b"coap")]

    def rewrite(self, data):
        message = decode(data)
        if 0 < message.code < 32:
            message.options += self._goal
        return message.encode()


class Proxy(OscoreCase):
    def test_a_proxy_carries_what_it_cannot_read(self):
        server = self.start("--nosec=false")
        self.enter(server)
        port = harness.free_port()
        self.enterContext(harness.Child("coap-server", [
            harness.debian_program("coap-server-notls", "libcoap3-bin"), "-A", "127.0.0.1", "-p", str(port), "-P",
            ",proxy.example", "-v", "4"]))
        tap = self.enterContext(ToProxy(f"127.0.0.1:{port}", server.coap))
        with server.events(endpoint="safe") as events:
            device = self.enterContext(harness.LinnetDevice(
                "safe", f"coap://{tap.place}", "--oscore-secret", SECRET, "--oscore-salt", SALT, "--oscore-sender-id",
                DEVICE_ID, "--oscore-recipient-id", SERVER_ID))
            device.told("registered")
            events.wait("registered")
            device.rpc("update")
            device.told("updated")
            device.rpc("send", paths=["/3/0/0"])
            events.wait("sent")
        self.check_protected(tap, b"safe", b"linnet")


if __name__ == "__main__":
    unittest.main()
