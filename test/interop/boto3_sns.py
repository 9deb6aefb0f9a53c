#!/usr/bin/env python3
"""Every operation of SNS through boto3, results asserted.

usage: boto3_sns.py ENDPOINT [NAME...]

LUNAD_MAIL: the folder of lunad's Maildirs; without it the cases that read
mail are left out.
"""
import base64
import email
import email.policy
import hashlib
import http.server
import json
import os
import pathlib
import re
import sys
import threading
import time
import urllib.error
import urllib.request

from botocore.exceptions import ClientError

from peer import (REGION, case, client, clock, equal, main, name, pass_time,
                  plain, refused)

sns = client("sns")
sqs = client("sqs")
ACCOUNT = "000000000000"
MAIL = os.environ.get("LUNAD_MAIL")
UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
NO_TOPIC = ("NotFound", "Topic does not exist", 404)
RETRY = {
    "minDelayTarget": 20, "maxDelayTarget": 20, "numRetries": 3,
    "numMaxDelayRetries": 0, "numNoDelayRetries": 0,
    "numMinDelayRetries": 0, "backoffFunction": "linear"}


def invalid(text, function, **kw):
    return refused("InvalidParameter", text, 400, function, **kw)


def topic(fifo=False, **attributes):
    n = name("t") + (".fifo" if fifo else "")
    if fifo:
        attributes["FifoTopic"] = "true"
    return sns.create_topic(Name=n, Attributes=attributes)["TopicArn"]


def queue(fifo=False, **attributes):
    n = name("q") + (".fifo" if fifo else "")
    if fifo:
        attributes["FifoQueue"] = "true"
    url = sqs.create_queue(QueueName=n, Attributes=attributes)["QueueUrl"]
    return url, "arn:aws:sqs:%s:%s:%s" % (REGION, ACCOUNT, n)


def subscribe(topic_arn, endpoint, protocol="sqs", **attributes):
    return sns.subscribe(
        TopicArn=topic_arn, Protocol=protocol, Endpoint=endpoint,
        Attributes=attributes, ReturnSubscriptionArn=True)["SubscriptionArn"]


def attributes_of(subscription):
    return sns.get_subscription_attributes(
        SubscriptionArn=subscription)["Attributes"]


def topic_attributes(arn):
    return sns.get_topic_attributes(TopicArn=arn)["Attributes"]


def take(url):
    """All messages of a queue, removed from it."""
    out = []
    while True:
        got = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"],
            MessageAttributeNames=["All"]).get("Messages", [])
        if not got:
            return out
        out += got
        for m in got:
            sqs.delete_message(
                QueueUrl=url, ReceiptHandle=m["ReceiptHandle"])


def bodies(url):
    return [json.loads(m["Body"]) for m in take(url)]


def string(value):
    return {"DataType": "String", "StringValue": value}


def number(value):
    return {"DataType": "Number", "StringValue": value}


def needs_mail(function):
    if MAIL:
        return case(function)
    print("left out (LUNAD_MAIL is not set):", function.__name__)
    return function


def mails(address, count=1):
    """The mails of an address, oldest first, once there are that many."""
    folder = pathlib.Path(MAIL) / address / "new"
    until = time.time() + 10
    while True:
        files = sorted(folder.glob("*"), key=lambda f: int(
            f.name.split(".")[1])) if folder.is_dir() else []
        if len(files) >= count:
            return [email.message_from_bytes(
                f.read_bytes(), policy=email.policy.default) for f in files]
        assert time.time() < until, "%d of %d mails" % (len(files), count)
        time.sleep(0.02)


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


