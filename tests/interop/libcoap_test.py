# SPDX-License-Identifier: Apache-2.0
"""libcoap's own programs as peers: coap-client registers at linnetd and manages linnet-device, coap-server
stands in for a device, coap-rd for the registration interface of a server.

coap-client and the two servers cannot share a socket, so one speaks from a port when the other has left it:
what is a peer to linnet is an address and a port.
"""

# Shows: TR-1, TR-8
import base64
import json
import os
import re
import tempfile
import unittest

from harness import PATIENCE, Child, Linnetd, LinnetDevice, debian_program, eventually, free_port, run

TEXT, LINKS, OPAQUE, CBOR, SENML_JSON, SENML_CBOR, TLV, JSON = 0, 40, 42, 60, 110, 112, 11542, 11543
LARGE = bytes(i * 7 % 251 for i in range(5000))
MESSAGE = re.compile(r"v:1 t:(\w+) c:([\w.]+) i:\w+ \{\w*\} \[ (.*?) ?\]")


class Exchange:
    """One run of coap-client: what it received as (type, code, options), and the payload."""

    def __init__(self, uri, *arguments, payload=None, seconds=10):
        client = debian_program("coap-client-notls", "libcoap3-bin")
        with tempfile.TemporaryDirectory() as folder:
            out = os.path.join(folder, "out")
            extra = ["-o", out]
            if payload is not None:
                with open(os.path.join(folder, "in"), "wb") as file:
                    file.write(payload)
                extra += ["-f", file.name]
            self.log = "".join(run("coap-client", [client, "-v", "7", "-B", seconds, *extra, *arguments, uri]))
            self.payload = b""
            if os.path.exists(out):
                with open(out, "rb") as file:
                    self.payload = file.read()
        self.received = []
        incoming = False
        for line in self.log.splitlines():
            if found := MESSAGE.search(line):
                if incoming:
                    self.received.append(found.groups())
                incoming = False
            else:
                incoming = "received" in line
        if not self.received:
            raise AssertionError("coap-client received nothing:\n" + self.log)

    @property
    def code(self):
        return self.received[-1][1]

    @property
    def options(self):
        return dict(option.split(":", 1) for option in self.received[-1][2].split(", ") if ":" in option)


def register(server, endpoint, objects, port=None, *more):
    """Register by coap-client; the exchange."""
    source = [] if port is None else ["-p", port]
    return Exchange(f"coap://{server}/rd?ep={endpoint}&lt=300&lwm2m=1.1&b=U", "-m", "post", "-t", LINKS, *source,
                    *more, payload=objects.encode())


def wait_until_bound(port):
    """Until some program has the UDP port: the kernel's own list says so."""
    def bound():
        with open("/proc/net/udp", encoding="ascii") as table, open("/proc/net/udp6", encoding="ascii") as table6:
            return f":{port:04X} " in table.read() + table6.read()

    eventually(bound, f"a program listens on UDP port {port}")


