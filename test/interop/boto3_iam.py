#!/usr/bin/env python3
"""Every operation of IAM that lunad has through boto3, results asserted.

usage: boto3_iam.py ENDPOINT [NAME...]
"""
import datetime
import json
import re
import sys

import boto3
from botocore.exceptions import ClientError

import peer
from peer import case, client, equal, main, name, plain, refused

iam = client("iam")
sts = client("sts")
ACCOUNT = "000000000000"
TRUST = {"Version": "2012-10-17", "Statement": [
    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"},
     "Action": "sts:AssumeRole"}]}
POLICY = {"Version": "2012-10-17", "Statement": [
    {"Sid": "a", "Effect": "Allow", "Action": ["sqs:SendMessage", "sns:*"],
     "Resource": ["arn:aws:sqs:us-east-1:000000000000:q/a%2Fb"]}]}
BARE = {"IsTruncated": False}


def role(trust=TRUST, **kw):
    n = name("r")
    return n, iam.create_role(
        RoleName=n, AssumeRolePolicyDocument=json.dumps(trust), **kw)["Role"]


def user(**kw):
    n = name("u")
    return n, iam.create_user(UserName=n, **kw)["User"]


@case
def roles_are_made_and_described():
    n, got = role(Path="/a/b/", Description="d", MaxSessionDuration=7200,
                  Tags=[{"Key": "k", "Value": "v"}])
    assert re.match(r"^AROA[A-Z2-7]{17}$", got["RoleId"])
    assert isinstance(got["CreateDate"], datetime.datetime)
    want = {"RoleName": n, "Path": "/a/b/", "RoleId": got["RoleId"],
            "Arn": "arn:aws:iam::%s:role/a/b/%s" % (ACCOUNT, n),
            "AssumeRolePolicyDocument": TRUST, "Description": "d",
            "CreateDate": got["CreateDate"]}
    tags = [{"Key": "k", "Value": "v"}]
    equal(got, dict(want, Tags=tags))
    equal(iam.get_role(RoleName=n)["Role"],
          dict(want, Tags=tags, MaxSessionDuration=7200, RoleLastUsed={}))
    equal(iam.list_roles(PathPrefix="/a/b/")["Roles"],
          [dict(want, MaxSessionDuration=7200)])
    refused("EntityAlreadyExists", "Role with name %s already exists." % n,
            409, iam.create_role, RoleName=n,
            AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.update_role(RoleName=n, Description="e", MaxSessionDuration=3600)
    got = iam.get_role(RoleName=n)["Role"]
    equal((got["Description"], got["MaxSessionDuration"]), ("e", 3600))
    iam.tag_role(RoleName=n, Tags=[{"Key": "l", "Value": "w"}])
    iam.untag_role(RoleName=n, TagKeys=["k", "none"])
    equal(iam.list_role_tags(RoleName=n)["Tags"],
          [{"Key": "l", "Value": "w"}])
    iam.delete_role(RoleName=n)
    text = "The role with name %s cannot be found." % n
    for f in (iam.get_role, iam.delete_role, iam.list_role_policies,
              iam.list_attached_role_policies):
        refused("NoSuchEntity", text, 404, f, RoleName=n)


@case
def roles_are_listed_by_pages():
    path = "/%s/" % name("p")
    names = sorted(role(Path=path)[0] for _ in range(5))
    first = iam.list_roles(PathPrefix=path, MaxItems=3)
    equal([r["RoleName"] for r in first["Roles"]], names[:3])
    equal(first["IsTruncated"], True)
    rest = iam.list_roles(PathPrefix=path, Marker=first["Marker"])
    equal([r["RoleName"] for r in rest["Roles"]], names[3:])
    equal(rest["IsTruncated"], False)


@case
def trust_is_changed_and_checked():
    n, _ = role()
    other = {"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": ACCOUNT},
         "Action": ["sts:AssumeRole", "sts:TagSession"], "Condition": {
             "StringEquals": {"sts:ExternalId": "arn%3Aaws%3Ax"}}}]}
    iam.update_assume_role_policy(
        RoleName=n, PolicyDocument=json.dumps(other))
    equal(iam.get_role(RoleName=n)["Role"]["AssumeRolePolicyDocument"],
          other)
    broken = json.dumps(TRUST)
    for text, why in (
            ("{", "This policy contains invalid Json"),
            ("[]", "This policy contains invalid Json"),
            (broken.replace("Allow", "Perhaps"), "Syntax errors in policy."),
            (broken.replace('"sts:', '"s3:'),
             "AssumeRole policy may only specify STS AssumeRole actions."),
            (broken.replace("}]}", ', "Resource": "*"}]}'),
             "Has prohibited field Resource"),
            ('{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
             '"Action":"sts:AssumeRole"}]}',
             "Missing required field Principal")):
        refused("MalformedPolicyDocument", why, 400, iam.create_role,
                RoleName="x", AssumeRolePolicyDocument=text)
        refused("MalformedPolicyDocument", why, 400,
                iam.update_assume_role_policy, RoleName=n,
                PolicyDocument=text)


