#!/usr/bin/env python3
"""Every operation of SQS through boto3, results asserted.

usage: boto3_sqs.py ENDPOINT [NAME...]

NAME runs only those cases. One line a case; the status is 1 when any failed.
"""
import hashlib
import json
import struct
import sys
import threading
import time
import uuid

from peer import REGION, case, client, clock, equal, main, pass_time, refused

sqs = client("sqs")


def queue(fifo=False, tags=None, **attributes):
    name = "q-" + uuid.uuid4().hex[:12] + (".fifo" if fifo else "")
    if fifo:
        attributes["FifoQueue"] = "true"
    kw = {"tags": tags} if tags else {}
    return sqs.create_queue(
        QueueName=name, Attributes=attributes, **kw)["QueueUrl"]


def attribute(url, name):
    got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
    return got.get("Attributes", {}).get(name)


def arn(url):
    return attribute(url, "QueueArn")


def send(url, body, **kw):
    return sqs.send_message(QueueUrl=url, MessageBody=body, **kw)


def receive(url, count=10, **kw):
    return sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=count, **kw).get("Messages", [])


def bodies(url, count=10, **kw):
    return [m["Body"] for m in receive(url, count, **kw)]


def delete(url, message):
    return sqs.delete_message(
        QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


def depths(url):
    got = sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=[
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed"])["Attributes"]
    return tuple(int(got["ApproximateNumberOfMessages" + s])
                 for s in ("", "NotVisible", "Delayed"))


NO_QUEUE = ("AWS.SimpleQueueService.NonExistentQueue",
            "The specified queue does not exist.", 400)


@case
def create_and_name_queues():
    url = queue()
    name = url.rsplit("/", 1)[1]
    equal(sqs.get_queue_url(QueueName=name)["QueueUrl"], url)
    equal(sqs.create_queue(QueueName=name)["QueueUrl"], url)
    refused(*NO_QUEUE, sqs.get_queue_url, QueueName=name + "x")
    refused(*NO_QUEUE, sqs.get_queue_url, QueueName=name,
            QueueOwnerAWSAccountId="999999999999")
    refused(*NO_QUEUE, sqs.send_message, QueueUrl=url + "x", MessageBody="x")
    send(name, "by name")
    equal(bodies(url), ["by name"])


@case
def queue_names_are_checked():
    text = ("Can only include alphanumeric characters, hyphens, or "
            "underscores. 1 to 80 in length")
    for name in ("a b", "x" * 81, "no.fifo", "a/b"):
        refused("InvalidParameterValue", text, 400, sqs.create_queue,
                QueueName=name)
    refused("InvalidParameterValue",
            "The name of a FIFO queue can only include alphanumeric "
            "characters, hyphens, or underscores, must end with .fifo suffix "
            "and be 1 to 80 in length.", 400, sqs.create_queue,
            QueueName="plain", Attributes={"FifoQueue": "true"})


@case
def a_queue_with_other_attributes_exists():
    url = queue(DelaySeconds="1")
    name = url.rsplit("/", 1)[1]
    sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "1"})
    refused("QueueAlreadyExists",
            "A queue already exists with the same name and a different value "
            "for attribute DelaySeconds", 400, sqs.create_queue,
            QueueName=name, Attributes={"DelaySeconds": "2"})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "2"})
    sqs.create_queue(QueueName=name, Attributes={"DelaySeconds": "2"})


@case
def delete_a_queue():
    url = queue()
    name = url.rsplit("/", 1)[1]
    send(url, "gone")
    sqs.delete_queue(QueueUrl=url)
    refused(*NO_QUEUE, sqs.receive_message, QueueUrl=url)
    refused(*NO_QUEUE, sqs.delete_queue, QueueUrl=url)
    refused("AWS.SimpleQueueService.QueueDeletedRecently",
            "You must wait 60 seconds after deleting a queue before you can "
            "create another with the same name.", 400, sqs.create_queue,
            QueueName=name)
    pass_time(61)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    equal(bodies(url), [])


@case
def list_queues_by_page():
    prefix = "l-" + uuid.uuid4().hex[:8] + "-"
    urls = [sqs.create_queue(QueueName=prefix + str(i))["QueueUrl"]
            for i in range(5)]
    equal(sqs.list_queues(QueueNamePrefix=prefix)["QueueUrls"], urls)
    page = sqs.list_queues(QueueNamePrefix=prefix, MaxResults=3)
    equal(page["QueueUrls"], urls[:3])
    page = sqs.list_queues(QueueNamePrefix=prefix, MaxResults=3,
                           NextToken=page["NextToken"])
    equal(page["QueueUrls"], urls[3:])
    assert "NextToken" not in page
    assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix=prefix + "x")


@case
def attributes_of_a_new_queue():
    before = int(time.time())
    got = sqs.get_queue_attributes(
        QueueUrl=queue(), AttributeNames=["All"])["Attributes"]
    assert abs(int(got.pop("CreatedTimestamp")) - before) < 10 ** 8
    got.pop("LastModifiedTimestamp")
    assert got.pop("QueueArn").startswith("arn:aws:sqs:%s:" % REGION)
    equal(got, {
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "DelaySeconds": "0", "MaximumMessageSize": "1048576",
        "MessageRetentionPeriod": "345600",
        "ReceiveMessageWaitTimeSeconds": "0",
        "SqsManagedSseEnabled": "true", "VisibilityTimeout": "30"})
    got = sqs.get_queue_attributes(
        QueueUrl=queue(fifo=True), AttributeNames=["All"])["Attributes"]
    equal({k: got[k] for k in (
        "ContentBasedDeduplication", "DeduplicationScope", "FifoQueue",
        "FifoThroughputLimit")}, {
            "ContentBasedDeduplication": "false",
            "DeduplicationScope": "queue", "FifoQueue": "true",
            "FifoThroughputLimit": "perQueue"})
    got = sqs.get_queue_attributes(QueueUrl=queue())
    assert "Attributes" not in got


