#!/usr/bin/env python3
"""Every operation of EventBridge through boto3, results asserted.

usage: boto3_events.py ENDPOINT [NAME...]
"""
import datetime
import json
import re
import sys

from peer import case, client, equal, main, name, pass_time, plain, refused

events = client("events")
sqs = client("sqs")
ACCOUNT = "000000000000"
PATTERN = json.dumps({"source": ["shop"], "detail": {"kind": ["order"]}})
UUID = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def queue(fifo=False):
    n = name("q") + (".fifo" if fifo else "")
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = sqs.create_queue(
        QueueName=n, Attributes=attributes if fifo else {})["QueueUrl"]
    return url, sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]


def bodies(url):
    got = []
    while True:
        messages = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        if not messages:
            return got
        for m in messages:
            got.append(m["Body"])
            sqs.delete_message(
                QueueUrl=url, ReceiptHandle=m["ReceiptHandle"])


def rule(bus=None, **kw):
    n = name("r")
    if bus:
        kw["EventBusName"] = bus
    arn = events.put_rule(Name=n, **kw)["RuleArn"]
    return n, arn


def target(r, arn, tid="t", bus=None, **kw):
    more = {"EventBusName": bus} if bus else {}
    got = events.put_targets(
        Rule=r, Targets=[dict(Id=tid, Arn=arn, **kw)], **more)
    equal(plain(got), {"FailedEntryCount": 0, "FailedEntries": []})


def put(detail, source="shop", bus=None, **kw):
    entry = {"Source": source, "DetailType": "d", **kw,
             "Detail": detail if isinstance(detail, str) else
             json.dumps(detail)}
    if bus:
        entry["EventBusName"] = bus
    got = events.put_events(Entries=[entry])
    equal(got["FailedEntryCount"], 0)
    return got["Entries"][0]["EventId"]


@case
def rules_are_kept():
    n, arn = rule(EventPattern=PATTERN, Description="d",
                  Tags=[{"Key": "a", "Value": "b"}])
    equal(arn, "arn:aws:events:us-east-1:%s:rule/%s" % (ACCOUNT, n))
    want = {"Name": n, "Arn": arn, "EventPattern": PATTERN,
            "State": "ENABLED", "Description": "d", "EventBusName": "default"}
    equal(plain(events.describe_rule(Name=n)),
          dict(want, CreatedBy=ACCOUNT))
    equal(events.list_rules(NamePrefix=n)["Rules"], [want])
    events.disable_rule(Name=n)
    equal(events.describe_rule(Name=n)["State"], "DISABLED")
    events.enable_rule(Name=n)
    equal(events.describe_rule(Name=n)["State"], "ENABLED")
    equal(events.list_tags_for_resource(ResourceARN=arn)["Tags"],
          [{"Key": "a", "Value": "b"}])
    events.put_rule(Name=n, ScheduleExpression="rate(1 day)",
                    State="DISABLED")
    got = events.describe_rule(Name=n)
    equal((got["ScheduleExpression"], got.get("EventPattern")),
          ("rate(1 day)", None))
    events.delete_rule(Name=n)
    text = "Rule %s does not exist on EventBus default." % n
    refused("ResourceNotFoundException", text, 400, events.describe_rule,
            Name=n)
    refused("ResourceNotFoundException", text, 400, events.enable_rule,
            Name=n)
    refused("ResourceNotFoundException", text, 400,
            events.list_tags_for_resource, ResourceARN=arn)


@case
def rules_are_listed_by_pages():
    prefix = name("p")
    names = sorted("%s-%d" % (prefix, i) for i in range(5))
    for n in names:
        events.put_rule(Name=n, EventPattern=PATTERN)
    first = events.list_rules(NamePrefix=prefix, Limit=3)
    equal([r["Name"] for r in first["Rules"]], names[:3])
    rest = events.list_rules(NamePrefix=prefix, NextToken=first["NextToken"])
    equal([r["Name"] for r in rest["Rules"]], names[3:])
    assert "NextToken" not in rest
    for n in names:
        events.delete_rule(Name=n)


