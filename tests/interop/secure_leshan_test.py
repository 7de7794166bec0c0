# SPDX-License-Identifier: Apache-2.0
"""Leshan over DTLS (Californium's Scandium): its client as a device at linnetd, its server before linnet-device, with
pre-shared keys, raw public keys and certificates.
"""

# Shows: TR-1, SE-1, SE-2, SE-3
import json
import unittest

from harness import MODELS, LinnetDevice, debian_program, run
from leshan_test import leshan
from secure_server_test import KEY, Peers


class SecuredPeers(Peers):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("server", "device"):
            cls.openssl("x509", "-in", cls.path(name + ".crt"), "-outform", "DER", "-out", cls.path(name + ".crt.der"))
        for name in ("server", "device", "raw"):
            cls.openssl("pkcs8", "-topk8", "-nocrypt", "-in", cls.path(name + ".key"), "-outform", "DER", "-out",
                        cls.path(name + ".key.der"))
            cls.openssl("pkey", "-in", cls.path(name + ".key"), "-pubout", "-outform", "DER", "-out",
                        cls.path(name + ".pub.der"))

    @staticmethod
    def openssl(*arguments):
        run("openssl", [debian_program("openssl", "openssl"), *arguments])


class DeviceAtLinnetd(SecuredPeers):
    def manages(self, endpoint, *keys):
        device = self.enterContext(leshan("LeshanDevice", f"coaps://127.0.0.1:{self.port}", endpoint, 300, MODELS, *keys))
        device.event("registered")
        self.assertEqual(self.server.rest.device(endpoint).values("3/0/0"), {"/3/0/0": "Leshan"})
        device.write('{"do":"update"}')
        device.event("updated")

    def test_by_a_pre_shared_key(self):
        self.manages("dev-psk", "psk", "me", KEY.hex())

    def test_by_a_raw_public_key(self):
        self.manages("dev-raw", "rpk", self.hex_of("raw.pub.der"), self.hex_of("raw.key.der"), self.hex_of("server.pub.der"))

    def test_by_a_certificate(self):
        self.manages("dev-x509", "x509", self.hex_of("device.crt.der"), self.hex_of("device.key.der"),
                     self.hex_of("server.crt.der"))

    def test_another_name_is_refused(self):
        device = self.enterContext(leshan("LeshanDevice", f"coaps://127.0.0.1:{self.port}", "dev-nobody", 300, MODELS, "psk",
                                          "me", KEY.hex()))
        self.assertIn("BAD_REQUEST", device.event("refused")["code"])


class ServerOfLinnetDevice(SecuredPeers):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        keys = {"private": cls.hex_of("server.key.der"), "certificate": cls.hex_of("server.crt.der"),
                "trust": cls.hex_of("authority.der"),
                "devices": [{"endpoint": "dev-psk", "identity": "me", "key": KEY.hex()},
                            {"endpoint": "dev-raw", "public": cls.hex_of("raw.pub.der")}, {"endpoint": "dev-x509"}]}
        cls.peer = cls.enterClassContext(leshan("LeshanServer", 0, MODELS, json.dumps(keys)))
        cls.place = f"coaps://127.0.0.1:{cls.peer.event('started')['secured']}"

    def is_managed(self, endpoint, *keys):
        with LinnetDevice(endpoint, self.place, *keys) as device:
            self.peer.event("registered", endpoint=endpoint)
            answer = self.peer.ask("read", endpoint=endpoint, path="/3/0/0", format=0)
            self.assertEqual(answer["values"], {"/3/0/0": "linnet"})
            device.rpc("update", server=1)
            self.peer.event("updated", endpoint=endpoint)

    def test_by_a_pre_shared_key(self):
        self.is_managed("dev-psk", "--psk-identity", "me", "--psk-key", KEY.hex())

    def test_by_a_raw_public_key(self):
        self.is_managed("dev-raw", "--key", self.path("raw.key"), "--server-key", self.path("server.pub.der"))

    def test_by_a_certificate(self):
        self.is_managed("dev-x509", "--cert", self.path("device.crt"), "--key", self.path("device.key"), "--trust",
                        self.path("authority.crt"), "--sni", "server.example")


if __name__ == "__main__":
    unittest.main()
