#!/usr/bin/env python3
"""Every operation of S3 that lunad has through boto3, results asserted.

usage: boto3_s3.py ENDPOINT [NAME...]
"""
import base64
import datetime
import hashlib
import io
import os
import random
import sys
import time
import urllib.error
import urllib.request
import zlib

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

from peer import ENDPOINT, case, equal, main, name, plain, refused

MIB = 1 << 20


def client(style="path", region="us-east-1", checked=True, **kw):
    kw.setdefault("signature_version", "s3v4")
    return boto3.client("s3", endpoint_url=ENDPOINT, region_name=region,
                        config=Config(
                            s3={"addressing_style": style},
                            retries={"max_attempts": 1}, read_timeout=60,
                            parameter_validation=checked, **kw))


s3 = client()
quiet = client(request_checksum_calculation="when_required",
               response_checksum_validation="when_required")


def bucket():
    made = name("b")
    s3.create_bucket(Bucket=made)
    return made


def put(where, key, body=b"test", **kw):
    return s3.put_object(Bucket=where, Key=key, Body=body, **kw)


def get(where, key, **kw):
    return s3.get_object(Bucket=where, Key=key, **kw)


def body_of(where, key, **kw):
    return get(where, key, **kw)["Body"].read()


def md5(body):
    return '"%s"' % hashlib.md5(body).hexdigest()


def noise(size, seed=1):
    return random.Random(seed).randbytes(size)


@case
def buckets_are_made_listed_and_removed():
    b = bucket()
    equal(plain(s3.head_bucket(Bucket=b)), {
        "BucketArn": "arn:aws:s3:::" + b, "BucketRegion": "us-east-1",
        "AccessPointAlias": False})
    assert b in [x["Name"] for x in s3.list_buckets()["Buckets"]]
    equal(s3.get_bucket_location(Bucket=b)["LocationConstraint"], None)
    put(b, "k")
    refused("BucketNotEmpty", "The bucket you tried to delete is not empty",
            409, s3.delete_bucket, Bucket=b)
    s3.delete_object(Bucket=b, Key="k")
    s3.delete_bucket(Bucket=b)
    for call in (s3.delete_bucket, s3.list_objects_v2, s3.list_objects,
                 s3.get_bucket_location):
        got = refused("NoSuchBucket", "The specified bucket does not exist",
                      404, call, Bucket=b)
        equal(got["Error"]["BucketName"], b)
    refused("404", "Not Found", 404, s3.head_bucket, Bucket=b)


@case
def a_bucket_is_where_its_constraint_says():
    ohio, west = client(region="us-east-2"), client(region="us-west-1")
    b = name("b")
    refused("InvalidLocationConstraint",
            "The specified location-constraint is not valid", 400,
            s3.create_bucket, Bucket=b,
            CreateBucketConfiguration={"LocationConstraint": "us-east-1"})
    said = ("The %s location constraint is incompatible for the region "
            "specific endpoint this request was sent to.")
    refused("IllegalLocationConstraintException", said % "unspecified", 400,
            ohio.create_bucket, Bucket=b)
    refused("IllegalLocationConstraintException", said % "us-west-1", 400,
            ohio.create_bucket, Bucket=b,
            CreateBucketConfiguration={"LocationConstraint": "us-west-1"})
    there = {"LocationConstraint": "us-east-2"}
    got = ohio.create_bucket(Bucket=b, CreateBucketConfiguration=there)
    assert b in got["Location"], got
    equal(s3.get_bucket_location(Bucket=b)["LocationConstraint"],
          "us-east-2")
    refused("BucketAlreadyOwnedByYou", "Your previous request to create the "
            "named bucket succeeded and you already own it.", 409,
            ohio.create_bucket, Bucket=b, CreateBucketConfiguration=there)
    refused("BucketAlreadyOwnedByYou", None, 409, west.create_bucket,
            Bucket=b,
            CreateBucketConfiguration={"LocationConstraint": "us-west-1"})
    mine = bucket()
    equal(s3.create_bucket(Bucket=mine)["Location"], "/" + mine)


@case
def names_of_buckets():
    plainly = client(checked=False)
    for bad in ("UPPER", "ab", "a..b", "1.2.3.4", "-ab", "x_y",
                "xn--abc", "a" * 64):
        refused("InvalidBucketName", "The specified bucket is not valid.",
                400, plainly.create_bucket, Bucket=bad)


@case
def objects_come_back_as_they_went():
    b = bucket()
    for size in (0, 1, 65536, 65537, 3 * MIB + 1):
        body = noise(size)
        got = put(b, "k", body, Metadata={"Who": "me", "utf8": "x"},
                  ContentType="text/csv", CacheControl="no-cache",
                  ContentDisposition="attachment", ContentLanguage="de",
                  ContentEncoding="gzip",
                  Expires=datetime.datetime(2030, 1, 1))
        equal(got["ETag"], md5(body))
        equal(got["ServerSideEncryption"], "AES256")
        crc = base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()
        equal(got["ChecksumCRC32"], crc)
        got = get(b, "k")
        equal(got["Body"].read(), body)
        want = {"ContentLength": size, "ETag": md5(body),
                "Metadata": {"who": "me", "utf8": "x"},
                "ContentType": "text/csv", "CacheControl": "no-cache",
                "ContentDisposition": "attachment", "ContentLanguage": "de",
                "ContentEncoding": "gzip", "AcceptRanges": "bytes",
                "ChecksumCRC32": crc, "ChecksumType": "FULL_OBJECT",
                "ServerSideEncryption": "AES256"}
        equal({k: got.get(k) for k in want}, want)
        head = s3.head_object(Bucket=b, Key="k", ChecksumMode="ENABLED")
        equal({k: head.get(k) for k in want}, want)
        assert "ChecksumCRC32" not in s3.head_object(Bucket=b, Key="k")
    got = refused("NoSuchKey", "The specified key does not exist.", 404,
                  s3.get_object, Bucket=b, Key="none")
    equal(got["Error"]["Key"], "none")
    refused("404", "Not Found", 404, s3.head_object, Bucket=b, Key="none")
    put(b, "bare")
    equal(get(b, "bare")["ContentType"], "binary/octet-stream")
    got = get(b, "k", ResponseContentType="a/b", ResponseExpires=datetime.datetime(2030, 1, 1),
              ResponseContentDisposition="x", ResponseCacheControl="y",
              ResponseContentLanguage="z", ResponseContentEncoding="w")
    equal([got[k] for k in ("ContentType", "ContentDisposition",
                            "CacheControl", "ContentLanguage",
                            "ContentEncoding")], ["a/b", "x", "y", "z", "w"])