@case
def rules_are_refused():
    for expression in ("cron(INVALID)", "cron(0 dummy ? * MON-FRI *)",
                       "cron(7 20 * * NOT *)", "cron(71 8 1 * ? *)",
                       "cron(0 1 * * * *)", "rate(1 minutes)",
                       "rate(5 minute)", "rate(0 minutes)", "rate(x days)",
                       "at(2030-01-01T00:00:00)"):
        refused("ValidationException",
                "Parameter ScheduleExpression is not valid.", 400,
                events.put_rule, Name="x", ScheduleExpression=expression)
    refused("InvalidEventPatternException",
            'Event pattern is not valid. Reason: "a" must be an object or '
            'an array\n at [Source: (String)"{"a": 1}"; line: 1, column: 8]',
            400, events.put_rule, Name="x", EventPattern='{"a": 1}')
    refused("ResourceNotFoundException", "Event bus nobus does not exist.",
            400, events.put_rule, Name="x", EventBusName="nobus",
            EventPattern=PATTERN)
    refused("ValidationException", None, 400, events.put_rule, Name="x")
    refused("ValidationException",
            "1 validation error detected: Value 'a b' at 'name' failed to "
            "satisfy constraint: Member must satisfy regular expression "
            "pattern: [\\.\\-_A-Za-z0-9]+", 400, events.put_rule,
            Name="a b", EventPattern=PATTERN)


@case
def buses():
    bus = name("bus")
    arn = "arn:aws:events:us-east-1:%s:event-bus/%s" % (ACCOUNT, bus)
    equal(plain(events.create_event_bus(Name=bus, Description="d")),
          {"EventBusArn": arn, "Description": "d"})
    refused("ResourceAlreadyExistsException",
            "Event bus %s already exists." % bus, 400,
            events.create_event_bus, Name=bus)
    got = events.describe_event_bus(Name=bus)
    equal((got["Name"], got["Arn"], got["Description"]), (bus, arn, "d"))
    equal([b["Name"] for b in events.list_event_buses(
        NamePrefix=bus)["EventBuses"]], [bus])
    assert "default" in [
        b["Name"] for b in events.list_event_buses()["EventBuses"]]
    events.tag_resource(ResourceARN=arn, Tags=[{"Key": "k", "Value": "1"},
                                               {"Key": "l", "Value": "2"}])
    events.untag_resource(ResourceARN=arn, TagKeys=["k", "none"])
    equal(events.list_tags_for_resource(ResourceARN=arn)["Tags"],
          [{"Key": "l", "Value": "2"}])
    refused("ValidationException",
            "ScheduleExpression is supported only on the default event bus.",
            400, events.put_rule, Name="x", EventBusName=bus,
            ScheduleExpression="rate(1 minute)")
    n, rule_arn = rule(bus=bus, EventPattern=PATTERN)
    equal(rule_arn,
          "arn:aws:events:us-east-1:%s:rule/%s/%s" % (ACCOUNT, bus, n))
    refused("ValidationException", None, 400, events.delete_event_bus,
            Name=bus)
    events.delete_rule(Name=n, EventBusName=bus)
    events.delete_event_bus(Name=bus)
    refused("ResourceNotFoundException",
            "Event bus %s does not exist." % bus, 400,
            events.delete_event_bus, Name=bus)
    refused("ResourceNotFoundException",
            "Event bus %s does not exist." % bus, 400,
            events.describe_event_bus, Name=bus)
    refused("ValidationException", "Cannot delete event bus default.", 400,
            events.delete_event_bus, Name="default")