class Listener:
    """An HTTP endpoint that keeps what is posted to it."""

    def __init__(self, status=200):
        self.posts, self.status = [], status
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                length = int(self.headers.get("Content-Length", 0))
                outer.posts.append(
                    (dict(self.headers.items()), self.rfile.read(length)))
                self.send_response(outer.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(
            ("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/hook" % self.server.server_port
        threading.Thread(
            target=self.server.serve_forever, daemon=True).start()

    def wait(self, count):
        until = time.time() + 10
        while len(self.posts) < count:
            assert time.time() < until, "%d of %d posts" % (
                len(self.posts), count)
            time.sleep(0.02)
        return [(h, json.loads(b) if b[:1] == b"{" else b)
                for h, b in self.posts]


@case
def topics_are_made_once():
    n = name("t")
    arn = sns.create_topic(Name=n, Attributes={"DisplayName": "A"},
                           Tags=[{"Key": "a", "Value": "1"},
                                 {"Key": "b", "Value": "2"}])["TopicArn"]
    equal(arn, "arn:aws:sns:%s:%s:%s" % (REGION, ACCOUNT, n))
    equal(sns.create_topic(Name=n)["TopicArn"], arn)
    equal(sns.create_topic(Name=n, Attributes={"DisplayName": "A"},
                           Tags=[{"Key": "a", "Value": "1"}])["TopicArn"], arn)
    other = ("Invalid parameter: Attributes Reason: Topic already exists with "
             "different attributes")
    invalid(other, sns.create_topic, Name=n, Attributes={"DisplayName": "B"})
    invalid(other, sns.create_topic, Name=n, Attributes={
        "DisplayName": "A", "SignatureVersion": "2"})
    invalid("Invalid parameter: Tags Reason: Topic already exists with "
            "different tags", sns.create_topic, Name=n,
            Tags=[{"Key": "c", "Value": "3"}])
    invalid("Invalid parameter: Topic Name", sns.create_topic, Name=n,
            Attributes={"FifoTopic": "true"})
    listed = [t["TopicArn"] for p in sns.get_paginator(
        "list_topics").paginate() for t in p["Topics"]]
    assert arn in listed
    sns.delete_topic(TopicArn=arn)
    sns.delete_topic(TopicArn=arn)
    refused(*NO_TOPIC, sns.get_topic_attributes, TopicArn=arn)


@case
def topic_names():
    sns.create_topic(Name="a" * 256)
    for bad in ("", "a" * 257, "a.b", "a b", "a/b", "a:b", "a#b", "a@b",
                "a+b", "a,b", "x.fifo"):
        invalid("Invalid parameter: Topic Name", sns.create_topic, Name=bad)
    invalid("Invalid parameter: Topic Name", sns.create_topic, Name="x",
            Attributes={"FifoTopic": "true"})


@case
def topic_attributes_as_aws_shows_them():
    arn = topic()
    got = topic_attributes(arn)
    equal(sorted(got), sorted([
        "TopicArn", "Owner", "Policy", "DisplayName",
        "EffectiveDeliveryPolicy", "SubscriptionsConfirmed",
        "SubscriptionsPending", "SubscriptionsDeleted"]))
    equal(json.loads(got["EffectiveDeliveryPolicy"]), {"http": {
        "defaultHealthyRetryPolicy": RETRY,
        "disableSubscriptionOverrides": False,
        "defaultRequestPolicy": {
            "headerContentType": "text/plain; charset=UTF-8"}}})
    equal(json.loads(got["Policy"])["Statement"][0]["Sid"],
          "__default_statement_ID")
    fifo = topic_attributes(topic(fifo=True, SignatureVersion="2"))
    equal((fifo["FifoTopic"], fifo["ContentBasedDeduplication"],
           fifo["SignatureVersion"]), ("true", "false", "2"))
    assert "FifoTopic" not in topic_attributes(topic(FifoTopic="false"))
    sns.set_topic_attributes(TopicArn=arn, AttributeName="KmsMasterKeyId",
                             AttributeValue="alias/aws/sns")
    sns.set_topic_attributes(TopicArn=arn, AttributeName="DisplayName",
                             AttributeValue="Shown")
    got = topic_attributes(arn)
    equal((got["KmsMasterKeyId"], got["DisplayName"]),
          ("alias/aws/sns", "Shown"))
    for n in ("FifoTopic", "Nonsense", "TopicArn"):
        invalid("Invalid parameter: AttributeName", sns.set_topic_attributes,
                TopicArn=arn, AttributeName=n, AttributeValue="false")


@case
def delivery_policies_of_topics():
    def shown(value):
        sns.set_topic_attributes(TopicArn=arn, AttributeName="DeliveryPolicy",
                                 AttributeValue=value)
        got = topic_attributes(arn)
        return (json.loads(got["DeliveryPolicy"])["http"]
                if "DeliveryPolicy" in got else None,
                json.loads(got["EffectiveDeliveryPolicy"])["http"])

    arn = topic()
    own, whole = shown(json.dumps({"http": {"defaultRequestPolicy": {
        "headerContentType": "application/json"}}}))
    equal(own, {"disableSubscriptionOverrides": False, "defaultRequestPolicy":
                {"headerContentType": "application/json"}})
    equal(whole["defaultRequestPolicy"],
          {"headerContentType": "application/json"})
    few = {"minDelayTarget": 5, "maxDelayTarget": 6, "numRetries": 1}
    own, whole = shown(json.dumps(
        {"http": {"defaultHealthyRetryPolicy": few}}))
    equal(own, {"defaultHealthyRetryPolicy": few,
                "disableSubscriptionOverrides": False})
    equal(whole["defaultHealthyRetryPolicy"], {**RETRY, **few})
    own, _ = shown(json.dumps({"http": {"defaultHealthyRetryPolicy": None}}))
    equal(own, {"disableSubscriptionOverrides": False})
    own, whole = shown("")
    equal((own, whole["defaultHealthyRetryPolicy"]), (None, RETRY))


@case
def tags():
    arn = sns.create_topic(Name=name("t"))["TopicArn"]
    sns.tag_resource(ResourceArn=arn, Tags=[
        {"Key": "k1", "Value": "v1"}, {"Key": "k2", "Value": "v2"}])
    invalid("Invalid parameter: Duplicated keys are not allowed.",
            sns.tag_resource, ResourceArn=arn, Tags=[
                {"Key": "k", "Value": "1"}, {"Key": "k", "Value": "2"}])
    sns.untag_resource(ResourceArn=arn, TagKeys=["k1"])
    sns.tag_resource(
        ResourceArn=arn, Tags=[{"Key": "k2", "Value": "v2b"}])
    equal(sns.list_tags_for_resource(ResourceArn=arn)["Tags"],
          [{"Key": "k2", "Value": "v2b"}])
    n = arn.split(":")[-1]
    sns.delete_topic(TopicArn=arn)
    refused("ResourceNotFound", None, 404, sns.list_tags_for_resource,
            ResourceArn=arn)
    sns.create_topic(Name=n)
    equal(sns.list_tags_for_resource(ResourceArn=arn)["Tags"], [])


@case
def permissions():
    arn = topic()
    sns.add_permission(TopicArn=arn, Label="test", ActionName=["Publish"],
                       AWSAccountId=["111122223333"])
    sns.add_permission(TopicArn=arn, Label="more",
                       ActionName=["Publish", "Subscribe"],
                       AWSAccountId=["111122223333"])
    policy = json.loads(topic_attributes(arn)["Policy"])
    equal(policy["Statement"][1:], [
        {"Sid": "test", "Effect": "Allow", "Action": "SNS:Publish",
         "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
         "Resource": arn},
        {"Sid": "more", "Effect": "Allow",
         "Action": ["SNS:Publish", "SNS:Subscribe"],
         "Principal": {"AWS": "arn:aws:iam::111122223333:root"},
         "Resource": arn}])
    kw = dict(TopicArn=arn, ActionName=["Publish"],
              AWSAccountId=["111122223333"])
    invalid("Invalid parameter: Statement already exists",
            sns.add_permission, Label="test", **kw)
    kw["ActionName"] = ["NotOne"]
    invalid("Invalid parameter: Policy statement action out of service scope!",
            sns.add_permission, Label="x", **kw)
    sns.remove_permission(TopicArn=arn, Label="test")
    sns.remove_permission(TopicArn=arn, Label="more")
    sns.remove_permission(TopicArn=arn, Label="never")
    equal(len(json.loads(topic_attributes(arn)["Policy"])["Statement"]), 1)
    refused(*NO_TOPIC, sns.remove_permission, TopicArn=arn + "x", Label="l")
    sns.set_topic_attributes(
        TopicArn=arn, AttributeName="Policy",
        AttributeValue='{"Version":"2012-10-17","Statement":[]}')
    equal(topic_attributes(arn)["Policy"],
          '{"Version":"2012-10-17","Statement":[]}')
    invalid("Invalid parameter: Policy Error: null", sns.set_topic_attributes,
            TopicArn=arn, AttributeName="Policy", AttributeValue="nonsense")


@case
def data_protection_policies():
    arn = topic()
    sns.put_data_protection_policy(
        ResourceArn=arn, DataProtectionPolicy='{"Name":"p"}')
    equal(sns.get_data_protection_policy(
        ResourceArn=arn)["DataProtectionPolicy"], '{"Name":"p"}')


@case
def arns_are_checked():
    few = "Invalid parameter: %s Reason: An ARN must have at least 6 " \
        "elements, not %d"
    for arn, n in (("randomstring", 1), ("randomstring:1", 2), ("", 1)):
        invalid(few % ("TopicArn", n), sns.publish, TopicArn=arn, Message="m")
        invalid(few % ("TopicArn", n), sns.get_topic_attributes, TopicArn=arn)
    elsewhere = topic().replace(REGION, "eu-central-1")
    for function, kw in (
            (sns.publish, {"Message": "m"}), (sns.get_topic_attributes, {}),
            (sns.delete_topic, {}), (sns.list_subscriptions_by_topic, {}),
            (sns.publish_batch, {"PublishBatchRequestEntries": [
                {"Id": "1", "Message": "m"}]}),
            (sns.subscribe, {"Protocol": "sqs", "Endpoint": "x"})):
        invalid("Invalid parameter: TopicArn", function, TopicArn=elsewhere,
                **kw)
    other = client("sns", region="eu-central-1")
    refused(*NO_TOPIC, other.publish, TopicArn=elsewhere, Message="m")
    refused(*NO_TOPIC, sns.publish, TopicArn=topic() + "x", Message="m")
    invalid("Invalid parameter: TargetArn Reason: No endpoint found for the "
            "target arn specified", sns.publish, Message="m",
            TargetArn="arn:aws:sns:us-east-1:%s:endpoint/GCM/a/b" % ACCOUNT)
    url, q = queue()
    t = topic()
    subscribe(t, q)
    sns.publish(TargetArn=t, Message="by target")
    equal([b["Message"] for b in bodies(url)], ["by target"])


@case
def text_messages_are_refused():
    invalid("Invalid parameter: PhoneNumber Reason: NAA+15551234567 is not "
            "valid to publish to", sns.publish, PhoneNumber="NAA+15551234567",
            Message="m")
    refused("AuthorizationError", None, 403, sns.publish,
            PhoneNumber="+15551234567", Message="m")


@case
def subscriptions_to_queues():
    t = topic()
    _, q = queue()
    s = sns.subscribe(TopicArn=t, Protocol="sqs", Endpoint=q)[
        "SubscriptionArn"]
    assert s.startswith(t + ":") and UUID.match(s.split(":")[-1]), s
    got = attributes_of(s)
    principal = got.pop("SubscriptionPrincipal")
    assert principal.startswith("arn:aws:iam::"), principal
    equal(got, {
        "ConfirmationWasAuthenticated": "true", "Endpoint": q,
        "Owner": ACCOUNT, "PendingConfirmation": "false", "Protocol": "sqs",
        "RawMessageDelivery": "false", "SubscriptionArn": s, "TopicArn": t})
    equal(sns.subscribe(TopicArn=t, Protocol="sqs", Endpoint=q)[
        "SubscriptionArn"], s)
    equal(sns.subscribe(TopicArn=t, Protocol="sqs", Endpoint=q, Attributes={
        "RawMessageDelivery": "false"})["SubscriptionArn"], s)
    invalid("Invalid parameter: Attributes Reason: Subscription already "
            "exists with different attributes", sns.subscribe, TopicArn=t,
            Protocol="sqs", Endpoint=q,
            Attributes={"RawMessageDelivery": "true"})
    entry = {"Endpoint": q, "Owner": ACCOUNT, "Protocol": "sqs",
             "SubscriptionArn": s, "TopicArn": t}
    equal(sns.list_subscriptions_by_topic(TopicArn=t)["Subscriptions"],
          [entry])
    everything = [x for p in sns.get_paginator(
        "list_subscriptions").paginate() for x in p["Subscriptions"]]
    assert entry in everything
    equal(topic_attributes(t)["SubscriptionsConfirmed"], "1")
    sns.unsubscribe(SubscriptionArn=s)
    sns.unsubscribe(SubscriptionArn=s)
    equal(sns.list_subscriptions_by_topic(TopicArn=t)["Subscriptions"], [])
    refused("NotFound", "Subscription does not exist", 404,
            sns.get_subscription_attributes, SubscriptionArn=s)
    got = topic_attributes(t)
    equal((got["SubscriptionsConfirmed"], got["SubscriptionsDeleted"]),
          ("0", "1"))


@case
def what_subscribe_refuses():
    t = topic()
    invalid("Invalid parameter: Amazon SNS does not support this protocol "
            "string: test-protocol", sns.subscribe, TopicArn=t,
            Protocol="test-protocol", Endpoint="x")
    for bad in ("http://127.0.0.1/queue", "arn:aws:s3:::bucket", "arn:aws:"):
        invalid("Invalid parameter: SQS endpoint ARN", sns.subscribe,
                TopicArn=t, Protocol="sqs", Endpoint=bad)
    invalid("Invalid parameter: Invalid parameter: Endpoint Reason: FIFO SQS "
            "Queues can not be subscribed to standard SNS topics",
            sns.subscribe, TopicArn=t, Protocol="sqs",
            Endpoint="arn:aws:sqs:us-east-1:%s:q.fifo" % ACCOUNT)
    for bad in ("NAA+15551234567", "+15--551234567", "+15551234567.",
                "/+15551234567", "invalid-number"):
        invalid("Invalid SMS endpoint: " + bad, sns.subscribe, TopicArn=t,
                Protocol="sms", Endpoint=bad)
    for good in ("+15551234567", "+15/55-123.4567"):
        assert sns.subscribe(TopicArn=t, Protocol="sms", Endpoint=good)[
            "SubscriptionArn"].startswith(t)
    for bad in ("nobody", "a b@example.com", "a@b@c.org", "@example.com",
                "ada@example.com\r\nBcc: eve@example.com"):
        invalid("Invalid parameter: Email address", sns.subscribe, TopicArn=t,
                Protocol="email", Endpoint=bad)
    invalid("Invalid parameter: Endpoint must match the specified protocol",
            sns.subscribe, TopicArn=t, Protocol="https",
            Endpoint="http://example.com/")
    refused(*NO_TOPIC, sns.subscribe, TopicArn=t + "x", Protocol="sqs",
            Endpoint=queue()[1])
    unknown = "arn:aws:sqs:us-east-1:%s:not-there" % ACCOUNT
    assert subscribe(t, unknown).startswith(t)


@case
def what_unsubscribe_refuses():
    few = "Invalid parameter: SubscriptionArn Reason: An ARN must have at " \
        "least 6 elements, not %d"
    t = topic()
    for bad, text in (
            ("randomstring", few % 1), ("arn:aws:sns:us-east-1:random",
                                        few % 5),
            (t, "Invalid parameter: SubscriptionId"),
            ("", "Invalid parameter: SubscriptionArn Reason: no value for "
             "required parameter")):
        invalid(text, sns.unsubscribe, SubscriptionArn=bad)
    sns.unsubscribe(
        SubscriptionArn=t + ":4e3dd9ac-2c0b-4f4c-9b7a-0f3d0b1f0a11")


@case
def attributes_of_subscriptions():
    t = topic()
    url, q = queue()
    s = subscribe(t, q)

    def set_(n, value):
        sns.set_subscription_attributes(
            SubscriptionArn=s, AttributeName=n, AttributeValue=value)

    def bad(n, value, text):
        invalid("Invalid parameter: " + text, sns.set_subscription_attributes,
                SubscriptionArn=s, AttributeName=n, AttributeValue=value)

    bad("FakeAttribute", "x", "AttributeName")
    for value in ("test-ValUe", ""):
        bad("RawMessageDelivery", value, "RawMessageDelivery: Invalid value "
            "[%s]. Must be true or false." % value)
    bad("RedrivePolicy", json.dumps({"deadLetterTargetArn": "fake-arn"}),
        "RedrivePolicy: deadLetterTargetArn is an invalid arn")
    json_error = (
        "%s: failed to parse JSON. Unexpected character ('i' (code 105)): was "
        "expecting double-quote to start field name\n at [Source: REDACTED "
        "(`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: 1, "
        "column: 2]")
    bad("RedrivePolicy", "{invalid}", json_error % "RedrivePolicy")
    bad("FilterPolicy", "{invalid}", json_error % "FilterPolicy")
    bad("FilterPolicyScope", "RandomValue", "FilterPolicyScope: Invalid value "
        "[RandomValue]. Please use either MessageBody or MessageAttributes")
    bad("FilterPolicy", '{"a":{"b":["c"]}}', "Filter policy scope "
        "MessageAttributes does not support nested filter policy")
    bad("FilterPolicy", '{"key_a":"value_one"}', 'FilterPolicy: "key_a" must '
        'be an object or an array\n at [Source: (String)"{"key_a":'
        '"value_one"}"; line: 1, column: 11]')
    assert "FilterPolicyScope" not in attributes_of(s)
    set_("FilterPolicyScope", "MessageBody")
    assert "FilterPolicyScope" not in attributes_of(s)
    set_("FilterPolicy", '{"a":{"b":["c"]}}')
    got = attributes_of(s)
    equal((got["FilterPolicy"], got["FilterPolicyScope"]),
          ('{"a":{"b":["c"]}}', "MessageBody"))
    bad("FilterPolicyScope", "MessageAttributes", "Filter policy scope "
        "MessageAttributes does not support nested filter policy")
    set_("FilterPolicy", "")
    assert "FilterPolicy" not in attributes_of(s)
    set_("RawMessageDelivery", "true")
    equal(attributes_of(s)["RawMessageDelivery"], "true")
    invalid("Invalid parameter: Attributes Reason: RawMessageDelivery: "
            "Invalid value [wrongvalue]. Must be true or false.",
            sns.subscribe, TopicArn=t, Protocol="sqs", Endpoint=queue()[1],
            Attributes={"RawMessageDelivery": "wrongvalue"})
    invalid("Invalid parameter: Attributes Reason: FilterPolicy: Empty arrays "
            'are not allowed\n at [Source: (String)"{"key":[]}"; line: 1, '
            "column: 10]", sns.subscribe, TopicArn=t, Protocol="sqs",
            Endpoint=queue()[1], Attributes={"FilterPolicy": '{"key":[]}'})


@case
def subscriptions_outlive_their_topic():
    t = topic()
    s = subscribe(t, queue()[1], RawMessageDelivery="true")
    sns.delete_topic(TopicArn=t)
    equal(attributes_of(s)["RawMessageDelivery"], "true")
    sns.create_topic(Name=t.split(":")[-1])
    equal(sns.list_subscriptions_by_topic(TopicArn=t)["Subscriptions"], [])
    sns.unsubscribe(SubscriptionArn=s)


@case
def lists_have_pages():
    t = topic()
    want = {"+1555000%04d" % i for i in range(101)}
    for endpoint in want:
        sns.subscribe(TopicArn=t, Protocol="sms", Endpoint=endpoint)
    first = sns.list_subscriptions_by_topic(TopicArn=t)
    equal(len(first["Subscriptions"]), 100)
    rest = sns.list_subscriptions_by_topic(
        TopicArn=t, NextToken=first["NextToken"])
    equal(len(rest["Subscriptions"]), 1)
    assert "NextToken" not in rest
    equal({s["Endpoint"] for s in
           first["Subscriptions"] + rest["Subscriptions"]}, want)


def verify(body, version):
    """The signature of a notification, by its certificate."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric import padding

    status, pem = fetch(body["SigningCertURL"])
    equal(status, 200)
    keys = ["Message", "MessageId", "Subject", "SubscribeURL", "Timestamp",
            "Token", "TopicArn", "Type"]
    if body["Type"] == "Notification":
        keys = [k for k in keys if k not in ("SubscribeURL", "Token")]
    text = "".join("%s\n%s\n" % (k, body[k]) for k in keys if k in body)
    equal(body["SignatureVersion"], version)
    x509.load_pem_x509_certificate(pem.encode()).public_key().verify(
        base64.b64decode(body["Signature"]), text.encode(),
        padding.PKCS1v15(),
        hashes.SHA1() if version == "1" else hashes.SHA256())


@case
def notifications_in_queues():
    t = topic()
    url, q = queue()
    s = subscribe(t, q)
    sent = sns.publish(
        TopicArn=t, Message="ö§a1\"_!?,. £$-\n\u2028", Subject="Grüße",
        MessageAttributes={"attr1": number("99.12"), "attr2": {
            "DataType": "Binary", "BinaryValue": b"\x02\x03\x04"}})
    assert UUID.match(sent["MessageId"])
    assert "SequenceNumber" not in sent
    [m] = take(url)
    assert "MessageAttributes" not in m
    body = json.loads(m["Body"])
    equal(list(body), [
        "Type", "MessageId", "TopicArn", "Subject", "Message", "Timestamp",
        "SignatureVersion", "Signature", "SigningCertURL", "UnsubscribeURL",
        "MessageAttributes"])
    equal((body["Type"], body["MessageId"], body["TopicArn"],
           body["Subject"], body["Message"]),
          ("Notification", sent["MessageId"], t, "Grüße",
           "ö§a1\"_!?,. £$-\n\u2028"))
    assert re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$",
                    body["Timestamp"])
    assert body["UnsubscribeURL"].endswith(
        "/?Action=Unsubscribe&SubscriptionArn=" + s)
    equal(body["MessageAttributes"], {
        "attr1": {"Type": "Number", "Value": "99.12"},
        "attr2": {"Type": "Binary", "Value": "AgME"}})
    sns.publish(TopicArn=t, Message="plain")
    [body] = bodies(url)
    assert "Subject" not in body and "MessageAttributes" not in body


@case
def notifications_are_signed():
    for version in ("1", "2"):
        t = topic(SignatureVersion=version)
        url, q = queue()
        subscribe(t, q)
        sns.publish(TopicArn=t, Message="signed\n\"ö\"", Subject="s")
        sns.publish(TopicArn=t, Message="signed")
        for body in bodies(url):
            verify(body, version)
    forged = dict(body, Message="forged")
    try:
        verify(forged, "2")
    except Exception as e:
        equal(type(e).__name__, "InvalidSignature")
    else:
        raise AssertionError("a forged message passes")


@case
def raw_delivery():
    t = topic()
    url, q = queue()
    subscribe(t, q, RawMessageDelivery="true")
    sns.publish(TopicArn=t, Message="as it is", Subject="left out",
                MessageAttributes={"store": {
                    "DataType": "Binary", "BinaryValue": b"\x02\x03"},
                    "n": number("1")})
    [m] = take(url)
    equal(m["Body"], "as it is")
    equal(m["MessageAttributes"], {
        "store": {"DataType": "Binary", "BinaryValue": b"\x02\x03"},
        "n": number("1")})


@case
def message_groups_of_standard_topics():
    t = topic()
    url, q = queue()
    subscribe(t, q)
    sns.publish(TopicArn=t, Message="m", MessageGroupId="my-group-id-1")
    [m] = take(url)
    equal(m["Attributes"]["MessageGroupId"], "my-group-id-1")


@case
def structured_messages():
    t = topic()
    url, q = queue()
    subscribe(t, q)
    for structure, want in (
            ({"default": "d", "sqs": '{"field": "value"}'},
             '{"field": "value"}'), ({"default": "d"}, "d")):
        sns.publish(TopicArn=t, MessageStructure="json",
                    Message=json.dumps(structure))
        equal([b["Message"] for b in bodies(url)], [want])
    kw = dict(TopicArn=t, MessageStructure="json")
    lacks = ("Invalid parameter: Message Structure - No default entry in JSON "
             "message body")
    invalid(lacks, sns.publish, Message='{"sqs": "m"}', **kw)
    invalid(lacks, sns.publish, Message='{"default": {"a": "b"}}', **kw)
    invalid("Invalid parameter: Message Structure - JSON message body failed "
            "to parse", sns.publish, Message='{"default": "a"', **kw)
    sns.publish(Message='{"default": "a", "default": "b"}', **kw)
    equal([b["Message"] for b in bodies(url)], ["b"])


@case
def what_publish_refuses():
    t = topic()
    invalid("Invalid parameter: Empty message", sns.publish, TopicArn=t,
            Message="")
    for subject in ("", "x" * 101, "a\nb", "a\rb", "a\x07b"):
        invalid("Invalid parameter: Subject", sns.publish, TopicArn=t,
                Message="m", Subject=subject)
    sns.publish(TopicArn=t, Message="m", Subject="x" * 100)
    invalid("Invalid parameter: MessageDeduplicationId Reason: The request "
            "includes MessageDeduplicationId parameter that is not valid for "
            "this topic type", sns.publish, TopicArn=t, Message="m",
            MessageDeduplicationId="d")


@case
def sizes():
    t = topic()
    sns.publish(TopicArn=t, Message="x" * 262144)
    long = "Invalid parameter: Message too long"
    invalid(long, sns.publish, TopicArn=t, Message="x" * 262145)
    invalid(long, sns.publish, TopicArn=t, Message="x" * 262130,
            MessageAttributes={"attr": string("x" * 10)})
    entry = {"Message": "x" * 131072}
    sns.publish_batch(TopicArn=t, PublishBatchRequestEntries=[
        {"Id": "1", **entry}, {"Id": "2", **entry}])
    too_long = ("BatchRequestTooLong", "The length of all the messages put "
                "together is more than the limit.", 400)
    refused(*too_long, sns.publish_batch, TopicArn=t,
            PublishBatchRequestEntries=[
                {"Id": "1", **entry}, {"Id": "2", "Message": "x" * 131073}])
    refused(*too_long, sns.publish_batch, TopicArn=t,
            PublishBatchRequestEntries=[
                {"Id": "1", **entry}, {"Id": "2", **entry, "MessageAttributes":
                                       {"a": string("b")}}])
    assert "MaximumMessageSize" not in topic_attributes(t)
    sns.set_topic_attributes(TopicArn=t, AttributeName="MaximumMessageSize",
                             AttributeValue="1048576")
    equal(topic_attributes(t)["MaximumMessageSize"], "1048576")
    url, q = queue()
    subscribe(t, q, RawMessageDelivery="true")
    sns.publish(TopicArn=t, Message="x" * 1048576)
    equal(len(take(url)[0]["Body"]), 1048576)
    invalid(long, sns.publish, TopicArn=t, Message="x" * 1048577)


@case
def wrong_attributes():
    t = topic()
    kinds = (
        ({"attr1": {"DataType": "String", "StringValue": ""}},
         "The message attribute 'attr1' must contain non-empty message "
         "attribute value for message attribute type 'String'."),
        ({"attr1": {"DataType": "String"}},
         "The message attribute 'attr1' must contain non-empty message "
         "attribute value for message attribute type 'String'."),
        ({"attr1": {"DataType": "Binary", "BinaryValue": b""}},
         "The message attribute 'attr1' must contain non-empty message "
         "attribute value for message attribute type 'Binary'."),
        ({"attr1": {"DataType": "String", "BinaryValue": b"1"}},
         "The message attribute 'attr1' with type 'String' must use field "
         "'String'."),
        ({"attr1": {"DataType": "Number", "BinaryValue": b"1"}},
         "The message attribute 'attr1' with type 'Number' must use field "
         "'String'."),
        ({"attr1": {"DataType": "Binary", "StringValue": "1"}},
         "The message attribute 'attr1' with type 'Binary' must use field "
         "'Binary'."),
        ({"attr1": {"DataType": "InvalidType", "StringValue": "1"}},
         "The message attribute 'attr1' has an invalid message attribute "
         "type, the set of supported type prefixes is Binary, Number, and "
         "String."),
        ({"attr1": {"DataType": "prefixed.String", "StringValue": "1"}},
         "The message attribute 'attr1' has an invalid message attribute "
         "type, the set of supported type prefixes is Binary, Number, and "
         "String."),
        ({"a" * 257: string("1")},
         "Length of message attribute name must be less than 256 bytes."),
        ({"^attr": string("1")},
         "Invalid non-alphanumeric character '#x5E' was found in the message "
         "attribute name. Can only include alphanumeric characters, hyphens, "
         "underscores, or dots."),
        ({".attr": string("1")}, "Invalid message attribute name starting "
         "with character '.' was found."),
        ({"attr.": string("1")}, "Invalid message attribute name ending with "
         "character '.' was found."),
        ({"at..tr": string("1")},
         "Message attribute name can not have successive '.' character."))
    for attributes, text in kinds:
        refused("ParameterValueInvalid", text, 400, sns.publish, TopicArn=t,
                Message="m", MessageAttributes=attributes)
        refused("ParameterValueInvalid", text, 400, sns.publish_batch,
                TopicArn=t, PublishBatchRequestEntries=[
                    {"Id": "1", "Message": "m",
                     "MessageAttributes": attributes}])
    for ok in ("String.prefixed", "String.", "Number.int"):
        sns.publish(TopicArn=t, Message="m", MessageAttributes={
            "attr1": {"DataType": ok, "StringValue": "1"}})


@case
def batches():
    t = topic()
    url, q = queue()
    subscribe(t, q, RawMessageDelivery="true")
    got = sns.publish_batch(TopicArn=t, PublishBatchRequestEntries=[
        {"Id": str(i), "Message": "m%d" % i} for i in range(10)])
    equal([e["Id"] for e in got["Successful"]],
          [str(i) for i in range(10)])
    equal(got.get("Failed", []), [])
    assert all(set(e) == {"Id", "MessageId"} for e in got["Successful"])
    equal(sorted(m["Body"] for m in take(url)),
          ["m%d" % i for i in range(10)])

    def batch(*entries):
        return dict(TopicArn=t, PublishBatchRequestEntries=[
            {"Message": "m", **e} for e in entries])

    refused("TooManyEntriesInBatchRequest", "The batch request contains more "
            "entries than permissible.", 400, sns.publish_batch,
            **batch(*({"Id": str(i)} for i in range(11))))
    refused("BatchEntryIdsNotDistinct", "Two or more batch entries in the "
            "request have the same Id.", 400, sns.publish_batch,
            **batch({"Id": "1"}, {"Id": "1"}))
    for bad in ("message.id", "msg@123#test"):
        refused("InvalidBatchEntryId", "The Id of a batch entry in the batch "
                "request contains an impermissible character: " + bad, 400,
                sns.publish_batch, **batch({"Id": bad}))
    refused("InvalidBatchEntryId", "The Id of a batch entry in the batch "
            "request is too long: " + "a" * 81, 400, sns.publish_batch,
            **batch({"Id": "a" * 81}))
    sns.publish_batch(**batch({"Id": "a" * 80}, {"Id": "valid-id_1"}))
    refused(*NO_TOPIC, sns.publish_batch, **dict(
        batch({"Id": "1"}), TopicArn=t + "x"))
    invalid("Invalid parameter: Message Structure - No default entry in JSON "
            "message body", sns.publish_batch,
            **batch({"Id": "1", "Message": '{"a":"b"}',
                     "MessageStructure": "json"}))
    # One that is refused takes the others with it.
    take(url)
    invalid("Invalid parameter: Subject", sns.publish_batch,
            **batch({"Id": "1"}, {"Id": "2", "Subject": "a\nb"}))
    equal(take(url), [])


@case
def filtered_deliveries():
    t = topic()
    some, q1 = queue()
    whole, q2 = queue()
    subscribe(t, q1, RawMessageDelivery="true",
              FilterPolicy='{"attr1":[{"numeric":[">",0,"<=",100]}]}')
    subscribe(t, q2, RawMessageDelivery="true")
    for value in ("99", "111"):
        sns.publish_batch(TopicArn=t, PublishBatchRequestEntries=[{
            "Id": "1", "Message": value,
            "MessageAttributes": {"attr1": number(value)}}])
    equal([m["Body"] for m in take(some)], ["99"])
    equal(sorted(m["Body"] for m in take(whole)), ["111", "99"])
    body, q3 = queue()
    s = subscribe(t, q3, RawMessageDelivery="true",
                  FilterPolicyScope="MessageBody",
                  FilterPolicy='{"object":{"key":[{"prefix":"auto-"}]}}')
    for m in ('{"object":{"key":"auto-1"}}', '{"object":{"key":"x"}}', "text"):
        sns.publish(TopicArn=t, Message=m)
    equal([m["Body"] for m in take(body)], ['{"object":{"key":"auto-1"}}'])
    sns.set_subscription_attributes(
        SubscriptionArn=s, AttributeName="FilterPolicy",
        AttributeValue='{"object":{"key":["x"]}}')
    sns.publish(TopicArn=t, Message='{"object":{"key":"x"}}')
    equal([m["Body"] for m in take(body)], ['{"object":{"key":"x"}}'])


@case
def fifo_topics():
    t = topic(fifo=True)
    url, q = queue(fifo=True)
    s = subscribe(t, q)
    kw = dict(TopicArn=t, Message="Test")
    invalid("Invalid parameter: The MessageGroupId parameter is required for "
            "FIFO topics", sns.publish, **kw)
    kw["MessageGroupId"] = "group-1"
    lacks = ("Invalid parameter: The topic should either have "
             "ContentBasedDeduplication enabled or MessageDeduplicationId "
             "provided explicitly")
    invalid(lacks, sns.publish, **kw)
    invalid(lacks, sns.publish_batch, TopicArn=t, PublishBatchRequestEntries=[
        {"Id": "1", "Message": "m", "MessageGroupId": "g"}])
    first = sns.publish(MessageDeduplicationId="dedup-1", **kw)
    again = sns.publish(MessageDeduplicationId="dedup-1", **kw)
    equal(plain(first), plain(again))
    assert re.match(r"^\d{20}$", first["SequenceNumber"])
    [m] = take(url)
    equal((m["Attributes"]["MessageGroupId"],
           m["Attributes"]["MessageDeduplicationId"]),
          ("group-1", "dedup-1"))
    body = json.loads(m["Body"])
    equal(list(body), ["Type", "MessageId", "SequenceNumber", "TopicArn",
                       "Message", "Timestamp", "UnsubscribeURL"])
    equal((body["MessageId"], body["SequenceNumber"]),
          (first["MessageId"], first["SequenceNumber"]))
    pass_time(301)
    later = sns.publish(MessageDeduplicationId="dedup-1", **kw)
    assert later["SequenceNumber"] > first["SequenceNumber"]
    equal(len(take(url)), 1)
    invalid("Invalid parameter: RedrivePolicy: must use a FIFO queue as DLQ "
            "for a FIFO Subscription to a FIFO Topic.",
            sns.set_subscription_attributes, SubscriptionArn=s,
            AttributeName="RedrivePolicy", AttributeValue=json.dumps(
                {"deadLetterTargetArn": queue()[1]}))


@case
def fifo_deduplication_by_content():
    t = topic(fifo=True, ContentBasedDeduplication="true")
    fifo, q1 = queue(fifo=True)
    standard, q2 = queue()
    subscribe(t, q1, RawMessageDelivery="true")
    subscribe(t, q2)
    for _ in range(2):
        sns.publish(TopicArn=t, Message="Test", MessageGroupId="g")
    [m] = take(fifo)
    equal(m["Attributes"]["MessageDeduplicationId"],
          hashlib.sha256(b"Test").hexdigest())
    [m] = take(standard)
    assert "MessageGroupId" not in m["Attributes"]
    got = sns.publish_batch(TopicArn=t, PublishBatchRequestEntries=[
        {"Id": str(i), "Message": "m%d" % i, "MessageGroupId": "g"}
        for i in range(10)])["Successful"]
    numbers = [e["SequenceNumber"] for e in got]
    equal(numbers, sorted(numbers))
    equal([m["Body"] for m in take(fifo)], ["m%d" % i for i in range(10)])


@case
def fifo_deduplication_by_group():
    t = topic(fifo=True, FifoThroughputScope="MessageGroup")
    url, q = queue(fifo=True, DeduplicationScope="messageGroup",
                   FifoThroughputLimit="perMessageGroupId")
    subscribe(t, q, RawMessageDelivery="true")
    for group in ("a", "b", "a"):
        sns.publish(TopicArn=t, Message=group, MessageGroupId=group,
                    MessageDeduplicationId="same")
    equal(sorted(m["Body"] for m in take(url)), ["a", "b"])


@case
def dead_letters():
    for raw in ("true", "false"):
        t = topic()
        url, q = queue()
        dead, dlq = queue()
        subscribe(t, q, RawMessageDelivery=raw, RedrivePolicy=json.dumps(
            {"deadLetterTargetArn": dlq}))
        sns.publish(TopicArn=t, Message="before")
        equal(len(take(url)), 1)
        sqs.delete_queue(QueueUrl=url)
        sns.publish(TopicArn=t, Message="after",
                    MessageAttributes={"a": number("111")})
        [m] = take(dead)
        if raw == "true":
            equal((m["Body"], m["MessageAttributes"]),
                  ("after", {"a": number("111")}))
        else:
            equal(json.loads(m["Body"])["Message"], "after")


@case
def a_queue_that_refuses_keeps_none_from_others():
    t = topic()
    before, q1 = queue()
    small, q2 = queue(MaximumMessageSize="1024")
    after, q3 = queue()
    dead, dlq = queue()
    for q in (q1, q2, q3):
        subscribe(t, q, RawMessageDelivery="true", RedrivePolicy=json.dumps(
            {"deadLetterTargetArn": dlq}))
    sns.publish(TopicArn=t, Message="x" * 2000)
    equal([len(take(url)) for url in (before, small, after, dead)],
          [1, 0, 1, 1])


@case
def metrics():
    cw = client("cloudwatch")
    t = topic()
    url, q = queue()
    _, filtering = queue()
    subscribe(t, q)
    subscribe(t, filtering, FilterPolicy='{"a":["b"]}')
    subscribe(t, "arn:aws:sqs:us-east-1:%s:not-there" % ACCOUNT)
    sns.publish(TopicArn=t, Message="12345")
    sns.publish_batch(TopicArn=t, PublishBatchRequestEntries=[
        {"Id": str(i), "Message": "m"} for i in range(3)])
    now = clock()
    if now is None:
        return
    at = now["now"]
    pass_time(61)
    want = {"NumberOfMessagesPublished": 4,
            "NumberOfNotificationsDelivered": 4,
            "NumberOfNotificationsFilteredOut": 4,
            "NumberOfNotificationsFailed": 4, "PublishSize": 8}
    got = {}
    for n in want:
        points = cw.get_metric_statistics(
            Namespace="AWS/SNS", MetricName=n, Period=3600,
            Dimensions=[{"Name": "TopicName", "Value": t.split(":")[-1]}],
            StartTime=at[:11] + "00:00:00Z", EndTime=clock()["now"],
            Statistics=["Sum"])["Datapoints"]
        got[n] = sum(p["Sum"] for p in points)
    equal(got, want)


@case
def http_endpoints():
    listener = Listener()
    t = topic()
    equal(sns.subscribe(TopicArn=t, Protocol="http", Endpoint=listener.url)[
        "SubscriptionArn"], "pending confirmation")
    [(headers, body)] = listener.wait(1)
    equal(headers["x-amz-sns-message-type"], "SubscriptionConfirmation")
    equal(headers["x-amz-sns-topic-arn"], t)
    equal(headers["x-amz-sns-message-id"], body["MessageId"])
    equal(headers["User-Agent"], "Amazon Simple Notification Service Agent")
    equal(headers["Content-Type"], "text/plain; charset=UTF-8")
    equal(list(body), ["Type", "MessageId", "Token", "TopicArn", "Message",
                       "SubscribeURL", "Timestamp", "SignatureVersion",
                       "Signature", "SigningCertURL"])
    verify(body, "1")
    sns.publish(TopicArn=t, Message="too early")
    url = body["SubscribeURL"]
    for bad, word in ((url.replace(t, t + "x"), "Topic"),
                      (url.replace(body["Token"], "0" * len(body["Token"])),
                       "Token"),
                      (url.replace(REGION, "eu-west-1"), "Topic")):
        status, text = fetch(bad)
        equal(status, 400)
        assert "<Message>Invalid parameter: %s</Message>" % word in text, text
    status, text = fetch(url)
    equal(status, 200)
    s = re.search("<SubscriptionArn>(.*)</SubscriptionArn>", text).group(1)
    equal(fetch(url)[0], 200)
    got = attributes_of(s)
    equal((got["PendingConfirmation"], got["ConfirmationWasAuthenticated"]),
          ("false", "false"))
    sns.publish(TopicArn=t, Message="one", Subject="s")
    (headers, body) = listener.wait(2)[1]
    equal((headers["x-amz-sns-message-type"],
           headers["x-amz-sns-subscription-arn"], body["Message"]),
          ("Notification", s, "one"))
    assert "x-amz-sns-rawdelivery" not in headers
    verify(body, "1")
    sns.set_subscription_attributes(
        SubscriptionArn=s, AttributeName="RawMessageDelivery",
        AttributeValue="true")
    sns.set_subscription_attributes(
        SubscriptionArn=s, AttributeName="DeliveryPolicy",
        AttributeValue='{"requestPolicy":{"headerContentType":"text/csv"}}')
    equal(json.loads(attributes_of(s)["DeliveryPolicy"]), {
        "healthyRetryPolicy": None, "sicklyRetryPolicy": None,
        "throttlePolicy": None, "guaranteed": False,
        "requestPolicy": {"headerContentType": "text/csv"}})
    equal(json.loads(attributes_of(s)["EffectiveDeliveryPolicy"]), {
        "healthyRetryPolicy": RETRY, "sicklyRetryPolicy": None,
        "throttlePolicy": None, "guaranteed": False,
        "requestPolicy": {"headerContentType": "text/csv"}})
    sns.publish(TopicArn=t, Message="a,b")
    (headers, body) = listener.wait(3)[2]
    equal((headers["x-amz-sns-rawdelivery"], headers["Content-Type"], body),
          ("true", "text/csv", b"a,b"))
    # The way out, and back in.
    sns.unsubscribe(SubscriptionArn=s)
    (headers, body) = listener.wait(4)[3]
    equal((headers["x-amz-sns-message-type"], body["Type"]),
          ("UnsubscribeConfirmation", "UnsubscribeConfirmation"))
    verify(body, "1")
    equal(sns.list_subscriptions_by_topic(TopicArn=t)["Subscriptions"], [])
    equal(fetch(body["SubscribeURL"])[0], 200)
    equal(attributes_of(s)["PendingConfirmation"], "false")


@case
def http_retries_and_dead_letters():
    listener = Listener()
    t = topic()
    dead, dlq = queue()
    s = subscribe(t, listener.url, "http", RedrivePolicy=json.dumps(
        {"deadLetterTargetArn": dlq}))
    [(_, body)] = listener.wait(1)
    equal(sns.confirm_subscription(TopicArn=t, Token=body["Token"])[
        "SubscriptionArn"], s)
    listener.status = 500
    sns.publish(TopicArn=t, Message="again")
    listener.wait(2)
    if clock() is None:
        return
    for tries in (3, 4, 5):
        equal(take(dead), [])
        until = time.time() + 10
        while len(listener.posts) < tries and time.time() < until:
            clock(advance="20s")
            time.sleep(0.05)
        listener.wait(tries)
    until = time.time() + 10
    got = []
    while not got and time.time() < until:
        clock(advance="1s")
        got = bodies(dead)
    equal([b["Message"] for b in got], ["again"])
    equal(len(listener.posts), 5)
    # A client's error is not tried again.
    listener.status = 404
    sns.publish(TopicArn=t, Message="never")
    listener.wait(6)
    until = time.time() + 10
    got = []
    while not got and time.time() < until:
        clock(advance="1s")
        got = bodies(dead)
    equal(([b["Message"] for b in got], len(listener.posts)), (["never"], 6))


@case
def confirmation_tokens():
    t = topic()
    kw = dict(TopicArn=t)
    invalid("Invalid token", sns.confirm_subscription, Token="random", **kw)
    invalid("Invalid parameter: Token", sns.confirm_subscription,
            Token="0" * 104, **kw)


@needs_mail
def mail_subscriptions():
    t = topic(DisplayName="Lottery")
    address = name("ada") + "@example.com"
    equal(sns.subscribe(TopicArn=t, Protocol="email", Endpoint=address)[
        "SubscriptionArn"], "pending confirmation")
    [listed] = sns.list_subscriptions_by_topic(TopicArn=t)["Subscriptions"]
    equal(listed["SubscriptionArn"], "PendingConfirmation")
    equal(topic_attributes(t)["SubscriptionsPending"], "1")
    [m] = mails(address)
    equal(m["From"], "Lottery <no-reply@sns.amazonaws.com>")
    equal((m["To"], m["Subject"]),
          (address, "AWS Notification - Subscription Confirmation"))
    link = re.search(r"^http://\S+Action=ConfirmSubscription\S+$",
                     m.get_content(), re.M).group(0)
    sns.publish(TopicArn=t, Message="too early")
    status, text = fetch(link)
    equal(status, 200)
    s = re.search("<SubscriptionArn>(.*)</SubscriptionArn>", text).group(1)
    sns.publish(TopicArn=t, Message="Zahlen: 1 2 3 – Glück", Subject="Grüße")
    sns.publish(TopicArn=t, Message="no subject")
    _, one, two = mails(address, 3)
    equal((one["Subject"], two["Subject"]),
          ("Grüße", "AWS Notification Message"))
    text = one.get_content()
    assert text.startswith("Zahlen: 1 2 3 – Glück\n\n--\n"), text
    assert one["Date"] and one["Message-ID"] and one["MIME-Version"] == "1.0"
    assert one["Message-ID"] != two["Message-ID"]
    leave = re.search(r"^http://\S+Action=Unsubscribe\S+$", text,
                      re.M).group(0)
    assert leave.endswith(s), leave
    equal(fetch(leave)[0], 200)
    sns.publish(TopicArn=t, Message="gone")
    pass_time(1)
    equal(len(mails(address)), 3)


@needs_mail
def mail_in_json():
    t = topic()
    address = name("bot") + "@example.com"
    subscribe(t, address, "email-json")
    [m] = mails(address)
    body = json.loads(m.get_content())
    verify(body, "1")
    equal(fetch(body["SubscribeURL"])[0], 200)
    sns.publish(TopicArn=t, Message="m", MessageAttributes={"a": string("b")})
    body = json.loads(mails(address, 2)[1].get_content())
    verify(body, "1")
    equal(body["MessageAttributes"], {"a": {"Type": "String", "Value": "b"}})


@needs_mail
def mail_tokens_end():
    t = topic()
    address = name("late") + "@example.com"
    subscribe(t, address, "email")
    link = re.search(r"^http\S+", mails(address)[0].get_content(),
                     re.M).group(0)
    if clock(advance="49h") is None:
        return
    equal(fetch(link)[0], 400)
    # Subscribing again sends another.
    subscribe(t, address, "email")
    link = re.search(r"^http\S+", mails(address, 2)[1].get_content(),
                     re.M).group(0)
    equal(fetch(link)[0], 200)


@needs_mail
def unsubscribing_may_want_a_signature():
    t = topic()
    address = name("kept") + "@example.com"
    s = subscribe(t, address, "email")
    token = re.search(r"Token=(\w+)", mails(address)[0].get_content()).group(1)
    sns.confirm_subscription(TopicArn=t, Token=token,
                             AuthenticateOnUnsubscribe="true")
    equal(attributes_of(s)["ConfirmationWasAuthenticated"], "true")
    sns.publish(TopicArn=t, Message="m")
    leave = re.search(r"^http\S+Unsubscribe\S+",
                      mails(address, 2)[1].get_content(), re.M).group(0)
    equal(fetch(leave)[0], 403)
    equal(attributes_of(s)["PendingConfirmation"], "false")
    sns.unsubscribe(SubscriptionArn=s)
    try:
        attributes_of(s)
    except ClientError as e:
        equal(e.response["Error"]["Code"], "NotFound")
    else:
        raise AssertionError("it is still there")


@case
def unsigned_requests_are_refused_elsewhere():
    from peer import ENDPOINT
    status, text = fetch(ENDPOINT.rstrip("/") + "/?Action=ListTopics")
    equal(status, 403)
    assert "MissingAuthenticationToken" in text, text


if __name__ == "__main__":
    sys.exit(main())
