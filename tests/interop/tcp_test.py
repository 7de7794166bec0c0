# SPDX-License-Identifier: Apache-2.0
"""CoAP over TCP (RFC 8323) with other people's programs: aiocoap as a device at linnetd and as a management
server of linnet-device, libcoap's coap-client as a peer of the registration interface; and ours together."""

# Shows: TR-2
import asyncio
import base64
import re
import socket
import unittest

from aiocoap_test import LARGE, LINKS, OPAQUE, TEXT, Code, Loop, Message, Resource, aiocoap
from harness import Linnetd, LinnetDevice, debian_program, eventually, free_port, run


def wait_until_listening(port, host):
    def connects():
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            return probe.connect_ex((host, port)) == 0

    eventually(connects, f"somebody listens at TCP port {port}")


class Dialled:
    """A client context of aiocoap over TCP that also serves what comes back over its connections."""

    def __init__(self, root):
        self.loop = Loop()
        self.context = self.loop.run(self._open(root))

    async def _open(self, root):
        context = await aiocoap.Context.create_client_context(transports=["tcpclient"])
        context.serversite = root
        return context

    def request(self, **message):
        async def ask():
            return await self.context.request(Message(**message)).response

        return self.loop.run(ask())

    def end(self):
        self.loop.run(self.context.shutdown())
        self.loop.end()


class AiocoapAtLinnetd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Linnetd("--coap-tcp", "127.0.0.1:0"))
        cls.tcp = cls.server._place(r"CoAP at coap\+tcp://(\S+)")
        cls.root = aiocoap.resource.Site()
        cls.coap = Dialled(cls.root)
        cls.addClassCleanup(cls.coap.end)
        answer = cls.coap.request(code=Code.POST, uri=f"coap+tcp://{cls.tcp}/rd?ep=aiocoap-tcp&lt=300&lwm2m=1.1&b=T",
                                  payload=b"</1/0>,</3/0>,</33442/0>", content_format=LINKS)
        assert answer.code == Code.CREATED, answer
        cls.location = "/".join(answer.opt.location_path)
        cls.device = cls.server.rest.device("aiocoap-tcp")

    def add(self, path, resource):
        self.root.add_resource(path.split("/"), resource)
        self.addCleanup(self.root.remove_resource, path.split("/"))
        return resource

    def test_registers_with_binding_t_and_updates(self):
        self.assertEqual(self.device.shown()[1]["binding"], "T")
        uri = f"coap+tcp://{self.tcp}/{self.location}"
        self.assertEqual(self.coap.request(code=Code.POST, uri=uri + "?lt=600").code, Code.CHANGED)
        self.assertEqual(self.device.shown()[1]["lifetime"], 600)

    def test_reads_and_writes_over_the_connection_of_the_device(self):
        resource = self.add("33442/0/0", Resource({TEXT: b"abc"}))
        self.assertEqual(self.device.values("33442/0/0", format=TEXT), {"/33442/0/0": "abc"})
        self.assertEqual(self.device.call("PUT", "33442/0/0", {"value": "new"}), (200, {"code": "2.04"}))
        self.assertEqual([method for method, _, _, _ in resource.done], ["PUT"])

    def test_large_values_travel_in_both_directions(self):
        resource = self.add("33442/1/5", Resource({OPAQUE: LARGE}))
        self.assertEqual(base64.b64decode(self.device.values("33442/1/5")["/33442/1/5"]), LARGE)
        status, body = self.device.call("PUT", "33442/1/5", {"value": base64.b64encode(LARGE).decode()})
        self.assertEqual((status, body), (200, {"code": "2.04"}))
        self.assertEqual([payload for _, _, _, payload in resource.done], [LARGE])

    def test_a_large_object_list_registers(self):
        objects = ",".join(["</1/0>", "</3/0>"] + [f"</33442/{i}>" for i in range(400)]).encode()
        answer = self.coap.request(code=Code.POST, uri=f"coap+tcp://{self.tcp}/rd?ep=aiocoap-long&lt=300&lwm2m=1.1&b=T",
                                   payload=objects, content_format=LINKS)
        self.assertEqual(answer.code, Code.CREATED)
        self.assertEqual(len(self.server.registered("aiocoap-long")["objects"][-1]["instances"]), 400)

    def test_observes(self):
        resource = self.add("33442/0/1", Resource({TEXT: b"1"}))
        with self.server.events(endpoint="aiocoap-tcp") as events:
            self.assertEqual(self.device.call("PUT", "33442/0/1/observe", format=TEXT)[0], 200)
            for value in (b"2", b"3"):
                self.set(resource, value)
                told = events.wait("notified", lambda data: data["path"] == "/33442/0/1")
                self.assertEqual(told["values"][0]["value"], int(value))

    def set(self, resource, value):
        async def call():
            resource.set(TEXT, value)

        asyncio.run_coroutine_threadsafe(call(), self.coap.loop.loop).result(10)