@case
def targets():
    n, _ = rule(EventPattern=PATTERN)
    _, arn = queue()
    for i in range(5):
        target(n, arn, "t%d" % i)
    refused("LimitExceededException",
            "The requested resource exceeds the maximum number allowed.",
            400, events.put_targets, Rule=n,
            Targets=[{"Id": "t5", "Arn": arn}])
    first = events.list_targets_by_rule(Rule=n, Limit=3)
    equal(first["Targets"],
          [{"Id": "t%d" % i, "Arn": arn} for i in range(3)])
    rest = events.list_targets_by_rule(Rule=n, NextToken=first["NextToken"])
    equal([t["Id"] for t in rest["Targets"]], ["t3", "t4"])
    equal(events.list_rule_names_by_target(TargetArn=arn)["RuleNames"], [n])
    refused("ValidationException",
            "Rule can't be deleted since it has targets.", 400,
            events.delete_rule, Name=n)
    equal(plain(events.remove_targets(
        Rule=n, Ids=["t%d" % i for i in range(5)])),
        {"FailedEntryCount": 0, "FailedEntries": []})
    equal(events.list_targets_by_rule(Rule=n)["Targets"], [])
    equal(events.list_rule_names_by_target(TargetArn=arn)["RuleNames"], [])
    for tid, text in (
            ("!@#$@!#$", "Member must satisfy regular expression pattern: "
             "[\\.\\-_A-Za-z0-9]+"),
            ("x" * 65, "Member must have length less than or equal to 64")):
        refused("ValidationException",
                "1 validation error detected: Value '%s' at "
                "'targets.1.member.id' failed to satisfy constraint: %s"
                % (tid, text), 400, events.put_targets, Rule=n,
                Targets=[{"Id": tid, "Arn": arn}])
    refused("ValidationException",
            "Only one of Input, InputPath, or InputTransformer must be "
            "provided for target t.", 400, events.put_targets, Rule=n,
            Targets=[{"Id": "t", "Arn": arn, "InputPath": "$.detail",
                      "Input": "{}"}])
    refused("ValidationException",
            "InputTemplate for target t contains invalid placeholder nokey.",
            400, events.put_targets, Rule=n, Targets=[{
                "Id": "t", "Arn": arn, "InputTransformer": {
                    "InputPathsMap": {"key": "$.detail"},
                    "InputTemplate": '"<key> <nokey>"'}}])
    refused("ValidationException", None, 400, events.put_targets, Rule=n,
            Targets=[{"Id": "t", "Arn":
                      "arn:aws:lambda:us-east-1:000000000000:function:f"}])
    refused("ResourceNotFoundException",
            "Rule norule does not exist on EventBus default.", 400,
            events.put_targets, Rule="norule",
            Targets=[{"Id": "t", "Arn": arn}])
    events.delete_rule(Name=n)


@case
def events_reach_the_rules_that_match():
    n, _ = rule(EventPattern=PATTERN)
    url, arn = queue()
    target(n, arn)
    when = datetime.datetime(2026, 1, 2, 3, 4, 5,
                             tzinfo=datetime.timezone.utc)
    eid = put('{ "kind": "order",\n "n": 2103807459595387724 }',
              Resources=["arn:aws:s3:::b"], Time=when)
    put({"kind": "other"})
    put({"kind": "order"}, source="elsewhere")
    got = bodies(url)
    equal(got, ['{"version":"0","id":"%s","detail-type":"d",'
                '"source":"shop","account":"%s",'
                '"time":"2026-01-02T03:04:05Z","region":"us-east-1",'
                '"resources":["arn:aws:s3:::b"],'
                '"detail":{"kind":"order","n":2103807459595387724}}'
                % (eid, ACCOUNT)])
    events.disable_rule(Name=n)
    put({"kind": "order"})
    equal(bodies(url), [])