@case
def inline_policies_of_roles():
    n, _ = role()
    equal(plain(iam.list_role_policies(RoleName=n)),
          dict(BARE, PolicyNames=[]))
    for p in ("p2", "p1"):
        iam.put_role_policy(RoleName=n, PolicyName=p,
                            PolicyDocument=json.dumps(POLICY))
    equal(iam.list_role_policies(RoleName=n)["PolicyNames"], ["p1", "p2"])
    equal(plain(iam.get_role_policy(RoleName=n, PolicyName="p1")),
          {"RoleName": n, "PolicyName": "p1", "PolicyDocument": POLICY})
    refused("DeleteConflict",
            "Cannot delete entity, must delete policies first.", 409,
            iam.delete_role, RoleName=n)
    iam.delete_role_policy(RoleName=n, PolicyName="p1")
    text = "The role policy with name p1 cannot be found."
    for f in (iam.get_role_policy, iam.delete_role_policy):
        refused("NoSuchEntity", text, 404, f, RoleName=n, PolicyName="p1")
    iam.delete_role_policy(RoleName=n, PolicyName="p2")
    iam.delete_role(RoleName=n)


@case
def malformed_policies_are_refused():
    n, _ = role()
    good = POLICY["Statement"][0]

    def policy(**kw):
        statement = {k: v for k, v in dict(good, **kw).items() if v}
        return {"Version": "2012-10-17", "Statement": [statement]}
    for document, why in (
            ({}, "Policy document must be version 2012-10-17 or greater."),
            ({"Version": "2012-10-17"}, "Syntax errors in policy."),
            (dict(POLICY, Version="2008-10-17"),
             "Policy document must be version 2012-10-17 or greater."),
            (dict(POLICY, Version="2030-01-01"), "Syntax errors in policy."),
            (policy(Effect="Maybe"), "Syntax errors in policy."),
            (policy(Acton="x"), "Syntax errors in policy."),
            (policy(NotAction="s3:x"), "Syntax errors in policy."),
            (policy(Action=None), "Policy statement must contain actions."),
            (policy(Resource=None),
             "Policy statement must contain resources."),
            (policy(Principal="*"),
             "Policy document should not specify a principal."),
            (policy(Action="sqs"), "Actions/Conditions must be prefaced by "
             "a vendor, e.g., iam, sdb, ec2, etc."),
            (policy(Action="a:b:c"),
             "Actions/Condition can contain only one colon."),
            (policy(Action="a b:c"), "Vendor a b is not valid"),
            (policy(Resource="x"),
             'Resource x must be in ARN format or "*".'),
            ({"Version": "2012-10-17", "Statement": [good, good]},
             "Statement IDs (SID) in a single policy must be unique.")):
        text = json.dumps(document)
        refused("MalformedPolicyDocument", why, 400, iam.put_role_policy,
                RoleName=n, PolicyName="p", PolicyDocument=text)
        refused("MalformedPolicyDocument", why, 400, iam.create_policy,
                PolicyName="p", PolicyDocument=text)
    equal(iam.list_role_policies(RoleName=n)["PolicyNames"], [])