class ClientAtLinnetd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Linnetd())
        cls.uri = "coap://" + cls.server.coap

    def test_well_known_core_names_the_registration_interface(self):
        answer = Exchange(self.uri + "/.well-known/core")
        self.assertEqual((answer.code, answer.options["Content-Format"]), ("2.05", "application/link-format"))
        self.assertIn(b"</rd>", answer.payload)

    def test_registers_updates_and_deregisters(self):
        port = free_port()
        with self.server.events(endpoint="libcoap-life") as events:
            answer = register(self.server.coap, "libcoap-life", "</1/0>,</3/0>,</3303/0>;ver=1.1", port)
            self.assertEqual(answer.code, "2.01")
            segments = re.findall(r"Location-Path:([^,\s]+)", answer.received[-1][2])
            self.assertEqual(segments[0], "rd")
            location = "/".join(segments)
            device = events.wait("registered")["device"]
            self.assertEqual((device["lifetime"], device["lwm2m"], device["binding"]), (300, "1.1", "U"))
            self.assertEqual([(one["id"], one["instances"]) for one in device["objects"]],
                             [(1, [0]), (3, [0]), (3303, [0])])
            self.assertEqual(Exchange(f"{self.uri}/{location}?lt=600", "-m", "post", "-p", port).code, "2.04")
            self.assertEqual(events.wait("updated")["device"]["lifetime"], 600)
            self.assertEqual(Exchange(f"{self.uri}/{location}", "-m", "delete", "-p", port).code, "2.02")
            events.wait("deregistered")
        self.assertEqual(Exchange(f"{self.uri}/{location}", "-m", "delete", "-p", port).code, "4.04")

    def test_registers_an_object_list_in_blocks(self):
        objects = ",".join(["</1/0>", "</3/0>"] + [f"</33442/{i}>" for i in range(400)])
        answer = register(self.server.coap, "libcoap-blocks", objects, None, "-b", 128)
        self.assertEqual(answer.code, "2.01")
        self.assertGreater(sum(code == "2.31" for _, code, _ in answer.received), 20, answer.log)
        listed = self.server.registered("libcoap-blocks")["objects"]
        self.assertEqual(listed[-1]["instances"], list(range(400)))

    def test_an_object_list_beyond_every_bound_is_refused(self):
        objects = ",".join(f"</33442/{i}>" for i in range(20000))
        answer = register(self.server.coap, "libcoap-too-long", objects, None, "-b", 1024)
        self.assertEqual(answer.code, "4.13")
        self.assertEqual(self.server.rest.device("libcoap-too-long").shown()[0], 404)

    def test_refuses_what_is_no_registration(self):
        for uri, arguments, code in (("/rd", ["-m", "post"], "4.00"),
                                     ("/rd?ep=x&lt=soon", ["-m", "post", "-t", LINKS], "4.00"),
                                     ("/elsewhere", [], "4.04"),
                                     ("/rd/nobody", ["-m", "post"], "4.04"),
                                     ("/rd/nobody", ["-m", "delete"], "4.04")):
            with self.subTest(uri=uri, arguments=arguments):
                self.assertEqual(Exchange(self.uri + uri, *arguments, payload=b"</1/0>").code if "-t" in arguments
                                 else Exchange(self.uri + uri, *arguments).code, code)

    def test_a_critical_option_that_nobody_knows_is_4_02(self):
        self.assertEqual(Exchange(self.uri + "/rd?ep=libcoap-option", "-m", "post", "-O", "65001,x").code, "4.02")

    def test_answers_non_confirmable_requests(self):
        answer = Exchange(self.uri + "/.well-known/core", "-N")
        self.assertEqual(answer.received[-1][:2], ("NON", "2.05"))

    def test_answers_a_ping_by_reset(self):
        port = free_port()
        log = "".join(run("coap-client", [debian_program("coap-client-notls", "libcoap3-bin"), "-v", "7", "-p", port,
                                          "-B", "5", "-K", "1", "-G", "3", self.uri + "/.well-known/core"]))
        self.assertRegex(log, r"t:RST c:0\.00")


