# SPDX-License-Identifier: Apache-2.0
"""linnetd and linnet-device: what only shows when both sides are ours, over real sockets."""
# Shows: OP-4, OP-5
import os
import tempfile
import unittest

from scripted import Server, harness


class Together(unittest.TestCase):
    def device(self, server, endpoint, *flags):
        device = self.enterContext(harness.Own("linnet-device", [
            harness.program("LINNET_DEVICE"), "--endpoint", endpoint, "--server", f"coap://{server.coap}",
            "--object", "3303:2", *flags]))
        harness.eventually(lambda: server.rest.device(endpoint).shown()[0] == 200, f"{endpoint} is registered")
        return device

    def composite(self, server, endpoint, method, action="", body=None, **query):
        status, answer = server.rest.call(method, f"/api/v1/devices/{endpoint}/composite{action}", body, **query)
        self.assertEqual(status, 200, answer)
        return answer

    def test_several_paths_are_read_and_written_at_once(self):
        server = self.enterContext(Server("--memory"))
        self.device(server, "both")
        for form in ("110", "112"):
            answer = self.composite(server, "both", "PATCH", format=form, body={
                "values": {"/1/0/1": 4000 + int(form), "Device/0/Timezone": "CET" + form}})
            self.assertEqual(answer, {"code": "2.04"})
            values = {v["path"]: v["value"] for v in self.composite(
                server, "both", "GET", format=form, paths="/1/0/1,/3/0/15,/3303,/5")["values"]}
            self.assertEqual((values["/1/0/1"], values["/3/0/15"]), (4000 + int(form), "CET" + form))
            self.assertEqual({path for path in values if path.endswith("/5700")}, {"/3303/0/5700", "/3303/1/5700"})
        everything = {v["path"] for v in self.composite(server, "both", "GET", paths="/")["values"]}
        self.assertLessEqual({"/1/0/1", "/3/0/15", "/3303/1/5700"}, everything)
        self.assertFalse([path for path in everything if path.startswith(("/0/", "/21/"))])

    # Shows: OB-3
    def test_OB_3_the_operators_objects_are_what_their_definitions_say(self):
        server = self.enterContext(Server("--memory"))
        objects = {8: "Lock and Wipe", 9: "LWM2M Software Management", 10: "LWM2M Cellular Connectivity",
                   11: "LWM2M APN Connection Profile", 12: "WLAN connectivity", 13: "LWM2M Bearer Selection",
                   14: "LWM2M Software Component"}
        self.device(server, "operator", *(flag for number in objects for flag in ("--object", str(number))))
        device = server.rest.device("operator")
        listed = {one["id"]: one for one in device.shown()[1]["objects"]}
        self.assertEqual({number: listed[number]["name"] for number in objects}, objects)
        for number in objects:
            _, model = server.rest.call("GET", f"/api/v1/models/{number}")
            for resource in model["resources"]:
                if not resource["mandatory"]:
                    continue
                path = f"{number}/0/{resource['id']}"
                readable, executable = "R" in resource["operations"], "E" in resource["operations"]
                with self.subTest(path):
                    self.assertEqual(device.call("GET", path)[0] == 200, readable)
                    self.assertEqual(device.call("POST", path + "/execute")[0] == 200, executable)
        self.assertEqual(device.call("PUT", "11/0/0", {"value": "internet"})[0], 200)
        self.assertEqual(device.values("11/0/0"), {"/11/0/0": "internet"})

    def test_a_composite_observation_goes_on_after_a_kill_of_the_server(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        state = ("--state", os.path.join(folder, "state"))
        server = self.enterContext(Server(*state))
        self.device(server, "kept", "--simulate", "3303/1/5700=ramp:0,100,60@0.2")
        answer = self.composite(server, "kept", "PUT", "/observe", paths="3303/1/5700,/3/0/15")
        self.assertTrue(answer["observation"])
        with server.events(endpoint="kept", type="notified") as events:
            first = events.wait("notified")
            self.assertEqual(first["paths"], ["/3/0/15", "/3303/1/5700"])
        server.kill()
        again = self.enterContext(Server(*state, coap=server.coap))
        with again.events(endpoint="kept", type="notified") as events:
            told = events.wait("notified", lambda d: d.get("paths") == first["paths"])
            self.assertIn("/3303/1/5700", [v["path"] for v in told["values"]])
        self.assertEqual(again.rest.call("GET", "/api/v1/devices/kept/observations")[1],
                         {"observations": [{"paths": first["paths"]}]})
        self.composite(again, "kept", "DELETE", "/observe", paths="3303/1/5700,/3/0/15")


if __name__ == "__main__":
    unittest.main()
