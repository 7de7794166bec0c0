# SPDX-License-Identifier: Apache-2.0
"""How linnetd starts, and the lines with which it does not (docs/linnetd.md)."""
import os
import subprocess
import tempfile
import unittest

from scripted import Server, Thermometer, harness, refused

DDF = """<?xml version="1.0"?>
<LWM2M><Object ObjectType="MODefinition"><Name>{name}</Name><Description1/><ObjectID>{id}</ObjectID>
<ObjectURN>urn:oma:lwm2m:x:{id}</ObjectURN><ObjectVersion>1.0</ObjectVersion><MultipleInstances>Single</MultipleInstances>
<Mandatory>Optional</Mandatory><Resources>
<Item ID="1"><Name>Level</Name><Operations>R</Operations><MultipleInstances>Single</MultipleInstances>
<Mandatory>Mandatory</Mandatory><Type>{type}</Type><RangeEnumeration/><Units>%</Units><Description/></Item>
</Resources><Description2/></Object></LWM2M>
"""


class Start(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def refused(self, *arguments, code=2):
        """What linnetd says when it does not start."""
        got, said = refused("--coap", "127.0.0.1:0", *(() if "--http" in arguments else ("--http", "127.0.0.1:0")), *arguments)
        self.assertEqual(got, code, said)
        return said

    def refused_file(self, text):
        path = self.write("linnetd.toml", text)
        code, said = refused("--config", path)
        self.assertEqual(code, 2, said)
        self.assertTrue(said.startswith(f"linnetd: {path}:"), said)
        return said[len(f"linnetd: {path}:"):]

    def test_a_port_in_use_is_named(self):
        with Server("--memory") as first:
            for flags, place in ((["--coap", first.coap, "--http", "127.0.0.1:0"], first.coap),
                                 (["--coap", "127.0.0.1:0", "--http", first.http], first.http)):
                code, said = refused("--memory", *flags)
                self.assertEqual(code, 1)
                self.assertIn(place, said)
                self.assertIn("in use", said)

    def test_a_bad_file_is_named_with_its_line(self):
        self.assertRegex(self.refused_file('http = "127.0.0.1:0"\nthreads = \n'), r"^2: ")
        self.assertRegex(self.refused_file('\n\nthreads = "two"\n'), r"^3: threads must be a whole number")
        self.assertRegex(self.refused_file('colour = "red"\n'), r"^1: unknown key 'colour'")
        self.assertRegex(self.refused_file("coap = [1]\n"), r"^1: coap must be")
        self.assertRegex(self.refused_file("[coap]\nport = 1\n"), r"^1: coap must be")
        self.assertIn("nowhere.toml", self.refused("--config", "nowhere.toml"))

    def test_a_wrong_setting_is_named(self):
        for flags, word in ((["--http", "0.0.0.0:0"], "loopback"), (["--http", "192.0.2.1:80"], "loopback"),
                            (["--http", "[::]:0"], "loopback"), (["--http", "nonsense:x"], "http"),
                            (["--coap", "127.0.0.1:99999"], "coap"), (["--threads", "-1"], "threads"),
                            (["--threads", "x"], "threads"), (["--max-devices", "0"], "max-devices"),
                            (["--max-observations", "16777216"], "max-observations"),
                            (["--log-level", "loud"], "log-level"), (["--memory", "--state", self.folder], "memory"),
                            (["--state", ""], "state"), (["--nonsense"], "--nonsense")):
            with self.subTest(flags):
                self.assertIn(word, self.refused(*flags))

    def test_the_largest_limits_are_taken_by_one_worker(self):
        for limits in (["--max-devices", "16000000"], ["--max-observations", "16777215"]):
            with self.subTest(limits), Server("--memory", *limits) as server:
                self.assertEqual(server.rest.call("GET", "/health")[0], 200)

    def test_flags_win_over_the_file(self):
        path = self.write("linnetd.toml", f'coap = ["127.0.0.1:1"]\nhttp = "127.0.0.1:1"\nstate = "{self.folder}/state"\n'
                                          'threads = 1\nlog-level = "info"\n')
        with Server("--config", path, "--memory") as server:
            self.assertEqual(server.rest.call("GET", "/health")[0], 200)
        self.assertFalse(os.path.exists(os.path.join(self.folder, "state")))
        path = self.write("memory.toml", "memory = true\n")
        with Server("--config", path, "--state", os.path.join(self.folder, "wanted")):
            self.assertTrue(os.path.exists(os.path.join(self.folder, "wanted", "linnet.db")))

    def test_objects_of_a_vendor_are_known_by_name(self):
        self.write("26241.xml", DDF.format(name="Tank", id=26241, type="Integer"))
        with Server("--memory", "--models", self.folder) as server:
            self.assertEqual(server.rest.call("GET", "/api/v1/models/Tank")[1]["id"], 26241)

    def test_a_bad_definition_is_named_with_its_line(self):
        self.write("26241.xml", DDF.format(name="Tank", id=26241, type="Nonsense"))
        text = self.refused("--memory", "--models", self.folder, code=1)
        self.assertRegex(text, r"26241\.xml:[67]: ")
        self.write("26241.xml", "<LWM2M>\n<Object>\n</LWM2M>\n")
        self.assertRegex(self.refused("--memory", "--models", self.folder, code=1), r"26241\.xml:\d+: ")
        self.assertIn("nowhere", self.refused("--memory", "--models", "/nowhere", code=1))

    def test_ipv6_from_the_device_to_the_api(self):
        with Server("--memory", coap="[::1]:0", http="[::1]:0") as server:
            with server.device("six", answer=Thermometer()) as device:
                device.register()
                status, shown = server.rest.device("six").shown()
                self.assertEqual(status, 200)
                self.assertTrue(shown["address"].startswith("[::1]:"), shown["address"])
                self.assertEqual(server.rest.device("six").values("3/0/9"), {"/3/0/9": 87})
                done = subprocess.run([harness.program("LINNET"), "--url", f"http://{server.http}", "read", "six", "3/0/9"],
                                      capture_output=True, timeout=harness.PATIENCE, check=False, text=True)
                self.assertEqual((done.returncode, done.stdout.split()[-2:]), (0, ["87", "%"]))

    def test_several_coap_addresses(self):
        with Server("--memory", "--coap", "127.0.0.1:0", coap="[::1]:0") as server:
            second = server.said(r"CoAP at coap://(\S+)")
            self.assertEqual(server.rest.call("GET", "/health")[1]["coap"], [server.coap, second])

    def test_secrets_need_their_key(self):
        state = os.path.join(self.folder, "state")
        key = self.write("key", "ab" * 32)
        other = self.write("other", "cd" * 32)
        with Server("--state", state, "--state-key", f"file:{key}"):
            pass
        said = self.refused("--state", state, "--state-key", f"file:{other}", code=1)
        self.assertIn(other, said)
        self.assertNotIn("cdcd", said)
        self.assertIn("seal.key", self.refused("--state", state, code=1))
        with Server("--state", state, "--state-key", f"file:{other}", "--former-state-key", f"file:{key}"):
            pass
        with Server("--state", state, "--state-key", f"file:{other}"):
            pass
        self.assertIn("does not say where the key for secrets is", self.refused("--state-key", "vault:x"))

    def test_memory_is_for_itself_alone(self):
        # What a program of another user may not look into belongs to root in /proc.
        nobody = ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups") if os.getuid() == 0 else ()
        with Server("--memory", wrapper=nobody) as server:
            self.assertEqual(os.stat(f"/proc/{server.process.pid}/status").st_uid, 0)

    def test_help_and_version(self):
        for flag in ("--help", "--version"):
            done = subprocess.run([harness.program("LINNETD"), flag], capture_output=True, timeout=harness.PATIENCE,
                                  check=False, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("linnetd", done.stdout)


if __name__ == "__main__":
    unittest.main()
