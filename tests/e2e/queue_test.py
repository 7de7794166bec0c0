# SPDX-License-Identifier: Apache-2.0
"""Operations for devices in queue mode: over the API, over the command line, and over kill -9 of the server.

After a start of the server a device that it brought back sleeps until it speaks: so these tests come by one.
"""
import http.client
import json
import os
import subprocess
import tempfile
import threading
import unittest

from scripted import GET, POST, Server, Thermometer, harness


class QueueCase(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())

    def server(self):
        return self.enterContext(Server("--state", os.path.join(self.folder, "state")))

    def sleeping(self, endpoint):
        """A running server and a device that it believes asleep."""
        first = self.server()
        device = self.enterContext(first.device(endpoint, answer=Thermometer()))
        device.register(query=["Q"], lifetime=86400)
        first.kill()
        server = self.server()
        device.moved_to(server.coap)
        return server, device

    @staticmethod
    def raw(server, method, target, body=None, headers=None):
        connection = http.client.HTTPConnection(server.http, timeout=harness.PATIENCE)
        try:
            connection.request(method, target, None if body is None else json.dumps(body), headers or {})
            answer = connection.getresponse()
            data = answer.read()
            return answer.status, answer.headers, json.loads(data) if data else None
        finally:
            connection.close()

    @staticmethod
    def follow(server, location, wait=0):
        return QueueCase.raw(server, "GET", f"{location}?wait={wait}")[2]


class Api(QueueCase):
    # Shows: OP-10
    def test_OP_10_an_operation_for_a_sleeping_device_is_202_and_done_when_it_wakes(self):
        server, device = self.sleeping("sleeper 1")
        status, shown = server.rest.call("GET", "/api/v1/devices/sleeper 1")
        self.assertEqual((status, shown["queue_mode"], shown["awake"], shown["waiting_operations"]), (200, True, False, 0))
        status, headers, operation = self.raw(server, "GET", "/api/v1/devices/sleeper%201/objects/3/0/9")
        self.assertEqual((status, operation["state"], operation["operation"], operation["path"]),
                         (202, "waiting", "read", "/3/0/9"))
        location = headers["Location"]
        self.assertEqual(location, "/api/v1/devices/sleeper%201/operations/" + operation["id"])
        self.assertEqual(server.rest.call("GET", "/api/v1/devices/sleeper 1")[1]["waiting_operations"], 1)
        self.assertEqual(device.asked, [])
        self.assertEqual(device.update(), "2.04")
        done = self.follow(server, location, 30)
        self.assertEqual((done["state"], done["result"]["status"]), ("done", 200))
        self.assertEqual(done["result"]["body"]["values"][0]["value"], 87)
        listed = server.rest.call("GET", "/api/v1/devices/sleeper 1/operations")[1]["operations"]
        self.assertEqual(listed, [done])
        # It is awake now: the answer is the direct one.
        self.assertEqual(server.rest.device("sleeper 1").call("GET", "3/0/9")[0], 200)

    def test_a_request_may_wait_for_a_device_to_wake(self):
        server, device = self.sleeping("patient")
        answers = []
        thread = threading.Thread(target=lambda: answers.append(
            server.rest.device("patient").call("GET", "3/0/9", wait=60)))
        thread.start()
        harness.eventually(lambda: server.rest.device("patient").shown()[1]["waiting_operations"] == 1, "it waits")
        device.update()
        thread.join(harness.PATIENCE)
        self.assertEqual((answers[0][0], answers[0][1]["values"][0]["value"]), (200, 87))

    def test_respond_async_and_events(self):
        server, device = self.sleeping("preferring")
        device.update()
        with server.events(endpoint="preferring", type="operation-queued,operation-started,operation-finished") as events:
            status, headers, _ = self.raw(server, "POST", "/api/v1/devices/preferring/objects/3/0/4/execute", None,
                                          {"Prefer": "respond-async"})
            self.assertEqual(status, 202)
            for kind in ("operation-queued", "operation-started", "operation-finished"):
                self.assertIn(events.wait(kind)["operation"]["id"], headers["Location"])
        done = self.follow(server, headers["Location"], 30)
        self.assertEqual(done["result"], {"status": 200, "body": {"code": "2.04"}})

    def test_cancelled_expired_and_unknown_ones(self):
        server, device = self.sleeping("fickle")
        _, headers, _ = self.raw(server, "GET", "/api/v1/devices/fickle/objects/3/0/9")
        self.assertEqual(self.raw(server, "DELETE", headers["Location"])[0], 204)
        cancelled = self.follow(server, headers["Location"])
        self.assertEqual((cancelled["state"], cancelled["reason"]), ("cancelled", "cancelled by request"))
        status, expired = server.rest.device("fickle").call("GET", "3/0/9", queue=1, wait=30)
        self.assertEqual((status, expired["title"]), (504, "The operation expired"))
        self.assertEqual(device.update(), "2.04")
        self.assertEqual(server.rest.device("fickle").call("GET", "3/0/9")[0], 200)
        self.assertEqual(len(device.asked), 1)
        self.assertEqual(self.raw(server, "DELETE", headers["Location"])[0], 204)
        for method, path in (("GET", headers["Location"]), ("DELETE", headers["Location"]),
                             ("GET", "/api/v1/devices/fickle/operations/12")):
            self.assertEqual(self.raw(server, method, path)[0], 404)
        self.assertEqual(self.raw(server, "PUT", headers["Location"])[0], 405)
        self.assertEqual(server.rest.device("fickle").call("GET", "3/0/9", queue="soon")[0], 400)