class ServerAsDevice(unittest.TestCase):
    """coap-server -d takes any PUT as a resource: a device without rules, whose CoAP is libcoap's."""

    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Linnetd())
        cls.port = free_port()
        formats = " ".join(str(f) for f in (TEXT, OPAQUE, CBOR, SENML_JSON, SENML_CBOR, TLV, JSON))
        answer = register(cls.server.coap, "libcoap-server", f'</>;rt="oma.lwm2m";ct="{formats}",</3/0>,</33442/0>',
                          cls.port)
        assert answer.code == "2.01", answer.log
        cls.enterClassContext(Child("coap-server", [debian_program("coap-server-notls", "libcoap3-bin"), "-d", "50",
                                                    "-A", "127.0.0.1", "-p", cls.port]))
        wait_until_bound(cls.port)
        cls.uri = f"coap://127.0.0.1:{cls.port}"
        cls.device = cls.server.rest.device("libcoap-server")

    def put(self, path, payload, content_format=TEXT):
        """The content format is that of the first PUT."""
        answer = Exchange(self.uri + path, "-m", "put", "-t", content_format, "-b", 1024, payload=payload)
        self.assertIn(answer.code, ("2.01", "2.04"))

    def test_reads_a_value_in_every_format(self):
        for content_format, payload in ((TEXT, b"-7"), (CBOR, b"\x26"),
                                        (SENML_JSON, b'[{"bn":"/33442/0/1","v":-7}]'),
                                        (SENML_CBOR, b"\x81\xa2\x21\x6a/33442/0/1\x02\x26"),
                                        (TLV, b"\xc1\x01\xf9"),
                                        (JSON, b'{"bn":"/33442/0/1","e":[{"v":-7}]}')):
            with self.subTest(format=content_format):
                Exchange(self.uri + "/33442/0/1", "-m", "delete")
                self.put("/33442/0/1", payload, content_format)
                self.assertEqual(self.device.values("33442/0/1", format=content_format), {"/33442/0/1": -7})

    def test_reads_an_instance(self):
        self.put("/33442/0", b"\xc3\x00abc\xc1\x01\x05\xc1\x04\x01", TLV)
        self.assertEqual(self.device.values("33442/0"), {"/33442/0/0": "abc", "/33442/0/1": 5, "/33442/0/4": True})

    def test_reads_a_large_value_in_blocks(self):
        self.put("/33442/0/5", LARGE, OPAQUE)
        self.assertEqual(base64.b64decode(self.device.values("33442/0/5")["/33442/0/5"]), LARGE)

    def test_writes_a_large_value_in_blocks(self):
        self.put("/33442/0/15", b"first", OPAQUE)
        self.put("/33442/1/5", b"first", OPAQUE)
        status, body = self.device.call("PUT", "33442/1/5", {"value": base64.b64encode(LARGE).decode()})
        self.assertEqual((status, body), (200, {"code": "2.04"}))
        answer = Exchange(self.uri + "/33442/1/5")
        self.assertEqual(answer.payload, LARGE)

    def test_writes_and_deletes(self):
        self.put("/33442/2/0", b"first")
        self.assertEqual(self.device.call("PUT", "33442/2/0", {"value": "zweite é"})[1], {"code": "2.04"})
        self.assertEqual(Exchange(self.uri + "/33442/2/0").payload, "zweite é".encode())
        self.put("/33442/3", b"\xc1\x01\x05", TLV)
        self.assertEqual(self.device.call("DELETE", "33442/3"), (200, {"code": "2.02"}))
        status, body = self.device.call("GET", "33442/3")
        self.assertEqual((status, body["coap"]), (404, "4.04"))

    def test_executes_with_arguments(self):
        self.put("/33442/4/20", b"nothing yet")
        self.assertEqual(self.device.call("POST", "33442/4/20/execute", {"arguments": "0='a b',1"}),
                         (200, {"code": "2.04"}))
        self.assertEqual(Exchange(self.uri + "/33442/4/20").payload, b"0='a b',1")

    def test_observes_and_cancels(self):
        self.put("/33442/5/1", b"1")
        with self.server.events(endpoint="libcoap-server", type="notified") as events:
            status, body = self.device.call("PUT", "33442/5/1/observe")
            self.assertEqual((status, body["observation"], body["values"][0]["value"]), (200, True, 1))
            for value in range(2, 8):  # the fifth is confirmable: libcoap checks that somebody is there
                self.put("/33442/5/1", str(value).encode())
                told = events.wait("notified", lambda data: data["path"] == "/33442/5/1")
                self.assertEqual(told["values"][0]["value"], value)
            self.assertEqual(self.device.call("DELETE", "33442/5/1/observe")[0], 200)
            self.put("/33442/5/1", b"99")
            self.assertEqual(self.device.values("33442/5/1"), {"/33442/5/1": 99})
            self.assertNotIn("99", [str(json.loads(line[5:])["values"][0]["value"]) for line in
                                    events.lines.tail().splitlines() if line.startswith("data:")])

    def test_a_large_notification_is_fetched_in_blocks(self):
        self.put("/33442/6/5", b"small", OPAQUE)
        with self.server.events(endpoint="libcoap-server", type="notified") as events:
            self.assertEqual(self.device.call("PUT", "33442/6/5/observe")[0], 200)
            self.put("/33442/6/5", LARGE, OPAQUE)
            told = events.wait("notified", lambda data: data["path"] == "/33442/6/5")
            self.assertEqual(base64.b64decode(told["values"][0]["value"]), LARGE)
            self.assertEqual(self.device.call("DELETE", "33442/6/5/observe")[0], 200)


