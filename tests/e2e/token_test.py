# SPDX-License-Identifier: Apache-2.0
# Shows: SE-13
"""Keys in a secure element: linnetd and linnet-device with private keys in a token of SoftHSM, by PKCS#11."""
import glob
import os
import subprocess

from est_test import Enrolling
from scripted import harness, refused
from secured_test import KEY, Secured

PIN = "97531"


class Tokens:
    """For test cases that have a folder."""

    def setUp(self):
        super().setUp()
        os.mkdir(self.path("tokens"))
        with open(self.path("softhsm2.conf"), "w", encoding="ascii") as file:
            file.write(f"directories.tokendir = {self.path('tokens')}\nlog.level = ERROR\n")
        before = os.environ.get("SOFTHSM2_CONF")
        os.environ["SOFTHSM2_CONF"] = self.path("softhsm2.conf")
        self.addCleanup(lambda: os.environ.pop("SOFTHSM2_CONF") if before is None
                        else os.environ.update(SOFTHSM2_CONF=before))
        self.softhsm("--init-token", "--free", "--label", "linnet", "--so-pin", "1234567", "--pin", PIN)
        with open(self.path("pin"), "w", encoding="ascii") as file:
            file.write(PIN + "\n")

    def softhsm(self, *arguments):
        subprocess.run([harness.debian_program("softhsm2-util", "softhsm2"), *arguments], check=True,
                       capture_output=True, timeout=harness.PATIENCE)

    def move_into_token(self, name):
        """NAME.key becomes an object of the token and is no file any more; its URI."""
        self.openssl("pkcs8", "-topk8", "-nocrypt", "-in", self.path(name + ".key"), "-out", self.path("pkcs8"))
        self.softhsm("--import", self.path("pkcs8"), "--token", "linnet", "--label", name, "--id", name.encode().hex(),
                     "--pin", PIN)
        os.remove(self.path(name + ".key"))
        os.remove(self.path("pkcs8"))
        return f"pkcs11:token=linnet;object={name};type=private"

    def give_raw_key(self, server, endpoint, name):
        self.linnet(server, "credentials", "add", endpoint, "--mode", "rpk", "--key-file", self.path(name + ".pub"))

    def pin(self):
        return ("--pin", "file:" + self.path("pin"))


class SecureElement(Tokens, Secured):
    def test_a_device_and_its_server_prove_raw_public_keys_that_are_in_tokens(self):
        self.key_pair("server")
        self.key_pair("device")
        server_uri, device_uri = self.move_into_token("server"), self.move_into_token("device")
        server = self.start("--memory", "--key", server_uri, *self.pin())
        self.give_raw_key(server, "urn:dev:1", "device")
        device = self.device(server, "urn:dev:1", "--key", device_uri, *self.pin(), "--server-key", self.path("server.pub"))
        device.told("registered")
        self.assert_reads(server, "urn:dev:1")

    def test_certificates_too(self):
        self.authority("ca")
        self.certificate("server", "linnet.example", "ca")
        self.certificate("device", "dev-1", "ca")
        server_uri, device_uri = self.move_into_token("server"), self.move_into_token("device")
        server = self.start("--memory", "--key", server_uri, *self.pin(), "--cert", self.path("server.crt"))
        self.linnet(server, "credentials", "add", "dev-1", "--mode", "x509", "--key-file", self.path("device.crt"))
        device = self.device(server, "dev-1", "--key", device_uri, *self.pin(), "--cert", self.path("device.crt"),
                             "--trust", self.path("ca.crt"), "--sni", "linnet.example")
        device.told("registered")
        self.assert_reads(server, "dev-1")

    def test_a_wrong_pin_or_key_is_refused_and_no_pin_is_shown(self):
        self.key_pair("server")
        uri = self.move_into_token("server")
        with open(self.path("wrong"), "w", encoding="ascii") as file:
            file.write("11111\n")
        for arguments in ((uri, "--pin", "file:" + self.path("wrong")), (uri,),
                          (uri.replace("object=server", "object=nobody"), *self.pin()),
                          (uri + "?pin-value=" + PIN,)):
            code, said = refused("--memory", "--coap", "127.0.0.1:0", "--coaps", "127.0.0.1:0", "--http", "127.0.0.1:0",
                                 "--key", *arguments)
            self.assertEqual(code, 1, said)
            self.assertNotIn(PIN, said)
            self.assertNotIn("11111", said)