@case
def attributes_are_set_and_checked():
    url = queue()
    sqs.set_queue_attributes(QueueUrl=url, Attributes={
        "MaximumMessageSize": "2048", "VisibilityTimeout": "69",
        "DelaySeconds": "420"})
    equal([attribute(url, n) for n in (
        "MaximumMessageSize", "VisibilityTimeout", "DelaySeconds")],
        ["2048", "69", "420"])
    for name, value in (
            ("VisibilityTimeout", "43201"), ("VisibilityTimeout", "-1"),
            ("VisibilityTimeout", "x"), ("DelaySeconds", "901"),
            ("MaximumMessageSize", "1023"), ("MaximumMessageSize", "1048577"),
            ("MessageRetentionPeriod", "59"), ("Policy", "{"),
            ("ReceiveMessageWaitTimeSeconds", "21"),
            ("SqsManagedSseEnabled", "maybe")):
        refused("InvalidAttributeValue",
                "Invalid value for the parameter %s." % name, 400,
                sqs.set_queue_attributes, QueueUrl=url,
                Attributes={name: value})
    refused("InvalidAttributeName", "Unknown Attribute Foo.", 400,
            sqs.set_queue_attributes, QueueUrl=url, Attributes={"Foo": "1"})
    refused("InvalidAttributeName", "Unknown Attribute Foobar.", 400,
            sqs.get_queue_attributes, QueueUrl=url, AttributeNames=["Foobar"])
    for name in ("FifoQueue", "ContentBasedDeduplication"):
        refused("InvalidAttributeName", "Unknown Attribute %s." % name, 400,
                sqs.set_queue_attributes, QueueUrl=url,
                Attributes={name: "true"})
    for name, value in (("DeduplicationScope", "queue"),
                        ("FifoThroughputLimit", "perQueue")):
        refused("InvalidAttributeName",
                "You can specify the %s only when FifoQueue is set to true."
                % name, 400, sqs.set_queue_attributes, QueueUrl=url,
                Attributes={name: value})
    refused("InvalidAttributeValue",
            "Invalid value for the parameter FifoQueue. Reason: Modifying "
            "queue type is not supported.", 400, sqs.set_queue_attributes,
            QueueUrl=queue(fifo=True), Attributes={"FifoQueue": "false"})


@case
def encryption_attributes():
    url = queue()
    sqs.set_queue_attributes(QueueUrl=url, Attributes={
        "KmsMasterKeyId": "testKeyId", "KmsDataKeyReusePeriodSeconds": "6000"})
    names = ["KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds",
             "SqsManagedSseEnabled"]
    equal(sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=names)["Attributes"], {
            "KmsMasterKeyId": "testKeyId",
            "KmsDataKeyReusePeriodSeconds": "6000",
            "SqsManagedSseEnabled": "false"})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": ""})
    equal(sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=names)["Attributes"],
        {"SqsManagedSseEnabled": "false"})
    refused("InvalidAttributeName",
            "You can use one type of server-side encryption (SSE) at one "
            "time. You can either enable KMS SSE or SQS SSE.", 400,
            sqs.set_queue_attributes, QueueUrl=url, Attributes={
                "KmsMasterKeyId": "k", "SqsManagedSseEnabled": "true"})


@case
def policies_are_stored():
    url = queue()
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage",
        "Resource": arn(url)}]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    equal(attribute(url, "Policy"), policy)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    equal(attribute(url, "Policy"), None)


@case
def permissions_become_statements():
    url = queue()
    add = dict(QueueUrl=url, Label="one", AWSAccountIds=["111111111111"],
               Actions=["ReceiveMessage"])
    sqs.add_permission(**add)
    equal(json.loads(attribute(url, "Policy")), {
        "Version": "2008-10-17", "Id": arn(url) + "/SQSDefaultPolicy",
        "Statement": [{
            "Sid": "one", "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::111111111111:root"},
            "Action": "SQS:ReceiveMessage", "Resource": arn(url)}]})
    refused("InvalidParameterValue",
            "Value one for parameter Label is invalid. Reason: Already "
            "exists.", 400, sqs.add_permission, **add)
    add.update(Label="two", Actions=["SendMessage", "DeleteMessage"],
               AWSAccountIds=["111111111111", "222222222222"])
    sqs.add_permission(**add)
    two = json.loads(attribute(url, "Policy"))["Statement"][1]
    equal(two["Action"], ["SQS:SendMessage", "SQS:DeleteMessage"])
    equal(len(two["Principal"]["AWS"]), 2)
    add.update(Label="three", Actions=["CreateQueue"])
    refused("InvalidParameterValue",
            "Value SQS:CreateQueue for parameter ActionName is invalid. "
            "Reason: Only the queue owner is allowed to invoke this action.",
            400, sqs.add_permission, **add)
    sqs.remove_permission(QueueUrl=url, Label="one")
    sqs.remove_permission(QueueUrl=url, Label="two")
    equal(attribute(url, "Policy"), None)
    refused("InvalidParameterValue",
            "Value two for parameter Label is invalid. Reason: can't find "
            "label.", 400, sqs.remove_permission, QueueUrl=url, Label="two")


@case
def tags():
    url = queue(tags={"at": "birth"})
    sqs.tag_queue(QueueUrl=url, Tags={"a": "1", "A": "2", "none": ""})
    equal(sqs.list_queue_tags(QueueUrl=url)["Tags"],
          {"at": "birth", "a": "1", "A": "2", "none": ""})
    sqs.untag_queue(QueueUrl=url, TagKeys=["a", "none", "at", "never"])
    equal(sqs.list_queue_tags(QueueUrl=url)["Tags"], {"A": "2"})
    sqs.untag_queue(QueueUrl=url, TagKeys=["A"])
    assert "Tags" not in sqs.list_queue_tags(QueueUrl=url)


