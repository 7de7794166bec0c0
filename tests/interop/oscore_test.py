# SPDX-License-Identifier: Apache-2.0
"""Other people's OSCORE beside linnet's, without appendix B.2 of RFC 8613: aiocoap as client and server of linnet's
endpoint and as a device at linnetd, both aiocoap and Leshan as servers of linnet-device. Leshan's device does not
answer the challenge that linnetd has to make (TS 5.5.3), and so cannot be one here."""
# Shows: SE-8

import asyncio
import gc
import glob
import json
import os
import pathlib
import site
import subprocess
import tempfile
import unittest

from harness import Linnetd, LinnetDevice, free_port, peers
from leshan_test import leshan

for folder in glob.glob(peers("venv") + "/lib/python3*/site-packages"):
    site.addsitedir(folder)

import aiocoap  # noqa: E402  (its folder is known only now)
import aiocoap.oscore  # noqa: E402
import aiocoap.oscore_sitewrapper  # noqa: E402
import aiocoap.proxy.server  # noqa: E402
import aiocoap.resource  # noqa: E402
from aiocoap import Code, Message  # noqa: E402
from aiocoap.credentials import CredentialsMap  # noqa: E402

PEER = os.environ["OSCORE_PEER"]
LARGE = 3000
PATIENCE = 60


def security_context(folder, sender, recipient):
    """Of RFC 8613 appendix C.1, in the form of aiocoap's files."""
    folder = pathlib.Path(folder)
    folder.mkdir()
    (folder / "settings.json").write_text(json.dumps({
        "sender-id_hex": sender, "recipient-id_hex": recipient, "secret_hex": "0102030405060708090a0b0c0d0e0f10",
        "salt_hex": "9e7ca92223786340"}))
    return str(folder)


class Text(aiocoap.resource.Resource):
    def __init__(self, text):
        super().__init__()
        self.text = text

    async def render_get(self, request):
        return Message(code=Code.CONTENT, payload=self.text)


class Mirror(aiocoap.resource.Resource):
    async def render_post(self, request):
        return Message(code=Code.CHANGED, payload=request.payload)


class Count(aiocoap.resource.ObservableResource):
    def __init__(self):
        super().__init__()
        self.value = 0

    async def add_observation(self, request, observation):
        await super().add_observation(request, observation)
        self.task = asyncio.ensure_future(self.count())

    async def count(self):
        for _ in range(3):
            await asyncio.sleep(0.2)
            self.value += 1
            self.updated_state()

    async def render_get(self, request):
        return Message(code=Code.CONTENT, payload=str(self.value).encode())


class ClientOfAiocoap(unittest.TestCase):
    def test_everything_is_asked_under_oscore(self):
        with tempfile.TemporaryDirectory() as folder:
            lines = asyncio.run(asyncio.wait_for(self.serve(folder), PATIENCE))
            gc.collect()  # contexts write once more when they go
        self.assertEqual(lines[:5], [
            "response 2.05 5 hello", "response 2.04 9 something", f"response 2.04 {LARGE} " + 20 * "q",
            f"response 2.05 {LARGE} " + 20 * "L", "response 4.04 0 "])
        # A busy aiocoap makes one notification of two changes; what comes never falls, and the last is the last.
        self.assertRegex(lines[5], "^response 2.05 1 [0-2]$")
        self.assertTrue(all(line.startswith("notification 2.05 1 ") for line in lines[6:]), lines)
        counts = [line[-1] for line in lines[5:]]
        self.assertEqual((counts[-1], counts), ("3", sorted(counts)))

    async def serve(self, folder):
        root = aiocoap.resource.Site()
        for name, resource in (("hello", Text(b"hello")), ("large", Text(b"L" * LARGE)), ("echo", Mirror()),
                               ("count", Count())):
            root.add_resource([name], resource)
        credentials = CredentialsMap()
        credentials.load_from_dict({":peer": {"oscore": {"basedir": security_context(folder + "/s", "01", "")}}})
        wrapped = aiocoap.oscore_sitewrapper.OscoreSiteWrapper(root, credentials)
        port = free_port()
        context = await aiocoap.Context.create_server_context(wrapped, bind=("127.0.0.1", port))
        try:
            program = await asyncio.create_subprocess_exec(PEER, str(port), stdout=subprocess.PIPE)
            out, _ = await program.communicate()
        finally:
            await context.shutdown()
        return out.decode().splitlines()