@case
def managed_policies():
    p = name("p")
    got = iam.create_policy(PolicyName=p, PolicyDocument=json.dumps(POLICY),
                            Path="/x/", Description="d")["Policy"]
    arn = "arn:aws:iam::%s:policy/x/%s" % (ACCOUNT, p)
    assert re.match(r"^ANPA[A-Z2-7]{17}$", got["PolicyId"])
    want = {"Arn": arn, "PolicyName": p, "PolicyId": got["PolicyId"],
            "Path": "/x/", "AttachmentCount": 0, "DefaultVersionId": "v1",
            "IsAttachable": True, "PermissionsBoundaryUsageCount": 0,
            "CreateDate": got["CreateDate"], "UpdateDate": got["UpdateDate"]}
    equal(got, want)
    equal(iam.get_policy(PolicyArn=arn)["Policy"],
          dict(want, Description="d"))
    refused("EntityAlreadyExists", "A policy called %s already exists. "
            "Duplicate names are not allowed." % p, 409, iam.create_policy,
            PolicyName=p, PolicyDocument=json.dumps(POLICY))
    version = iam.get_policy_version(PolicyArn=arn, VersionId="v1")
    equal(version["PolicyVersion"]["Document"], POLICY)
    equal(version["PolicyVersion"]["IsDefaultVersion"], True)
    newer = dict(POLICY, Id="newer")
    got = iam.create_policy_version(
        PolicyArn=arn, PolicyDocument=json.dumps(newer),
        SetAsDefault=True)["PolicyVersion"]
    equal((got["VersionId"], got["IsDefaultVersion"]), ("v2", True))
    equal([(v["VersionId"], v["IsDefaultVersion"]) for v in
           iam.list_policy_versions(PolicyArn=arn)["Versions"]],
          [("v2", True), ("v1", False)])
    iam.set_default_policy_version(PolicyArn=arn, VersionId="v1")
    equal(iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"], "v1")
    refused("DeleteConflict", "Cannot delete the default version of a "
            "policy.", 409, iam.delete_policy_version, PolicyArn=arn,
            VersionId="v1")
    refused("DeleteConflict", None, 409, iam.delete_policy, PolicyArn=arn)
    iam.delete_policy_version(PolicyArn=arn, VersionId="v2")
    refused("NoSuchEntity", "Policy %s version v2 does not exist or is not "
            "attachable." % arn, 404, iam.get_policy_version, PolicyArn=arn,
            VersionId="v2")
    assert arn in [q["Arn"] for q in iam.list_policies(
        Scope="Local")["Policies"]]
    iam.delete_policy(PolicyArn=arn)
    for f in (iam.get_policy, iam.delete_policy):
        refused("NoSuchEntity", "Policy %s was not found." % arn, 404, f,
                PolicyArn=arn)


@case
def policies_are_attached():
    aws = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
    arn = iam.create_policy(
        PolicyName=name("p"),
        PolicyDocument=json.dumps(POLICY))["Policy"]["Arn"]
    for (n, _), kw, attach, detach, listing, delete in (
            (role(), "RoleName", iam.attach_role_policy,
             iam.detach_role_policy, iam.list_attached_role_policies,
             iam.delete_role),
            (user(), "UserName", iam.attach_user_policy,
             iam.detach_user_policy, iam.list_attached_user_policies,
             iam.delete_user)):
        who = {kw: n}
        refused("ValidationError", "Invalid ARN:  Could not be parsed!",
                400, attach, PolicyArn="longpolicynamebutnoarn-aaaa", **who)
        refused("NoSuchEntity", "Policy %s123 does not exist or is not "
                "attachable." % arn, 404, attach, PolicyArn=arn + "123",
                **who)
        attach(PolicyArn=arn, **who)
        attach(PolicyArn=arn, **who)
        attach(PolicyArn=aws, **who)
        equal(sorted(p["PolicyArn"] for p in
                     listing(**who)["AttachedPolicies"]), sorted([arn, aws]))
        equal(iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"], 1)
        refused("DeleteConflict",
                "Cannot delete a policy attached to entities.", 409,
                iam.delete_policy, PolicyArn=arn)
        refused("DeleteConflict",
                "Cannot delete entity, must detach all policies first.", 409,
                delete, **who)
        detach(PolicyArn=arn, **who)
        detach(PolicyArn=aws, **who)
        refused("NoSuchEntity", "Policy %s was not found." % arn, 404,
                detach, PolicyArn=arn, **who)
        delete(**who)
    iam.delete_policy(PolicyArn=arn)


@case
def users():
    n, got = user(Path="/x/")
    equal({k: v for k, v in got.items() if k not in (
        "UserId", "CreateDate")}, {
            "UserName": n, "Path": "/x/",
            "Arn": "arn:aws:iam::%s:user/x/%s" % (ACCOUNT, n)})
    equal(iam.get_user(UserName=n)["User"], got)
    assert n in [u["UserName"] for u in iam.list_users(
        PathPrefix="/x/")["Users"]]
    refused("EntityAlreadyExists", "User with name %s already exists." % n,
            409, iam.create_user, UserName=n)
    iam.put_user_policy(UserName=n, PolicyName="p",
                        PolicyDocument=json.dumps(POLICY))
    equal(plain(iam.get_user_policy(UserName=n, PolicyName="p")),
          {"UserName": n, "PolicyName": "p", "PolicyDocument": POLICY})
    equal(iam.list_user_policies(UserName=n)["PolicyNames"], ["p"])
    iam.delete_user_policy(UserName=n, PolicyName="p")
    iam.delete_user(UserName=n)
    refused("NoSuchEntity", "The user with name %s cannot be found." % n,
            404, iam.get_user, UserName=n)
    refused("ValidationError", "The specified value for userName is "
            "invalid. It must contain only alphanumeric characters and/or "
            "the following: +=,.@_-", 400, iam.create_user, UserName="a b")


def as_user(key):
    return boto3.client(
        "sts", endpoint_url=peer.ENDPOINT, region_name=peer.REGION,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"])


def shut_out(key):
    try:
        as_user(key).get_caller_identity()
    except ClientError as e:
        equal(e.response["Error"]["Code"], "InvalidClientTokenId")
        return
    raise AssertionError("let in")


@case
def access_keys_let_in():
    n, who = user()
    key = iam.create_access_key(UserName=n)["AccessKey"]
    assert re.match(r"^AKIA[A-Z2-7]{16}$", key["AccessKeyId"])
    equal((key["UserName"], key["Status"]), (n, "Active"))
    got = as_user(key).get_caller_identity()
    equal((got["Arn"], got["UserId"], got["Account"]),
          (who["Arn"], who["UserId"], ACCOUNT))
    own = boto3.client(
        "iam", endpoint_url=peer.ENDPOINT, region_name=peer.REGION,
        aws_access_key_id=key["AccessKeyId"],
        aws_secret_access_key=key["SecretAccessKey"])
    equal(own.get_user()["User"]["UserName"], n)
    iam.update_access_key(UserName=n, AccessKeyId=key["AccessKeyId"],
                          Status="Inactive")
    shut_out(key)
    iam.update_access_key(UserName=n, AccessKeyId=key["AccessKeyId"],
                          Status="Active")
    as_user(key).get_caller_identity()
    iam.create_access_key(UserName=n)
    refused("LimitExceeded",
            "Cannot exceed quota for AccessKeysPerUser: 2", 409,
            iam.create_access_key, UserName=n)
    listed = iam.list_access_keys(UserName=n)["AccessKeyMetadata"]
    equal(len(listed), 2)
    refused("DeleteConflict",
            "Cannot delete entity, must delete access keys first.", 409,
            iam.delete_user, UserName=n)
    for k in listed:
        iam.delete_access_key(UserName=n, AccessKeyId=k["AccessKeyId"])
    shut_out(key)
    refused("NoSuchEntity", "The Access Key with id %s cannot be found."
            % key["AccessKeyId"], 404, iam.delete_access_key, UserName=n,
            AccessKeyId=key["AccessKeyId"])
    iam.delete_user(UserName=n)


@case
def a_role_is_assumed():
    n, got = role({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": ACCOUNT},
         "Action": "sts:AssumeRole"}]})
    session = sts.assume_role(RoleArn=got["Arn"], RoleSessionName="me")
    equal(session["AssumedRoleUser"]["Arn"],
          "arn:aws:sts::%s:assumed-role/%s/me" % (ACCOUNT, n))
    refused("AccessDenied", None, 403, sts.assume_role,
            RoleArn=got["Arn"] + "x", RoleSessionName="me")


if __name__ == "__main__":
    sys.exit(main())