@case
def send_receive_delete():
    url = queue()
    body = 'quote " slash \\ é 😀 \t\r\n</x>&amp; {"n":2103807459595387724}'
    sent = send(url, body)
    equal(sent["MD5OfMessageBody"], hashlib.md5(body.encode()).hexdigest())
    assert "SequenceNumber" not in sent
    equal(depths(url), (1, 0, 0))
    m, = receive(url)
    equal((m["Body"], m["MessageId"], m["MD5OfBody"]),
          (body, sent["MessageId"], sent["MD5OfMessageBody"]))
    equal(depths(url), (0, 1, 0))
    equal(receive(url), [])
    for _ in range(3):
        delete(url, m)
    equal(depths(url), (0, 0, 0))
    refused("InvalidParameterValue",
            "Value %s for parameter ReceiptHandle is invalid. Reason: Message "
            "does not exist or is not available for visibility timeout "
            "change." % m["ReceiptHandle"], 400, sqs.change_message_visibility,
            QueueUrl=url, ReceiptHandle=m["ReceiptHandle"],
            VisibilityTimeout=1)


@case
def messages_are_checked():
    url = queue(MaximumMessageSize="1024")
    refused("MissingParameter",
            "The request must contain the parameter MessageBody.", 400,
            send, url=url, body="")
    for bad, name in (("\x01", "#x1"), ("\x00", "#x0"), ("\uffff", "#xFFFF"),
                      ("\x0b", "#xB")):
        refused("InvalidMessageContents",
                "Invalid binary character '%s' was found in the message body, "
                "the set of allowed characters is #x9 | #xA | #xD | "
                "[#x20-#xD7FF] | [#xE000-#xFFFD] | [#x10000-#x10FFFF]." % name,
                400, send, url=url, body="a" + bad)
    long = ("One or more parameters are invalid. Reason: Message must be "
            "shorter than %d bytes.")
    send(url, "a" * 1024)
    refused("InvalidParameterValue", long % 1024, 400, send, url=url,
            body="a" * 1017, MessageAttributes={
                "k": {"DataType": "String", "StringValue": "x"}})
    big = queue()
    send(big, "a" * 1048576)
    refused("InvalidParameterValue", long % 1048576, 400, send, url=big,
            body="a" * 1048577)
    equal(len(receive(big)[0]["Body"]), 1048576)
    for delay in (-1, 901):
        refused("InvalidParameterValue",
                "Value %d for parameter DelaySeconds is invalid. Reason: "
                "DelaySeconds must be >= 0 and <= 900." % delay, 400, send,
                url=url, body="x", DelaySeconds=delay)


def attributes_md5(attributes):
    """As the Developer Guide describes it, written here a second time."""
    out = hashlib.md5()
    for name in sorted(attributes):
        a = attributes[name]
        binary = a["DataType"].startswith("Binary")
        value = a["BinaryValue"] if binary else a["StringValue"].encode()
        for part in (name.encode(), a["DataType"].encode()):
            out.update(struct.pack(">I", len(part)) + part)
        out.update(b"\2" if binary else b"\1")
        out.update(struct.pack(">I", len(value)) + value)
    return out.hexdigest()


@case
def message_attributes():
    url = queue(VisibilityTimeout="0")
    given = {
        "Help.Me": {"DataType": "String", "StringValue": "Me"},
        "Hello": {"DataType": "String.custom", "StringValue": "There é"},
        "Bytes": {"DataType": "Binary", "BinaryValue": b"\x00\x1e\xff"},
        "N": {"DataType": "Number", "StringValue": "1614717034367.50"}}
    sent = send(url, "m", MessageAttributes=given)
    equal(sent["MD5OfMessageAttributes"], attributes_md5(given))
    for names, want in (
            ([], set()), (["All"], set(given)), ([".*"], set(given)),
            (["*"], set(given)), (["Foo", "Help"], set()),
            (["Hello", "N", "Foo"], {"Hello", "N"}),
            (["Hel.*"], {"Help.Me", "Hello"}), (["AWS."], set())):
        m, = receive(url, MessageAttributeNames=names)
        chosen = {k: given[k] for k in want}
        equal(m.get("MessageAttributes", {}), chosen)
        equal(m.get("MD5OfMessageAttributes"),
              attributes_md5(chosen) if want else None)


@case
def message_attributes_have_the_digest_of_aws():
    # recorded from AWS
    url = queue()
    sent = send(url, "msg", MessageAttributes={
        "Help.Me": {"DataType": "String", "StringValue": "Me"},
        "Hello": {"DataType": "String", "StringValue": "There"},
        "General": {"DataType": "String", "StringValue": "Kenobi"}})
    equal(sent["MD5OfMessageAttributes"], "4c360f3fdafd970e05fae2f149d997f5")
    sent = send(url, "test", MessageAttributes={"attr1": {
        "DataType": "Binary", "BinaryValue":
        b"traceparent\x1e00-774062d6c37081a5a0b9b5b88e30627c-"
        b"2d2482211f6489da-01"}})
    equal(sent["MD5OfMessageAttributes"], "8cbe4db156db8a94db8b801b7addb984")
    sent = send(url, "test", MessageSystemAttributes={"AWSTraceHeader": {
        "DataType": "String", "StringValue":
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;"
        "Sampled=1"}})
    equal(sent["MD5OfMessageSystemAttributes"],
          "5ae4d5d7636402d80f4eb6d213245a88")
    assert "MD5OfMessageAttributes" not in sent


@case
def message_attributes_are_checked():
    url = queue()

    def attempt(name, kind, value):
        return lambda: send(url, "m", MessageAttributes={
            name: {"DataType": kind, "StringValue": value}})
    attempt("attr.1øßä", "String", "fine")()
    refused("InvalidParameterValue",
            "Message (user) attribute 'ErrorDetails' must contain a non-empty "
            "value of type 'String'.", 400,
            attempt("ErrorDetails", "String", ""))
    refused("InvalidParameterValue",
            "The type of message (user) attribute 'a' is invalid. You must "
            "use only the following supported type prefixes: Binary, Number, "
            "String.", 400, attempt("a", "Invalid", "x"))
    for name in ("aWs.x", "AMAZON.x", ".x", "x.", "a!b", 'a"b', "a§b", "a(b",
                 "L" * 257, "a..b"):
        refused("InvalidParameterValue", None, 400,
                attempt(name, "String", "x"))
    refused("InvalidParameterValue", None, 400,
            attempt("a", "String", "x\x08"))
    refused("InvalidParameterValue", None, 400,
            attempt("a", "Number", "many"))
    refused("InvalidParameterValue",
            "Number of message attributes [11] exceeds the allowed maximum "
            "[10].", 400, sqs.send_message, QueueUrl=url, MessageBody="m",
            MessageAttributes={"a%d" % i: {
                "DataType": "String", "StringValue": "x"} for i in range(11)})


