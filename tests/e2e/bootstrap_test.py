# SPDX-License-Identifier: Apache-2.0
# Shows: OP-1, OP-8
"""The bootstrap server of linnetd over scripted devices, through the REST API and the command line."""
import base64
import json
import os
import subprocess
import tempfile
import unittest

from coap_peer import ACCEPT, CONTENT_FORMAT
from scripted import DELETE, GET, LINK_FORMAT, POST, PUT, SENML_JSON, Answer, Device, Server, harness, refused, senml

KEY = b"0123456789abcdef"
FLEET = {
    "endpoints": ["urn:dev:*"],
    "delete": ["/0", "/LwM2M Server"],
    "write": {
        "/0/1": {"LWM2M Server URI": "coap://192.0.2.1:5683", "Security Mode": 3, "Short Server ID": 101},
        "/LwM2M Server/0": {"Short Server ID": 101, "Lifetime": 300, "Binding": "U",
                      "Notification Storing When Disabled or Offline": True},
    },
}
SECURED = {
    "endpoints": ["urn:dev:secured"],
    "delete": ["/"],
    "write": {
        "/0/1": {"0": "coaps://192.0.2.1:5684", "2": 0, "3": {"text": "{endpoint}"}, "5": {"hex": KEY.hex()}, "10": 101},
        "/1/0": {"0": 101, "1": 300, "6": True, "7": "U"},
    },
}


class Obedient:
    """Does what the bootstrap server asks; `shown` is what it answers to a GET of a path."""

    def __init__(self, shown=None, answers=None):
        self.shown, self.answers = shown or {}, answers or {}

    def __call__(self, request):
        if request.path in self.answers:
            return Answer(self.answers[request.path])
        if request.method == GET:
            return self.shown.get(request.path, Answer("4.04"))
        return Answer("2.02" if request.method == DELETE else "2.04")


class BootstrapCase(unittest.TestCase):
    def start(self, *arguments):
        server = self.enterContext(Server("--bootstrap", "127.0.0.1:0", *arguments))
        return server, self.place(server)

    @staticmethod
    def place(server):
        return server.rest.call("GET", "/health")[1]["bootstrap"][0]

    def configure(self, server, name, configuration, status=201):
        got, body = server.rest.call("PUT", f"/api/v1/bootstrap/configurations/{name}", configuration)
        self.assertEqual(got, status, body)
        return body

    def bootstrap(self, server, place, endpoint, answer, query=("pct=110",)):
        """The result of a session, and the device with what it was asked."""
        with server.events(endpoint=endpoint) as events:
            device = self.enterContext(Device(place, endpoint, answer=answer))
            said = device.request(POST, "bs", [f"ep={endpoint}", *query])
            self.assertEqual(said.code_text(), "2.04")
            # The event says when: two sessions of one second may have equal results.
            events.wait(("bootstrapped", "bootstrap-failed"))
        status, result = server.rest.call("GET", f"/api/v1/bootstrap/results/{endpoint}")
        self.assertEqual(status, 200, result)
        return result, device