@case
def buckets_are_listed_by_pages():
    made = sorted(bucket() for _ in range(3))
    there = client(region="eu-west-3")
    far = name("b")
    there.create_bucket(Bucket=far, CreateBucketConfiguration={
        "LocationConstraint": "eu-west-3"})
    found, kw = [], {}
    while True:
        got = s3.list_buckets(MaxBuckets=2, Prefix="b-", **kw)
        found += [x["Name"] for x in got["Buckets"]]
        assert len(got["Buckets"]) <= 2
        if "ContinuationToken" not in got:
            break
        kw = {"ContinuationToken": got["ContinuationToken"]}
    equal(found, sorted(set(found)))
    assert set(made) <= set(found)
    got = s3.list_buckets(BucketRegion="eu-west-3")
    assert far in [x["Name"] for x in got["Buckets"]]
    assert made[0] not in [x["Name"] for x in got["Buckets"]]
    equal(s3.list_buckets(Prefix="none")["Buckets"], [])


@case
def encryption_that_is_asked_for_is_told():
    b = bucket()
    kw = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": "alias/x"}
    for got in (put(b, "k", **kw), get(b, "k"),
                s3.head_object(Bucket=b, Key="k")):
        equal({k: got[k] for k in kw}, kw)
    equal(put(b, "k")["ServerSideEncryption"], "AES256")
    refused("InvalidEncryptionAlgorithmError", "The Encryption request you "
            "specified is not valid. Supported value: AES256.", 400,
            s3.put_object, Bucket=b, Key="k", ServerSideEncryption="KMS")


@case
def keys_are_bytes():
    b = bucket()
    keys = ["a//b", "../x", "..", ".", "a%2Fb", "/lead", "a b+c&d=e?f#g",
            "\u00e9\u00fc\U0001f600", "a\\b", "x" * 1024, "'\"<>&", "trail/",
            "\x01\x7f"]
    for k in keys:
        put(b, k, k.encode())
    for k in keys:
        equal(body_of(b, k), k.encode())
    got = [o["Key"] for o in s3.list_objects_v2(Bucket=b)["Contents"]]
    equal(got, sorted(keys, key=str.encode))
    refused("KeyTooLongError", "Your key is too long", 400, s3.put_object,
            Bucket=b, Key="x" * 1025, Body=b"")
    got = s3.delete_objects(Bucket=b, Delete={
        "Objects": [{"Key": k} for k in keys if k != "\x01\x7f"]})
    equal(len(got["Deleted"]), len(keys) - 1)
    equal(s3.list_objects_v2(Bucket=b)["KeyCount"], 1)


@case
def ranges_of_all_forms():
    b = bucket()
    body = b"0123456789"
    put(b, "k", body)
    for text, want, where in (
            ("0-8", b"012345678", "0-8"), ("1-1", b"1", "1-1"),
            ("1-", b"123456789", "1-9"), ("-2", b"89", "8-9"),
            ("-15", body, "0-9"), ("0-100", body, "0-9")):
        got = get(b, "k", Range="bytes=" + text)
        equal(got["ResponseMetadata"]["HTTPStatusCode"], 206)
        equal(got["ContentRange"], "bytes %s/10" % where)
        equal(got["Body"].read(), want)
        equal("ChecksumCRC32" in got, want == body)
    for text in ("bytes=1-0", "bytes=-1-", "bytes=0-1,3-4", "0-8"):
        got = get(b, "k", Range=text)
        equal(got["ResponseMetadata"]["HTTPStatusCode"], 200)
        equal(got["Body"].read(), body)
    for text in ("bytes=-0", "bytes=100-200", "bytes=10-"):
        got = refused("InvalidRange",
                      "The requested range is not satisfiable", 416,
                      s3.get_object, Bucket=b, Key="k", Range=text)
        equal(got["Error"]["ActualObjectSize"], "10")
        equal(got["Error"]["RangeRequested"], text)
    big = noise(2 * MIB)
    put(b, "big", big)
    equal(body_of(b, "big", Range="bytes=1000000-1999999"),
          big[1000000:2000000])
    equal(s3.head_object(Bucket=b, Key="big",
                         Range="bytes=5-9")["ContentLength"], 5)


@case
def conditions_on_reading():
    b = bucket()
    etag = put(b, "k")["ETag"]
    at = s3.head_object(Bucket=b, Key="k")["LastModified"]
    hour = datetime.timedelta(hours=1)
    said = "At least one of the pre-conditions you specified did not hold"
    got = refused("PreconditionFailed", said, 412, s3.get_object, Bucket=b,
                  Key="k", IfMatch='"none"')
    equal(got["Error"]["Condition"], "If-Match")
    got = refused("PreconditionFailed", said, 412, s3.get_object, Bucket=b,
                  Key="k", IfUnmodifiedSince=at - hour)
    equal(got["Error"]["Condition"], "If-Unmodified-Since")
    for kw in ({"IfNoneMatch": etag}, {"IfNoneMatch": etag.strip('"')},
               {"IfModifiedSince": at}):
        refused("304", "Not Modified", 304, s3.get_object, Bucket=b, Key="k",
                **kw)
        refused("304", "Not Modified", 304, s3.head_object, Bucket=b, Key="k",
                **kw)
    for kw in ({"IfMatch": etag}, {"IfMatch": "*"},
               {"IfUnmodifiedSince": at}, {"IfModifiedSince": at - hour},
               {"IfModifiedSince": at + 20 * hour},
               {"IfMatch": etag, "IfUnmodifiedSince": at - hour},
               {"IfNoneMatch": '"x"', "IfModifiedSince": at}):
        equal(body_of(b, "k", **kw), b"test")


