# SPDX-License-Identifier: Apache-2.0
"""What linnetd keeps: over kill -9, over full and read-only disks, alone on its folder, and how it ends."""
import os
import random
import signal
import tempfile
import threading
import unittest

from scripted import GaveUp, Server, Thermometer, harness, refused

SEED = int(os.environ.get("LINNET_SEED", "20260131"))


class StateCase(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def server(self, *arguments, **named):
        return self.enterContext(Server("--state", os.path.join(self.folder, "state"), *arguments, **named))

    def device(self, server, endpoint):
        return self.enterContext(server.device(endpoint))


class Kill(StateCase):
    def test_no_answered_registration_is_lost_and_no_device_notices(self):
        """Rounds of Register, Update and De-register that a kill -9 ends at any moment."""
        dice = random.Random(SEED)
        living = {}  # by endpoint, what was answered
        unsure = []  # asked for and not answered when the server died
        for round_ in range(6):
            with self.subTest(seed=SEED, round=round_):
                server = self.server()
                for device in living.values():
                    device.moved_to(server.coap)
                self.check(server, living, unsure)
                self.churn(server, living, unsure, round_, dice)

    def check(self, server, living, unsure):
        listed, cursor = set(), None
        while True:
            page = server.rest.call("GET", "/api/v1/devices", limit=1000, **({"cursor": cursor} if cursor else {}))[1]
            listed |= {device["endpoint"] for device in page["devices"]}
            cursor = page["cursor"]
            if cursor is None:
                break
        self.assertLessEqual(set(living), listed)
        self.assertLessEqual(listed, set(living) | set(unsure))
        for device in living.values():
            self.assertEqual(device.update(), "2.04", device.endpoint)

    def churn(self, server, living, unsure, round_, dice):
        """Several devices at once, and a kill in the midst of them."""
        answered = threading.Semaphore(0)
        dying = threading.Event()
        lock = threading.Lock()
        devices = []

        def fleet(index, moves):
            for i, leave in enumerate(moves):
                device = server.device(f"r{round_}-{index}-{i}")
                with lock:
                    self.addCleanup(device.close)
                    devices.append(device)
                    unsure.append(device.endpoint)
                try:
                    device.register(lifetime=86400)
                    with lock:
                        living[device.endpoint] = device
                    if leave:
                        with lock:
                            del living[device.endpoint]
                        device.deregister()
                        with lock:
                            unsure.remove(device.endpoint)
                except (GaveUp, OSError):
                    return
                answered.release()
                if dying.is_set():
                    return

        threads = [threading.Thread(target=fleet, args=(index, [dice.random() < 0.3 for _ in range(200)]), daemon=True)
                   for index in range(4)]
        for thread in threads:
            thread.start()
        for _ in range(dice.randrange(5, 120)):
            self.assertTrue(answered.acquire(timeout=harness.PATIENCE))
        dying.set()
        server.kill()
        for device in devices:
            device.give_up()
        for thread in threads:
            thread.join(harness.PATIENCE)

    def test_observations_go_on_after_a_kill(self):
        server = self.server()
        model = Thermometer()
        device = self.enterContext(server.device("observed", answer=model)).register(lifetime=86400)
        base = "/api/v1/devices/observed"
        self.assertEqual(server.rest.call("PUT", base + "/objects/3/0/9/observe")[1]["observation"], True)
        single = model.token
        self.assertEqual(server.rest.call("PUT", base + "/composite/observe", paths="3/0,3303/0")[1]["observation"], True)
        composite = model.token
        server.kill()
        server = self.server()
        device.moved_to(server.coap)
        listed = server.rest.call("GET", base + "/observations")[1]["observations"]
        self.assertCountEqual(listed, [{"path": "/3/0/9"}, {"paths": ["/3/0", "/3303/0"]}])
        with server.events(endpoint="observed") as events:
            device.notify(single, 7, b'[{"n":"/3/0/9","v":86}]')
            self.assertEqual(events.wait("notified", lambda d: d.get("path") == "/3/0/9")["values"][0]["value"], 86)
            device.notify(composite, 7, b'[{"n":"/3/0/9","v":85},{"n":"/3303/0/5700","v":20}]')
            told = events.wait("notified", lambda d: "paths" in d)
            self.assertEqual([v["value"] for v in told["values"]], [85, 20.0])
            # They end with their registration, for later starts too.
            device.register(lifetime=86400)
        server.kill()
        server = self.server()
        self.assertEqual(server.rest.call("GET", base + "/observations")[1]["observations"], [])

    def test_memory_forgets(self):
        with Server("--memory") as server:
            device = self.device(server, "forgettable").register()
            server.kill()
        with Server("--memory") as server:
            device.moved_to(server.coap)
            self.assertEqual(device.update(), "4.04")
            self.assertFalse(os.path.exists(os.path.join(self.folder, "state")))

    def test_a_restart_says_what_it_brought_back_and_how_long_it_took(self):
        with self.server() as server:
            for i in range(20):
                self.device(server, f"back-{i}").register(lifetime=86400)
        server = self.server()
        self.assertEqual(server.rest.call("GET", "/health")[1]["restored"], 20)
        server.said(r"20 registrations brought back")
        server.said(r"is ready after \d+\.\d+ s")


class Disk(StateCase):
    def test_a_full_disk_is_5_03_and_unwell_and_mends_nothing_away(self):
        """RLIMIT_FSIZE stands for the disk: SIGXFSZ must not end the server."""
        server = self.server(wrapper=("prlimit", "--fsize=1048576"))
        kept, refused = [], None
        for i in range(20_000):
            device = server.device(f"device-{i:05}-" + "x" * 200)
            said = device.try_register()
            if said != "2.01":
                device.close()
                refused = said
                break
            kept.append(device.endpoint)
            device.close()
        self.assertEqual(refused, "5.03")
        status, health = server.rest.call("GET", "/health")
        self.assertEqual((status, health["status"]), (503, "degraded"))
        self.assertNotEqual(health["store"]["condition"], "ok")
        self.assertTrue(health["store"]["detail"])
        server.said(r"error.*store")
        self.assertIsNone(server.process.poll())
        server.end()
        again = self.server()
        self.assertEqual(again.rest.call("GET", "/health")[1]["restored"], len(kept))

    def test_a_folder_that_cannot_be_made_is_an_error_that_names_it(self):
        with open(os.path.join(self.folder, "file"), "w", encoding="utf-8"):
            pass
        for folder in (os.path.join(self.folder, "file", "state"), "/proc/linnet"):
            code, said = refused("--coap", "127.0.0.1:0", "--http", "127.0.0.1:0", "--state", folder)
            self.assertEqual(code, 1)
            self.assertIn(folder, said)

    def test_two_servers_on_one_folder(self):
        first = self.server()
        state = os.path.join(self.folder, "state")
        code, said = refused("--coap", "127.0.0.1:0", "--http", "127.0.0.1:0", "--state", state)
        self.assertEqual(code, 1)
        self.assertIn(state, said)
        self.assertIn(str(first.process.pid), said)
        self.assertEqual(first.rest.call("GET", "/health")[0], 200)


class End(StateCase):
    def test_sigterm_fails_what_waits_and_ends_with_0(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number):
                server = self.server()
                device = self.enterContext(server.device("waits", answer=lambda request: None))
                device.register()
                answers = []
                threads = [threading.Thread(target=lambda: answers.append(
                    server.rest.device("waits").call("GET", f"3/0/{len(answers)}", timeout=600)[0])) for _ in range(3)]
                with server.events():
                    for thread in threads:
                        thread.start()
                    harness.eventually(lambda: device.asked, "the device is asked")
                    server.process.send_signal(number)
                    self.assertEqual(server.process.wait(harness.PATIENCE), 0)
                for thread in threads:
                    thread.join(harness.PATIENCE)
                self.assertEqual(answers, [503, 503, 503])

    def test_what_was_answered_before_the_end_is_there_after_it(self):
        with self.server() as server:
            device = self.device(server, "lasting").register(lifetime=86400)
            gone = self.device(server, "leaving").register(lifetime=86400)
            self.assertEqual(gone.deregister(), "2.02")
        server = self.server()
        for one in (device, gone):
            one.moved_to(server.coap)
        self.assertEqual((device.update(), gone.update()), ("2.04", "4.04"))
        device.answer = Thermometer()
        status, answer = server.rest.device("lasting").call("GET", "3/0/9")
        self.assertEqual((status, answer["values"][0]["value"]), (200, 87))


if __name__ == "__main__":
    unittest.main()
