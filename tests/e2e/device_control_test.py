# SPDX-License-Identifier: Apache-2.0
"""linnet-device between a scripted server and a script that controls it."""
import json
import os
import queue
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

from coap_peer import (ACCEPT, CONTENT_FORMAT, DELETE, GET, LOCATION_PATH, OBSERVE, POST, TIMEOUT, Server)
from scripted import harness

PROGRAM = os.environ["LINNET_DEVICE"]
MODELS = os.path.join(os.path.dirname(__file__), "..", "interop", "models")


class Controller:
    """JSON-RPC over a pair of files: responses by id, notifications as events in their order."""

    def __init__(self, lines, out):
        self.out, self.next_id, self.events, self.received = out, 0, [], queue.Queue()
        threading.Thread(target=self._pump, args=(lines,), daemon=True).start()

    def _pump(self, lines):
        try:
            for line in lines:
                self.received.put(json.loads(line))
        except ValueError:  # closed at the end of a test
            pass
        self.received.put(None)

    def send(self, text):
        self.out.write(text + "\n")
        self.out.flush()

    def next(self):
        message = self.received.get(timeout=TIMEOUT)
        if message is None:
            raise AssertionError("the device closed its control")
        return message

    def response(self):
        while True:
            message = self.next()
            if "method" not in message:
                return message
            self.events.append(message)

    def call(self, method, **params):
        self.next_id += 1
        self.send(json.dumps({"jsonrpc": "2.0", "id": self.next_id, "method": method, "params": params}))
        response = self.response()
        assert response["id"] == self.next_id, response
        if "error" in response:
            raise RuntimeError(response["error"])
        return response["result"]

    def event(self, name):
        """The parameters of the next event of this name; what came before it is dropped."""
        while True:
            message = self.events.pop(0) if self.events else self.next()
            if message.get("method") == name:
                return message["params"]


