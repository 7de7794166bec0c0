# SPDX-License-Identifier: Apache-2.0
"""The REST API of a running linnetd (docs/api.md) over scripted devices."""
import calendar
import http.client
import json
import re
import socket
import threading
import time
import unittest
import urllib.parse

from scripted import (ACCEPT, CON, CONTENT_FORMAT, DELETE, FETCH, GET, IPATCH, OBSERVE, POST, PUT, URI_QUERY, Answer, Message, Server, Thermometer, code,
                      harness, number, place, senml, URI_PATH, SENML_JSON)


class ApiCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Server("--memory"))

    def registered(self, endpoint, answer=None, **arguments):
        device = self.enterContext(self.server.device(endpoint, answer=answer or Thermometer()))
        device.register(**arguments)
        return device, self.server.rest.device(endpoint)

    def raw(self, method, target, body=None):
        """Status, headers and body of a request whose target is sent as it stands."""
        connection = http.client.HTTPConnection(self.server.http, timeout=harness.PATIENCE)
        try:
            connection.request(method, target, body)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def problem(self, status, method, target, body=None):
        """The detail of the problem document that this request gets."""
        got, headers, data = self.raw(method, target, body)
        self.assertEqual(got, status, (method, target, data))
        self.assertEqual(headers["Content-Type"], "application/problem+json")
        document = json.loads(data)
        self.assertEqual(document["status"], status)
        self.assertTrue(document["title"])
        return document