class ClientAtLinnetDevice(unittest.TestCase):
    """linnet-device registers with coap-rd, which then leaves its port to coap-client."""

    @classmethod
    def setUpClass(cls):
        port = free_port()
        own = free_port()
        cls.uri = f"coap://127.0.0.1:{own}"
        cls.source = ("-p", port)
        directory = Child("coap-rd", [debian_program("coap-rd-notls", "libcoap3-bin"), "-v", "7", "-A", "127.0.0.1",
                                      "-p", port])
        cls.addClassCleanup(directory.end, check=False)
        wait_until_bound(port)
        cls.device = cls.enterClassContext(LinnetDevice("libcoap-rd", f"coap://127.0.0.1:{port}", "--bind",
                                                        f"127.0.0.1:{own}", "--object", "33442:2"))
        cls.device.told("registered")
        directory.end()
        cls.log = directory.out.tail() + directory.err.tail()

    def ask(self, path, *arguments, **more):
        return Exchange(self.uri + path, *self.source, *arguments, **more)

    def test_registers_as_the_standard_says(self):
        register = next(line for line in self.log.splitlines() if "c:POST" in line)
        for option in ("Uri-Path:rd", "Content-Format:application/link-format", "Uri-Query:ep=libcoap-rd",
                       "Uri-Query:lwm2m=1.1", "Uri-Query:lt=86400", "Uri-Query:b=U"):
            self.assertIn(option, register)
        self.assertIn("</33442/1>", register)

    def test_reads_in_every_format(self):
        self.device.rpc("set", path="/33442/0/1", value=-7)
        for content_format, payload in ((TEXT, b"-7"), (CBOR, b"\x26"),
                                        (SENML_JSON, b'[{"n":"/33442/0/1","v":-7}]'),
                                        (SENML_CBOR, b"\x81\xa2\x00\x6a/33442/0/1\x02\x26"),
                                        (TLV, b"\xc1\x01\xf9"), (JSON, b'{"bn":"/33442/0/","e":[{"n":"1","v":-7}]}')):
            with self.subTest(format=content_format):
                answer = self.ask("/33442/0/1", "-A", content_format)
                self.assertEqual((answer.code, answer.payload), ("2.05", payload))

    def test_writes_executes_creates_and_deletes(self):
        self.assertEqual(self.ask("/33442/0/0", "-m", "put", "-t", TEXT, payload=b"libcoap").code, "2.04")
        self.assertEqual(self.device.rpc("get", path="/33442/0/0")["value"], "libcoap")
        self.assertEqual(self.ask("/33442/0/20", "-m", "post", "-t", TEXT, payload=b"0='x',1").code, "2.04")
        self.assertEqual(self.device.told("executed")["arguments"], "0='x',1")
        self.assertEqual(self.ask("/33442", "-m", "post", "-t", TLV, payload=b"\x08\x07\x03\xc1\x00x").code, "2.01")
        self.assertEqual(self.device.rpc("get", path="/33442/7/0")["value"], "x")
        self.assertEqual(self.ask("/33442/7", "-m", "delete").code, "2.02")
        self.assertEqual(self.ask("/33442/7/0").code, "4.04")
        self.assertEqual(self.ask("/3/0/0", "-m", "put", "-t", TEXT, payload=b"x").code, "4.05")

    def test_large_values_travel_in_blocks(self):
        written = self.ask("/33442/0/5", "-m", "put", "-t", OPAQUE, "-b", 256, payload=LARGE)
        self.assertEqual(written.code, "2.04")
        read = self.ask("/33442/0/5", "-A", OPAQUE, "-b", 256)
        self.assertEqual((read.payload, len(read.received)), (LARGE, 20))

    def test_discovers(self):
        answer = self.ask("/33442/0", "-A", LINKS)
        self.assertEqual(answer.code, "2.05")
        self.assertIn(b"</33442/0/0>", answer.payload)

    def test_notifies_until_the_observation_is_cancelled(self):
        self.device.rpc("set", path="/33442/1/1", value=1)
        client = debian_program("coap-client-notls", "libcoap3-bin")
        with Child("coap-client", [client, "-v", "7", "-B", PATIENCE, "-s", "3", *self.source, "-A", TEXT, "-w",
                                   self.uri + "/33442/1/1"]) as watcher:
            def said(value):
                return lambda line: "c:2.05" in line and "Observe:" in line and f":: '{value}'" in line

            for value in (1, 2, 3):
                if value > 1:
                    self.device.rpc("set", path="/33442/1/1", value=value)
                watcher.out.take(said(value), f"a notification of {value}")
            self.device.told("cancelled", path="/33442/1/1")


if __name__ == "__main__":
    unittest.main()