class LibcoapAtLinnetd(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = cls.enterClassContext(Linnetd("--coap-tcp", "127.0.0.1:0"))
        cls.tcp = cls.server._place(r"CoAP at coap\+tcp://(\S+)")

    def ask(self, path, *arguments):
        client = debian_program("coap-client-notls", "libcoap3-bin")
        return "".join(run("coap-client", [client, "-v", "7", "-B", 10, *arguments, f"coap+tcp://{self.tcp}{path}"]))

    def test_discovers_the_registration_interface(self):
        self.assertIn("</rd>", self.ask("/.well-known/core"))

    def test_registers(self):
        log = self.ask("/rd?ep=libcoap-tcp&lt=300&lwm2m=1.1&b=T", "-m", "post", "-t", LINKS, "-e", "</1/0>,</3/0>")
        self.assertRegex(log, r"2\.01")
        self.assertEqual(re.findall(r"Location-Path:rd", log)[:1], ["Location-Path:rd"])
        # The registration stands; its connection does not.
        self.assertEqual(self.server.registered("libcoap-tcp")["binding"], "T")
        self.assertNotEqual(self.server.rest.device("libcoap-tcp").call("GET", "3/0/0", timeout=5)[0], 200)


class Registry(aiocoap.resource.Resource):
    """/rd of a management server that remembers the connection a device came by."""

    def __init__(self):
        super().__init__()
        self.remote = None
        self.queries = []

    async def render_post(self, request):
        self.remote = request.remote
        self.queries.append(request.opt.uri_query)
        return Message(code=Code.CREATED, location_path=("rd", "7"))


class ServerOfLinnetDevice(unittest.TestCase):
    def setUp(self):
        self.loop = Loop()
        self.addCleanup(self.loop.end)
        self.registry = Registry()
        root = aiocoap.resource.Site()
        root.add_resource(["rd"], self.registry)
        self.port = free_port()

        async def serve():
            return await aiocoap.Context.create_server_context(root, bind=("127.0.0.1", self.port),
                                                               transports=["tcpserver"])

        self.context = self.loop.run(serve())
        self.addCleanup(lambda: self.loop.run(self.context.shutdown()))

    def ask(self, code, path, **more):
        async def send():
            message = Message(code=code, uri_path=path.split("/"), **more)
            message.remote = self.registry.remote
            return await self.context.request(message).response

        return self.loop.run(send())

    def test_is_managed_over_its_own_connection(self):
        device = self.enterContext(LinnetDevice("tcp-device", f"coap+tcp://127.0.0.1:{self.port}",
                                                "--object", "33442:2"))
        eventually(lambda: self.registry.remote, "the device registers")
        self.assertIn("b=T", self.registry.queries[0])
        self.assertEqual(self.ask(Code.GET, "3/0/0", accept=TEXT).payload, b"linnet")
        answer = self.ask(Code.PUT, "33442/1/5", payload=LARGE, content_format=OPAQUE)
        self.assertEqual(answer.code, Code.CHANGED)
        self.assertEqual(self.ask(Code.GET, "33442/1/5", accept=OPAQUE).payload, LARGE)
        self.assertEqual(device.rpc("get", path="/33442/1/5")["value"], base64.b64encode(LARGE).decode())


class LinnetDeviceAtLinnetd(unittest.TestCase):
    def test_is_managed_and_registers_anew_when_its_connection_is_gone(self):
        first = self.enterContext(Linnetd("--coap-tcp", "127.0.0.1:0"))
        tcp = first._place(r"CoAP at coap\+tcp://(\S+)")
        device = self.enterContext(LinnetDevice("tcp-both", "coap+tcp://" + tcp, "--object", "33442:2"))
        self.assertEqual(first.registered("tcp-both")["binding"], "T")
        seen = first.rest.device("tcp-both")
        self.assertEqual(seen.values("3/0/0"), {"/3/0/0": "linnet"})
        large = base64.b64encode(LARGE).decode()
        self.assertEqual(seen.call("PUT", "33442/1/5", {"value": large})[0], 200)
        self.assertEqual(seen.values("33442/1/5"), {"/33442/1/5": large})
        device.rpc("set", path="/33442/0/1", value=5)
        with first.events(endpoint="tcp-both") as events:
            self.assertEqual(seen.call("PUT", "33442/0/1/observe")[0], 200)
            device.rpc("set", path="/33442/0/1", value=6)
            self.assertEqual(events.wait("notified")["values"][0]["value"], 6)
        # Communication Retry Timer: what the device waits when the server is not there yet.
        device.rpc("set", path="/1/0/18", value=1)
        first.end()
        second = self.enterContext(Linnetd("--coap-tcp", tcp))
        second.registered("tcp-both")
        self.assertEqual(second.rest.device("tcp-both").values("3/0/0"), {"/3/0/0": "linnet"})


if __name__ == "__main__":
    unittest.main()