class Devices(ApiCase):
    def test_a_registered_device_is_shown_with_all_that_it_said(self):
        device, rest = self.registered("urn:dev:shown/1 ä", query=["sms=4917", "vendor=x"])
        status, shown = self.server.rest.call("GET", "/api/v1/devices/urn:dev:shown%2F1 ä".replace("%2F", "\x00"))
        self.assertEqual(status, 404)
        status, _, data = self.raw("GET", "/api/v1/devices/" + urllib.parse.quote("urn:dev:shown/1 ä", safe=""))
        shown = json.loads(data)
        self.assertEqual(status, 200)
        self.assertEqual(shown["endpoint"], "urn:dev:shown/1 ä")
        self.assertEqual(shown["location"], "/" + device.location)
        self.assertTrue(shown["address"].startswith("127.0.0.1:"))
        self.assertEqual((shown["lwm2m"], shown["lifetime"], shown["binding"], shown["queue_mode"], shown["sms"]),
                         ("1.1", 600, "U", False, "4917"))
        self.assertEqual(shown["parameters"], {"vendor": "x"})
        self.assertEqual(shown["formats"], ["application/senml+json"])
        self.assertEqual([(o["id"], o["name"], o["instances"]) for o in shown["objects"]],
                         [(1, "LwM2M Server", [0]), (3, "Device", [0]), (3303, "Temperature", [0, 1])])
        for name in ("registered", "updated", "expires"):
            self.assertRegex(shown[name], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")

    def test_an_update_and_a_deregister_show(self):
        device, rest = self.registered("changes")
        self.assertEqual(device.update(["lt=900"], "</3/0>"), "2.04")
        shown = rest.shown()[1]
        self.assertEqual((shown["lifetime"], [o["id"] for o in shown["objects"]]), (900, [3]))
        self.assertEqual(device.deregister(), "2.02")
        self.assertEqual(rest.shown()[0], 404)

    def test_a_forgotten_device_is_told_to_register_anew(self):
        device, rest = self.registered("forgotten")
        self.assertEqual(self.server.rest.call("DELETE", "/api/v1/devices/forgotten"), (204, None))
        self.assertEqual(device.update(), "4.04")
        self.assertEqual(self.server.rest.call("DELETE", "/api/v1/devices/forgotten")[0], 404)

    def test_an_answer_204_says_no_length_and_the_connection_goes_on(self):
        self.registered("lengthless")
        connection = http.client.HTTPConnection(self.server.http, timeout=harness.PATIENCE)
        self.addCleanup(connection.close)
        connection.request("DELETE", "/api/v1/devices/lengthless")
        answer = connection.getresponse()
        self.assertEqual((answer.status, answer.headers["Content-Length"], answer.read()), (204, None, b""))
        connection.request("GET", "/health")
        self.assertEqual(connection.getresponse().status, 200)


class Operations(ApiCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.model = Thermometer()
        cls.device = cls.enterClassContext(cls.server.device("thermometer", answer=cls.model))
        cls.device.register()
        cls.rest = cls.server.rest.device("thermometer")

    def ask(self, method, path, body=None, **query):
        """The API's answer, and what the device was asked."""
        before = len(self.device.asked)
        status, answer = self.rest.call(method, path, body, **query)
        return status, answer, (self.device.asked[before:] or [None])[-1]

    def test_read_gives_names_types_and_units(self):
        status, answer, asked = self.ask("GET", "3303/0")
        self.assertEqual(status, 200)
        self.assertEqual({k: answer[k] for k in ("code", "format", "path", "name")},
                         {"code": "2.05", "format": "application/senml+json", "path": "/3303/0", "name": "Temperature"})
        self.assertEqual(answer["values"], [
            {"path": "/3303/0/5700", "name": "Sensor Value", "type": "Float", "units": "", "value": 21.5},
            {"path": "/3303/0/5701", "name": "Sensor Units", "type": "String", "units": "", "value": "Cel"}])
        self.assertEqual((asked.method, asked.path, asked.option(17)), (GET, "/3303/0", SENML_JSON))

    def test_names_stand_for_numbers(self):
        status, answer, asked = self.ask("GET", "temperature/0/SENSOR value")
        self.assertEqual((status, asked.path), (200, "/3303/0/5700"))
        self.assertEqual(self.ask("GET", "Device/0/9")[1]["values"][0]["value"], 87)

    def test_a_format_can_be_asked_for(self):
        for text in ("112", "application/senml+cbor"):
            self.assertEqual(self.ask("GET", "3303/0", format=text)[2].option(17), 112)

    def test_write_replaces_a_value(self):
        status, answer, asked = self.ask("PUT", "3303/0/5601", {"value": -12.5})
        self.assertEqual((status, answer), (200, {"code": "2.04"}))
        self.assertEqual((asked.method, asked.path), (PUT, "/3303/0/5601"))

    def test_write_updates_several_by_name_and_number(self):
        status, _, asked = self.ask("POST", "1/0", {"values": {"Lifetime": 300, "2": "5"}})
        self.assertEqual((status, asked.method, asked.path), (200, POST, "/1/0"))
        self.assertEqual(asked.option(12), SENML_JSON)
        self.assertEqual(asked.senml, {"/1/0/1": 300, "/1/0/2": 5})

    def test_execute_passes_arguments(self):
        status, answer, asked = self.ask("POST", "3/0/4/execute", {"arguments": "0='a',1"})
        self.assertEqual((status, answer, asked.method, asked.path, asked.payload),
                         (200, {"code": "2.04"}, POST, "/3/0/4", b"0='a',1"))
        self.assertEqual(self.ask("POST", "3/0/4/execute")[2].payload, b"")

    def test_create_says_where(self):
        status, answer, asked = self.ask("POST", "3303", {"instance": 7, "values": {"5700": 1}})
        self.assertEqual((status, answer), (201, {"code": "2.01", "path": "/3303/7"}))
        self.assertEqual((asked.path, asked.senml), ("/3303", {"/3303/7/5700": 1}))

    def test_create_says_where_though_the_device_does_not(self):
        status, answer, _ = self.ask("POST", "3303", {"instance": 8, "values": {"5700": 1}})
        self.assertEqual((status, answer), (201, {"code": "2.01", "path": "/3303/8"}))

    def test_create_without_an_instance_takes_a_free_one(self):
        self.assertEqual(self.ask("POST", "3303", {"values": {"5700": 1}})[2].senml, {"/3303/2/5700": 1})

    def test_delete(self):
        status, answer, asked = self.ask("DELETE", "3303/1")
        self.assertEqual((status, answer, asked.method, asked.path), (200, {"code": "2.02"}, DELETE, "/3303/1"))

    def test_discover_gives_links(self):
        self.assertEqual(self.ask("GET", "3303/0/discover")[1], {
            "code": "2.05", "links": [{"path": "/3303/0", "attributes": {"pmin": "5"}},
                                      {"path": "/3303/0/5700", "attributes": {}}]})

    def test_attributes_are_set_and_unset(self):
        status, _, asked = self.ask("PUT", "3303/0/5700/attributes", {"pmin": 1, "st": 0.5, "gt": None})
        self.assertEqual(status, 200)
        self.assertEqual(sorted(asked.query), ["gt", "pmin=1", "st=0.5"])

    def test_observations_notify_and_end(self):
        with self.server.events(endpoint="thermometer", type="notified,observation-ended") as events:
            status, answer, _ = self.ask("PUT", "3303/0/5700/observe")
            self.assertEqual((status, answer["observation"], answer["values"][0]["value"]), (200, True, 21.5))
            self.assertEqual(self.server.rest.call("GET", "/api/v1/devices/thermometer/observations"),
                             (200, {"observations": [{"path": "/3303/0/5700"}]}))
            self.assertEqual(self.ask("PUT", "3303/0/5700/observe")[0], 409)
            self.device.notify(self.model.token, 2, senml("/3303/0/", {"5700": 22.25}))
            told = events.wait("notified")
            self.assertEqual((told["endpoint"], told["path"], told["code"], told["format"]),
                             ("thermometer", "/3303/0/5700", "2.05", "application/senml+json"))
            self.assertEqual(told["values"][0]["value"], 22.25)
            self.assertEqual(told["values"][0]["name"], "Sensor Value")
            self.assertEqual(self.ask("DELETE", "3303/0/5700/observe")[0], 200)
            self.assertEqual(events.wait("observation-ended")["reason"], "cancelled")

    def test_what_cannot_be_understood_is_400_and_asks_the_device_nothing(self):
        before = len(self.device.asked)
        for method, path, body in (
                ("GET", "3303/x", None), ("GET", "Nonsense/0", None), ("GET", "65536", None),
                ("GET", "3303/0?timeout=0", None), ("GET", "3303/0?timeout=601", None), ("GET", "3303/0?timeout=x", None),
                ("GET", "3303/0?format=9999", None), ("PUT", "3303/0/5601", "{"), ("PUT", "3303/0/5601", "[]"),
                ("PUT", "3303/0/5601", "{}"), ("PUT", "3303/0/5601", '{"value": true}'),
                ("PUT", "3303/0/5601", '{"value": "warm"}'), ("PUT", "3303/0/5601", '{"value": {"0": 1}}'),
                ("PUT", "3303/0", '{"value": 1}'), ("PUT", "3303/0", ""), ("PUT", "3303/0", '{"values": {"Nonsense": 1}}'),
                ("PUT", "3303/0", '{"values": {"5601": 1, "Min Measured Value": 1}}'),
                ("POST", "3303", '{"instance": 65535, "values": {}}'), ("POST", "3303", '{"instance": -1}'),
                ("PUT", "3303/0/attributes", '{"pmin": "x"}'), ("PUT", "3303/0/attributes", '{"nonsense": 1}'),
                ("PUT", "3303/0/attributes", "{}"), ("POST", "3/0/4/execute", '{"arguments": 1}'),
                ("GET", "1/2/3/4/5", None), ("GET", "3303/0%zz", None)):
            with self.subTest(method=method, path=path, body=body):
                self.problem(400, method, "/api/v1/devices/thermometer/objects/" + path, body) if "%" not in path \
                    else self.assertEqual(self.raw(method, "/api/v1/devices/thermometer/objects/" + path)[0], 400)
        self.assertEqual(self.device.asked[before:], [])

    def test_a_body_nested_without_end_is_refused(self):
        for body in ('{"value": ' + "[" * 400_000 + "]" * 400_000 + "}", "[" * 1_000_000, '{"values":' * 100_000):
            self.problem(400, "PUT", "/api/v1/devices/thermometer/objects/3303/0/5601", body)
        self.assertEqual(self.raw("GET", "/health")[0], 200)

    def test_a_body_over_the_limit_is_413(self):
        self.problem(413, "PUT", "/api/v1/devices/thermometer/objects/3303/0/5601", " " * (1 << 20) + " ")

    def test_routes_and_methods(self):
        for target in ("/", "/api/v1", "/api/v2/devices", "/api/v1/devices/thermometer/objects",
                       "/api/v1/devices/thermometer/nonsense", "/api/v1/devices/nobody",
                       "/api/v1/devices/nobody/objects/3/0", "/api/v1/devices/nobody/observations", "/api/v1/models/54321"):
            with self.subTest(target):
                self.problem(404, "GET", target)
        for method, target, allow in (
                ("POST", "/health", "GET, HEAD"), ("PUT", "/api/v1/devices", "GET, HEAD"),
                ("PUT", "/api/v1/devices/thermometer", "GET, HEAD, DELETE"),
                ("DELETE", "/api/v1/devices/thermometer/objects/3", "GET, POST"),
                ("POST", "/api/v1/devices/thermometer/objects/3/0/1", "GET, PUT"),
                ("GET", "/api/v1/devices/thermometer/objects/3/0/4/execute", "POST")):
            with self.subTest(method=method, target=target):
                self.problem(405, method, target)
                self.assertEqual(self.raw(method, target)[1]["Allow"], allow)


class DeviceErrors(ApiCase):
    def test_what_a_device_answers_becomes_its_status(self):
        said = []
        _, rest = self.registered("refuses", answer=lambda request: Answer(said[-1]))
        for answer, status in (("4.00", 400), ("4.01", 403), ("4.02", 502), ("4.03", 403), ("4.04", 404), ("4.05", 405),
                               ("4.06", 415), ("4.08", 502), ("4.09", 502), ("4.12", 502), ("4.15", 415),
                               ("4.29", 502), ("5.00", 502), ("5.01", 502), ("5.03", 502), ("5.31", 502)):
            with self.subTest(answer):
                said.append(answer)
                document = self.problem(status, "GET", "/api/v1/devices/refuses/objects/3/0/0?timeout=20")
                self.assertEqual(document["coap"], answer)
                self.assertIn("/3/0/0", document["detail"])

    def test_a_silent_device_is_504_in_its_time(self):
        _, rest = self.registered("silent", answer=lambda request: None)
        started = time.monotonic()
        document = self.problem(504, "GET", "/api/v1/devices/silent/objects/3/0?timeout=1")
        self.assertGreaterEqual(time.monotonic() - started, 1)
        self.assertIn("silent", document["detail"])
        self.assertNotIn("coap", document)

    def test_an_answer_that_does_not_decode_is_502(self):
        self.registered("garbled", answer=lambda request: Answer("2.05", b"\xff\x00[", SENML_JSON))
        self.problem(502, "GET", "/api/v1/devices/garbled/objects/3/0?timeout=20")

    def test_too_many_operations_for_one_device_are_429(self):
        self.registered("busy", answer=lambda request: None)
        statuses = []
        target = "/api/v1/devices/busy/objects/3/0?timeout=3"
        threads = [threading.Thread(target=lambda: statuses.append(self.raw("GET", target)[0])) for _ in range(60)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(set(statuses), {429, 504})


class Paging(ApiCase):
    COUNT = 2500

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        waiting = []
        for i in range(cls.COUNT):
            sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sender.bind((f"127.1.{i // 250}.{i % 250 + 1}", 0))
            sender.settimeout(harness.PATIENCE)
            objects = "</3/0>" + (",</3303/0>" if i % 100 == 7 else "")
            options = [(URI_PATH, b"rd"), (12, b"\x28")]
            options += [(URI_QUERY, q.encode()) for q in (f"ep=page-{i:04}", "lt=600", "lwm2m=1.1", "b=U")]
            sender.sendto(Message(CON, POST, i, b"\x01", options, objects.encode()).encode(), place(cls.server.coap))
            waiting.append(sender)
            if len(waiting) == 50 or i + 1 == cls.COUNT:
                for one in waiting:
                    if one.recv(100)[1] != code("2.01"):
                        raise AssertionError("a Register was refused")
                    one.close()
                waiting = []

    def pages(self, **query):
        names, cursor, sizes = [], None, []
        while True:
            status, page = self.server.rest.call("GET", "/api/v1/devices", **query, **({"cursor": cursor} if cursor else {}))
            self.assertEqual(status, 200)
            names += [d["endpoint"] for d in page["devices"]]
            sizes.append(len(page["devices"]))
            cursor = page["cursor"]
            if cursor is None:
                return names, sizes

    def test_pages_hold_every_device_once(self):
        for limit in (1000, 333):
            names, sizes = self.pages(limit=limit)
            self.assertEqual(sorted(names), [f"page-{i:04}" for i in range(self.COUNT)])
            self.assertLessEqual(max(sizes), limit)
        self.assertEqual(len(self.server.rest.call("GET", "/api/v1/devices")[1]["devices"]), 100)

    def test_filters(self):
        self.assertEqual(sorted(self.pages(endpoint="age-12", limit=1000)[0]), [f"page-{i:04}" for i in range(1200, 1300)])
        self.assertEqual(len(self.pages(object=3303, limit=1000)[0]), 25)
        self.assertEqual(self.pages(object=3303, endpoint="page-0107")[0], ["page-0107"])
        self.assertEqual(self.pages(object=5)[0], [])

    def test_limits_and_cursors_that_are_none(self):
        for query in ("limit=0", "limit=1001", "limit=-1", "limit=x", "cursor=x", "cursor=99999999999999999999",
                      "object=65535", "object=x"):
            self.problem(400, "GET", "/api/v1/devices?" + query)

    def test_metrics_count_them_and_every_line_reads(self):
        status, headers, data = self.raw("GET", "/metrics")
        self.assertEqual((status, headers["Content-Type"]), (200, "text/plain; version=0.0.4; charset=utf-8"))
        values = {}
        for line in data.decode().splitlines():
            if not line.startswith("#"):
                found = re.fullmatch(r"(linnet_[a-z_]+) ([0-9.e+]+)", line)
                self.assertIsNotNone(found, line)
                values[found[1]] = float(found[2])
        self.assertEqual(values["linnet_registrations"], self.COUNT)
        self.assertEqual(values["linnet_registered_total"], self.COUNT)
        self.assertGreaterEqual(values["linnet_datagrams_received_total"], self.COUNT)
        self.assertEqual(data.count(b"# TYPE"), len(values))


class Composite(ApiCase):
    """Several paths in one message, and what devices send by themselves."""

    def call(self, endpoint, method, action="", body=None, **query):
        return self.server.rest.call(method, f"/api/v1/devices/{endpoint}/composite{action}", body, **query)

    # Shows: OP-4
    def test_several_paths_are_read_in_one_message(self):
        device, _ = self.registered("several")
        status, answer = self.call("several", "GET", paths="Temperature/0,3/0/9,/4")
        self.assertEqual((status, answer["paths"]), (200, ["/3/0/9", "/4", "/3303/0"]))
        self.assertEqual({v["path"]: (v["name"], v["units"], v["value"]) for v in answer["values"]},
                         {"/3/0/9": ("Battery Level", "%", 87), "/3303/0/5700": ("Sensor Value", "", 21.5),
                          "/3303/0/5701": ("Sensor Units", "", "Cel")})
        asked = device.asked[-1]
        self.assertEqual((asked.method, asked.path, asked.option(CONTENT_FORMAT), asked.option(ACCEPT)),
                         (FETCH, "/", SENML_JSON, SENML_JSON))
        self.assertEqual(json.loads(asked.payload), [{"n": "/3/0/9"}, {"n": "/4"}, {"n": "/3303/0"}])

    # Shows: OP-4
    def test_several_values_are_written_in_one_message(self):
        device, _ = self.registered("written")
        status, answer = self.call("written", "PATCH",
                                   body={"values": {"/1/0/1": 300, "3/0": {"Timezone": "CET"}}})
        self.assertEqual((status, answer), (200, {"code": "2.04"}))
        asked = device.asked[-1]
        self.assertEqual((asked.method, asked.path, asked.option(CONTENT_FORMAT)), (IPATCH, "/", SENML_JSON))
        self.assertEqual(asked.senml, {"/1/0/1": 300, "/3/0/15": "CET"})

    # Shows: OP-5
    def test_a_composite_observation_reports_all_its_values(self):
        model = Thermometer()
        device, _ = self.registered("watched", answer=model)
        with self.server.events(endpoint="watched") as events:
            status, answer = self.call("watched", "PUT", "/observe", paths="3303/0,3/0/9")
            self.assertEqual((status, answer["observation"], len(answer["values"])), (200, True, 3))
            self.assertEqual(self.call("watched", "PUT", "/observe", paths="3/0/9,3303/0")[0], 409)
            listed = self.server.rest.call("GET", "/api/v1/devices/watched/observations")[1]
            self.assertEqual(listed, {"observations": [{"paths": ["/3/0/9", "/3303/0"]}]})
            device.notify(model.token, 2, json.dumps([{"n": "/3/0/9", "v": 86}, {"n": "/3303/0/5700", "v": 22,
                                                                                    "t": 1600000000.5}]).encode())
            told = events.wait("notified")
            self.assertEqual(told["paths"], ["/3/0/9", "/3303/0"])
            self.assertEqual([(v["name"], v["value"], v.get("time")) for v in told["values"]],
                             [("Battery Level", 86, None), ("Sensor Value", 22.0, "2020-09-13T12:26:40.500Z")])
            self.assertEqual(self.call("watched", "DELETE", "/observe", paths="3/0/9,3303/0")[0], 200)
            self.assertEqual(events.wait("observation-ended")["paths"], ["/3/0/9", "/3303/0"])
        self.assertEqual((device.asked[-1].method, device.asked[-1].option(OBSERVE)), (FETCH, 1))

    def test_a_device_of_1_0_is_refused(self):
        device = self.enterContext(self.server.device("old", answer=Thermometer()))
        said = device.request(POST, "rd", ["ep=old", "lt=600", "lwm2m=1.0", "b=U"], b"</1/0>,</3/0>", 40)
        self.assertEqual(said.code_text(), "2.01")
        for method, action, body in (("GET", "", None), ("PUT", "/observe", None), ("PATCH", "", {"values": {"/1/0/1": 1}})):
            status, problem = self.call("old", method, action, body, paths="/3")
            self.assertEqual(status, 409, problem)
            self.assertIn("1.0", problem["detail"])
        self.assertEqual(device.asked, [])

    def test_an_error_of_the_device_names_the_paths(self):
        self.registered("refuses", answer=lambda request: Answer("4.01"))
        status, problem = self.call("refuses", "GET", paths="/3,/1")
        self.assertEqual((status, problem["coap"]), (403, "4.01"))
        self.assertIn("/1, /3", problem["detail"])
        self.problem(405, "POST", "/api/v1/devices/refuses/composite")
        self.problem(404, "GET", "/api/v1/devices/refuses/composite/x")
        self.problem(400, "GET", "/api/v1/devices/refuses/composite")
        self.problem(404, "GET", "/api/v1/devices/nobody/composite?paths=/3")

    # Shows: OP-5
    def test_what_a_device_sends_is_an_event_with_calendar_times(self):
        device, _ = self.registered("sender")
        with self.server.events(endpoint="sender", type="sent") as events:
            before = int(time.time())
            self.assertEqual(device.push([{"bn": "/3303/0/5700", "bt": 1600000000, "v": 20.5}, {"t": 60, "v": 21}]), "2.04")
            told = events.wait("sent")
            self.assertEqual((told["endpoint"], told["format"]), ("sender", "application/senml+json"))
            self.assertEqual([(v["path"], v["name"], v["value"], v["time"]) for v in told["values"]],
                             [("/3303/0/5700", "Sensor Value", 20.5, "2020-09-13T12:26:40Z"),
                              ("/3303/0/5700", "Sensor Value", 21.0, "2020-09-13T12:27:40Z")])
            self.assertEqual(device.push([{"n": "/3/0/9", "v": 87, "t": -3600}]), "2.04")
            value = events.wait("sent")["values"][0]
            stamp = calendar.timegm(time.strptime(value["time"], "%Y-%m-%dT%H:%M:%SZ"))
            self.assertTrue(before - 3600 <= stamp <= time.time() - 3600 + 1, value)
            self.assertEqual(device.push([{"n": "/6/0/0", "v": 1}]), "4.04")
            self.assertEqual(device.push([{"n": "/3/0/9"}]), "4.00")
        stranger = self.enterContext(self.server.device("stranger"))
        self.assertEqual(stranger.push([{"n": "/3/0/9", "v": 87}]), "4.04")


class Groups(ApiCase):
    def run_group(self, method, path, body=None, **query):
        """The results by endpoint, and the end."""
        target = f"/api/v1/group/objects/{path}?" + urllib.parse.urlencode(query)
        status, headers, data = self.raw(method, target, None if body is None else json.dumps(body))
        self.assertEqual((status, headers["Content-Type"]), (200, "text/event-stream"), data)
        told = re.findall(rb"event: (\w+)\ndata: (.*)\n", data)
        self.assertEqual([kind for kind, _ in told], [b"result"] * (len(told) - 1) + [b"end"])
        results = [json.loads(line) for _, line in told[:-1]]
        self.assertEqual(len({one["endpoint"] for one in results}), len(results))
        return {one["endpoint"]: one for one in results}, json.loads(told[-1][1])

    # Shows: NW-7
    def test_every_device_that_passes_answers_once(self):
        for i in range(150):  # more than a page, and than are asked at the same time
            self.registered(f"many-{i}")
        self.registered("many-other", objects="</3/0>")
        results, end = self.run_group("GET", "3303/0/5700", endpoint="many-", object=3303)
        self.assertEqual(end, {"devices": 150, "succeeded": 150, "failed": 0})
        for one in results.values():
            self.assertEqual((one["status"], one["answer"]["values"][0]["value"]), (200, 21.5))

    # Shows: NW-7
    def test_each_device_has_its_own_result(self):
        self.registered("good")
        self.registered("bad", answer=lambda request: Answer("4.05"))
        self.registered("mute", answer=lambda request: None)
        results, end = self.run_group("PUT", "1/0/1", {"value": 300}, devices="good,bad,mute,nobody", timeout=1)
        self.assertEqual({name: one["status"] for name, one in results.items()},
                         {"good": 200, "bad": 405, "mute": 504, "nobody": 404})
        self.assertEqual(results["good"]["answer"], {"code": "2.04"})
        self.assertEqual(results["bad"]["problem"]["coap"], "4.05")
        self.assertEqual(end, {"devices": 4, "succeeded": 1, "failed": 3})

    # Shows: NW-7
    def test_a_group_executes(self):
        devices = [self.registered(f"reboots-{i}")[0] for i in range(3)]
        _, end = self.run_group("POST", "3/0/4/execute", endpoint="reboots-")
        self.assertEqual(end["succeeded"], 3)
        self.assertEqual({device.asked[-1].path for device in devices}, {"/3/0/4"})

    def test_of_nobody_ends_at_once(self):
        self.assertEqual(self.run_group("GET", "3/0", endpoint="no such device"),
                         ({}, {"devices": 0, "succeeded": 0, "failed": 0}))

    def test_a_request_that_names_nobody_or_makes_no_sense_is_refused(self):
        self.problem(400, "GET", "/api/v1/group/objects/3/0")
        self.problem(400, "GET", "/api/v1/group/objects/3/0?object=x")
        self.problem(400, "GET", "/api/v1/group/objects/3/0?devices=a&object=3")
        self.problem(405, "POST", "/api/v1/group/objects/3/0/1?all=true")
        self.problem(400, "PUT", "/api/v1/group/objects/3/0/1?all=true", "{")
        self.problem(404, "GET", "/api/v1/group")


class Streams(ApiCase):
    def test_what_happens_to_a_device_comes_in_order(self):
        with self.server.events(endpoint="eventful") as events:
            device, _ = self.registered("eventful")
            self.registered("other")
            self.assertEqual(events.wait("registered")["device"]["objects"][1]["name"], "Device")
            device.update(["lt=700"])
            self.assertEqual(events.wait("updated", lambda d: d["changes"])["changes"], ["parameters"])
            device.deregister()
            told = events.wait("deregistered")
            self.assertEqual((told["endpoint"], told["location"]), ("eventful", "/" + device.location))
            self.assertNotIn("other", "".join(events.lines.seen))

    def test_a_type_that_is_none_is_400(self):
        self.problem(400, "GET", "/api/v1/events?type=registered,nonsense")

    def test_head_of_a_stream_ends(self):
        self.assertEqual(self.raw("HEAD", "/api/v1/events")[0], 200)

    def test_a_slow_reader_is_told_what_it_lost(self):
        reader = self.enterContext(socket.socket())
        reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        reader.settimeout(harness.PATIENCE)
        reader.connect(place(self.server.http))
        reader.sendall(b"GET /api/v1/events?endpoint=fast HTTP/1.1\r\nHost: x\r\n\r\n")
        self.assertIn(b"text/event-stream", reader.recv(200))
        many = ",".join(f"</{3300 + i}/0>" for i in range(90))
        device, _ = self.registered("fast", objects="</3/0>," + many)

        def dropped():
            data = self.raw("GET", "/metrics")[2]
            return int(float(re.search(rb"^linnet_events_dropped_total (\S+)", data, re.M)[1]))

        round_, end = 0, time.monotonic() + 60
        while dropped() == 0:
            self.assertLess(time.monotonic(), end, "nothing was ever dropped")
            for i in range(400):
                device.update([f"lt={1000 + (round_ + i) % 2}"])
            round_ += 400
        data = b""
        while b"event: lost" not in data[-200_000:]:
            data += reader.recv(1 << 20)
        while b"}\n\n" not in data[data.rindex(b"event: lost"):]:
            data += reader.recv(1 << 20)
        lost = json.loads(re.search(rb"event: lost\ndata: (.*)\n", data)[1])
        self.assertGreater(lost["count"], 0)


class Models(ApiCase):
    def test_models_are_listed_and_shown(self):
        listed = self.server.rest.call("GET", "/api/v1/models")[1]["models"]
        self.assertIn("Temperature", {m["name"] for m in listed})
        shown = self.server.rest.call("GET", "/api/v1/models/temperature", version="1.1")[1]
        self.assertEqual((shown["id"], shown["version"]), (3303, "1.1"))
        self.assertIn({"id": 5700, "name": "Sensor Value", "type": "Float", "operations": "R", "multiple": False,
                       "mandatory": True, "units": "", "range": ""}, shown["resources"])
        self.problem(400, "GET", "/api/v1/models/3303?version=x")
        self.problem(404, "GET", "/api/v1/models/3303?version=9.9")

    def test_the_description_names_every_route(self):
        document = json.loads(self.raw("GET", "/api/v1/openapi.json")[2])
        self.assertTrue(document["openapi"].startswith("3."))
        paths = " ".join(document["paths"])
        for part in ("/devices", "/discover", "/attributes", "/execute", "/observe", "/observations", "/events",
                     "/models", "/health", "/metrics"):
            self.assertIn(part, paths)

    def test_health(self):
        status, body = self.server.rest.call("GET", "/health")
        self.assertEqual((status, body["status"], body["store"]["condition"]), (200, "ok", "ok"))
        self.assertEqual(body["coap"], [self.server.coap])


if __name__ == "__main__":
    unittest.main()
