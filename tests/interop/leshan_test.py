# SPDX-License-Identifier: Apache-2.0
"""Leshan as a peer: its client as a device at linnetd, its server before linnet-device."""

# Shows: TR-1, OP-14
import base64
import unittest

from harness import MODELS, JsonChild, Linnetd, LinnetDevice, debian_program, peers

TEXT, LINKS, OPAQUE, CBOR, SENML_JSON, SENML_CBOR, TLV, JSON = 0, 40, 42, 60, 110, 112, 11542, 11543
LARGE = bytes(i * 7 % 251 for i in range(6000))  # Leshan takes no body over 8192 bytes, base64 included
MANY = (TLV, SENML_JSON, SENML_CBOR, JSON)


def leshan(program, *arguments, folder="leshan"):
    java = debian_program("java", "openjdk-17-jdk-headless")
    return JsonChild(program, [java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp",
                               f"{peers(folder + '/classes')}:{peers(folder + '/lib')}/*", program, *arguments])


class DeviceAtLinnetd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Linnetd())
        cls.peer = cls.enterClassContext(leshan("LeshanDevice", f"coap://{cls.server.coap}", "leshan", 300, MODELS))
        cls.registered = cls.peer.event("registered")
        cls.device = cls.server.rest.device("leshan")

    def done(self, method, path, body=None, expect=200, **query):
        status, answer = self.device.call(method, path, body, **query)
        self.assertEqual(status, expect, answer)
        return answer

    def test_is_listed_as_it_registered(self):
        shown = self.server.registered("leshan")
        self.assertEqual(shown["location"], self.registered["location"])
        self.assertEqual((shown["lwm2m"], shown["lifetime"], shown["binding"]), ("1.1", 300, "U"))
        self.assertLessEqual({1, 3, 33442}, {one["id"] for one in shown["objects"]})

    def test_reads_a_resource_in_every_format(self):
        for content_format in (TEXT, CBOR, SENML_JSON, SENML_CBOR, TLV, JSON):
            with self.subTest(format=content_format):
                self.assertEqual(self.device.values("3/0/0", format=content_format), {"/3/0/0": "Leshan"})
                self.assertEqual(self.device.values("33442/0/1", format=content_format), {"/33442/0/1": -7})
                self.assertEqual(self.device.values("33442/0/3", format=content_format), {"/33442/0/3": 1.5})
                self.assertEqual(self.device.values("33442/0/4", format=content_format), {"/33442/0/4": True})

    def test_reads_instances_and_objects(self):
        for content_format in MANY:
            with self.subTest(format=content_format):
                values = self.device.values("33442/0", format=content_format)
                self.assertEqual((values["/33442/0/1"], values["/33442/0/3"], values["/33442/0/4"]), (-7, 1.5, True))
                self.assertEqual(self.device.values("1", format=content_format)["/1/0/1"], 300)

    def test_writes_every_data_type_in_every_format(self):
        self.done("POST", "33442", {"instance": 1, "values": {"0": "made"}}, expect=201)
        for path, value in (("33442/1/0", "é"), ("33442/1/1", -(2**40)), ("33442/1/2", 2**40), ("33442/1/3", -2.25),
                            ("33442/1/4", True), ("33442/1/5", "AP8="), ("33442/1/6", "2023-11-14T22:13:20Z"),
                            ("33442/1/7", "3:0")):
            formats = [TEXT, CBOR, *MANY]
            if path.endswith("/5"):
                formats.append(OPAQUE)
            for content_format in formats:
                with self.subTest(path=path, format=content_format):
                    self.done("PUT", path, {"value": value}, format=content_format)
                    self.assertEqual(self.device.values(path, format=content_format), {"/" + path: value})
        self.done("DELETE", "33442/1")

    def test_multiple_resources(self):
        self.done("POST", "33442", {"instance": 2, "values": {"0": "made"}}, expect=201)
        for content_format in MANY:
            with self.subTest(format=content_format):
                self.done("PUT", "33442/2/11", {"value": {"0": 1, "7": content_format}}, format=content_format)
                self.assertEqual(self.device.values("33442/2/11", format=content_format),
                                 {"/33442/2/11/0": 1, "/33442/2/11/7": content_format})
        self.done("DELETE", "33442/2")

    def test_creates_replaces_updates_and_deletes(self):
        for instance, content_format in enumerate((TLV, SENML_JSON, SENML_CBOR, JSON), 10):
            with self.subTest(format=content_format):
                path = f"33442/{instance}"
                made = self.done("POST", "33442", {"instance": instance, "values": {"0": "made", "1": 1}}, expect=201,
                                 format=content_format)
                self.assertEqual(made["code"], "2.01")
                self.done("POST", path, {"values": {"1": 5}}, format=content_format)
                values = self.device.values(path)
                self.assertEqual((values[f"/{path}/0"], values[f"/{path}/1"]), ("made", 5))
                self.done("PUT", path, {"values": {"0": "replaced"}}, format=content_format)
                values = self.device.values(path)
                self.assertEqual(values[f"/{path}/0"], "replaced")
                self.assertNotIn(f"/{path}/1", values)
                self.assertEqual(self.done("DELETE", path), {"code": "2.02"})
                self.assertEqual(self.done("GET", path, expect=404)["coap"], "4.04")

    def test_executes(self):
        self.done("POST", "3/0/4/execute", {"arguments": "0='a',2"})
        self.assertIn("0='a'", self.peer.event("executed", path="/3/0/4")["arguments"])
        self.done("POST", "3/0/5/execute")
        self.peer.event("executed", path="/3/0/5")

    def test_discovers(self):
        links = {one["path"]: one["attributes"] for one in self.done("GET", "33442/0/discover")["links"]}
        self.assertLessEqual({"/33442/0", "/33442/0/0", "/33442/0/20"}, set(links))
        self.assertIn("/3/0/0", [one["path"] for one in self.done("GET", "3/discover")["links"]])

    def test_writes_attributes(self):
        self.done("PUT", "33442/0/3/attributes", {"pmin": 1, "pmax": 60, "gt": 5})
        links = {one["path"]: one["attributes"] for one in self.done("GET", "33442/0/3/discover")["links"]}
        self.assertEqual({name: float(value) for name, value in links["/33442/0/3"].items()},
                         {"pmin": 1, "pmax": 60, "gt": 5})
        self.done("PUT", "33442/0/3/attributes", {"pmin": None, "pmax": None, "gt": None})
        links = {one["path"]: one["attributes"] for one in self.done("GET", "33442/0/3/discover")["links"]}
        self.assertEqual(links["/33442/0/3"], {})

    def test_observes_and_cancels(self):
        with self.server.events(endpoint="leshan", type="notified") as events:
            for content_format in (TEXT, CBOR, SENML_JSON, SENML_CBOR, TLV, JSON):
                with self.subTest(format=content_format):
                    first = self.done("PUT", "3/0/9/observe", format=content_format)["values"][0]["value"]
                    self.peer.write('{"do":"fire","resource":9}')
                    told = events.wait("notified", lambda data: data["path"] == "/3/0/9")
                    self.assertEqual(told["values"][0]["value"], first - 1)
                    self.done("DELETE", "3/0/9/observe")

    def test_large_values_travel_in_blocks(self):
        self.done("PUT", "33442/0/5", {"value": base64.b64encode(LARGE).decode()})
        for content_format in (OPAQUE, CBOR, *MANY):
            with self.subTest(format=content_format):
                self.assertEqual(base64.b64decode(self.device.values("33442/0/5", format=content_format)["/33442/0/5"]),
                                 LARGE)

    def test_reads_writes_and_observes_composite(self):
        def call(method, path, body=None, **query):
            status, answer = self.server.rest.call(method, f"/api/v1/devices/leshan/composite{path}", body, **query)
            self.assertEqual(status, 200, answer)
            return {one["path"]: one["value"] for one in answer.get("values", [])}

        for content_format in (SENML_JSON, SENML_CBOR):
            with self.subTest(format=content_format):
                call("PATCH", "", {"values": {"/33442/0/1": content_format, "/1/0/2": 1}}, format=content_format)
                self.assertEqual(call("GET", "", paths="/33442/0/1,/1/0/2,/33442/77", format=content_format),
                                 {"/33442/0/1": content_format, "/1/0/2": 1})
        call("PATCH", "", {"values": {"/33442/0/1": -7}})
        paths = "/3/0/9,/3/0/0"
        with self.server.events(endpoint="leshan", type="notified") as events:
            first = call("PUT", "/observe", paths=paths)["/3/0/9"]
            self.peer.write('{"do":"fire","resource":9}')
            told = events.wait("notified", lambda data: "paths" in data)
            self.assertEqual({one["path"]: one["value"] for one in told["values"]},
                             {"/3/0/9": first - 1, "/3/0/0": "Leshan"})
            call("DELETE", "/observe", paths=paths)

    def test_sends(self):
        with self.server.events(endpoint="leshan", type="sent") as events:
            for content_format in (SENML_JSON, SENML_CBOR):
                with self.subTest(format=content_format):
                    self.peer.write(f'{{"do":"send","format":{content_format},"paths":["/3/0/0","/33442/0/3"]}}')
                    told = events.wait("sent")
                    self.assertEqual({one["path"]: one["value"] for one in told["values"]},
                                     {"/3/0/0": "Leshan", "/33442/0/3": 1.5})
                    self.assertEqual(self.peer.event("sent")["code"].split("(")[0], "CHANGED")
            # What was collected carries the time at which it was.
            self.peer.write('{"do":"collect","paths":["/33442/0/3"]}')
            self.peer.event("collected")
            self.peer.write(f'{{"do":"flush","format":{SENML_CBOR}}}')
            told = events.wait("sent")
            self.assertEqual([(one["path"], one["value"]) for one in told["values"]], [("/33442/0/3", 1.5)])
            self.assertTrue(told["values"][0]["time"].startswith("20"), told)

    def test_queue_mode(self):
        with leshan("LeshanDevice", f"coap://{self.server.coap}", "leshan-queue", 300, MODELS, "queue") as peer:
            peer.event("registered")
            shown = self.server.registered("leshan-queue")
            self.assertEqual((shown["queue_mode"], shown["awake"]), (True, True))
            device = self.server.rest.device("leshan-queue")
            self.assertEqual(device.values("3/0/0"), {"/3/0/0": "Leshan"})
            peer.write('{"do":"exit"}')
            peer.event("deregistered")

    def test_errors_keep_their_codes(self):
        for method, path, body, status, code in (("GET", "3/7", None, 404, "4.04"), ("GET", "3/0/4", None, 405, "4.05"),
                                                 ("PUT", "3/0/0", {"value": "x"}, 405, "4.05"),
                                                 ("POST", "3/0/0/execute", None, 405, "4.05")):
            with self.subTest(method=method, path=path):
                self.assertEqual(self.done(method, path, body, expect=status)["coap"], code)

    def test_updates_and_deregisters(self):
        with self.server.events(endpoint="leshan-life") as events:
            peer = leshan("LeshanDevice", f"coap://{self.server.coap}", "leshan-life", 60, MODELS)
            with peer:
                registered = events.wait("registered")["device"]
                self.assertEqual(registered["lifetime"], 60)
                peer.event("registered")
                peer.write('{"do":"update"}')
                peer.event("updated")
                events.wait("updated")
                device = self.server.rest.device("leshan-life")
                self.assertEqual(device.call("PUT", "1/0/1", {"value": 90})[0], 200)
                events.wait("updated", lambda data: data.get("device", {}).get("lifetime") == 90)
                self.assertEqual(device.call("POST", "1/0/8/execute")[0], 200)
                events.wait("updated")
                peer.write('{"do":"exit"}')
                peer.event("deregistered")
                events.wait("deregistered")


