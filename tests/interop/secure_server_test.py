# SPDX-License-Identifier: Apache-2.0
"""linnetd over DTLS with clients of other people: OpenSSL's s_client, whose records a script fills with CoAP, and
libcoap's coap-client over GnuTLS and over OpenSSL.
"""

# Shows: TR-1, SE-1, SE-2, SE-3
import os
import subprocess
import sys
import tempfile
import threading
import unittest

from harness import PATIENCE, Linnetd, debian_program, run

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))
from coap_peer import (ACCEPT, ACK, CON, CONTENT_FORMAT, GET, LOCATION_PATH, POST, URI_PATH, URI_QUERY, Message,  # noqa: E402
                       code, decode)

KEY = b"sixteen bytes ok"
COMMANDS = {"gnutls": "coap-client-gnutls", "openssl": "coap-client-openssl"}


def openssl(*arguments):
    subprocess.run([debian_program("openssl", "openssl"), *map(str, arguments)], check=True, capture_output=True,
                   timeout=PATIENCE)


class OpenSslDevice:
    """A device that is a script behind the records of `openssl s_client`."""

    def __init__(self, port, *arguments):
        self.process = subprocess.Popen(
            [debian_program("openssl", "openssl"), "s_client", "-dtls1_2", "-quiet", "-connect", f"127.0.0.1:{port}",
             *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)

    def send(self, message):
        os.write(self.process.stdin.fileno(), message.encode())

    def receive(self):
        data = os.read(self.process.stdout.fileno(), 65536)
        if not data:
            raise AssertionError("openssl s_client ended")
        return decode(data)

    def register(self, endpoint):
        """The answer's code, as "2.01"."""
        options = [(URI_PATH, b"rd"), (CONTENT_FORMAT, b"\x28")]
        options += [(URI_QUERY, text.encode()) for text in (f"ep={endpoint}", "lt=300", "lwm2m=1.1", "b=U")]
        self.send(Message(CON, POST, 7, b"r", options, b"</1/0>,</3/0>"))
        answer = self.receive()
        self.location = [value.decode() for value in answer.all(LOCATION_PATH)]
        return answer.code_text()

    def update(self):
        self.send(Message(CON, POST, 8, b"u", [(URI_PATH, segment.encode()) for segment in self.location]))
        return self.receive().code_text()

    def close(self):
        self.process.kill()
        self.process.wait(PATIENCE)
        self.process.stdin.close()
        self.process.stdout.close()


class Peers(unittest.TestCase):
    """linnetd with a certificate, three devices that it knows, and files of all."""

    @classmethod
    def setUpClass(cls):
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.path = staticmethod(lambda name: os.path.join(folder, name))
        for name in ("authority", "stranger"):
            cls.key(name)
            openssl("req", "-x509", "-key", cls.path(name + ".key"), "-subj", f"/CN={name}", "-days", 2, "-out",
                    cls.path(name + ".crt"))
        cls.certificate("server", "server.example", "authority")
        cls.certificate("device", "dev-x509", "authority")
        cls.certificate("forged", "dev-x509", "stranger")
        cls.key("raw")
        openssl("pkey", "-in", cls.path("raw.key"), "-pubout", "-outform", "DER", "-out", cls.path("raw.der"))
        cls.server = cls.enterClassContext(Linnetd("--coaps", "127.0.0.1:0", "--key", cls.path("server.key"), "--cert",
                                                   cls.path("server.crt")))
        cls.port = int(cls.server._place(r"CoAP at coaps://\S+:(\d+)"))  # pylint: disable=protected-access
        openssl("x509", "-in", cls.path("authority.crt"), "-outform", "DER", "-out", cls.path("authority.der"))
        for endpoint, mode, identity, key in (("dev-psk", "psk", "me", KEY.hex()),
                                              ("dev-raw", "rpk", "", cls.hex_of("raw.der")),
                                              ("dev-x*", "x509", "", cls.hex_of("authority.der"))):
            status, said = cls.server.rest.call("PUT", f"/api/v1/credentials/{endpoint}",
                                                {"mode": mode, "identity": identity, "key": key})
            assert status == 200, said

    @classmethod
    def hex_of(cls, name):
        with open(cls.path(name), "rb") as file:
            return file.read().hex()

    @classmethod
    def key(cls, name):
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", cls.path(name + ".key"))

    @classmethod
    def certificate(cls, name, subject, authority):
        cls.key(name)
        openssl("req", "-new", "-key", cls.path(name + ".key"), "-subj", f"/CN={subject}", "-out", cls.path("csr"),
                "-addext", f"subjectAltName=DNS:{subject}")
        openssl("x509", "-req", "-in", cls.path("csr"), "-CA", cls.path(authority + ".crt"), "-CAkey",
                cls.path(authority + ".key"), "-CAcreateserial", "-days", 1, "-copy_extensions", "copy", "-out",
                cls.path(name + ".crt"))
        with open(cls.path(name + ".pem"), "w", encoding="ascii") as both:
            for part in (".crt", ".key"):
                with open(cls.path(name + part), encoding="ascii") as one:
                    both.write(one.read())


class OpenSslClient(Peers):
    def device(self, *arguments):
        device = OpenSslDevice(self.port, *arguments)
        self.addCleanup(device.close)
        return device

    def test_registers_with_every_suite_of_pre_shared_keys(self):
        for cipher in ("PSK-AES128-CCM8", "PSK-AES128-CBC-SHA256", "PSK-AES128-GCM-SHA256"):
            with self.subTest(cipher=cipher):
                device = self.device("-psk_identity", "me", "-psk", KEY.hex(), "-cipher", cipher)
                self.assertEqual(device.register("dev-psk"), "2.01")
                self.assertEqual(device.update(), "2.04")

    def test_registers_with_every_suite_of_certificates(self):
        for cipher in ("ECDHE-ECDSA-AES128-CCM8", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-ECDSA-AES128-GCM-SHA256"):
            with self.subTest(cipher=cipher):
                device = self.device("-cert", self.path("device.crt"), "-key", self.path("device.key"), "-CAfile",
                                     self.path("authority.crt"), "-verify_return_error", "-verify_hostname",
                                     "server.example", "-cipher", cipher)
                self.assertEqual(device.register("dev-x509"), "2.01")

    def test_is_read(self):
        device = self.device("-psk_identity", "me", "-psk", KEY.hex(), "-cipher", "PSK-AES128-CCM8")
        self.assertEqual(device.register("dev-psk"), "2.01")
        read = {}
        reader = threading.Thread(target=lambda: read.update(self.server.rest.device("dev-psk").values("3/0/0", format=0)))
        reader.start()
        asked = device.receive()
        self.assertEqual((asked.code, asked.path(), asked.all(ACCEPT)), (GET, "/3/0/0", [b""]))
        device.send(Message(ACK, code("2.05"), asked.message_id, asked.token, [(CONTENT_FORMAT, b"")], b"OpenSSL"))
        reader.join(PATIENCE)
        self.assertEqual(read, {"/3/0/0": "OpenSSL"})

    def test_holds_its_own_name_alone(self):
        device = self.device("-psk_identity", "me", "-psk", KEY.hex(), "-cipher", "PSK-AES128-CCM8")
        self.assertEqual(device.register("dev-nobody"), "4.00")
        self.assertEqual(self.server.rest.device("dev-nobody").shown()[0], 404)

    def test_what_linnetd_has_not_gets_no_handshake(self):
        for arguments in (("-psk_identity", "me", "-psk", KEY.hex(), "-cipher", "PSK-AES256-GCM-SHA384"),
                          ("-psk_identity", "nobody", "-psk", KEY.hex(), "-cipher", "PSK-AES128-CCM8"),
                          ("-cert", self.path("forged.crt"), "-key", self.path("forged.key")),
                          ("-cipher", "ECDHE-ECDSA-AES128-CCM8"),
                          ("-cert", self.path("device.crt"), "-key", self.path("device.key"), "-curves", "secp521r1")):
            with self.subTest(arguments):
                device = self.device(*arguments)
                self.assertNotEqual(device.process.wait(PATIENCE), 0)

    def test_an_older_version_gets_no_handshake(self):
        done = subprocess.run([debian_program("openssl", "openssl"), "s_client", "-dtls1", "-cipher", "ALL:@SECLEVEL=0",
                               "-psk_identity", "me", "-psk", KEY.hex(), "-connect", f"127.0.0.1:{self.port}"],
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE, check=False)
        self.assertNotEqual(done.returncode, 0)


class LibcoapClient(Peers):
    def post(self, library, endpoint, *keys):
        """What coap-client says of the answer to a Register."""
        query = f"ep={endpoint}&lt=300&lwm2m=1.1&b=U"
        out, err = run(COMMANDS[library], [
            debian_program(COMMANDS[library], "libcoap3-bin"), "-v", 6, "-B", 10, "-m", "post", "-t", 40, "-e",
            "</1/0>,</3/0>", *keys, f"coaps://127.0.0.1:{self.port}/rd?{query}"])
        return out + err

    def test_registers_by_a_pre_shared_key(self):
        for library in COMMANDS:
            with self.subTest(library=library):
                self.assertIn("2.01", self.post(library, "dev-psk", "-u", "me", "-k", KEY.decode()))
                self.server.registered("dev-psk")
                self.assertIn("4.00", self.post(library, "dev-raw", "-u", "me", "-k", KEY.decode()))

    def test_registers_by_a_certificate(self):
        for library in COMMANDS:
            with self.subTest(library=library):
                said = self.post(library, "dev-x509", "-c", self.path("device.crt"), "-j", self.path("device.key"),
                                 "-C", self.path("authority.crt"), "-n")
                self.assertIn("2.01", said)
                self.server.registered("dev-x509")

    def test_registers_by_a_raw_public_key(self):
        with open(self.path("raw.pem"), "w", encoding="ascii") as both:
            for flags in (("-pubout",), ()):
                both.write(run("openssl", [debian_program("openssl", "openssl"), "pkey", "-in", self.path("raw.key"), *flags])[0])
        said = self.post("gnutls", "dev-raw", "-M", self.path("raw.pem"), "-n")
        self.assertIn("2.01", said)
        self.server.registered("dev-raw")


if __name__ == "__main__":
    unittest.main()
