# SPDX-License-Identifier: Apache-2.0
# Shows: OP-8, SE-13
"""linnet-device with a smartcard in a virtual reader, pcscd between them (ETS case 3, Core 1.1 §6.1.4.2)."""
import os
import subprocess
import tempfile
import unittest

import virtual_card
from coap_peer import POST, TIMEOUT, Server
from device_control_test import Controller
from virtual_card import Card, Reader, account_file

PROGRAM = os.environ["LINNET_DEVICE"]
KEYS = (bytes(range(0x40, 0x50)), bytes(range(0x50, 0x60)))


class Cards(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        virtual_card.check_aes()

    def setUp(self):
        self.processes = []
        self.service = "/nobody/listens/here"
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.server, self.other = Server(), Server()
        self.addCleanup(self.server.close)
        self.addCleanup(self.other.close)
        self.addCleanup(self.end)

    def with_reader(self):
        self.reader = Reader()
        self.addCleanup(self.reader.close)
        self.service = self.reader.service

    def end(self):
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait(TIMEOUT)
            process.stdin.close()
            process.stdout.close()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def keys_file(self, keys=KEYS):
        with open(self.path("card.keys"), "w", encoding="ascii") as file:
            file.write("\n".join(key.hex() for key in (*keys, bytes(len(keys[0])))) + "\n")
        return self.path("card.keys")

    def start(self, *arguments):
        process = subprocess.Popen([PROGRAM, "--endpoint", "card", "--control", "stdio", *arguments],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                   env={**os.environ, "PCSCLITE_CSOCK_NAME": self.service})
        self.processes.append(process)
        return Controller(process.stdout, process.stdin)

    def secured(self, *arguments):
        return self.start("--smartcard", virtual_card.READER, "--smartcard-keys", self.keys_file(), *arguments)

    def card(self, server, instance=0, number=7, keys=KEYS, pin=None):
        return Card(account_file(instance, f"coap://127.0.0.1:{server.port}", number), keys, pin)

    def pin_flag(self, pin):
        with open(self.path("pin"), "w", encoding="ascii") as file:
            file.write(pin + "\n")
        return "--smartcard-pin", "file:" + self.path("pin")

    def expect_card(self, control, state):
        event = control.event("card")
        # It may be taken out while it is read, and a look at it may find none before the next one comes.
        while event["state"] in ("waiting", "none") and event["state"] != state:
            event = control.event("card")
        self.assertEqual(state, event["state"], event)
        return event


class Smartcard(Cards):
    def setUp(self):
        super().setUp()
        self.with_reader()

    def test_Int3_accounts_of_the_card_are_registered_with(self):
        self.reader.insert(self.card(self.server))
        control = self.secured("--server", f"coap://127.0.0.1:{self.other.port}")
        self.assertIn("lt=300", self.server.accept_registration().query())
        self.expect_card(control, "applied")
        self.assertEqual(7, control.event("registered")["server"])
        self.assertEqual([7], [s["server"] for s in control.call("status")["servers"]])

    def test_a_card_without_keys_is_read_in_clear_when_the_device_asks_for_none(self):
        self.reader.insert(self.card(self.server, keys=None))
        control = self.start("--smartcard")
        self.server.accept_registration()
        self.expect_card(control, "applied")

    def test_a_card_that_does_not_prove_itself_brings_nothing(self):
        self.reader.insert(self.card(self.other, keys=(KEYS[0], bytes(16))))
        control = self.secured("--server", f"coap://127.0.0.1:{self.server.port}")
        self.assertIn("secure channel", self.expect_card(control, "none")["reason"])
        self.server.accept_registration()

    def test_a_file_behind_a_pin_is_read_with_it(self):
        card = self.card(self.server, pin="1234")
        self.reader.insert(card)
        control = self.secured(*self.pin_flag("1234"))
        self.server.accept_registration()
        self.expect_card(control, "applied")
        self.assertEqual((card.given, card.tries), (1, 3))

    def test_a_wrong_pin_is_tried_once_and_never_again(self):
        card = self.card(self.other, pin="1234")
        self.reader.insert(card)
        account = ("--server", f"coap://127.0.0.1:{self.server.port}")
        control = self.secured(*self.pin_flag("4321"), *account)
        self.assertIn("refuses the PIN", self.expect_card(control, "none")["reason"])
        self.server.accept_registration()
        control.event("registered")
        # Each Update looks at the card again, and so does the next process.
        control.call("update")
        self.server.answer(self.server.expect(POST, "/rd/1"), "2.04")
        control.event("updated")
        self.processes[-1].kill()
        self.processes[-1].wait(TIMEOUT)
        again = self.secured(*self.pin_flag("4321"), *account)
        self.assertIn("less than three tries", self.expect_card(again, "none")["reason"])
        self.assertEqual((card.given, card.tries), (1, 2))

    def test_without_its_card_the_device_is_what_it_was_and_takes_the_next_one(self):
        self.reader.insert(self.card(self.server))
        control = self.secured("--server", f"coap://127.0.0.1:{self.other.port}")
        self.server.accept_registration()
        self.expect_card(control, "applied")
        self.reader.remove()
        self.expect_card(control, "withdrawn")
        self.other.accept_registration()
        self.reader.insert(self.card(self.server, instance=3, number=9))
        self.expect_card(control, "applied")
        self.server.accept_registration()
        self.assertEqual([9], [s["server"] for s in control.call("status")["servers"]])

    def test_without_its_card_the_bootstrap_server_is_asked(self):
        self.reader.insert(self.card(self.server))
        control = self.secured("--bootstrap", f"coap://127.0.0.1:{self.other.port}")
        self.server.accept_registration()
        self.expect_card(control, "applied")
        self.reader.remove()
        self.expect_card(control, "withdrawn")
        self.assertIn("ep=card", self.other.expect(POST, "/bs").query())

    def test_bootstrap_data_that_changed_on_the_card_are_seen_at_an_update(self):
        card = self.card(self.server)
        self.reader.insert(card)
        control = self.secured()
        self.server.accept_registration()
        self.expect_card(control, "applied")
        card.files["6432"] = account_file(0, f"coap://127.0.0.1:{self.other.port}", 8)
        control.call("update")
        update = self.server.expect(POST, "/rd/1")
        self.server.answer(update, "2.04")
        self.expect_card(control, "applied")
        self.other.accept_registration()

    def test_inconsistent_data_are_refused(self):
        card = self.card(self.server)
        card.files["6432"] = b"\0\x01\0\x05\0\0\0\0\0"
        self.reader.insert(card)
        control = self.secured("--server", f"coap://127.0.0.1:{self.server.port}")
        self.expect_card(control, "refused")
        self.server.accept_registration()

    def test_accounts_of_a_card_that_went_while_the_device_was_off_go_at_its_start(self):
        self.reader.insert(self.card(self.server))
        state = ("--state", self.path("state"))
        control = self.secured(*state)
        self.server.accept_registration()
        self.expect_card(control, "applied")
        control.event("registered")
        # The same card is no news.
        control.call("exit")
        deregistration = self.server.expect(4)
        self.server.answer(deregistration, "2.02")
        self.processes[-1].wait(TIMEOUT)
        again = self.secured(*state)
        self.server.accept_registration()
        self.assertEqual([7], [s["server"] for s in again.call("status")["servers"]])
        self.assertEqual([], [e for e in again.events if e["method"] == "card"])
        self.processes[-1].kill()
        self.processes[-1].wait(TIMEOUT)
        self.reader.remove()
        without = self.secured(*state)
        self.expect_card(without, "withdrawn")
        self.assertEqual([], without.call("status")["servers"])


class NoService(Cards):
    def test_a_device_without_pcscd_uses_its_other_accounts(self):
        control = self.start("--smartcard", "--server", f"coap://127.0.0.1:{self.server.port}")
        self.server.accept_registration()
        self.assertIn("PC/SC", self.expect_card(control, "waiting")["reason"])

    def test_wrong_files_of_keys_are_refused(self):
        for text in ("", "4041", "40" * 16, "40" * 16 + " " + "50" * 24, "zz" * 16 + " " + "50" * 16):
            with open(self.path("bad"), "w", encoding="ascii") as file:
                file.write(text)
            done = subprocess.run([PROGRAM, "--endpoint", "card", "--smartcard", "--smartcard-keys", self.path("bad")],
                                  capture_output=True, timeout=TIMEOUT, check=False, text=True)
            self.assertEqual(1, done.returncode)
            self.assertIn("--smartcard-keys", done.stderr)
            self.assertNotIn(text or "nothing", done.stderr)


if __name__ == "__main__":
    unittest.main()