@case
def system_attributes():
    url = queue(VisibilityTimeout="0")
    trace = "Root=1-5759e988-bd862e3fe1be46a994272793"
    send(url, "m", MessageGroupId="fair", MessageSystemAttributes={
        "AWSTraceHeader": {"DataType": "String", "StringValue": trace}})
    m, = receive(url, AttributeNames=["All"])
    equal(set(m["Attributes"]), {
        "SenderId", "SentTimestamp", "ApproximateReceiveCount",
        "ApproximateFirstReceiveTimestamp", "AWSTraceHeader",
        "MessageGroupId"})
    equal((m["Attributes"]["AWSTraceHeader"],
           m["Attributes"]["ApproximateReceiveCount"]), (trace, "1"))
    m, = receive(url, MessageSystemAttributeNames=[
        "ApproximateReceiveCount", "SequenceNumber"])
    equal(m["Attributes"], {"ApproximateReceiveCount": "2"})
    m, = receive(url)
    assert "Attributes" not in m
    refused("InvalidAttributeName", "Unknown Attribute Nothing.", 400,
            sqs.receive_message, QueueUrl=url,
            MessageSystemAttributeNames=["Nothing"])


@case
def receive_parameters_are_checked():
    url = queue()
    for name, value, reason in (
            ("MaxNumberOfMessages", 11, "Must be between 1 and 10, if "
             "provided."),
            ("MaxNumberOfMessages", 0, "Must be between 1 and 10, if "
             "provided."),
            ("WaitTimeSeconds", 21, "Must be >= 0 and <= 20, if provided."),
            ("WaitTimeSeconds", -1, "Must be >= 0 and <= 20, if provided."),
            ("VisibilityTimeout", 43201, "Must be >= 0 and <= 43200, if "
             "provided.")):
        refused("InvalidParameterValue",
                "Value %d for parameter %s is invalid. Reason: %s"
                % (value, name, reason), 400, sqs.receive_message,
                QueueUrl=url, **{name: value})


@case
def batches():
    url = queue()
    entries = [{"Id": "e%d" % i, "MessageBody": "b%d" % i} for i in range(10)]
    entries[3]["MessageBody"] = "\x01"
    got = sqs.send_message_batch(QueueUrl=url, Entries=entries)
    equal([e["Id"] for e in got["Successful"]],
          ["e%d" % i for i in range(10) if i != 3])
    failed, = got["Failed"]
    equal((failed["Id"], failed["Code"], failed["SenderFault"]),
          ("e3", "InvalidMessageContents", True))
    equal(got["Successful"][0]["MD5OfMessageBody"],
          hashlib.md5(b"b0").hexdigest())
    messages = receive(url)
    equal([m["Body"] for m in messages],
          ["b%d" % i for i in range(10) if i != 3])
    change = [{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"],
               "VisibilityTimeout": 0} for i, m in enumerate(messages)]
    change[0]["ReceiptHandle"] = "garbage"
    got = sqs.change_message_visibility_batch(QueueUrl=url, Entries=change)
    equal([e["Id"] for e in got["Successful"]],
          [str(i) for i in range(1, 9)])
    equal([(e["Id"], e["Code"]) for e in got["Failed"]],
          [("0", "ReceiptHandleIsInvalid")])
    again = receive(url)
    equal(len(again), 8)
    got = sqs.delete_message_batch(QueueUrl=url, Entries=[
        {"Id": m["MessageId"], "ReceiptHandle": m["ReceiptHandle"]}
        for m in again])
    equal(len(got["Successful"]), 8)
    assert "Failed" not in got
    equal(depths(url), (0, 1, 0))


@case
def batches_are_checked():
    url = queue()
    calls = ((sqs.send_message_batch, "SendMessageBatch",
              {"MessageBody": "x"}),
             (sqs.delete_message_batch, "DeleteMessageBatch",
              {"ReceiptHandle": "x"}),
             (sqs.change_message_visibility_batch,
              "ChangeMessageVisibilityBatch",
              {"ReceiptHandle": "x", "VisibilityTimeout": 1}))
    code = "AWS.SimpleQueueService."
    for function, name, more in calls:
        def entries(*ids):
            return dict(QueueUrl=url, Entries=[dict(more, Id=i) for i in ids])
        refused(code + "EmptyBatchRequest",
                "There should be at least one %sRequestEntry in the request."
                % name, 400, function, **entries())
        refused(code + "TooManyEntriesInBatchRequest",
                "Maximum number of entries per request are 10. You have sent "
                "20.", 400, function, **entries(*map(str, range(20))))
        for bad in ("", "a:b", "x" * 81):
            refused(code + "InvalidBatchEntryId",
                    "A batch entry id can only contain alphanumeric "
                    "characters, hyphens and underscores. It can be at most "
                    "80 letters long.", 400, function, **entries(bad))
        refused(code + "BatchEntryIdsNotDistinct", "Id a repeated.", 400,
                function, **entries("a", "b", "a"))
    refused(code + "BatchRequestTooLong",
            "Batch requests cannot be longer than 1048576 bytes. You have "
            "sent 1048577 bytes.", 400, sqs.send_message_batch, QueueUrl=url,
            Entries=[{"Id": "1", "MessageBody": "a" * 1048576},
                     {"Id": "2", "MessageBody": "a"}])
    small = queue(MaximumMessageSize="1024")
    got = sqs.send_message_batch(QueueUrl=small, Entries=[
        {"Id": "1", "MessageBody": "a" * 1025},
        {"Id": "2", "MessageBody": "a" * 1024}])
    equal(got["Failed"], [{
        "Id": "1", "Code": "InvalidParameterValue", "SenderFault": True,
        "Message": "One or more parameters cannot be validated. Reason: "
        "Message must be shorter than 1024 bytes."}])
    equal([e["Id"] for e in got["Successful"]], ["2"])


