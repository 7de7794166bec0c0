# SPDX-License-Identifier: Apache-2.0
# Shows: NW-10
"""Several tenants on one linnetd: each has an address, its own endpoint names, and sees its own devices alone."""
import json
import os
import subprocess
import tempfile
import unittest

from scripted import Server, Thermometer, harness, refused


class TenantServer(Server):
    """Its addresses: one of nobody's, one of acme's, one of beta's."""

    def __init__(self, *arguments):
        super().__init__("--coap", "127.0.0.1:0=acme", "--coap", "127.0.0.1:0=beta", *arguments)
        places = self.rest.call("GET", "/health")[1]["coap"]
        self.at = dict(zip(("", "acme", "beta"), places))

    def join(self, device, tenant):
        device.moved_to(self.at[tenant])
        return device


class Tenants(unittest.TestCase):
    def setUp(self):
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.state = ("--state", os.path.join(folder, "state"))
        self.server = self.enterContext(TenantServer(*self.state))

    def device(self, tenant, endpoint):
        device = self.enterContext(self.server.device(endpoint, answer=Thermometer()))
        return self.server.join(device, tenant)

    def names(self, path="/api/v1/devices", **query):
        return sorted(device["endpoint"] for device in self.server.rest.call("GET", path, **query)[1]["devices"])

    def test_equal_names_of_different_tenants_are_different_devices(self):
        for tenant in ("", "acme", "beta"):
            self.device(tenant, "node").register(lifetime=86400)
        self.assertEqual(self.names(), ["acme/node", "beta/node", "node"])
        self.assertEqual(self.names(tenant="acme"), ["acme/node"])
        self.assertEqual(self.names("/api/v1/tenants/acme/devices"), ["acme/node"])
        self.assertEqual(self.server.rest.call("GET", "/api/v1/tenants"), (200, {"tenants": ["acme", "beta"]}))
        shown = self.server.rest.call("GET", "/api/v1/devices")[1]["devices"]
        self.assertEqual({one["endpoint"]: one["tenant"] for one in shown},
                         {"node": None, "acme/node": "acme", "beta/node": "beta"})

    def test_nobody_takes_a_name_of_a_tenant_from_outside(self):
        outside = self.device("", "acme/node")
        self.assertEqual(outside.try_register(), "4.03")
        inside = self.device("acme", "node").register()
        # The location is no way in either.
        outside.location = inside.location
        self.assertEqual((outside.update(), outside.deregister()), ("4.04", "4.04"))
        stranger = self.device("beta", "node")
        stranger.location = inside.location
        self.assertEqual((stranger.update(), stranger.deregister()), ("4.04", "4.04"))
        self.assertEqual(inside.update(), "2.04")
        # A name with a mark that is no tenant's stays what it is.
        self.assertEqual(self.device("", "gamma/node").try_register(), "2.01")

    def test_a_tenant_sees_and_manages_its_own_devices_alone(self):
        own, other = self.device("acme", "node").register(), self.device("beta", "node").register()
        base = "/api/v1/tenants/acme"
        call = self.server.rest.call
        devices = [f"http://{self.server.http}{base}/devices/{name}/objects/3/0/9" for name in ("acme%2Fnode", "beta%2Fnode")]
        statuses = [subprocess.run(["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", url], capture_output=True,
                                   check=True, timeout=harness.PATIENCE).stdout for url in devices]
        self.assertEqual(statuses, [b"200", b"404"])
        self.assertEqual((len(own.asked), len(other.asked)), (1, 0))
        for path in ("/credentials", "/bootstrap/results", "/health", "/tenants/beta/devices", "/nothing"):
            self.assertEqual(call("GET", base + path)[0], 404, path)
        self.assertEqual(call("GET", "/api/v1/tenants/gamma/devices")[0], 404)
        # A query cannot widen what the path narrows.
        self.assertEqual(self.names(base + "/devices", tenant="beta"), ["acme/node"])

    def test_events_and_groups_are_a_tenants_own(self):
        call = f"http://{self.server.http}/api/v1/tenants/acme"
        with harness.Events(self.server.http, tenant="acme") as events:
            self.device("beta", "node").register()
            own = self.device("acme", "node").register()
            self.assertEqual(events.wait("registered")["endpoint"], "acme/node")
            self.assertFalse([line for line in events.lines.seen if "beta" in line])
        for wanted, selection in ((["acme/node"], "all=true"), (["acme/node", "beta/node"], "devices=acme/node,beta/node")):
            out = subprocess.run(["curl", "-sN", f"{call}/group/objects/3/0/9?{selection}"], capture_output=True, check=True,
                                 timeout=harness.PATIENCE, text=True).stdout
            results = [json.loads(line[5:]) for line in out.splitlines() if line.startswith('data: {"endpoint"')]
            self.assertEqual(sorted(result["endpoint"] for result in results), wanted)
            self.assertEqual([r["endpoint"] for r in results if r["status"] == 200], ["acme/node"])
        self.assertEqual([r.path for r in own.asked], ["/3/0/9", "/3/0/9"])

    def test_the_command_line_speaks_for_a_tenant(self):
        self.device("beta", "node").register()
        self.device("acme", "node").register()

        def linnet(*arguments):
            done = subprocess.run([harness.program("LINNET"), "--url", f"http://{self.server.http}", "--tenant", "acme",
                                   *arguments], capture_output=True, timeout=harness.PATIENCE, check=False, text=True)
            return done.returncode, done.stdout

        self.assertEqual(linnet("devices", "--names"), (0, "acme/node\n"))
        self.assertIn("87", linnet("read", "acme/node", "/3/0/9")[1])
        self.assertEqual(linnet("read", "beta/node", "/3/0/9")[0], 1)

    def test_a_restart_keeps_devices_with_their_tenants(self):
        device = self.device("acme", "node").register(lifetime=86400)
        self.server.kill()
        self.server = self.enterContext(TenantServer(*self.state))
        self.server.join(device, "acme")
        self.assertEqual(self.names(tenant="acme"), ["acme/node"])
        self.assertEqual(device.update(), "2.04")
        self.assertEqual(device.deregister(), "2.02")

    def test_names_that_are_none_are_refused(self):
        for flag in ("127.0.0.1:0=", "127.0.0.1:0=a/b", "127.0.0.1:0=" + "x" * 65):
            status, err = refused("--coap", flag, "--memory")
            self.assertEqual(status, 2)
            self.assertIn("names no tenant", err)


if __name__ == "__main__":
    unittest.main()
