#!/usr/bin/env python3
"""Every operation of Kinesis Data Streams through boto3, results asserted.

usage: boto3_kinesis.py ENDPOINT [NAME...]

NAME runs only those cases. One line a case; the status is 1 when any failed.
"""
import datetime
import hashlib
import json
import random
import re
import sys

from botocore.exceptions import ClientError

from peer import (REGION, case, client, clock, equal, main, name, pass_time,
                  plain, refused)

kinesis = client("kinesis")
raw = client("kinesis", checked=False)
events = client("events")
watch = client("cloudwatch")
kms = client("kms")
cfn = client("cloudformation")
ACCOUNT = "000000000000"


def stream(shards=1, **kw):
    made = name("s")
    kinesis.create_stream(StreamName=made, ShardCount=shards, **kw)
    kinesis.get_waiter("stream_exists").wait(StreamName=made)
    return made


def arn(stream_name):
    return "arn:aws:kinesis:%s:%s:stream/%s" % (REGION, ACCOUNT, stream_name)


def shards(stream_name, **kw):
    return [s["ShardId"] for s in kinesis.list_shards(
        StreamName=stream_name, **kw)["Shards"]]


def iterator(stream_name, shard="shardId-000000000000", kind="TRIM_HORIZON",
             **kw):
    return kinesis.get_shard_iterator(
        StreamName=stream_name, ShardId=shard, ShardIteratorType=kind,
        **kw)["ShardIterator"]


def read(at, **kw):
    """All records from an iterator to the tip, or to a closed shard's end."""
    records = []
    while at:
        page = kinesis.get_records(ShardIterator=at, **kw)
        records += page["Records"]
        at = page.get("NextShardIterator")
        if not page["Records"]:
            break
    return records


def everything(stream_name):
    found = []
    for shard in shards(stream_name):
        found += read(iterator(stream_name, shard))
    return found


def put(stream_name, datas, key=None):
    return kinesis.put_records(StreamName=stream_name, Records=[
        {"Data": d, "PartitionKey": key or "k%d" % i}
        for i, d in enumerate(datas)])


def no_stream(stream_name):
    return ("ResourceNotFoundException", "Stream %s under account %s not "
            "found." % (stream_name, ACCOUNT), 400)


@case
def create_describe_delete():
    s = stream(3, Tags={"team": "shop"})
    d = kinesis.describe_stream(StreamName=s)["StreamDescription"]
    equal(d["StreamName"], s)
    equal(d["StreamARN"], arn(s))
    equal(d["StreamStatus"], "ACTIVE")
    equal(d["StreamModeDetails"], {"StreamMode": "PROVISIONED"})
    equal(d["RetentionPeriodHours"], 24)
    equal(d["EncryptionType"], "NONE")
    equal(d["EnhancedMonitoring"], [{"ShardLevelMetrics": []}])
    equal(d["HasMoreShards"], False)
    equal([h["ShardId"] for h in d["Shards"]],
          ["shardId-%012d" % i for i in range(3)])
    equal(d["Shards"][0]["HashKeyRange"]["StartingHashKey"], "0")
    equal(d["Shards"][-1]["HashKeyRange"]["EndingHashKey"],
          str(2 ** 128 - 1))
    summary = kinesis.describe_stream_summary(
        StreamARN=arn(s))["StreamDescriptionSummary"]
    equal(summary["OpenShardCount"], 3)
    equal(summary["ConsumerCount"], 0)
    equal(summary["MaxRecordSizeInKiB"], 1024)
    equal(summary["StreamCreationTimestamp"], d["StreamCreationTimestamp"])
    equal(kinesis.list_tags_for_stream(StreamName=s)["Tags"],
          [{"Key": "team", "Value": "shop"}])
    refused("ResourceInUseException", "Stream %s under account %s already "
            "exists." % (s, ACCOUNT), 400, kinesis.create_stream,
            StreamName=s, ShardCount=1)
    kinesis.delete_stream(StreamName=s)
    kinesis.get_waiter("stream_not_exists").wait(StreamName=s)
    refused(*no_stream(s), kinesis.describe_stream, StreamName=s)
    refused(*no_stream(s), kinesis.delete_stream, StreamName=s)
    refused(*no_stream(s), kinesis.put_record, StreamName=s, Data=b"",
            PartitionKey="k")


