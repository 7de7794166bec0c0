# SPDX-License-Identifier: Apache-2.0
# Shows: TR-2, SE-1, SE-2, SE-3, SE-6, SE-11
"""linnetd and linnet-device over DTLS and TLS, set up as a user does: keys in files, credentials by `linnet`."""
import os
import re
import signal
import struct
import subprocess
import tempfile
import unittest
import urllib.request
import zlib

from scripted import Server, harness, refused

KEY = "000102030405060708090a0b0c0d0e0f"


class Secured(unittest.TestCase):
    """Over DTLS, unless a class says otherwise."""
    scheme, layer = "coaps", "dtls"

    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def path(self, name):
        return os.path.join(self.folder, name)

    def openssl(self, *arguments):
        subprocess.run([harness.debian_program("openssl", "openssl"), *arguments], check=True, capture_output=True,
                       timeout=harness.PATIENCE)

    def key_pair(self, name, curve="P-256"):
        """NAME.key and NAME.pub."""
        self.openssl("genpkey", "-algorithm", "EC", "-pkeyopt", f"ec_paramgen_curve:{curve}", "-out", self.path(name + ".key"))
        self.openssl("pkey", "-in", self.path(name + ".key"), "-pubout", "-out", self.path(name + ".pub"))

    def authority(self, name):
        self.key_pair(name)
        self.openssl("req", "-x509", "-key", self.path(name + ".key"), "-subj", f"/CN={name}", "-days", "2", "-out",
                     self.path(name + ".crt"))

    def certificate(self, name, subject, authority, curve="P-256"):
        """NAME.crt for `subject`."""
        self.key_pair(name, curve)
        self.openssl("req", "-new", "-key", self.path(name + ".key"), "-subj", f"/CN={subject}", "-out", self.path("csr"),
                     "-addext", f"subjectAltName=DNS:{subject}")
        self.openssl("x509", "-req", "-in", self.path("csr"), "-CA", self.path(authority + ".crt"), "-CAkey",
                     self.path(authority + ".key"), "-CAcreateserial", "-days", "1", "-copy_extensions", "copy", "-out",
                     self.path(name + ".crt"))

    def revoke(self, authority, *names):
        """AUTHORITY.crl: the certificates of these names."""
        lines = []
        for name in names:
            said = subprocess.run([harness.debian_program("openssl", "openssl"), "x509", "-in", self.path(name + ".crt"),
                                   "-noout", "-serial"], check=True, capture_output=True, text=True,
                                  timeout=harness.PATIENCE).stdout
            lines.append("\t".join(["R", "491231235959Z", "240101000000Z", said.strip().split("=")[1], "unknown", "/CN=x"]))
        with open(self.path("index"), "w", encoding="ascii") as index:
            index.writelines(line + "\n" for line in lines)
        with open(self.path("ca.cnf"), "w", encoding="ascii") as settings:
            settings.write(f"[ca]\ndefault_ca=own\n[own]\ndatabase={self.path('index')}\ndefault_md=sha256\n"
                           "default_crl_days=1\n")
        self.openssl("ca", "-gencrl", "-config", self.path("ca.cnf"), "-cert", self.path(authority + ".crt"), "-keyfile",
                     self.path(authority + ".key"), "-out", self.path(authority + ".crl"))

    def flag(self):
        return "--" + self.scheme.replace("+", "-")

    def start(self, *arguments):
        server = self.enterContext(Server(self.flag(), "127.0.0.1:0", *(arguments or ["--memory"])))
        server.coaps = server.said(rf"CoAP at {re.escape(self.scheme)}://(\S+)")
        return server

    def start_again(self, server, *arguments):
        """Another process in its place."""
        return self.enterContext(Server(self.flag(), server.coaps, *arguments))

    def linnet(self, server, *arguments, given=None, code=0):
        done = subprocess.run([harness.program("LINNET"), "--url", f"http://{server.http}", *arguments],
                              capture_output=True, timeout=harness.PATIENCE, check=False, text=True, input=given)
        self.assertEqual(done.returncode, code, done.stderr)
        return done.stdout + done.stderr

    def give_psk(self, server, endpoint, identity=None):
        self.linnet(server, "credentials", "add", endpoint, "--mode", "psk", "--identity", identity or endpoint, given=KEY)

    def device(self, server, endpoint, *arguments):
        return self.enterContext(harness.LinnetDevice(endpoint, f"{self.scheme}://{server.coaps}", *arguments))

    def with_psk(self, server, endpoint, *arguments, identity=None):
        return self.device(server, endpoint, "--psk-identity", identity or endpoint, "--psk-key", KEY, *arguments)

    def metric(self, server, name):
        with urllib.request.urlopen(f"http://{server.http}/metrics", timeout=harness.PATIENCE) as answer:
            return float(re.search(rf"^linnet_{self.layer}_{name} (\S+)$", answer.read().decode(), re.M).group(1))

    def saved(self, location):
        """The device has this registration in its file `device`, in an image that is whole: its header comes last."""
        with open(self.path("device"), "rb") as file:
            state = file.read()
        for begin in (found.start() for found in re.finditer(b"LNST\x01\0\0\0", state)):
            length, crc = struct.unpack_from(">II", state, begin + 12)
            payload = state[begin + 20:begin + 20 + length]
            if location.split("/")[-1].encode() in payload and zlib.crc32(payload, zlib.crc32(state[begin:begin + 16])) == crc:
                return True
        return False

    def assert_reads(self, server, endpoint):
        self.assertEqual(server.rest.device(endpoint).values("3/0/0"), {"/3/0/0": "linnet"})


