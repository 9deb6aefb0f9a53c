#!/usr/bin/env python3
"""S3 requests written byte by byte, with a signer of their own.

usage: s3_wire.py ENDPOINT [NAME...]

Keys come from the environment. The signer is held against the examples that
AWS publishes before it is used.
"""
import base64
import hashlib
import hmac
import http.client
import os
import re
import sys
import time
import traceback
import urllib.parse
import zlib

ENDPOINT = sys.argv[1]
HOST = ENDPOINT.split("//")[1]
KEY = os.environ.get("AWS_ACCESS_KEY_ID", "")
SECRET = os.environ.get("AWS_SECRET_ACCESS_KEY", "")
EMPTY = hashlib.sha256(b"").hexdigest()
SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
CASES = []


def case(function):
    CASES.append(function)
    return function


def equal(got, want):
    assert got == want, "%r, expected %r" % (got, want)


def sha(data):
    return hashlib.sha256(data).hexdigest()


class Signer:
    def __init__(self, key=None, secret=None, stamp=None):
        self.key, secret = key or KEY, secret or SECRET
        self.stamp = stamp or time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        self.scope = self.stamp[:8] + "/us-east-1/s3/aws4_request"
        k = ("AWS4" + secret).encode()
        for part in self.scope.split("/"):
            k = hmac.new(k, part.encode(), hashlib.sha256).digest()
        self.derived = k

    def mac(self, *lines):
        return hmac.new(self.derived, "\n".join(lines).encode(),
                        hashlib.sha256).hexdigest()

    def seed(self, method, path, headers, payload):
        names = sorted(headers)
        query = sorted(urllib.parse.parse_qsl(
            path.partition("?")[2], keep_blank_values=True))
        canonical = "\n".join(
            [method, urllib.parse.quote(urllib.parse.unquote_to_bytes(
                path.partition("?")[0]), safe="/-._~"),
             "&".join("%s=%s" % tuple(urllib.parse.quote(x, safe="-._~")
                                      for x in p) for p in query)]
            + ["%s:%s" % (n, headers[n]) for n in names]
            + ["", ";".join(names), payload])
        self.last = self.mac("AWS4-HMAC-SHA256", self.stamp, self.scope,
                             sha(canonical.encode()))
        return "AWS4-HMAC-SHA256 Credential=%s/%s,SignedHeaders=%s," \
            "Signature=%s" % (self.key, self.scope, ";".join(names),
                              self.last)

    def chunk(self, data):
        self.last = self.mac("AWS4-HMAC-SHA256-PAYLOAD", self.stamp,
                             self.scope, self.last, EMPTY, sha(data))
        return self.last

    def trailer(self, text):
        return self.mac("AWS4-HMAC-SHA256-TRAILER", self.stamp, self.scope,
                        self.last, sha(text))


def send(method, path, headers, body, chunked=False, leave=None):
    """The raw target, these headers; leave: hang up after so many bytes."""
    c = http.client.HTTPConnection(HOST, timeout=30)
    c.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        c.putheader(name, value)
    if chunked:
        c.putheader("Transfer-Encoding", "chunked")
    else:
        c.putheader("Content-Length", str(len(body)))
    c.endheaders()
    if chunked:
        for at in range(0, len(body), 1000):
            piece = body[at:at + 1000]
            c.send(b"%x\r\n%s\r\n" % (len(piece), piece))
        c.send(b"0\r\n\r\n")
    else:
        c.send(body[:leave])
    if leave is not None:
        c.close()
        return None
    answer = c.getresponse()
    said = answer.read()
    c.close()
    code = re.search(rb"<Code>([^<]*)<", said)
    return answer.status, code.group(1).decode() if code else said, answer


def ask(method, path, body=b"", payload=None, host=HOST, **headers):
    """Signed in its header; payload: its x-amz-content-sha256."""
    s = Signer()
    headers = {k.replace("_", "-"): v for k, v in headers.items()}
    payload = payload or sha(body)
    headers.update({"host": host, "x-amz-date": s.stamp,
                    "x-amz-content-sha256": payload})
    headers["authorization"] = s.seed(method, path, headers, payload)
    return send(method, path, headers, body)[:2]