@case
def parameters_are_checked():
    refused("ValidationException", "1 validation error detected: Value 'a/b' "
            "at 'streamName' failed to satisfy constraint: Member must "
            "satisfy regular expression pattern: [a-zA-Z0-9_.-]+", 400,
            raw.create_stream, StreamName="a/b", ShardCount=1)
    refused("ValidationException", "1 validation error detected: Value '0' at "
            "'shardCount' failed to satisfy constraint: Member must have "
            "value greater than or equal to 1", 400, raw.create_stream,
            StreamName="a", ShardCount=0)
    refused("ValidationException", "1 validation error detected: Value null "
            "at 'streamName' failed to satisfy constraint: Member must not "
            "be null", 400, raw.create_stream, ShardCount=1)
    refused("ValidationException", None, 400, raw.create_stream,
            StreamName="a", StreamModeDetails={"StreamMode": "SOMETIMES"})
    refused("ValidationException", None, 400, raw.get_records)
    refused("InvalidArgumentException", None, 400, raw.describe_stream)


@case
def describe_by_page():
    s = stream(5)
    page = kinesis.describe_stream(StreamName=s, Limit=3)["StreamDescription"]
    equal([page["HasMoreShards"], len(page["Shards"])], [True, 3])
    pages = kinesis.get_paginator("describe_stream").paginate(
        StreamName=s, PaginationConfig={"PageSize": 2})
    equal(sum(len(p["StreamDescription"]["Shards"]) for p in pages), 5)
    # boto3's paginator names the stream in the second call too, which AWS
    # refuses
    page = kinesis.list_shards(StreamName=s, MaxResults=3)
    equal(len(page["Shards"]), 3)
    refused("InvalidArgumentException", "NextToken and StreamName cannot be "
            "provided together.", 400, kinesis.list_shards, StreamName=s,
            NextToken=page["NextToken"])
    page = kinesis.list_shards(NextToken=page["NextToken"])
    equal([d["ShardId"][-1] for d in page["Shards"]], ["3", "4"])
    assert "NextToken" not in page
    pages = kinesis.get_paginator("list_streams").paginate(
        PaginationConfig={"PageSize": 1})
    names = [n for p in pages for n in p["StreamNames"]]
    assert s in names and names == sorted(set(names))


@case
def limits_of_the_account():
    before = plain(kinesis.describe_limits())
    stream(3)
    kinesis.create_stream(StreamName=name("s"))
    after = plain(kinesis.describe_limits())
    equal(after["OpenShardCount"] - before["OpenShardCount"], 7)
    equal(after["OnDemandStreamCount"] - before["OnDemandStreamCount"], 1)
    assert after["ShardLimit"] > after["OpenShardCount"]


@case
def bytes_of_every_kind_come_back():
    s = stream()
    random.seed(7)
    datas = [b"", b"\0", bytes(range(256)), "ünicödé 统一码 💣💻🔥".encode(),
             random.randbytes(1000), random.randbytes(1001),
             random.randbytes(1002)]
    keys = ["1", "\u00e9", "\"\\/", "\u0001\u007f", "\U0001f600" * 256, " ",
            "{}"]
    answer = kinesis.put_records(StreamName=s, Records=[
        {"Data": d, "PartitionKey": k} for d, k in zip(datas, keys)])
    equal(answer["FailedRecordCount"], 0)
    assert "EncryptionType" not in answer
    records = everything(s)
    equal([r["Data"] for r in records], datas)
    equal([r["PartitionKey"] for r in records], keys)
    equal([r["SequenceNumber"] for r in records],
          [r["SequenceNumber"] for r in answer["Records"]])
    assert all(re.fullmatch(r"\d{56}", r["SequenceNumber"]) for r in records)
    age = datetime.datetime.now(datetime.timezone.utc) - \
        records[0]["ApproximateArrivalTimestamp"]
    assert clock() or abs(age.total_seconds()) < 60