class ServerOfAiocoap(unittest.TestCase):
    def test_everything_is_answered_under_oscore(self):
        with tempfile.TemporaryDirectory() as folder, subprocess.Popen([PEER], stdout=subprocess.PIPE) as program:
            try:
                port = int(program.stdout.readline())
                asyncio.run(asyncio.wait_for(self.ask(folder, port), PATIENCE))
            finally:
                program.kill()
                gc.collect()

    async def ask(self, folder, port):
        base = f"coap://127.0.0.1:{port}"
        context = await aiocoap.Context.create_client_context()
        context.client_credentials.load_from_dict(
            {base + "/*": {"oscore": {"basedir": security_context(folder + "/c", "", "01")}}})
        try:
            answer = await context.request(Message(code=Code.GET, uri=base + "/hello")).response
            self.assertEqual((answer.code, answer.payload), (Code.CONTENT, b"hello"))
            answer = await context.request(Message(code=Code.POST, uri=base + "/echo", payload=b"q" * LARGE)).response
            self.assertEqual((answer.code, answer.payload), (Code.CHANGED, b"q" * LARGE))
            answer = await context.request(Message(code=Code.GET, uri=base + "/large")).response
            self.assertEqual((answer.code, answer.payload), (Code.CONTENT, b"L" * LARGE))
            answer = await context.request(Message(code=Code.GET, uri=base + "/nowhere")).response
            self.assertEqual(answer.code, Code.NOT_FOUND)
            request = context.request(Message(code=Code.GET, uri=base + "/count", observe=0))
            seen = [(await request.response).payload]
            async for notification in request.observation:
                seen.append(notification.payload)
                if seen[-1] == b"3":
                    break
            # Notifications may overtake each other, but the last is the last.
            self.assertEqual((seen[0], seen[-1], seen), (b"0", b"3", sorted(seen)))
        finally:
            await context.shutdown()


class Joining(aiocoap.proxy.server.Proxy):
    """A reverse proxy that knows nothing of OSCORE, joins what comes in blocks and cuts what is long."""

    interpret_block_options = True

    def __init__(self, context, target):
        super().__init__(context)
        self.target = target
        self.longest_request = self.longest_response = 0

    def apply_redirection(self, request):
        request = request.copy()
        request.remote = aiocoap.message.UndecidedRemote("coap", self.target)
        return request

    async def render(self, request):
        self.longest_request = max(self.longest_request, len(request.payload))
        response = await super().render(request)
        self.longest_response = max(self.longest_response, len(response.payload))
        return response


class Between:
    """A `Joining` on a port of its own."""

    def __init__(self, target):
        self.target, self.port = target, free_port()

    async def __aenter__(self):
        self.outgoing = await aiocoap.Context.create_client_context()
        self.proxy = Joining(self.outgoing, self.target)
        self.context = await aiocoap.Context.create_server_context(self.proxy, bind=("127.0.0.1", self.port))
        return self

    async def __aexit__(self, *_):
        await self.context.shutdown()
        await self.outgoing.shutdown()


