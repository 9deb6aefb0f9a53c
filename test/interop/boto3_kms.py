#!/usr/bin/env python3
"""Every operation of KMS that lunad has through boto3, results asserted.

usage: boto3_kms.py ENDPOINT [NAME...]
"""
import datetime
import json
import re
import sys

from peer import case, client, equal, main, name, pass_time, plain, refused

kms = client("kms")
unchecked = client("kms", checked=False)
ACCOUNT = "000000000000"
DAY = 86400
NONE = "00000000-1111-4222-8333-444444444444"


def arn(key):
    return "arn:aws:kms:us-east-1:%s:key/%s" % (ACCOUNT, key)


def new(**kw):
    return kms.create_key(**kw)["KeyMetadata"]["KeyId"]


@case
def keys_are_made_and_described():
    got = kms.create_key(Description="d", Tags=[
        {"TagKey": "a", "TagValue": "b"}])["KeyMetadata"]
    key = got["KeyId"]
    assert re.match(r"^[0-9a-f]{64}$", got["CurrentKeyMaterialId"])
    assert isinstance(got["CreationDate"], datetime.datetime)
    equal({k: v for k, v in got.items() if k not in (
        "CreationDate", "CurrentKeyMaterialId")}, {
            "AWSAccountId": ACCOUNT, "Arn": arn(key), "KeyId": key,
            "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "Description": "d", "Enabled": True,
            "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
            "KeyManager": "CUSTOMER", "KeySpec": "SYMMETRIC_DEFAULT",
            "KeyState": "Enabled", "KeyUsage": "ENCRYPT_DECRYPT",
            "MultiRegion": False, "Origin": "AWS_KMS"})
    for by in (key, arn(key)):
        equal(kms.describe_key(KeyId=by)["KeyMetadata"], got)
    equal(kms.list_resource_tags(KeyId=key)["Tags"],
          [{"TagKey": "a", "TagValue": "b"}])
    kms.update_key_description(KeyId=key, Description="e")
    equal(kms.describe_key(KeyId=key)["KeyMetadata"]["Description"], "e")


@case
def keys_are_listed_by_pages():
    made = {new() for _ in range(5)}
    found, marker = set(), {}
    while True:
        got = kms.list_keys(Limit=2, **marker)
        assert len(got["Keys"]) <= 2
        for k in got["Keys"]:
            equal(k["KeyArn"], arn(k["KeyId"]))
            found.add(k["KeyId"])
        if not got["Truncated"]:
            break
        marker = {"Marker": got["NextMarker"]}
    assert made <= found


@case
def keys_that_are_not_there():
    for by in ("fake-key-id", "134f2428cec14b25a1ae9048164dba47",
               "mrk-fake-key-id"):
        refused("NotFoundException", "Invalid keyId '%s'" % by, 400,
                kms.describe_key, KeyId=by)
    mrk = "mrk-" + "0" * 32
    for by, said in ((NONE, NONE), (arn(NONE), NONE), (mrk, mrk)):
        refused("NotFoundException",
                "Key '%s' does not exist" % arn(said), 400,
                kms.describe_key, KeyId=by)
    there = client("kms", region="eu-central-1")
    key = new()
    refused("NotFoundException", "Key 'arn:aws:kms:eu-central-1:%s:key/%s' "
            "does not exist" % (ACCOUNT, key), 400, there.describe_key,
            KeyId=key)
    refused("NotFoundException", "Invalid arn us-east-1", 400,
            there.describe_key, KeyId=arn(key))


