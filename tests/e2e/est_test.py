# SPDX-License-Identifier: Apache-2.0
# Shows: SE-4, OP-8
"""A device makes its own key, gets a certificate for it from linnetd's bootstrap server by EST, and is managed by it."""
import os
import re
import subprocess
import unittest
import urllib.request

from scripted import harness, refused
from secured_bootstrap_test import SecuredBootstrap
from secured_test import KEY

DAY = 86_400


class Enrolment(SecuredBootstrap):
    def start_est(self):
        self.authority("authority")
        self.certificate("server", "server.example", "authority")
        server = self.start_bootstrap("--state", self.path("state"), "--key", self.path("server.key"), "--cert",
                                      self.path("server.crt"), "--est-trial")
        self.trial = os.path.join(self.path("state"), "est-trial-ca.pem")
        self.linnet(server, "credentials", "add", "urn:dev:*", "--mode", "x509", "--key-file", self.trial)
        self.give_psk(server, "urn:dev:1")
        # No key is in it: one configuration does for all devices.
        self.configure(server, "urn:dev:*", {"2": 4, "4": self.der("authority.crt"), "14": "server.example", "15": 2})
        return server

    def enrolling(self, server, *flags):
        return self.bootstrap(server, "urn:dev:1", "--psk-identity", "urn:dev:1", "--psk-key", KEY, *flags)

    def enrolled(self, server):
        with urllib.request.urlopen(f"http://{server.http}/metrics", timeout=harness.PATIENCE) as answer:
            return float(re.search(r"^linnet_est_enrolled_total (\S+)$", answer.read().decode(), re.M).group(1))

    def test_a_device_enrols_and_registers_by_its_certificate(self):
        server = self.start_est()
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
        server = self.start_est()
        device = self.enrolling(server)
        device.told("registered")
        device.rpc("advance", seconds=250 * DAY)
        device.told("enrolled")
        harness.eventually(lambda: self.enrolled(server) == 2, "a second certificate")

    def test_who_has_proved_nothing_gets_none(self):
        server = self.start_est()
        stranger = self.bootstrap(server, "urn:dev:2", "--psk-identity", "urn:dev:2", "--psk-key", KEY)
        self.assertEqual(stranger.told("alert")["code"], 115)
        self.assertEqual(self.enrolled(server), 0)

    def test_the_authority_for_trying_is_made_once_and_its_key_is_its_owners(self):
        server = self.start_est()
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
                (("--est-ca", "x.pem", "--est-key", "x.key", *secured), 1, "x.pem")):
            with self.subTest(flags):
                got, text = refused(*places, *flags)
                self.assertEqual(got, code, text)
                self.assertIn(said, text)


if __name__ == "__main__":
    unittest.main()