class DeviceAtBootstrapServer(unittest.TestCase):
    # Shows: OP-1, OP-8
    def test_is_bootstrapped_and_registers_where_it_was_told(self):
        server = self.enterContext(Linnetd("--bootstrap", "127.0.0.1:0"))
        place = server.rest.call("GET", "/health")[1]["bootstrap"][0]
        status, answer = server.rest.call("PUT", "/api/v1/bootstrap/configurations/leshan", {
            "endpoints": ["leshan-*"], "discover": ["/"], "delete": ["/0", "/1"],
            "write": {"/0/0": {"LWM2M Server URI": f"coap://{server.coap}", "Security Mode": 3, "Short Server ID": 7},
                      "/1/0": {"Short Server ID": 7, "Lifetime": 77, "Binding": "U",
                               "Notification Storing When Disabled or Offline": True}}})
        self.assertEqual(status, 201, answer)
        peer = self.enterContext(leshan("LeshanDevice", f"coap://{place}", "leshan-new", 300, MODELS, "bootstrap"))
        peer.event("bootstrapped")
        peer.event("registered")
        self.assertEqual(server.registered("leshan-new")["lifetime"], 77)
        self.assertEqual(server.rest.device("leshan-new").values("1/0/0"), {"/1/0/0": 7})
        result = server.rest.call("GET", "/api/v1/bootstrap/results/leshan-new")[1]
        self.assertEqual((result["result"], result["written"]), ("finished", 2))
        self.assertIn("/0/0", [link["path"] for link in result["answers"][0]["links"]])