@case
def entries_are_refused_one_by_one():
    good = {"Source": "s", "DetailType": "d", "Detail": "{}"}
    for member in ("Source", "DetailType", "Detail"):
        entry = {k: v for k, v in good.items() if k != member}
        got = events.put_events(Entries=[entry, good])
        equal(got["FailedEntryCount"], 1)
        equal(got["Entries"][0], {
            "ErrorCode": "InvalidArgument",
            "ErrorMessage": "Parameter %s is not valid. Reason: %s is a "
            "required argument." % (member, member)})
        assert UUID.match(got["Entries"][1]["EventId"])
    for detail in ("x", "[]", '"{}"', "{"):
        got = events.put_events(Entries=[dict(good, Detail=detail)])
        equal(got["Entries"], [{"ErrorCode": "MalformedDetail",
                                "ErrorMessage": "Detail is malformed."}])
    got = events.put_events(Entries=[dict(good, EventBusName="nobus")])
    equal(got["FailedEntryCount"], 0)
    response = refused(
        "ValidationException", None, 400, events.put_events,
        Entries=[good] * 11)
    text = response["Error"]["Message"]
    one = ("PutEventsRequestEntry(time=null, source=s, resources=null, "
           "detailType=d, detail={}, eventBusName=null, traceHeader=null, "
           "kmsKeyIdentifier=null, internalMetadata=null)")
    equal(text, "1 validation error detected: Value '[%s]' at 'entries' "
          "failed to satisfy constraint: Member must have length less than "
          "or equal to 10" % ", ".join([one] * 11))
    refused("ValidationException",
            "Total size of the entries in the request is over the limit.",
            400, events.put_events,
            Entries=[dict(good, Detail='{"a":"%s"}' % ("x" * (1 << 20)))])


@case
def buses_pass_on():
    first, second = name("a"), name("b")
    events.create_event_bus(Name=first)
    arn2 = events.create_event_bus(Name=second)["EventBusArn"]
    n1, _ = rule(bus=first, EventPattern=PATTERN)
    n2, _ = rule(bus=second, EventPattern=PATTERN)
    url, arn = queue()
    target(n1, arn2, bus=first)
    target(n2, arn, bus=second)
    eid = put({"kind": "order"}, bus=first)
    equal([json.loads(b)["id"] for b in bodies(url)], [eid])


@case
def inputs():
    detail = {"kind": "order", "command": "up", "valid": True,
              "payload": {"acc_id": "0a78", "sf": "baz"},
              "one": ["HIGH"], "more": ["ON", "OFF"]}
    paths = {"type": "$.detail-type", "command": "$.detail.command",
             "user": "$.detail.payload.acc_id", "payload": "$.detail.payload",
             "one": "$.detail.one", "more": "$.detail.more",
             "first": "$.detail.more[1]", "valid": "$.detail.valid",
             "none": "$.detail.nope"}
    templates = [
        ('"Event of <type>, <command>, <none>!"',
         ['"Event of d, up, !"']),
        ('{"type": <type>, "command": <command>, "none": <none>}',
         ['{"type": "d", "command": "up", "none": ""}']),
        ('"Payload of <payload> and <user>"',
         ['"Payload of {acc_id:0a78,sf:baz} and 0a78"']),
        ('{"path": "users/<user>/<user>", "body": <payload>, '
         '"l": [<user>, "x"]}',
         ['{"path": "users/0a78/0a78", "body": '
          '{"acc_id":"0a78","sf":"baz"}, "l": ["0a78", "x"]}']),
        ('"<one> one <more> more"', ['"[HIGH] one [ON,OFF] more"']),
        ('"<one>"\n"<user>"', ['"[HIGH]"\n"0a78"']),
        ('{"l": <more>, "f": "<first>", "v": <valid>}',
         ['{"l": ["ON","OFF"], "f": "OFF", "v": true}']),
        ('"is <valid>!"', ['"is true!"']),
        ('<one> single', []),
        ('{"l": "<one>"}', []),
    ]
    for template, want in templates:
        n, _ = rule(EventPattern=PATTERN)
        url, arn = queue()
        target(n, arn, InputTransformer={
            "InputPathsMap": paths, "InputTemplate": template})
        put(detail)
        equal((template, bodies(url)), (template, want))
        events.remove_targets(Rule=n, Ids=["t"])
        events.delete_rule(Name=n)
    for more, want in (
            ({"Input": '{"mine":1}'}, ['{"mine":1}']),
            ({"InputPath": "$.detail.payload"},
             ['{"acc_id":"0a78","sf":"baz"}']),
            ({"InputPath": "$.detail.command"}, ['"up"']),
            ({"InputPath": "$.detail.nope"}, [])):
        n, _ = rule(EventPattern=PATTERN)
        url, arn = queue()
        target(n, arn, **more)
        put(detail)
        equal(bodies(url), want)
        events.remove_targets(Rule=n, Ids=["t"])
        events.delete_rule(Name=n)