class OverTls:
    scheme, layer = "coaps+tcp", "tls"


class PreSharedKeys(Secured):
    def test_a_device_registers_is_read_written_and_observed(self):
        server = self.start()
        self.assertEqual(server.rest.call("GET", "/health")[1][self.scheme.replace("+", "_")], [server.coaps])
        self.give_psk(server, "urn:dev:1")
        device = self.with_psk(server, "urn:dev:1", "--simulate", "3303/0/5700=ramp:0,100,60@0.2")
        device.told("registered")
        self.assert_reads(server, "urn:dev:1")
        self.linnet(server, "write", "urn:dev:1", "/1/0/1", "600")
        device.told("updated")
        with server.events(endpoint="urn:dev:1", type="notified") as events:
            self.assertEqual(server.rest.device("urn:dev:1").call("PUT", "3303/0/5700/observe")[0], 200)
            events.wait("notified")
            events.wait("notified")
        self.assertEqual(self.metric(server, "handshakes_total"), 1)
        self.assertEqual(server.rest.device("urn:dev:1").shown()[1]["binding"], "U" if self.layer == "dtls" else "T")

    def test_another_name_is_refused_by_4_00_and_an_unknown_identity_by_an_alert(self):
        server = self.start()
        self.give_psk(server, "urn:dev:1")
        self.give_psk(server, "urn:dev:2")
        stranger = self.with_psk(server, "urn:dev:2", identity="urn:dev:1")
        self.assertEqual(stranger.told("registration-failed")["code"], "4.00")
        forger = self.device(server, "urn:dev:2", "--psk-identity", "urn:dev:2", "--psk-key", "ff" * 16)
        unknown = self.with_psk(server, "urn:dev:3")
        self.assertEqual(unknown.told("alert")["code"], 115)
        self.assertEqual(server.rest.call("GET", "/api/v1/devices")[1]["devices"], [])
        # Over DTLS what a wrong key sealed is dropped without a word (RFC 6347 section 4.1.2.7).
        if self.layer == "dtls":
            self.assertEqual(forger.rpc("status")["servers"][0]["state"], "connecting")
        else:
            self.assertEqual(forger.told("alert")["by"], "server")
        self.assertEqual(self.metric(server, "handshakes_total"), 1)

    def test_a_credential_that_is_removed_ends_with_the_next_update(self):
        server = self.start()
        self.give_psk(server, "urn:dev:1")
        device = self.with_psk(server, "urn:dev:1")
        device.told("registered")
        self.linnet(server, "credentials", "remove", "urn:dev:1", "--mode", "psk", "--identity", "urn:dev:1")
        device.rpc("update", server=1)
        device.told("registration-failed")


