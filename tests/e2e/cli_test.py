# SPDX-License-Identifier: Apache-2.0
"""The command line (docs/cli.md): what it asks, what it prints, how it ends."""
import json
import os
import pty
import select
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from scripted import FETCH, IPATCH, Answer, Server, Thermometer, harness, senml


class CliCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server("--memory"))
        cls.model = Thermometer()
        cls.device = cls.enterClassContext(cls.server.device("urn:dev:cli", answer=cls.model))
        cls.device.register()

    def run_cli(self, *arguments, url=None):
        """Exit code, standard output and standard error."""
        done = subprocess.run([harness.program("LINNET"), "--url", url or f"http://{self.server.http}", *arguments],
                              capture_output=True, timeout=harness.PATIENCE, check=False, text=True)
        return done.returncode, done.stdout, done.stderr

    def done(self, *arguments):
        """The lines that a command which succeeds prints, and what the device was asked."""
        before = len(self.device.asked)
        code, out, err = self.run_cli(*arguments)
        self.assertEqual((code, err), (0, ""), (arguments, out))
        return out.splitlines(), (self.device.asked[before:] or [None])[-1]

    def child(self, *arguments):
        return self.enterContext(harness.Own("linnet", [harness.program("LINNET"), "--url",
                                                        f"http://{self.server.http}", *arguments]))


