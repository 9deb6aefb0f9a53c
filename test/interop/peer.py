"""What the scripts that drive an endpoint through boto3 share.

Credentials come from the environment. Where the endpoint has /_luna/clock,
time is moved rather than slept through.
"""
import json
import os
import sys
import time
import traceback
import urllib.error
import urllib.request
import uuid

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

ENDPOINT = sys.argv[1] if len(sys.argv) > 1 else sys.exit(
    "usage: %s ENDPOINT [NAME...]" % sys.argv[0])
REGION = os.environ.get("AWS_REGION", "us-east-1")
CASES = []


def client(service, region=REGION, checked=True, **kw):
    """checked: let boto3 refuse parameters before they are sent."""
    return boto3.client(
        service, endpoint_url=ENDPOINT, region_name=region,
        config=Config(retries={"max_attempts": 1}, read_timeout=30,
                      parameter_validation=checked), **kw)


def case(function):
    CASES.append(function)
    return function


def name(prefix):
    return prefix + "-" + uuid.uuid4().hex[:12]


def clock(**kw):
    """Ask or move the clock; None where there is none."""
    try:
        request = urllib.request.Request(
            ENDPOINT.rstrip("/") + "/_luna/clock",
            data=json.dumps(kw).encode() if kw else None)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)
    except (urllib.error.URLError, OSError, ValueError):
        return None


def pass_time(seconds):
    if clock(advance="%ds" % seconds) is None:
        time.sleep(seconds)


def refused(code, text, status, function, **kw):
    """function(**kw) is refused with just this code, text and status."""
    try:
        function(**kw)
    except ClientError as e:
        error = e.response["Error"]
        got = (error["Code"], error.get("Message", ""),
               e.response["ResponseMetadata"]["HTTPStatusCode"])
        want = (code, text if text is not None else got[1], status)
        assert got == want, "%r, expected %r" % (got, want)
        return e.response
    raise AssertionError("not refused: expected " + code)


def equal(got, want):
    assert got == want, "%r, expected %r" % (got, want)


def plain(answer):
    return {k: v for k, v in answer.items() if k != "ResponseMetadata"}


def main():
    failed = 0
    wanted = sys.argv[2:]
    for function in CASES:
        if wanted and function.__name__ not in wanted:
            continue
        try:
            function()
            print("ok", function.__name__, flush=True)
        except Exception:  # any failure is a failed case
            failed += 1
            print("FAILED", function.__name__, flush=True)
            traceback.print_exc()
    print("%d cases, %d failed" % (len(CASES), failed))
    return 1 if failed else 0