class Sessions(BootstrapCase):
    def setUp(self):
        self.server, self.at = self.start("--memory")

    def test_a_device_gets_what_its_configuration_says(self):
        shown = self.configure(self.server, "fleet", FLEET)
        self.assertEqual(shown["delete"], ["/0", "/1"])
        self.assertEqual(shown["write"]["/1/0"]["Lifetime"], 300)
        result, device = self.bootstrap(self.server, self.at, "urn:dev:1", Obedient())
        self.assertEqual((result["result"], result["configuration"], result["written"], result["code"]),
                         ("finished", "fleet", 2, "2.04"))
        self.assertEqual([(r.method, r.path) for r in device.asked],
                         [(DELETE, "/0"), (DELETE, "/1"), (PUT, "/0/1"), (PUT, "/1/0"), (POST, "/bs")])
        self.assertEqual(device.asked[2].option(CONTENT_FORMAT), SENML_JSON)
        self.assertEqual(device.asked[3].senml, {"/1/0/0": 101, "/1/0/1": 300, "/1/0/6": True, "/1/0/7": "U"})
        account = device.asked[2].senml
        self.assertEqual(account["/0/1/0"], "coap://192.0.2.1:5683")
        self.assertIs(account["/0/1/1"], False)

    def test_events_tell_how_it_went(self):
        self.configure(self.server, "fleet", FLEET)
        with self.server.events() as events:
            self.bootstrap(self.server, self.at, "urn:dev:2", Obedient(answers={"/bs": "4.06"}))
            self.assertEqual(events.wait("bootstrap-started")["configuration"], "fleet")
            failed = events.wait("bootstrap-failed")
            self.assertEqual((failed["result"], failed["operation"], failed["code"]), ("refused", "Finish", "4.06"))
            device = self.enterContext(Device(self.at, "stranger"))
            self.assertEqual(device.request(POST, "bs", ["ep=stranger"]).code_text(), "4.00")
            self.assertIn("no configuration", events.wait("bootstrap-failed")["reason"])

    def test_what_a_device_answers_is_kept(self):
        asking = dict(FLEET, discover=["/"], read=["/1", "/2"])
        self.configure(self.server, "asking", asking)
        links = b'</>;lwm2m=1.1,</0/1>;uri="coap://bs",</1/0>;ssid=7,</3/0>'
        shown = {"/": Answer("2.05", links, LINK_FORMAT),
                 "/1": Answer("2.05", senml("/1/0/", {"0": 7, "1": 60}), SENML_JSON)}
        result, device = self.bootstrap(self.server, self.at, "urn:dev:3", Obedient(shown))
        self.assertEqual(device.asked[0].option(ACCEPT), LINK_FORMAT)
        discover, server_object, rights = result["answers"]
        self.assertEqual([link["path"] for link in discover["links"]], ["/", "/0/1", "/1/0", "/3/0"])
        self.assertEqual([value["value"] for value in server_object["values"]], [7, 60])
        self.assertEqual((rights["operation"], rights["path"], rights["code"]), ("Read", "/2", "4.04"))
        self.assertEqual([r.path for r in device.asked[5:7]], ["/0/0", "/1/0"],
                         "the account keeps clear of the instance of the bootstrap server")

    def test_a_registered_device_is_asked_to_bootstrap(self):
        device = self.enterContext(self.server.device("urn:dev:4", answer=lambda request: Answer("2.04")))
        device.register("</1/2>,</3/0>")
        self.assertEqual(self.server.rest.call("POST", "/api/v1/devices/urn:dev:4/bootstrap")[0], 200)
        self.assertEqual((device.asked[-1].method, device.asked[-1].path), (POST, "/1/2/9"))
        device.register("</1/0>,</1/1>,</3/0>")
        status, problem = self.server.rest.call("POST", "/api/v1/devices/urn:dev:4/bootstrap")
        self.assertEqual(status, 400)
        self.assertIn("2 instances", problem["detail"])
        self.assertEqual(self.server.rest.call("POST", "/api/v1/devices/urn:dev:4/bootstrap", {"server": 1})[0], 200)
        self.assertEqual(device.asked[-1].path, "/1/1/9")
        self.assertEqual(self.server.rest.call("POST", "/api/v1/devices/nobody/bootstrap")[0], 404)