@case
def visibility():
    url = queue(VisibilityTimeout="10")
    sent = send(url, "one")
    first, = receive(url)
    pass_time(11)
    second, = receive(url, AttributeNames=["All"])
    equal(second["MessageId"], sent["MessageId"])
    equal(second["Attributes"]["ApproximateReceiveCount"], "2")
    assert first["ReceiptHandle"] != second["ReceiptHandle"]
    # an older handle deletes nothing, and says so by success
    delete(url, first)
    equal(depths(url), (0, 1, 0))
    sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle=second["ReceiptHandle"],
        VisibilityTimeout=60)
    pass_time(50)
    equal(receive(url), [])
    sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle=second["ReceiptHandle"],
        VisibilityTimeout=0)
    third, = receive(url, VisibilityTimeout=5)
    pass_time(6)
    equal(depths(url), (1, 0, 0))
    # nothing changes when the timeout is over
    sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle=third["ReceiptHandle"],
        VisibilityTimeout=60)
    equal(depths(url), (1, 0, 0))
    # the newest handle deletes also then
    delete(url, third)
    equal(depths(url), (0, 0, 0))


@case
def handles_are_checked():
    url, other = queue(), queue()
    send(url, "x")
    m, = receive(url)
    text = 'The input receipt handle "%s" is not a valid receipt handle.'
    refused("ReceiptHandleIsInvalid", text % "garbage", 400,
            sqs.delete_message, QueueUrl=url, ReceiptHandle="garbage")
    refused("ReceiptHandleIsInvalid", text % m["ReceiptHandle"], 400,
            sqs.delete_message, QueueUrl=other,
            ReceiptHandle=m["ReceiptHandle"])
    refused("InvalidParameterValue",
            "Value 43201 for parameter VisibilityTimeout is invalid. Reason: "
            "Must be >= 0 and <= 43200, if provided.", 400,
            sqs.change_message_visibility, QueueUrl=url,
            ReceiptHandle=m["ReceiptHandle"], VisibilityTimeout=43201)
    pass_time(5)
    refused("InvalidParameterValue",
            "Value 43200 for parameter VisibilityTimeout is invalid. Reason: "
            "Total VisibilityTimeout for the message is beyond the limit "
            "[43200 seconds].", 400, sqs.change_message_visibility,
            QueueUrl=url, ReceiptHandle=m["ReceiptHandle"],
            VisibilityTimeout=43200)


@case
def delays():
    url = queue()
    send(url, "late", DelaySeconds=60)
    send(url, "now")
    equal(depths(url), (1, 0, 1))
    equal(bodies(url, VisibilityTimeout=600), ["now"])
    pass_time(61)
    equal(depths(url), (1, 1, 0))
    equal(bodies(url), ["late"])
    url = queue(DelaySeconds="30")
    send(url, "late")
    send(url, "now", DelaySeconds=0)
    equal(bodies(url, VisibilityTimeout=600), ["now"])
    pass_time(31)
    equal(bodies(url), ["late"])


@case
def the_older_message_comes_first():
    url = queue()
    send(url, "1")
    equal(bodies(url, VisibilityTimeout=3), ["1"])
    send(url, "2")
    pass_time(4)
    equal(bodies(url, 1), ["1"])


@case
def long_poll():
    url = queue()
    begun = time.time()
    equal(receive(url, WaitTimeSeconds=1), [])
    assert 0.9 <= time.time() - begun < 3
    timer = threading.Timer(0.3, send, (url, "woken"))
    timer.start()
    begun = time.time()
    equal(bodies(url, WaitTimeSeconds=10), ["woken"])
    assert time.time() - begun < 3
    timer.join()
    send(url, "delayed", DelaySeconds=1)
    begun = time.time()
    equal(bodies(url, WaitTimeSeconds=10), ["delayed"])
    assert time.time() - begun < 3
    url = queue(ReceiveMessageWaitTimeSeconds="1")
    begun = time.time()
    equal(receive(url), [])
    assert time.time() - begun > 0.9


@case
def time_passed_wakes_a_long_poll():
    url = queue()
    send(url, "in an hour", DelaySeconds=900)
    got = []
    thread = threading.Thread(
        target=lambda: got.extend(bodies(url, WaitTimeSeconds=20)))
    thread.start()
    time.sleep(0.3)
    begun = time.time()
    assert clock(advance="901s")
    thread.join()
    equal(got, ["in an hour"])
    assert time.time() - begun < 3


@case
def purge():
    url = queue()
    for body in ("in flight", "visible"):
        send(url, body)
    send(url, "delayed", DelaySeconds=5)
    receive(url, 1, VisibilityTimeout=5)
    sqs.purge_queue(QueueUrl=url)
    equal(depths(url), (0, 0, 0))
    refused("AWS.SimpleQueueService.PurgeQueueInProgress",
            "Only one PurgeQueue operation on %s is allowed every 60 seconds."
            % url.rsplit("/", 1)[1], 403, sqs.purge_queue, QueueUrl=url)
    send(url, "after")
    pass_time(61)
    equal(bodies(url), ["after"])
    sqs.purge_queue(QueueUrl=url)
    url = queue(fifo=True)
    for _ in range(2):
        send(url, "x", MessageGroupId="g", MessageDeduplicationId="d")
    sqs.purge_queue(QueueUrl=url)
    send(url, "y", MessageGroupId="g", MessageDeduplicationId="d")
    equal(bodies(url), ["y"])


@case
def retention():
    url = queue(MessageRetentionPeriod="60")
    send(url, "old")
    send(url, "in flight")
    pass_time(30)
    receive(url, 1, VisibilityTimeout=600)
    send(url, "young")
    pass_time(31)
    equal(depths(url), (1, 0, 0))
    equal(bodies(url), ["young"])


def dead_letter_pair(fifo=False, receives=1, **attributes):
    dead = queue(fifo=fifo)
    policy = json.dumps({"deadLetterTargetArn": arn(dead),
                         "maxReceiveCount": receives})
    return queue(fifo=fifo, RedrivePolicy=policy, **attributes), dead