class Commands(CliCase):
    def test_devices(self):
        lines, _ = self.done("devices", "--endpoint", "urn:dev:cli")
        self.assertEqual(lines[0].split(), ["ENDPOINT", "LWM2M", "LIFETIME", "QUEUE", "UPDATED", "ADDRESS", "OBJECTS"])
        self.assertEqual(lines[1].split()[:4], ["urn:dev:cli", "1.1", "600", "no"])
        self.assertEqual(lines[1].split()[-3:], ["1", "3", "3303(2)"])
        self.assertEqual(self.done("devices", "--names", "--endpoint", "dev:cli")[0], ["urn:dev:cli"])
        self.assertEqual(self.done("devices", "--endpoint", "nobody")[0], ["no device is registered"])
        self.assertEqual(json.loads(self.done("--json", "devices", "--object", "3303")[0][0])["devices"][0]["endpoint"],
                         "urn:dev:cli")

    def test_show(self):
        lines, _ = self.done("show", "urn:dev:cli")
        self.assertIn("3303    Temperature   1.0      0 1", [line.rstrip() for line in lines])
        self.assertEqual(json.loads(self.done("show", "urn:dev:cli", "--json")[0][0])["endpoint"], "urn:dev:cli")

    def test_read(self):
        lines, asked = self.done("read", "urn:dev:cli", "/3303/0")
        self.assertEqual([line.split() for line in lines],
                         [["PATH", "NAME", "VALUE"], ["/3303/0/5700", "Sensor", "Value", "21.5"],
                          ["/3303/0/5701", "Sensor", "Units", "Cel"]])
        self.assertEqual(self.done("read", "urn:dev:cli", "temperature/0/sensor value")[1].path, "/3303/0/5700")
        self.assertEqual(json.loads(self.done("--json", "read", "urn:dev:cli", "3303/0")[0][0])["code"], "2.05")
        self.assertEqual(self.done("read", "urn:dev:cli", "3303/0", "--format", "11542")[1].option(17), 11542)

    def test_several_paths_are_one_composite_operation(self):
        lines, asked = self.done("read", "urn:dev:cli", "/3/0/9", "Temperature/0")
        self.assertEqual([line.split() for line in lines[1:]],
                         [["/3/0/9", "Battery", "Level", "87", "%"], ["/3303/0/5700", "Sensor", "Value", "21.5"],
                          ["/3303/0/5701", "Sensor", "Units", "Cel"]])
        self.assertEqual((asked.method, json.loads(asked.payload)), (FETCH, [{"n": "/3/0/9"}, {"n": "/3303/0"}]))
        lines, asked = self.done("write", "urn:dev:cli", "/1/0/1=300", "Device/0/Timezone=a=b")
        self.assertEqual((lines, asked.method, asked.senml), (["2.04"], IPATCH, {"/1/0/1": 300, "/3/0/15": "a=b"}))
        self.assertEqual(self.done("write", "urn:dev:cli", "/1/0/1=60")[1].method, IPATCH)
        for wrong in (["/1/0/1=300", "/3/0/15"], ["/1/0/1=300", "/1/0/1=301"], ["/1/0/1"], ["/1/0"]):
            self.assertEqual(self.run_cli("write", "urn:dev:cli", *wrong)[0], 2, wrong)

    def test_a_group(self):
        other = self.enterContext(self.server.device("urn:dev:other", answer=lambda request: Answer("4.05"))).register()
        code, out, err = self.run_cli("group", "--endpoint", "urn:dev:", "read", "/3303/0/5700")
        self.assertEqual(code, 1, err)
        self.assertEqual(sorted(out.splitlines())[0], "urn:dev:cli  Sensor Value=21.5")
        self.assertIn("urn:dev:other  The device refused: /3303/0/5700", out)
        self.assertEqual(err, "1 of 2 devices done\n")
        code, out, err = self.run_cli("group", "write", "--devices", "urn:dev:cli", "/1/0/1", "300")
        self.assertEqual((code, out, err), (0, "urn:dev:cli  2.04\n", "1 of 1 devices done\n"))
        self.assertEqual(self.run_cli("group", "--all", "exec", "/3/0/4")[0], 1)
        self.assertEqual(self.device.asked[-1].path, "/3/0/4")
        self.assertEqual(other.deregister(), "2.02")
        self.assertEqual(self.run_cli("group", "read", "/3/0")[0], 1)

    def test_names_with_a_slash(self):
        code, _, err = self.run_cli("read", "urn:dev:cli", "Light Control/0/On/Off")
        self.assertEqual((code, self.device.asked[-1].path), (1, "/3311/0/5850"), err)
        asked = self.done("write", "urn:dev:cli", "/3311/0", "--update", "On/Off=true")[1]
        self.assertEqual(asked.senml, {"/3311/0/5850": True})

    def test_write(self):
        lines, asked = self.done("write", "urn:dev:cli", "/1/0/1", "300")
        self.assertEqual((lines, asked.path, asked.method), (["2.04"], "/1/0/1", 3))
        asked = self.done("write", "urn:dev:cli", "/1/0", "--update", "Lifetime=300", "2=5")[1]
        self.assertEqual((asked.method, asked.senml), (2, {"/1/0/1": 300, "/1/0/2": 5}))
        asked = self.done("write", "urn:dev:cli", "/16/0", "0/0=host", "0/3=a=b")[1]
        self.assertEqual(asked.senml, {"/16/0/0/0": "host", "/16/0/0/3": "a=b"})

    def test_a_value_may_hold_an_equals_sign(self):
        asked = self.done("write", "urn:dev:cli", "/5/0/0", "AAEC/w==")[1]
        self.assertEqual(asked.senml, {"/5/0/0": "AAEC_w"})
        asked = self.done("write", "urn:dev:cli", "/3/0/15", "a=b")[1]
        self.assertEqual(asked.senml, {"/3/0/15": "a=b"})

    def test_exec_create_delete(self):
        lines, asked = self.done("exec", "urn:dev:cli", "/3/0/4", "0='a',1")
        self.assertEqual((lines, asked.payload), (["2.04"], b"0='a',1"))
        lines, asked = self.done("create", "urn:dev:cli", "/3303", "--instance", "7", "5700=1")
        self.assertEqual((lines, asked.senml), (["2.01 /3303/7"], {"/3303/7/5700": 1}))
        self.assertEqual(self.done("delete", "urn:dev:cli", "/3303/7")[0], ["2.02"])

    def test_discover_and_attributes(self):
        self.assertEqual([line.split() for line in self.done("discover", "urn:dev:cli", "/3303/0")[0]],
                         [["PATH", "ATTRIBUTES"], ["/3303/0", "pmin=5"], ["/3303/0/5700"]])
        asked = self.done("attributes", "urn:dev:cli", "/3303/0/5700", "pmin=1", "st=0.5", "gt=")[1]
        self.assertEqual(sorted(asked.query), ["gt", "pmin=1", "st=0.5"])

    def test_forget_health_and_models(self):
        with self.server.device("gone") as device:
            device.register()
            self.assertEqual(self.done("forget", "gone")[0], ["gone is forgotten"])
        self.assertEqual(json.loads(self.done("health")[0][0])["status"], "ok")
        self.assertTrue(any(line.split()[:2] == ["3303", "1.1"] for line in self.done("models")[0]))
        self.assertEqual(self.done("models", "3303")[0][0].split()[:2], ["3303", "Temperature"])

    def test_exit_codes(self):
        for arguments, code in ((("show", "nobody"), 1), (("read", "urn:dev:cli", "/9/9"), 1),
                                (("read", "urn:dev:cli", "nonsense"), 1), ((), 2), (("nonsense",), 2), (("show",), 2),
                                (("write", "urn:dev:cli", "/1/0", "5"), 2), (("write", "urn:dev:cli", "/1/0/1", "5", "6"), 2),
                                (("write", "urn:dev:cli", "/1/0", "5=1", "5/0=2"), 2),
                                (("attributes", "urn:dev:cli", "/1/0", "pmin"), 2), (("--timeout", "0", "devices"), 2),
                                (("completion", "csh"), 2)):
            with self.subTest(arguments):
                got, out, err = self.run_cli(*arguments)
                self.assertEqual(got, code, err)
                self.assertTrue(err)
        code, out, err = self.run_cli("devices", url="http://127.0.0.1:1")
        self.assertEqual(code, 3)
        self.assertIn("cannot reach linnetd at http://127.0.0.1:1", err)
        self.assertEqual(self.run_cli("events", url="http://[::1]:1")[0], 3)
        self.assertEqual(self.run_cli("devices", url="https://127.0.0.1")[0], 2)

    def test_a_refusal_says_what_the_device_said(self):
        code, out, err = self.run_cli("read", "urn:dev:cli", "/3/0/1")
        self.assertEqual((code, out), (1, ""))
        self.assertIn("4.04 Not Found", err)
        code, out, _ = self.run_cli("--json", "read", "urn:dev:cli", "/9/9")
        self.assertEqual((code, json.loads(out)["coap"]), (1, "4.04"))

    def test_a_silent_device_takes_no_longer_than_it_may(self):
        with self.server.device("silent", answer=lambda request: None) as device:
            device.register()
            started = time.monotonic()
            code, _, err = self.run_cli("--timeout", "1", "read", "silent", "/3/0")
            self.assertEqual(code, 1)
            self.assertIn("did not answer", err)
            self.assertGreaterEqual(time.monotonic() - started, 1)