@case
def conditions_on_writing():
    b = bucket()
    etag = put(b, "k", IfNoneMatch="*")["ETag"]
    said = "At least one of the pre-conditions you specified did not hold"
    refused("PreconditionFailed", said, 412, s3.put_object, Bucket=b, Key="k",
            IfNoneMatch="*")
    refused("PreconditionFailed", said, 412, s3.put_object, Bucket=b, Key="k",
            IfMatch='"x"')
    put(b, "k", b"new", IfMatch=etag)
    refused("NoSuchKey", None, 404, s3.put_object, Bucket=b, Key="none",
            IfMatch=etag)
    said = ("A header you provided implies functionality that is not "
            "implemented")
    for kw in ({"IfNoneMatch": "x"}, {"IfMatch": "*"},
               {"IfMatch": etag, "IfNoneMatch": "*"}):
        refused("NotImplemented", said, 501, s3.put_object, Bucket=b, Key="k",
                **kw)
    equal(body_of(b, "k"), b"new")


@case
def checksums_are_verified_and_kept():
    b = bucket()
    body = b"aaa"
    sums = {"CRC32C": "45fn2Q==", "CRC64NVME": "Rnr2/5P7Gsk=",  # AWS's own
            "CRC32": base64.b64encode(
                zlib.crc32(body).to_bytes(4, "big")).decode(),
            "SHA1": base64.b64encode(hashlib.sha1(body).digest()).decode(),
            "SHA256": base64.b64encode(
                hashlib.sha256(body).digest()).decode()}
    for kind, value in sums.items():
        field = "Checksum" + kind
        got = quiet.put_object(Bucket=b, Key="k", Body=body, **{field: value})
        equal(got[field], value)
        equal(got["ChecksumType"], "FULL_OBJECT")
        equal(get(b, "k", ChecksumMode="ENABLED")[field], value)
        equal(s3.get_object_attributes(
            Bucket=b, Key="k", ObjectAttributes=["Checksum"])["Checksum"],
            {field: value, "ChecksumType": "FULL_OBJECT"})
        wrong = base64.b64encode(
            bytes(len(base64.b64decode(value)))).decode()
        refused("BadDigest", "The %s you specified did not match the "
                "calculated checksum." % kind, 400, quiet.put_object,
                Bucket=b, Key="k", Body=body, **{field: wrong})
        refused("InvalidRequest", "Value for x-amz-checksum-%s header is "
                "invalid." % kind.lower(), 400, quiet.put_object, Bucket=b,
                Key="k", Body=body, **{field: "test"})
    quiet.put_object(Bucket=b, Key="own", Body=body)
    equal(get(b, "own", ChecksumMode="ENABLED")["ChecksumCRC64NVME"],
          sums["CRC64NVME"])
    equal(body_of(b, "k"), body)


@case
def content_md5():
    b = bucket()
    right = base64.b64encode(hashlib.md5(b"test").digest()).decode()
    quiet.put_object(Bucket=b, Key="k", Body=b"test", ContentMD5=right)
    for bad in ("__invalid__", "000", "not base64 encoded checksum", "MTIz"):
        got = refused("InvalidDigest",
                      "The Content-MD5 you specified was invalid.", 400,
                      quiet.put_object, Bucket=b, Key="k", Body=b"test",
                      ContentMD5=bad)
        equal(got["Error"]["Content-MD5"], bad)
    refused("BadDigest", "The Content-MD5 you specified did not match what "
            "we received.", 400, quiet.put_object, Bucket=b, Key="k",
            Body=b"no", ContentMD5=right)


def parts_of(b, key, bodies, **kw):
    u = quiet.create_multipart_upload(Bucket=b, Key=key, **kw)["UploadId"]
    made = []
    for n, body in enumerate(bodies, 1):
        got = quiet.upload_part(Bucket=b, Key=key, UploadId=u, PartNumber=n,
                                Body=body)
        one = {"PartNumber": n}
        one.update({k: v for k, v in got.items()
                    if k == "ETag" or k.startswith("Checksum")})
        made.append(one)
    return u, made


def complete(b, key, u, made, **kw):
    return quiet.complete_multipart_upload(
        Bucket=b, Key=key, UploadId=u, MultipartUpload={"Parts": made}, **kw)


@case
def a_multipart_upload():
    b = bucket()
    bodies = [noise(5 * MIB + 16, 1), noise(5 * MIB, 2), b"the end"]
    u, made = parts_of(b, "k", bodies, ContentType="a/b",
                       Metadata={"x": "y"})
    got = s3.list_parts(Bucket=b, Key="k", UploadId=u)
    equal([(p["PartNumber"], p["Size"], p["ETag"]) for p in got["Parts"]],
          [(n, len(x), md5(x)) for n, x in enumerate(bodies, 1)])
    equal([u], [x["UploadId"]
                for x in s3.list_multipart_uploads(Bucket=b)["Uploads"]])
    refused("NoSuchKey", None, 404, s3.get_object, Bucket=b, Key="k")
    got = complete(b, "k", u, made)
    etag = '"%s-3"' % hashlib.md5(b"".join(
        hashlib.md5(x).digest() for x in bodies)).hexdigest()
    equal(got["ETag"], etag)
    equal(got["ChecksumType"], "FULL_OBJECT")
    whole = b"".join(bodies)
    got = get(b, "k")
    equal(got["Body"].read(), whole)
    equal((got["ETag"], got["ContentType"], got["Metadata"]),
          (etag, "a/b", {"x": "y"}))
    quiet.put_object(Bucket=b, Key="same", Body=whole)
    equal(get(b, "same")["ChecksumCRC64NVME"], got["ChecksumCRC64NVME"])
    edge = 5 * MIB + 16
    equal(body_of(b, "k", Range="bytes=%d-%d" % (edge - 5, edge + 4)),
          whole[edge - 5:edge + 5])
    equal(body_of(b, "k", Range="bytes=-20"), whole[-20:])
    got = get(b, "k", PartNumber=3)
    equal((got["Body"].read(), got["PartsCount"], got["ContentRange"]),
          (b"the end", 3, "bytes %d-%d/%d" % (
              len(whole) - 7, len(whole) - 1, len(whole))))
    got = refused("InvalidPartNumber",
                  "The requested partnumber is not satisfiable", 416,
                  s3.get_object, Bucket=b, Key="k", PartNumber=10)
    equal(got["Error"]["ActualPartCount"], "3")
    refused("InvalidRequest", "Cannot specify both Range header and "
            "partNumber query parameter", 400, s3.get_object, Bucket=b,
            Key="k", PartNumber=1, Range="bytes=0-1")
    refused("NoSuchUpload", None, 404, s3.list_parts, Bucket=b, Key="k",
            UploadId=u)
    equal("Uploads" in s3.list_multipart_uploads(Bucket=b), False)


