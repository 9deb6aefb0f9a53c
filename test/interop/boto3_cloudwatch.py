#!/usr/bin/env python3
"""Every operation of CloudWatch that lunad has through boto3, asserted.

usage: boto3_cloudwatch.py ENDPOINT [NAME...]

Needs an endpoint whose clock can be moved: alarms are judged by it.
"""
import datetime
import json
import re
import sys
import urllib.parse
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.session

import peer
from peer import case, client, clock, equal, main, name, plain, refused

cw = client("cloudwatch")
sns = client("sns")
sqs = client("sqs")
ACCOUNT = "000000000000"
MINUTE = datetime.timedelta(minutes=1)


def now():
    return datetime.datetime.fromisoformat(
        clock()["now"].replace("Z", "+00:00"))


def align():
    """Go on to the begin of the next minute, so that cases do not straddle
    one."""
    left = 60 - now().timestamp() % 60
    clock(advance="%dms" % (left * 1000 + 10))


def minutes(n):
    clock(advance="%dm" % n)


def put(ns, metric="m", *values, at=None, dims=(), **kw):
    data = {"MetricName": metric, **kw}
    if dims:
        data["Dimensions"] = [{"Name": k, "Value": v} for k, v in dims]
    if values:
        data["Values"] = list(values)
    if at is not None:
        data["Timestamp"] = at
    cw.put_metric_data(Namespace=ns, MetricData=[data])


def stats(ns, metric="m", period=60, dims=(), extended=(), hours=1, **kw):
    got = cw.get_metric_statistics(
        Namespace=ns, MetricName=metric, Period=period,
        Dimensions=[{"Name": k, "Value": v} for k, v in dims],
        StartTime=now() - hours * 60 * MINUTE, EndTime=now() + 10 * MINUTE,
        **kw, **({"ExtendedStatistics": list(extended)} if extended else {}))
    equal(got["Label"], metric)
    return got["Datapoints"]


def data(queries, back=60, **kw):
    return cw.get_metric_data(
        StartTime=now() - back * MINUTE, EndTime=now() + MINUTE,
        MetricDataQueries=queries, **kw)


def stat(qid, ns, metric="m", s="Sum", period=60, unit=None, **kw):
    m = {"Metric": {"Namespace": ns, "MetricName": metric},
         "Period": period, "Stat": s}
    if unit:
        m["Unit"] = unit
    return {"Id": qid, "MetricStat": m, **kw}


def values(queries, **kw):
    return {r["Id"]: r["Values"] for r in data(queries, **kw)[
        "MetricDataResults"]}


def alarm(ns, **kw):
    n = name("alarm")
    settings = {"AlarmName": n, "Namespace": ns, "MetricName": "m",
                "Statistic": "Sum", "Period": 60, "EvaluationPeriods": 1,
                "Threshold": 5, "ComparisonOperator": "GreaterThanThreshold"}
    settings.update(kw)
    cw.put_metric_alarm(
        **{k: v for k, v in settings.items() if v is not None})
    return n


def described(n):
    got = cw.describe_alarms(AlarmNames=[n])["MetricAlarms"]
    equal(len(got), 1)
    return got[0]


def state(n):
    return described(n)["StateValue"]


def topic_and_queue():
    arn = sns.create_topic(Name=name("t"))["TopicArn"]
    url = sqs.create_queue(QueueName=name("q"))["QueueUrl"]
    queue_arn = sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn)
    return arn, url


def notices(url):
    got = []
    while True:
        messages = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
        if not messages:
            return got
        for m in messages:
            got.append(json.loads(m["Body"]))
            sqs.delete_message(
                QueueUrl=url, ReceiptHandle=m["ReceiptHandle"])


@case
def values_and_counts():
    ns = name("ns")
    align()
    put(ns, Value=3.5)
    put(ns, "m", 10, 2, Counts=[4, 1], Unit="Count")
    put(ns, "m", 1, 1)
    put(ns, StatisticValues={"SampleCount": 2, "Sum": 10, "Minimum": 4,
                             "Maximum": 6}, Unit="Seconds")
    got = {p["Unit"]: p for p in stats(ns, Statistics=[
        "SampleCount", "Sum", "Average", "Minimum", "Maximum"])}
    equal(sorted(got), ["Count", "None", "Seconds"])
    want = got["Count"]
    equal((want["SampleCount"], want["Sum"], want["Average"],
           want["Minimum"], want["Maximum"]), (5.0, 42.0, 8.4, 2.0, 10.0))
    want = got["None"]
    equal((want["SampleCount"], want["Sum"], want["Maximum"]),
          (3.0, 5.5, 3.5))
    want = got["Seconds"]
    equal((want["SampleCount"], want["Average"]), (2.0, 5.0))
    equal(want["Timestamp"].second, 0)
    equal([p["Unit"] for p in stats(ns, Statistics=["Sum"],
                                    Unit="Count")], ["Count"])
    equal(stats(ns, "other", Statistics=["Sum"]), [])