@case
def keys_go_to_the_shards_of_their_hashes():
    s = stream(7)
    listed = kinesis.list_shards(StreamName=s)["Shards"]
    keys = ["user-%d" % i for i in range(400)]
    answer = kinesis.put_records(StreamName=s, Records=[
        {"Data": b"x", "PartitionKey": k} for k in keys])
    for key, result in zip(keys, answer["Records"]):
        h = int.from_bytes(hashlib.md5(key.encode()).digest(), "big")
        want = [d["ShardId"] for d in listed
                if int(d["HashKeyRange"]["StartingHashKey"]) <= h
                <= int(d["HashKeyRange"]["EndingHashKey"])]
        equal([result["ShardId"]], want)
    for d in listed:
        for end in ("StartingHashKey", "EndingHashKey"):
            equal(kinesis.put_record(
                StreamName=s, Data=b"x", PartitionKey="k",
                ExplicitHashKey=d["HashKeyRange"][end])["ShardId"],
                d["ShardId"])
    refused("InvalidArgumentException", None, 400, kinesis.put_record,
            StreamName=s, Data=b"x", PartitionKey="k",
            ExplicitHashKey=str(2 ** 128))
    refused("ValidationException", None, 400, kinesis.put_record,
            StreamName=s, Data=b"x", PartitionKey="k", ExplicitHashKey="07")


@case
def numbers_grow_and_can_be_asked_for():
    s = stream()
    one = kinesis.put_record(StreamName=s, Data=b"1", PartitionKey="k")
    two = kinesis.put_record(
        StreamName=s, Data=b"2", PartitionKey="k",
        SequenceNumberForOrdering=one["SequenceNumber"])
    assert int(two["SequenceNumber"]) > int(one["SequenceNumber"])
    kinesis.put_record(StreamName=s, Data=b"3", PartitionKey="k",
                       SequenceNumberForOrdering="0")
    refused("InvalidArgumentException", "ExclusiveMinimumSequenceNumber %s "
            "used in PutRecord on stream %s under account %s is invalid."
            % ("7" * 56, s, ACCOUNT), 400, kinesis.put_record, StreamName=s,
            Data=b"4", PartitionKey="k", SequenceNumberForOrdering="7" * 56)
    equal([r["Data"] for r in everything(s)], [b"1", b"2", b"3"])