@case
def a_multipart_upload_that_is_wrong():
    b = bucket()
    u, made = parts_of(b, "k", [b"one", b"two"])
    order = refused("InvalidPartOrder", "The list of parts was not in "
                    "ascending order. Parts must be ordered by part number.",
                    400, complete, b=b, key="k", u=u, made=made[::-1])
    equal(order["Error"]["UploadId"], u)
    got = refused("EntityTooSmall", "Your proposed upload is smaller than "
                  "the minimum allowed size", 400, complete, b=b, key="k",
                  u=u, made=made)
    equal({k: got["Error"][k] for k in ("ETag", "PartNumber", "ProposedSize",
                                        "MinSizeAllowed")},
          {"ETag": made[0]["ETag"].strip('"'), "PartNumber": "1",
           "ProposedSize": "3", "MinSizeAllowed": "5242880"})
    for part in ({"PartNumber": 3, "ETag": made[0]["ETag"]},
                 {"PartNumber": 1, "ETag": made[1]["ETag"]}):
        got = refused("InvalidPart", "One or more of the specified parts "
                      "could not be found.  The part may not have been "
                      "uploaded, or the specified entity tag may not match "
                      "the part's entity tag.", 400, complete, b=b, key="k",
                      u=u, made=[part])
        equal(got["Error"]["PartNumber"], str(part["PartNumber"]))
    refused("MalformedXML", None, 400, complete, b=b, key="k", u=u, made=[])
    gone = ("The specified upload does not exist. The upload ID may be "
            "invalid, or the upload may have been aborted or completed.")
    for key, other in (("k", "fakeid"), ("other", u)):
        for call, kw in ((s3.upload_part, {"PartNumber": 1, "Body": b""}),
                         (s3.list_parts, {}),
                         (s3.abort_multipart_upload, {})):
            got = refused("NoSuchUpload", gone, 404, call, Bucket=b, Key=key,
                          UploadId=other, **kw)
            equal(got["Error"]["UploadId"], other)
    for n in (0, 10001):
        refused("InvalidArgument", "Part number must be an integer between 1 "
                "and 10000, inclusive", 400, s3.upload_part, Bucket=b,
                Key="k", UploadId=u, PartNumber=n, Body=b"")
    equal(complete(b, "k", u, made[1:])["ETag"].endswith('-1"'), True)
    equal(body_of(b, "k"), b"two")
    u, made = parts_of(b, "k2", [b"one"])
    s3.abort_multipart_upload(Bucket=b, Key="k2", UploadId=u)
    refused("NoSuchUpload", gone, 404, complete, b=b, key="k2", u=u,
            made=made)


@case
def checksums_of_parts():
    b = bucket()
    bodies = [b"a" * (5 * MIB + 1), b"a" * (5 * MIB + 1), b"a" * 10]
    u, made = parts_of(b, "k", bodies, ChecksumAlgorithm="CRC32")
    equal([p["ChecksumCRC32"] for p in made],
          ["NRU+Sw==", "NRU+Sw==", "TBHN8A=="])  # as AWS answered
    refused("InvalidRequest", "The upload was created using a crc32 "
            "checksum. The complete request must include the checksum for "
            "each part. It was missing for part 1 in the request.", 400,
            complete, b=b, key="k", u=u,
            made=[{k: p[k] for k in ("PartNumber", "ETag")} for p in made])
    bad = [dict(p, ChecksumCRC32="AAAAAA==") for p in made]
    refused("InvalidPart", None, 400, complete, b=b, key="k", u=u, made=bad)
    got = complete(b, "k", u, made)
    equal((got["ChecksumCRC32"], got["ChecksumType"], got["ETag"]),
          ("5FRUiw==-3", "COMPOSITE",
           '"4d45984fc3feb2ac9b22683c49674b56-3"'))  # as AWS answered
    got = s3.get_object_attributes(Bucket=b, Key="k", ObjectAttributes=[
        "ObjectParts", "Checksum", "ETag", "ObjectSize", "StorageClass"])
    equal((got["Checksum"]["ChecksumCRC32"], got["ObjectSize"],
           got["StorageClass"], got["ETag"]),
          ("5FRUiw==", 10485772, "STANDARD",
           "4d45984fc3feb2ac9b22683c49674b56-3"))
    equal([p["Size"] for p in got["ObjectParts"]["Parts"]],
          [5242881, 5242881, 10])
    got = s3.copy_object(Bucket=b, Key="copy", CopySource=b + "/k")
    equal({k: got["CopyObjectResult"][k] for k in ("ChecksumCRC32", "ETag",
                                                   "ChecksumType")},
          {"ChecksumCRC32": "qSEQSA==", "ChecksumType": "FULL_OBJECT",
           "ETag": '"a0397ee2df08832642af5d7e57c5760c"'})  # as AWS answered
    equal(body_of(b, "copy"), b"".join(bodies))
    whole = zlib.crc32(b"".join(bodies)).to_bytes(4, "big")
    u, made = parts_of(b, "f", bodies, ChecksumAlgorithm="CRC32",
                       ChecksumType="FULL_OBJECT")
    refused("BadDigest", "The crc32 you specified did not match the "
            "calculated checksum.", 400, complete, b=b, key="f", u=u,
            made=made, ChecksumCRC32="AAAAAA==")
    equal(complete(b, "f", u, made)["ChecksumCRC32"],
          base64.b64encode(whole).decode())
    refused("InvalidRequest", "The COMPOSITE checksum type cannot be used "
            "with the crc64nvme checksum algorithm.", 400,
            s3.create_multipart_upload, Bucket=b, Key="k",
            ChecksumAlgorithm="CRC64NVME", ChecksumType="COMPOSITE")
    refused("InvalidRequest", "The FULL_OBJECT checksum type cannot be used "
            "with the sha1 checksum algorithm.", 400,
            s3.create_multipart_upload, Bucket=b, Key="k",
            ChecksumAlgorithm="SHA1", ChecksumType="FULL_OBJECT")
    u, _ = parts_of(b, "k", [], ChecksumAlgorithm="SHA256")
    refused("InvalidRequest", "Checksum Type mismatch occurred, expected "
            "checksum Type: sha256, actual checksum Type: crc32", 400,
            s3.upload_part, Bucket=b, Key="k", UploadId=u, PartNumber=1,
            Body=b"", ChecksumAlgorithm="CRC32")