class Streams(CliCase):
    def test_observe_shows_values_and_cancels_at_the_end(self):
        child = self.child("observe", "urn:dev:cli", "/3303/0/5700", "--count", "2")
        child.out.take(lambda line: "observing /3303/0/5700" in line, "that it observes")
        for sequence, value in ((2, 22.5), (3, 23.5)):
            self.device.notify(self.model.token, sequence, senml("/3303/0/", {"5700": value}))
            child.out.take(lambda line, v=value: f"Sensor Value={v}" in line, f"the value {value}")
        self.assertEqual(child.process.wait(harness.PATIENCE), 0)
        self.assertEqual(self.server.rest.call("GET", "/api/v1/devices/urn:dev:cli/observations")[1], {"observations": []})

    def test_several_paths_are_observed_at_once(self):
        child = self.child("observe", "urn:dev:cli", "/3303/0", "/3/0/9", "--count", "1")
        child.out.take(lambda line: line == "observing /3/0/9 and /3303/0; Ctrl-C ends", "that it observes")
        self.device.notify(self.model.token, 2, json.dumps([{"n": "/3/0/9", "v": 86},
                                                            {"n": "/3303/0/5700", "v": 20, "t": 1600000000}]).encode())
        child.out.take(lambda line: "notified  urn:dev:cli  /3/0/9 Battery Level=86 %" in line
                       and "/3303/0/5700 Sensor Value=20.0 (2020-09-13T12:26:40Z)" in line, "both values")
        self.assertEqual(child.process.wait(harness.PATIENCE), 0)
        self.assertEqual(self.server.rest.call("GET", "/api/v1/devices/urn:dev:cli/observations")[1], {"observations": []})

    def test_what_a_device_sends_is_shown(self):
        child = self.child("events", "--endpoint", "urn:dev:cli", "--type", "sent", "--count", "1")

        def shown():
            self.assertEqual(self.device.push([{"n": "/3303/0/5700", "v": 21.5, "t": 1600000000}]), "2.04")
            return child.process.poll() is not None

        harness.eventually(shown, "the event")
        child.out.take(lambda line: "sent  urn:dev:cli  /3303/0/5700 Sensor Value=21.5 (2020-09-13T12:26:40Z)" in line,
                       "the value")

    def test_an_interrupt_ends_observing_and_cancels(self):
        child = self.child("--json", "observe", "urn:dev:cli", "/3303/0/5701")
        child.out.take(lambda line: json.loads(line).get("observation"), "that it observes")
        child.process.send_signal(signal.SIGINT)
        self.assertEqual(child.process.wait(harness.PATIENCE), 0)
        self.assertEqual(self.server.rest.call("GET", "/api/v1/devices/urn:dev:cli/observations")[1], {"observations": []})

    def test_an_interrupt_ends_waiting_for_a_silent_device(self):
        device = self.enterContext(self.server.device("asleep", answer=lambda request: None))
        device.register()
        with harness.Child("linnet", [harness.program("LINNET"), "--url", f"http://{self.server.http}", "observe",
                                      "asleep", "/3/0"]) as child:
            harness.eventually(lambda: device.asked, "the device is asked")
            child.process.send_signal(signal.SIGINT)
            self.assertEqual(child.process.wait(harness.PATIENCE), -signal.SIGINT)

    def test_events(self):
        child = self.child("events", "--endpoint", "eventful", "--type", "registered,deregistered", "--count", "2")
        plain = self.child("--json", "events", "--endpoint", "eventful", "--type", "registered", "--count", "1")
        with self.server.device("eventful") as device:
            # Neither says when its stream stands: the device comes and goes until both have seen it.
            def both_ended():
                device.register()
                device.deregister()
                return child.process.poll() is not None and plain.process.poll() is not None

            harness.eventually(both_ended, "both have seen the events")
        child.out.take(lambda line: "registered  eventful" in line, "the event")
        said = plain.out.take(json.loads, "the event as JSON")
        self.assertEqual((said["event"], said["data"]["endpoint"]), ("registered", "eventful"))

    def test_a_type_that_is_none_is_refused(self):
        code, _, err = self.run_cli("events", "--type", "nonsense")
        self.assertEqual(code, 1)
        self.assertIn("nonsense", err)