class Authority(Tokens, Enrolling):
    """linnetd enrols devices with an authority whose key is in a token."""

    def start_with_token(self, *flags):
        self.authority("ca")
        uri = self.move_into_token("ca")
        return uri, ("--est-ca", self.path("ca.crt"), "--est-key", uri, *flags)

    def test_the_token_signs_for_devices(self):
        _, flags = self.start_with_token("--est-pin", "file:" + self.path("pin"))
        server = self.start_est(self.path("ca.crt"), *flags)
        device = self.enrolling(server)
        device.told("enrolled")
        device.told("registered")
        self.assert_reads(server, "urn:dev:1")
        self.assertEqual(self.enrolled(server), 1)

    def test_without_its_pin_there_is_no_authority_and_no_server(self):
        uri, flags = self.start_with_token()
        with open(self.path("wrong"), "w", encoding="ascii") as file:
            file.write("11111\n")
        places = ("--memory", "--coap", "127.0.0.1:0", "--http", "127.0.0.1:0", "--bootstrap-coaps", "127.0.0.1:0")
        for pin in ((), ("--est-pin", "file:" + self.path("wrong"))):
            code, said = refused(*places, *flags, *pin)
            self.assertEqual(code, 1, said)
            self.assertIn("EST", said)
            self.assertNotIn("11111", said)
        code, said = refused(*places, "--est-ca", self.path("ca.crt"), "--est-key", uri + "?pin-value=" + PIN)
        self.assertEqual(code, 1, said)
        self.assertNotIn(PIN, said)


class StateKey(Tokens, Secured):
    """The key of linnetd's state folder is wrapped by an RSA key that is in a token."""

    def rsa_in_token(self, name):
        self.openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", self.path(name + ".key"))
        return self.move_into_token(name)

    def state_pin(self):
        return ("--state-pin", "file:" + self.path("pin"))

    def end(self, server):
        server.kill()

    def refused(self, *flags):
        return refused("--coap", "127.0.0.1:0", "--http", "127.0.0.1:0", "--state", self.path("state"), *flags)

    def test_secrets_open_with_the_token_alone(self):
        uri = self.rsa_in_token("state")
        flags = ("--state", self.path("state"), "--state-key", uri, *self.state_pin())
        server = self.start(*flags)
        self.give_psk(server, "urn:dev:1")
        self.end(server)
        wrapped, = glob.glob(self.path("state") + "/seal-*.wrapped")
        self.assertEqual(os.stat(wrapped).st_mode & 0o777, 0o600)
        self.assertFalse(os.path.exists(self.path("state") + "/seal.key"))
        for name in glob.glob(self.path("state") + "/*"):
            with open(name, "rb") as file:
                self.assertNotIn(bytes.fromhex(KEY), file.read())
        server = self.start(*flags)
        self.with_psk(server, "urn:dev:1").told("registered")
        self.end(server)

        for wrong in ((), ("--state-key", uri)):
            code, said = self.refused(*wrong)
            self.assertEqual(code, 1, said)
        os.rename(wrapped, wrapped + ".away")
        code, said = self.refused("--state-key", uri, *self.state_pin())
        self.assertEqual(code, 1, said)
        self.assertIn("gone", said)
        os.rename(wrapped + ".away", wrapped)

        # And away from it.
        with open(self.path("file.key"), "w", encoding="ascii") as file:
            file.write("ab" * 32)
        key = ("--state", self.path("state"), "--state-key", "file:" + self.path("file.key"))
        server = self.start(*key, "--former-state-key", uri, "--former-state-pin", "file:" + self.path("pin"))
        self.end(server)
        server = self.start(*key)
        self.with_psk(server, "urn:dev:1").told("registered")

    def test_a_key_that_cannot_decrypt_is_named(self):
        self.key_pair("curve")
        uri = self.move_into_token("curve")
        code, said = self.refused("--state-key", uri, *self.state_pin())
        self.assertEqual(code, 1, said)
        self.assertIn("RSA", said)
        code, said = self.refused("--state-pin", "file:" + self.path("pin"))
        self.assertEqual(code, 2, said)