@case
def parts_are_copied():
    b = bucket()
    body = noise(6 * MIB)
    put(b, "from", body)
    u, _ = parts_of(b, "k", [])
    kw = {"Bucket": b, "Key": "k", "UploadId": u,
          "CopySource": {"Bucket": b, "Key": "from"}}
    one = s3.upload_part_copy(PartNumber=1, CopySourceRange="bytes=0-%d" % (
        5 * MIB - 1), **kw)["CopyPartResult"]["ETag"]
    two = s3.upload_part_copy(
        PartNumber=2, CopySourceRange="bytes=10-19",
        **kw)["CopyPartResult"]["ETag"]
    equal((one, two), (md5(body[:5 * MIB]), md5(body[10:20])))
    complete(b, "k", u, [{"PartNumber": 1, "ETag": one},
                         {"PartNumber": 2, "ETag": two}])
    equal(body_of(b, "k"), body[:5 * MIB] + body[10:20])
    u, _ = parts_of(b, "k", [])
    kw["UploadId"] = u
    refused("InvalidArgument", "Range specified is not valid for source "
            "object of size: %d" % len(body), 400, s3.upload_part_copy,
            PartNumber=1, CopySourceRange="bytes=0-99999999", **kw)
    got = refused("PreconditionFailed", None, 412, s3.upload_part_copy,
                  PartNumber=1, CopySourceIfMatch='"x"', **kw)
    equal(got["Error"]["Condition"], "x-amz-copy-source-If-Match")


@case
def conditions_on_completing():
    b = bucket()
    put(b, "k")
    u, made = parts_of(b, "k", [b"x"])
    refused("PreconditionFailed", None, 412, complete, b=b, key="k", u=u,
            made=made, IfNoneMatch="*")
    s3.delete_object(Bucket=b, Key="k")
    got = refused("ConditionalRequestConflict", "The conditional request "
                  "cannot succeed due to a conflicting operation against "
                  "this resource.", 409, complete, b=b, key="k", u=u,
                  made=made, IfNoneMatch="*")
    equal(got["Error"]["Condition"], "If-None-Match")
    u, made = parts_of(b, "k", [b"x"])
    complete(b, "k", u, made, IfNoneMatch="*")


@case
def uploads_are_listed_by_pages():
    b = bucket()
    ids = [s3.create_multipart_upload(Bucket=b, Key=k)["UploadId"]
           for k in ("c", "b", "a", "a", "a")]
    want = [("a", ids[2]), ("a", ids[3]), ("a", ids[4]), ("b", ids[1]),
            ("c", ids[0])]
    found, kw = [], {}
    while True:
        got = s3.list_multipart_uploads(Bucket=b, MaxUploads=2, **kw)
        found += [(x["Key"], x["UploadId"]) for x in got.get("Uploads", [])]
        if not got["IsTruncated"]:
            break
        kw = {"KeyMarker": got["NextKeyMarker"],
              "UploadIdMarker": got["NextUploadIdMarker"]}
    equal(found, want)
    got = s3.list_multipart_uploads(Bucket=b, KeyMarker="a", MaxUploads=1)
    equal(got["Uploads"][0]["Key"], "b")
    refused("InvalidArgument", "Invalid uploadId marker", 400,
            s3.list_multipart_uploads, Bucket=b, KeyMarker="a",
            UploadIdMarker=ids[0])
    for k in ("p/x/1", "p/x/2", "p/y/1"):
        s3.create_multipart_upload(Bucket=b, Key=k)
    got = s3.list_multipart_uploads(Bucket=b, Prefix="p/", Delimiter="/")
    equal([p["Prefix"] for p in got["CommonPrefixes"]], ["p/x/", "p/y/"])
    equal("Uploads" in got, False)