class ThroughProxyOfAiocoap(unittest.TestCase):
    """Outer blocks (RFC 8613 4.1.3.4.2): inner ones of 1024 bytes are larger than that with what protects them."""

    def test_a_client_of_linnet_joins_what_the_proxy_cut(self):
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(asyncio.wait_for(self.live(folder), PATIENCE))
            gc.collect()

    async def live(self, folder):
        root = aiocoap.resource.Site()
        for name, resource in (("hello", Text(b"hello")), ("large", Text(b"L" * LARGE)), ("echo", Mirror())):
            root.add_resource([name], resource)
        credentials = CredentialsMap()
        credentials.load_from_dict({":peer": {"oscore": {"basedir": security_context(folder + "/s", "01", "")}}})
        wrapped = aiocoap.oscore_sitewrapper.OscoreSiteWrapper(root, credentials)
        port = free_port()
        context = await aiocoap.Context.create_server_context(wrapped, bind=("127.0.0.1", port))
        async with Between(f"127.0.0.1:{port}") as between:
            program = await asyncio.create_subprocess_exec(PEER, str(between.port), "plain", stdout=subprocess.PIPE)
            out, _ = await program.communicate()
        await context.shutdown()
        self.assertEqual(out.decode().splitlines(), [
            "response 2.05 5 hello", "response 2.04 9 something", f"response 2.04 {LARGE} " + 20 * "q",
            f"response 2.05 {LARGE} " + 20 * "L", "response 4.04 0 "])
        self.assertGreater(between.proxy.longest_request, 1024)
        self.assertGreater(between.proxy.longest_response, 1024)

    def test_a_server_of_linnet_joins_what_the_proxy_cut(self):
        with tempfile.TemporaryDirectory() as folder, subprocess.Popen([PEER], stdout=subprocess.PIPE) as program:
            try:
                asyncio.run(asyncio.wait_for(self.ask(folder, int(program.stdout.readline())), PATIENCE))
            finally:
                program.kill()
                gc.collect()

    async def ask(self, folder, port):
        context = await aiocoap.Context.create_client_context()
        async with Between(f"127.0.0.1:{port}") as between:
            base = f"coap://127.0.0.1:{between.port}"
            context.client_credentials.load_from_dict(
                {base + "/*": {"oscore": {"basedir": security_context(folder + "/c", "", "01")}}})
            answer = await context.request(Message(code=Code.POST, uri=base + "/echo", payload=b"q" * LARGE)).response
            self.assertEqual((answer.code, answer.payload), (Code.CHANGED, b"q" * LARGE))
        await context.shutdown()
        self.assertGreater(between.proxy.longest_request, 1024)


KEY = "0102030405060708090a0b0c0d0e0f10:9e7ca92223786340"


class Node:
    """An endpoint of aiocoap in both roles under one context."""

    def __init__(self, folder, sender, recipient):
        self.root = aiocoap.resource.Site()
        self.security = aiocoap.oscore.FilesystemSecurityContext(security_context(folder, sender, recipient))
        self.port = free_port()

    async def __aenter__(self):
        credentials = CredentialsMap()
        credentials[":peer"] = self.security
        site = aiocoap.oscore_sitewrapper.OscoreSiteWrapper(self.root, credentials)
        self.context = await aiocoap.Context.create_server_context(site, bind=("127.0.0.1", self.port))
        return self

    async def __aexit__(self, *_):
        await self.context.shutdown()

    async def ask(self, place, code, path, **fields):
        self.context.client_credentials[f"coap://{place}/*"] = self.security
        return await self.context.request(Message(code=code, uri=f"coap://{place}{path}", **fields)).response