@case
def predefined_variables():
    n, rule_arn = rule(EventPattern=PATTERN)
    url, arn = queue()
    target(n, arn, InputTransformer={"InputTemplate":
           '{"a": <aws.events.rule-arn>, "n": "<aws.events.rule-name>", '
           '"t": <aws.events.event.ingestion-time>, '
           '"e": <aws.events.event>, "j": <aws.events.event.json>}'})
    eid = put({"kind": "order"})
    got = json.loads(bodies(url)[0])
    equal((got["a"], got["n"]), (rule_arn, n))
    assert re.match(r"^\d{4}-\d\d-\d\dT", got["t"])
    equal((got["e"]["id"], got["e"]["detailType"], "detail" in got["e"]),
          (eid, "d", False))
    equal(got["j"]["detail"], {"kind": "order"})


@case
def schedules_fire_by_the_clock():
    n, rule_arn = rule(ScheduleExpression="rate(5 minutes)")
    url, arn = queue()
    target(n, arn)
    pass_time(299)
    equal(bodies(url), [])
    pass_time(2)
    got = [json.loads(b) for b in bodies(url)]
    equal(len(got), 1)
    assert UUID.match(got[0].pop("id"))
    assert re.match(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", got[0].pop("time"))
    equal(got[0], {"version": "0", "detail-type": "Scheduled Event",
                   "source": "aws.events", "account": ACCOUNT,
                   "region": "us-east-1", "resources": [rule_arn],
                   "detail": {}})
    pass_time(1800)
    times = sorted(json.loads(b)["time"] for b in bodies(url))
    equal(len(times), 6)
    events.disable_rule(Name=n)
    pass_time(1800)
    equal(bodies(url), [])
    events.put_rule(Name=n, ScheduleExpression="cron(30 * * * ? *)")
    pass_time(3600)
    got = [json.loads(b)["time"][14:] for b in bodies(url)]
    equal(got, ["30:00Z"])
    events.disable_rule(Name=n)


@case
def a_queue_of_messages_in_order():
    n, _ = rule(EventPattern=PATTERN)
    url, arn = queue(fifo=True)
    target(n, arn, SqsParameters={"MessageGroupId": "g"},
           InputPath="$.detail.n")
    for i in range(5):
        put({"kind": "order", "n": i})
    equal(bodies(url), [str(i) for i in range(5)])


@case
def what_is_not_delivered_is_buried():
    n, rule_arn = rule(EventPattern=PATTERN)
    url, arn = queue()
    gone = arn + "-gone"
    target(n, gone, DeadLetterConfig={"Arn": arn})
    eid = put({"kind": "order"})
    got = sqs.receive_message(
        QueueUrl=url, MessageAttributeNames=["All"])["Messages"]
    equal(len(got), 1)
    equal(json.loads(got[0]["Body"])["id"], eid)
    equal(got[0]["MessageAttributes"]["TARGET_ARN"]["StringValue"], gone)
    equal(got[0]["MessageAttributes"]["RULE_ARN"]["StringValue"], rule_arn)


@case
def patterns_are_tried():
    event = {"id": "1", "source": "shop", "detail-type": "d",
             "account": ACCOUNT, "region": "us-east-1",
             "time": "2026-01-02T03:04:05Z", "resources": [],
             "detail": {"kind": "order"}}
    equal(events.test_event_pattern(
        EventPattern=PATTERN, Event=json.dumps(event))["Result"], True)
    event["source"] = "elsewhere"
    equal(events.test_event_pattern(
        EventPattern=PATTERN, Event=json.dumps(event))["Result"], False)
    for text in ("plain", "[]", "{}"):
        refused("ValidationException", "Parameter Event is not valid.", 400,
                events.test_event_pattern, EventPattern=PATTERN, Event=text)
    refused("InvalidEventPatternException", None, 400,
            events.test_event_pattern, EventPattern="{",
            Event=json.dumps(event))


if __name__ == "__main__":
    sys.exit(main())
