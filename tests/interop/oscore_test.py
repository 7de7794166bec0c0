# SPDX-License-Identifier: Apache-2.0
"""aiocoap's OSCORE beside linnet's, each as the client of the other."""

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

from harness import free_udp_port, peers

for folder in glob.glob(peers("venv") + "/lib/python3*/site-packages"):
    site.addsitedir(folder)

import aiocoap  # noqa: E402  (its folder is known only now)
import aiocoap.oscore_sitewrapper  # noqa: E402
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
        self.assertEqual(lines, [
            "response 2.05 5 hello", "response 2.04 9 something", f"response 2.04 {LARGE} " + 20 * "q",
            f"response 2.05 {LARGE} " + 20 * "L", "response 4.04 0 ", "response 2.05 1 0", "notification 2.05 1 1",
            "notification 2.05 1 2", "notification 2.05 1 3"])

    async def serve(self, folder):
        root = aiocoap.resource.Site()
        for name, resource in (("hello", Text(b"hello")), ("large", Text(b"L" * LARGE)), ("echo", Mirror()),
                               ("count", Count())):
            root.add_resource([name], resource)
        credentials = CredentialsMap()
        credentials.load_from_dict({":peer": {"oscore": {"basedir": security_context(folder + "/s", "01", "")}}})
        wrapped = aiocoap.oscore_sitewrapper.OscoreSiteWrapper(root, credentials)
        port = free_udp_port()
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


if __name__ == "__main__":
    unittest.main()