class ServerOfLinnetDevice(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.peer = cls.enterClassContext(leshan("LeshanServer", 0, MODELS))
        cls.port = cls.peer.event("started")["port"]
        cls.device = cls.enterClassContext(cls.start_device("linnet"))
        cls.registered = cls.peer.event("registered", endpoint="linnet")

    @classmethod
    def start_device(cls, endpoint, *arguments):
        return LinnetDevice(endpoint, f"coap://127.0.0.1:{cls.port}", "--object", "33442:2",
                            *arguments)

    def ask(self, do, path, expect, **members):
        answer = self.peer.ask(do, endpoint="linnet", path=path, **members)
        self.assertTrue(answer.get("code", "").startswith(expect), answer)
        return answer

    def read(self, path, content_format):
        return self.ask("read", path, "CONTENT", format=content_format)["values"]

    def test_registers_as_the_standard_says(self):
        self.assertEqual((self.registered["lifetime"], self.registered["version"]), (86400, "1.1"))
        self.assertLessEqual({"/1/0", "/3/0", "/33442/0", "/33442/1"}, set(self.registered["links"]))
        self.assertFalse([link for link in self.registered["links"] if link.startswith("/0")])

    def test_reads_every_data_type_in_every_format(self):
        self.device.rpc("set", path="/33442/0", values={"0": "abc", "1": -(2**40), "2": 2**40, "3": 1.5, "4": True,
                                                        "5": "AP8=", "6": 1700000000, "7": "3:0"})
        wanted = {"0": "abc", "1": -(2**40), "2": 2**40, "3": 1.5, "4": True, "5": "AP8=", "6": 1700000000}
        for resource, value in wanted.items():
            formats = [TEXT, CBOR, *MANY]
            if resource == "5":
                formats = [OPAQUE, *formats]
            for content_format in formats:
                with self.subTest(resource=resource, format=content_format):
                    self.assertEqual(self.read(f"/33442/0/{resource}", content_format), {f"/33442/0/{resource}": value})
        for content_format in MANY:
            with self.subTest(format=content_format):
                values = self.read("/33442/0", content_format)
                self.assertEqual({name.rsplit("/", 1)[1]: value for name, value in values.items()
                                  if not name.endswith("/7")}, wanted)

    def test_reads_objects_and_multiple_resources(self):
        self.device.rpc("set", path="/33442/1/11", value={"0": 5, "3": -300})
        for content_format in MANY:
            with self.subTest(format=content_format):
                self.assertEqual(self.read("/33442/1/11", content_format), {"/33442/1/11/0": 5, "/33442/1/11/3": -300})
                self.assertEqual(self.read("/33442", content_format)["/33442/1/11/3"], -300)
                self.assertEqual(self.read("/3", content_format)["/3/0/0"], "linnet")

    def test_writes_in_every_format(self):
        for resource, kind, value in ((0, "string", "é"), (1, "integer", -5), (3, "float", -2.25),
                                      (4, "boolean", True), (5, "opaque", "AP8="), (6, "time", 1700000000)):
            formats = [TEXT, CBOR, *MANY]
            if resource == 5:
                formats = [OPAQUE, TLV, SENML_JSON, SENML_CBOR, JSON]
            for content_format in formats:
                with self.subTest(resource=resource, format=content_format):
                    path = f"/33442/1/{resource}"
                    self.ask("write", path, "CHANGED", format=content_format, type=kind, value=value)
                    self.assertEqual(self.read(path, TLV), {path: value})

    def test_creates_replaces_updates_and_deletes(self):
        resources = [{"id": 0, "type": "string", "value": "made"}, {"id": 1, "type": "integer", "value": 1}]
        for instance, content_format in enumerate((*MANY, TLV), 20):
            with self.subTest(format=content_format, instance=instance):
                if instance < 24:
                    self.ask("create", "/33442", "CREATED", format=content_format, resources=resources,
                             instance=instance)
                    path = f"/33442/{instance}"
                else:  # the device chooses
                    made = self.ask("create", "/33442", "CREATED", format=content_format, resources=resources)
                    path = "/" + made["location"].lstrip("/")
                self.ask("write", path, "CHANGED", format=content_format, partial=True,
                         resources=[{"id": 1, "type": "integer", "value": 5}])
                self.assertEqual(self.device.rpc("get", path=path)["values"], {path + "/0": "made", path + "/1": 5})
                self.ask("write", path, "CHANGED", format=content_format,
                         resources=[{"id": 0, "type": "string", "value": "replaced"}])
                self.assertEqual(self.device.rpc("get", path=path)["values"], {path + "/0": "replaced"})
                self.ask("delete", path, "DELETED")
                self.ask("read", path, "NOT_FOUND")

    def test_executes(self):
        self.ask("execute", "/33442/0/20", "CHANGED", arguments="0='a',2")
        self.assertEqual(self.device.told("executed", path="/33442/0/20")["arguments"], "0='a',2")
        self.ask("execute", "/33442/0/0", "METHOD_NOT_ALLOWED")

    def test_discovers_and_writes_attributes(self):
        self.device.rpc("set", path="/33442/0/3", value=1.5)
        self.ask("attributes", "/33442/0/3", "CHANGED", query="pmin=1&pmax=60&gt=5.5")
        links = self.ask("discover", "/33442/0", "CONTENT")["links"]
        link = next(link for link in links if link.startswith("</33442/0/3>"))
        self.assertEqual(sorted(link.split(";")[1:]), ["gt=5.5", "pmax=60", "pmin=1"])
        self.ask("attributes", "/33442/0/3", "CHANGED", query="pmin&pmax&gt")
        self.ask("discover", "/3", "CONTENT")
        self.ask("discover", "/33442/77", "NOT_FOUND")

    def test_observes_and_cancels(self):
        for value, content_format in enumerate((TEXT, CBOR, *MANY)):
            with self.subTest(format=content_format):
                self.device.rpc("set", path="/33442/0/3", value=20)
                self.ask("observe", "/33442/0/3", "CONTENT", format=content_format)
                self.device.told("observed", path="/33442/0/3")
                self.device.rpc("set", path="/33442/0/3", value=30.5 + value)
                self.peer.event("notified", path="/33442/0/3", values={"/33442/0/3": 30.5 + value})
                self.assertEqual(self.peer.ask("cancel", endpoint="linnet", path="/33442/0/3")["cancelled"], 1)
                self.device.rpc("set", path="/33442/0/3", value=10)  # met by a Reset
                self.device.told("cancelled", path="/33442/0/3")

    def test_observes_instances(self):
        self.device.rpc("set", path="/33442/1", values={"0": "before"})
        self.ask("observe", "/33442/1", "CONTENT", format=SENML_CBOR)
        self.device.rpc("set", path="/33442/1", values={"0": "after"})
        told = self.peer.event("notified", path="/33442/1")
        self.assertEqual(told["values"]["/33442/1/0"], "after")
        self.peer.ask("cancel", endpoint="linnet", path="/33442/1")

    def test_large_values_travel_in_blocks(self):
        text = base64.b64encode(LARGE).decode()
        self.ask("write", "/33442/1/5", "CHANGED", format=OPAQUE, type="opaque", value=text)
        self.assertEqual(self.device.rpc("get", path="/33442/1/5")["value"], text)
        for content_format in (OPAQUE, CBOR, *MANY):
            with self.subTest(format=content_format):
                self.assertEqual(self.read("/33442/1/5", content_format), {"/33442/1/5": text})
        self.device.rpc("delete", path="/33442/1/5")

    def test_errors(self):
        self.ask("read", "/33442/77", "NOT_FOUND")
        self.ask("read", "/0/0/0", "UNAUTHORIZED")
        self.ask("write", "/3/0/0", "METHOD_NOT_ALLOWED", type="string", value="x", format=TEXT)
        self.ask("read", "/33442/0/20", "METHOD_NOT_ALLOWED")

    def test_updates_and_deregisters(self):
        with self.start_device("linnet-life", "--lifetime", "60") as device:
            self.assertEqual(self.peer.event("registered", endpoint="linnet-life")["lifetime"], 60)
            device.rpc("update")
            self.peer.event("updated", endpoint="linnet-life")
            device.rpc("create", path="/33442/9")
            self.assertIn("/33442/9", self.peer.event("updated", endpoint="linnet-life")["links"])
            answer = self.peer.ask("write", endpoint="linnet-life", path="/1/0/1", type="integer", value=90, format=TEXT)
            self.assertEqual(answer["code"].split("(")[0], "CHANGED", answer)
            self.assertEqual(self.peer.event("updated", endpoint="linnet-life")["lifetime"], 90)
            self.peer.ask("execute", endpoint="linnet-life", path="/1/0/8")
            self.peer.event("updated", endpoint="linnet-life")
            device.rpc("advance", seconds=80)  # near its end the registration is kept alive
            self.peer.event("updated", endpoint="linnet-life")
            device.rpc("deregister")
            self.peer.event("deregistered", endpoint="linnet-life")

    def test_reads_and_writes_composite(self):
        self.device.rpc("set", path="/33442/0", values={"0": "one", "1": 1})
        for content_format in (SENML_JSON, SENML_CBOR):
            with self.subTest(format=content_format):
                answer = self.peer.ask("read-composite", endpoint="linnet", format=content_format,
                                       paths=["/3/0/0", "/33442/0/1", "/1/0", "/33442/77/1"])
                self.assertTrue(answer.get("code", "").startswith("CONTENT"), answer)
                values = answer["values"]
                self.assertEqual((values["/3/0/0"], values["/33442/0/1"], values["/1/0/1"]), ("linnet", 1, 86400))
                self.assertNotIn("/33442/77/1", values)
                answer = self.peer.ask("write-composite", endpoint="linnet", format=content_format, resources=[
                    {"path": "/33442/0/0", "type": "string", "value": "two"},
                    {"path": "/33442/0/1", "type": "integer", "value": content_format},
                    {"path": "/3/0/15", "type": "string", "value": "Europe/Berlin"}])
                self.assertTrue(answer.get("code", "").startswith("CHANGED"), answer)
                self.assertEqual(self.read("/33442/0/0", TEXT), {"/33442/0/0": "two"})
                self.assertEqual(self.read("/33442/0/1", TEXT), {"/33442/0/1": content_format})
                self.device.rpc("set", path="/33442/0/1", value=1)
        # All or nothing: 3/0/0 cannot be written.
        answer = self.peer.ask("write-composite", endpoint="linnet", format=SENML_CBOR, resources=[
            {"path": "/33442/0/0", "type": "string", "value": "three"},
            {"path": "/3/0/0", "type": "string", "value": "other"}])
        self.assertTrue(answer.get("code", "").startswith("METHOD_NOT_ALLOWED"), answer)
        self.assertEqual(self.read("/33442/0/0", TEXT), {"/33442/0/0": "two"})

    def test_observes_composite(self):
        for content_format in (SENML_JSON, SENML_CBOR):
            with self.subTest(format=content_format):
                self.device.rpc("set", path="/33442/0/3", value=1)
                paths = ["/33442/0/3", "/3/0/0"]
                answer = self.peer.ask("observe-composite", endpoint="linnet", format=content_format, paths=paths)
                self.assertTrue(answer.get("code", "").startswith("CONTENT"), answer)
                self.device.rpc("set", path="/33442/0/3", value=2.5)
                told = self.peer.event("notified-composite")["values"]
                self.assertEqual(told, {"/33442/0/3": 2.5, "/3/0/0": "linnet"})
                self.assertEqual(self.peer.ask("cancel", endpoint="linnet", paths=paths)["cancelled"], 1)
                self.device.rpc("set", path="/33442/0/3", value=1)  # met by a Reset

    def test_sends(self):
        self.device.rpc("set", path="/33442/0/1", value=42)
        self.device.rpc("send", paths=["/33442/0/1", "/3/0/0"])
        told = self.peer.event("sent", endpoint="linnet")
        self.assertEqual(told["values"], {"/33442/0/1": 42, "/3/0/0": "linnet"})

    def test_queue_mode_is_registered(self):
        with self.start_device("linnet-queue", "--queue-mode"):
            self.assertTrue(self.peer.event("registered", endpoint="linnet-queue")["queue"])


class BootstrapOfLinnetDevice(unittest.TestCase):
    """Leshan's bootstrap server writes an account into linnet-device, which then registers at linnetd."""

    def bootstrapped(self, content_format, *to_delete):
        server = self.enterContext(Linnetd())
        peer = self.enterContext(leshan("LeshanBootstrap", 0, f"coap://{server.coap}", content_format, *to_delete,
                                        folder="leshan-bootstrap"))
        port = peer.event("started")["port"]
        device = self.enterContext(LinnetDevice("linnet-bootstrapped", None,
                                                "--bootstrap", f"coap://127.0.0.1:{port}"))
        peer.event("requested", endpoint="linnet-bootstrapped")
        peer.event("ended", endpoint="linnet-bootstrapped")
        shown = server.registered("linnet-bootstrapped")
        self.assertEqual((shown["lifetime"], shown["binding"]), (300, "U"))
        return server, peer, device

    def test_writes_in_tlv(self):
        self.bootstrapped(TLV)

    def test_writes_in_senml_json_after_deleting(self):
        self.bootstrapped(SENML_JSON, "/0", "/1")

    def test_writes_in_senml_cbor_after_deleting_all(self):
        server, peer, _ = self.bootstrapped(SENML_CBOR, "/")
        self.assertEqual(server.rest.device("linnet-bootstrapped").values("1/0/0"), {"/1/0/0": 123})
        self.assertEqual(peer.event("done", request="BootstrapFinishRequest")["code"].split("(")[0], "CHANGED")


if __name__ == "__main__":
    unittest.main()
