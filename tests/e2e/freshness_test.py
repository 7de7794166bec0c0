# SPDX-License-Identifier: Apache-2.0
# Shows: SE-10
"""linnetd and linnet-device that both want every operation with an effect to be fresh (TS 5.7): each answers the
other's challenges, and nothing shows but on the wire."""
import unittest

from scripted import Server, device_refused, harness, refused
from secured_test import Secured
from wiretap import Wiretap

ECHO = 252
UNAUTHORIZED = 0x81


class Freshness(Secured):
    def challenges(self, messages):
        return sum(message.code == UNAUTHORIZED and any(number == ECHO for number, _ in message.options)
                   for message in messages)

    def manage(self, server, device):
        """Operations with an effect from either side: their number."""
        values = server.rest.device("urn:dev:1")
        self.assertEqual(values.call("PUT", "33442/0/1", {"value": 3})[1]["code"], "2.04")
        self.assertEqual(values.call("POST", "1/0/8/execute")[1]["code"], "2.04")  # an Update follows
        device.told("updated")
        self.assertEqual(values.call("PUT", "19/0/0", {"value": {str(i): "QUJD" * 330 for i in range(3)}})[1]["code"], "2.04")
        with server.events(endpoint="urn:dev:1", type="sent") as events:
            device.rpc("send", paths=["/33442/0/1"])
            events.wait("sent")
        with server.events(endpoint="urn:dev:1", type="notified") as events:
            self.assertEqual(values.call("PUT", "33442/0/1/observe")[0], 200)
            device.rpc("set", path="/33442/0/1", value=6)
            events.wait("notified")
        return 3, 2

    def start(self, freshness, *flags):
        return self.enterContext(Server("--memory", "--freshness", freshness, *flags))

    def device(self, place, freshness, *flags):
        return self.enterContext(harness.LinnetDevice("urn:dev:1", place, "--freshness", freshness, "--object", "19",
                                                      "--object", "33442", *flags))

    def over_udp(self, freshness):
        server = self.start(freshness)
        tap = self.enterContext(Wiretap(server.coap))
        device = self.device(f"coap://{tap.place}", freshness)
        device.told("registered")
        done = self.manage(server, device)
        return self.challenges(tap.up), self.challenges(tap.down), done

    def test_always(self):
        by_device, by_server, (of_server, of_device) = self.over_udp("always")
        self.assertEqual((by_device, by_server), (of_server, of_device + 1), "and the Register")

    def test_first(self):
        self.assertEqual(self.over_udp("first")[:2], (1, 1))

    def test_off(self):
        self.assertEqual(self.over_udp("off")[:2], (0, 0))

    def test_over_dtls_with_the_bootstrap_server(self):
        server = self.start("always", "--coaps", "127.0.0.1:0", "--bootstrap-coaps", "127.0.0.1:0", "--nosec=false")
        server.coaps = server.said(r"CoAP at coaps://(\S+)")
        bootstrap = server.said(r"bootstrap at coaps://(\S+)")
        self.give_psk(server, "urn:dev:1")
        key = "000102030405060708090a0b0c0d0e0f"
        status, said = server.rest.call("PUT", "/api/v1/bootstrap/configurations/one", {
            "endpoints": ["urn:dev:1"], "delete": ["/0", "/1"], "write": {
                "/0/1": {"0": f"coaps://{server.coaps}", "2": 0, "3": {"text": "{endpoint}"}, "5": {"hex": key}, "10": 101},
                "/1/0": {"0": 101, "1": 300, "6": True, "7": "U", "23": False}}})
        self.assertEqual(status, 201, said)
        device = self.device(None, "always", "--bootstrap", f"coaps://{bootstrap}", "--psk-identity", "urn:dev:1",
                             "--psk-key", key)
        device.told("bootstrapped")
        device.told("registered")
        self.manage(server, device)

    def test_other_words_are_refused(self):
        self.assertIn("off, first or always", refused("--freshness", "often")[1])
        self.assertIn("off, first or always", device_refused("--endpoint", "x", "--server", "coap://127.0.0.1",
                                                             "--freshness", "often")[1])


if __name__ == "__main__":
    unittest.main()
