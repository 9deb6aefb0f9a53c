#!/usr/bin/env python3
"""A mail server that keeps what it gets.

usage: smtp.py FOLDER

Prints its URL. Each mail becomes FOLDER/N: the envelope's MAIL and RCPT lines,
an empty line, the message. While FOLDER/refuse exists, RCPT is answered with
the line in it, such as "451 later".
"""
import os
import socketserver
import sys


class Handler(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\r\n")

    def line(self):
        return self.rfile.readline().rstrip(b"\r\n").decode()

    def refusal(self):
        try:
            with open(os.path.join(folder, "refuse")) as f:
                return f.read().strip()
        except FileNotFoundError:
            return None

    def data(self):
        out = []
        while (line := self.rfile.readline()) != b".\r\n":
            out.append(line[1:] if line.startswith(b"..") else line)
        return b"".join(out)

    def handle(self):
        envelope = []
        self.say("220 test")
        while word := self.line():
            verb = word[:4].upper()
            if verb == "QUIT":
                return self.say("221 bye")
            if verb == "RCPT" and self.refusal():
                self.say(self.refusal())
                continue
            if verb in ("MAIL", "RCPT"):
                envelope.append(word)
            if verb == "DATA":
                self.say("354 go on")
                message = self.data()
                server.count += 1
                name = os.path.join(folder, ".new")
                with open(name, "wb") as f:
                    f.write("\n".join(envelope).encode() + b"\n\n" + message)
                os.rename(name, os.path.join(folder, str(server.count)))
                envelope = []
            self.say("250 ok")


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    count = 0


folder = sys.argv[1]
server = Server(("127.0.0.1", 0), Handler)
print("smtp://127.0.0.1:%d" % server.server_address[1], flush=True)
server.serve_forever()
