# SPDX-License-Identifier: Apache-2.0
"""aiocoap as a peer: a scripted device at linnetd, and a management server for linnet-device."""

import asyncio
import base64
import glob
import json
import site
import threading
import unittest

from harness import PATIENCE, Linnetd, LinnetDevice, eventually, free_port, peers

for folder in glob.glob(peers("venv") + "/lib/python3*/site-packages"):
    site.addsitedir(folder)

import aiocoap  # noqa: E402  (its folder is known only now)
import aiocoap.resource  # noqa: E402
import cbor2  # noqa: E402
from aiocoap import Code, Message  # noqa: E402

TEXT, LINKS, OPAQUE, CBOR, SENML_JSON, SENML_CBOR, TLV, JSON = 0, 40, 42, 60, 110, 112, 11542, 11543
LARGE = bytes(i * 7 % 251 for i in range(20000))
HIDDEN = "the value that only one resource has"


class Loop:
    """An event loop on a thread of its own; `run` does a coroutine there and waits for it."""

    def __init__(self):
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def run(self, coroutine, patience=PATIENCE):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(patience)

    def end(self):
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(PATIENCE)
        self.loop.close()


class Resource(aiocoap.resource.ObservableResource):
    """A value with one form for each content format, that remembers what was done to it."""

    def __init__(self, forms, delay=0.0):
        super().__init__()
        self.forms = forms  # content format: payload; the first is the default
        self.delay = delay
        self.done = []

    def set(self, content_format, payload):
        self.forms = {content_format: payload}
        self.updated_state()

    async def render_get(self, request):
        await asyncio.sleep(self.delay)
        wanted = request.opt.accept
        wanted = next(iter(self.forms)) if wanted is None else int(wanted)
        if wanted not in self.forms:
            return Message(code=Code.NOT_ACCEPTABLE)
        return Message(code=Code.CONTENT, payload=self.forms[wanted], content_format=wanted)

    async def render_put(self, request):
        await asyncio.sleep(self.delay)
        self.done.append(("PUT", request.opt.uri_query, request.opt.content_format, request.payload))
        return Message(code=Code.CHANGED)

    async def render_post(self, request):
        await asyncio.sleep(self.delay)
        self.done.append(("POST", request.opt.uri_query, request.opt.content_format, request.payload))
        return Message(code=Code.CHANGED)

    async def render_delete(self, request):
        self.done.append(("DELETE", (), None, b""))
        return Message(code=Code.DELETED)


class Creator(Resource):
    async def render_post(self, request):
        await super().render_post(request)
        return Message(code=Code.CREATED, location_path=("33442", "9"))


class Refusing(Resource):
    def __init__(self, code):
        super().__init__({})
        self.code = code

    async def render_get(self, request):
        return Message(code=self.code)


class Coap:
    """A server context of aiocoap on a free loopback port, with one loop."""

    def __init__(self, root):
        self.loop = Loop()
        self.port = free_port()
        self.context = self.loop.run(self._open(root))

    async def _open(self, root):
        return await aiocoap.Context.create_server_context(root, bind=("127.0.0.1", self.port))

    async def ask(self, message):
        return await self.context.request(message).response

    def request(self, **message):
        return self.loop.run(self.ask(Message(**message)))

    def end(self):
        self.loop.run(self.context.shutdown())
        self.loop.end()


REFUSALS = {Code.BAD_REQUEST: 400, Code.UNAUTHORIZED: 403, Code.FORBIDDEN: 403, Code.NOT_FOUND: 404,
            Code.METHOD_NOT_ALLOWED: 405, Code.NOT_ACCEPTABLE: 415, Code.CONFLICT: 502,
            Code.UNSUPPORTED_CONTENT_FORMAT: 415, Code.INTERNAL_SERVER_ERROR: 502, Code.NOT_IMPLEMENTED: 502,
            Code.SERVICE_UNAVAILABLE: 502}


