"""Two mail servers, one with STARTTLS and one that speaks TLS from the beginning: mail_server.py CERTIFICATE KEY
Prints their ports, and then a line of JSON for each mail. Runs until it is killed."""

import base64
import json
import socketserver
import ssl
import sys
import threading

tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(sys.argv[1], sys.argv[2])


class Session(socketserver.BaseRequestHandler):
    is_encrypted = False
    user = None

    def handle(self):
        if self.is_encrypted:
            self.encrypt()
        else:
            self.lines = self.request.makefile("rb")
        self.say("220 ready")
        while line := self.lines.readline():
            command, _, rest = line.decode().strip().partition(" ")
            if not self.answer(command.upper(), rest):
                return

    def answer(self, command, rest):
        if command == "EHLO":
            self.say("250-server", "250-AUTH PLAIN", *([] if self.is_encrypted else ["250-STARTTLS"]), "250 8BITMIME")
        elif command == "STARTTLS":
            self.say("220 go")
            self.encrypt()
        elif command == "AUTH":
            _, self.user, password = base64.b64decode(rest.removeprefix("PLAIN ")).decode().split("\0")
            self.say("235 welcome" if password == "secret" else "535 wrong password")
        elif command == "DATA":
            self.say("354 go")
            text = b"".join(iter(self.lines.readline, b".\r\n")).decode()
            print(json.dumps({"encrypted": self.is_encrypted, "user": self.user, "text": text}), flush=True)
            self.say("250 stored")
        elif command == "QUIT":
            self.say("221 bye")
            return False
        else:
            self.say("250 fine")
        return True

    def encrypt(self):
        self.request = tls.wrap_socket(self.request, server_side=True)
        self.lines, self.is_encrypted = self.request.makefile("rb"), True

    def say(self, *lines):
        self.request.sendall("".join(f"{line}\r\n" for line in lines).encode())


class EncryptedSession(Session):
    is_encrypted = True


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True

    def handle_error(self, request, address):
        """Clients that refuse the certificate are a part of the tests."""


servers = [Server(("127.0.0.1", 0), handler) for handler in (Session, EncryptedSession)]
for server in servers:
    threading.Thread(target=server.serve_forever).start()
print(json.dumps({"smtp": servers[0].server_address[1], "smtps": servers[1].server_address[1]}), flush=True)
