#!/usr/bin/env python3
"""Every operation of DynamoDB through boto3, results asserted.

usage: boto3_dynamodb.py ENDPOINT [NAME...]

NAME runs only those cases. One line a case; the status is 1 when any failed.
What a peer does not have at all (it says UnknownOperationException) is left
out by name; lunad has all of it.
"""
import decimal
import functools
import sys
import time

import boto3
from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import Binary
from botocore.exceptions import ClientError

from peer import (ENDPOINT, REGION, case, client, clock, equal, main, name,
                  pass_time, plain, refused)

ddb = client("dynamodb")
raw = client("dynamodb", checked=False)
resource = boto3.resource("dynamodb", endpoint_url=ENDPOINT,
                          region_name=REGION)
LUNAD = clock() is not None


def peer_case(function):
    """A case that a peer without the operation does not fail."""
    @functools.wraps(function)
    def run():
        try:
            function()
        except ClientError as e:
            if LUNAD or e.response["Error"]["Code"] != \
                    "UnknownOperationException":
                raise
            print("left out", function.__name__)
    return case(run)


def S(text):
    return {"S": text}


def N(number):
    return {"N": str(number)}


def keys(hash_key, range_key=None):
    schema = [{"AttributeName": hash_key, "KeyType": "HASH"}]
    if range_key:
        schema.append({"AttributeName": range_key, "KeyType": "RANGE"})
    return schema


def definitions(**types):
    return [{"AttributeName": k, "AttributeType": v}
            for k, v in types.items()]