@case
def percentiles():
    ns = name("ns")
    align()
    for i in range(0, 100, 50):
        put(ns, "m", *range(i + 1, i + 51))
    got = stats(ns, extended=("p50", "p99", "p99.9", "p100", "p0"))
    equal(got[0]["ExtendedStatistics"], {
        "p50": 50.0, "p99": 99.0, "p99.9": 100.0, "p100": 100.0, "p0": 1.0})
    equal(values([stat("a", ns, s="p90")]), {"a": [90.0]})
    put(ns, StatisticValues={"SampleCount": 2, "Sum": 10, "Minimum": 4,
                             "Maximum": 6})
    equal(values([stat("a", ns, s="p90")]), {"a": []})


@case
def periods():
    ns = name("ns")
    align()
    start = now().replace(second=0, microsecond=0) - 30 * MINUTE
    for i in range(10):
        put(ns, Value=i, at=start + i * MINUTE)
    got = cw.get_metric_statistics(
        Namespace=ns, MetricName="m", StartTime=start,
        EndTime=start + 10 * MINUTE, Period=300, Statistics=["Sum"])
    equal([(p["Timestamp"], p["Sum"]) for p in got["Datapoints"]],
          [(start, 10.0), (start + 5 * MINUTE, 35.0)])
    got = cw.get_metric_statistics(
        Namespace=ns, MetricName="m", StartTime=start + 2 * MINUTE,
        EndTime=start + 9 * MINUTE, Period=300, Statistics=["Sum"])
    equal([p["Sum"] for p in got["Datapoints"]], [2 + 3 + 4 + 5 + 6., 15.0])
    put(ns, Value=1, at=start + datetime.timedelta(seconds=42),
        metric="high", StorageResolution=1)
    got = cw.get_metric_statistics(
        Namespace=ns, MetricName="high", StartTime=start,
        EndTime=start + MINUTE, Period=10, Statistics=["Sum"])
    equal([p["Timestamp"] for p in got["Datapoints"]],
          [start + datetime.timedelta(seconds=40)])


@case
def data_are_refused():
    ns = name("ns")

    def text(*args):
        return ("The parameters MetricData.member.1.%s and "
                "MetricData.member.1.%s are mutually exclusive and you have "
                "specified both." % args)
    combination = ("InvalidParameterCombination", 400)
    value = ("InvalidParameterValue", 400)
    one = {"SampleCount": 1, "Sum": 1, "Minimum": 1, "Maximum": 1}
    far = now() + 130 * MINUTE
    old = now() - datetime.timedelta(days=15)
    for (code, status), said, datum in (
            (combination, text("Value", "Values"),
             {"Value": 1, "Values": [1]}),
            (combination, text("Value", "StatisticValues"),
             {"Value": 1, "StatisticValues": one}),
            (value, "The parameters MetricData.member.1.Values and "
             "MetricData.member.1.Counts must be of the same size.",
             {"Values": [1, 2], "Counts": [1]}),
            (value, None, {"Value": float("nan")}),
            (value, None, {"Value": 2.0 ** 361}),
            (value, None, {"Value": 1, "Timestamp": far}),
            (value, None, {"Value": 1, "Timestamp": old}),
            (value, None, {"Value": 1, "Unit": "Furlong"}),
            (value, None, {"Value": 1, "StorageResolution": 7}),
            (value, None, {"Value": 1, "Dimensions": [
                {"Name": "a", "Value": "1"}, {"Name": "a", "Value": "2"}]}),
            (value, None, {"Values": list(range(151))})):
        refused(code, said, status, cw.put_metric_data, Namespace=ns,
                MetricData=[dict(MetricName="m", **datum)])
    refused(value[0], None, 400, cw.put_metric_data, Namespace="AWS/SQS",
            MetricData=[{"MetricName": "m", "Value": 1}])
    # All of a call or nothing of it.
    refused(value[0], None, 400, cw.put_metric_data, Namespace=ns,
            MetricData=[{"MetricName": "m", "Value": 1},
                        {"MetricName": "m", "Value": 1, "Unit": "x"}])
    equal(stats(ns, Statistics=["Sum"]), [])


@case
def a_large_call_comes_compressed():
    ns = name("ns")
    align()
    cw.put_metric_data(Namespace=ns, MetricData=[
        {"MetricName": "m", "Value": 1, "Dimensions": [
            {"Name": "a-rather-long-name", "Value": "%d" % (i % 3)}]}
        for i in range(1000)])
    got = stats(ns, dims=[("a-rather-long-name", "1")], Statistics=["Sum"])
    equal(got[0]["Sum"], 333.0)


