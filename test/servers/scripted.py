#!/usr/bin/env python3
"""An HTTP server for tests that answers what a script says.

usage: scripted.py SCRIPT LOG [CERTIFICATE KEY]

Listens on a free port of 127.0.0.1, prints its URL on stdout, and serves
until it is killed. With a certificate it speaks TLS. test/servers.bash has
the shell's side: scripted_start, scripted_stop, scripted_log.

A script is a list of replies. Each begins with a line of ">>", a status and
directives, then header lines ("Name: value"), an empty line and the body
(without the line feeds at its end); without header lines the body may follow
at once:

    >> 400 for=SendMessageBatch repeat=2
    x-amzn-errortype: RequestThrottled

    {"message":"slow down"}
    >> 200 for=SendMessageBatch repeat=inf eval
    {"Successful": [{"Id": e["Id"]} for e in json["Entries"]]}

A request gets the first reply that is not used up and is for it. Lines before
the first ">>" are comments. A request for which there is no reply is answered
599 and logged with "reply": null.

    for=WORD      only requests of this operation (X-Amz-Target after the
                  dot, the form's Action, else "METHOD path")
    repeat=N      serves N requests (1; inf: all)
    eval          the body is a Python expression: text is sent as it is,
                  anything else as JSON; of a tuple (STATUS, BODY) both are
                  the answer's. It sees `json` (the request's body), `form` (a
                  dict), `body` (bytes), `headers` (lower case), `path`, `n`
                  (requests so far, from 1), md5(text), sha256(text),
                  b64(text)
    delay=S       waits S seconds before it answers
    hold=N        waits until N requests in all have come, then answers
    date=S        the Date header is S seconds off
    nodate        no Date header
    crc32         adds the right x-amz-crc32
    drop          closes the connection before it reads a request
    reset         reads the request, then resets the connection
    close         answers, then closes the connection
    truncate=N    sends N bytes of the body, then closes
    cut=N         sends N bytes of head and body together, then closes
    drip=S        sends a byte of head and body every S seconds
    endless       sends the body again and again, chunked
    raw           the body is the whole answer, head included; every line of
                  it, empty ones too, ends in CR LF

The log has a JSON object a line a request: n, connection (from 1), method,
path, operation, headers (lower case), body (text; base64 as body_base64 when
it is not UTF-8), reply (its place in the script, from 1). A line is written
before the answer.
"""
import base64
import email.utils
import hashlib
import json
import math
import re
import socket
import socketserver
import ssl
import struct
import sys
import threading
import time
import urllib.parse
import zlib


class Reply:
    def __init__(self, line, place):
        words = line[2:].split()
        self.status, self.place = int(words[0]), place
        self.head, self.body = [], []
        self.options = dict(w.split("=", 1) if "=" in w else (w, "")
                            for w in words[1:])
        times = self.options.get("repeat", "1")
        self.left = math.inf if times == "inf" else int(times)

    def settle(self):
        """Part what followed the first line into header and body."""
        lines, self.body = self.body, []
        while lines and "raw" not in self.options and \
                re.match(r"[A-Za-z][A-Za-z0-9-]*:", lines[0]):
            self.head.append(lines.pop(0))
        if lines and lines[0] == "":
            lines.pop(0)
        if "raw" in self.options:
            self.body = "\r\n".join(lines + [""])
            return
        while lines and lines[-1] == "":
            lines.pop()
        self.body = "\n".join(lines)

    def number(self, name):
        return float(self.options.get(name, 0))


def read_script(path):
    replies = []
    for line in open(path, encoding="utf-8", errors="surrogateescape"):
        line = line.rstrip("\n")
        if line.startswith(">>"):
            replies.append(Reply(line, len(replies) + 1))
        elif replies:
            replies[-1].body.append(line)
    for reply in replies:
        reply.settle()
    return replies


class Request:
    def __init__(self, method, path, headers, body):
        self.method, self.path = method, path
        self.headers, self.body = headers, body
        self.form = {}
        if "form-urlencoded" in headers.get("content-type", ""):
            self.form = dict(urllib.parse.parse_qsl(
                body.decode("utf-8", "replace"), keep_blank_values=True))
        target = headers.get("x-amz-target", "").rpartition(".")[2]
        self.operation = target or self.form.get("Action") or \
            "%s %s" % (method, path)


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    request_queue_size = 128

    def __init__(self, script, log, tls):
        super().__init__(("127.0.0.1", 0), Connection)
        self.replies, self.tls = read_script(script), tls
        self.log = open(log, "a", encoding="utf-8")
        self.lock = threading.Condition()
        self.requests = self.connections = 0

    def get_request(self):
        sock, address = super().get_request()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock, address

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)

    def next_is_drop(self):
        with self.lock:
            for reply in self.replies:
                if reply.left > 0:
                    if "drop" in reply.options:
                        reply.left -= 1
                        return True
                    return False
        return False

    def choose(self, request, connection):
        with self.lock:
            self.requests += 1
            request.n, chosen = self.requests, None
            for reply in self.replies:
                wanted = reply.options.get("for", request.operation)
                if reply.left > 0 and wanted == request.operation and \
                        "drop" not in reply.options:
                    reply.left -= 1
                    chosen = reply
                    break
            line = {"n": request.n, "connection": connection,
                    "method": request.method, "path": request.path,
                    "operation": request.operation,
                    "headers": request.headers}
            try:
                line["body"] = request.body.decode("utf-8")
            except UnicodeDecodeError:
                line["body_base64"] = base64.b64encode(request.body).decode()
            line["reply"] = chosen.place if chosen else None
            self.log.write(json.dumps(line) + "\n")
            self.log.flush()
            self.lock.notify_all()
            if chosen and "hold" in chosen.options:
                self.lock.wait_for(
                    lambda: self.requests >= int(chosen.options["hold"]))
        return chosen