@case
def dead_letters():
    url, dead = dead_letter_pair(receives=2)
    equal(json.loads(attribute(url, "RedrivePolicy")),
          {"deadLetterTargetArn": arn(dead), "maxReceiveCount": 2})
    equal(sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"],
          [url])
    sent = send(url, "poison", MessageAttributes={
        "a": {"DataType": "String", "StringValue": "b"}})
    for _ in range(2):
        equal(bodies(url, VisibilityTimeout=0), ["poison"])
    equal(receive(url), [])
    equal((depths(url), depths(dead)), ((0, 0, 0), (1, 0, 0)))
    m, = receive(dead, AttributeNames=["All"], MessageAttributeNames=["All"])
    equal((m["MessageId"], m["Body"]), (sent["MessageId"], "poison"))
    equal(m["Attributes"]["DeadLetterQueueSourceArn"], arn(url))
    equal(m["Attributes"]["ApproximateReceiveCount"], "3")
    equal(m["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"])


@case
def a_dead_letter_keeps_its_age():
    url, dead = dead_letter_pair()
    sqs.set_queue_attributes(
        QueueUrl=dead, Attributes={"MessageRetentionPeriod": "60"})
    send(url, "x")
    equal(bodies(url, VisibilityTimeout=0), ["x"])
    pass_time(40)
    equal(bodies(url), [])
    equal(depths(dead), (1, 0, 0))
    pass_time(21)
    equal(depths(dead), (0, 0, 0))


@case
def dead_letters_of_a_batch():
    url, dead = dead_letter_pair()
    for i in range(12):
        send(url, str(i))
    receive(url, VisibilityTimeout=0)
    got = bodies(url)
    equal(got, ["10", "11"])
    equal(bodies(dead), [str(i) for i in range(10)])


@case
def redrive_policies_are_checked():
    url, dead = queue(), queue()

    def attempt(policy, reason):
        text = policy if isinstance(policy, str) else json.dumps(policy)
        refused("InvalidParameterValue",
                "Value %s for parameter RedrivePolicy is invalid. Reason: %s"
                % (text, reason), 400, sqs.set_queue_attributes, QueueUrl=url,
                Attributes={"RedrivePolicy": text})
    attempt({"deadLetterTargetArn": arn(dead)}, "Redrive policy does not "
            "contain mandatory attribute: maxReceiveCount.")
    attempt({"maxReceiveCount": 1}, "Redrive policy does not contain "
            "mandatory attribute: deadLetterTargetArn.")
    attempt({"deadLetterTargetArn": arn(dead) + "x", "maxReceiveCount": 1},
            "Dead letter target does not exist.")
    attempt({"deadLetterTargetArn": arn(dead), "maxReceiveCount": 1001},
            "Invalid value for maxReceiveCount: 1001, valid values are from "
            "1 to 1000 both inclusive.")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={
        "RedrivePolicy": json.dumps({"deadLetterTargetArn": arn(dead),
                                     "maxReceiveCount": "42"})})
    equal(json.loads(attribute(url, "RedrivePolicy"))["maxReceiveCount"], 42)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": ""})
    equal(attribute(url, "RedrivePolicy"), None)
    assert not sqs.list_dead_letter_source_queues(
        QueueUrl=dead).get("queueUrls")
    allow = json.dumps({"redrivePermission": "denyAll"})
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={
        "RedriveAllowPolicy": allow})
    equal(attribute(dead, "RedriveAllowPolicy"), allow)
    refused("InvalidParameterValue", None, 400, sqs.set_queue_attributes,
            QueueUrl=url, Attributes={"RedrivePolicy": json.dumps({
                "deadLetterTargetArn": arn(dead), "maxReceiveCount": 1})})


def fill_dead(url, count):
    for i in range(count):
        send(url, "m%d" % i)
    while receive(url, VisibilityTimeout=0):
        pass


def tasks(dead, **kw):
    return sqs.list_message_move_tasks(
        SourceArn=arn(dead), **kw).get("Results", [])


def until(condition, seconds=20):
    end = time.time() + seconds
    while not condition():
        assert time.time() < end, "it did not come to pass"
        time.sleep(0.05)


@case
def move_task_to_the_source():
    url, dead = dead_letter_pair()
    fill_dead(url, 3)
    handle = sqs.start_message_move_task(SourceArn=arn(dead))["TaskHandle"]
    assert handle
    until(lambda: tasks(dead)[0]["Status"] == "COMPLETED")
    task, = tasks(dead)
    assert abs(task.pop("StartedTimestamp") / 1000 - time.time()) < 10 ** 8
    equal(task, {"ApproximateNumberOfMessagesMoved": 3,
                 "ApproximateNumberOfMessagesToMove": 3,
                 "SourceArn": arn(dead), "Status": "COMPLETED"})
    equal(depths(dead), (0, 0, 0))
    m = receive(url, AttributeNames=["All"])
    equal([x["Body"] for x in m], ["m0", "m1", "m2"])
    equal(m[0]["Attributes"]["ApproximateReceiveCount"], "1")
    assert "DeadLetterQueueSourceArn" not in m[0]["Attributes"]


@case
def move_task_cancelled():
    url, dead = dead_letter_pair()
    to = queue()
    fill_dead(url, 10)
    handle = sqs.start_message_move_task(
        SourceArn=arn(dead), DestinationArn=arn(to),
        MaxNumberOfMessagesPerSecond=1)["TaskHandle"]
    until(lambda: depths(to)[0] >= 1)
    task, = tasks(dead)
    equal((task["Status"], task["TaskHandle"], task["DestinationArn"],
           task["MaxNumberOfMessagesPerSecond"],
           task["ApproximateNumberOfMessagesToMove"]),
          ("RUNNING", handle, arn(to), 1, 10))
    refused("InvalidParameterValue",
            "There is already a task running. Only one active task is allowed "
            "for a source queue arn at a given time.", 400,
            sqs.start_message_move_task, SourceArn=arn(dead))
    got = sqs.cancel_message_move_task(TaskHandle=handle)
    moved = got["ApproximateNumberOfMessagesMoved"]
    assert 1 <= moved < 10
    task, = tasks(dead)
    equal((task["Status"], "TaskHandle" in task), ("CANCELLED", False))
    equal((depths(dead)[0], depths(to)[0]), (10 - moved, moved))