@case
def listings():
    b = bucket()
    keys = ["test/bar/1", "test/bar/2", "test/foo/1", "test/foo/bar/123",
            "test/top", "zz"] + ["n/%03d" % n for n in range(25)]
    for k in keys:
        put(b, k)
    keys.sort()
    found, kw, pages = [], {}, 0
    while True:
        got = s3.list_objects_v2(Bucket=b, MaxKeys=7, **kw)
        found += [o["Key"] for o in got["Contents"]]
        equal(got["KeyCount"], len(got["Contents"]))
        pages += 1
        if not got["IsTruncated"]:
            break
        kw = {"ContinuationToken": got["NextContinuationToken"]}
    equal((found, pages), (keys, 5))
    one = got["Contents"][-1]
    equal("Owner" in one, False)
    equal(s3.list_objects(Bucket=b)["Contents"][0]["Owner"]["ID"],
          "000000000000")
    got = s3.list_objects_v2(Bucket=b, FetchOwner=True)
    equal(got["Contents"][0]["Owner"]["ID"], "000000000000")
    equal({k: one[k] for k in ("ETag", "Size", "StorageClass",
                               "ChecksumAlgorithm", "ChecksumType")},
          {"ETag": md5(b"test"), "Size": 4, "StorageClass": "STANDARD",
           "ChecksumAlgorithm": ["CRC32"], "ChecksumType": "FULL_OBJECT"})
    got = s3.list_objects_v2(Bucket=b, Prefix="test/", Delimiter="/")
    equal([p["Prefix"] for p in got["CommonPrefixes"]],
          ["test/bar/", "test/foo/"])
    equal([o["Key"] for o in got["Contents"]], ["test/top"])
    got = s3.list_objects_v2(Bucket=b, Prefix="test/foo", Delimiter="/")
    equal([p["Prefix"] for p in got["CommonPrefixes"]], ["test/foo/"])
    found, kw = [], {}
    while True:
        got = s3.list_objects_v2(Bucket=b, Delimiter="/", MaxKeys=1, **kw)
        found += [p["Prefix"] for p in got.get("CommonPrefixes", [])]
        found += [o["Key"] for o in got.get("Contents", [])]
        equal(got["KeyCount"], 1)
        if not got["IsTruncated"]:
            break
        kw = {"ContinuationToken": got["NextContinuationToken"]}
    equal(found, ["n/", "test/", "zz"])
    got = s3.list_objects_v2(Bucket=b, StartAfter="test/foo/1")
    equal([o["Key"] for o in got["Contents"]],
          ["test/foo/bar/123", "test/top", "zz"])
    equal(got["StartAfter"], "test/foo/1")
    refused("InvalidArgument",
            "The continuation token provided is incorrect", 400,
            s3.list_objects_v2, Bucket=b, ContinuationToken="")
    got = s3.list_objects(Bucket=b, Delimiter="/", MaxKeys=2)
    equal((got["NextMarker"], got["IsTruncated"]), ("test/", True))
    got = s3.list_objects(Bucket=b, Delimiter="/", Marker="test/")
    equal([o["Key"] for o in got["Contents"]], ["zz"])
    equal("CommonPrefixes" in got, False)
    got = s3.list_objects(Bucket=b, Marker="n/020")
    equal(got["Contents"][0]["Key"], "n/021")
    equal(s3.list_objects_v2(Bucket=b, MaxKeys=0)["KeyCount"], 0)
    refused("InvalidArgument",
            "Invalid Encoding Method specified in Request", 400,
            s3.list_objects_v2, Bucket=b, EncodingType="value")


@case
def many_are_deleted_at_once():
    b = bucket()
    for k in ("a", "b", " c "):
        put(b, k)
    ask = {"Objects": [{"Key": "a"}, {"Key": "none"}, {"Key": " c "}]}
    got = s3.delete_objects(Bucket=b, Delete=ask)
    equal([d["Key"] for d in got["Deleted"]], ["a", "none", " c "])
    equal([o["Key"] for o in s3.list_objects(Bucket=b)["Contents"]], ["b"])
    got = s3.delete_objects(Bucket=b, Delete=dict(ask, Quiet=True))
    equal(plain(got), {})
    got = s3.delete_objects(Bucket=b, Delete={
        "Objects": [{"Key": "b", "VersionId": "x"}]})
    equal(got["Errors"][0]["Code"], "NoSuchVersion")
    refused("MalformedXML", None, 400, s3.delete_objects, Bucket=b,
            Delete={"Objects": [{"Key": "%d" % n} for n in range(1001)]})
    equal(body_of(b, "b"), b"test")


@case
def objects_are_copied():
    b, c = bucket(), bucket()
    key = "s p/\u00e9+%2F&"
    body = noise(9 * MIB)
    put(b, key, body, Metadata={"key": "value"}, ContentType="a/b",
        Tagging="t=1")
    source = {"Bucket": b, "Key": key}
    got = s3.copy_object(Bucket=c, Key="k", CopySource=source)
    equal(got["CopyObjectResult"]["ETag"], md5(body))
    got = get(c, "k")
    equal((got["Body"].read(), got["Metadata"], got["ContentType"],
           got["TagCount"]), (body, {"key": "value"}, "a/b", 1))
    s3.copy_object(Bucket=c, Key="k2", CopySource=source, Metadata={"n": "m"},
                   ContentType="c/d", MetadataDirective="REPLACE",
                   TaggingDirective="REPLACE", Tagging="")
    got = get(c, "k2")
    equal((got["Metadata"], got["ContentType"], "TagCount" in got),
          ({"n": "m"}, "c/d", False))
    refused("InvalidRequest", "This copy request is illegal because it is "
            "trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or "
            "encryption attributes.", 400, s3.copy_object, Bucket=b, Key=key,
            CopySource=source)
    s3.copy_object(Bucket=b, Key=key, CopySource=source,
                   StorageClass="STANDARD_IA")
    equal(s3.head_object(Bucket=b, Key=key)["StorageClass"], "STANDARD_IA")
    equal(body_of(b, key), body)
    at = s3.head_object(Bucket=b, Key=key)["LastModified"]
    hour = datetime.timedelta(hours=1)
    for kw, which in (
            ({"CopySourceIfMatch": '"x"'}, "Match"),
            ({"CopySourceIfNoneMatch": md5(body)}, "None-Match"),
            ({"CopySourceIfModifiedSince": at}, "Modified-Since"),
            ({"CopySourceIfUnmodifiedSince": at - hour},
             "Unmodified-Since")):
        got = refused("PreconditionFailed", None, 412, s3.copy_object,
                      Bucket=c, Key="k3", CopySource=source, **kw)
        equal(got["Error"]["Condition"], "x-amz-copy-source-If-" + which)
    refused("NoSuchKey", None, 404, s3.copy_object, Bucket=c, Key="k3",
            CopySource=b + "/none")
    refused("NoSuchBucket", None, 404, s3.copy_object, Bucket=c, Key="k3",
            CopySource="no-such-bucket-here/none")


