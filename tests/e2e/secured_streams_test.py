# SPDX-License-Identifier: Apache-2.0
"""linnetd and linnet-device over TLS, as a user starts them: who gets in, who is told what, and what comes after
a restart."""

# Shows: TR-2, SE-1, SE-2, SE-3, SE-6
import re
import unittest
import urllib.request

import secured_test
from secured_test import Server, harness


class SecuredStreams(secured_test.Secured):
    def start(self, *arguments):
        server = self.enterContext(Server("--coaps-tcp", "127.0.0.1:0", *(arguments or ["--memory"])))
        server.tls = server.said(r"CoAP at coaps\+tcp://(\S+)")
        return server

    def device(self, server, endpoint, *arguments):
        return self.enterContext(harness.LinnetDevice(endpoint, f"coaps+tcp://{server.tls}", *arguments))

    def tls_metric(self, server, name):
        with urllib.request.urlopen(f"http://{server.http}/metrics", timeout=harness.PATIENCE) as answer:
            return float(re.search(rf"^linnet_tls_{name} (\S+)$", answer.read().decode(), re.M).group(1))


class PreSharedKeys(SecuredStreams):
    def test_a_device_registers_is_read_written_and_observed(self):
        server = self.start()
        self.assertEqual(server.rest.call("GET", "/health")[1]["coaps_tcp"], [server.tls])
        self.give_psk(server, "urn:dev:1")
        device = self.with_psk(server, "urn:dev:1", "--object", "33442:2")
        device.told("registered")
        self.assert_reads(server, "urn:dev:1")
        self.linnet(server, "write", "urn:dev:1", "/1/0/1", "600")
        device.told("updated")
        device.rpc("set", path="/33442/0/1", value=5)
        with server.events(endpoint="urn:dev:1", type="notified") as events:
            self.assertEqual(server.rest.device("urn:dev:1").call("PUT", "33442/0/1/observe")[0], 200)
            device.rpc("set", path="/33442/0/1", value=6)
            self.assertEqual(events.wait("notified")["values"][0]["value"], 6)
        self.assertEqual(self.tls_metric(server, "handshakes_total"), 1)
        self.assertEqual(server.rest.device("urn:dev:1").shown()[1]["binding"], "T")

    def test_another_name_is_refused_by_4_00_and_an_unknown_identity_by_an_alert(self):
        server = self.start()
        self.give_psk(server, "urn:dev:1")
        self.give_psk(server, "urn:dev:2")
        stranger = self.with_psk(server, "urn:dev:2", identity="urn:dev:1")
        self.assertEqual(stranger.told("registration-failed")["code"], "4.00")
        forger = self.device(server, "urn:dev:2", "--psk-identity", "urn:dev:2", "--psk-key", "ff" * 16)
        self.assertEqual(forger.told("alert")["by"], "server")
        unknown = self.with_psk(server, "urn:dev:3")
        self.assertEqual(unknown.told("alert")["code"], 115)
        self.assertEqual(server.rest.call("GET", "/api/v1/devices")[1]["devices"], [])
        self.assertEqual(self.tls_metric(server, "handshakes_total"), 1)

    def test_a_credential_that_is_removed_ends_with_the_next_update(self):
        server = self.start()
        self.give_psk(server, "urn:dev:1")
        device = self.with_psk(server, "urn:dev:1")
        device.told("registered")
        self.linnet(server, "credentials", "remove", "urn:dev:1", "--mode", "psk", "--identity", "urn:dev:1")
        device.rpc("update", server=1)
        device.told("registration-failed")

    def test_a_server_started_again_is_found_with_the_session_of_before(self):
        state = ("--state", self.path("state"))
        server = self.start(*state)
        self.give_psk(server, "urn:dev:1")
        device = self.with_psk(server, "urn:dev:1", "--state", self.path("device"))
        device.told("registered")
        device.rpc("set", path="/1/0/18", value=1)
        server.end()
        again = self.enterContext(Server("--coaps-tcp", server.tls, *state))
        device.told("registered")
        self.assert_reads(again, "urn:dev:1")


class Keys(SecuredStreams):
    def test_each_side_knows_the_very_key_of_the_other(self):
        for name in ("server", "device", "other"):
            self.key_pair(name)
        server = self.start("--memory", "--key", self.path("server.key"))
        self.linnet(server, "credentials", "add", "urn:dev:1", "--mode", "rpk", "--key-file", self.path("device.pub"))
        known = ("--server-key", self.path("server.pub"))
        self.device(server, "urn:dev:1", "--key", self.path("device.key"), *known).told("registered")
        self.assert_reads(server, "urn:dev:1")
        forger = self.device(server, "urn:dev:1", "--key", self.path("other.key"), *known)
        self.assertEqual(forger.told("alert")["by"], "server")
        victim = self.device(server, "urn:dev:1", "--key", self.path("device.key"), "--server-key", self.path("other.pub"))
        self.assertEqual(victim.told("alert")["by"], "device")

    def test_certificates_prove_both_names(self):
        self.authority("root")
        self.certificate("server", "server.example", "root")
        self.certificate("device", "urn-dev-1", "root")
        server = self.start("--memory", "--key", self.path("server.key"), "--cert", self.path("server.crt"))
        self.linnet(server, "credentials", "add", "urn-dev-*", "--mode", "x509", "--key-file", self.path("root.crt"))
        own = ("--cert", self.path("device.crt"), "--key", self.path("device.key"), "--trust", self.path("root.crt"))
        self.device(server, "urn-dev-1", *own, "--sni", "server.example").told("registered")
        self.assert_reads(server, "urn-dev-1")
        other = self.device(server, "urn-dev-2", *own, "--sni", "server.example")
        self.assertEqual(other.told("registration-failed")["code"], "4.00")
        lost = self.device(server, "urn-dev-1", *own, "--sni", "other.example")
        self.assertEqual((lost.told("alert")["by"]), "device")


if __name__ == "__main__":
    unittest.main()