def chunks(path, parts, spoil=None, trailer=None, told=None, kind=SIGNED,
           sizes=None, sent=None, chunked=False, **more):
    """aws-chunked; spoil: the part whose bytes are changed after signing."""
    s = Signer()
    length = sum(len(p) for p in parts) if told is None else told
    headers = {"host": HOST, "x-amz-date": s.stamp,
               "x-amz-content-sha256": kind, "content-encoding": "aws-chunked",
               "x-amz-decoded-content-length": str(length)}
    headers.update({k.replace("_", "-"): v for k, v in more.items()})
    if trailer:
        headers.setdefault("x-amz-trailer", trailer[0].decode())
    headers["authorization"] = s.seed("PUT", path, headers, kind)
    body = b""
    for n, part in enumerate(parts + [b""]):
        if kind.startswith(SIGNED):
            body += b"%x;chunk-signature=%s\r\n" % (
                len(part), s.chunk(part).encode())
        else:
            body += b"%x\r\n" % len(part)
        if n == spoil:
            part = b"X" + part[1:]
        body += part + (b"\r\n" if part or not trailer else b"")
    if trailer:
        line = b"%s:%s" % trailer
        body += line + b"\r\n"
        if kind.startswith(SIGNED):
            seal = s.trailer(line + b"\n").encode()
            body += b"x-amz-trailer-signature:%s\r\n" % (
                seal if spoil != "trailer" else seal[::-1])
        body += b"\r\n"
    return send("PUT", path, headers, body if sent is None else body[:sent],
                chunked)[:2]


def bucket():
    name = "w%x" % time.time_ns()
    equal(ask("PUT", "/" + name), (200, b""))
    return "/" + name


def crc32(body):
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big"))


@case
def the_signer_is_as_published():
    # Amazon S3 API Reference, "Transferring payload in multiple chunks".
    s = Signer("AKIAIOSFODNN7EXAMPLE",
               "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524T000000Z")
    s.seed("PUT", "/examplebucket/chunkObject.txt", {
        "content-encoding": "aws-chunked", "content-length": "66824",
        "host": "s3.amazonaws.com", "x-amz-content-sha256": SIGNED,
        "x-amz-date": "20130524T000000Z",
        "x-amz-decoded-content-length": "66560",
        "x-amz-storage-class": "REDUCED_REDUNDANCY"}, SIGNED)
    equal([s.last, s.chunk(b"a" * 65536), s.chunk(b"a" * 1024), s.chunk(b"")],
          ["4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
           "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
           "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
           "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"])


@case
def every_chunk_has_its_signature():
    k = bucket() + "/k"
    parts = [os.urandom(65536), os.urandom(8192), b"end"]
    equal(chunks(k, parts), (200, b""))
    equal(ask("GET", k), (200, b"".join(parts)))
    equal(chunks(k, []), (200, b""))
    equal(ask("GET", k), (200, b""))
    for n in range(3):
        equal(chunks(k, parts, spoil=n), (403, "SignatureDoesNotMatch"))
    equal(chunks(k, [b"small", b"end"]), (403, "InvalidChunkSizeError"))
    equal(chunks(k, parts, told=10), (400, "IncompleteBody"))
    equal(chunks(k, parts, told=99999), (400, "IncompleteBody"))
    equal(chunks(k, parts, sent=70000), (400, "IncompleteBody"))
    equal(chunks(k, parts, told=""), (411, "MissingContentLength"))
    equal(ask("GET", k), (200, b""))