class Kill(QueueCase):
    # Shows: OP-10
    def test_OP_10_accepted_operations_survive_kill_9_and_are_done_in_order_and_none_is_lost_or_doubled(self):
        server, device = self.sleeping("hardy")
        base = "/api/v1/devices/hardy/objects/"
        wanted, locations = [], []
        for round_ in range(3):
            for i in range(4):
                path = f"3303/{round_}/{5600 + i}"
                status, headers, _ = self.raw(server, "GET", base + path)
                self.assertEqual(status, 202)
                wanted.append((GET, "/" + path))
                locations.append(headers["Location"])
            status, headers, _ = self.raw(server, "POST", base + "3/0/4/execute")
            self.assertEqual(status, 202)
            wanted.append((POST, "/3/0/4"))
            locations.append(headers["Location"])
            server.kill()
            server = self.server()
            device.moved_to(server.coap)
        self.assertEqual(server.rest.call("GET", "/health")[1]["operations_restored"], 15)
        self.assertEqual(self.raw(server, "DELETE", locations[0])[0], 204)
        server.kill()
        server = self.server()
        device.moved_to(server.coap)
        self.assertEqual(device.update(), "2.04")
        self.assertEqual(self.follow(server, locations[-1], 30)["state"], "done")
        self.assertEqual([(asked.method, asked.path) for asked in device.asked], wanted[1:])

    def test_an_Execute_whose_answer_was_lost_with_the_server_is_not_done_twice(self):
        server, device = self.sleeping("once")
        device.answer = lambda request: None
        _, executed, _ = self.raw(server, "POST", "/api/v1/devices/once/objects/3/0/4/execute")
        _, read, _ = self.raw(server, "GET", "/api/v1/devices/once/objects/3/0/9")
        device.update()
        harness.eventually(lambda: device.asked, "the device is asked")
        server.kill()
        del device.asked[:]
        device.answer = Thermometer()
        server = self.server()
        device.moved_to(server.coap)
        lost = self.follow(server, executed["Location"], 30)
        self.assertEqual((lost["state"], lost["result"]["status"]), ("done", 504))
        self.assertIn("the server ended", lost["reason"])
        device.update()
        self.assertEqual(self.follow(server, read["Location"], 30)["result"]["status"], 200)
        self.assertEqual([asked.path for asked in device.asked], ["/3/0/9"])


class CommandLine(QueueCase):
    def linnet(self, server, *arguments):
        return subprocess.run([harness.program("LINNET"), "--url", f"http://{server.http}", *arguments],
                              capture_output=True, timeout=harness.PATIENCE, check=False, text=True)

    def test_a_command_waits_and_says_so_and_another_lists_and_cancels(self):
        server, device = self.sleeping("drowsy")
        left = self.linnet(server, "--no-wait", "read", "drowsy", "/3/0/0")
        self.assertEqual(left.returncode, 0, left.stderr)
        operation = left.stdout.split()[0]
        listed = self.linnet(server, "operations", "drowsy").stdout
        self.assertIn(operation, listed)
        self.assertIn("waiting", listed)
        self.assertEqual(self.linnet(server, "cancel", "drowsy", operation).returncode, 0)
        self.assertIn("cancelled", self.linnet(server, "operations", "drowsy").stdout)

        # One that is awake is asked at once: there is nothing to leave.
        device.update()
        now = self.linnet(server, "--no-wait", "write", "drowsy", "/1/0/1", "600")
        self.assertEqual((now.returncode, now.stdout, now.stderr), (0, "2.04\n", ""))

    def test_a_command_follows_what_waits_to_its_end(self):
        server, device = self.sleeping("drowsy")
        waits = subprocess.Popen([harness.program("LINNET"), "--url", f"http://{server.http}", "read", "drowsy",
                                  "/3/0/9", "--queue", "3600"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(waits.kill)
        line = waits.stderr.readline()
        self.assertIn("sleeps", line)
        self.assertIn("linnet cancel drowsy", line)
        device.update()
        out, _ = waits.communicate(timeout=harness.PATIENCE)
        self.assertEqual(waits.returncode, 0)
        self.assertIn("87", out)


if __name__ == "__main__":
    unittest.main()