@case
def metrics_are_listed():
    ns = name("ns")
    put(ns, "one", Value=1, dims=[("b", "2"), ("a", "1")])
    put(ns, "one", Value=1, dims=[("a", "1"), ("b", "2")])
    put(ns, "two", Value=1, dims=[("a", "1")])
    put(ns, "two", Value=1)
    both = [{"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}]

    def listed(**kw):
        return sorted(
            (m["MetricName"], len(m["Dimensions"]))
            for m in cw.list_metrics(Namespace=ns, **kw)["Metrics"])
    equal(listed(), [("one", 2), ("two", 0), ("two", 1)])
    equal(listed(MetricName="two"), [("two", 0), ("two", 1)])
    equal(listed(Dimensions=[{"Name": "b"}]), [("one", 2)])
    equal(listed(Dimensions=[{"Name": "a", "Value": "1"}]),
          [("one", 2), ("two", 1)])
    equal(listed(Dimensions=[{"Name": "a", "Value": "2"}]), [])
    equal(cw.list_metrics(Namespace=ns, MetricName="one")["Metrics"],
          [{"Namespace": ns, "MetricName": "one", "Dimensions": both}])
    equal(len(listed(RecentlyActive="PT3H")), 3)
    clock(advance="4h")
    equal(listed(RecentlyActive="PT3H"), [])
    clock(advance="14d")
    equal(listed(), [])


@case
def metrics_are_listed_by_pages():
    ns = name("ns")
    cw.put_metric_data(Namespace=ns, MetricData=[
        {"MetricName": "m%d" % i, "Value": 1} for i in range(700)])
    pages = [len(p["Metrics"]) for p in
             cw.get_paginator("list_metrics").paginate(Namespace=ns)]
    equal(pages, [500, 200])


@case
def metric_data():
    ns = name("ns")
    align()
    start = now().replace(second=0, microsecond=0) - 20 * MINUTE
    for i, v in enumerate((1, 2, 0, 4)):
        put(ns, "m", v, at=start + i * MINUTE)
    put(ns, "n", 10, at=start + MINUTE)
    got = data([stat("m1", ns), stat("m2", ns, "n")],
               ScanBy="TimestampAscending")
    equal(got["Messages"], [])
    equal(got["MetricDataResults"], [
        {"Id": "m1", "Label": "m", "StatusCode": "Complete",
         "Timestamps": [start + i * MINUTE for i in range(4)],
         "Values": [1.0, 2.0, 0.0, 4.0]},
        {"Id": "m2", "Label": "n", "StatusCode": "Complete",
         "Timestamps": [start + MINUTE], "Values": [10.0]}])
    equal(values([stat("m1", ns)]), {"m1": [4.0, 0.0, 2.0, 1.0]})
    equal(values([stat("m1", ns, ReturnData=False), stat("m2", ns, "n")]),
          {"m2": [10.0]})
    equal(values([stat("m1", ns, "none")]), {"m1": []})


@case
def labels():
    ns = name("ns")
    put(ns, Value=1)

    def said(*queries):
        return [r["Label"] for r in data(list(queries))["MetricDataResults"]]
    equal(said(stat("a", ns), stat("b", ns, s="Minimum", period=30)),
          ["m Sum 60", "m Minimum 30"])
    equal(said(stat("a", ns), stat("b", ns, s="Minimum")),
          ["m Sum", "m Minimum"])
    equal(said(stat("a", ns), stat("b", ns, period=30)), ["m 60", "m 30"])
    equal(said(stat("a", ns), stat("b", ns, unit="Seconds")), ["m", "m"])
    equal(said(stat("a", ns), {"Id": "e", "Expression": "a*2"},
               {"Id": "f", "Expression": "a*2", "Label": "mine"}),
          ["m", "e", "mine"])


@case
def several_units():
    for units, want, first in (
            ((("Seconds", 60), ("Milliseconds", 60000.0)),
             "[Milliseconds, Seconds]", 60000.0),
            ((("Seconds", 1), ("Milliseconds", 2), ("Count", 5)),
             "[Count, Milliseconds, Seconds]", 5.0)):
        ns = name("ns")
        align()
        for unit, v in units:
            put(ns, Value=v, Unit=unit)
        got = data([stat("m1", ns)])["MetricDataResults"][0]
        equal(got["Messages"], [{
            "Code": "MultipleUnits",
            "Value": "Multiple units returned: '%s'" % want}])
        equal(got["Values"], [first])
        equal(values([stat("m1", ns, unit="Seconds")])["m1"],
              [float(units[0][1])])


@case
def metric_math():
    ns = name("ns")
    align()
    start = now().replace(second=0, microsecond=0) - 10 * MINUTE
    for i, v in enumerate((1, 2, 4, 8)):
        put(ns, "a", v, at=start + i * MINUTE)
    put(ns, "b", 10, at=start)
    put(ns, "b", 20, at=start + 2 * MINUTE)
    base = [stat("a", ns, "a", ReturnData=False),
            stat("b", ns, "b", ReturnData=False)]
    for expression, want in (
            ("a * 2 + 1", [3.0, 5.0, 9.0, 17.0]),
            ("a + b", [11.0, 24.0]),
            ("100 * a / SUM(a)", [v * 100 / 15 for v in (1, 2, 4, 8)]),
            ("a - AVG(a)", [-2.75, -1.75, 0.25, 4.25]),
            ("a / (b - 10)", [0.4]),
            ("SUM(METRICS())", [11.0, 2.0, 24.0, 8.0]),
            ("MAX([a, b])", [10.0, 2.0, 20.0, 8.0]),
            ('SUM(METRICS("b"))', [10.0, 20.0]),
            ("IF(a > 2, a, 0)", [0.0, 0.0, 4.0, 8.0]),
            ("IF(a > 1 AND a < 8, 1)", [1.0, 1.0]),
            ("RATE(a) * PERIOD(a)", [1.0, 2.0, 4.0]),
            ("DIFF(a)", [1.0, 2.0, 4.0]),
            ("RUNNING_SUM(a)", [1.0, 3.0, 7.0, 15.0]),
            ("-a", [-1.0, -2.0, -4.0, -8.0]),
            ("CEIL(a / 3)", [1.0, 1.0, 2.0, 3.0]),
            ("a ^ 2 % 5", [1.0, 4.0, 1.0, 4.0])):
        got = values(base + [{"Id": "e", "Expression": expression}],
                     ScanBy="TimestampAscending")
        equal((expression, got), (expression, {"e": want}))
    got = values(base + [{"Id": "e", "Expression": "FILL(b, 0)"}],
                 ScanBy="TimestampAscending", back=10)["e"]
    equal(got[:3], [10.0, 0.0, 20.0])
    got = values(base + [{"Id": "e", "Expression": "FILL(b, LINEAR)"}],
                 ScanBy="TimestampAscending")["e"]
    equal(got, [10.0, 15.0, 20.0])
    got = data(base + [{"Id": "e", "Expression": "METRICS()"}])
    equal([(r["Id"], r["Label"]) for r in got["MetricDataResults"]],
          [("e", "a"), ("e", "b")])
    for bad in ("a +", "NOSUCH(a)", "c * 2", "SUM(a", "e", "METRICS() + "
                "METRICS()", "SELECT AVG(x) FROM y", "SEARCH('x')",
                "FILL(a, b)"):
        refused("ValidationError", None, 400, data,
                queries=base + [{"Id": "e", "Expression": bad}])
    refused("ValidationError", None, 400, data,
            queries=[stat("a", ns), stat("a", ns)])
    refused("InvalidParameterValue", None, 400, data,
            queries=[stat("Aa", ns)])


@case
def data_come_by_pages():
    ns = name("ns")
    align()
    start = now().replace(second=0, microsecond=0) - 40 * MINUTE
    for metric in ("a", "b"):
        for i in range(20):
            put(ns, metric, i, at=start + i * MINUTE)
    queries = [stat("a", ns, "a"), stat("b", ns, "b")]
    got, token, calls = {"a": [], "b": []}, {}, 0
    while True:
        page = data(queries, MaxDatapoints=7, ScanBy="TimestampAscending",
                    **token)
        calls += 1
        assert sum(len(r["Values"]) for r in page["MetricDataResults"]) <= 7
        for r in page["MetricDataResults"]:
            got[r["Id"]] += r["Values"]
        if "NextToken" not in page:
            break
        token = {"NextToken": page["NextToken"]}
    equal(got, {m: [float(i) for i in range(20)] for m in ("a", "b")})
    equal(calls, 6)


@case
def statistics_are_refused():
    start = now() - datetime.timedelta(days=1)
    base = {"Namespace": "n", "MetricName": "m", "StartTime": start,
            "Statistics": ["Sum"]}
    refused("InvalidParameterCombination",
            "You have requested up to 86400 datapoints, which exceeds the "
            "limit of 1440. You may reduce the datapoints requested by "
            "increasing Period, or decreasing the time range.", 400,
            cw.get_metric_statistics, Period=1,
            EndTime=start + datetime.timedelta(days=1), **base)
    refused("InvalidParameterValue", "The parameter StartTime must be less "
            "than the parameter EndTime.", 400, cw.get_metric_statistics,
            Period=60, EndTime=start, **base)
    refused("InvalidParameterValue", None, 400, cw.get_metric_statistics,
            Period=61, EndTime=start + MINUTE, **base)


@case
def alarms_are_kept():
    ns = name("ns")
    n = alarm(ns, Statistic=None, ExtendedStatistic="p99", Unit="Percent",
              AlarmDescription="<d>", TreatMissingData="ignore",
              EvaluateLowSampleCountPercentile="ignore", EvaluationPeriods=3,
              DatapointsToAlarm=2, ActionsEnabled=False,
              Dimensions=[{"Name": "a", "Value": "b"}],
              Tags=[{"Key": "k", "Value": "v"}])
    arn = "arn:aws:cloudwatch:us-east-1:%s:alarm:%s" % (ACCOUNT, n)
    got = described(n)
    times = [got.pop(k) for k in (
        "AlarmConfigurationUpdatedTimestamp", "StateUpdatedTimestamp",
        "StateTransitionedTimestamp")]
    equal(len(set(times)), 1)
    equal(got, {
        "AlarmName": n, "AlarmArn": arn, "AlarmDescription": "<d>",
        "ActionsEnabled": False, "OKActions": [], "AlarmActions": [],
        "InsufficientDataActions": [], "StateValue": "INSUFFICIENT_DATA",
        "StateReason": "Unchecked: Initial alarm creation",
        "MetricName": "m", "Namespace": ns, "ExtendedStatistic": "p99",
        "Dimensions": [{"Name": "a", "Value": "b"}], "Period": 60,
        "Unit": "Percent", "EvaluationPeriods": 3, "DatapointsToAlarm": 2,
        "Threshold": 5.0, "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "ignore",
        "EvaluateLowSampleCountPercentile": "ignore"})
    equal(cw.list_tags_for_resource(ResourceARN=arn)["Tags"],
          [{"Key": "k", "Value": "v"}])
    cw.tag_resource(ResourceARN=arn, Tags=[{"Key": "l", "Value": "w"}])
    cw.untag_resource(ResourceARN=arn, TagKeys=["k"])
    equal(cw.list_tags_for_resource(ResourceARN=arn)["Tags"],
          [{"Key": "l", "Value": "w"}])
    cw.enable_alarm_actions(AlarmNames=[n])
    equal(described(n)["ActionsEnabled"], True)
    cw.disable_alarm_actions(AlarmNames=[n])
    equal(described(n)["ActionsEnabled"], False)
    cw.delete_alarms(AlarmNames=[n])
    equal(cw.describe_alarms(AlarmNames=[n])["MetricAlarms"], [])
    equal(cw.list_tags_for_resource(ResourceARN=arn)["Tags"], [])
    kinds = [json.loads(h["HistoryData"])["type"] for h in
             cw.describe_alarm_history(
                 AlarmName=n, HistoryItemType="ConfigurationUpdate",
                 ScanBy="TimestampAscending")["AlarmHistoryItems"]]
    equal(kinds, ["Create", "Delete"])


@case
def alarms_are_found():
    ns, prefix = name("ns"), name("f")
    names = sorted("%s-%d" % (prefix, i) for i in range(5))
    topic = "arn:aws:sns:us-east-1:%s:%s" % (ACCOUNT, prefix)
    for i, n in enumerate(names):
        alarm(ns, AlarmName=n, AlarmActions=[topic] if i < 2 else [],
              MetricName="m%d" % (i % 2))
    cw.set_alarm_state(AlarmName=names[3], StateValue="OK", StateReason="r")

    def found(**kw):
        return [a["AlarmName"] for a in cw.describe_alarms(
            AlarmNamePrefix=prefix, **kw)["MetricAlarms"]]
    equal(found(), names)
    equal(found(StateValue="OK"), [names[3]])
    equal(found(ActionPrefix=topic), names[:2])
    equal(found(AlarmTypes=["CompositeAlarm"]), [])
    pages = cw.get_paginator("describe_alarms").paginate(
        AlarmNamePrefix=prefix, PaginationConfig={"PageSize": 2})
    equal([len(p["MetricAlarms"]) for p in pages], [2, 2, 1])
    equal([a["AlarmName"] for a in cw.describe_alarms_for_metric(
        Namespace=ns, MetricName="m1")["MetricAlarms"]],
        [names[1], names[3]])
    equal(cw.describe_alarms_for_metric(
        Namespace=ns, MetricName="m1", Statistic="Maximum")["MetricAlarms"],
        [])
    refused("ValidationError", None, 400, cw.describe_alarms,
            AlarmNamePrefix=prefix, AlarmNames=names)
    cw.delete_alarms(AlarmNames=names)


@case
def alarms_are_refused():
    ns = name("ns")
    for code, kw in (
            ("MissingParameter", {"MetricName": None}),
            ("MissingParameter", {"Threshold": None}),
            ("InvalidParameterCombination", {"Statistic": None}),
            ("InvalidParameterCombination", {"ExtendedStatistic": "p9"}),
            ("ValidationError", {"Statistic": "Median"}),
            ("InvalidParameterValue", {"Statistic": None,
                                       "ExtendedStatistic": "x9"}),
            ("ValidationError", {"ComparisonOperator": "More"}),
            ("ValidationError", {"EvaluationPeriods": 2,
                                 "DatapointsToAlarm": 3}),
            ("InvalidParameterValue", {"Period": 61}),
            ("ValidationError", {"Period": 60, "EvaluationPeriods": 1441}),
            ("InvalidParameterValue", {"TreatMissingData": "maybe"}),
            ("ValidationError", {"AlarmActions": ["topic"]}),
            ("ValidationError", {"ThresholdMetricId": "a"}),
            ("InvalidParameterCombination", {"Metrics": [
                {"Id": "e", "Expression": "1"}]})):
        refused(code, None, 400, alarm, ns=ns, **kw)
    refused("InvalidAction", None, 400, cw.put_composite_alarm,
            AlarmName="c", AlarmRule="TRUE")


@case
def an_alarm_acts_once_per_change():
    ns = name("ns")
    topic, url = topic_and_queue()
    align()
    n = alarm(ns, Unit="Count", AlarmDescription="d", DatapointsToAlarm=1,
              TreatMissingData="notBreaching", AlarmActions=[topic],
              OKActions=[topic], Dimensions=[{"Name": "a", "Value": "b"}])
    minutes(1)
    equal(state(n), "OK")
    put(ns, "m", 21.5, 3, Unit="Count", dims=[("a", "b")])
    at = now().replace(second=0, microsecond=0)
    minutes(1)
    got = described(n)
    stamp = at.strftime("%d/%m/%y %H:%M:%S")
    reason = ("Threshold Crossed: 1 out of the last 1 datapoints [24.5 (%s)] "
              "was greater than the threshold (5.0) (minimum 1 datapoint for "
              "OK -> ALARM transition)." % stamp)
    equal((got["StateValue"], got["StateReason"]), ("ALARM", reason))
    iso = at.strftime("%Y-%m-%dT%H:%M:00.000+0000")
    reason_data = json.loads(got["StateReasonData"])
    assert re.match(r"^\d{4}-\d\d-\d\dT.*\+0000$",
                    reason_data.pop("queryDate"))
    equal(reason_data, {
        "version": "1.0", "startDate": iso, "unit": "Count",
        "statistic": "Sum", "period": 60, "recentDatapoints": [24.5],
        "threshold": 5.0, "evaluatedDatapoints": [
            {"timestamp": iso, "sampleCount": 2.0, "value": 24.5}]})
    minutes(10)
    equal(state(n), "OK")
    said = notices(url)
    equal([m["Subject"] for m in said], [
        '%s: "%s" in US East (N. Virginia)' % (s, n)
        for s in ("OK", "ALARM", "OK")])
    message = json.loads(said[1]["Message"])
    for key in ("AlarmConfigurationUpdatedTimestamp", "StateChangeTime"):
        assert re.match(r"^\d{4}-\d\d-\d\dT[\d:.]*\+0000$", message.pop(key))
    equal(message, {
        "AlarmName": n, "AlarmDescription": "d", "AWSAccountId": ACCOUNT,
        "NewStateValue": "ALARM", "NewStateReason": reason,
        "Region": "US East (N. Virginia)", "OldStateValue": "OK",
        "ActionExecutedAfterMuteWindow": False,
        "AlarmArn": "arn:aws:cloudwatch:us-east-1:%s:alarm:%s"
        % (ACCOUNT, n), "OKActions": [topic], "AlarmActions": [topic],
        "InsufficientDataActions": [], "Trigger": {
            "MetricName": "m", "Namespace": ns, "StatisticType": "Statistic",
            "Statistic": "SUM", "Unit": "Count",
            "Dimensions": [{"value": "b", "name": "a"}], "Period": 60,
            "EvaluationPeriods": 1, "DatapointsToAlarm": 1,
            "ComparisonOperator": "GreaterThanThreshold", "Threshold": 5.0,
            "TreatMissingData": "notBreaching",
            "EvaluateLowSampleCountPercentile": ""}})
    history = cw.describe_alarm_history(
        AlarmName=n, ScanBy="TimestampAscending")["AlarmHistoryItems"]
    equal([h["HistorySummary"] for h in history], [
        'Alarm "%s" created' % n,
        "Alarm updated from INSUFFICIENT_DATA to OK",
        "Successfully executed action " + topic,
        "Alarm updated from OK to ALARM",
        "Successfully executed action " + topic,
        "Alarm updated from ALARM to OK",
        "Successfully executed action " + topic])
    change = json.loads(history[3]["HistoryData"])
    equal((change["oldState"]["stateValue"],
           change["newState"]["stateReason"]), ("OK", reason))
    equal(change["newState"]["stateReasonData"]["threshold"], 5.0)
    cw.delete_alarms(AlarmNames=[n])


@case
def missing_data():
    align()
    made = {}
    for treat in ("missing", "ignore", "breaching", "notBreaching", None):
        made[treat] = alarm(name("ns"), TreatMissingData=treat,
                            EvaluationPeriods=2)
    minutes(2)
    equal({k: state(n) for k, n in made.items()}, {
        "missing": "INSUFFICIENT_DATA", "ignore": "INSUFFICIENT_DATA",
        "breaching": "ALARM", "notBreaching": "OK",
        None: "INSUFFICIENT_DATA"})
    equal(described(made["breaching"])["StateReason"],
          "Threshold Crossed: no datapoints were received for 2 periods and "
          "2 missing datapoints were treated as [Breaching].")
    equal(described(made["missing"])["StateReason"],
          "Unchecked: Initial alarm creation")
    for n in made.values():
        cw.set_alarm_state(AlarmName=n, StateValue="OK", StateReason="r")
    minutes(1)
    equal({k: state(n) for k, n in made.items()}, {
        "missing": "INSUFFICIENT_DATA", "ignore": "OK",
        "breaching": "ALARM", "notBreaching": "OK",
        None: "INSUFFICIENT_DATA"})
    equal(described(made["missing"])["StateReason"],
          "Insufficient Data: 2 datapoints were unknown.")
    cw.delete_alarms(AlarmNames=list(made.values()))


@case
def an_alarm_on_an_expression():
    ns = name("ns")
    topic, url = topic_and_queue()
    align()
    n = name("alarm")
    metrics = [
        {"Id": "e", "Expression": "100 * bad / (good + bad)",
         "Label": "share", "ReturnData": True},
        {"Id": "bad", "ReturnData": False, "MetricStat": {
            "Metric": {"Namespace": ns, "MetricName": "bad",
                       "Dimensions": [{"Name": "a", "Value": "b"}]},
            "Period": 60, "Stat": "Sum"}},
        {"Id": "good", "ReturnData": False, "MetricStat": {
            "Metric": {"Namespace": ns, "MetricName": "good"},
            "Period": 60, "Stat": "Sum"}}]
    cw.put_metric_alarm(
        AlarmName=n, EvaluationPeriods=1, Threshold=10, Metrics=metrics,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[topic])
    got = described(n)["Metrics"]
    equal((got[0]["Expression"], got[1]["MetricStat"]["Period"]),
          ("100 * bad / (good + bad)", 60))
    put(ns, "bad", 1, dims=[("a", "b")])
    put(ns, "good", 4)
    minutes(1)
    got = described(n)
    equal(got["StateValue"], "ALARM")
    assert got["StateReason"].startswith(
        "Threshold Crossed: 1 datapoint [20.0 ("), got["StateReason"]
    trigger = json.loads(notices(url)[0]["Message"])["Trigger"]
    equal((trigger["Period"], trigger["Threshold"]), (60, 10.0))
    equal(trigger["Metrics"][0], {
        "Expression": "100 * bad / (good + bad)", "Id": "e",
        "Label": "share", "ReturnData": True})
    equal(trigger["Metrics"][1]["MetricStat"]["Metric"]["Dimensions"],
          [{"value": "b", "name": "a"}])
    refused("ValidationError", None, 400, cw.put_metric_alarm, AlarmName="x",
            EvaluationPeriods=1, Threshold=1, Metrics=[
                dict(m, ReturnData=True) for m in metrics],
            ComparisonOperator="GreaterThanThreshold")
    cw.delete_alarms(AlarmNames=[n])


@case
def states_are_set():
    ns = name("ns")
    topic, url = topic_and_queue()
    n = alarm(ns, AlarmActions=[topic], TreatMissingData="ignore")
    cw.set_alarm_state(AlarmName=n, StateValue="ALARM", StateReason="try",
                       StateReasonData='{"a":1}')
    got = described(n)
    equal((got["StateValue"], got["StateReason"], got["StateReasonData"]),
          ("ALARM", "try", '{"a":1}'))
    said = notices(url)
    equal([json.loads(m["Message"])["NewStateReason"] for m in said], ["try"])
    cw.set_alarm_state(AlarmName=n, StateValue="ALARM", StateReason="again")
    equal(notices(url), [])
    cw.set_alarm_state(AlarmName=n, StateValue="OK", StateReason="fine")
    cw.disable_alarm_actions(AlarmNames=[n])
    cw.set_alarm_state(AlarmName=n, StateValue="ALARM", StateReason="quiet")
    equal(notices(url), [])
    equal(state(n), "ALARM")
    unchecked = client("cloudwatch", checked=False)
    refused("ValidationError", "1 validation error detected: Value 'INVALID' "
            "at 'stateValue' failed to satisfy constraint: Member must "
            "satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]", 400,
            unchecked.set_alarm_state, AlarmName=n, StateValue="INVALID",
            StateReason="x")
    refused("ResourceNotFound", "", 404, cw.set_alarm_state,
            AlarmName="none", StateValue="OK", StateReason="x")
    cw.delete_alarms(AlarmNames=[n])


@case
def an_action_that_fails_is_told():
    topic = "arn:aws:sns:us-east-1:%s:%s" % (ACCOUNT, name("gone"))
    n = alarm(name("ns"), AlarmActions=[topic])
    cw.set_alarm_state(AlarmName=n, StateValue="ALARM", StateReason="r")
    got = cw.describe_alarm_history(
        AlarmName=n, HistoryItemType="Action")["AlarmHistoryItems"]
    equal([h["HistorySummary"] for h in got],
          ["Failed to execute action " + topic])
    cw.delete_alarms(AlarmNames=[n])


@case
def history_comes_by_pages():
    n = alarm(name("ns"))
    for i in range(4):
        cw.set_alarm_state(AlarmName=n, StateValue=("OK", "ALARM")[i % 2],
                           StateReason="r")
    pages = cw.get_paginator("describe_alarm_history").paginate(
        AlarmName=n, PaginationConfig={"PageSize": 2})
    equal([len(p["AlarmHistoryItems"]) for p in pages], [2, 2, 1])
    equal(cw.describe_alarm_history(
        AlarmName=n, EndDate=now() - MINUTE)["AlarmHistoryItems"], [])
    cw.delete_alarms(AlarmNames=[n])


@case
def dashboards():
    n = name("dash")
    arn = "arn:aws:cloudwatch::%s:dashboard/%s" % (ACCOUNT, n)
    body = json.dumps({"widgets": [
        {"type": "metric", "x": 0, "y": 0, "width": 6, "height": 6,
         "properties": {"metrics": [["n", "m"]], "region": "us-east-1"}},
        {"type": "text", "properties": {"markdown": "h\u00e9"}}]},
        ensure_ascii=False)
    equal(plain(cw.put_dashboard(DashboardName=n, DashboardBody=body)),
          {"DashboardValidationMessages": []})
    equal(plain(cw.get_dashboard(DashboardName=n)),
          {"DashboardArn": arn, "DashboardBody": body, "DashboardName": n})
    got = cw.list_dashboards(DashboardNamePrefix=n)["DashboardEntries"]
    assert isinstance(got[0].pop("LastModified"), datetime.datetime)
    equal(got, [{"DashboardArn": arn, "DashboardName": n,
                 "Size": len(body.encode())}])
    equal(cw.list_dashboards(
        DashboardNamePrefix=n + "x")["DashboardEntries"], [])
    refused("InvalidParameterValue", "The value for field DashboardName "
            "contains invalid characters. It can only contain alphanumerics, "
            "dash (-) and underscore (_).\n", 400, cw.put_dashboard,
            DashboardName="a b", DashboardBody=body)
    for bad in ("{", "[]", "{}", '{"widgets":{}}', '{"widgets":[{}]}'):
        got = refused("InvalidParameterInput", None, 400, cw.put_dashboard,
                      DashboardName=n, DashboardBody=bad)
        equal(len(got["dashboardValidationMessages"]), 1)
    equal(cw.get_dashboard(DashboardName=n)["DashboardBody"], body)
    cw.delete_dashboards(DashboardNames=[n])
    for f, kw in ((cw.get_dashboard, {"DashboardName": n}),
                  (cw.delete_dashboards, {"DashboardNames": [n]})):
        refused("ResourceNotFound", "Dashboard %s does not exist" % n, 404,
                f, **kw)


def query(**kw):
    """A call as old clients make it: a form in, XML out."""
    session = botocore.session.get_session()
    request = botocore.awsrequest.AWSRequest(
        "POST", peer.ENDPOINT + "/", headers={
            "Content-Type": "application/x-www-form-urlencoded"},
        data=urllib.parse.urlencode(
            dict(kw, Version="2010-08-01")).encode())
    botocore.auth.SigV4Auth(
        session.get_credentials(), "monitoring", peer.REGION).add_auth(
            request)
    made = request.prepare()
    with urllib.request.urlopen(urllib.request.Request(
            made.url, data=made.body, headers=dict(made.headers))) as answer:
        return answer.read().decode()


@case
def the_query_protocol():
    ns = name("ns")
    align()
    query(**{"Action": "PutMetricData", "Namespace": ns,
             "MetricData.member.1.MetricName": "m",
             "MetricData.member.1.Value": "41",
             "MetricData.member.1.Dimensions.member.1.Name": "a",
             "MetricData.member.1.Dimensions.member.1.Value": "b"})
    n = name("alarm")
    query(**{"Action": "PutMetricAlarm", "AlarmName": n, "Namespace": ns,
             "MetricName": "m", "Statistic": "Sum", "Period": "60",
             "EvaluationPeriods": "1", "Threshold": "40",
             "ComparisonOperator": "GreaterThanThreshold",
             "Dimensions.member.1.Name": "a",
             "Dimensions.member.1.Value": "b"})
    minutes(1)
    got = described(n)
    equal((got["StateValue"], got["Period"], got["Threshold"]),
          ("ALARM", 60, 40.0))
    text = query(Action="DescribeAlarms", **{"AlarmNames.member.1": n})
    assert "<StateValue>ALARM</StateValue>" in text, text
    assert re.search(r"<StateUpdatedTimestamp>\d{4}-\d\d-\d\dT[\d:.]*Z<",
                     text), text
    start = (now() - 10 * MINUTE).strftime("%Y-%m-%dT%H:%M:%SZ")
    end = now().strftime("%Y-%m-%dT%H:%M:%SZ")
    q = "MetricDataQueries.member.1."
    text = query(**{
        "Action": "GetMetricData", "StartTime": start, "EndTime": end,
        q + "Id": "m1", q + "MetricStat.Metric.Namespace": ns,
        q + "MetricStat.Metric.MetricName": "m",
        q + "MetricStat.Metric.Dimensions.member.1.Name": "a",
        q + "MetricStat.Metric.Dimensions.member.1.Value": "b",
        q + "MetricStat.Period": "60", q + "MetricStat.Stat": "Sum"})
    assert "<Values><member>41.0</member></Values>" in text, text
    assert re.search(
        r"<Timestamps><member>\d{4}-\d\d-\d\dT[\d:.]*Z</member>", text), text
    cw.delete_alarms(AlarmNames=[n])


@case
def what_services_count_of_themselves():
    url = sqs.create_queue(QueueName=name("own"))["QueueUrl"]
    align()
    sqs.send_message(QueueUrl=url, MessageBody="12345")
    sqs.send_message(QueueUrl=url, MessageBody="1234567")
    n = alarm("AWS/SQS", MetricName="ApproximateNumberOfMessagesVisible",
              Statistic="Maximum", Threshold=1, Dimensions=[
                  {"Name": "QueueName", "Value": url.rsplit("/", 1)[1]}])
    minutes(1)
    equal(state(n), "ALARM")
    cw.delete_alarms(AlarmNames=[n])
    dims = [("QueueName", url.rsplit("/", 1)[1])]
    got = stats("AWS/SQS", "NumberOfMessagesSent", dims=dims,
                Statistics=["Sum"])
    equal([p["Sum"] for p in got][-1], 2.0)
    got = stats("AWS/SQS", "SentMessageSize", dims=dims,
                Statistics=["Average", "Maximum"])
    equal([(p["Average"], p["Maximum"]) for p in got], [(6.0, 7.0)])


if __name__ == "__main__":
    sys.exit(main())