class PreSharedKeysOverTls(OverTls, PreSharedKeys):
    pass


class Restarts(Secured):
    def test_a_server_killed_and_started_again_goes_on_without_a_handshake(self):
        state = ("--state", self.path("state"))
        server = self.start(*state)
        self.give_psk(server, "urn:dev:1")
        device = self.with_psk(server, "urn:dev:1")
        device.told("registered")
        server.kill()
        again = self.start_again(server, *state)
        self.assert_reads(again, "urn:dev:1")
        device.rpc("update", server=1)
        device.told("updated")
        self.assertEqual((self.metric(again, "handshakes_total"), self.metric(again, "associations")), (0, 1))

    def test_a_device_after_a_power_cut_resumes_its_session_and_its_registration(self):
        server = self.start()
        self.give_psk(server, "urn:dev:1")
        port = harness.free_port()
        flags = ("--state", self.path("device"), "--bind", f"127.0.0.1:{port}")
        device = self.with_psk(server, "urn:dev:1", *flags)
        location = device.told("registered")["location"]
        harness.eventually(lambda: os.path.exists(self.path("device")), "the state is on disk")
        device.rpc("update", server=1)
        device.told("updated")
        harness.eventually(lambda: self.saved(location), "the registration is on disk")
        device.process.kill()
        device.process.wait()
        device.check_end = lambda: None
        again = self.with_psk(server, "urn:dev:1", *flags)
        self.assertEqual(again.told("updated")["location"], location)
        self.assertEqual((self.metric(server, "handshakes_total"), self.metric(server, "resumed_total")), (2, 1))
        self.assert_reads(server, "urn:dev:1")


class RestartsOverTls(OverTls, Secured):
    def test_a_server_started_again_is_found_with_the_session_of_before(self):
        state = ("--state", self.path("state"))
        server = self.start(*state)
        self.give_psk(server, "urn:dev:1")
        device = self.with_psk(server, "urn:dev:1", "--state", self.path("device"))
        device.told("registered")
        device.rpc("set", path="/1/0/18", value=1)
        server.end()
        again = self.start_again(server, *state)
        device.told("registered")
        self.assert_reads(again, "urn:dev:1")


class RawPublicKeys(Secured):
    def test_each_side_knows_the_very_key_of_the_other(self):
        for name in ("server", "device", "other"):
            self.key_pair(name)
        server = self.start("--memory", "--key", self.path("server.key"))
        self.linnet(server, "credentials", "add", "urn:dev:1", "--mode", "rpk", "--key-file", self.path("device.pub"))
        device = self.device(server, "urn:dev:1", "--key", self.path("device.key"), "--server-key", self.path("server.pub"))
        device.told("registered")
        self.assert_reads(server, "urn:dev:1")
        forger = self.device(server, "urn:dev:1", "--key", self.path("other.key"), "--server-key", self.path("server.pub"))
        alert = forger.told("alert")
        self.assertEqual((alert["code"], alert["by"]), (46, "server"))
        careful = self.device(server, "urn:dev:1", "--key", self.path("device.key"), "--server-key", self.path("other.pub"))
        alert = careful.told("alert")
        self.assertEqual((alert["code"], alert["by"]), (42, "device"))


class RawPublicKeysOverTls(OverTls, RawPublicKeys):
    pass