class Configurations(BootstrapCase):
    def setUp(self):
        self.server, self.at = self.start("--memory")

    def call(self, method, path, body=None, **query):
        return self.server.rest.call(method, "/api/v1/bootstrap/configurations" + path, body, **query)

    def test_are_added_replaced_listed_and_removed(self):
        for name in ("b", "a", "c"):
            self.configure(self.server, name, dict(FLEET, endpoints=[name + "*"]))
        self.configure(self.server, "b", dict(FLEET, endpoints=["bb*"]), 200)
        status, page = self.call("GET", "", limit=2)
        self.assertEqual([item["name"] for item in page["configurations"]], ["a", "b"])
        status, page = self.call("GET", "", limit=2, cursor=page["cursor"])
        self.assertEqual(([item["name"] for item in page["configurations"]], page["cursor"]), (["c"], None))
        self.assertEqual(self.call("GET", "/b")[1]["endpoints"], ["bb*"])
        self.assertEqual(self.call("DELETE", "/b")[0], 204)
        self.assertEqual(self.call("GET", "/b")[0], 404)
        self.assertEqual(self.call("DELETE", "/b")[0], 404)

    def test_what_is_shown_can_be_entered_again(self):
        before = self.configure(self.server, "fleet", dict(FLEET, discover=["/"], read=["/2"]))
        self.assertEqual(self.configure(self.server, "fleet", before, 200), before)

    def test_two_cannot_have_the_same_device(self):
        self.configure(self.server, "one", FLEET)
        status, problem = self.call("PUT", "/two", FLEET)
        self.assertEqual(status, 409)
        self.assertIn("'one'", problem["detail"])

    def test_wrong_ones_are_refused_with_the_place_and_the_reason(self):
        def wrong(expected, **parts):
            status, problem = self.call("PUT", "/wrong", dict(FLEET, **parts))
            self.assertEqual(status, 400, parts)
            self.assertIn(expected, problem["detail"])

        account = FLEET["write"]["/0/1"]
        server = FLEET["write"]["/LwM2M Server/0"]
        wrong("endpoints", endpoints=[])
        wrong("list of strings", endpoints="urn")
        wrong("'deletes' is no part", deletes=["/"])
        wrong("'/x' is no path", delete=["/x"])
        wrong("/3/0 cannot be deleted", delete=["/3/0"])
        wrong("read: /3", read=["/3"])
        wrong("register nowhere", write={})
        wrong("'Colour' is no resource", write={"/0/1": dict(account, Colour=1), "/1/0": server})
        wrong("/0/1/0 must begin with", write={"/0/1": dict(account, **{"LWM2M Server URI": "x"}), "/1/0": server})
        wrong("/0/1/10 is 102", write={"/0/1": dict(account, **{"Short Server ID": 102}), "/1/0": server})
        wrong("/0/1/10 must be in the range", write={"/0/1": dict(account, **{"Short Server ID": 0}), "/1/0": server})
        wrong("/1/0/1: \"x\" is no Integer", write={"/0/1": account, "/1/0": dict(server, Lifetime="x")})
        wrong("/1/0/6 is missing", write={"/0/1": account, "/1/0": {"0": 101, "1": 300, "7": "U"}})
        wrong("given twice", write={"/0/1": account, "/1/0": dict(server, **{"1": 5})})
        wrong("no secret to keep", write={"/0/1": dict(account, **{"5": {"set": True}}), "/1/0": server})
        self.assertEqual(self.call("GET", "")[1]["configurations"], [])

    def test_keys_are_written_and_never_shown(self):
        shown = self.configure(self.server, "secured", SECURED)
        self.assertEqual(shown["write"]["/0/1"]["Secret Key"], {"set": True})
        listed = json.dumps(self.call("GET", "")[1]) + json.dumps(self.call("GET", "/secured")[1])
        for form in (KEY.decode(), KEY.hex(), base64.b64encode(KEY).decode()):
            self.assertNotIn(form, listed)
        # What was shown keeps the key when it is entered again.
        shown["write"]["/1/0"]["Lifetime"] = 600
        self.configure(self.server, "secured", shown, 200)
        result, device = self.bootstrap(self.server, self.at, "urn:dev:secured", Obedient())
        self.assertEqual(result["result"], "finished")
        account = device.asked[1].senml
        self.assertEqual(base64.urlsafe_b64decode(account["/0/1/5"] + "=="), KEY)
        self.assertEqual(base64.urlsafe_b64decode(account["/0/1/3"] + "=="), b"urn:dev:secured")
        self.assertEqual(device.asked[2].senml["/1/0/1"], 600)
        self.assertNotIn(KEY.decode(), json.dumps(result))


