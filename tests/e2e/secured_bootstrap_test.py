# SPDX-License-Identifier: Apache-2.0
# Shows: SE-1, SE-2, SE-3, SE-6, SE-12, OP-1
"""linnet-device bootstraps over a secured channel of linnetd and registers with the accounts that it gets there."""
import base64
import unittest

from scripted import Server, harness
from secured_test import KEY, Secured


class SecuredBootstrap(Secured):
    def start_bootstrap(self, *arguments, scheme="coaps", nosec="false"):
        flag = "--bootstrap-" + scheme.replace("+", "-")
        server = self.enterContext(Server("--coaps", "127.0.0.1:0", flag, "127.0.0.1:0", f"--nosec={nosec}",
                                          *(arguments or ["--memory"])))
        server.coaps = server.said(r"CoAP at coaps://(\S+)")
        server.bootstrap = scheme + "://" + server.said(r"bootstrap at \S+://(\S+)")
        place = server.bootstrap.split("//")[1]
        self.assertEqual(server.rest.call("GET", "/health")[1]["bootstrap_" + scheme.replace("+", "_")], [place])
        return server

    def configure(self, server, endpoint, keys):
        """An account of the management server with `keys` in object 0."""
        status, said = server.rest.call("PUT", "/api/v1/bootstrap/configurations/one", {
            "endpoints": [endpoint], "delete": ["/0", "/1"],
            "write": {"/0/1": {"0": f"coaps://{server.coaps}", "10": 101, **keys},
                      "/1/0": {"0": 101, "1": 300, "6": True, "7": "U"}}})
        self.assertEqual(status, 201, said)

    def der(self, name):
        """As the value of an Opaque."""
        with open(self.path(name), encoding="ascii") as file:
            lines = [line for line in file.read().splitlines() if not line.startswith("-----")]
        return {"hex": base64.b64decode("".join(lines)).hex()}

    def bootstrap(self, server, endpoint, *arguments):
        return self.enterContext(harness.LinnetDevice(endpoint, None, "--bootstrap", server.bootstrap, *arguments))

    def assert_managed(self, server, endpoint, device):
        device.told("bootstrapped")
        self.assertEqual(device.told("registered")["server"], 101)
        self.assert_reads(server, endpoint)
        self.assertEqual(server.rest.call("GET", f"/api/v1/bootstrap/results/{endpoint}")[1]["result"], "finished")


class Accounts(SecuredBootstrap):
    def test_a_pre_shared_key_for_both_servers(self):
        server = self.start_bootstrap()
        self.give_psk(server, "urn:dev:1")
        self.configure(server, "urn:dev:1", {"2": 0, "3": {"text": "{endpoint}"}, "5": {"hex": KEY}})
        device = self.bootstrap(server, "urn:dev:1", "--psk-identity", "urn:dev:1", "--psk-key", KEY)
        self.assert_managed(server, "urn:dev:1", device)
        self.assertEqual(self.metric(server, "handshakes_total"), 2)

    def test_raw_public_keys_made_for_a_device(self):
        for name in ("server", "device"):
            self.key_pair(name)
        server = self.start_bootstrap("--memory", "--key", self.path("server.key"))
        self.linnet(server, "credentials", "add", "urn:dev:1", "--mode", "rpk", "--key-file", self.path("device.pub"))
        self.configure(server, "urn:dev:1", {
            "2": 1, "3": self.der("device.pub"), "4": self.der("server.pub"), "5": self.der("device.key")})
        device = self.bootstrap(server, "urn:dev:1", "--key", self.path("device.key"), "--server-key",
                                self.path("server.pub"))
        self.assert_managed(server, "urn:dev:1", device)

    def test_certificates(self):
        self.authority("authority")
        self.certificate("server", "server.example", "authority")
        self.certificate("device", "dev-1", "authority")
        server = self.start_bootstrap("--memory", "--key", self.path("server.key"), "--cert", self.path("server.crt"))
        self.linnet(server, "credentials", "add", "dev-*", "--mode", "x509", "--key-file", self.path("authority.crt"))
        self.configure(server, "dev-1", {"2": 2, "3": self.der("device.crt"), "4": self.der("authority.crt"),
                                         "5": self.der("device.key"), "14": "server.example", "15": 2})
        flags = ("--cert", self.path("device.crt"), "--key", self.path("device.key"), "--trust",
                 self.path("authority.crt"), "--sni", "server.example")
        self.assert_managed(server, "dev-1", self.bootstrap(server, "dev-1", *flags))
        stranger = self.bootstrap(server, "dev-2", *flags)
        self.assertEqual(stranger.told("bootstrap-failed")["code"], "4.00")


