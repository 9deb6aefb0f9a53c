#!/usr/bin/env python3
"""A proxy for tests that takes every CONNECT to one place.

usage: tunnel.py PORT

Listens on a free port of 127.0.0.1, prints its URL on stdout, and connects
whatever host is asked for to PORT of 127.0.0.1: so a client speaks to AWS's
own host names, and a server with a certificate for them answers.
"""
import socket
import socketserver
import sys
import threading


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


class Connection(socketserver.BaseRequestHandler):
    def handle(self):
        head = b""
        while b"\r\n\r\n" not in head:
            some = self.request.recv(4096)
            if not some:
                return
            head += some
        self.request.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        with socket.create_connection(("127.0.0.1", port)) as there:
            back = threading.Thread(target=pump, args=(there, self.request))
            back.start()
            pump(self.request, there)
            back.join()


class Server(socketserver.ThreadingTCPServer):
    daemon_threads = True


port = int(sys.argv[1])
with Server(("127.0.0.1", 0), Connection) as server:
    print("http://127.0.0.1:%d" % server.server_address[1], flush=True)
    server.serve_forever()