class Programs(BootstrapCase):
    def linnet(self, server, *arguments, data=None):
        done = subprocess.run([harness.program("LINNET"), "--url", f"http://{server.http}", *arguments],
                              capture_output=True, timeout=harness.PATIENCE, check=False, text=True, input=data)
        return done.returncode, done.stdout, done.stderr

    def test_the_command_line_does_it_all(self):
        server, at = self.start("--memory")
        self.assertEqual(self.linnet(server, "bootstrap", "list"), (0, "there is no bootstrap configuration\n", ""))
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(SECURED, file)
            file.flush()
            status, out, _ = self.linnet(server, "bootstrap", "add", "one", file.name)
            self.assertEqual((status, out), (0, "one is in force for urn:dev:secured\n"))
        status, out, err = self.linnet(server, "bootstrap", "add", "two", "-", data=json.dumps(dict(FLEET, write={})))
        self.assertEqual(status, 1)
        self.assertIn("register nowhere", err)
        self.assertEqual(self.linnet(server, "bootstrap", "add", "two", "-", data="{")[0], 2)
        self.assertEqual(self.linnet(server, "bootstrap", "add", "two", "/nowhere")[0], 2)
        status, out, _ = self.linnet(server, "bootstrap", "show", "one")
        self.assertEqual(json.loads(out)["write"]["/0/1"]["Secret Key"], {"set": True})
        status, out, _ = self.linnet(server, "bootstrap", "list")
        self.assertRegex(out, r"one +urn:dev:secured +/ +/0/1 /1/0")
        self.bootstrap(server, at, "urn:dev:secured", Obedient(answers={"/1/0": "4.00"}))
        status, out, _ = self.linnet(server, "bootstrap", "results")
        self.assertRegex(out, r"urn:dev:secured +one .* refused: Write /1/0: 4\.00")
        status, out, _ = self.linnet(server, "bootstrap", "results", "urn:dev:secured")
        self.assertIn("refused", out)
        device = self.enterContext(server.device("urn:dev:9", answer=lambda request: Answer("2.04")))
        device.register()
        self.assertEqual(self.linnet(server, "bootstrap", "trigger", "urn:dev:9"), (0, "2.04\n", ""))
        self.assertEqual(device.asked[-1].path, "/1/0/9")
        self.assertEqual(self.linnet(server, "bootstrap", "remove", "one"), (0, "one is removed\n", ""))
        self.assertEqual(self.linnet(server, "bootstrap", "remove", "one")[0], 1)

    def test_configurations_and_results_survive_kill_9(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        state = os.path.join(folder, "state")
        server, at = self.start("--state", state)
        self.configure(server, "secured", SECURED)
        self.configure(server, "fleet", FLEET)
        self.assertEqual(server.rest.call("DELETE", "/api/v1/bootstrap/configurations/fleet")[0], 204)
        before, _ = self.bootstrap(server, at, "urn:dev:secured", Obedient())
        # The result is written behind: what is committed after it has it on the disk.
        self.configure(server, "other", dict(FLEET, endpoints=["x"]))
        server.kill()
        server, at = self.start("--state", state)
        names = [item["name"] for item in server.rest.call("GET", "/api/v1/bootstrap/configurations")[1]["configurations"]]
        self.assertEqual(names, ["other", "secured"])
        self.assertEqual(server.rest.call("GET", "/api/v1/bootstrap/results/urn:dev:secured")[1], before)
        after, device = self.bootstrap(server, at, "urn:dev:secured", Obedient())
        self.assertEqual(base64.urlsafe_b64decode(device.asked[1].senml["/0/1/5"] + "=="), KEY)

    def test_a_bootstrap_server_may_be_alone(self):
        child = self.enterContext(harness.Own("linnetd", [
            harness.program("LINNETD"), "--no-coap", "--bootstrap", "127.0.0.1:0", "--http", "127.0.0.1:0", "--memory"]))
        http = child.err.take(lambda line: line.split("http://")[1].split("/")[0] if "API at" in line else None, "API")
        health = harness.Rest(http).call("GET", "/health")[1]
        self.assertEqual((health["coap"], len(health["bootstrap"])), ([], 1))

    def test_without_one_the_routes_say_so(self):
        server = self.enterContext(Server("--memory"))
        status, problem = server.rest.call("GET", "/api/v1/bootstrap/configurations")
        self.assertEqual(status, 404)
        self.assertIn("--bootstrap", problem["detail"])

    def test_settings_that_cannot_be_are_refused(self):
        status, err = refused("--no-coap", "--memory")
        self.assertEqual(status, 2)
        self.assertIn("nothing could reach this server", err)
        status, err = refused("--bootstrap", "nonsense:x", "--memory")
        self.assertEqual(status, 2)
        self.assertIn("bootstrap", err)
        with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
            file.write("bootstrap = 5\n")
            file.flush()
            status, err = refused("--config", file.name)
            self.assertEqual(status, 2)
            self.assertIn("bootstrap must be a string or a list of strings", err)


if __name__ == "__main__":
    unittest.main()