class DeviceOfAiocoap(unittest.TestCase):
    def test_registers_with_linnetd_and_is_managed(self):
        with tempfile.TemporaryDirectory() as folder:
            with Linnetd(state=folder + "/state") as server:
                status, said = server.rest.call("PUT", "/api/v1/credentials/aiocoap", {
                    "mode": "oscore", "identity": "64:73", "key": KEY})
                self.assertEqual(status, 200, said)
                asyncio.run(asyncio.wait_for(self.live(folder, server), PATIENCE))
                gc.collect()

    async def live(self, folder, server):
        node = Node(folder + "/device", "64", "73")
        node.root.add_resource(["3", "0", "0"], Text(b"aiocoap"))
        node.root.add_resource(["3", "0", "9"], Count())
        node.root.add_resource(["3", "0", "4"], Mirror())
        device = server.rest.device("aiocoap")
        async with node:
            answer = await node.ask(server.coap, Code.POST, "/rd?ep=stranger&lt=300&lwm2m=1.1&b=U", payload=b"</3/0>",
                                    content_format=40)
            self.assertEqual(answer.code, Code.BAD_REQUEST)
            answer = await node.ask(server.coap, Code.POST, "/rd?ep=aiocoap&lt=300&lwm2m=1.1&b=U",
                                    payload=b"</1/0>,</3/0>", content_format=40)
            self.assertEqual(answer.code, Code.CREATED)
            values = await asyncio.to_thread(device.values, "3/0/0", format=0)
            self.assertEqual(values, {"/3/0/0": "aiocoap"})
            with server.events(endpoint="aiocoap", type="notified") as events:
                status, said = await asyncio.to_thread(device.call, "PUT", "3/0/9/observe", format=0)
                self.assertEqual(status, 200, said)
                told = await asyncio.to_thread(events.wait, "notified", lambda data: data["values"][0]["value"] == 3)
                self.assertEqual(told["values"][0]["path"], "/3/0/9")
            status, said = await asyncio.to_thread(device.call, "POST", "3/0/4/execute")
            self.assertEqual(status, 200, said)
            answer = await node.ask(server.coap, Code.POST, "/" + "/".join(answer.opt.location_path))
            self.assertEqual(answer.code, Code.CHANGED)


class ServerOfLinnetDevice(unittest.TestCase):
    def test_is_registered_with_and_manages_linnet_device(self):
        with tempfile.TemporaryDirectory() as folder:
            asyncio.run(asyncio.wait_for(self.live(folder), PATIENCE))
            gc.collect()

    async def live(self, folder):
        node = Node(folder + "/server", "73", "64")
        registered = asyncio.get_running_loop().create_future()

        class Registrations(aiocoap.resource.Resource):
            async def render_post(self, request):
                if not registered.done():
                    registered.set_result(request)
                return Message(code=Code.CREATED, location_path=["rd", "1"])

        node.root.add_resource(["rd"], Registrations())
        async with node:
            secret, salt = KEY.split(":")
            with LinnetDevice("aiocoap", f"coap://127.0.0.1:{node.port}", "--state", folder + "/device", "--oscore-stored",
                              "--oscore-secret", secret, "--oscore-salt", salt, "--oscore-sender-id", "64",
                              "--oscore-recipient-id", "73"):
                request = await registered
                self.assertIn("ep=aiocoap", request.opt.uri_query)
                place = request.remote.hostinfo
                answer = await node.ask(place, Code.GET, "/3/0/0", accept=0)
                self.assertEqual((answer.code, answer.payload), (Code.CONTENT, b"linnet"))
                answer = await node.ask(place, Code.PUT, "/3/0/15", payload=b"Europe/Oslo", content_format=0)
                self.assertEqual(answer.code, Code.CHANGED)
                answer = await node.ask(place, Code.GET, "/3/0/15", accept=0)
                self.assertEqual(answer.payload, b"Europe/Oslo")


class ServerOfLeshan(unittest.TestCase):
    def test_is_registered_with_and_manages_linnet_device(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        server = self.enterContext(leshan("LeshanOscore", "leshan", "73", "64", *KEY.split(":"),
                                          folder="leshan-bootstrap"))
        uri = server.event("ready")["uri"]
        secret, salt = KEY.split(":")
        self.enterContext(LinnetDevice("leshan", uri, "--state", folder + "/device", "--oscore-stored",
                                       "--simulate", "3/0/9=ramp:100,0,60@0.2", "--oscore-secret", secret,
                                       "--oscore-salt", salt, "--oscore-sender-id", "64", "--oscore-recipient-id", "73"))
        server.event("registered", endpoint="leshan")
        self.assertEqual(server.ask("read", path="/3/0/0")["value"], "linnet")
        self.assertIn("CHANGED", server.ask("write", path="/3/0/15", value="Europe/Oslo")["code"])
        self.assertEqual(server.ask("read", path="/3/0/15")["value"], "Europe/Oslo")
        self.assertIn("CONTENT", server.ask("observe", path="/3/0/9")["code"])


if __name__ == "__main__":
    unittest.main()
