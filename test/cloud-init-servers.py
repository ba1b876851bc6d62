"""Stand-ins on the loopback of a throw-away root: Hetzner's metadata service, and a mirror of releases over TLS that
serves by a file's name alone. sys.argv[1] is the folder of test/cloud-init-boot.sh."""

import http.server
import pathlib
import ssl
import sys
import threading

world = pathlib.Path(sys.argv[1])
metadata = {
    "/hetzner/v1/metadata": b"instance-id: 4711\nhostname: node\nnetwork-config: {version: 1, config: []}\n",
    "/hetzner/v1/metadata/instance-id": b"4711",
    "/hetzner/v1/userdata": (world / "user-data").read_bytes(),
}


class Metadata(http.server.BaseHTTPRequestHandler):
    def found(self):
        return metadata.get(self.path)

    def do_GET(self):
        body = self.found()
        self.send_response(200 if body is not None else 404)
        self.send_header("Content-Length", str(len(body or b"")))
        self.end_headers()
        self.wfile.write(body or b"")

    def do_HEAD(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Mirror(Metadata):
    def found(self):
        file = world / "downloads" / self.path.rsplit("/", 1)[-1]
        return file.read_bytes() if file.is_file() else None


mirror = http.server.ThreadingHTTPServer(("127.0.0.1", 443), Mirror)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(world / "mirror.crt", world / "mirror.key")
mirror.socket = context.wrap_socket(mirror.socket, server_side=True)
threading.Thread(target=mirror.serve_forever, daemon=True).start()
http.server.ThreadingHTTPServer(("169.254.169.254", 80), Metadata).serve_forever()
