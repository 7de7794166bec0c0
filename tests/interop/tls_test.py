# SPDX-License-Identifier: Apache-2.0
"""CoAP over TLS (RFC 8323 section 8.2) with other people's programs: OpenSSL's s_client and s_server, whose records
a script fills with frames, libcoap's coap-client over GnuTLS and OpenSSL, and aiocoap."""

# Shows: TR-2, SE-1, SE-3
import base64
import os
import random
import re
import ssl
import subprocess
import tempfile
import unittest

from aiocoap_test import LINKS, TEXT, Code, Loop, Message, aiocoap
from harness import Child, Linnetd, LinnetDevice, PATIENCE, debian_program, eventually, free_port, run
from tcp_test import Registry, wait_until_listening

WORD = "a key that is a word"
IDENTITY, KEY = "device-7", WORD.encode().hex()
PING, PONG = bytes([0x01, 0xE2, 0x42]), bytes([0x01, 0xE3, 0x42])
CSM = bytes([0x00, 0xE1])


class Authority:
    """Makes keys and certificates with openssl, in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.key("root")
        self._run("req", "-x509", "-key", self.path("root.key"), "-subj", "/CN=Root", "-days", "2", "-out",
                  self.path("root.crt"))
        for name, subject in (("server", "localhost"), ("device", "urn-device-7")):
            self.key(name)
            self._run("req", "-new", "-key", self.path(name + ".key"), "-subj", f"/CN={subject}", "-addext",
                      f"subjectAltName=DNS:{subject}" + (",IP:127.0.0.1" if name == "server" else ""), "-out",
                      self.path("csr"))
            self._run("x509", "-req", "-in", self.path("csr"), "-CA", self.path("root.crt"), "-CAkey",
                      self.path("root.key"), "-CAcreateserial", "-days", "1", "-copy_extensions", "copy", "-out",
                      self.path(name + ".crt"))
            with open(self.path(name + ".pem"), "w", encoding="ascii") as both:
                for part in (".crt", ".key"):
                    with open(self.path(name + part), encoding="ascii") as one:
                        both.write(one.read())

    def path(self, name):
        return os.path.join(self.folder, name)

    def key(self, name):
        self._run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", self.path(name + ".key"))

    @staticmethod
    def _run(*arguments):
        subprocess.run([debian_program("openssl", "openssl"), *arguments], check=True, capture_output=True,
                       timeout=PATIENCE)


class AtLinnetd(unittest.TestCase):
    """A server that knows one device by a key and all of an authority's by their certificates."""

    @classmethod
    def setUpClass(cls):
        cls.pki = Authority(cls.enterClassContext(tempfile.TemporaryDirectory()))
        cls.server = cls.enterClassContext(Linnetd("--coaps-tcp", "127.0.0.1:0", "--key", cls.pki.path("server.key"),
                                                   "--cert", cls.pki.path("server.crt")))
        cls.tls = cls.server._place(r"CoAP at coaps\+tcp://(\S+)")
        with open(cls.pki.path("root.crt"), encoding="ascii") as file:
            root = base64.b64decode(re.sub(r"-----[^-]*-----|\s", "", file.read())).hex()
        for credential in ({"endpoint": IDENTITY, "mode": "psk", "identity": IDENTITY, "key": KEY},
                           {"endpoint": "urn-*", "mode": "x509", "key": root}):
            status, body = cls.server.rest.call("POST", "/api/v1/credentials", {"credentials": [credential]})
            assert status < 300, (status, body)