@case
def trailers_carry_a_checksum():
    k = bucket() + "/k"
    parts = [b"x" * 9000, b"y" * 100]
    whole = b"".join(parts)
    name = b"x-amz-checksum-crc32"
    for kind in (SIGNED + "-TRAILER", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"):
        for chunked in (False, True):
            equal(chunks(k, parts, trailer=(name, crc32(whole)), kind=kind,
                         chunked=chunked), (200, b""))
            equal(ask("GET", k), (200, whole))
        equal(chunks(k, parts, trailer=(name, crc32(b"")), kind=kind),
              (400, "BadDigest"))
    equal(chunks(k, parts, trailer=(name, crc32(whole)), spoil="trailer",
                 kind=SIGNED + "-TRAILER"), (403, "SignatureDoesNotMatch"))
    equal(chunks(k, parts, spoil=1, trailer=(name, crc32(whole)),
                 kind="STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
          (400, "BadDigest"))


@case
def a_checksum_among_several_trailers_is_compared():
    k = bucket() + "/k"
    names = [b"x-amz-meta-note", b"x-amz-checksum-crc32"]

    def put(body, told, more=b"x-amz-checksum-crc32"):
        lines = b"x\r\n%s:%s" % (more, told)
        return chunks(k, [body], trailer=(names[0], lines),
                      kind="STREAMING-UNSIGNED-PAYLOAD-TRAILER",
                      x_amz_trailer=", ".join(n.decode() for n in names))
    equal(put(b"other", crc32(b"body")), (400, "BadDigest"))
    equal(ask("GET", k), (404, "NoSuchKey"))
    equal(put(b"body", crc32(b"body")), (200, b""))
    names.append(b"x-amz-checksum-crc32c")
    equal(put(b"body", crc32(b"body")), (400, "InvalidRequest"))


@case
def a_payload_is_what_was_signed():
    k = bucket() + "/k"
    equal(ask("PUT", k, b"body"), (200, b""))
    equal(ask("PUT", k, b"body", payload=sha(b"other")),
          (400, "XAmzContentSHA256Mismatch"))
    equal(ask("PUT", k, b"body", payload="UNSIGNED-PAYLOAD"), (200, b""))
    equal(ask("PUT", k, b"body", payload="nonsense"),
          (400, "InvalidArgument"))
    s = Signer()
    headers = {"host": HOST, "x-amz-date": s.stamp}
    headers["authorization"] = s.seed("GET", k, headers, EMPTY)
    equal(send("GET", k, headers, b"")[:2], (400, "InvalidRequest"))
    equal(ask("GET", k), (200, b"body"))
    equal(ask("GET", k + "?X-Amz-Algorithm=AWS4-HMAC-SHA256"),
          (400, "InvalidArgument"))


@case
def headers_of_amz_have_to_be_signed():
    k = bucket() + "/k"
    s = Signer()
    headers = {"host": HOST, "x-amz-date": s.stamp,
               "x-amz-content-sha256": EMPTY}
    headers["authorization"] = s.seed("PUT", k, headers, EMPTY)
    headers["x-amz-meta-more"] = "x"
    equal(send("PUT", k, headers, b"")[:2], (403, "AccessDenied"))
    del headers["x-amz-meta-more"]
    equal(send("PUT", k, headers, b"")[:2], (200, b""))


@case
def a_clock_that_is_off():
    old = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(time.time() - 1000))
    for stamp, want in ((old, (403, "RequestTimeTooSkewed")),):
        s = Signer(stamp=stamp)
        headers = {"host": HOST, "x-amz-date": s.stamp,
                   "x-amz-content-sha256": EMPTY}
        headers["authorization"] = s.seed("GET", "/", headers, EMPTY)
        equal(send("GET", "/", headers, b"")[:2], want)


@case
def paths_are_taken_as_they_are():
    b = bucket()
    paths = ["//x", "/./x", "/../x", "/a%2Fb", "/a/b", "/%C3%A9", "/a//b",
             "/+", "/%2b%20", "/~", "/%25"]
    for p in paths:
        equal(ask("PUT", b + p, p.encode()), (200, b""))
    for p in paths:
        equal(ask("GET", b + p),
              (200, b"/a/b" if p == "/a%2Fb" else p.encode()))
    for p in ("/a%00b", "/%ff", "/%zz"):
        equal(ask("PUT", b + p), (400, "InvalidURI"))


@case
def a_bucket_in_the_name_of_the_host():
    b = bucket()[1:]
    for n, host in enumerate((
            b + ".localhost:4566", b + ".s3.amazonaws.com",
            b + ".s3.eu-central-1.amazonaws.com", b + ".s3-eu-west-1.x.org",
            b + ".s3.localhost")):
        equal(ask("PUT", "/k%d" % n, b"%d" % n, host=host), (200, b""))
        equal(ask("GET", "/%s/k%d" % (b, n)), (200, b"%d" % n))
    equal(ask("GET", "/%s/k0" % b, host="s3.us-east-1.amazonaws.com"),
          (200, b"0"))
    equal(ask("GET", "/k0", host="none-at-all.s3.amazonaws.com"),
          (404, "NoSuchBucket"))


@case
def a_refusal_is_said_before_the_body_is_sent():
    path = "/no-such-bucket-at-all/k"
    s = Signer()
    headers = {"host": HOST, "x-amz-date": s.stamp, "expect": "100-continue",
               "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
    headers["authorization"] = s.seed("PUT", path, headers,
                                      "UNSIGNED-PAYLOAD")
    c = http.client.HTTPConnection(HOST, timeout=30)
    c.putrequest("PUT", path, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        c.putheader(name, value)
    c.putheader("Content-Length", "1000000000")
    c.endheaders()
    answer = c.getresponse()
    equal(answer.status, 404)
    assert b"NoSuchBucket" in answer.read()
    # Without it all of the body is taken first.
    equal(ask("PUT", path, bytes(5000000)), (404, "NoSuchBucket"))


@case
def an_upload_that_is_cut_off_leaves_nothing():
    b = bucket()
    s = Signer()
    headers = {"host": HOST, "x-amz-date": s.stamp,
               "x-amz-content-sha256": "UNSIGNED-PAYLOAD"}
    headers["authorization"] = s.seed("PUT", b + "/k", headers,
                                      "UNSIGNED-PAYLOAD")
    send("PUT", b + "/k", headers, bytes(9000000), leave=3000000)
    equal(ask("GET", b + "/k"), (404, "NoSuchKey"))
    equal(ask("DELETE", b), (204, b""))


@case
def a_range_ends_where_the_object_does():
    k = bucket() + "/k"
    equal(ask("PUT", k, b"0123456789"), (200, b""))
    for asked, want in (("8-", (206, b"89")), ("8-99", (206, b"89")),
                        ("8-99999999999999999999", (206, b"89")),
                        ("-99999999999999999999", (206, b"0123456789")),
                        ("99999999999999999999-", (416, "InvalidRange")),
                        ("-0", (416, "InvalidRange")),
                        ("8-7", (200, b"0123456789"))):
        equal(ask("GET", k, range="bytes=" + asked), want)


@case
def too_many_tags_are_refused_before_all_are_compared():
    k = bucket() + "/k"
    equal(ask("PUT", k), (200, b""))
    keys = ["k%d" % n for n in range(60)]
    for told, want in ((keys[:10], (200, b"")),
                       (keys[:10] + keys[:1], (400, "InvalidTag")),
                       (keys[:11], (400, "BadRequest")),
                       (keys + keys[:1], (400, "BadRequest"))):
        body = "<Tagging><TagSet>%s</TagSet></Tagging>" % "".join(
            "<Tag><Key>%s</Key><Value/></Tag>" % key for key in told)
        equal(ask("PUT", k + "?tagging", body.encode()), want)


@case
def what_lunad_does_not_have_is_refused():
    b = bucket()
    for method, path in (("PUT", b + "?cors"), ("PUT", b + "?versioning"),
                         ("PUT", b + "?website"), ("GET", b + "?versions"),
                         ("GET", b + "/k?torrent"), ("PUT", b + "?inventory"),
                         ("POST", b + "/k?restore")):
        equal(ask(method, path), (501, "NotImplemented"))
    equal(ask("GET", b + "?policyStatus"), (404, "NoSuchBucketPolicy"))
    public = (b'{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
              b'"Principal":"*","Action":"s3:GetObject",'
              b'"Resource":"arn:aws:s3:::%s/*"}]}' % b[1:].encode())
    equal(ask("PUT", b + "?policy", public), (204, b""))
    equal(ask("GET", b + "?policyStatus"), (501, "NotImplemented"))
    equal(ask("POST", b + "/k"), (405, "MethodNotAllowed"))
    equal(ask("PUT", b + "/k", x_amz_acl="public-read"),
          (400, "AccessControlListNotSupported"))


def main():
    failed = 0
    for function in CASES:
        if sys.argv[2:] and function.__name__ not in sys.argv[2:]:
            continue
        try:
            function()
            print("ok", function.__name__, flush=True)
        except Exception:  # any failure is a failed case
            failed += 1
            print("FAILED", function.__name__, flush=True)
            traceback.print_exc()
    return 1 if failed or not CASES else 0


if __name__ == "__main__":
    sys.exit(main())