class DeviceTest(unittest.TestCase):
    def setUp(self):
        self.server = Server()
        self.addCleanup(self.server.close)

    def start(self, *flags, control=("--control", "stdio"), register=True):
        self.process = subprocess.Popen(
            [PROGRAM, "--endpoint", "test", "--server", f"coap://127.0.0.1:{self.server.port}", *control, *flags],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.addCleanup(self.stop, self.process)
        if control == ("--control", "stdio"):
            self.control = Controller(self.process.stdout, self.process.stdin)
        if register:
            self.registration = self.server.accept_registration()
            if control == ("--control", "stdio"):
                self.control.event("registered")

    @staticmethod
    def stop(process):
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            try:
                pipe.close()
            except BrokenPipeError:
                pass

    def set(self, values):
        for path, value in values.items():
            self.control.call("set", path=path, value=value)

    def error_of(self, method, **params):
        with self.assertRaises(RuntimeError) as raised:
            self.control.call(method, **params)
        return raised.exception.args[0]


class Registration(DeviceTest):
    def test_registers_with_its_parameters_and_objects(self):
        self.start("--lifetime", "300", "--object", "3303:2", "--queue-mode", register=False)
        request = self.server.expect(POST, "/rd")
        self.assertEqual(request.query(), {"ep=test", "lt=300", "lwm2m=1.1", "b=U", "Q"})
        objects = request.payload.decode().split(",")
        for entry in ("</1/0>", "</3/0>", "</3303>;ver=1.1", "</3303/0>", "</3303/1>"):
            self.assertIn(entry, objects)
        self.assertNotIn("</0/0>", objects)
        self.server.answer(request, "2.01", [(LOCATION_PATH, b"rd"), (LOCATION_PATH, b"5a")])
        self.assertEqual(self.control.event("registered"), {"server": 1, "location": "/rd/5a"})
        status = self.control.call("status")
        self.assertEqual(status["endpoint"], "test")
        self.assertEqual(status["servers"][0]["state"], "registered")
        self.assertEqual(status["servers"][0]["location"], "/rd/5a")

    def test_reports_a_refused_registration(self):
        self.start(register=False)
        self.server.answer(self.server.expect(POST, "/rd"), "4.03")
        self.assertEqual(self.control.event("registration-failed")["code"], "4.03")

    def test_updates_before_its_lifetime_ends_when_the_clock_jumps(self):
        self.start("--lifetime", "1000")
        self.control.call("advance", seconds=990)
        request = self.server.expect(POST, "/rd/1")
        self.assertEqual(request.query(), set())
        self.server.answer(request, "2.04")
        self.assertEqual(self.control.event("updated"), {"server": 1, "location": "/rd/1"})

    def test_registers_updates_and_deregisters_when_told(self):
        self.start()
        self.control.call("update", server=1)
        self.server.answer(self.server.expect(POST, "/rd/1"), "2.04")
        self.control.event("updated")
        self.control.call("deregister")
        self.server.answer(self.server.expect(DELETE, "/rd/1"), "2.02")
        self.control.event("deregistered")
        self.control.call("register")
        self.server.accept_registration("2")
        self.assertEqual(self.control.event("registered")["location"], "/rd/2")

    def test_a_new_lifetime_is_told_to_the_server(self):
        self.start()
        self.assertEqual(self.server.write("/1/0/1", "120").code_text(), "2.04")
        self.assertEqual(self.control.event("written"),
                         {"server": 1, "path": "/1/0/1", "type": "Integer", "value": 120})
        request = self.server.expect(POST, "/rd/1")
        self.assertEqual(request.query(), {"lt=120"})

    def test_reboot_is_answered_and_then_registers_anew(self):
        self.start()
        self.assertEqual(self.server.request(POST, "/3/0/4").code_text(), "2.04")
        self.assertEqual(self.control.event("restarted"), {"reason": "reboot"})
        self.server.accept_registration("again")
        self.assertEqual(self.control.event("registered")["location"], "/rd/again")

    def test_factory_reset_forgets_what_was_written(self):
        self.start("--lifetime", "500", "--object", "3303")
        self.control.call("set", path="/3303/0/5700", value=77.5)
        self.assertEqual(self.server.request(POST, "/3/0/5").code_text(), "2.04")
        self.assertEqual(self.control.event("restarted"), {"reason": "factory-reset"})
        self.server.accept_registration()
        self.assertEqual(self.control.call("get", path="/3303/0/5700")["value"], 0)


    def test_serves_several_servers(self):
        second = Server()
        self.addCleanup(second.close)
        self.start("--server", f"coap://127.0.0.1:{second.port}", "--object", "3303")
        second.accept_registration("b")
        self.assertEqual(self.control.event("registered"), {"server": 2, "location": "/rd/b"})
        self.assertEqual(second.write("/1/1/1", "400").code_text(), "2.04")
        self.assertEqual(self.control.event("written")["server"], 2)
        self.assertEqual(second.expect(POST, "/rd/b").query(), {"lt=400"})
        self.control.call("deregister", server=1)
        self.server.answer(self.server.expect(DELETE, "/rd/1"), "2.02")
        self.assertEqual(self.control.event("deregistered"), {"server": 1})


class Management(DeviceTest):
    def test_reads_what_was_set(self):
        self.start("--object", "3303")
        self.control.call("set", path="3303/0/5700", value=21.5)
        response = self.server.read("/3303/0/5700")
        self.assertEqual((response.code_text(), response.payload), ("2.05", b"21.5"))
        self.assertEqual(self.control.call("get", path="/3303/0/5700"),
                         {"path": "/3303/0/5700", "type": "Float", "value": 21.5})

    def test_execute_is_an_event_with_its_arguments(self):
        self.start("--object", "3303")
        response = self.server.request(POST, "/3303/0/5605", b"0='a'", [(CONTENT_FORMAT, b"")])
        self.assertEqual(response.code_text(), "2.04")
        self.assertEqual(self.control.event("executed"), {"server": 1, "path": "/3303/0/5605", "arguments": "0='a'"})

    def test_a_write_out_of_the_model_s_range_is_refused(self):
        self.start("--object", "3311")
        self.assertEqual(self.server.write("/3311/0/5851", "101").code_text(), "4.00")
        self.assertEqual(self.server.write("/3311/0/5851", "100").code_text(), "2.04")
        self.assertEqual(self.control.event("written")["value"], 100)

    def test_notifies_of_what_is_set_until_cancelled(self):
        self.start("--object", "3303")
        options = [(ACCEPT, b""), (OBSERVE, b"")]
        first = self.server.request(GET, "/3303/0/5700", options=options, token=b"obs")
        self.assertEqual(first.code_text(), "2.05")
        self.assertEqual(len(first.all(OBSERVE)), 1)
        self.assertEqual(self.control.event("observed"), {"server": 1, "path": "/3303/0/5700"})
        self.control.call("set", path="/3303/0/5700", value=-3)
        self.assertEqual(self.server.notification(b"obs").payload, b"-3")
        self.assertEqual(self.control.call("status")["observations"], 1)
        options = [(ACCEPT, b""), (OBSERVE, b"\x01")]
        self.server.request(GET, "/3303/0/5700", options=options, token=b"obs")
        self.assertEqual(self.control.event("cancelled"), {"server": 1, "path": "/3303/0/5700"})

    def test_simulated_values_follow_the_device_s_time(self):
        self.start("--simulate", "3303/0/5700=ramp:0,100,100@10")
        options = [(ACCEPT, b""), (OBSERVE, b"")]
        self.server.request(GET, "/3303/0/5700", options=options, token=b"obs")
        self.control.call("advance", seconds=50)
        self.assertEqual(self.server.notification(b"obs").payload, b"50")

    def test_servers_create_and_delete_where_the_model_has_several(self):
        self.start("--object", "33442", "--models", MODELS)
        created = self.server.request(POST, "/33442", b'[{"bn":"/33442/7/","n":"0","vs":"seven"}]',
                                      [(CONTENT_FORMAT, b"\x6e")])
        self.assertEqual(created.code_text(), "2.01")
        self.assertEqual(self.control.event("created"), {"server": 1, "path": "/33442/7"})
        request = self.server.expect(POST, "/rd/1")
        self.assertIn(b"</33442/7>", request.payload)
        self.server.answer(request, "2.04")
        self.assertEqual(self.server.read("/33442/7/0").payload, b"seven")
        self.assertEqual(self.server.request(DELETE, "/33442/7").code_text(), "2.02")
        self.assertEqual(self.control.event("deleted"), {"server": 1, "path": "/33442/7"})
        self.assertNotIn(b"</33442/7>", self.server.expect(POST, "/rd/1").payload)

    def test_the_script_creates_and_deletes_and_the_server_is_told(self):
        self.start("--object", "3303")
        self.assertEqual(self.control.call("create", path="/3303", values={"Sensor Value": 5}), {"path": "/3303/1"})
        request = self.server.expect(POST, "/rd/1")
        self.assertIn(b"</3303/1>", request.payload)
        self.server.answer(request, "2.04")
        self.assertEqual(self.server.read("/3303/1/5700").payload, b"5")
        self.control.call("delete", path="/3303/1")
        self.assertNotIn(b"</3303/1>", self.server.expect(POST, "/rd/1").payload)

    def test_objects_of_the_library_behave_as_their_definitions_say(self):
        self.start("--object", "16:2", "--object", "19:0", "--object", "20", "--object", "22", "--object", "3303")
        self.assertEqual(self.control.call("get", path="/3/0/22")["values"],
                         {"/3/0/22/0": "16:0", "/3/0/22/1": "16:1"})
        self.assertEqual(self.control.call("create", path="/19"), {"path": "/19/0"})
        with self.assertRaisesRegex(RuntimeError, "there already"):
            self.control.call("create", path="/19/0")
        self.assertEqual(self.server.request(POST, "/20/0/4011").code_text(), "2.04")
        self.assertEqual(self.control.call("get", path="/20/0/4013")["value"], 0)
        self.control.call("set", path="/22/0/0/0", value="</3303/0/5700>;gt=30")
        self.control.call("set", path="/3303/0/5700", value=25)
        self.assertEqual(self.control.call("get", path="/22/0/1")["value"], "")
        self.control.call("set", path="/3303/0/5700", value=31)
        self.control.call("advance", seconds=0)
        self.assertEqual(self.control.call("get", path="/22/0/1")["value"], '[{"n":"/3303/0/5700","v":31}]')

    def test_another_version_of_an_object_follows_its_definition(self):
        self.start("--object", "20@2.1")
        self.control.call("set", path="/20/0/4017", value=60)
        self.assertEqual(self.control.call("get", path="/20/0/4017")["value"], 60)

    def test_a_vendor_s_object_holds_every_data_type(self):
        self.start("--object", "33442", "--models", MODELS)
        values = {"0": "text", "1": -5, "2": 18446744073709551615, "3": 0.5, "4": True, "5": "AQID",
                  "6": "2026-01-31T12:00:00Z", "7": "3:0"}
        self.control.call("set", path="/33442/0", values=values)
        shown = self.control.call("get", path="/33442/0")["values"]
        for resource, value in values.items():
            self.assertEqual(shown[f"/33442/0/{resource}"], value)
        self.assertEqual(self.server.read("/33442/0/2").payload, b"18446744073709551615")
        self.assertEqual(self.server.read("/33442/0/6").payload, b"1769860800")


class ControlInterface(DeviceTest):
    def test_errors_have_the_codes_of_json_rpc(self):
        self.start()
        for line, error in (("{", -32700), ("[]", -32600), ("7", -32600), ('{"id":1,"method":"status"}', -32600),
                            ('{"jsonrpc":"2.0","id":1,"method":7}', -32600),
                            ('{"jsonrpc":"2.0","id":1,"method":"dance"}', -32601),
                            ('{"jsonrpc":"2.0","id":1,"method":"get","params":[]}', -32602),
                            ('{"jsonrpc":"2.0","id":1,"method":"get","params":{"pat":"/3"}}', -32602),
                            ('{"jsonrpc":"2.0","id":1,"method":"set","params":{"path":"/3"}}', -32602)):
            with self.subTest(line):
                self.control.send(line)
                self.assertEqual(self.control.response()["error"]["code"], error)

    def test_the_device_s_own_errors(self):
        self.start("--object", "3303", "--object", "3311")
        self.assertEqual(self.error_of("get", path="/3304/0/5700")["code"], -32001)
        self.assertEqual(self.error_of("delete", path="/3/0")["code"], -32002)
        self.assertEqual(self.error_of("create", path="/3303/0")["code"], -32003)
        error = self.error_of("set", path="/3311/0/5851", value=101)
        self.assertEqual(error["code"], -32004)
        self.assertIn("0..100", error["message"])
        self.assertEqual(self.error_of("set", path="/3303/0/5605", value=1)["code"], -32002)

    def test_batches_and_notifications(self):
        self.start("--object", "3303")
        get = '{"jsonrpc":"2.0","id":"a","method":"get","params":{"path":"/3303/0/5700"}}'
        self.control.send('[{"jsonrpc":"2.0","method":"set","params":{"path":"/3303/0/5700","value":4}},' + get + "]")
        response = self.control.response()
        self.assertEqual([(r["id"], r["result"]["value"]) for r in response], [("a", 4)])

    def test_over_tcp_on_a_port_that_the_system_chose(self):
        self.start(control=("--control", "127.0.0.1:0"), register=False)
        host, port = self.process.stdout.readline().removeprefix("control on ").strip().rsplit(":", 1)
        with socket.create_connection((host, int(port)), TIMEOUT) as connection:
            stream = connection.makefile("rw")
            control = Controller(stream, stream)
            self.assertEqual(control.call("status")["endpoint"], "test")
            self.server.accept_registration()
            control.event("registered")
            control.call("exit")
            self.server.answer(self.server.expect(DELETE, "/rd/1"), "2.02")
            control.event("deregistered")
        self.assertEqual(self.process.wait(TIMEOUT), 0)


class LockAndWipe(DeviceTest):
    """Object 8 (OB-3)."""

    def test_what_is_locked_is_told_and_its_result_shown(self):
        self.start("--object", "8")
        self.assertEqual(self.server.write("/8/0/0", "2").code_text(), "2.04")
        self.assertEqual(self.control.event("locked"), {"state": "fully-locked", "targets": []})
        self.assertEqual(self.server.read("/8/0/5").payload, b"2")
        self.set({"/8/0/1/3": "door"})
        self.assertEqual(self.server.write("/8/0/0", "1").code_text(), "2.04")
        self.assertEqual(self.control.event("locked"), {"state": "partially-locked", "targets": ["door"]})

    def test_wiped_values_begin_again(self):
        self.start("--object", "8", "--object", "3303", "--object", "20")
        begun = self.server.read("/3303/0/5700").payload
        self.set({"/3303/0/5700": 99, "/20/0/4014": "YWJj"})
        self.assertEqual(self.control.call("get", path="/8/0/2")["values"], {"/8/0/2/0": "/20", "/8/0/2/1": "/3303"})
        self.set({"/8/0/4/0": "/3303"})
        self.assertEqual(self.server.request(POST, "/8/0/3").code_text(), "2.04")
        self.assertEqual(self.control.event("wiped"), {"targets": ["/3303"]})
        self.assertEqual(self.server.read("/3303/0/5700").payload, begun)
        self.assertEqual(self.control.call("get", path="/20/0/4014")["value"], "YWJj")
        self.assertEqual(self.server.read("/8/0/5").payload, b"4")

    def test_a_target_that_is_no_item_wipes_nothing(self):
        self.start("--object", "8", "--object", "3303")
        self.set({"/3303/0/5700": 99, "/8/0/4/0": "/3303", "/8/0/4/1": "/1"})
        self.assertEqual(self.server.request(POST, "/8/0/3").code_text(), "4.00")
        self.assertEqual(self.server.read("/3303/0/5700").payload, b"99")
        self.assertEqual(self.server.read("/8/0/5").payload, b"8")


class Cellular(DeviceTest):
    """Object 10 (OB-3)."""

    def test_the_radio_is_off_for_so_many_minutes_and_it_registers_again(self):
        self.start("--object", "10")
        self.assertEqual(self.server.write("/10/0/1", "5").code_text(), "2.04")
        self.assertEqual(self.control.event("radio"), {"on": False})
        self.assertEqual(self.control.call("status")["servers"][0]["state"], "offline")
        self.control.call("advance", seconds=300)
        self.assertEqual(self.control.event("radio"), {"on": True})
        self.server.accept_registration()
        self.assertEqual(self.server.read("/10/0/1").payload, b"0")

    def test_the_network_rounds_timers_to_what_it_can_say(self):
        self.start("--object", "10")
        for written, granted in (("1", b"2"), ("63", b"90"), ("931", b"960"), ("40000", b"43200"), ("99999999", b"35712000")):
            self.server.write("/10/0/4", written)
            self.assertEqual(self.server.read("/10/0/4").payload, granted)
        self.server.write("/10/0/5", "63")
        self.assertEqual(self.server.read("/10/0/5").payload, b"120")


class Ending(DeviceTest):
    def leave(self):
        self.server.answer(self.server.expect(DELETE, "/rd/1"), "2.02")
        self.assertEqual(self.process.wait(TIMEOUT), 0)

    def test_exit_deregisters(self):
        self.start()
        self.control.call("exit")
        self.leave()
        self.control.event("deregistered")

    def test_the_end_of_its_input_deregisters(self):
        self.start()
        self.process.stdin.close()
        self.leave()

    def test_a_signal_deregisters(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                self.start()
                self.process.send_signal(number)
                self.leave()

    def test_it_ends_when_the_server_does_not_answer(self):
        self.start()
        self.control.call("exit")
        self.assertEqual(self.process.wait(TIMEOUT), 0)

    def test_people_read_lines(self):
        self.start(control=())
        self.assertEqual(self.process.stdout.readline(),
                         f"registered with coap://127.0.0.1:{self.server.port} as /rd/1\n")
        self.server.write("/1/0/2", "5")
        self.assertEqual(self.process.stdout.readline(), "written /1/0/2 = 5\n")


class CommandLine(unittest.TestCase):
    def refused(self, *flags):
        done = subprocess.run([PROGRAM, "--endpoint", "test", *flags], capture_output=True, text=True,
                              timeout=TIMEOUT, check=False)
        self.assertEqual(done.returncode, 1, done.stderr)
        return done.stderr

    def test_what_cannot_be_is_said(self):
        server = ("--server", "coap://127.0.0.1")
        for flags, part in ((("--server", "coap://[::1"), "[::1"),
                            (("--server", "http://127.0.0.1"), "coap://HOST:PORT"),
                            (("--server", "coaps://127.0.0.1"), "--psk-identity"),
                            ((*server, "--psk-identity", "me", "--psk-key", "0x1"), "hexadecimal"),
                            ((*server, "--cert", "/nowhere", "--key", "/nowhere"), "/nowhere"),
                            ((*server, "--object", "60000"), "--models"),
                            ((*server, "--object", "3303:x"), "OBJECT:INSTANCES"),
                            ((*server, "--object", "3303@9.9"), "version"),
                            ((*server, "--simulate", "3303/0/5700=sine:1"), "sine:MEAN,AMPLITUDE,PERIOD"),
                            ((*server, "--simulate", "3303/0/6049=sine:90,20,5"), "0..100"),
                            ((*server, "--control", "192.0.2.1:1"), "loopback"),
                            ((*server, "--models", "/nowhere"), "/nowhere")):
            with self.subTest(flags):
                self.assertIn(part, self.refused(*flags))


class State(DeviceTest):
    """What `--state` keeps."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = os.path.join(folder.name, "state")
        self.bind = f"127.0.0.1:{harness.free_port()}"

    def test_after_a_reboot_the_registration_is_updated_with_what_was_written(self):
        self.start("--state", self.file)
        self.assertEqual(self.server.write("/1/0/2", "7").code_text(), "2.04")
        self.assertEqual(self.server.request(POST, "/3/0/4").code_text(), "2.04")
        update = self.server.expect(POST, "/rd/1")
        self.assertIn(b"</3/0>", update.payload)
        self.server.answer(update, "2.04")
        self.assertEqual(self.control.event("restarted"), {"reason": "reboot"})
        self.assertEqual(self.server.read("/1/0/2").payload, b"7")

    def test_a_killed_device_comes_back_from_the_same_port_with_an_update(self):
        self.start("--state", self.file, "--bind", self.bind)
        self.control.call("advance", seconds=2)
        self.control.call("status")  # answered behind the turn in which the state was kept
        self.stop(self.process)
        self.start("--state", self.file, "--bind", self.bind, register=False)
        self.server.answer(self.server.expect(POST, "/rd/1"), "2.04")
        self.assertEqual(self.control.event("updated"), {"server": 1, "location": "/rd/1"})

    def test_a_factory_reset_forgets_everything(self):
        self.start("--state", self.file)
        self.server.write("/1/0/2", "7")
        self.assertEqual(self.server.request(POST, "/3/0/5").code_text(), "2.04")
        self.server.accept_registration()
        self.assertEqual(self.server.read("/1/0/2").code_text(), "4.04")

    def test_one_file_serves_one_device(self):
        self.start("--state", self.file)
        second = subprocess.run(
            [PROGRAM, "--endpoint", "second", "--server", "coap://127.0.0.1:9", "--state", self.file],
            capture_output=True, text=True, timeout=TIMEOUT, check=False)
        self.assertEqual(second.returncode, 1)
        self.assertIn("another process keeps its state here", second.stderr)

    def test_servers_may_bring_their_short_server_ids(self):
        process = subprocess.run(
            [PROGRAM, "--endpoint", "x", "--server", "7=coap://127.0.0.1:9", "--server", "7=coap://127.0.0.1:8"],
            capture_output=True, text=True, timeout=TIMEOUT, check=False)
        self.assertEqual(process.returncode, 1)
        self.assertIn("two servers have the Short Server ID 7", process.stderr)


if __name__ == "__main__":
    unittest.main()