class DeviceAtLinnetd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Linnetd())
        cls.root = aiocoap.resource.Site()
        cls.coap = Coap(cls.root)
        cls.addClassCleanup(cls.coap.end)
        formats = " ".join(str(f) for f in (TEXT, OPAQUE, CBOR, SENML_JSON, SENML_CBOR, TLV, JSON))
        objects = f'</>;rt="oma.lwm2m";ct="{formats}",</1/0>,</3/0>,</33442/0>'
        answer = cls.coap.request(code=Code.POST, uri=f"coap://{cls.server.coap}/rd?ep=aiocoap&lt=300&lwm2m=1.1&b=U",
                                  payload=objects.encode(), content_format=LINKS)
        assert answer.code == Code.CREATED, answer
        cls.location = answer.opt.location_path
        cls.device = cls.server.rest.device("aiocoap")

    def add(self, path, resource):
        self.root.add_resource(path.split("/"), resource)
        self.addCleanup(self.root.remove_resource, path.split("/"))
        return resource

    def on_loop(self, function, *arguments):
        async def call():
            return function(*arguments)

        return self.coap.loop.run(call())

    def test_is_listed_as_it_registered(self):
        _, shown = self.device.shown()
        self.assertEqual("/" + "/".join(self.location), shown["location"])
        self.assertEqual((shown["lifetime"], shown["binding"], [one["id"] for one in shown["objects"]]),
                         (300, "U", [1, 3, 33442]))
        self.assertIn("application/senml+cbor", shown["formats"])

    def test_updates_and_deregisters(self):
        uri = f"coap://{self.server.coap}"
        answer = self.coap.request(code=Code.POST, uri=uri + "/rd?ep=aiocoap-2&lt=60&lwm2m=1.1&b=U&Q",
                                   payload=b"</1/0>,</3/0>", content_format=LINKS)
        self.assertEqual(answer.code, Code.CREATED)
        location = uri + "/" + "/".join(answer.opt.location_path)
        self.assertTrue(self.server.registered("aiocoap-2")["queue_mode"])
        answer = self.coap.request(code=Code.POST, uri=location + "?lt=120", payload=b"</1/0>,</3/0>,</3303/4>",
                                   content_format=LINKS)
        self.assertEqual((answer.code, answer.payload), (Code.CHANGED, b""))
        shown = self.server.registered("aiocoap-2")
        self.assertEqual((shown["lifetime"], shown["objects"][-1]["instances"]), (120, [4]))
        self.assertEqual(self.coap.request(code=Code.DELETE, uri=location).code, Code.DELETED)
        self.assertEqual(self.coap.request(code=Code.POST, uri=location).code, Code.NOT_FOUND)
        self.assertEqual(self.server.rest.device("aiocoap-2").shown()[0], 404)

    def test_reads_every_format_and_data_type(self):
        self.add("33442/0/3", Resource({
            TEXT: b"-2.5", CBOR: cbor2.dumps(-2.5), TLV: b"\xc4\x03\xc0\x20\x00\x00",
            SENML_JSON: b'[{"bn":"/33442/0/","n":"3","v":-2.5}]', SENML_CBOR: cbor2.dumps([{-2: "/33442/0/3", 2: -2.5}]),
            JSON: b'{"bn":"/33442/0/3","e":[{"v":-2.5}]}'}))
        self.add("33442/0/5", Resource({
            OPAQUE: b"\0\xff", CBOR: cbor2.dumps(b"\0\xff"), TEXT: b"AP8=", TLV: b"\xc2\x05\0\xff",
            SENML_JSON: b'[{"n":"/33442/0/5","vd":"AP8"}]', SENML_CBOR: cbor2.dumps([{0: "/33442/0/5", 8: b"\0\xff"}])}))
        self.add("33442/0/6", Resource({
            TEXT: b"1700000000", CBOR: cbor2.dumps(cbor2.CBORTag(1, 1700000000)), TLV: b"\xc4\x06\x65\x53\xf1\x00",
            SENML_JSON: b'[{"n":"/33442/0/6","v":1.7e9}]',
            SENML_CBOR: cbor2.dumps([{0: "/33442/0/6", 2: 1700000000}])}))
        self.add("33442/0/7", Resource({
            TEXT: b"3:0", TLV: b"\xc4\x07\0\x03\0\0", SENML_JSON: b'[{"n":"/33442/0/7","vlo":"3:0"}]',
            SENML_CBOR: cbor2.dumps([{0: "/33442/0/7", "vlo": "3:0"}])}))
        for path, value in (("33442/0/3", -2.5), ("33442/0/5", "AP8="), ("33442/0/6", "2023-11-14T22:13:20Z"),
                            ("33442/0/7", "3:0")):
            resource = self.root._resources[tuple(path.split("/"))]
            for content_format in resource.forms:
                with self.subTest(path=path, format=content_format):
                    self.assertEqual(self.device.values(path, format=content_format), {"/" + path: value})

    def test_reads_an_instance_with_multiple_resources(self):
        expected = {"/33442/0/0": "abc", "/33442/0/11/0": 1, "/33442/0/11/5": -300}
        self.add("33442/0", Resource({
            TLV: b"\xc3\x00abc\x87\x0b\x41\x00\x01\x42\x05\xfe\xd4",
            SENML_JSON: b'[{"bn":"/33442/0/","n":"0","vs":"abc"},{"n":"11/0","v":1},{"n":"11/5","v":-300}]',
            SENML_CBOR: cbor2.dumps([{-2: "/33442/0/", 0: "0", 3: "abc"}, {0: "11/0", 2: 1}, {0: "11/5", 2: -300}]),
            JSON: b'{"bn":"/33442/0/","e":[{"n":"0","sv":"abc"},{"n":"11/0","v":1},{"n":"11/5","v":-300}]}'}))
        for content_format in (TLV, SENML_JSON, SENML_CBOR, JSON):
            with self.subTest(format=content_format):
                self.assertEqual(self.device.values("33442/0", format=content_format), expected)

    def test_a_large_value_is_read_in_blocks(self):
        self.add("33442/0/15", Resource({OPAQUE: LARGE}))
        self.add("33442/1/5", Resource({OPAQUE: LARGE}))
        self.assertEqual(base64.b64decode(self.device.values("33442/1/5")["/33442/1/5"]), LARGE)

    def test_a_large_value_is_written_in_blocks(self):
        resource = self.add("33442/1/5", Resource({}))
        status, body = self.device.call("PUT", "33442/1/5", {"value": base64.b64encode(LARGE).decode()})
        self.assertEqual((status, body), (200, {"code": "2.04"}))
        self.assertEqual([(method, payload) for method, _, _, payload in resource.done], [("PUT", LARGE)])

    def test_separate_responses(self):
        slow = self.add("33442/2/1", Resource({TEXT: b"5"}, delay=0.8))
        self.assertEqual(self.device.values("33442/2/1", format=TEXT), {"/33442/2/1": 5})
        self.assertEqual(self.device.call("PUT", "33442/2/1", {"value": 6}), (200, {"code": "2.04"}))
        self.assertEqual(len(slow.done), 1)

    def test_a_device_slower_than_the_timeout_is_504(self):
        self.add("33442/2/2", Resource({TEXT: b"5"}, delay=4))
        self.assertEqual(self.device.call("GET", "33442/2/2", format=TEXT, timeout=1)[0], 504)

    def test_operations_carry_what_the_request_said(self):
        instance = self.add("33442/3", Resource({}))
        run = self.add("33442/3/20", Resource({}))
        created = self.add("33442", Creator({}))
        self.assertEqual(self.device.call("POST", "33442/3/20/execute", {"arguments": "0='x',3"})[0], 200)
        self.assertEqual(self.device.call("POST", "33442/3/20/execute")[0], 200)
        self.assertEqual([(method, payload) for method, _, _, payload in run.done], [("POST", b"0='x',3"), ("POST", b"")])
        self.assertEqual(self.device.call("PUT", "33442/3", {"values": {"Text": "abc", "1": 5}}, format=TLV)[0], 200)
        self.assertEqual(self.device.call("POST", "33442/3", {"values": {"Count": 6}}, format=SENML_JSON)[0], 200)
        self.assertEqual(self.device.call("PUT", "33442/3/attributes", {"pmin": 1, "pmax": 60, "gt": None})[0], 200)
        self.assertEqual(self.device.call("DELETE", "33442/3")[0], 200)
        (_, _, tlv, replaced), (_, _, senml, updated), (_, attributes, none, _), deleted = instance.done
        self.assertEqual((tlv, replaced), (TLV, b"\xc3\x00abc\xc1\x01\x05"))
        self.assertEqual(senml, SENML_JSON)
        self.assertEqual([(one.get("bn", "") + one["n"], one["v"]) for one in json.loads(updated)], [("/33442/3/1", 6)])
        self.assertEqual((sorted(attributes), none), (["gt", "pmax=60", "pmin=1"], None))
        self.assertEqual(deleted[0], "DELETE")
        status, body = self.device.call("POST", "33442", {"instance": 9, "values": {"0": "new"}}, format=SENML_CBOR)
        self.assertEqual((status, body), (201, {"code": "2.01", "path": "/33442/9"}))
        records = cbor2.loads(created.done[0][3])
        self.assertEqual([(one.get(-2, "") + one[0], one[3]) for one in records], [("/33442/9/0", "new")])

    def test_discover(self):
        self.add("33442/4", Resource({LINKS: b"</33442/4>;pmin=10,</33442/4/1>;gt=5;lt=1.5,</33442/4/11>;dim=2"}))
        status, body = self.device.call("GET", "33442/4/discover")
        self.assertEqual(status, 200)
        self.assertEqual([(one["path"], one["attributes"]) for one in body["links"]],
                         [("/33442/4", {"pmin": "10"}), ("/33442/4/1", {"gt": "5", "lt": "1.5"}),
                          ("/33442/4/11", {"dim": "2"})])

    def test_error_codes(self):
        for number, (code, status) in enumerate(REFUSALS.items()):
            with self.subTest(code=code):
                self.add(f"33442/5/{100 + number}", Refusing(code))
                answered, body = self.device.call("GET", f"33442/5/{100 + number}")
                self.assertEqual((answered, body["coap"]), (status, code.dotted))

    def test_observe_notify_cancel(self):
        resource = self.add("33442/6/1", Resource({TEXT: b"1"}))
        with self.server.events(endpoint="aiocoap") as events:
            status, body = self.device.call("PUT", "33442/6/1/observe", format=TEXT)
            self.assertEqual((status, body["values"][0]["value"]), (200, 1))
            self.assertEqual(self.device.call("PUT", "33442/6/1/observe", format=TEXT)[0], 409)
            for value in range(2, 12):
                self.on_loop(resource.set, TEXT, str(value).encode())
                told = events.wait("notified", lambda data: data["path"] == "/33442/6/1")
                self.assertEqual((told["code"], told["values"][0]["value"]), ("2.05", value))
            self.assertEqual(self.device.call("DELETE", "33442/6/1/observe")[0], 200)
            eventually(lambda: not resource._observations, "aiocoap forgets the observation")
            self.assertEqual(self.device.call("GET", "33442/6/1", format=TEXT)[0], 200)
            self.assertEqual(self.device.rest.call("GET", "/api/v1/devices/aiocoap/observations")[1].get("observations"),
                             [])

    def test_an_error_ends_an_observation(self):
        resource = self.add("33442/6/2", Resource({TEXT: b"1"}))
        with self.server.events(endpoint="aiocoap") as events:
            self.assertEqual(self.device.call("PUT", "33442/6/2/observe", format=TEXT)[0], 200)
            self.on_loop(resource.updated_state, Message(code=Code.NOT_FOUND))
            self.assertEqual(events.wait("observation-ended")["path"], "/33442/6/2")

    def test_many_operations_at_once_all_get_their_own_answer(self):
        for number in range(12):
            self.add(f"33442/7/{200 + number}", Resource({TEXT: f"{HIDDEN} {number}".encode()}, delay=0.2))
        answers = {}

        def ask(number):
            answers[number] = self.device.values(f"33442/7/{200 + number}", format=TEXT)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(PATIENCE)
        self.assertEqual(answers, {n: {f"/33442/7/{200 + n}": f"{HIDDEN} {n}"} for n in range(12)})


