# SPDX-License-Identifier: Apache-2.0
# Shows: SE-5, SE-6, SE-14
"""Credentials of linnetd through the REST API and the command line, and whom they keep out."""
import http.client
import json
import os
import subprocess
import tempfile
import unittest

from scripted import POST, Device, Server, harness

SECRET = "5ec4e75ec4e75ec4e75ec4e75ec4e75e"
ROUTE = "/api/v1/credentials"
HEADER = "endpoint,mode,identity,key\n"


def post_csv(server, text):
    connection = http.client.HTTPConnection(server.http, timeout=harness.PATIENCE)
    try:
        connection.request("POST", ROUTE, text, {"Content-Type": "text/csv"})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def psk(identity, key=SECRET):
    return {"mode": "psk", "identity": identity, "key": key}


class CredentialCase(unittest.TestCase):
    def setUp(self):
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.state = os.path.join(self.folder, "state")

    def start(self, *arguments):
        return self.enterContext(Server("--state", self.state, *arguments))

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        return path

    def all(self, server):
        """{(endpoint, mode, identity)}, and no secret in any answer."""
        found, cursor = set(), None
        while True:
            status, body = server.rest.call("GET", ROUTE, limit=1000, **({"cursor": cursor} if cursor else {}))
            self.assertEqual(status, 200)
            self.assertNotIn(SECRET, json.dumps(body))
            found |= {(c["endpoint"], c["mode"], c["identity"]) for c in body["credentials"]}
            cursor = body["cursor"]
            if cursor is None:
                return found

    def put(self, server, endpoint, body, status=200):
        got, said = server.rest.call("PUT", f"{ROUTE}/{endpoint}", body)
        self.assertEqual(got, status, said)
        self.assertNotIn(SECRET, json.dumps(said))
        return said


class Api(CredentialCase):
    def test_entered_replaced_removed_and_never_shown(self):
        server = self.start()
        self.assertEqual(self.put(server, "urn:dev:1", psk("one")), {"changed": 1})
        self.put(server, "urn:dev:1", psk("one", "00"))
        self.put(server, "urn:dev:1", {"mode": "rpk", "key": "3003010203"})
        self.assertEqual(self.all(server), {("urn:dev:1", "psk", "one"), ("urn:dev:1", "rpk", "3003010203")})
        self.assertEqual(server.rest.call("DELETE", f"{ROUTE}/urn:dev:1", mode="psk"), (200, {"changed": 1}))
        self.assertEqual(server.rest.call("DELETE", f"{ROUTE}/urn:dev:1", mode="psk")[0], 404)
        self.assertEqual(server.rest.call("DELETE", f"{ROUTE}/urn:dev:1"), (200, {"changed": 1}))
        self.assertEqual(server.rest.call("GET", f"{ROUTE}/urn:dev:1")[0], 404)
        self.assertEqual(self.all(server), set())

    def test_many_at_once_or_none_with_the_line_of_each_error(self):
        server = self.start()
        self.assertEqual(post_csv(server, HEADER + f"a,psk,ia,{SECRET}\n\"b,c\",psk,ib,{SECRET}\n"), (200, {"changed": 2}))
        status, said = post_csv(server, HEADER + f"d,psk,id,{SECRET}\ne,psk,ie,xx{SECRET}\nf,carrier pigeon,,\n")
        self.assertEqual(status, 400)
        self.assertEqual([error["line"] for error in said["errors"]], [3, 4])
        self.assertNotIn(SECRET, json.dumps(said))
        status, said = post_csv(server, HEADER + f"d,psk,id,{SECRET}\ne,psk,ia,{SECRET}\n")
        self.assertEqual((status, said["errors"][0]["line"]), (409, 3))
        self.assertIn("'a'", said["detail"])
        self.assertEqual(post_csv(server, "nonsense")[0], 400)
        self.assertEqual(self.all(server), {("a", "psk", "ia"), ("b,c", "psk", "ib")})
        body = {"credentials": [{"endpoint": "d", **psk("id")}, {"endpoint": "a", **psk("ia")}]}
        self.assertEqual(server.rest.call("POST", ROUTE, body), (200, {"changed": 2}))

    def test_wrong_requests_are_named(self):
        server = self.start()
        self.put(server, "e", {"mode": "psk", "identity": "i"}, 400)
        self.put(server, "e", {"mode": "psk", "identity": "i", "key": SECRET, "secret": "x"}, 400)
        self.put(server, "e", {**psk("i"), "endpoint": "other"}, 400)
        self.put(server, "e*", psk("i"), 400)
        self.assertEqual(server.rest.call("PATCH", ROUTE)[0], 405)
        self.assertEqual(server.rest.call("GET", ROUTE, limit=0)[0], 400)
        self.assertEqual(server.rest.call("GET", ROUTE, cursor="x")[0], 400)


