# SPDX-License-Identifier: Apache-2.0
"""linnet-device over DTLS with servers of other people: OpenSSL's s_server, whose records a script fills with
CoAP, and libcoap's coap-rd over GnuTLS.
"""

# Shows: TR-1, SE-1, SE-3, SE-7
import os
import subprocess
import sys
import tempfile
import threading
import unittest

from harness import Child, LinnetDevice, PATIENCE, debian_program, free_port
from libcoap_test import wait_until_bound

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
from coap_peer import POST, Server, decode  # noqa: E402  pylint: disable=wrong-import-position

IDENTITY, KEY = "device-7", "00112233445566778899aabbccddeeff"
PSK = ("--psk-identity", IDENTITY, "--psk-key", KEY)


class SecuredServer(Server):
    """coap_peer's server behind the records of `openssl s_server`: what it prints is what devices send."""

    def __init__(self, *arguments, port=None):
        self.port = port or free_port()
        self.kept, self.next_id, self.device = [], 1, None
        self.process = subprocess.Popen(
            [debian_program("openssl", "openssl"), "s_server", "-dtls1_2", "-quiet", "-accept",
             f"127.0.0.1:{self.port}", *map(str, arguments)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.said = []
        threading.Thread(target=lambda: self.said.extend(self.process.stderr), daemon=True).start()
        wait_until_bound(self.port)

    def _wait(self, wanted):
        for i, message in enumerate(self.kept):
            if wanted(message):
                return self.kept.pop(i)
        timer = threading.Timer(PATIENCE, self.process.kill)
        timer.start()
        try:
            while True:
                data = os.read(self.process.stdout.fileno(), 65536)
                if not data:
                    raise AssertionError(f"no such message came: {self.said}")
                message = decode(data)
                if wanted(message):
                    return message
                self.kept.append(message)
        finally:
            timer.cancel()

    def _send(self, message):
        self.process.stdin.write(message.encode())
        self.process.stdin.flush()

    def close(self):
        self.process.kill()
        self.process.wait(PATIENCE)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            stream.close()


class OpenSslServer(unittest.TestCase):
    def server(self, *arguments, port=None):
        server = SecuredServer(*arguments, port=port)
        self.addCleanup(server.close)
        return server

    def psk_server(self, *arguments):
        return self.server("-psk", KEY, "-psk_identity", IDENTITY, "-nocert", *arguments)

    def device(self, server, *arguments):
        return self.enterContext(LinnetDevice("secured", f"coaps://127.0.0.1:{server.port}", *arguments))

    def test_registers_and_is_read_by_a_pre_shared_key(self):
        for cipher, flags in (("PSK-AES128-CCM8", ()), ("PSK-AES128-CBC-SHA256", ("--ciphersuite", "0xAE"))):
            with self.subTest(cipher=cipher):
                server = self.psk_server("-cipher", cipher)
                device = self.device(server, *PSK, *flags)
                self.assertIn("ep=secured", server.accept_registration().query())
                device.told("registered")
                self.assertEqual(server.read("/3/0/0").payload, b"linnet")

    def test_the_alert_of_a_server_is_told_and_shown_in_object_1(self):
        server = self.psk_server("-cipher", "PSK-AES256-GCM-SHA384")
        device = self.device(server, *PSK)
        alert = device.told("alert")
        self.assertEqual((alert["code"], alert["by"]), (40, "server"))
        device.told("registration-failed")
        self.assertEqual(device.rpc("get", path="/1/0/11")["value"], 40)


class Certificates(unittest.TestCase):
    """A small authority of openssl's making, two identities below it, and one that is nobody's."""

    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.path = staticmethod(lambda name: os.path.join(folder, name))

        def openssl(*arguments):
            subprocess.run([debian_program("openssl", "openssl"), *arguments], check=True, capture_output=True,
                           timeout=PATIENCE)

        for name in ("authority", "server", "device"):
            openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", cls.path(name + ".key"))
        openssl("req", "-x509", "-key", cls.path("authority.key"), "-subj", "/CN=Authority", "-days", "2", "-out",
                cls.path("authority.crt"))
        for name in ("server", "device"):
            openssl("req", "-new", "-key", cls.path(name + ".key"), "-subj", f"/CN={name}", "-out", cls.path("csr"),
                    "-addext", f"subjectAltName=DNS:{name}.example")
            openssl("x509", "-req", "-in", cls.path("csr"), "-CA", cls.path("authority.crt"), "-CAkey",
                    cls.path("authority.key"), "-CAcreateserial", "-days", "1", "-copy_extensions", "copy", "-out",
                    cls.path(name + ".crt"))
            with open(cls.path(name + ".pem"), "w", encoding="ascii") as both:
                for part in (".crt", ".key"):
                    with open(cls.path(name + part), encoding="ascii") as one:
                        both.write(one.read())

    def server(self):
        server = SecuredServer("-cert", self.path("server.crt"), "-key", self.path("server.key"), "-CAfile",
                               self.path("authority.crt"), "-Verify", 2, "-verify_return_error", "-cipher",
                               "ECDHE-ECDSA-AES128-CCM8")
        self.addCleanup(server.close)
        return server

    def device(self, port, *arguments):
        return self.enterContext(LinnetDevice(
            "certified", f"coaps://127.0.0.1:{port}", "--cert", self.path("device.crt"), "--key",
            self.path("device.key"), *arguments))

    def test_registers_with_a_certificate_and_the_name_that_the_server_must_have(self):
        server = self.server()
        device = self.device(server.port, "--trust", self.path("authority.crt"), "--sni", "server.example")
        self.assertIn("ep=certified", server.accept_registration().query())
        device.told("registered")
        self.assertEqual(server.read("/3/0/0").payload, b"linnet")

    def test_the_very_certificate_needs_no_name(self):
        server = self.server()
        device = self.device(server.port, "--server-key", self.path("server.crt"))
        server.accept_registration()
        device.told("registered")

    def test_another_name_is_refused(self):
        server = self.server()
        device = self.device(server.port, "--trust", self.path("authority.crt"), "--sni", "other.example")
        alert = device.told("alert")
        self.assertEqual((alert["code"], alert["by"]), (42, "device"))
        device.told("registration-gave-up")

    def test_registers_with_coap_rd_of_libcoap(self):
        port = free_port()
        directory = Child("coap-rd", [debian_program("coap-rd-gnutls", "libcoap3-bin"), "-v", "7", "-A", "127.0.0.1",
                                      "-p", port - 1, "-c", self.path("server.pem"), "-C", self.path("authority.crt")])
        self.addCleanup(directory.end, check=False)
        wait_until_bound(port)
        device = self.device(port, "--trust", self.path("authority.crt"), "--sni", "server.example")
        device.told("registered")


class LibcoapDirectory(unittest.TestCase):
    def test_registers_by_a_pre_shared_key_and_leaves(self):
        port = free_port()
        directory = Child("coap-rd", [debian_program("coap-rd-gnutls", "libcoap3-bin"), "-v", "7", "-A", "127.0.0.1",
                                      "-p", port - 1, "-k", "sesame"])
        self.addCleanup(directory.end, check=False)
        wait_until_bound(port)
        with LinnetDevice("libcoap-psk", f"coaps://127.0.0.1:{port}", "--psk-identity", "me", "--psk-key",
                          b"sesame".hex()) as device:
            device.told("registered")
        directory.end(check=False)
        log = directory.out.tail() + directory.err.tail()
        self.assertIn("Uri-Query:ep=libcoap-psk", log)
        self.assertIn("c:DELETE", log)


if __name__ == "__main__":
    unittest.main()
