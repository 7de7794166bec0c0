# SPDX-License-Identifier: Apache-2.0
# Shows: SE-4, OP-8
"""A device makes its own key, gets a certificate for it from linnetd's bootstrap server by EST, and is managed by it."""
import os
import re
import socket
import subprocess
import time
import unittest
import urllib.request

from est_server import EstServer
from scripted import harness, refused
from secured_bootstrap_test import SecuredBootstrap
from secured_test import KEY

DAY = 86_400


class Enrolling(SecuredBootstrap):
    def start_est(self, authority, *flags):
        """A server that takes the certificates of this authority."""
        self.authority("authority")
        self.certificate("server", "server.example", "authority")
        server = self.start_bootstrap("--state", self.path("state"), "--key", self.path("server.key"), "--cert",
                                      self.path("server.crt"), *flags)
        self.linnet(server, "credentials", "add", "urn:dev:*", "--mode", "x509", "--key-file", authority)
        self.give_psk(server, "urn:dev:1")
        # No key is in it: one configuration does for all devices.
        self.configure(server, "urn:dev:*", {"2": 4, "4": self.der("authority.crt"), "14": "server.example", "15": 2})
        return server

    def enrolling(self, server, *flags):
        return self.bootstrap(server, "urn:dev:1", "--psk-identity", "urn:dev:1", "--psk-key", KEY, *flags)

    def enrolled(self, server):
        with urllib.request.urlopen(f"http://{server.http}/metrics", timeout=harness.PATIENCE) as answer:
            return float(re.search(r"^linnet_est_enrolled_total (\S+)$", answer.read().decode(), re.M).group(1))


class Enrolment(Enrolling):
    def start_trial(self):
        self.trial = os.path.join(self.path("state"), "est-trial-ca.pem")
        return self.start_est(self.trial, "--est-trial")

    def test_a_device_enrols_and_registers_by_its_certificate(self):
        server = self.start_trial()
        flags = ("--state", self.path("device"))
        device = self.enrolling(server, *flags)
        self.assertEqual(device.told("enrolled")["server"], 101)
        location = device.told("registered")["location"]
        self.assert_reads(server, "urn:dev:1")
        self.assertEqual(self.enrolled(server), 1)
        # After a power cut it has its key and its certificate, and asks for no other.
        harness.eventually(lambda: self.saved(location), "the registration is on disk")
        device.process.kill()
        device.process.wait()
        device.check_end = lambda: None
        again = self.enrolling(server, *flags)
        again.out.take(lambda line: '"registered"' in line or '"updated"' in line, "registered or updated")
        self.assert_reads(server, "urn:dev:1")
        self.assertEqual(self.enrolled(server), 1)

    def test_a_certificate_is_renewed_before_its_end(self):
        server = self.start_trial()
        device = self.enrolling(server)
        device.told("registered")
        device.rpc("advance", seconds=250 * DAY)
        device.told("enrolled")
        harness.eventually(lambda: self.enrolled(server) == 2, "a second certificate")

    def test_who_has_proved_nothing_gets_none(self):
        server = self.start_trial()
        stranger = self.bootstrap(server, "urn:dev:2", "--psk-identity", "urn:dev:2", "--psk-key", KEY)
        self.assertEqual(stranger.told("alert")["code"], 115)
        self.assertEqual(self.enrolled(server), 0)

    def test_the_authority_for_trying_is_made_once_and_its_key_is_its_owners(self):
        server = self.start_trial()
        key = os.path.join(self.path("state"), "est-trial-ca.key")
        self.assertEqual(os.stat(key).st_mode & 0o777, 0o600)
        with open(self.trial, encoding="ascii") as file:
            first = file.read()
        shown = subprocess.run([harness.debian_program("openssl", "openssl"), "x509", "-in", self.trial, "-noout", "-subject"],
                               capture_output=True, check=True, text=True, timeout=harness.PATIENCE).stdout
        self.assertIn("trial", shown)
        server.kill()
        self.start_bootstrap("--state", self.path("state"), "--est-trial")
        with open(self.trial, encoding="ascii") as file:
            self.assertEqual(file.read(), first)

    def test_settings_that_do_not_go_together_are_named(self):
        places = ("--memory", "--coap", "127.0.0.1:0", "--http", "127.0.0.1:0")
        secured = ("--bootstrap-coaps", "127.0.0.1:0")
        for flags, code, said in (
                (("--est-trial",), 2, "memory"),
                (("--est-ca", "x.pem", *secured), 2, "est-key"),
                (("--est-ca", "x.pem", "--est-key", "x.key"), 2, "bootstrap-coaps"),
                (("--est-ca", "x.pem", "--est-key", "x.key", *secured), 1, "x.pem"),
                (("--est-ca", "x.pem", "--est-key", "x.key", "--est-pin", "env:X", *secured), 2, "est-pin"),
                (("--est-server", "https://x", "--est-cert", "x.pem", *secured), 2, "est-key"),
                (("--est-server", "https://x", "--est-ca", "x.pem", "--est-key", "x", *secured), 2, "exclude"),
                (("--est-server", "http://x", *secured), 1, "http://x"),
                (("--est-server", "https://x", "--est-trust", "none.pem", *secured), 1, "none.pem"),
                (("--est-trust", "x.pem", *secured), 2, "est-server")):
            with self.subTest(flags):
                got, text = refused(*places, *flags)
                self.assertEqual(got, code, text)
                self.assertIn(said, text)