class Admission(CredentialCase):
    def test_a_name_with_credentials_is_not_taken_without_protection(self):
        server = self.start("--bootstrap", "127.0.0.1:0")
        device = self.enterContext(server.device("urn:dev:1")).register()
        other = self.enterContext(server.device("urn:dev:2")).register()
        self.put(server, "urn:dev:1", psk("one"))
        self.assertEqual(device.update(), "4.04")
        self.assertEqual(device.try_register(), "4.03")
        self.assertEqual(other.update(), "2.04")
        self.put(server, "urn:dev:*", {"mode": "x509", "identity": "root", "key": "3000"})
        self.assertEqual(other.try_register(), "4.03")
        place = server.rest.call("GET", "/health")[1]["bootstrap"][0]
        with Device(place, "urn:dev:1") as asks:
            self.assertEqual(asks.request(POST, "bs", ["ep=urn:dev:1"]).code_text(), "4.03")
        self.assertEqual(server.rest.call("DELETE", f"{ROUTE}/urn:dev:1")[0], 200)
        self.assertEqual(server.rest.call("DELETE", f"{ROUTE}/urn:dev:*")[0], 200)
        self.assertEqual(device.try_register(), "2.01")

    def test_without_nosec_nobody_is_taken_unprotected(self):
        server = self.start("--nosec", "false")
        self.assertEqual(self.enterContext(server.device("urn:dev:1")).try_register(), "4.03")

    def test_a_network_asks_for_nosec(self):
        for flags, answer in (((), "4.03"), (("--nosec", "true"), "2.01")):
            with self.subTest(flags), Server("--memory", *flags, coap="0.0.0.0:0") as server:
                port = server.coap.rsplit(":", 1)[1]
                with Device(f"127.0.0.1:{port}", "urn:dev:1") as device:
                    self.assertEqual(device.try_register(), answer)


class Kill(CredentialCase):
    def test_what_was_answered_is_there_after_kill_9_and_readable_nowhere(self):
        server = self.start()
        rows = [f"urn:dev:{i},psk,id-{i},{SECRET}\n" for i in range(3000)]
        self.assertEqual(post_csv(server, HEADER + "".join(rows)), (200, {"changed": 3000}))
        self.assertEqual(server.rest.call("DELETE", f"{ROUTE}/urn:dev:7")[0], 200)
        before = self.all(server)
        self.assertEqual(len(before), 2999)
        server.kill()
        for name in os.listdir(self.state):
            with open(os.path.join(self.state, name), "rb") as file:
                self.assertNotIn(bytes.fromhex(SECRET), file.read(), name)
        again = self.start()
        self.assertEqual(self.all(again), before)
        self.assertEqual(self.enterContext(again.device("urn:dev:8")).try_register(), "4.03")


class CommandLine(CredentialCase):
    def linnet(self, server, *arguments, given=None, code=0):
        done = subprocess.run([harness.program("LINNET"), "--url", f"http://{server.http}", "credentials", *arguments],
                              capture_output=True, timeout=harness.PATIENCE, check=False, text=True, input=given)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotIn(SECRET, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def test_import_add_list_and_remove(self):
        server = self.start()
        rows = "".join(f"urn:dev:{i},psk,id-{i},{SECRET}\n" for i in range(9000))
        self.assertIn("9000 credentials are in force", self.linnet(server, "import", self.write("all.csv", HEADER + rows)))
        self.assertEqual(len(self.all(server)), 9000)
        wrong = self.write("wrong.csv", HEADER + rows + f"urn:dev:x,psk,,{SECRET}\n")
        said = self.linnet(server, "import", wrong, code=1)
        self.assertIn(f"{wrong}:9002: ", said)
        self.assertIn("8000 in front of it are in force", said)
        self.assertIn("in force", self.linnet(server, "add", "meter", "--mode", "psk", "--identity", "m", given=SECRET + "\n"))
        self.assertRegex(self.linnet(server, "list", "meter"), r"meter +psk +m")
        self.assertEqual(len(self.linnet(server, "list").splitlines()), 9002)
        self.assertIn("1 removed", self.linnet(server, "remove", "meter", "--mode", "psk"))
        self.assertIn("No such credential", self.linnet(server, "remove", "meter", code=1))
        self.linnet(server, "add", "meter", "--mode", "carrier", given=SECRET, code=2)


if __name__ == "__main__":
    unittest.main()