class Registrations(aiocoap.resource.Resource):
    """The registration interface of a server, /rd and /rd/ID: takes everything and remembers it."""

    def __init__(self):
        super().__init__()
        self.log = []

    async def render(self, request):
        path = request._original_request_uri.rsplit("/", 1)[-1].split("?")[0]
        self.log.append((request.code, path, request.opt.uri_query, request.opt.content_format, request.payload,
                         request.remote))
        if path == "rd":
            return Message(code=Code.CREATED, location_path=("rd", "id"))
        return Message(code=Code.DELETED if request.code == Code.DELETE else Code.CHANGED)


class ServerOfLinnetDevice(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.registrations = Registrations()
        cls.observations = []
        root = aiocoap.resource.Site()
        root.add_resource(["rd"], cls.registrations)
        root.add_resource(["rd", "id"], cls.registrations)
        cls.coap = Coap(root)
        cls.addClassCleanup(cls.coap.end)
        cls.device = cls.enterClassContext(cls.start_device("aiocoap-server"))
        cls.device.told("registered")
        cls.remote = cls.registrations.log[0][5]

    @classmethod
    def start_device(cls, endpoint, *arguments):
        return LinnetDevice(endpoint, f"coap://127.0.0.1:{cls.coap.port}", "--object", "33442:2", *arguments)

    def message(self, code, path, **more):
        message = Message(code=code, **more)
        message.opt.uri_path = path.split("/")
        message.remote = self.remote
        return message

    def ask(self, code, path, query=(), **more):
        message = self.message(code, path, **more)
        message.opt.uri_query = query
        return self.coap.loop.run(self.coap.ask(message))

    def get(self, path, content_format):
        answer = self.ask(Code.GET, path, accept=content_format)
        self.assertEqual((answer.code, answer.opt.content_format), (Code.CONTENT, content_format))
        return answer.payload

    def test_registers_updates_and_deregisters(self):
        begin = len(self.registrations.log)
        with self.start_device("aiocoap-life") as device:
            device.told("registered", location="/rd/id")
            device.rpc("update")
            device.told("updated")
            device.rpc("create", path="/33442/9")
            device.told("updated")
            device.rpc("deregister")
            device.told("deregistered")
        register, update, objects, deregister = self.registrations.log[begin:]
        self.assertEqual(register[:2], (Code.POST, "rd"))
        self.assertEqual(sorted(register[2]), ["b=U", "ep=aiocoap-life", "lt=86400", "lwm2m=1.1"])
        self.assertEqual(register[3], LINKS)
        self.assertIn(b"</33442/1>", register[4])
        self.assertEqual((update[:3], update[4]), ((Code.POST, "id", ()), b""))
        self.assertEqual(objects[:4], (Code.POST, "id", (), LINKS))
        self.assertIn(b"</33442/9>", objects[4])
        self.assertEqual(deregister[:2], (Code.DELETE, "id"))

    def test_reads_in_each_format(self):
        self.device.rpc("set", path="/33442/0", values={"0": "abc", "1": -7, "3": 1.5, "4": True, "6": 1700000000,
                                                        "7": "3:0", "5": "AP8="})
        self.assertEqual([self.get(f"33442/0/{r}", TEXT) for r in (0, 1, 3, 4, 5, 6, 7)],
                         [b"abc", b"-7", b"1.5", b"1", b"AP8=", b"1700000000", b"3:0"])
        self.assertEqual([cbor2.loads(self.get(f"33442/0/{r}", CBOR)) for r in (0, 1, 3, 4, 5)],
                         ["abc", -7, 1.5, True, b"\0\xff"])
        self.assertEqual(self.get("33442/0/5", OPAQUE), b"\0\xff")
        wanted = {"/33442/0/0": "abc", "/33442/0/1": -7, "/33442/0/3": 1.5, "/33442/0/4": True, "/33442/0/5": "AP8",
                  "/33442/0/6": 1700000000, "/33442/0/7": "3:0"}
        base, found = "", {}
        for record in json.loads(self.get("33442/0", SENML_JSON)):
            base = record.get("bn", base)
            found[base + record.get("n", "")] = next(record[k] for k in ("v", "vs", "vb", "vd", "vlo") if k in record)
        self.assertEqual(found, wanted)
        base, found = "", {}
        for record in cbor2.loads(self.get("33442/0", SENML_CBOR)):
            base = record.get(-2, base)
            found[base + record.get(0, "")] = next(record[k] for k in (2, 3, 4, 8, "vlo") if k in record)
        self.assertEqual(found, {**wanted, "/33442/0/5": b"\0\xff"})
        body = json.loads(self.get("33442/0", JSON))
        found = {body.get("bn", "") + one.get("n", ""): next(one[k] for k in ("v", "sv", "bv", "ov") if k in one)
                 for one in body["e"]}
        self.assertEqual(found, {**wanted, "/33442/0/5": "AP8="})
        self.assertEqual(self.get("33442/0", TLV),
                         b"\xc3\x00abc\xc1\x01\xf9\xc4\x03\x3f\xc0\0\0\xc1\x04\x01\xc2\x05\0\xff"
                         b"\xc4\x06\x65\x53\xf1\0\xc4\x07\0\x03\0\0")
        self.assertEqual(self.ask(Code.GET, "33442/0", accept=TEXT).code, Code.NOT_ACCEPTABLE)

    def test_writes_in_each_format(self):
        for content_format, payload, value in (
                (TEXT, b"5", 5), (CBOR, cbor2.dumps(-6), -6), (TLV, b"\xc1\x01\x07", 7),
                (SENML_JSON, b'[{"bn":"/33442/1/1","v":8}]', 8),
                (SENML_CBOR, cbor2.dumps([{-2: "/33442/1/", 0: "1", 2: 9}]), 9),
                (JSON, b'{"bn":"/33442/1/1","e":[{"v":10}]}', 10)):
            with self.subTest(format=content_format):
                answer = self.ask(Code.PUT, "33442/1/1", payload=payload, content_format=content_format)
                self.assertEqual(answer.code, Code.CHANGED)
                self.assertEqual(self.device.rpc("get", path="/33442/1/1")["value"], value)

    def test_writes_instances(self):
        self.device.rpc("create", path="/33442/20")
        self.device.rpc("set", path="/33442/20", values={"0": "a", "1": 1, "3": 2.5})
        answer = self.ask(Code.POST, "33442/20", content_format=SENML_CBOR,
                          payload=cbor2.dumps([{-2: "/33442/20/", 0: "1", 2: 5}, {0: "11/3", 2: 33}]))
        self.assertEqual(answer.code, Code.CHANGED)
        self.assertEqual(self.device.rpc("get", path="/33442/20")["values"],
                         {"/33442/20/0": "a", "/33442/20/1": 5, "/33442/20/3": 2.5, "/33442/20/11/3": 33})
        answer = self.ask(Code.PUT, "33442/20", payload=b"\xc1\x00b", content_format=TLV)
        self.assertEqual(answer.code, Code.CHANGED)
        self.assertEqual(self.device.rpc("get", path="/33442/20")["values"], {"/33442/20/0": "b"})
        self.assertEqual(self.ask(Code.DELETE, "33442/20").code, Code.DELETED)

    def test_creates_and_deletes(self):
        answer = self.ask(Code.POST, "33442", payload=b"\xc1\x00x", content_format=TLV)
        self.assertEqual(answer.code, Code.CREATED)
        path = "/".join(answer.opt.location_path)
        self.assertRegex(path, r"^33442/\d+$")
        self.assertEqual(self.get(path + "/0", TEXT), b"x")
        self.assertEqual(self.ask(Code.DELETE, path).code, Code.DELETED)
        self.assertEqual(self.ask(Code.GET, path).code, Code.NOT_FOUND)

    def test_executes(self):
        self.assertEqual(self.ask(Code.POST, "33442/0/20", payload=b"0='x',3").code, Code.CHANGED)
        self.device.told("executed", path="/33442/0/20", arguments="0='x',3")
        self.assertEqual(self.ask(Code.POST, "33442/0/20", payload=b"no arguments").code, Code.BAD_REQUEST)

    def test_discovers_and_writes_attributes(self):
        self.device.rpc("set", path="/33442/0/1", value=1)
        self.assertEqual(self.ask(Code.PUT, "33442/0/1", ["pmin=1", "pmax=50", "gt=5"]).code, Code.CHANGED)
        links = self.get("33442/0", LINKS).decode().split(",")
        attributes = next(link for link in links if link.startswith("</33442/0/1>")).split(";")[1:]
        self.assertEqual(sorted(attributes), ["gt=5", "pmax=50", "pmin=1"])
        self.assertEqual(self.ask(Code.PUT, "33442/0/1", ["pmin", "pmax", "gt"]).code, Code.CHANGED)
        self.assertEqual(self.ask(Code.PUT, "33442/0/1", ["pmin=soon"]).code, Code.BAD_REQUEST)

    def test_refuses(self):
        self.device.rpc("set", path="/33442/0/22", value="written only")
        for code, path, more, expected in (
                (Code.GET, "33442/77", {}, Code.NOT_FOUND), (Code.GET, "0/0", {}, Code.UNAUTHORIZED),
                (Code.GET, "33442/0/22", {}, Code.METHOD_NOT_ALLOWED), (Code.GET, "x/y", {}, Code.NOT_FOUND),
                (Code.PUT, "3/0/0", {"payload": b"x", "content_format": TEXT}, Code.METHOD_NOT_ALLOWED),
                (Code.PUT, "33442/0/1", {"payload": b"five", "content_format": TEXT}, Code.BAD_REQUEST),
                (Code.PUT, "33442/0/1", {"payload": b"5", "content_format": 50}, Code.UNSUPPORTED_CONTENT_FORMAT),
                (Code.GET, "33442/0/0", {"accept": 50}, Code.NOT_ACCEPTABLE),
                (Code.FETCH, "33442/0", {}, Code.METHOD_NOT_ALLOWED)):
            with self.subTest(code=code, path=path, more=more):
                self.assertEqual(self.ask(code, path, **more).code, expected)

    def test_large_values_travel_in_blocks(self):
        self.assertEqual(self.ask(Code.PUT, "33442/1/5", payload=LARGE, content_format=OPAQUE).code, Code.CHANGED)
        self.assertEqual(self.device.rpc("get", path="/33442/1/5")["value"], base64.b64encode(LARGE).decode())
        self.assertEqual(self.get("33442/1/5", OPAQUE), LARGE)
        self.assertEqual(cbor2.loads(self.get("33442/1/5", CBOR)), LARGE)
        self.ask(Code.PUT, "33442/1/5", payload=b"", content_format=OPAQUE)

    def observe(self, path, content_format):
        """A list that the notifications go to; the first is the response."""
        async def start():
            message = self.message(Code.GET, path, accept=content_format, observe=0)
            request = self.coap.context.request(message)
            seen = []
            request.observation.register_callback(seen.append)
            request.observation.register_errback(seen.append)
            seen.insert(0, await request.response)
            self.observations.append(request.observation)  # aiocoap drops what nobody holds
            return seen

        return self.coap.loop.run(start())

    def test_notifies_what_changes(self):
        self.device.rpc("set", path="/33442/1/2", value=0)
        seen = self.observe("33442/1/2", TEXT)
        self.device.told("observed", path="/33442/1/2")
        for value in range(1, 6):
            self.device.rpc("set", path="/33442/1/2", value=value)
            eventually(lambda: seen[-1].payload == str(value).encode(), f"a notification of {value}")
        self.assertTrue(all(one.opt.observe is not None for one in seen), seen)

        self.assertEqual(self.ask(Code.GET, "33442/1/2", accept=TEXT, observe=1).payload, b"5")
        self.device.told("cancelled", path="/33442/1/2")
        count = len(seen)
        self.device.rpc("set", path="/33442/1/2", value=100)
        self.assertEqual(self.get("33442/1/2", TEXT), b"100")
        self.assertEqual(len(seen), count)

    def test_notifies_large_values_in_blocks(self):
        self.device.rpc("set", path="/33442/0/5", value="")
        seen = self.observe("33442/0/5", OPAQUE)
        self.device.rpc("set", path="/33442/0/5", value=base64.b64encode(LARGE).decode())
        eventually(lambda: getattr(seen[-1], "payload", b"") == LARGE, "the large notification arrives whole")

    def test_notifications_keep_their_attributes(self):
        self.device.rpc("set", path="/33442/0/3", value=0)
        self.assertEqual(self.ask(Code.PUT, "33442/0/3", ["gt=10", "lt=-10"]).code, Code.CHANGED)
        seen = self.observe("33442/0/3", TEXT)
        for value in (5, 11, 12, 8, -11, -12):  # upwards through gt, downwards through lt
            self.device.rpc("set", path="/33442/0/3", value=value)
        eventually(lambda: len(seen) >= 3, "both crossings are told")
        self.assertEqual([one.payload for one in seen[1:]], [b"11", b"-11"])
        self.assertEqual(self.ask(Code.PUT, "33442/0/3", ["gt", "lt"]).code, Code.CHANGED)

    def test_an_observed_instance_that_goes_ends_with_4_04(self):
        self.device.rpc("create", path="/33442/30")
        seen = self.observe("33442/30/0", TEXT)
        self.device.rpc("delete", path="/33442/30")
        eventually(lambda: len(seen) > 1, "the observation ends")
        self.assertEqual(seen[1].code, Code.NOT_FOUND)

    def test_many_requests_at_once(self):
        async def burst():
            return await asyncio.gather(*(self.coap.ask(self.message(Code.GET, f"33442/{i % 2}/0", accept=TEXT))
                                          for i in range(50)))

        self.assertEqual({answer.code for answer in self.coap.loop.run(burst())}, {Code.CONTENT})


if __name__ == "__main__":
    unittest.main()