class Ways(SecuredBootstrap):
    def test_over_tls(self):
        server = self.start_bootstrap(scheme="coaps+tcp")
        self.give_psk(server, "urn:dev:1")
        self.configure(server, "urn:dev:1", {"2": 0, "3": {"text": "{endpoint}"}, "5": {"hex": KEY}})
        device = self.bootstrap(server, "urn:dev:1", "--psk-identity", "urn:dev:1", "--psk-key", KEY)
        self.assert_managed(server, "urn:dev:1", device)

    def test_over_tcp(self):
        server = self.start_bootstrap(scheme="coap+tcp", nosec="true")
        self.configure(server, "urn:dev:1", {"0": f"coap://{server.coap}", "2": 3})
        self.assert_managed(server, "urn:dev:1", self.bootstrap(server, "urn:dev:1"))

    def test_another_name_is_refused_by_4_00_and_a_stranger_by_an_alert(self):
        server = self.start_bootstrap()
        for endpoint in ("urn:dev:1", "urn:dev:2"):
            self.give_psk(server, endpoint)
        self.configure(server, "urn:dev:2", {"2": 0, "3": {"text": "{endpoint}"}, "5": {"hex": KEY}})
        thief = self.bootstrap(server, "urn:dev:2", "--psk-identity", "urn:dev:1", "--psk-key", KEY)
        self.assertEqual(thief.told("bootstrap-failed")["code"], "4.00")
        stranger = self.bootstrap(server, "urn:dev:3", "--psk-identity", "urn:dev:3", "--psk-key", KEY)
        self.assertEqual(stranger.told("alert")["code"], 115)
        self.assertEqual(server.rest.call("GET", "/api/v1/bootstrap/results")[1]["results"], [])


class Unbootstrapping(SecuredBootstrap):
    def test_a_device_forgets_one_account_and_hands_over_what_it_owned(self):
        stays = self.enterContext(Server("--bootstrap", "127.0.0.1:0", "--memory"))
        place = stays.rest.call("GET", "/health")[1]["bootstrap"][0]
        goes = self.enterContext(Server("--memory"))
        # Server 2 may create instances of object 3303.
        status, said = stays.rest.call("PUT", "/api/v1/bootstrap/configurations/both", {
            "endpoints": ["tw*"], "write": {
                "/0/1": {"0": f"coap://{stays.coap}", "2": 3, "10": 1},
                "/0/2": {"0": f"coap://{goes.coap}", "2": 3, "10": 2},
                "/1/0": {"0": 1, "1": 300, "6": True, "7": "U"},
                "/1/1": {"0": 2, "1": 300, "6": True, "7": "U"},
                "/2/0": {"0": 3303, "1": 65535, "2": {"2": 16}, "3": 65535}}})
        self.assertEqual(status, 201, said)
        device = self.enterContext(harness.LinnetDevice("two", None, "--bootstrap", f"coap://{place}", "--object", "3303:1"))
        for _ in range(2):
            device.told("registered")
        mine, theirs = stays.rest.device("two"), goes.rest.device("two")
        for instance in (5, 6):
            status, said = theirs.call("POST", "3303", {"instance": instance, "values": {"5700": 20}})
            self.assertIn(status, (200, 201), said)
        rights = {v["value"]: v["path"].split("/")[2] for v in theirs.call("GET", "2")[1]["values"]
                  if v["path"].endswith("/1")}
        status, said = theirs.call("PUT", f"2/{rights[5]}/2", {"value": {"1": 1 + 2, "2": 31}})
        self.assertEqual(status, 200, said)
        self.assertEqual(mine.values(f"2/{rights[5]}/3"), {f"/2/{rights[5]}/3": 2})

        forget = ("bootstrap", "unbootstrap", "two", "--account")
        self.assertIn("any more", self.linnet(stays, *forget, "2", "--server", "0"))
        self.assertEqual([s["server"] for s in device.rpc("status")["servers"]], [1])
        self.assertEqual(mine.values(f"2/{rights[5]}/3"), {f"/2/{rights[5]}/3": 1})
        self.assertEqual(mine.values("3303/5/5700"), {"/3303/5/5700": 20})
        self.assertEqual(mine.call("GET", "3303/6")[0], 404, "nobody else could reach it")
        there = stays.rest.call("GET", "/api/v1/bootstrap/configurations")[1]["configurations"]
        self.assertEqual([one["name"] for one in there], ["both"])
        self.assertIn("no account of server 2", self.linnet(stays, *forget, "2", code=1))
        self.assertIn("refused", self.linnet(stays, *forget, "1", code=1), "it would be nobody's")
        self.assert_reads(stays, "two")


if __name__ == "__main__":
    unittest.main()
