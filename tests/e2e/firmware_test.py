# SPDX-License-Identifier: Apache-2.0
"""A whole firmware update of linnet-device through linnetd: pushed by the REST API, pulled over HTTP, and both
from the command line."""
import http.client
import http.server
import os
import json
import random
import ssl
import subprocess
import tempfile
import threading
import unittest
import zlib

from scripted import Server, harness

IMAGE = random.Random(1).randbytes(300_000)


def package(version, image=IMAGE, name="demo"):
    header = f"linnet-firmware 1 {name} {version} {len(image)} {zlib.crc32(image):08x}\n"
    return header.encode() + image


class Repository(http.server.ThreadingHTTPServer):
    """Serves one package, with ranges; the first answer breaks off in the middle."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = self.server.package
            asked = self.headers.get("Range")
            start = int(asked.removeprefix("bytes=").split("-")[0]) if asked else 0
            self.server.starts.append(start)
            if self.path != "/fw":
                return self.send_error(404)
            self.send_response(206 if asked else 200)
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            end = len(body) // 2 if len(self.server.starts) == 1 else len(body)
            self.wfile.write(body[start:end])

        def log_message(self, *_):
            pass

    def __init__(self, body):
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.package = body
        self.starts = []


class FirmwareCase(unittest.TestCase):
    flags = ()

    def setUp(self):
        self.server = self.enterContext(Server("--memory"))
        self.folder = self.enterContext(tempfile.TemporaryDirectory())
        self.prepare()
        self.device = self.enterContext(harness.Own("device", [
            harness.program("LINNET_DEVICE"), "--endpoint", "fw", "--server", "coap://" + self.server.coap,
            "--firmware", os.path.join(self.folder, "fw"), "--lifetime", "60", *self.flags]))
        self.rest = self.server.rest.device("fw")
        harness.eventually(lambda: self.rest.shown()[0] == 200, "the device to register")

    def prepare(self):
        """What the device is to find."""

    def repository(self, body):
        repository = self.enterContext(Repository(body))
        threading.Thread(target=repository.serve_forever, daemon=True).start()
        self.addCleanup(repository.shutdown)
        return repository, f"http://127.0.0.1:{repository.server_port}/fw"

    def read(self, path):
        return self.rest.values(path.removeprefix("/"))[path]

    def wait(self, path, value):
        def there():
            status, body = self.rest.call("GET", path.removeprefix("/"))
            return status == 200 and body["values"][0]["value"] == value

        harness.eventually(there, f"{path} to be {value}")


class Firmware(FirmwareCase):
    def put_bytes(self, body):
        connection = http.client.HTTPConnection(self.server.http, timeout=harness.PATIENCE)
        try:
            connection.request("PUT", "/api/v1/devices/fw/objects/5/0/0", body,
                               {"Content-Type": "application/octet-stream"})
            return connection.getresponse().status
        finally:
            connection.close()

    def update_to(self, version):
        self.assertEqual(self.read("/5/0/7"), version)
        self.assertEqual(self.rest.call("POST", "5/0/2/execute")[0], 200)
        self.wait("/3/0/3", version)
        # It registers anew meanwhile: what was on its way to the old registration fails with 503.
        self.wait("/5/0/3", 0)
        self.wait("/5/0/5", 1)

    def test_a_package_of_several_hundred_kilobytes_is_pushed_and_installed(self):
        self.assertEqual(self.put_bytes(package("2.0")), 200)
        self.assertEqual(self.read("/5/0/3"), 2)
        self.update_to("2.0")

    def test_a_damaged_package_is_refused(self):
        self.assertEqual(self.put_bytes(package("2.0")[:-1] + b"\x00\x00"), 200)
        self.assertEqual((self.read("/5/0/3"), self.read("/5/0/5")), (0, 5))
        self.assertEqual(self.put_bytes(b"no firmware at all" * 200), 200)
        self.assertEqual((self.read("/5/0/3"), self.read("/5/0/5")), (0, 6))

    def test_a_package_is_pulled_over_http_from_where_it_was_broken_off(self):
        repository, uri = self.repository(package("3.0"))
        self.assertEqual(self.rest.call("PUT", "5/0/1", {"value": uri})[0], 200)
        self.wait("/5/0/3", 2)
        self.assertEqual(repository.starts, [0, len(repository.package) // 2])
        self.update_to("3.0")


class Https(FirmwareCase):
    """Packages come by https from servers under an authority that the device was told of, and from no other."""

    def prepare(self):
        self.own = self.certificate("own")
        self.flags = ("--download-trust", self.own[0])

    def certificate(self, name):
        certificate, key = (os.path.join(self.folder, name + end) for end in (".crt", ".key"))
        subprocess.run([harness.debian_program("openssl", "openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", f"/CN={name}", "-addext",
                        "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate], check=True,
                       capture_output=True, stdin=subprocess.DEVNULL)
        return certificate, key

    def secured(self, certificate, key):
        repository = Repository(package("3.0"))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        repository.socket = context.wrap_socket(repository.socket, server_side=True)
        self.enterContext(repository)
        threading.Thread(target=repository.serve_forever, daemon=True).start()
        self.addCleanup(repository.shutdown)
        return repository, f"https://127.0.0.1:{repository.server_port}/fw"

    def test_a_package_is_pulled_over_https_from_where_it_was_broken_off(self):
        repository, uri = self.secured(*self.own)
        self.assertEqual(self.rest.call("PUT", "5/0/1", {"value": uri})[0], 200)
        self.wait("/5/0/3", 2)
        self.assertEqual(repository.starts, [0, len(repository.package) // 2])

    def test_a_server_under_another_authority_is_an_invalid_uri(self):
        repository, uri = self.secured(*self.certificate("other"))
        self.assertEqual(self.rest.call("PUT", "5/0/1", {"value": uri})[0], 200)
        self.wait("/5/0/5", 7)
        self.assertEqual((self.read("/5/0/3"), repository.starts), (0, []))


class CommandLine(FirmwareCase):
    """linnet firmware: it sends, follows State and Update Result to their end, and installs."""

    def linnet(self, *arguments, data=None):
        done = subprocess.run([harness.program("LINNET"), "--url", f"http://{self.server.http}", *arguments], input=data,
                              capture_output=True, timeout=3 * harness.PATIENCE, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def test_a_package_is_pushed_and_then_installed(self):
        code, out, err = self.linnet("firmware", "push", "fw", "-", data=package("2.0"))
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out.splitlines(), ["fw  downloaded", "linnet firmware update fw installs it"])
        code, out, _ = self.linnet("firmware", "status", "fw")
        rows = dict(line.split(maxsplit=1) if not line.startswith("Update Result") else line.rsplit("  ", 1)
                    for line in out.splitlines())
        self.assertEqual((code, rows["State"]), (0, "downloaded (2)"))
        self.assertIn("none yet (0)", out)
        self.assertIn("HTTPS", out)
        code, out, err = self.linnet("firmware", "update", "fw")
        self.assertEqual((code, err), (0, ""))
        self.assertEqual(out.splitlines()[-1], "fw  idle: updated")
        self.assertEqual(self.read("/3/0/3"), "2.0")
        # What is not there cannot be installed.
        code, _, err = self.linnet("firmware", "update", "fw")
        self.assertEqual(code, 1)
        self.assertIn("4.05", err)

    def test_a_package_is_pulled_and_installed_at_once(self):
        _, uri = self.repository(package("3.0"))
        code, out, err = self.linnet("--json", "firmware", "pull", "fw", uri, "--update")
        self.assertEqual((code, err), (0, ""))
        said = [json.loads(line) for line in out.splitlines()]
        self.assertIn({"endpoint": "fw", "state": 2, "result": 0}, said)
        self.assertEqual(said[-1], {"endpoint": "fw", "state": 0, "result": 1})
        self.assertEqual(self.read("/3/0/3"), "3.0")

    def test_what_goes_wrong_is_an_exit_code_and_its_reason(self):
        code, out, _ = self.linnet("firmware", "push", "fw", "-", "--update", data=package("2.0")[:-1] + b"\x00\x00")
        self.assertEqual((code, out), (1, "fw  idle: the package is damaged\n"))
        code, out, _ = self.linnet("firmware", "pull", "fw", "ftp://127.0.0.1/fw")
        self.assertEqual((code, out), (1, "fw  idle: a protocol that it does not support\n"))
        code, _, err = self.linnet("firmware", "push", "nobody", "-", data=b"x")
        self.assertEqual(code, 1)
        self.assertIn("nobody", err)
        for wrong in (["push", "fw", "/nowhere"], ["push", "fw"], ["pull", "fw"], ["fw"]):
            self.assertEqual(self.linnet("firmware", *wrong)[0], 2, wrong)


if __name__ == "__main__":
    unittest.main()