class Certificates(Secured):
    def start_with_certificate(self):
        self.authority("authority")
        self.certificate("server", "server.example", "authority")
        return self.start("--memory", "--key", self.path("server.key"), "--cert", self.path("server.crt"))

    def with_certificate(self, server, endpoint, name):
        return self.device(server, endpoint, *self.of(name), "--sni", "server.example")

    def of(self, name):
        return ("--cert", self.path(name + ".crt"), "--key", self.path(name + ".key"), "--trust", self.path("authority.crt"))

    def test_an_authority_vouches_for_the_names_that_it_was_entered_for(self):
        server = self.start_with_certificate()
        self.certificate("device", "dev-1", "authority")
        self.linnet(server, "credentials", "add", "dev-*", "--mode", "x509", "--key-file", self.path("authority.crt"))
        self.with_certificate(server, "dev-1", "device").told("registered")
        self.assert_reads(server, "dev-1")
        stranger = self.with_certificate(server, "dev-2", "device")
        self.assertEqual(stranger.told("registration-failed")["code"], "4.00")
        self.certificate("outside", "gateway-1", "authority")
        self.assertEqual(self.with_certificate(server, "gateway-1", "outside").told("alert")["code"], 49)
        self.authority("forger")
        self.certificate("forged", "dev-1", "forger")
        self.assertEqual(self.with_certificate(server, "dev-1", "forged").told("alert")["code"], 48)
        lost = self.device(server, "dev-1", *self.of("device"), "--sni", "other.example")
        self.assertEqual(lost.told("alert")["by"], "device")

    def test_a_revoked_certificate_gets_no_handshake_any_more(self):
        self.authority("authority")
        self.certificate("server", "server.example", "authority")
        for name in ("dev-1", "dev-2"):
            self.certificate(name, name, "authority")
        self.revoke("authority", "dev-2")
        server = self.start("--memory", "--key", self.path("server.key"), "--cert", self.path("server.crt"), "--crl",
                            self.path("authority.crl"))
        self.linnet(server, "credentials", "add", "dev-*", "--mode", "x509", "--key-file", self.path("authority.crt"))
        self.with_certificate(server, "dev-1", "dev-1").told("registered")
        self.assertEqual(self.with_certificate(server, "dev-2", "dev-2").told("alert")["code"], 44)
        with open(self.path("authority.crl"), "w", encoding="ascii") as spoilt:
            spoilt.write("nothing")
        server.process.send_signal(signal.SIGHUP)
        server.said("of before stay in force")
        self.assertEqual(self.with_certificate(server, "dev-2", "dev-2").told("alert")["code"], 44)
        self.revoke("authority", "dev-1", "server")
        if self.layer == "dtls":  # over TLS the change is found
            server.process.send_signal(signal.SIGHUP)
        server.said("2 certificates are revoked, by 1 lists")
        self.assertEqual(self.with_certificate(server, "dev-1", "dev-1").told("alert")["code"], 44)
        self.with_certificate(server, "dev-2", "dev-2").told("registered")

    def test_the_very_certificate_of_a_device(self):
        server = self.start_with_certificate()
        self.certificate("device", "whoever", "authority")
        self.linnet(server, "credentials", "add", "dev-1", "--mode", "x509", "--key-file", self.path("device.crt"))
        self.with_certificate(server, "dev-1", "device").told("registered")


class CertificatesOverTls(OverTls, Certificates):
    pass


class Refusals(Secured):
    def test_a_private_key_is_not_taken_for_a_public_one(self):
        self.key_pair("device")
        server = self.start()
        self.assertIn("neither", self.linnet(server, "credentials", "add", "urn:dev:1", "--mode", "rpk", "--key-file",
                                             self.path("device.key"), code=2))

    def test_what_linnetd_cannot_prove_itself_with_is_named(self):
        self.key_pair("weak", "P-192")
        self.key_pair("other")
        self.authority("authority")
        self.certificate("server", "server.example", "authority")
        places = ("--memory", "--coap", "127.0.0.1:0", "--http", "127.0.0.1:0", "--coaps", "127.0.0.1:0")
        for flags, code, said in (
                (("--key", self.path("none")), 1, "none"),
                (("--key", self.path("weak.key")), 1, "255"),
                (("--key", self.path("server.pub")), 1, "server.pub"),
                (("--cert", self.path("server.crt")), 2, "key"),
                (("--key", self.path("server.key"), "--crl", self.path("none")), 2, "cert"),
                (("--key", self.path("server.key"), "--cert", self.path("server.crt"), "--crl", self.path("none")), 1, "none"),
                (("--key", self.path("server.key"), "--cert", self.path("server.crt"), "--crl", self.path("server.crt")), 1,
                 "no list of revoked certificates"),
                (("--key", self.path("other.key"), "--cert", self.path("server.crt")), 1, "certificate")):
            with self.subTest(flags):
                got, text = refused(*places, *flags)
                self.assertEqual(got, code, text)
                self.assertIn(said, text)


if __name__ == "__main__":
    unittest.main()