@case
def iterators_of_every_kind():
    s = stream()
    put(s, [b"1", b"2"])
    pass_time(2)
    numbers = [r["SequenceNumber"] for r in put(s, [b"3", b"4"])["Records"]]
    latest = iterator(s, kind="LATEST")
    at = everything(s)[2]["ApproximateArrivalTimestamp"]

    def found(kind, **kw):
        return [r["Data"] for r in read(iterator(s, kind=kind, **kw))]
    equal(found("TRIM_HORIZON"), [b"1", b"2", b"3", b"4"])
    equal(found("AT_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[0]),
          [b"3", b"4"])
    equal(found("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=numbers[0]),
          [b"4"])
    equal(found("AT_TIMESTAMP", Timestamp=at), [b"3", b"4"])
    equal(found("AT_TIMESTAMP",
                Timestamp=at - datetime.timedelta(seconds=1)), [b"3", b"4"])
    equal(found("AT_TIMESTAMP",
                Timestamp=at - datetime.timedelta(days=10)),
          [b"1", b"2", b"3", b"4"])
    begin = kinesis.list_shards(StreamName=s)["Shards"][0][
        "SequenceNumberRange"]["StartingSequenceNumber"]
    equal(len(found("AT_SEQUENCE_NUMBER", StartingSequenceNumber=begin)), 4)
    equal(len(found("AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=begin)),
          4)
    put(s, [b"5"])
    equal([r["Data"] for r in read(latest)], [b"5"])
    equal([r["Data"] for r in read(iterator(s), Limit=1)],
          [b"1", b"2", b"3", b"4", b"5"])
    equal([r["Data"] for r in read(iterator(s), StreamARN=arn(s))][:1],
          [b"1"])


@case
def an_iterator_expires():
    s = stream()
    at = iterator(s)
    if clock() is None:
        return
    pass_time(301)
    refused("ExpiredIteratorException", None, 400, kinesis.get_records,
            ShardIterator=at)


@case
def dry_runs_do_nothing():
    s = stream()
    for call, kw in (
            (kinesis.put_record, {"Data": b"1", "PartitionKey": "k"}),
            (kinesis.put_records,
             {"Records": [{"Data": b"1", "PartitionKey": "k"}]}),
            (kinesis.get_shard_iterator,
             {"ShardId": "shardId-000000000000",
              "ShardIteratorType": "LATEST"})):
        refused("DryRunOperationException", None, 400, call, StreamName=s,
                DryRun=True, **kw)
    equal(everything(s), [])


@case
def split_merge_and_follow_the_children():
    s = stream(2)
    put(s, [b"%d" % i for i in range(20)])
    kinesis.split_shard(StreamName=s, ShardToSplit="shardId-000000000001",
                        NewStartingHashKey=str(3 * 2 ** 126))
    put(s, [b"%d" % i for i in range(20, 40)])
    kinesis.merge_shards(StreamName=s, ShardToMerge="shardId-000000000000",
                         AdjacentShardToMerge="shardId-000000000002")
    put(s, [b"%d" % i for i in range(40, 60)])
    listed = {d["ShardId"]: d
              for d in kinesis.list_shards(StreamName=s)["Shards"]}
    equal(sorted(listed), ["shardId-%012d" % i for i in range(5)])
    merged = listed["shardId-000000000004"]
    equal((merged["ParentShardId"], merged["AdjacentParentShardId"]),
          ("shardId-000000000000", "shardId-000000000002"))
    equal(sorted(int(r["Data"]) for r in everything(s)), list(range(60)))
    # each shard reached from its parents' ends, and only once these are read
    seen, todo = [], ["shardId-000000000000", "shardId-000000000001"]
    while todo:
        shard = todo.pop(0)
        if shard in seen:
            continue
        seen.append(shard)
        at = iterator(s, shard)
        while at:
            page = kinesis.get_records(ShardIterator=at)
            at = page.get("NextShardIterator")
            if not at:
                equal(page["Records"], [])
                todo += [c["ShardId"] for c in page["ChildShards"]]
            elif not page["Records"]:
                break
    equal(sorted(seen), sorted(listed))
    refused("InvalidArgumentException", "Shard shardId-000000000001 in stream "
            "%s under account %s has already been merged or split, and thus "
            "is not eligible for merging or splitting." % (s, ACCOUNT), 400,
            kinesis.split_shard, StreamName=s,
            ShardToSplit="shardId-000000000001", NewStartingHashKey="7")
    equal(shards(s, ShardFilter={"Type": "AT_LATEST"}),
          ["shardId-000000000003", "shardId-000000000004"])
    equal(shards(s, ExclusiveStartShardId="shardId-000000000002"),
          ["shardId-000000000003", "shardId-000000000004"])


@case
def many_reshards_lose_nothing():
    s = stream(2)
    random.seed(11)
    sent = 0
    for _ in range(12):
        put(s, [b"%d" % i for i in range(sent, sent + 30)])
        sent += 30
        now = kinesis.describe_stream_summary(StreamName=s)[
            "StreamDescriptionSummary"]["OpenShardCount"]
        kinesis.update_shard_count(
            StreamName=s, ScalingType="UNIFORM_SCALING",
            TargetShardCount=random.randint((now + 1) // 2, min(2 * now, 9)))
        open_now = kinesis.list_shards(
            StreamName=s, ShardFilter={"Type": "AT_LATEST"})["Shards"]
        ranges = sorted((int(d["HashKeyRange"]["StartingHashKey"]),
                         int(d["HashKeyRange"]["EndingHashKey"]))
                        for d in open_now)
        equal([ranges[0][0]] + [r[1] + 1 for r in ranges],
              [r[0] for r in ranges] + [2 ** 128])
    equal(sorted(int(r["Data"]) for r in everything(s)), list(range(sent)))


@case
def mode_size_and_retention():
    s = stream(2)
    kinesis.update_stream_mode(
        StreamARN=arn(s), StreamModeDetails={"StreamMode": "ON_DEMAND"})
    kinesis.update_max_record_size(StreamARN=arn(s), MaxRecordSizeInKiB=4096)
    kinesis.increase_stream_retention_period(
        StreamName=s, RetentionPeriodHours=8760)
    kinesis.decrease_stream_retention_period(
        StreamName=s, RetentionPeriodHours=72)
    d = kinesis.describe_stream_summary(StreamName=s)[
        "StreamDescriptionSummary"]
    equal((d["StreamModeDetails"]["StreamMode"], d["MaxRecordSizeInKiB"],
           d["RetentionPeriodHours"]), ("ON_DEMAND", 4096, 72))
    refused("ValidationException", "Request is invalid. Stream %s under "
            "account %s is in On-Demand mode." % (s, ACCOUNT), 400,
            kinesis.update_shard_count, StreamName=s, TargetShardCount=4,
            ScalingType="UNIFORM_SCALING")
    kinesis.put_record(StreamName=s, Data=b"x" * (4096 * 1024 - 1),
                       PartitionKey="k")
    refused("ValidationException", None, 400, kinesis.put_record,
            StreamName=s, Data=b"x" * 4096 * 1024, PartitionKey="k")


@case
def records_expire():
    if clock() is None:
        return
    s = stream()
    put(s, [b"old"])
    pass_time(24 * 3600 - 60)
    put(s, [b"new"])
    equal(len(everything(s)), 2)
    pass_time(120)
    equal([r["Data"] for r in everything(s)], [b"new"])


@case
def encryption_is_shown():
    s = stream()
    put(s, [b"clear"])
    key = kms.create_key()["KeyMetadata"]["Arn"]
    kinesis.start_stream_encryption(
        StreamName=s, EncryptionType="KMS", KeyId=key)
    d = kinesis.describe_stream(StreamName=s)["StreamDescription"]
    equal((d["EncryptionType"], d["KeyId"]), ("KMS", key))
    equal(put(s, [b"sealed"])["EncryptionType"], "KMS")
    equal([r.get("EncryptionType") for r in everything(s)], [None, "KMS"])
    kinesis.stop_stream_encryption(
        StreamName=s, EncryptionType="KMS", KeyId=key)
    kinesis.start_stream_encryption(
        StreamName=s, EncryptionType="KMS", KeyId="alias/aws/kinesis")
    refused("KMSNotFoundException", None, 400,
            kinesis.start_stream_encryption, StreamName=s,
            EncryptionType="KMS", KeyId="alias/nobody")


@case
def monitoring_of_shards():
    s = stream()
    got = plain(kinesis.enable_enhanced_monitoring(
        StreamName=s, ShardLevelMetrics=["IncomingBytes", "OutgoingBytes"]))
    equal((got["CurrentShardLevelMetrics"],
           sorted(got["DesiredShardLevelMetrics"])),
          ([], ["IncomingBytes", "OutgoingBytes"]))
    got = kinesis.disable_enhanced_monitoring(
        StreamName=s, ShardLevelMetrics=["OutgoingBytes"])
    equal(got["DesiredShardLevelMetrics"], ["IncomingBytes"])
    got = kinesis.enable_enhanced_monitoring(
        StreamARN=arn(s), ShardLevelMetrics=["ALL"])
    equal(len(got["DesiredShardLevelMetrics"]), 7)
    refused("ValidationException", None, 400, raw.enable_enhanced_monitoring,
            StreamName=s, ShardLevelMetrics=["Weather"])


@case
def measures():
    if clock() is None:
        return
    s = stream()
    put(s, [b"12345"] * 10)
    everything(s)
    pass_time(120)
    now = datetime.datetime.fromisoformat(
        clock()["now"].replace("Z", "+00:00"))

    def total(metric):
        points = watch.get_metric_statistics(
            Namespace="AWS/Kinesis", MetricName=metric, Period=3600,
            Statistics=["Sum"], StartTime=now - datetime.timedelta(hours=2),
            EndTime=now + datetime.timedelta(hours=1),
            Dimensions=[{"Name": "StreamName", "Value": s}])["Datapoints"]
        return sum(p["Sum"] for p in points) if points else None
    equal(total("IncomingRecords"), 10)
    equal(total("IncomingBytes"), 50)
    equal(total("PutRecords.SuccessfulRecords"), 10)
    equal(total("GetRecords.Bytes"), 50 + 20)
    equal(total("GetRecords.IteratorAgeMilliseconds"), 0)
    equal(total("ReadProvisionedThroughputExceeded"), 0)


@case
def tags():
    s = stream()
    kinesis.add_tags_to_stream(StreamName=s, Tags={"a": "1", "b": "2"})
    kinesis.tag_resource(ResourceARN=arn(s), Tags={"b": "3", "c": ""})
    equal(kinesis.list_tags_for_resource(ResourceARN=arn(s))["Tags"],
          [{"Key": "a", "Value": "1"}, {"Key": "b", "Value": "3"},
           {"Key": "c", "Value": ""}])
    page = kinesis.list_tags_for_stream(StreamName=s, Limit=2)
    equal((len(page["Tags"]), page["HasMoreTags"]), (2, True))
    page = kinesis.list_tags_for_stream(StreamName=s,
                                        ExclusiveStartTagKey="b")
    equal((len(page["Tags"]), page["HasMoreTags"]), (1, False))
    kinesis.remove_tags_from_stream(StreamName=s, TagKeys=["a"])
    kinesis.untag_resource(ResourceARN=arn(s), TagKeys=["b", "x"])
    equal(kinesis.list_tags_for_stream(StreamName=s)["Tags"],
          [{"Key": "c", "Value": ""}])
    refused("InvalidArgumentException", None, 400, kinesis.add_tags_to_stream,
            StreamName=s, Tags={"t%d" % i: "v" for i in range(51)})


@case
def consumers():
    s = stream()
    made = kinesis.register_stream_consumer(
        StreamARN=arn(s), ConsumerName="c1", Tags={"a": "b"})["Consumer"]
    assert re.fullmatch(re.escape(arn(s)) + r"/consumer/c1:\d+",
                        made["ConsumerARN"])
    equal((made["ConsumerName"], made["ConsumerStatus"]), ("c1", "ACTIVE"))
    d = kinesis.describe_stream_consumer(
        ConsumerARN=made["ConsumerARN"])["ConsumerDescription"]
    equal(d, dict(made, StreamARN=arn(s)))
    equal(kinesis.describe_stream_consumer(
        StreamARN=arn(s), ConsumerName="c1")["ConsumerDescription"], d)
    kinesis.register_stream_consumer(StreamARN=arn(s), ConsumerName="c2")
    refused("ResourceInUseException", None, 400,
            kinesis.register_stream_consumer, StreamARN=arn(s),
            ConsumerName="c2")
    pages = kinesis.get_paginator("list_stream_consumers").paginate(
        StreamARN=arn(s), PaginationConfig={"PageSize": 1})
    equal([c["ConsumerName"] for p in pages for c in p["Consumers"]],
          ["c1", "c2"])
    equal(kinesis.list_tags_for_resource(
        ResourceARN=made["ConsumerARN"])["Tags"],
        [{"Key": "a", "Value": "b"}])
    refused("ResourceInUseException", None, 400, kinesis.delete_stream,
            StreamName=s)
    kinesis.deregister_stream_consumer(ConsumerARN=made["ConsumerARN"])
    refused("ResourceNotFoundException", None, 400,
            kinesis.describe_stream_consumer,
            ConsumerARN=made["ConsumerARN"])
    try:
        kinesis.subscribe_to_shard(
            ConsumerARN=kinesis.list_stream_consumers(
                StreamARN=arn(s))["Consumers"][0]["ConsumerARN"],
            ShardId="shardId-000000000000",
            StartingPosition={"Type": "LATEST"})
        raise AssertionError("subscribed")
    except ClientError as e:
        equal(e.response["Error"]["Code"], "UnknownOperationException")
    kinesis.delete_stream(StreamName=s, EnforceConsumerDeletion=True)


@case
def resource_policies():
    s = stream()
    equal(kinesis.get_resource_policy(ResourceARN=arn(s))["Policy"], "{}")
    for action in ("kinesis:PutRecord", ["kinesis:PutRecord",
                                         "kinesis:GetRecords"]):
        policy = json.dumps({"Version": "2012-10-17", "Statement": [{
            "Sid": "AllowCrossAccount", "Effect": "Allow",
            "Principal": {"AWS": "arn:aws:iam::%s:root" % ACCOUNT},
            "Action": action, "Resource": arn(s)}]})
        kinesis.put_resource_policy(ResourceARN=arn(s), Policy=policy)
        equal(kinesis.get_resource_policy(ResourceARN=arn(s))["Policy"],
              policy)
    refused("InvalidArgumentException", None, 400,
            kinesis.put_resource_policy, ResourceARN=arn(s), Policy="{]")
    kinesis.delete_resource_policy(ResourceARN=arn(s))
    equal(kinesis.get_resource_policy(ResourceARN=arn(s))["Policy"], "{}")


@case
def regions_are_apart():
    s = stream()
    other = client("kinesis", region="eu-west-3")
    refused(*no_stream(s), other.describe_stream, StreamName=s)
    refused("ResourceNotFoundException", None, 400, other.describe_stream,
            StreamARN=arn(s))
    other.create_stream(StreamName=s, ShardCount=1)
    other.put_record(StreamName=s, Data=b"x", PartitionKey="k")
    equal(everything(s), [])


@case
def a_rule_puts_events():
    s, rule = stream(), name("r")
    events.put_rule(Name=rule, EventPattern=json.dumps({"source": [rule]}))
    equal(events.put_targets(Rule=rule, Targets=[
        {"Id": "1", "Arn": arn(s),
         "RoleArn": "arn:aws:iam::%s:role/r" % ACCOUNT}])["FailedEntryCount"],
        0)
    entry = events.put_events(Entries=[
        {"Source": rule, "DetailType": "t", "Detail": "{\"n\":1}"}])
    if clock() is None:
        return
    pass_time(1)
    got = everything(s)
    equal([(r["PartitionKey"], json.loads(r["Data"])["detail"]) for r in got],
          [(entry["Entries"][0]["EventId"], {"n": 1})])


TEMPLATE = """
Parameters:
  Shards: {Type: Number}
  Hours: {Type: Number}
  Levels: {Type: CommaDelimitedList}
Resources:
  Clicks:
    Type: AWS::Kinesis::Stream
    Properties:
      Name: !Ref AWS::StackName
      ShardCount: !Ref Shards
      RetentionPeriodHours: !Ref Hours
      DesiredShardLevelMetrics: !Ref Levels
      StreamModeDetails: {StreamMode: PROVISIONED}
      StreamEncryption: {EncryptionType: KMS, KeyId: alias/aws/kinesis}
      Tags: [{Key: of, Value: !Sub "${Hours}"}]
  Reader:
    Type: AWS::Kinesis::StreamConsumer
    Properties: {ConsumerName: reader, StreamARN: !GetAtt Clicks.Arn}
  Others:
    Type: AWS::Kinesis::ResourcePolicy
    Properties:
      ResourceArn: !GetAtt Clicks.Arn
      ResourcePolicy:
        Version: "2012-10-17"
        Statement:
          - {Effect: Allow, Action: "kinesis:*", Principal: {AWS: "*"},
             Resource: !GetAtt Clicks.Arn}
  Windows:
    Type: AWS::Kinesis::Stream
    Properties: {StreamModeDetails: {StreamMode: ON_DEMAND}}
Outputs:
  Arn: {Value: !GetAtt Clicks.Arn}
  Windows: {Value: !Ref Windows}
  Reader: {Value: !Ref Reader}
  Status: {Value: !GetAtt Reader.ConsumerStatus}
"""


def parameters(count, hours, levels):
    return [{"ParameterKey": k, "ParameterValue": v} for k, v in (
        ("Shards", count), ("Hours", hours), ("Levels", levels))]


@case
def stacks():
    stack = name("stack")
    cfn.create_stack(StackName=stack, TemplateBody=TEMPLATE, Parameters=(
        parameters("2", "48", "IncomingBytes,OutgoingBytes")))
    cfn.get_waiter("stack_create_complete").wait(StackName=stack)
    out = {o["OutputKey"]: o["OutputValue"] for o in cfn.describe_stacks(
        StackName=stack)["Stacks"][0]["Outputs"]}
    equal(out["Arn"], arn(stack))
    equal(out["Status"], "ACTIVE")
    assert out["Reader"].startswith(arn(stack) + "/consumer/reader:")

    def seen():
        d = kinesis.describe_stream_summary(StreamName=stack)[
            "StreamDescriptionSummary"]
        return (d["OpenShardCount"], d["RetentionPeriodHours"],
                d["EncryptionType"], d["ConsumerCount"],
                sorted(d["EnhancedMonitoring"][0]["ShardLevelMetrics"]),
                kinesis.list_tags_for_stream(StreamName=stack)["Tags"])
    equal(seen(), (2, 48, "KMS", 1, ["IncomingBytes", "OutgoingBytes"],
                   [{"Key": "of", "Value": "48"}]))
    equal(len(shards(out["Windows"])), 4)
    equal(json.loads(kinesis.get_resource_policy(
        ResourceARN=arn(stack))["Policy"])["Statement"][0]["Action"],
        "kinesis:*")
    cfn.update_stack(StackName=stack, TemplateBody=TEMPLATE, Parameters=(
        parameters("4", "24", "OutgoingBytes,IncomingRecords")))
    cfn.get_waiter("stack_update_complete").wait(StackName=stack)
    equal(seen(), (4, 24, "KMS", 1, ["IncomingRecords", "OutgoingBytes"],
                   [{"Key": "of", "Value": "24"}]))
    cfn.delete_stack(StackName=stack)
    cfn.get_waiter("stack_delete_complete").wait(StackName=stack)
    refused(*no_stream(stack), kinesis.describe_stream, StreamName=stack)


if __name__ == "__main__":
    sys.exit(main())