def table(hash_key="id", range_key=None, **more):
    """Make a table of string keys (range: a number) and wait for it."""
    types = {hash_key: "S"}
    if range_key:
        types[range_key] = "N"
    types.update(more.pop("types", {}))
    t = name("t")
    more.setdefault("BillingMode", "PAY_PER_REQUEST")
    ddb.create_table(TableName=t, KeySchema=keys(hash_key, range_key),
                     AttributeDefinitions=definitions(**types), **more)
    ddb.get_waiter("table_exists").wait(
        TableName=t, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    return t


def indexed():
    return table("p", "s", types={"g": "S", "l": "N"},
                 GlobalSecondaryIndexes=[{
                     "IndexName": "by_g", "KeySchema": keys("g", "s"),
                     "Projection": {"ProjectionType": "INCLUDE",
                                    "NonKeyAttributes": ["v"]}}],
                 LocalSecondaryIndexes=[{
                     "IndexName": "by_l", "KeySchema": keys("p", "l"),
                     "Projection": {"ProjectionType": "KEYS_ONLY"}}])


def put(t, **item):
    return ddb.put_item(TableName=t, Item=item)


def get(t, **key):
    return ddb.get_item(TableName=t, Key=key, ConsistentRead=True).get("Item")


@case
def create_describe_list_delete_table():
    t = name("t")
    made = ddb.create_table(
        TableName=t, KeySchema=keys("p", "s"),
        AttributeDefinitions=definitions(p="S", s="B"),
        ProvisionedThroughput={"ReadCapacityUnits": 3,
                               "WriteCapacityUnits": 4})["TableDescription"]
    assert made["TableStatus"] in ("CREATING", "ACTIVE")
    ddb.get_waiter("table_exists").wait(
        TableName=t, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    got = ddb.describe_table(TableName=t)["Table"]
    equal(got["KeySchema"], keys("p", "s"))
    equal(sorted((d["AttributeName"], d["AttributeType"])
                 for d in got["AttributeDefinitions"]),
          [("p", "S"), ("s", "B")])
    equal(got["ProvisionedThroughput"]["WriteCapacityUnits"], 4)
    equal((got["ItemCount"], got["TableSizeBytes"]), (0, 0))
    assert got["TableArn"].endswith(":table/" + t)
    refused("ResourceInUseException", None, 400, ddb.create_table,
            TableName=t, KeySchema=keys("p"),
            AttributeDefinitions=definitions(p="S"),
            BillingMode="PAY_PER_REQUEST")
    listed = []
    for page in ddb.get_paginator("list_tables").paginate(
            PaginationConfig={"PageSize": 1}):
        assert len(page["TableNames"]) <= 1
        listed += page["TableNames"]
    assert t in listed and listed == sorted(listed)
    gone = ddb.delete_table(TableName=t)["TableDescription"]
    assert gone["TableStatus"] in ("DELETING", "ACTIVE")
    ddb.get_waiter("table_not_exists").wait(
        TableName=t, WaiterConfig={"Delay": 1, "MaxAttempts": 20})
    refused("ResourceNotFoundException", None, 400, ddb.delete_table,
            TableName=t)
    refused("ResourceNotFoundException", None, 400, ddb.get_item,
            TableName=t, Key={"p": S("a"), "s": {"B": b"a"}})


@case
def bad_tables_are_refused():
    def bad(**change):
        args = dict(TableName=name("t"), KeySchema=keys("p"),
                    AttributeDefinitions=definitions(p="S"),
                    BillingMode="PAY_PER_REQUEST")
        args.update(change)
        args = {k: v for k, v in args.items() if v is not None}
        refused("ValidationException", None, 400, raw.create_table, **args)

    all_of_it = {"ProjectionType": "ALL"}
    bad(KeySchema=keys("q"))
    bad(KeySchema=[])
    bad(KeySchema=keys("p", "p"))
    bad(AttributeDefinitions=definitions(p="S", q="S"))
    bad(AttributeDefinitions=definitions(p="X"))
    bad(BillingMode=None)
    bad(TableName="a")
    bad(GlobalSecondaryIndexes=[])
    bad(GlobalSecondaryIndexes=[{"IndexName": "gsi", "KeySchema": keys("z"),
                                 "Projection": all_of_it}])
    bad(LocalSecondaryIndexes=[{"IndexName": "lsi",
                                "KeySchema": keys("p", "q"),
                                "Projection": all_of_it}],
        AttributeDefinitions=definitions(p="S", q="S"))


@case
def update_table_changes_billing():
    t = table()
    ddb.update_table(TableName=t, BillingMode="PROVISIONED",
                     ProvisionedThroughput={"ReadCapacityUnits": 7,
                                            "WriteCapacityUnits": 8})
    time.sleep(0 if LUNAD else 1)
    got = ddb.describe_table(TableName=t)["Table"]
    equal(got["ProvisionedThroughput"]["ReadCapacityUnits"], 7)
    equal(got["BillingModeSummary"]["BillingMode"], "PROVISIONED")
    ddb.update_table(TableName=t, BillingMode="PAY_PER_REQUEST")
    refused("ValidationException", None, 400, ddb.update_table, TableName=t)


@case
def update_table_adds_and_removes_an_index():
    t = table()
    for i in range(3):
        put(t, id=S(str(i)), k=S("x"), v=N(i))
    create = {"IndexName": "by_k", "KeySchema": keys("k"),
              "Projection": {"ProjectionType": "ALL"}}
    try:
        ddb.update_table(
            TableName=t, AttributeDefinitions=definitions(id="S", k="S"),
            GlobalSecondaryIndexUpdates=[{"Create": create}])
    except ClientError:
        if LUNAD:
            raise
        print("left out update_table_adds_and_removes_an_index")
        return
    for _ in range(50):
        index = ddb.describe_table(TableName=t)["Table"][
            "GlobalSecondaryIndexes"][0]
        if index["IndexStatus"] == "ACTIVE":
            break
        time.sleep(0.2)
    found = ddb.query(TableName=t, IndexName="by_k",
                      KeyConditionExpression="k = :k",
                      ExpressionAttributeValues={":k": S("x")})
    equal(sorted(i["id"]["S"] for i in found["Items"]), ["0", "1", "2"])
    ddb.update_table(
        TableName=t,
        GlobalSecondaryIndexUpdates=[{"Delete": {"IndexName": "by_k"}}])
    for _ in range(50):
        if "GlobalSecondaryIndexes" not in ddb.describe_table(
                TableName=t)["Table"]:
            return
        time.sleep(0.2)
    raise AssertionError("the index stays")


@peer_case
def settings_are_kept():
    t = table(StreamSpecification={"StreamEnabled": True,
                                   "StreamViewType": "NEW_IMAGE"})
    got = ddb.describe_table(TableName=t)["Table"]
    if "LatestStreamArn" not in got and not LUNAD:
        print("left out settings_are_kept")
        return
    equal(got["StreamSpecification"]["StreamViewType"], "NEW_IMAGE")
    assert got["LatestStreamArn"].startswith(got["TableArn"] + "/stream/")
    ddb.update_table(TableName=t, DeletionProtectionEnabled=True)
    refused("ValidationException",
            "Resource cannot be deleted as it is currently protected against "
            "deletion. Disable deletion protection first.", 400,
            ddb.delete_table, TableName=t)
    ddb.update_table(TableName=t, DeletionProtectionEnabled=False)
    equal(plain(ddb.describe_limits())["TableMaxReadCapacityUnits"], 40000)


@peer_case
def encryption_setting_is_kept():
    key = "arn:aws:kms:us-east-1:000000000000:key/" \
        "12345678-1234-1234-1234-123456789012"
    t = table(SSESpecification={"Enabled": True, "SSEType": "KMS",
                                "KMSMasterKeyId": key})
    got = ddb.describe_table(TableName=t)["Table"]
    if not LUNAD and "SSEDescription" not in got:
        print("left out encryption_setting_is_kept")
        return
    equal(got["SSEDescription"], {"Status": "ENABLED", "SSEType": "KMS",
                                  "KMSMasterKeyArn": key})


@peer_case
def tags():
    t = table(Tags=[{"Key": "a", "Value": "1"}])
    arn = ddb.describe_table(TableName=t)["Table"]["TableArn"]
    ddb.tag_resource(ResourceArn=arn, Tags=[{"Key": "b", "Value": "2"},
                                            {"Key": "a", "Value": "3"}])
    got = ddb.list_tags_of_resource(ResourceArn=arn)["Tags"]
    if LUNAD:
        equal(sorted((x["Key"], x["Value"]) for x in got),
              [("a", "3"), ("b", "2")])
    ddb.untag_resource(ResourceArn=arn, TagKeys=["a"])
    equal([x["Key"] for x in
           ddb.list_tags_of_resource(ResourceArn=arn)["Tags"]], ["b"])
    refused("ResourceNotFoundException", None, 400, ddb.tag_resource,
            ResourceArn=arn + "x", Tags=[{"Key": "a", "Value": "1"}])


@peer_case
def time_to_live():
    t = table()
    equal(ddb.describe_time_to_live(TableName=t)["TimeToLiveDescription"],
          {"TimeToLiveStatus": "DISABLED"})
    spec = {"Enabled": True, "AttributeName": "gone_at"}
    equal(ddb.update_time_to_live(TableName=t, TimeToLiveSpecification=spec)
          ["TimeToLiveSpecification"], spec)
    equal(ddb.describe_time_to_live(TableName=t)["TimeToLiveDescription"],
          {"TimeToLiveStatus": "ENABLED", "AttributeName": "gone_at"})
    refused("ValidationException", "TimeToLive is already enabled", 400,
            ddb.update_time_to_live, TableName=t,
            TimeToLiveSpecification=spec)
    if LUNAD:
        now = int(time.time()) + clock()["ahead_ms"] // 1000
        put(t, id=S("a"), gone_at=N(now + 30))
        put(t, id=S("b"), gone_at=N(now + 3000))
        pass_time(60)
        equal(get(t, id=S("a")), None)
        assert get(t, id=S("b")) is not None
    spec["Enabled"] = False
    ddb.update_time_to_live(TableName=t, TimeToLiveSpecification=spec)
    equal(ddb.describe_time_to_live(TableName=t)["TimeToLiveDescription"]
          ["TimeToLiveStatus"], "DISABLED")


@peer_case
def continuous_backups_setting_is_kept():
    t = table()

    def state():
        return ddb.describe_continuous_backups(TableName=t)[
            "ContinuousBackupsDescription"]["PointInTimeRecoveryDescription"]

    equal(state()["PointInTimeRecoveryStatus"], "DISABLED")
    ddb.update_continuous_backups(
        TableName=t, PointInTimeRecoverySpecification={
            "PointInTimeRecoveryEnabled": True})
    equal((state()["PointInTimeRecoveryStatus"],
           state()["RecoveryPeriodInDays"]), ("ENABLED", 35))
    refused("TableNotFoundException", None, 400,
            ddb.describe_continuous_backups, TableName=name("t"))


@case
def every_type_comes_back():
    t = resource.Table(table())
    item = {
        "id": "a", "s": "\u00e9\U0001d11e\x00", "empty": "",
        "n": decimal.Decimal("2103807459595387724"),
        "d": decimal.Decimal("-0.1"), "b": Binary(b"\x00\xff"),
        "t": True, "f": False, "z": None, "ss": {"x", "y"},
        "ns": {decimal.Decimal(1), decimal.Decimal("2.5")},
        "bs": {Binary(b"1"), Binary(b"2")},
        "l": ["a", decimal.Decimal(1), {"k": []}], "m": {"k": {"k": "v"}}}
    t.put_item(Item=item)
    equal(t.get_item(Key={"id": "a"})["Item"], item)


@case
def numbers_have_their_normal_form():
    t = table()
    for given, normal in (("1.0", "1"), ("1E+2", "100"), ("-0", "0"),
                          ("0.10", "0.1"), ("000123", "123"),
                          ("1e-5", "0.00001"), ("9.99e125", "999" + 123 * "0")):
        put(t, id=S("a"), n=N(given))
        equal(get(t, id=S("a"))["n"]["N"], normal)
    for bad in ("1e126", "1e-131", 39 * "1", "x", "", "NaN"):
        refused("ValidationException", None, 400, ddb.put_item, TableName=t,
                Item={"id": S("a"), "n": N(bad)})


@case
def bad_values_are_refused():
    t = table()
    for bad in ({"SS": []}, {"NS": ["1", "1.0"]}, {"SS": ["a", "a"]},
                {"NULL": False}, {}, {"S": "a", "N": "1"}):
        refused("ValidationException", None, 400, raw.put_item, TableName=t,
                Item={"id": S("a"), "x": bad})
    for bad in ({"id": S("")}, {"id": N(1)}, {"no": S("a")},
                {"id": S(2049 * "x")}):
        refused("ValidationException", None, 400, ddb.put_item, TableName=t,
                Item=bad)
    refused("ValidationException", None, 400, ddb.put_item, TableName=t,
            Item={"id": S("a"), "x": S(409601 * "x")})
    refused("ValidationException", None, 400, ddb.get_item, TableName=t,
            Key={"id": S("a"), "x": S("b")})


@case
def put_item_returns_and_replaces():
    t = table()
    equal(plain(put(t, id=S("a"), x=S("1"))), {})
    got = ddb.put_item(TableName=t, Item={"id": S("a"), "y": S("2")},
                       ReturnValues="ALL_OLD")
    equal(got["Attributes"], {"id": S("a"), "x": S("1")})
    equal(get(t, id=S("a")), {"id": S("a"), "y": S("2")})
    refused("ValidationException", None, 400, ddb.put_item, TableName=t,
            Item={"id": S("a")}, ReturnValues="ALL_NEW")


@case
def conditions():
    t = table()
    put(t, id=S("a"), n=N(5), s=S("hello"), l={"L": [S("q"), N(2)]},
        ss={"SS": ["x", "y"]}, m={"M": {"k": N(1)}})
    values = {":5": N("5.0"), ":6": N(6), ":h": S("he"), ":q": S("q"),
              ":x": S("x"), ":2": N(2), ":SS": S("SS"), ":1": N(1)}
    for text, holds in (
            ("n = :5", True), ("n <> :5", False), ("n < :6", True),
            ("n BETWEEN :5 AND :6", True), ("n IN (:6, :5)", True),
            ("begins_with(s, :h)", True), ("contains(l, :q)", True),
            ("contains(ss, :x)", True), ("contains(s, :x)", False),
            ("size(l) = :2", True), ("attribute_type(ss, :SS)", True),
            ("attribute_exists(m.k) AND m.k = :1", True),
            ("attribute_exists(m.z)", False),
            ("attribute_not_exists(zz) OR n = :6", True),
            ("NOT n = :6", True), ("zz = :1", False), ("zz <> :1", True),
            ("NOT (n = :5 OR n = :6)", False)):
        used = {k: v for k, v in values.items() if k in text}
        more = {"ExpressionAttributeValues": used} if used else {}
        args = dict(TableName=t, Key={"id": S("a")},
                    UpdateExpression="SET seen = n",
                    ConditionExpression=text, **more)
        if holds:
            ddb.update_item(**args)
        else:
            refused("ConditionalCheckFailedException",
                    "The conditional request failed", 400,
                    ddb.update_item, **args)


@case
def conditions_show_the_item():
    t = table()
    put(t, id=S("a"), n=N(650))
    answer = refused(
        "ConditionalCheckFailedException", "The conditional request failed",
        400, ddb.delete_item, TableName=t, Key={"id": S("a")},
        ConditionExpression="n > :n",
        ExpressionAttributeValues={":n": N(700)},
        ReturnValuesOnConditionCheckFailure="ALL_OLD")
    if LUNAD or "Item" in answer:
        equal(answer["Item"], {"id": S("a"), "n": N(650)})


@case
def bad_expressions_are_refused():
    t = table()
    for text in ("", "a", "a =", "a = :v AND", "((a = :v))", "name = :v",
                 "a = a", "foo(a)", "attribute_exists(:v)", "a IN ()",
                 "size(a)", "a == :v", "#n = :v", "a = :v = :v"):
        more = {"ExpressionAttributeValues": {":v": N(1)}} \
            if ":v" in text else {}
        refused("ValidationException", None, 400, ddb.put_item, TableName=t,
                Item={"id": S("a")}, ConditionExpression=text, **more)
    for text in ("", "SET", "SET a :v", "SET a = :v SET b = :v",
                 "SET a = :v, a = :v", "SET id = :v", "SET a = nope",
                 "SET a.b = :v", "ADD a :s", "DELETE a :v", "REMOVE a, a"):
        used = {k: v for k, v in {":v": N(1), ":s": S("x")}.items()
                if k in text}
        more = {"ExpressionAttributeValues": used} if used else {}
        refused("ValidationException", None, 400, ddb.update_item,
                TableName=t, Key={"id": S("a")}, UpdateExpression=text,
                **more)
    refused("ValidationException",
            "Value provided in ExpressionAttributeNames unused in "
            "expressions: keys: {#x}", 400, ddb.get_item, TableName=t,
            Key={"id": S("a")}, ProjectionExpression="id",
            ExpressionAttributeNames={"#x": "y"})


@case
def updates():
    t = table()
    start = {"id": S("a"), "n": N(5), "l": {"L": [N(1), N(2), N(3)]},
             "m": {"M": {"k": S("v")}}, "ss": {"SS": ["a", "b"]}}
    values = {":1": N(1), ":l": {"L": [N(9)]}, ":s": {"SS": ["b", "c"]},
              ":o": {"SS": ["a", "b"]}, ":x": S("x"),
              ":big": N(38 * "9")}
    for text, change in (
            ("SET n = n + :1", {"n": N(6)}),
            ("SET n = n - :1", {"n": N(4)}),
            ("SET x = if_not_exists(n, :1)", {"x": N(5)}),
            ("SET x = if_not_exists(y, :1)", {"x": N(1)}),
            ("SET l = list_append(l, :l)",
             {"l": {"L": [N(1), N(2), N(3), N(9)]}}),
            ("SET l[1] = :x", {"l": {"L": [N(1), S("x"), N(3)]}}),
            ("SET l[7] = :x", {"l": {"L": [N(1), N(2), N(3), S("x")]}}),
            ("SET m.j = :1 REMOVE m.k", {"m": {"M": {"j": N(1)}}}),
            ("REMOVE l[0], l[2]", {"l": {"L": [N(2)]}}),
            ("ADD n :1", {"n": N(6)}), ("ADD y :1", {"y": N(1)}),
            ("ADD ss :s", {"ss": {"SS": ["a", "b", "c"]}}),
            ("DELETE ss :s", {"ss": {"SS": ["a"]}}),
            ("DELETE ss :o", {"ss": None}), ("REMOVE n", {"n": None}),
            ("SET x = :big", {"x": N(38 * "9")}),
            ("SET n = l, l = n", {"n": start["l"], "l": N(5)})):
        put(t, **start)
        used = {k: v for k, v in values.items() if k in text}
        more = {"ExpressionAttributeValues": used} if used else {}
        got = ddb.update_item(TableName=t, Key={"id": S("a")},
                              UpdateExpression=text, ReturnValues="ALL_NEW",
                              **more)["Attributes"]
        want = {k: v for k, v in {**start, **change}.items() if v is not None}
        for item in (got, want):
            if "ss" in item:
                item["ss"]["SS"].sort()
        equal(got, want)


@case
def updates_return_what_changed():
    t = table()
    args = dict(TableName=t, Key={"id": S("a")},
                UpdateExpression="SET n = :n, #k = :n",
                ExpressionAttributeNames={"#k": "key"})
    got = plain(ddb.update_item(
        ReturnValues="ALL_OLD", ExpressionAttributeValues={":n": N(1)},
        **args))
    equal(got.get("Attributes", {}), {})
    put(t, id=S("a"), n=N(1), other=N(1))
    got = ddb.update_item(ReturnValues="UPDATED_OLD",
                          ExpressionAttributeValues={":n": N(2)}, **args)
    equal(got["Attributes"], {"n": N(1)})
    got = ddb.update_item(ReturnValues="UPDATED_NEW",
                          ExpressionAttributeValues={":n": N(3)}, **args)
    equal(got["Attributes"], {"n": N(3), "key": N(3)})


@case
def delete_item():
    t = table()
    put(t, id=S("a"), n=N(1))
    got = ddb.delete_item(TableName=t, Key={"id": S("a")},
                          ReturnValues="ALL_OLD")
    equal(got["Attributes"], {"id": S("a"), "n": N(1)})
    got = ddb.delete_item(TableName=t, Key={"id": S("a")},
                          ReturnValues="ALL_OLD")
    equal(got.get("Attributes"), None)
    equal(get(t, id=S("a")), None)


@case
def projections():
    t = table()
    put(t, id=S("a"), n=N(1), m={"M": {"k": S("v"), "j": S("w")}},
        l={"L": [N(1), N(2), N(3)]})
    for text, want in (
            ("n", {"n": N(1)}), ("n, zz", {"n": N(1)}), ("zz", {}),
            ("m.k", {"m": {"M": {"k": S("v")}}}),
            ("l[2], l[0]", {"l": {"L": [N(1), N(3)]}})):
        equal(ddb.get_item(TableName=t, Key={"id": S("a")},
                           ProjectionExpression=text)["Item"], want)


@case
def batch_write_and_get():
    t = table()
    writes = [{"PutRequest": {"Item": {"id": S(str(i)), "n": N(i)}}}
              for i in range(25)]
    got = ddb.batch_write_item(RequestItems={t: writes})
    equal(got["UnprocessedItems"], {})
    got = ddb.batch_get_item(RequestItems={t: {
        "Keys": [{"id": S(str(i))} for i in range(30)],
        "ProjectionExpression": "#n",
        "ExpressionAttributeNames": {"#n": "n"}}})
    equal(sorted(int(i["n"]["N"]) for i in got["Responses"][t]),
          list(range(25)))
    equal(got["UnprocessedKeys"], {})
    ddb.batch_write_item(RequestItems={t: [
        {"DeleteRequest": {"Key": {"id": S("0")}}},
        {"PutRequest": {"Item": {"id": S("1"), "n": N(-1)}}}]})
    equal(get(t, id=S("0")), None)
    equal(get(t, id=S("1"))["n"], N(-1))
    refused("ValidationException",
            "Provided list of item keys contains duplicates", 400,
            ddb.batch_write_item, RequestItems={t: writes[:1] * 2})
    refused("ValidationException",
            "Provided list of item keys contains duplicates", 400,
            ddb.batch_get_item,
            RequestItems={t: {"Keys": [{"id": S("a")}] * 2}})
    refused("ValidationException", None, 400, raw.batch_write_item,
            RequestItems={t: writes + [
                {"PutRequest": {"Item": {"id": S("x")}}}]})
    refused("ResourceNotFoundException", None, 400, ddb.batch_write_item,
            RequestItems={name("t"): writes})


@case
def the_batch_writer_of_the_resource():
    t = resource.Table(table())
    with t.batch_writer() as batch:
        for i in range(60):
            batch.put_item(Item={"id": str(i), "n": i})
    found = t.scan(FilterExpression=Attr("n").gte(50))
    equal(sorted(int(i["n"]) for i in found["Items"]), list(range(50, 60)))
    equal((found["Count"], found["ScannedCount"]), (10, 60))


@peer_case
def transactions():
    t = table()
    put(t, id=S("a"), n=N(1))
    ddb.transact_write_items(TransactItems=[
        {"Put": {"TableName": t, "Item": {"id": S("b")}}},
        {"Update": {"TableName": t, "Key": {"id": S("a")},
                    "UpdateExpression": "ADD n :n",
                    "ExpressionAttributeValues": {":n": N(1)}}},
        {"ConditionCheck": {
            "TableName": t, "Key": {"id": S("c")},
            "ConditionExpression": "attribute_not_exists(id)"}}])
    got = ddb.transact_get_items(TransactItems=[
        {"Get": {"TableName": t, "Key": {"id": S("a")}}},
        {"Get": {"TableName": t, "Key": {"id": S("zz")}}},
        {"Get": {"TableName": t, "Key": {"id": S("b")},
                 "ProjectionExpression": "id"}}])["Responses"]
    equal([r.get("Item") for r in got],
          [{"id": S("a"), "n": N(2)}, None, {"id": S("b")}])
    done = ddb.transact_write_items(
        ReturnConsumedCapacity="TOTAL",
        TransactItems=[{"Put": {"TableName": t, "Item": {"id": S("d")}}}])
    if LUNAD:  # DynamoDB Local counts twice what AWS's guide says
        equal([(x["TableName"], x["CapacityUnits"])
               for x in done["ConsumedCapacity"]], [(t, 2)])
    answer = refused(
        "TransactionCanceledException",
        "Transaction cancelled, please refer cancellation reasons for "
        "specific reasons [ConditionalCheckFailed, None]", 400,
        ddb.transact_write_items, TransactItems=[
            {"Put": {"TableName": t, "Item": {"id": S("a")},
                     "ConditionExpression": "attribute_not_exists(id)",
                     "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}},
            {"Delete": {"TableName": t, "Key": {"id": S("b")}}}])
    reasons = answer["CancellationReasons"]
    equal([r["Code"] for r in reasons], ["ConditionalCheckFailed", "None"])
    equal(reasons[0]["Item"], {"id": S("a"), "n": N(2)})
    assert get(t, id=S("b")) is not None
    refused("ValidationException",
            "Transaction request cannot include multiple operations on one "
            "item", 400, ddb.transact_write_items, TransactItems=[
                {"Put": {"TableName": t, "Item": {"id": S("a")}}},
                {"Delete": {"TableName": t, "Key": {"id": S("a")}}}])


@peer_case
def transactions_with_a_token():
    t = table()
    token = name("token")[:36]

    def add(n):
        return dict(ClientRequestToken=token, TransactItems=[
            {"Update": {"TableName": t, "Key": {"id": S("a")},
                        "UpdateExpression": "ADD n :n",
                        "ExpressionAttributeValues": {":n": N(n)}}}])

    ddb.transact_write_items(**add(1))
    ddb.transact_write_items(**add(1))
    equal(get(t, id=S("a"))["n"], N(1))
    refused("IdempotentParameterMismatchException", None, 400,
            ddb.transact_write_items, **add(2))


@case
def query_by_key_conditions():
    t = resource.Table(table("p", "s"))
    for n in (-2, 0, 1, 5, 10):
        t.put_item(Item={"p": "a", "s": n})
    t.put_item(Item={"p": "b", "s": 1})

    def found(condition, **more):
        return [int(i["s"]) for i in t.query(
            KeyConditionExpression=condition, **more)["Items"]]

    a = Key("p").eq("a")
    equal(found(a), [-2, 0, 1, 5, 10])
    equal(found(a, ScanIndexForward=False), [10, 5, 1, 0, -2])
    equal(found(a & Key("s").eq(5)), [5])
    equal(found(a & Key("s").lt(1)), [-2, 0])
    equal(found(a & Key("s").lte(1)), [-2, 0, 1])
    equal(found(a & Key("s").gt(1)), [5, 10])
    equal(found(a & Key("s").between(0, 5)), [0, 1, 5])
    equal(t.query(KeyConditionExpression=a, Select="COUNT")["Count"], 5)
    for bad in (Key("s").eq(1), Key("p").gt("a"), a & Key("z").eq(1)):
        refused("ValidationException", None, 400, t.query,
                KeyConditionExpression=bad)


@case
def query_pages():
    t = table("p", "s")
    for i in range(23):
        put(t, p=S("a"), s=N(i))
    for forward in (True, False):
        got, pages = [], 0
        for page in ddb.get_paginator("query").paginate(
                TableName=t, KeyConditionExpression="p = :p",
                ExpressionAttributeValues={":p": S("a")},
                ScanIndexForward=forward, PaginationConfig={"PageSize": 5}):
            got += [int(i["s"]["N"]) for i in page["Items"]]
            pages += 1
        equal(got, list(range(23))[::1 if forward else -1])
        equal(pages, 5)
    for bad in ({"p": S("a")}, {"p": S("b"), "s": N(1)},
                {"p": S("a"), "s": S("1")}):
        refused("ValidationException", None, 400, ddb.query, TableName=t,
                KeyConditionExpression="p = :p", ExclusiveStartKey=bad,
                ExpressionAttributeValues={":p": S("a")})


@case
def query_indexes():
    t = indexed()
    for i in range(6):
        put(t, p=S("a"), s=N(i), g=S("g%d" % (i % 2)), l=N(10 - i),
            v=S("v"), w=S("w"))
    put(t, p=S("b"), s=N(0))
    found = ddb.query(TableName=t, IndexName="by_g",
                      KeyConditionExpression="g = :g AND s > :s",
                      ExpressionAttributeValues={":g": S("g0"), ":s": N(0)})
    equal(found["Items"], [
        {"p": S("a"), "s": N(2), "g": S("g0"), "v": S("v")},
        {"p": S("a"), "s": N(4), "g": S("g0"), "v": S("v")}])
    found = ddb.query(TableName=t, IndexName="by_l",
                      KeyConditionExpression="p = :p",
                      ExpressionAttributeValues={":p": S("a")}, Limit=2)
    equal([i["s"]["N"] for i in found["Items"]], ["5", "4"])
    equal(sorted(found["LastEvaluatedKey"]), ["l", "p", "s"])
    found = ddb.query(TableName=t, IndexName="by_l",
                      KeyConditionExpression="p = :p AND l = :l",
                      ExpressionAttributeValues={":p": S("a"), ":l": N(7)},
                      Select="ALL_ATTRIBUTES")
    equal(found["Items"][0]["w"], S("w"))
    for bad in (dict(IndexName="nope"),
                dict(IndexName="by_g", ConsistentRead=True),
                dict(IndexName="by_g", Select="ALL_ATTRIBUTES")):
        refused("ValidationException", None, 400, ddb.query, TableName=t,
                KeyConditionExpression="g = :g",
                ExpressionAttributeValues={":g": S("g0")}, **bad)
    equal(ddb.scan(TableName=t, IndexName="by_g", Select="COUNT")["Count"], 6)


@case
def scan_filters_and_segments():
    t = table()
    for i in range(40):
        put(t, id=S(str(i)), n=N(i))
    found = ddb.scan(TableName=t, FilterExpression="n < :n",
                     ExpressionAttributeValues={":n": N(10)},
                     ProjectionExpression="id")
    equal(sorted(int(i["id"]["S"]) for i in found["Items"]), list(range(10)))
    equal(found["ScannedCount"], 40)
    for total in (2, 7):
        got = []
        for segment in range(total):
            for page in ddb.get_paginator("scan").paginate(
                    TableName=t, Segment=segment, TotalSegments=total,
                    PaginationConfig={"PageSize": 3}):
                got += [int(i["id"]["S"]) for i in page["Items"]]
        equal(sorted(got), list(range(40)))
    refused("ValidationException", None, 400, ddb.scan, TableName=t,
            Segment=2, TotalSegments=2)


@case
def pages_end_at_a_megabyte():
    t = table("p", "s")
    for i in range(12):
        put(t, p=S("a"), s=N(i), v=S(100000 * "x"))
    page = ddb.query(TableName=t, KeyConditionExpression="p = :p",
                     ExpressionAttributeValues={":p": S("a")})
    equal(page["Count"], 11)
    equal(page["LastEvaluatedKey"], {"p": S("a"), "s": N(10)})


@case
def consumed_capacity():
    t = table()
    got = ddb.put_item(TableName=t, Item={"id": S("a"), "v": S(2000 * "x")},
                       ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"]
    equal((got["TableName"], got["CapacityUnits"]), (t, 2))
    got = ddb.get_item(TableName=t, Key={"id": S("a")},
                       ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
    equal((got["CapacityUnits"], got["Table"]["CapacityUnits"]), (0.5, 0.5))


@case
def parameters_from_before_expressions():
    t = table("p", "s")
    e = dict(TableName=t)
    put(t, p=S("a"), s=N(1), n=N(1))
    refused("ConditionalCheckFailedException", None, 400, ddb.put_item,
            Item={"p": S("a"), "s": N(1)},
            Expected={"p": {"Exists": False}}, **e)
    ddb.put_item(Item={"p": S("a"), "s": N(1), "n": N(2)},
                 Expected={"n": {"ComparisonOperator": "LT",
                                 "AttributeValueList": [N(5)]}}, **e)
    got = ddb.update_item(
        Key={"p": S("a"), "s": N(1)}, ReturnValues="ALL_NEW",
        AttributeUpdates={"n": {"Action": "ADD", "Value": N(3)},
                          "x": {"Action": "PUT", "Value": S("y")},
                          "z": {"Action": "DELETE"}}, **e)["Attributes"]
    equal(got, {"p": S("a"), "s": N(1), "n": N(5), "x": S("y")})
    equal(ddb.get_item(Key={"p": S("a"), "s": N(1)},
                       AttributesToGet=["x", "q"], **e)["Item"],
          {"x": S("y")})
    conditions_on_keys = {
        "p": {"ComparisonOperator": "EQ", "AttributeValueList": [S("a")]},
        "s": {"ComparisonOperator": "GE", "AttributeValueList": [N(1)]}}
    equal(ddb.query(KeyConditions=conditions_on_keys, **e)["Count"], 1)
    equal(ddb.query(KeyConditions=conditions_on_keys, QueryFilter={
        "x": {"ComparisonOperator": "NULL"}}, **e)["Count"], 0)
    equal(ddb.scan(ScanFilter={
        "n": {"ComparisonOperator": "BETWEEN",
              "AttributeValueList": [N(4), N(6)]}}, **e)["Count"], 1)
    refused("ValidationException", None, 400, ddb.get_item,
            Key={"p": S("a"), "s": N(1)}, AttributesToGet=["x"],
            ProjectionExpression="x", **e)


@peer_case
def metrics_of_a_table():
    if not LUNAD:
        return
    t = table()
    put(t, id=S("a"), v=S(3000 * "x"))
    refused("ConditionalCheckFailedException", None, 400, ddb.put_item,
            TableName=t, Item={"id": S("a")},
            ConditionExpression="attribute_not_exists(id)")
    pass_time(120)
    now = time.time() + clock()["ahead_ms"] / 1000

    def total(metric, statistic="Sum", **more):
        dimensions = [{"Name": k, "Value": v}
                      for k, v in dict(TableName=t, **more).items()]
        points = client("cloudwatch").get_metric_statistics(
            Namespace="AWS/DynamoDB", MetricName=metric,
            Dimensions=dimensions, StartTime=now - 3600, EndTime=now,
            Period=3600, Statistics=[statistic])["Datapoints"]
        return sum(p[statistic] for p in points)

    equal(total("ConsumedWriteCapacityUnits"), 3)
    equal(total("ConditionalCheckFailedRequests"), 1)
    equal(total("SuccessfulRequestLatency", "SampleCount",
                Operation="PutItem"), 1)


if __name__ == "__main__":
    sys.exit(main())