@case
def move_task_rate():
    url, dead = dead_letter_pair()
    to = queue()
    fill_dead(url, 4)
    begun = time.time()
    sqs.start_message_move_task(
        SourceArn=arn(dead), DestinationArn=arn(to),
        MaxNumberOfMessagesPerSecond=2)
    until(lambda: depths(to)[0] == 4)
    assert time.time() - begun >= 1.4


@case
def move_task_fails_when_the_destination_goes():
    url, dead = dead_letter_pair()
    to = queue()
    fill_dead(url, 5)
    sqs.start_message_move_task(
        SourceArn=arn(dead), DestinationArn=arn(to),
        MaxNumberOfMessagesPerSecond=1)
    sqs.delete_queue(QueueUrl=to)
    pass_time(2)
    until(lambda: tasks(dead)[0]["Status"] != "RUNNING")
    task, = tasks(dead)
    equal((task["Status"], task["FailureReason"]),
          ("FAILED", "AWS.SimpleQueueService.NonExistentQueue"))
    assert receive(dead)


@case
def move_tasks_are_checked():
    url, dead = dead_letter_pair()
    there = "The resource that you specified for the %s parameter doesn't exist."
    refused("InvalidParameterValue",
            "Source queue must be configured as a Dead Letter Queue.", 400,
            sqs.start_message_move_task, SourceArn=arn(url))
    refused("ResourceNotFoundException", there % "SourceArn", 404,
            sqs.start_message_move_task, SourceArn=arn(dead) + "x")
    refused("ResourceNotFoundException", there % "DestinationArn", 404,
            sqs.start_message_move_task, SourceArn=arn(dead),
            DestinationArn=arn(dead) + "x")
    refused("InvalidParameterValue",
            "Value for parameter TaskHandle is invalid.", 400,
            sqs.cancel_message_move_task, TaskHandle="foobared")


# FIFO

def put(url, body, group, dedup=None):
    kw = {"MessageDeduplicationId": dedup} if dedup else {}
    return send(url, body, MessageGroupId=group, **kw)


@case
def fifo_messages():
    url = queue(fifo=True, ContentBasedDeduplication="true")
    one, two = put(url, "a", "g"), put(url, "b", "g")
    assert int(one["SequenceNumber"]) < int(two["SequenceNumber"])
    equal(len(one["SequenceNumber"]), 20)
    m = receive(url, AttributeNames=["All"])
    equal([x["Body"] for x in m], ["a", "b"])
    a = m[0]["Attributes"]
    equal((a["MessageGroupId"], a["SequenceNumber"],
           a["MessageDeduplicationId"]),
          ("g", one["SequenceNumber"], hashlib.sha256(b"a").hexdigest()))


@case
def fifo_duplicates():
    url = queue(fifo=True)
    first = put(url, "x", "g", "d")
    again = put(url, "other", "g2", "d")
    equal((again["MessageId"], again["SequenceNumber"]),
          (first["MessageId"], first["SequenceNumber"]))
    m, = receive(url)
    equal(m["Body"], "x")
    delete(url, m)
    put(url, "x", "g", "d")
    equal(receive(url), [])
    pass_time(301)
    put(url, "later", "g", "d")
    equal(bodies(url), ["later"])


@case
def fifo_duplicates_by_group():
    url = queue(fifo=True, DeduplicationScope="messageGroup",
                FifoThroughputLimit="perMessageGroupId")
    for group in "112":
        put(url, "x", group, "d")
    equal(bodies(url), ["x", "x"])
    # the scope a queue was made with stays
    sqs.set_queue_attributes(QueueUrl=url, Attributes={
        "DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"})
    put(url, "y", "3", "d")
    equal(bodies(url), ["y"])


@case
def fifo_parameters_are_checked():
    url = queue(fifo=True)
    either = ("The queue should either have ContentBasedDeduplication enabled "
              "or MessageDeduplicationId provided explicitly")
    group = "The request must contain the parameter MessageGroupId."
    refused("InvalidParameterValue", either, 400, put, url=url, body="x",
            group="g")
    refused("MissingParameter", group, 400, send, url=url, body="x",
            MessageDeduplicationId="d")
    whole = [{"Id": "1", "MessageBody": "x", "MessageGroupId": "g",
              "MessageDeduplicationId": "d"}, {"Id": "2", "MessageBody": "x"}]
    refused("InvalidParameterValue", group, 400, sqs.send_message_batch,
            QueueUrl=url, Entries=whole)
    whole[1]["MessageGroupId"] = "g"
    refused("InvalidParameterValue", either, 400, sqs.send_message_batch,
            QueueUrl=url, Entries=whole)
    equal(receive(url), [])
    refused("InvalidParameterValue",
            "Value 2 for parameter DelaySeconds is invalid. Reason: The "
            "request include parameter that is not valid for this queue "
            "type.", 400, send, url=url, body="x", MessageGroupId="g",
            MessageDeduplicationId="d", DelaySeconds=2)
    send(url, "x", MessageGroupId="g", MessageDeduplicationId="d",
         DelaySeconds=0)
    standard = queue()
    for name, value, to in (
            ("MessageDeduplicationId", "a" * 129, url),
            ("MessageDeduplicationId", "", url),
            ("MessageDeduplicationId", "group 123", url),
            ("MessageGroupId", "a" * 129, standard),
            ("MessageGroupId", "", standard),
            ("MessageGroupId", "group 123", standard)):
        kw = {"MessageGroupId": "g", "MessageDeduplicationId": "e"}
        kw = {name: value} if to == standard else dict(kw, **{name: value})
        refused("InvalidParameterValue",
                "Value %s for parameter %s is invalid. Reason: %s can only "
                "include alphanumeric and punctuation characters. 1 to 128 in "
                "length." % (value, name, name), 400, send, url=to, body="x",
                **kw)
    refused("InvalidParameterValue", None, 400, send, url=standard, body="x",
            MessageDeduplicationId="d")