class Completion(CliCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        os.symlink(os.path.abspath(harness.program("LINNET")), os.path.join(self.folder, "linnet"))

    def complete(self, typed):
        """What an interactive bash makes of the typed text and TAB."""
        mark = "<END>"
        script = os.path.join(self.folder, "rc")
        with open(script, "w", encoding="utf-8") as out:
            out.write(f'PATH={self.folder}:$PATH\nPS1="READY "\nLINNET_URL=http://{self.server.http}\nexport LINNET_URL\n'
                      "bind 'set enable-bracketed-paste off'\nbind 'set show-all-if-ambiguous on'\n"
                      "source <(linnet completion bash)\n")
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.folder)
            os.execv(shutil.which("bash"), ["bash", "--noprofile", "--rcfile", script, "-i"])
        try:
            said = self.until(terminal, "READY ")
            os.write(terminal, typed.encode() + b"\t" + mark.encode())
            said = self.until(terminal, mark)
            return said[:said.index(mark)]
        finally:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(terminal)

    def until(self, terminal, mark):
        said, end = "", time.monotonic() + harness.PATIENCE
        while mark not in said:
            if not select.select([terminal], [], [], max(0, end - time.monotonic()))[0]:
                raise AssertionError(f"bash did not say {mark}: {said!r}")
            said += os.read(terminal, 4096).decode(errors="replace")
        return said

    def test_commands_options_and_shells(self):
        self.assertEqual(self.complete("linnet disc"), "linnet discover ")
        self.assertEqual(self.complete("linnet --js"), "linnet --json ")
        self.assertEqual(self.complete("linnet completion z"), "linnet completion zsh ")
        self.assertEqual(self.complete("linnet firmware pus"), "linnet firmware push ")
        self.assertEqual(self.complete("linnet firmware push urn:d"), "linnet firmware push urn:dev:cli ")

    def test_endpoint_names_with_colons(self):
        self.assertEqual(self.complete("linnet read urn:d"), "linnet read urn:dev:cli ")
        self.assertEqual(self.complete("linnet --json show u"), "linnet --json show urn:dev:cli ")
        self.assertEqual(self.complete(f"linnet --url http://{self.server.http} show ur").split()[-1], "urn:dev:cli")

    def test_a_name_is_never_run_by_the_shell(self):
        with self.server.device("evil$(touch ran)`touch ran`") as device:
            device.register()
            self.assertNotIn("evil", self.complete("linnet show urn"))
            self.assertIn("\\$\\(touch", self.complete("linnet show evi"))
        self.assertFalse(os.path.exists(os.path.join(self.folder, "ran")))

    def test_scripts_are_there_for_every_shell(self):
        for shell in ("bash", "zsh", "fish"):
            self.assertIn("linnet", self.run_cli("completion", shell)[1])
        subprocess.run(["bash", "-n"], input=self.run_cli("completion", "bash")[1].encode(), check=True,
                       timeout=harness.PATIENCE)


if __name__ == "__main__":
    unittest.main()