@case
def tags_of_objects():
    b = bucket()
    put(b, "k", Tagging="a=1&b+c=x%2Fy")
    equal(s3.get_object_tagging(Bucket=b, Key="k")["TagSet"],
          [{"Key": "a", "Value": "1"}, {"Key": "b c", "Value": "x/y"}])
    equal(get(b, "k")["TagCount"], 2)
    new = [{"Key": "n", "Value": ""}]
    s3.put_object_tagging(Bucket=b, Key="k", Tagging={"TagSet": new})
    equal(s3.get_object_tagging(Bucket=b, Key="k")["TagSet"], new)
    s3.delete_object_tagging(Bucket=b, Key="k")
    equal(s3.get_object_tagging(Bucket=b, Key="k")["TagSet"], [])

    def tag(tags):
        s3.put_object_tagging(Bucket=b, Key="k", Tagging={"TagSet": [
            {"Key": k, "Value": v} for k, v in tags]})
    for tags, said in (
            ([("Key1", "x"), ("Key1", "y")],
             "Cannot provide multiple Tags with the same key"),
            ([("Key1,Key2", "x")], "The TagKey you have provided is invalid"),
            ([("Key1", "Val1,Val2")],
             "The TagValue you have provided is invalid"),
            ([("aws:x", "y")],
             "System tags cannot be added/updated by requester")):
        refused("InvalidTag", said, 400, tag, tags=tags)
    refused("BadRequest", "Object tags cannot be greater than 10", 400, tag,
            tags=[("k%d" % n, "") for n in range(11)])
    refused("NoSuchKey", None, 404, s3.get_object_tagging, Bucket=b,
            Key="none")


@case
def tags_of_buckets():
    b = bucket()
    refused("NoSuchTagSet", "The TagSet does not exist", 404,
            s3.get_bucket_tagging, Bucket=b)
    tags = [{"Key": "k", "Value": "v w"}]
    s3.put_bucket_tagging(Bucket=b, Tagging={"TagSet": tags})
    equal(s3.get_bucket_tagging(Bucket=b)["TagSet"], tags)
    refused("InvalidTag", "System tags cannot be added/updated by requester",
            400, s3.put_bucket_tagging, Bucket=b,
            Tagging={"TagSet": [{"Key": "aws:k", "Value": "v"}]})
    s3.delete_bucket_tagging(Bucket=b)
    refused("NoSuchTagSet", None, 404, s3.get_bucket_tagging, Bucket=b)


@case
def settings_of_buckets():
    b = bucket()
    rule = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
            "BucketKeyEnabled": False}
    field = "ServerSideEncryptionConfiguration"
    equal(s3.get_bucket_encryption(Bucket=b)[field], {"Rules": [rule]})
    kms = {"Rules": [{"ApplyServerSideEncryptionByDefault": {
        "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": "alias/x"},
        "BucketKeyEnabled": True}]}
    s3.put_bucket_encryption(Bucket=b, **{field: kms})
    equal(s3.get_bucket_encryption(Bucket=b)[field], kms)
    s3.delete_bucket_encryption(Bucket=b)
    equal(s3.get_bucket_encryption(Bucket=b)[field], {"Rules": [rule]})
    closed = {k: True for k in ("BlockPublicAcls", "IgnorePublicAcls",
                                "BlockPublicPolicy",
                                "RestrictPublicBuckets")}
    field = "PublicAccessBlockConfiguration"
    equal(s3.get_public_access_block(Bucket=b)[field], closed)
    s3.delete_public_access_block(Bucket=b)
    got = refused("NoSuchPublicAccessBlockConfiguration", "The public access "
                  "block configuration was not found", 404,
                  s3.get_public_access_block, Bucket=b)
    equal(got["Error"]["BucketName"], b)
    s3.put_public_access_block(Bucket=b, **{field: {"BlockPublicAcls": True}})
    equal(s3.get_public_access_block(Bucket=b)[field],
          {"BlockPublicAcls": True})
    field = "OwnershipControls"
    equal(s3.get_bucket_ownership_controls(Bucket=b)[field],
          {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]})
    s3.delete_bucket_ownership_controls(Bucket=b)
    refused("OwnershipControlsNotFoundError",
            "The bucket ownership controls were not found", 404,
            s3.get_bucket_ownership_controls, Bucket=b)
    plainly = client(checked=False)
    refused("MalformedXML", None, 400,
            plainly.put_bucket_ownership_controls, Bucket=b,
            OwnershipControls={"Rules": [{"ObjectOwnership": "nonsense"}]})


@case
def policies_of_buckets():
    b = bucket()
    refused("NoSuchBucketPolicy", "The bucket policy does not exist", 404,
            s3.get_bucket_policy, Bucket=b)
    policy = '{"Version":"2012-10-17","Statement":[]}'
    s3.put_bucket_policy(Bucket=b, Policy=policy)
    equal(s3.get_bucket_policy(Bucket=b)["Policy"], policy)
    said = "Policies must be valid JSON and the first byte must be '{'"
    for bad in ("", "invalid json"):
        refused("MalformedPolicy", said, 400, s3.put_bucket_policy, Bucket=b,
                Policy=bad)
    refused("MalformedPolicy", "Missing required field Statement", 400,
            s3.put_bucket_policy, Bucket=b, Policy="{}")
    s3.delete_bucket_policy(Bucket=b)
    refused("NoSuchBucketPolicy", None, 404, s3.get_bucket_policy, Bucket=b)
    for owner, code, status in (("0000", "InvalidBucketOwnerAWSAccountID",
                                 400), ("111111111111", "AccessDenied", 403)):
        refused(code, None, status, s3.put_bucket_policy, Bucket=b,
                Policy=policy, ExpectedBucketOwner=owner)
    s3.put_bucket_policy(Bucket=b, Policy=policy,
                         ExpectedBucketOwner="000000000000")