def groups(*names, **attributes):
    """A FIFO queue with messages g1-m1 of group g1, and so on."""
    url = queue(fifo=True, ContentBasedDeduplication="true", **attributes)
    for name in names:
        put(url, name, name.split("-")[0])
    return url


@case
def fifo_groups_take_turns():
    url = groups("g1-m1", "g2-m1", "g1-m2", "g1-m3")
    equal(bodies(url), ["g1-m1", "g1-m2", "g1-m3", "g2-m1"])
    url = groups("g1-m1", "g1-m2", "g1-m3", "g1-m4", "g2-m1", "g3-m1",
                 VisibilityTimeout="5")
    equal(bodies(url, 2), ["g1-m1", "g1-m2"])
    equal(bodies(url, 1), ["g2-m1"])
    pass_time(6)
    equal(bodies(url, VisibilityTimeout=0),
          ["g3-m1", "g1-m1", "g1-m2", "g1-m3", "g1-m4", "g2-m1"])
    url = groups("g1-m1", "g2-m1", "g2-m2", "g3-m1", "g1-m2")
    equal(bodies(url, 3, VisibilityTimeout=0), ["g1-m1", "g1-m2", "g2-m1"])
    equal(bodies(url, VisibilityTimeout=0),
          ["g3-m1", "g1-m1", "g1-m2", "g2-m1", "g2-m2"])


@case
def fifo_a_group_in_flight_is_blocked():
    url = groups("g1-m1", "g2-m1", "g1-m2", "g2-m2", "g1-m3", "g3-m1")
    m = receive(url, 2)
    equal([x["Body"] for x in m], ["g1-m1", "g1-m2"])
    delete(url, m[0])
    equal(bodies(url), ["g2-m1", "g2-m2", "g3-m1"])
    delete(url, m[1])
    equal(bodies(url), ["g1-m3"])
    equal(depths(url), (0, 4, 0))


@case
def fifo_visibility_ends_in_order():
    url = groups("g1-m1", "g1-m2", "g2-m1")
    m = receive(url, 2)
    sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle=m[0]["ReceiptHandle"],
        VisibilityTimeout=0)
    # the first is visible again, the second still in flight
    equal(bodies(url, 3), ["g2-m1", "g1-m1"])
    url = groups("g-1", "g-2", "g-3")
    m = receive(url)
    for x in m[1:]:
        sqs.change_message_visibility(
            QueueUrl=url, ReceiptHandle=x["ReceiptHandle"],
            VisibilityTimeout=0)
    # nothing overtakes the first
    equal(bodies(url), [])
    pass_time(31)
    equal(bodies(url), ["g-1", "g-2", "g-3"])


@case
def fifo_handles_expire():
    url = groups("g-1", VisibilityTimeout="2")
    m, = receive(url)
    handle = m["ReceiptHandle"]
    pass_time(3)
    refused("InvalidParameterValue",
            "Value %s for parameter ReceiptHandle is invalid. Reason: The "
            "receipt handle has expired." % handle, 400, sqs.delete_message,
            QueueUrl=url, ReceiptHandle=handle)
    got = sqs.delete_message_batch(QueueUrl=url, Entries=[
        {"Id": "1", "ReceiptHandle": handle}])
    equal([(e["Code"], e["Message"]) for e in got["Failed"]],
          [("ReceiptHandleIsInvalid", "The receipt handle has expired")])
    m, = receive(url)
    sqs.change_message_visibility(
        QueueUrl=url, ReceiptHandle=m["ReceiptHandle"], VisibilityTimeout=60)
    pass_time(30)
    delete(url, m)
    delete(url, m)
    equal(depths(url), (0, 0, 0))


@case
def fifo_delay_of_the_queue():
    url = groups("g-1", "g-2", "h-1", DelaySeconds="5")
    equal(depths(url), (0, 0, 3))
    equal(bodies(url), [])
    pass_time(6)
    equal(bodies(url), ["g-1", "g-2", "h-1"])
    # a new delay holds for what is there
    url = groups("g-1", "h-1", DelaySeconds="900")
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"DelaySeconds": "5"})
    pass_time(6)
    equal(bodies(url), ["g-1", "h-1"])


@case
def fifo_dead_letters():
    url, dead = dead_letter_pair(
        fifo=True, ContentBasedDeduplication="true")
    for name in ("g-1", "g-2", "h-1"):
        put(url, name, name[0])
    equal(bodies(url, 1, VisibilityTimeout=0), ["g-1"])
    equal(bodies(url), ["h-1", "g-2"])
    equal(bodies(dead), ["g-1"])
    refused("InvalidParameterValue", None, 400, sqs.set_queue_attributes,
            QueueUrl=queue(), Attributes={"RedrivePolicy": json.dumps({
                "deadLetterTargetArn": arn(dead), "maxReceiveCount": 1})})


@case
def fifo_receive_attempts():
    url = groups("g-1", "g-2", "g-3")
    first = receive(url, 2, ReceiveRequestAttemptId="try")
    again = receive(url, 2, ReceiveRequestAttemptId="try")
    equal([m["ReceiptHandle"] for m in again],
          [m["ReceiptHandle"] for m in first])
    equal(receive(url, 2, ReceiveRequestAttemptId="another"), [])
    delete(url, first[0])
    equal(receive(url, 2, ReceiveRequestAttemptId="try"), [])


@case
def fifo_batch():
    url = queue(fifo=True, ContentBasedDeduplication="true")
    got = sqs.send_message_batch(QueueUrl=url, Entries=[
        {"Id": str(i), "MessageBody": "b%d" % i, "MessageGroupId": "g"}
        for i in range(10)])
    numbers = [int(e["SequenceNumber"]) for e in got["Successful"]]
    equal(numbers, sorted(numbers))
    equal(bodies(url), ["b%d" % i for i in range(10)])


if __name__ == "__main__":
    sys.exit(main())