class Elsewhere(Enrolling):
    """linnetd as the registrar of RFC 9148 §5: an EST server behind it gives the certificates."""

    def start_registrar(self, *flags, clients=None, trust="web", url=None):
        self.authority("web")
        self.key_pair("est")
        self.openssl("req", "-new", "-key", self.path("est.key"), "-subj", "/CN=est", "-out", self.path("csr"),
                     "-addext", "subjectAltName=IP:127.0.0.1")
        self.openssl("x509", "-req", "-in", self.path("csr"), "-CA", self.path("web.crt"), "-CAkey",
                     self.path("web.key"), "-CAcreateserial", "-days", "1", "-copy_extensions", "copy", "-out",
                     self.path("est.crt"))
        self.authority("devices")
        self.est = EstServer(self.path, "devices", "est", clients)
        self.addCleanup(self.est.close)
        return self.start_est(self.path("devices.crt"), "--est-server", url or self.est.url, "--est-trust",
                              self.path(trust + ".crt"), *flags)

    def refused(self, server):
        """The reason that a device tells for having got no certificate."""
        return self.enrolling(server).told("enrolment-failed")["reason"]

    def test_a_device_enrols_at_the_server_behind_it_and_renews_there(self):
        server = self.start_registrar()
        device = self.enrolling(server)
        device.told("enrolled")
        device.told("registered")
        self.assert_reads(server, "urn:dev:1")
        self.assertEqual(self.est.operations(), ["cacerts", "simpleenroll"])
        self.assertEqual(self.enrolled(server), 1)
        device.rpc("advance", seconds=250 * DAY)
        device.told("enrolled")
        # The authority's certificates are not fetched for each device.
        self.assertEqual(self.est.operations(), ["cacerts", "simpleenroll", "simplereenroll"])

    def test_linnetd_proves_itself_by_a_certificate(self):
        self.authority("operators")
        self.certificate("registrar", "linnetd", "operators")
        server = self.start_registrar("--est-cert", self.path("registrar.crt"), "--est-key", self.path("registrar.key"),
                                      clients="operators")
        self.enrolling(server).told("registered")
        self.assertEqual({client for _, _, client in self.est.asked}, {"linnetd"})

    def test_linnetd_proves_itself_by_a_login(self):
        with open(self.path("login"), "w", encoding="ascii") as file:
            file.write("linnetd:secret word\n")
        server = self.start_registrar("--est-login", "file:" + self.path("login"))
        self.est.login = "linnetd:secret word"
        self.enrolling(server).told("registered")

    def test_a_server_that_nobody_vouches_for_gets_nothing(self):
        self.authority("others")
        server = self.start_registrar(trust="others")
        self.assertIn("5.02", self.refused(server))
        self.assertEqual(self.est.asked, [])
        self.assertEqual(server.rest.call("GET", "/health")[0], 200)

    def test_what_the_server_refuses_becomes_a_code_of_coap(self):
        server = self.start_registrar()
        for answer, code in (((400,), "4.00"), ((403,), "4.03"), ((404,), "4.04"), ((500,), "5.02"),
                             ((503, [("Retry-After", "7")]), "5.03"), ((202, [("Retry-After", "7")]), "5.03")):
            with self.subTest(answer):
                self.est.answer = None
                device = self.enrolling(server)
                device.told("registered")  # the authorities are known from now on
                self.est.answer = answer
                device.rpc("advance", seconds=250 * DAY)
                self.assertIn(code, device.told("enrolment-failed")["reason"])
                device.end()

    def test_a_certificate_for_somebody_else_is_not_passed_on(self):
        server = self.start_registrar()
        self.est.subject = "urn:dev:2"
        self.assertIn("5.02", self.refused(server))
        self.assertEqual(self.enrolled(server), 0)

    def test_a_server_that_is_silent_holds_up_nobody_and_no_end(self):
        with socket.create_server(("127.0.0.1", 0)) as silent:
            server = self.start_registrar(url=f"https://127.0.0.1:{silent.getsockname()[1]}/est")
            waiting = self.enrolling(server)
            asked = self.enterContext(silent.accept()[0])
            asked.recv(1)
            self.give_psk(server, "urn:dev:5")
            self.configure_other(server)
            other = self.bootstrap(server, "urn:dev:5", "--psk-identity", "urn:dev:5", "--psk-key", KEY)
            other.told("registered")
            began = time.monotonic()
            server.end()
            self.assertLess(time.monotonic() - began, 10)
            waiting.end(check=False)

    def configure_other(self, server):
        status, said = server.rest.call("PUT", "/api/v1/bootstrap/configurations/other", {
            "endpoints": ["urn:dev:5"], "delete": ["/0", "/1"],
            "write": {"/0/1": {"0": f"coaps://{server.coaps}", "10": 101, "2": 0, "3": {"text": "{endpoint}"},
                               "5": {"hex": KEY}},
                      "/1/0": {"0": 101, "1": 300, "6": True, "7": "U"}}})
        self.assertEqual(status, 201, said)


if __name__ == "__main__":
    unittest.main()