class OpenSslAtLinnetd(AtLinnetd):
    def exchange(self, *arguments):
        """What s_client prints of its session, and what the server says after a CSM and a Ping."""
        client = subprocess.Popen(
            [debian_program("openssl", "openssl"), "s_client", "-connect", self.tls, "-quiet", *arguments],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            client.stdin.write(CSM + PING)
            client.stdin.flush()
            heard = b""
            while PONG not in heard:
                data = os.read(client.stdout.fileno(), 4096)
                if not data:
                    break
                heard += data
            return heard
        finally:
            client.kill()
            client.communicate()

    def test_speaks_by_a_pre_shared_key_in_both_versions(self):
        psk = ("-psk", KEY, "-psk_identity", IDENTITY)
        for flags in (("-tls1_2", "-cipher", "PSK-AES128-CCM8"), ("-tls1_2", "-cipher", "PSK-AES128-GCM-SHA256"),
                      ("-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256")):
            with self.subTest(flags=flags):
                self.assertTrue(self.exchange(*psk, *flags, "-alpn", "coap").endswith(PONG))

    def test_speaks_by_certificates_in_both_versions(self):
        own = ("-cert", self.pki.path("device.crt"), "-key", self.pki.path("device.key"), "-CAfile",
               self.pki.path("root.crt"), "-verify_return_error", "-verify_hostname", "localhost")
        for flags in (("-tls1_2",), ("-tls1_3", "-ciphersuites", "TLS_AES_128_GCM_SHA256")):
            with self.subTest(flags=flags):
                self.assertTrue(self.exchange(*own, *flags).endswith(PONG))

    def test_refuses_old_versions_other_protocols_and_strangers(self):
        psk = ("-psk", KEY, "-psk_identity", IDENTITY)
        for flags in (("-tls1_1", "-cipher", "PSK@SECLEVEL=0", *psk), ("-tls1_2", "-alpn", "http/1.1", *psk),
                      ("-tls1_2", "-psk", KEY, "-psk_identity", "nobody"), ("-tls1_2", "-psk", "ff" * 16, "-psk_identity", IDENTITY),
                      ("-tls1_2",), ("-tls1_3",)):
            with self.subTest(flags=flags):
                self.assertNotIn(PONG, self.exchange(*flags))


class LibcoapAtLinnetd(AtLinnetd):
    def ask(self, library, path, *arguments):
        client = debian_program("coap-client-" + library, "libcoap3-bin")
        return "".join(run("coap-client", [client, "-v", "7", "-B", 10, *arguments, f"coaps+tcp://{self.tls}{path}"]))

    def test_registers_by_a_pre_shared_key(self):
        for library in ("gnutls", "openssl"):
            with self.subTest(library=library):
                log = self.ask(library, f"/rd?ep={IDENTITY}&lt=300&lwm2m=1.1&b=T", "-k", WORD, "-u", IDENTITY, "-m", "post", "-t", LINKS, "-e", "</1/0>,</3/0>")
                self.assertRegex(log, r"2\.01")

    def test_registers_by_a_certificate(self):
        for library in ("gnutls", "openssl"):
            with self.subTest(library=library):
                log = self.ask(library, "/rd?ep=urn-device-7&lt=300&lwm2m=1.1&b=T", "-c", self.pki.path("device.pem"), "-C",
                               self.pki.path("root.crt"), "-m", "post", "-t", LINKS, "-e", "</1/0>,</3/0>")
                self.assertRegex(log, r"2\.01")

    def test_discovers_the_registration_interface(self):
        log = self.ask("gnutls", "/.well-known/core", "-k", WORD, "-u", IDENTITY)
        self.assertIn("</rd>", log)


class LibcoapDirectory(unittest.TestCase):
    """linnet-device at coap-rd, over both of its libraries."""

    @classmethod
    def setUpClass(cls):
        cls.pki = Authority(cls.enterClassContext(tempfile.TemporaryDirectory()))

    def directory(self, library, *arguments):
        """Its address: libcoap has no ALPN, so it must be at port 5684 (RFC 8323 section 8.2), of a host of its own."""
        host = "127." + ".".join(str(random.randint(1, 254)) for _ in range(3))
        directory = Child("coap-rd", [debian_program("coap-rd-" + library, "libcoap3-bin"), "-v", "7", "-A", host, "-p",
                                      5683, *arguments])
        self.addCleanup(directory.end, check=False)
        wait_until_listening(5684, host)
        return host

    def test_registers_by_a_pre_shared_key(self):
        for library in ("gnutls", "openssl"):
            with self.subTest(library=library):
                host = self.directory(library, "-k", "sesame")
                device = self.enterContext(LinnetDevice("libcoap-psk", f"coaps+tcp://{host}", "--psk-identity",
                                                        "me", "--psk-key", b"sesame".hex()))
                device.told("registered")

    def test_registers_by_a_certificate(self):
        for library in ("gnutls", "openssl"):
            with self.subTest(library=library):
                host = self.directory(library, "-c", self.pki.path("server.pem"), "-C", self.pki.path("root.crt"))
                device = self.enterContext(LinnetDevice(
                    "urn-device-7", f"coaps+tcp://{host}", "--cert", self.pki.path("device.crt"), "--key",
                    self.pki.path("device.key"), "--trust", self.pki.path("root.crt"), "--sni", "localhost"))
                device.told("registered")


class AiocoapServer(unittest.TestCase):
    def test_linnet_device_is_managed_over_its_own_connection(self):
        pki = Authority(self.enterContext(tempfile.TemporaryDirectory()))
        server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=pki.path("root.crt"))
        server.load_cert_chain(pki.path("server.pem"))
        server.verify_mode = ssl.CERT_REQUIRED
        server.set_alpn_protocols(["coap"])
        loop = Loop()
        self.addCleanup(loop.end)
        registry = Registry()
        root = aiocoap.resource.Site()
        root.add_resource(["rd"], registry)
        port = free_port()

        async def serve():
            return await aiocoap.Context.create_server_context(root, bind=("127.0.0.1", port), transports=["tlsserver"],
                                                               _ssl_context=server)

        async def read():
            message = Message(code=Code.GET, uri_path=("3", "0", "0"), accept=TEXT)
            message.remote = registry.remote
            return await context.request(message).response

        context = loop.run(serve())
        self.addCleanup(lambda: loop.run(context.shutdown()))
        self.enterContext(LinnetDevice(
            "urn-device-7", f"coaps+tcp://localhost:{port + 1}", "--cert", pki.path("device.crt"), "--key",
            pki.path("device.key"), "--trust", pki.path("root.crt")))
        eventually(lambda: registry.remote, "the device registers")
        self.assertEqual(loop.run(read()).payload, b"linnet")


if __name__ == "__main__":
    unittest.main()