def evaluate(reply, request):
    """The status and the text that an expression gives."""
    def text(t):
        return t if isinstance(t, bytes) else str(t).encode()
    names = {"form": request.form, "body": request.body,
             "headers": request.headers, "path": request.path,
             "n": request.n, "json": None,
             "md5": lambda t: hashlib.md5(text(t)).hexdigest(),
             "sha256": lambda t: hashlib.sha256(text(t)).hexdigest(),
             "b64": lambda t: base64.b64encode(text(t)).decode()}
    try:
        names["json"] = json.loads(request.body)
    except ValueError:
        pass
    value, status = eval(reply.body.replace("\n", " "), names), reply.status
    if isinstance(value, tuple):
        status, value = value
    return status, value if isinstance(value, str) else json.dumps(value)


def assemble(reply, request):
    """The head and the body of an answer."""
    status, text = reply.status, reply.body
    if "eval" in reply.options:
        status, text = evaluate(reply, request)
    body = text.encode("utf-8", "surrogateescape")
    if "raw" in reply.options:
        return b"", body
    names = [h.split(":")[0].lower() for h in reply.head]
    head = ["HTTP/1.1 %d X" % status] + reply.head
    if "nodate" not in reply.options and "date" not in names:
        head.append("Date: " + email.utils.formatdate(
            time.time() + reply.number("date"), usegmt=True))
    if "crc32" in reply.options:
        head.append("x-amz-crc32: %d" % zlib.crc32(body))
    if "close" in reply.options:
        head.append("Connection: close")
    if "endless" in reply.options:
        head.append("Transfer-Encoding: chunked")
    elif "content-length" not in names:
        head.append("Content-Length: %d" % len(body))
    if request.method == "HEAD":
        body = b""
    return "\r\n".join(head + ["", ""]).encode(), body


class Connection(socketserver.BaseRequestHandler):
    def setup(self):
        with self.server.lock:
            self.server.connections += 1
            self.place = self.server.connections

    def handle(self):
        if self.server.next_is_drop():
            self.reset()
            return
        if self.server.tls:
            self.request = self.server.tls.wrap_socket(
                self.request, server_side=True)
        self.file = self.request.makefile("rb")
        while True:
            request = self.read()
            if request is None or not self.answer(request):
                return
            if self.server.next_is_drop():
                return

    def read(self):
        line = self.file.readline().decode("latin-1").split()
        if len(line) != 3:
            return None
        headers = {}
        while True:
            header = self.file.readline().decode("latin-1").rstrip("\r\n")
            if not header:
                break
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", 0))
        return Request(line[0], line[1], headers, self.file.read(length))

    def reset(self):
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                struct.pack("ii", 1, 0))
        self.request.close()

    def answer(self, request):
        """Answer; False: the connection is at its end."""
        reply = self.server.choose(request, self.place)
        if reply is None:
            reply = Reply(">>599", 0)
            reply.body = "nothing in the script for " + request.operation
        options, send = reply.options, self.request.sendall
        if "delay" in options:
            time.sleep(reply.number("delay"))
        if "reset" in options:
            self.file.close()
            self.reset()
            return False
        head, body = assemble(reply, request)
        if "endless" in options:
            send(head)
            while True:
                send(b"%x\r\n%s\r\n" % (len(body), body))
        if "drip" in options:
            for byte in head + body:
                send(bytes([byte]))
                time.sleep(reply.number("drip"))
        elif "truncate" in options:
            send(head + body[:int(options["truncate"])])
            return False
        elif "cut" in options:
            send((head + body)[:int(options["cut"])])
            return False
        else:
            send(head + body)
        return "close" not in options and "raw" not in options


def main():
    tls = None
    if len(sys.argv) > 4:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.set_ciphers("DEFAULT:@SECLEVEL=0")  # weak ones are to be refused
        tls.load_cert_chain(sys.argv[3], sys.argv[4])
    server = Server(sys.argv[1], sys.argv[2], tls)
    print("http%s://127.0.0.1:%d" % ("s" if tls else "",
                                     server.server_address[1]), flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