@case
def what_is_encrypted_is_decrypted():
    key = new()
    for text in (b"x", b"\0\xff" * 100, b"y" * 4096):
        got = kms.encrypt(KeyId=key, Plaintext=text)
        equal((got["KeyId"], got["EncryptionAlgorithm"]),
              (arn(key), "SYMMETRIC_DEFAULT"))
        assert text not in got["CiphertextBlob"] or len(text) == 1
        back = kms.decrypt(CiphertextBlob=got["CiphertextBlob"])
        equal((back["Plaintext"], back["KeyId"]), (text, arn(key)))
        equal(back["KeyMaterialId"], kms.describe_key(
            KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"])
    refused("ValidationException",
            "1 validation error detected: Value at 'plaintext' failed to "
            "satisfy constraint: Member must have length less than or equal "
            "to 4096", 400, kms.encrypt, KeyId=key, Plaintext=b"z" * 4097)
    a = kms.encrypt(KeyId=key, Plaintext=b"same")["CiphertextBlob"]
    b = kms.encrypt(KeyId=key, Plaintext=b"same")["CiphertextBlob"]
    assert a != b


@case
def the_context_counts():
    key = new()
    context = {"a": "1", "b": "2"}
    blob = kms.encrypt(KeyId=key, Plaintext=b"x",
                       EncryptionContext=context)["CiphertextBlob"]
    equal(kms.decrypt(CiphertextBlob=blob, EncryptionContext={
        "b": "2", "a": "1"})["Plaintext"], b"x")
    for other in ({}, {"a": "1"}, {"a": "1", "b": "3"},
                  {"a": "1b2"}):
        refused("InvalidCiphertextException", "", 400, kms.decrypt,
                CiphertextBlob=blob, EncryptionContext=other)
    for at in (0, 5, 18, 25, len(blob) // 2, len(blob) - 1):
        spoilt = bytearray(blob)
        spoilt[at] ^= 1
        refused("InvalidCiphertextException", "", 400, kms.decrypt,
                CiphertextBlob=bytes(spoilt), EncryptionContext=context)
    refused("InvalidCiphertextException", "", 400, kms.decrypt,
            CiphertextBlob=b"bad", EncryptionContext=context)


@case
def the_key_must_be_the_one():
    key, other = new(), new()
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    equal(kms.decrypt(CiphertextBlob=blob, KeyId=arn(key))["Plaintext"], b"x")
    text = ("The key ID in the request does not identify a CMK that can "
            "perform this operation.")
    refused("IncorrectKeyException", text, 400, kms.decrypt,
            CiphertextBlob=blob, KeyId=other)
    refused("IncorrectKeyException", text, 400, kms.re_encrypt,
            CiphertextBlob=blob, SourceKeyId=other, DestinationKeyId=other)


@case
def ciphertexts_change_their_key():
    key, other = new(), new()
    blob = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={
        "a": "b"})["CiphertextBlob"]
    got = kms.re_encrypt(
        CiphertextBlob=blob, SourceEncryptionContext={"a": "b"},
        DestinationKeyId=other)
    equal((got["SourceKeyId"], got["KeyId"]), (arn(key), arn(other)))
    equal((got["SourceEncryptionAlgorithm"],
           got["DestinationEncryptionAlgorithm"]),
          ("SYMMETRIC_DEFAULT", "SYMMETRIC_DEFAULT"))
    equal(kms.decrypt(CiphertextBlob=got["CiphertextBlob"])["Plaintext"],
          b"x")


@case
def data_keys():
    key = new()
    for kw, size in (({"KeySpec": "AES_256"}, 32),
                     ({"KeySpec": "AES_128"}, 16),
                     ({"NumberOfBytes": 1024}, 1024)):
        got = kms.generate_data_key(
            KeyId=key, EncryptionContext={"a": "b"}, **kw)
        equal((len(got["Plaintext"]), got["KeyId"]), (size, arn(key)))
        equal(kms.decrypt(CiphertextBlob=got["CiphertextBlob"],
                          EncryptionContext={"a": "b"})["Plaintext"],
              got["Plaintext"])
        refused("InvalidCiphertextException", "", 400, kms.decrypt,
                CiphertextBlob=got["CiphertextBlob"])
    got = kms.generate_data_key_without_plaintext(
        KeyId=key, KeySpec="AES_256")
    assert "Plaintext" not in got
    equal(len(kms.decrypt(
        CiphertextBlob=got["CiphertextBlob"])["Plaintext"]), 32)
    text = "Please specify either number of bytes or key spec."
    refused("ValidationException", text, 400, kms.generate_data_key,
            KeyId=key)
    refused("ValidationException", text, 400, kms.generate_data_key,
            KeyId=key, KeySpec="AES_256", NumberOfBytes=3)
    refused("DryRunOperationException", "The request would have succeeded, "
            "but the DryRun option is set.", 400, kms.generate_data_key,
            KeyId=key, KeySpec="AES_256", DryRun=True)


@case
def random_bytes():
    for n in (1, 12, 1024):
        equal(len(kms.generate_random(NumberOfBytes=n)["Plaintext"]), n)
    refused("ValidationException", "NumberOfBytes is required.", 400,
            kms.generate_random)
    for n, text in ((0, "greater than or equal to 1"),
                    (1025, "less than or equal to 1024")):
        refused("ValidationException",
                "1 validation error detected: Value '%d' at 'numberOfBytes' "
                "failed to satisfy constraint: Member must have value %s"
                % (n, text), 400, unchecked.generate_random, NumberOfBytes=n)


@case
def states():
    key = new()
    blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    kms.disable_key(KeyId=key)
    got = kms.describe_key(KeyId=key)["KeyMetadata"]
    equal((got["KeyState"], got["Enabled"]), ("Disabled", False))
    text = "%s is disabled." % arn(key)
    refused("DisabledException", text, 400, kms.encrypt, KeyId=key,
            Plaintext=b"x")
    refused("DisabledException", text, 400, kms.decrypt, CiphertextBlob=blob)
    refused("DisabledException", text, 400, kms.rotate_key_on_demand,
            KeyId=key)
    kms.enable_key(KeyId=key)
    equal(kms.decrypt(CiphertextBlob=blob)["Plaintext"], b"x")
    got = kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    equal((got["KeyId"], got["KeyState"], got["PendingWindowInDays"]),
          (arn(key), "PendingDeletion", 7))
    text = "%s is pending deletion." % arn(key)
    refused("KMSInvalidStateException", text, 400, kms.encrypt, KeyId=key,
            Plaintext=b"x")
    refused("KMSInvalidStateException", text, 400, kms.enable_key, KeyId=key)
    equal(kms.cancel_key_deletion(KeyId=key)["KeyId"], arn(key))
    equal(kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"], "Disabled")
    refused("KMSInvalidStateException",
            "%s is not pending deletion." % arn(key), 400,
            kms.cancel_key_deletion, KeyId=key)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    pass_time(7 * DAY + 1)
    refused("NotFoundException", "Key '%s' does not exist" % arn(key), 400,
            kms.describe_key, KeyId=key)


@case
def aliases():
    key, other = new(), new()
    alias = "alias/" + name("a")
    alias_arn = "arn:aws:kms:us-east-1:%s:%s" % (ACCOUNT, alias)
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    refused("AlreadyExistsException",
            "An alias with the name %s already exists" % alias_arn, 400,
            kms.create_alias, AliasName=alias, TargetKeyId=other)
    for by in (alias, alias_arn):
        blob = kms.encrypt(KeyId=by, Plaintext=b"x")
        equal(blob["KeyId"], arn(key))
    got = kms.list_aliases(KeyId=key)["Aliases"]
    equal([(a["AliasName"], a["AliasArn"], a["TargetKeyId"]) for a in got],
          [(alias, alias_arn, key)])
    kms.update_alias(AliasName=alias, TargetKeyId=other)
    equal(kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyId"], other)
    equal(kms.decrypt(CiphertextBlob=blob["CiphertextBlob"])["KeyId"],
          arn(key))
    kms.delete_alias(AliasName=alias)
    refused("NotFoundException", "Alias %s is not found." % alias_arn, 400,
            kms.describe_key, KeyId=alias)
    refused("NotFoundException", "Alias %s is not found." % alias_arn, 400,
            kms.delete_alias, AliasName=alias)
    refused("ValidationException",
            'Alias must start with the prefix "alias/". Please see '
            "https://docs.aws.amazon.com/kms/latest/developerguide/"
            "kms-alias.html", 400, kms.create_alias, AliasName="x",
            TargetKeyId=key)
    refused("NotAuthorizedException", "", 400, kms.create_alias,
            AliasName="alias/aws/x", TargetKeyId=key)


@case
def policies():
    key = new()
    got = kms.get_key_policy(KeyId=key, PolicyName="default")
    equal(got["PolicyName"], "default")
    equal(json.loads(got["Policy"])["Statement"][0]["Action"], "kms:*")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "a", "Effect": "Allow", "Resource": "*",
         "Principal": {"Service": ["sns.amazonaws.com"]},
         "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
         "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}}}]})
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)
    equal(kms.get_key_policy(KeyId=key)["Policy"], policy)
    equal(plain(kms.list_key_policies(KeyId=key)),
          {"PolicyNames": ["default"], "Truncated": False})
    for bad in ("{", "[]", '{"Version":"2012-10-17","Statement":[]}',
                policy.replace("Allow", "Maybe"),
                policy.replace('"Principal"', '"Principle"')):
        refused("MalformedPolicyDocumentException", None, 400,
                kms.put_key_policy, KeyId=key, PolicyName="default",
                Policy=bad)
        refused("MalformedPolicyDocumentException", None, 400,
                kms.create_key, Policy=bad)
    equal(kms.get_key_policy(KeyId=key)["Policy"], policy)


@case
def rotation():
    key = new()
    equal(plain(kms.get_key_rotation_status(KeyId=key)),
          {"KeyId": key, "KeyRotationEnabled": False})
    blob = kms.encrypt(KeyId=key, Plaintext=b"old")["CiphertextBlob"]
    first = kms.decrypt(CiphertextBlob=blob)["KeyMaterialId"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    got = kms.get_key_rotation_status(KeyId=key)
    equal((got["KeyRotationEnabled"], got["RotationPeriodInDays"]),
          (True, 90))
    assert isinstance(got["NextRotationDate"], datetime.datetime)
    equal(kms.rotate_key_on_demand(KeyId=key)["KeyId"], arn(key))
    second = kms.describe_key(
        KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]
    assert second != first
    pass_time(90 * DAY + 1)
    third = kms.describe_key(
        KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]
    assert third not in (first, second)
    back = kms.decrypt(CiphertextBlob=blob)
    equal((back["Plaintext"], back["KeyMaterialId"]), (b"old", first))
    again = kms.encrypt(KeyId=key, Plaintext=b"new")["CiphertextBlob"]
    equal(kms.decrypt(CiphertextBlob=again)["KeyMaterialId"], third)
    kms.disable_key_rotation(KeyId=key)
    equal(kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"], False)


@case
def tags():
    key = new()

    def tag(**kw):
        return [{"TagKey": k, "TagValue": v} for k, v in kw.items()]
    kms.tag_resource(KeyId=key, Tags=tag(t1="a", t2="b", t3="c"))
    kms.tag_resource(KeyId=key, Tags=tag(t2="x", t4="d"))
    kms.untag_resource(KeyId=key, TagKeys=["t1", "none"])
    equal(kms.list_resource_tags(KeyId=key)["Tags"],
          tag(t2="x", t3="c", t4="d"))
    refused("TagException", "Duplicate tag keys", 400, kms.tag_resource,
            KeyId=key, Tags=tag(a="1") + tag(a="2"))
    many = tag(**{"k%d" % i: "v" for i in range(51)})
    refused("TagException", "Too many tags", 400, kms.create_key, Tags=many)
    for k in ("aws:x", "AWS:x"):
        refused("TagException", "Tags beginning with aws: are reserved", 400,
                kms.create_key, Tags=tag(**{k: "v"}))
    refused("ValidationException",
            "1 validation error detected: Value '%s' at "
            "'tags.1.member.tagKey' failed to satisfy constraint: Member "
            "must have length less than or equal to 128" % ("a" * 129), 400,
            kms.create_key, Tags=tag(**{"a" * 129: "v"}))


@case
def what_lunad_has_not():
    refused("UnsupportedOperationException", None, 400, kms.create_key,
            KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")
    refused("UnknownOperationException", None, 400, kms.list_grants,
            KeyId=new())


if __name__ == "__main__":
    sys.exit(main())