@case
def what_a_bucket_does_not_have():
    b = bucket()
    equal(plain(s3.get_bucket_versioning(Bucket=b)), {})
    equal(plain(s3.get_bucket_logging(Bucket=b)), {})
    equal(plain(s3.get_bucket_notification_configuration(Bucket=b)), {})
    equal(s3.get_bucket_request_payment(Bucket=b)["Payer"], "BucketOwner")
    for code, call in (
            ("NoSuchCORSConfiguration", s3.get_bucket_cors),
            ("NoSuchWebsiteConfiguration", s3.get_bucket_website),
            ("NoSuchLifecycleConfiguration",
             s3.get_bucket_lifecycle_configuration),
            ("ReplicationConfigurationNotFoundError",
             s3.get_bucket_replication),
            ("ObjectLockConfigurationNotFoundError",
             s3.get_object_lock_configuration)):
        refused(code, None, 404, call, Bucket=b)
    refused("NotImplemented", None, 501, s3.put_bucket_versioning, Bucket=b,
            VersioningConfiguration={"Status": "Enabled"})
    s3.put_bucket_notification_configuration(
        Bucket=b, NotificationConfiguration={})
    refused("NotImplemented", None, 501,
            s3.put_bucket_notification_configuration, Bucket=b,
            NotificationConfiguration={"QueueConfigurations": [
                {"QueueArn": "arn:aws:sqs:us-east-1:000000000000:q",
                 "Events": ["s3:ObjectCreated:*"]}]})
    grants = s3.get_bucket_acl(Bucket=b)["Grants"]
    equal([g["Permission"] for g in grants], ["FULL_CONTROL"])
    s3.put_bucket_acl(Bucket=b, ACL="private")
    refused("AccessControlListNotSupported",
            "The bucket does not allow ACLs", 400, s3.put_bucket_acl,
            Bucket=b, ACL="public-read")
    rules = [{"ID": "x", "Status": "Enabled", "Filter": {"Prefix": "a/"},
              "Expiration": {"Days": 7}}]
    s3.put_bucket_lifecycle_configuration(
        Bucket=b, LifecycleConfiguration={"Rules": rules})
    equal(s3.get_bucket_lifecycle_configuration(Bucket=b)["Rules"], rules)
    s3.delete_bucket_lifecycle(Bucket=b)
    refused("NoSuchLifecycleConfiguration", None, 404,
            s3.get_bucket_lifecycle_configuration, Bucket=b)


def fetch(url, data=None, method=None, headers=None):
    ask = urllib.request.Request(url, data=data, method=method,
                                 headers=headers or {})
    try:
        with urllib.request.urlopen(ask, timeout=30) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as e:
        return e.code, e.read()


@case
def presigned_urls():
    b = bucket()
    ask = {"Bucket": b, "Key": "a b/\u00e9+%"}
    url = s3.generate_presigned_url("put_object", Params=ask)
    equal(fetch(url, b"body", "PUT"), (200, b""))
    url = s3.generate_presigned_url("get_object", Params=ask)
    equal(fetch(url), (200, b"body"))
    status, said = fetch(url[:-4] + "0000")
    assert status == 403 and b"<Code>SignatureDoesNotMatch<" in said, said
    status, said = fetch(url.replace("X-Amz-Expires=3600", "X-Amz-Expires=9"))
    assert status == 403 and b"<Code>SignatureDoesNotMatch<" in said, said
    status, said = fetch(url, headers={"x-amz-acl": "private"})
    assert status == 403 and b"<HeadersNotSigned>x-amz-acl<" in said, said
    status, said = fetch(url.split("&X-Amz-Signature")[0])
    assert b"<Code>AuthorizationQueryParametersError<" in said, said
    url = s3.generate_presigned_url("get_object", Params=ask, ExpiresIn=1)
    until = time.time() + 30
    while fetch(url)[0] == 200 and time.time() < until:
        time.sleep(0.1)
    status, said = fetch(url)
    assert status == 403 and b"<Message>Request has expired<" in said, said
    old = client(signature_version="s3")
    url = old.generate_presigned_url("get_object", Params=ask)
    status, said = fetch(url)
    assert status == 400 and b"Please use AWS4-HMAC-SHA256" in said, said


@case
def nobody_is_denied():
    b = bucket()
    put(b, "k")
    for url in ("%s/%s" % (ENDPOINT, b), "%s/%s/k" % (ENDPOINT, b)):
        status, said = fetch(url)
        assert status == 403 and b"<Code>AccessDenied</Code>" in said, said


@case
def wrong_keys():
    def with_keys(**kw):
        return boto3.client("s3", endpoint_url=ENDPOINT,
                            region_name="us-east-1", **kw)
    wrong = with_keys(aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"],
                      aws_secret_access_key="wrong")
    got = refused("SignatureDoesNotMatch", "The request signature we "
                  "calculated does not match the signature you provided. "
                  "Check your key and signing method.", 403,
                  wrong.list_buckets)
    for field in ("AWSAccessKeyId", "StringToSign", "SignatureProvided",
                  "StringToSignBytes", "CanonicalRequest",
                  "CanonicalRequestBytes"):
        assert field in got["Error"], field
    unknown = with_keys(aws_access_key_id="AKIAEXAMPLENOBODY000",
                        aws_secret_access_key="x")
    refused("InvalidAccessKeyId", "The AWS Access Key Id you provided does "
            "not exist in our records.", 403, unknown.list_buckets)


class Stream(io.RawIOBase):
    """What cannot be read twice: boto3 sends it in chunks with a trailer."""

    def __init__(self, body):
        super().__init__()
        self.inner = io.BytesIO(body)

    def readable(self):
        return True

    def readinto(self, to):
        return self.inner.readinto(to)


@case
def large_files_in_many_parts():
    b = bucket()
    body = noise(17 * MIB)
    config = TransferConfig(multipart_threshold=5 * MIB,
                            multipart_chunksize=5 * MIB, max_concurrency=4)
    s3.upload_fileobj(Stream(body), b, "k", Config=config)
    to = io.BytesIO()
    s3.download_fileobj(b, "k", to, Config=config)
    equal(to.getvalue(), body)
    assert s3.head_object(Bucket=b, Key="k")["ETag"].endswith('-4"')


@case
def by_the_name_of_the_host():
    if "127.0.0.1" not in ENDPOINT:
        return
    there = ENDPOINT.replace("127.0.0.1", "localhost")
    virtual = boto3.client("s3", endpoint_url=there, region_name="us-east-1",
                           config=Config(s3={"addressing_style": "virtual"},
                                         signature_version="s3v4"))
    b = bucket()
    url = virtual.generate_presigned_url(
        "put_object", Params={"Bucket": b, "Key": "x/../y"})
    host = url.split("/")[2]
    assert host.startswith(b + ".localhost"), host
    local = url.replace(host, ENDPOINT.split("/")[2], 1)
    equal(fetch(local, b"here", "PUT", {"Host": host})[0], 200)
    equal(body_of(b, "x/../y"), b"here")


if __name__ == "__main__":
    sys.exit(main())
