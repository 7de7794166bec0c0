# SPDX-License-Identifier: Apache-2.0
"""An EST server of RFC 7030 over HTTPS, made of Python's ssl and openssl: nothing of linnet's is on its side."""
import base64
import http.server
import ssl
import subprocess
import threading

from scripted import harness

CERTS_ONLY = "application/pkcs7-mime; smime-type=certs-only"


def wrapped(der):
    """Base64 with line ends, as RFC 2045 has it."""
    return base64.encodebytes(der).replace(b"\n", b"\r\n")


class EstServer(http.server.ThreadingHTTPServer):
    """Signs what it is asked for with NAME.crt and NAME.key of `path`, and remembers each request in `asked`.

    `answer`: None, or (status, headers) that every request gets instead; `subject`: whom it names instead of who
    asked; `login`: USER:PASSWORD that it wants.
    """

    daemon_threads = True

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.act(b"")

        def do_POST(self):
            self.act(self.rfile.read(int(self.headers["Content-Length"])))

        def act(self, body):
            server = self.server
            operation = self.path.removeprefix("/.well-known/est/")
            server.asked.append((self.command, operation, self.client()))
            wanted = {"GET": ("cacerts",), "POST": ("simpleenroll", "simplereenroll")}[self.command]
            if server.login is not None:
                token = "Basic " + base64.b64encode(server.login.encode()).decode()
                if self.headers.get("Authorization") != token:
                    return self.say(401, [("WWW-Authenticate", 'Basic realm="est"')])
            if server.answer is not None:
                return self.say(*server.answer)
            if operation not in wanted:
                return self.say(404)
            if operation == "cacerts":
                return self.say(200, body=wrapped(server.bundle(server.path(server.name + ".crt"))))
            if self.headers["Content-Type"] != "application/pkcs10":
                return self.say(415)
            return self.say(200, body=wrapped(server.sign(base64.b64decode(body))))

        def client(self):
            subject = self.connection.getpeercert().get("subject", ()) if self.connection.getpeercert() else ()
            return dict(pair for part in subject for pair in part).get("commonName")

        def say(self, status, headers=(), body=b""):
            self.send_response(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Type", CERTS_ONLY)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    def __init__(self, path, name, certificate, clients=None):
        """`clients`: the certificate of the authority that clients must have theirs from; None: they need none."""
        super().__init__(("127.0.0.1", 0), self.Handler)
        self.path, self.name = path, name
        self.asked, self.answer, self.subject, self.login = [], None, None, None
        self._lock = threading.Lock()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path(certificate + ".crt"), path(certificate + ".key"))
        if clients is not None:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(path(clients + ".crt"))
        self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.server_port}/.well-known/est"

    def handle_error(self, *_):
        """A client that does not trust it."""

    def close(self):
        self.shutdown()
        self.server_close()

    def operations(self):
        return [operation for _, operation, _ in self.asked]

    @staticmethod
    def openssl(*arguments, given=None):
        return subprocess.run([harness.debian_program("openssl", "openssl"), *arguments], check=True, input=given,
                              capture_output=True, timeout=harness.PATIENCE).stdout

    def bundle(self, certificate):
        return self.openssl("crl2pkcs7", "-nocrl", "-certfile", certificate, "-outform", "DER")

    def sign(self, request):
        with self._lock:
            pem = self.path("est.issued")
            subject = () if self.subject is None else ("-set_subject", f"/CN={self.subject}")
            self.openssl("x509", "-req", "-inform", "DER", "-CA", self.path(self.name + ".crt"), "-CAkey",
                         self.path(self.name + ".key"), "-CAcreateserial", "-days", "300", "-copy_extensions", "copy",
                         *subject, "-out", pem, given=request)
            return self.bundle(pem)
