#!/usr/bin/env python3
"""Every operation of CloudFormation that lunad has through boto3, results
asserted.

usage: boto3_cfn.py ENDPOINT [NAME...]
"""
import datetime
import json
import re
import subprocess
import sys
import tempfile
import time

from peer import ENDPOINT, case, client, equal, main, name, plain, refused

cfn = client("cloudformation")
sqs = client("sqs")
sns = client("sns")
ACCOUNT = "000000000000"
INVALID = "ValidationError"

QUEUE = """
Description: a queue & <its> name
Parameters:
  Seconds: {Type: Number, Default: 30, MinValue: 0, MaxValue: 100}
  Secret: {Type: String, Default: x, NoEcho: true}
Resources:
  Jobs:
    Type: AWS::SQS::Queue
    Metadata: {Owner: me}
    Properties:
      VisibilityTimeout: !Ref Seconds
Outputs:
  Url: {Value: !Ref Jobs, Description: where}
  Arn: {Value: !GetAtt Jobs.Arn, Export: {Name: !Sub "${AWS::StackName}-arn"}}
"""
BROKEN = """
Resources:
  Good: {Type: AWS::SQS::Queue}
  Bad:
    Type: AWS::SQS::Queue
    DependsOn: Good
    Properties: {DelaySeconds: 100000}
"""
FAST = {"Delay": 1, "MaxAttempts": 5}


def values(**kw):
    return [{"ParameterKey": k, "ParameterValue": v} for k, v in kw.items()]


def resources(**kw):
    return json.dumps({"Resources": kw})


def create(template, stack=None, wait=True, **kw):
    stack = stack or name("t")
    cfn.create_stack(StackName=stack, TemplateBody=template, **kw)
    if wait:
        cfn.get_waiter("stack_create_complete").wait(
            StackName=stack, WaiterConfig=FAST)
    return stack


def stack_of(stack):
    return cfn.describe_stacks(StackName=stack)["Stacks"][0]


def status(stack):
    return stack_of(stack)["StackStatus"]


def resource(stack, logical):
    return cfn.describe_stack_resource(
        StackName=stack, LogicalResourceId=logical)["StackResourceDetail"]


def physical(stack, logical):
    return resource(stack, logical)["PhysicalResourceId"]


def outputs(stack):
    return {o["OutputKey"]: o["OutputValue"]
            for o in stack_of(stack).get("Outputs", [])}


def events(stack):
    pages = cfn.get_paginator("describe_stack_events").paginate(
        StackName=stack)
    return [e for page in pages for e in page["StackEvents"]][::-1]


def history(stack, logical):
    return [e["ResourceStatus"] for e in events(stack)
            if e["LogicalResourceId"] == logical]


def attribute(url, which):
    return sqs.get_queue_attributes(
        QueueUrl=url, AttributeNames=[which])["Attributes"][which]


def update(stack, template, **kw):
    cfn.update_stack(StackName=stack, TemplateBody=template, **kw)
    cfn.get_waiter("stack_update_complete").wait(
        StackName=stack, WaiterConfig=FAST)


def delete(stack):
    cfn.delete_stack(StackName=stack)
    cfn.get_waiter("stack_delete_complete").wait(
        StackName=stack, WaiterConfig=FAST)


@case
def a_stack_is_created_described_and_deleted():
    stack = name("t")
    arn = cfn.create_stack(
        StackName=stack, TemplateBody=QUEUE, Parameters=values(Seconds="7"),
        Tags=[{"Key": "k", "Value": "v"}])["StackId"]
    assert re.match(r"^arn:aws:cloudformation:us-east-1:%s:stack/%s/"
                    r"[0-9a-f-]{36}$" % (ACCOUNT, stack), arn), arn
    cfn.get_waiter("stack_exists").wait(StackName=stack, WaiterConfig=FAST)
    got = stack_of(arn)
    assert isinstance(got.pop("CreationTime"), datetime.datetime)
    queue = got["Outputs"][0]["OutputValue"]
    equal(got, {
        "StackId": arn, "StackName": stack,
        "Description": "a queue & <its> name",
        "Parameters": [
            {"ParameterKey": "Seconds", "ParameterValue": "7"},
            {"ParameterKey": "Secret", "ParameterValue": "****"}],
        "RollbackConfiguration": {}, "StackStatus": "CREATE_COMPLETE",
        "DisableRollback": False, "NotificationARNs": [],
        "Outputs": [
            {"OutputKey": "Url", "OutputValue": queue,
             "Description": "where"},
            {"OutputKey": "Arn", "OutputValue": attribute(queue, "QueueArn"),
             "ExportName": stack + "-arn"}],
        "Tags": [{"Key": "k", "Value": "v"}],
        "EnableTerminationProtection": False,
        "DriftInformation": {"StackDriftStatus": "NOT_CHECKED"}})
    equal(attribute(queue, "VisibilityTimeout"), "7")
    assert re.match(r"^%s-Jobs-[A-Za-z0-9]{12}$" % stack,
                    queue.rsplit("/", 1)[1]), queue
    equal(sqs.list_queue_tags(QueueUrl=queue)["Tags"], {"k": "v"})
    delete(arn)
    got = stack_of(arn)
    equal(got["StackStatus"], "DELETE_COMPLETE")
    assert isinstance(got["DeletionTime"], datetime.datetime)
    refused(INVALID, "Stack with id %s does not exist" % stack, 400,
            cfn.describe_stacks, StackName=stack)
    refused("AWS.SimpleQueueService.NonExistentQueue", None, 400,
            sqs.get_queue_attributes, QueueUrl=queue)
    cfn.delete_stack(StackName=stack)  # what is gone is gone


@case
def its_events_are_those_of_aws():
    stack = create(QUEUE)
    url = outputs(stack)["Url"]
    got = [(e["LogicalResourceId"], e["PhysicalResourceId"],
            e["ResourceStatus"], e.get("ResourceStatusReason"),
            e["ResourceType"]) for e in events(stack)]
    arn = stack_of(stack)["StackId"]
    of_stack = "AWS::CloudFormation::Stack"
    equal(got, [
        (stack, arn, "CREATE_IN_PROGRESS", "User Initiated", of_stack),
        ("Jobs", "", "CREATE_IN_PROGRESS", None, "AWS::SQS::Queue"),
        ("Jobs", url, "CREATE_IN_PROGRESS", "Resource creation Initiated",
         "AWS::SQS::Queue"),
        ("Jobs", url, "CREATE_COMPLETE", None, "AWS::SQS::Queue"),
        (stack, arn, "CREATE_COMPLETE", None, of_stack)])
    ids = [e["EventId"] for e in events(stack)]
    equal(len(set(ids)), len(ids))
    equal(json.loads(events(stack)[3]["ResourceProperties"]),
          {"VisibilityTimeout": "30"})
    refused(INVALID, "Stack [nowhere] does not exist", 400,
            cfn.describe_stack_events, StackName="nowhere")


@case
def events_come_in_pages():
    stack = create(resources(**{
        "Q%d" % i: {"Type": "AWS::SQS::Queue"} for i in range(40)}))
    first = cfn.describe_stack_events(StackName=stack)
    equal(len(first["StackEvents"]), 100)
    assert first["NextToken"]
    equal(len(events(stack)), 2 + 3 * 40)
    delete(stack)


@case
def resources_are_described_three_ways():
    stack = create(QUEUE)
    got = cfn.describe_stack_resources(StackName=stack)["StackResources"]
    equal(len(got), 1)
    assert isinstance(got[0].pop("Timestamp"), datetime.datetime)
    arn, url = stack_of(stack)["StackId"], outputs(stack)["Url"]
    base = {"LogicalResourceId": "Jobs", "PhysicalResourceId": url,
            "ResourceType": "AWS::SQS::Queue",
            "ResourceStatus": "CREATE_COMPLETE",
            "DriftInformation": {"StackResourceDriftStatus": "NOT_CHECKED"}}
    equal(got[0], dict(base, StackName=stack, StackId=arn))
    got = cfn.describe_stack_resources(PhysicalResourceId=url)
    equal(got["StackResources"][0]["StackName"], stack)
    got = resource(stack, "Jobs")
    assert isinstance(got.pop("LastUpdatedTimestamp"), datetime.datetime)
    equal(json.loads(got.pop("Metadata")), {"Owner": "me"})
    equal(got, dict(base, StackName=stack, StackId=arn))
    got = cfn.list_stack_resources(StackName=stack)["StackResourceSummaries"]
    got[0].pop("LastUpdatedTimestamp")
    equal(got, [base])
    refused(INVALID, "Resource None does not exist for stack " + stack, 400,
            cfn.describe_stack_resource, StackName=stack,
            LogicalResourceId="None")
    refused(INVALID, "Stack 'nowhere' does not exist", 400,
            cfn.describe_stack_resource, StackName="nowhere",
            LogicalResourceId="x")
    refused(INVALID, "Stack with id nowhere does not exist", 400,
            cfn.describe_stack_resources, StackName="nowhere")
    refused(INVALID, "Stack with id nowhere does not exist", 400,
            cfn.list_stack_resources, StackName="nowhere")


@case
def a_failure_is_rolled_back():
    stack = create(BROKEN, wait=False)
    got = stack_of(stack)
    equal(got["StackStatus"], "ROLLBACK_COMPLETE")
    equal(history(stack, "Good")[-2:],
          ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"])
    failed = [e for e in events(stack)
              if e["ResourceStatus"] == "CREATE_FAILED"]
    equal(len(failed), 1)
    equal(failed[0]["LogicalResourceId"], "Bad")
    assert "DelaySeconds" in failed[0]["ResourceStatusReason"]
    rollback = [e for e in events(stack)
                if e["ResourceStatus"] == "ROLLBACK_IN_PROGRESS"]
    equal(rollback[0]["ResourceStatusReason"],
          "The following resource(s) failed to create: [Bad]. Rollback "
          "requested by user.")
    refused(INVALID, "Stack:%s is in ROLLBACK_COMPLETE state and can not be "
            "updated." % got["StackId"], 400, cfn.update_stack,
            StackName=stack, TemplateBody=QUEUE)
    delete(stack)


@case
def a_failure_may_be_left_or_deleted():
    stack = create(BROKEN, wait=False, OnFailure="DO_NOTHING")
    equal(status(stack), "CREATE_FAILED")
    attribute(physical(stack, "Good"), "QueueArn")
    delete(stack)
    stack = create(BROKEN, wait=False, DisableRollback=True)
    equal(status(stack), "CREATE_FAILED")
    delete(stack)
    arn = cfn.create_stack(StackName=name("t"), TemplateBody=BROKEN,
                           OnFailure="DELETE")["StackId"]
    equal(status(arn), "DELETE_COMPLETE")


@case
def a_stack_is_updated_in_place():
    stack = create(QUEUE)
    url = outputs(stack)["Url"]
    update(stack, QUEUE, Parameters=values(Seconds="40"))
    equal(outputs(stack)["Url"], url)
    equal(attribute(url, "VisibilityTimeout"), "40")
    equal(history(stack, "Jobs")[-2:],
          ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE"])
    assert stack_of(stack)["LastUpdatedTime"]
    cfn.update_stack(StackName=stack, UsePreviousTemplate=True,
                     Parameters=values(Seconds="41"))
    equal(attribute(url, "VisibilityTimeout"), "41")
    cfn.update_stack(StackName=stack, TemplateBody=QUEUE.replace("30", "31"))
    equal(attribute(url, "VisibilityTimeout"), "31")
    # A property that is dropped has its default again.
    update(stack, "Resources: {Jobs: {Type: AWS::SQS::Queue}}")
    equal(attribute(url, "VisibilityTimeout"), "30")
    delete(stack)


@case
def no_change_is_refused():
    stack = create(QUEUE, Tags=[{"Key": "a", "Value": "1"}])
    text = "No updates are to be performed."
    for kw in ({}, {"Parameters": values(Seconds="30")}):
        refused(INVALID, text, 400, cfn.update_stack, StackName=stack,
                TemplateBody=QUEUE, **kw)
    refused(INVALID, text, 400, cfn.update_stack, StackName=stack,
            TemplateBody=QUEUE.replace("a queue", "another"))
    refused(INVALID, text, 400, cfn.update_stack, StackName=stack,
            UsePreviousTemplate=True, Tags=[{"Key": "a", "Value": "1"}])
    # Outputs and tags alone are a change.
    update(stack, QUEUE.replace("where", "here"))
    equal(stack_of(stack)["Outputs"][0]["Description"], "here")
    update(stack, QUEUE, Tags=[{"Key": "a", "Value": "2"}])
    equal(stack_of(stack)["Tags"], [{"Key": "a", "Value": "2"}])
    equal(sqs.list_queue_tags(QueueUrl=outputs(stack)["Url"])["Tags"],
          {"a": "2"})
    delete(stack)


@case
def replacement_makes_the_new_before_it_deletes_the_old():
    def template(name_, extra=None):
        return resources(
            Topic={"Type": "AWS::SNS::Topic",
                   "Properties": dict({"TopicName": name_}, **(extra or {}))},
            Sub={"Type": "AWS::SNS::Subscription", "Properties": {
                "TopicArn": {"Ref": "Topic"}, "Protocol": "email",
                "Endpoint": "a@example.org"}})
    one, two = name("topic"), name("topic")
    stack = create(template(one))
    old = physical(stack, "Topic")
    update(stack, template(two))
    assert physical(stack, "Topic").endswith(two)
    refused("NotFound", None, 404, sns.get_topic_attributes, TopicArn=old)
    got = [(e["PhysicalResourceId"], e["ResourceStatus"],
            e.get("ResourceStatusReason")) for e in events(stack)
           if e["LogicalResourceId"] == "Topic"][3:]
    new = physical(stack, "Topic")
    equal(got, [
        (old, "UPDATE_IN_PROGRESS", "Requested update requires the creation "
         "of a new physical resource; hence creating one."),
        (new, "UPDATE_IN_PROGRESS", "Resource creation Initiated"),
        (new, "UPDATE_COMPLETE", None),
        (old, "DELETE_IN_PROGRESS", None),
        (old, "DELETE_COMPLETE", None)])
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=new)
    equal([s["Endpoint"] for s in subscriptions["Subscriptions"]],
          ["a@example.org"])
    of_stack = history(stack, stack)
    equal(of_stack[-3:], ["UPDATE_IN_PROGRESS",
                          "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
                          "UPDATE_COMPLETE"])
    delete(stack)


@case
def a_name_that_was_given_cannot_be_had_twice():
    queue = {"Type": "AWS::SQS::Queue", "Properties": {
        "QueueName": name("q") + ".fifo", "FifoQueue": True}}
    stack = create(resources(Q=queue))
    queue["Properties"].pop("FifoQueue")
    cfn.update_stack(StackName=stack, TemplateBody=resources(Q=queue))
    equal(status(stack), "UPDATE_ROLLBACK_COMPLETE")
    reason = [e["ResourceStatusReason"] for e in events(stack)
              if e["ResourceStatus"] == "UPDATE_FAILED"][0]
    assert "custom-named resource requires replacing" in reason, reason
    delete(stack)


@case
def a_failed_update_brings_all_back():
    one = {"Type": "AWS::SQS::Queue", "Properties": {"DelaySeconds": 1}}
    name_ = name("topic")
    topic = {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": name_}}
    stack = create(resources(One=one, Topic=topic))
    url, arn = physical(stack, "One"), physical(stack, "Topic")
    body = cfn.get_template(StackName=stack)["TemplateBody"]
    one["Properties"]["DelaySeconds"] = 2
    topic["Properties"]["TopicName"] = name_ + "2"
    bad = {"Type": "AWS::SQS::Queue", "DependsOn": ["One", "Topic", "New"],
           "Properties": {"DelaySeconds": -1}}
    new = {"Type": "AWS::SQS::Queue"}
    cfn.update_stack(StackName=stack, TemplateBody=resources(
        One=one, Topic=topic, New=new, Bad=bad))
    got = stack_of(stack)
    equal(got["StackStatus"], "UPDATE_ROLLBACK_COMPLETE")
    equal(attribute(url, "DelaySeconds"), "1")
    equal(physical(stack, "Topic"), arn)
    sns.get_topic_attributes(TopicArn=arn)
    refused("NotFound", None, 404, sns.get_topic_attributes,
            TopicArn=arn + "2")
    equal(sorted(r["LogicalResourceId"] for r in
                 cfn.list_stack_resources(
                     StackName=stack)["StackResourceSummaries"]),
          ["One", "Topic"])
    equal(cfn.get_template(StackName=stack)["TemplateBody"], body)
    equal(history(stack, stack)[-4:], [
        "UPDATE_IN_PROGRESS", "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE"])
    equal(history(stack, "New")[-2:],
          ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"])
    # From there it can be updated.
    update(stack, resources(One=one))
    equal(attribute(url, "DelaySeconds"), "2")
    delete(stack)


@case
def what_was_made_last_is_deleted_first():
    def chain(*names):
        return resources(**{n: {
            "Type": "AWS::SQS::Queue",
            "DependsOn": list(names[:i])} for i, n in enumerate(names)})
    stack = create(chain("C", "A", "B"))
    # A new one that all others need, first in the order.
    update(stack, chain("D", "C", "A", "B"))
    arn = stack_of(stack)["StackId"]
    delete(arn)
    equal([e["LogicalResourceId"] for e in events(arn)
           if e["ResourceStatus"] == "DELETE_COMPLETE"],
          ["B", "A", "C", "D", stack])
    stack = create(chain("C", "A", "B"))
    update(stack, chain("C"))
    equal([e["LogicalResourceId"] for e in events(stack)
           if e["ResourceStatus"] == "DELETE_COMPLETE"], ["B", "A"])
    delete(stack)


@case
def deletion_policies_keep():
    queue = {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain"}
    stack = create(resources(A=queue, B=queue,
                             C={"Type": "AWS::SQS::Queue"}))
    a, b, c = (physical(stack, x) for x in "ABC")
    arn = stack_of(stack)["StackId"]
    update(stack, resources(A=queue, C={"Type": "AWS::SQS::Queue"}))
    attribute(b, "QueueArn")
    delete(arn)
    attribute(a, "QueueArn")
    equal(history(arn, "A")[-1], "DELETE_SKIPPED")
    equal(history(arn, "C")[-1], "DELETE_COMPLETE")
    for url in (a, b):
        sqs.delete_queue(QueueUrl=url)
    refused("AWS.SimpleQueueService.NonExistentQueue", None, 400,
            sqs.get_queue_attributes, QueueUrl=c)
    one, two = name("topic"), name("topic")
    topic = {"Type": "AWS::SNS::Topic", "UpdateReplacePolicy": "Retain",
             "Properties": {"TopicName": one}}
    stack = create(resources(T=topic))
    old = physical(stack, "T")
    topic["Properties"]["TopicName"] = two
    update(stack, resources(T=topic))
    sns.get_topic_attributes(TopicArn=old)
    equal(history(stack, "T")[-1], "DELETE_SKIPPED")
    sns.delete_topic(TopicArn=old)
    delete(stack)


@case
def a_deletion_that_fails_can_keep_what_fails():
    dynamodb = client("dynamodb")
    stack = create(resources(T={
        "Type": "AWS::DynamoDB::Table", "Properties": {
            "BillingMode": "PAY_PER_REQUEST",
            "DeletionProtectionEnabled": True,
            "AttributeDefinitions": [
                {"AttributeName": "id", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}]}}))
    table, arn = physical(stack, "T"), stack_of(stack)["StackId"]
    refused(INVALID, None, 400, cfn.delete_stack, StackName=stack,
            RetainResources=["T"])
    cfn.delete_stack(StackName=stack)
    equal(stack_of(stack)["StackStatus"], "DELETE_FAILED")
    equal(stack_of(stack)["StackStatusReason"],
          "The following resource(s) failed to delete: [T]. ")
    cfn.delete_stack(StackName=stack, RetainResources=["T"])
    equal(stack_of(arn)["StackStatus"], "DELETE_COMPLETE")
    dynamodb.update_table(TableName=table, DeletionProtectionEnabled=False)
    dynamodb.delete_table(TableName=table)


@case
def termination_protection_protects():
    stack = create(QUEUE, EnableTerminationProtection=True)
    refused(INVALID, "Stack [%s] cannot be deleted while "
            "TerminationProtection is enabled" % stack, 400,
            cfn.delete_stack, StackName=stack)
    cfn.update_termination_protection(
        StackName=stack, EnableTerminationProtection=False)
    equal(stack_of(stack)["EnableTerminationProtection"], False)
    delete(stack)


def change_set(stack, template, kind="UPDATE", **kw):
    got = cfn.create_change_set(
        StackName=stack, ChangeSetName=name("c"), ChangeSetType=kind,
        TemplateBody=template, **kw)
    cfn.get_waiter("change_set_create_complete").wait(
        ChangeSetName=got["Id"], WaiterConfig=FAST)
    return got


@case
def a_stack_is_created_by_change_set():
    stack = name("t")
    got = change_set(stack, QUEUE, "CREATE", Description="first")
    equal(status(stack), "REVIEW_IN_PROGRESS")
    equal(stack_of(stack)["StackStatusReason"], "User Initiated")
    described = cfn.describe_change_set(ChangeSetName=got["Id"])
    described.pop("ResponseMetadata")
    assert isinstance(described.pop("CreationTime"), datetime.datetime)
    set_name = described["ChangeSetName"]
    equal(described, {
        "ChangeSetName": set_name, "ChangeSetId": got["Id"],
        "StackId": got["StackId"], "StackName": stack,
        "Description": "first", "ExecutionStatus": "AVAILABLE",
        "Status": "CREATE_COMPLETE", "NotificationARNs": [],
        "RollbackConfiguration": {}, "Capabilities": [],
        "IncludeNestedStacks": False,
        "Parameters": [
            {"ParameterKey": "Seconds", "ParameterValue": "30"},
            {"ParameterKey": "Secret", "ParameterValue": "****"}],
        "Changes": [{"Type": "Resource", "ResourceChange": {
            "Action": "Add", "LogicalResourceId": "Jobs",
            "ResourceType": "AWS::SQS::Queue", "Scope": [],
            "Details": []}}]})
    listed = cfn.list_change_sets(StackName=stack)["Summaries"]
    equal([s["ChangeSetId"] for s in listed], [got["Id"]])
    equal(cfn.get_template(ChangeSetName=got["Id"])["TemplateBody"], QUEUE)
    refused(INVALID, "GetTemplateSummary cannot be called on "
            "REVIEW_IN_PROGRESS stacks.", 400, cfn.get_template_summary,
            StackName=stack)
    refused("AlreadyExistsException", "ChangeSet %s already exists" % set_name,
            400, cfn.create_change_set, StackName=stack,
            ChangeSetName=set_name, ChangeSetType="CREATE",
            TemplateBody=QUEUE)
    equal(plain(cfn.execute_change_set(ChangeSetName=got["Id"])), {})
    cfn.get_waiter("stack_create_complete").wait(
        StackName=stack, WaiterConfig=FAST)
    equal(stack_of(stack)["ChangeSetId"], got["Id"])
    equal(cfn.describe_change_set(
        ChangeSetName=got["Id"])["ExecutionStatus"], "EXECUTE_COMPLETE")
    equal(history(stack, stack), [
        "REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE"])
    refused("InvalidChangeSetStatus", None, 400, cfn.execute_change_set,
            ChangeSetName=got["Id"])
    refused(INVALID, "Stack [%s] already exists and cannot be created again "
            "with the changeSet [x]." % stack, 400, cfn.create_change_set,
            StackName=stack, ChangeSetName="x", ChangeSetType="CREATE",
            TemplateBody=QUEUE)
    delete(stack)


@case
def changes_are_told_as_aws_tells_them():
    template = """
Parameters: {Name: {Type: String}}
Resources:
  Topic: {Type: AWS::SNS::Topic, Properties: {TopicName: !Ref Name}}
  Sub:
    Type: AWS::SNS::Subscription
    Properties:
      {TopicArn: !Ref Topic, Protocol: email, Endpoint: a@example.org}
  Gone: {Type: AWS::SQS::Queue, DeletionPolicy: Retain}
  Same: {Type: AWS::SQS::Queue}
"""
    one, two = name("topic"), name("topic")
    stack = create(template, Parameters=values(Name=one))
    gone = physical(stack, "Gone")
    arn = change_set(stack, template.replace("Gone:", "New:"),
                     Parameters=values(Name=two))["Id"]
    changes = cfn.describe_change_set(ChangeSetName=arn)["Changes"]
    got = {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"]
           for c in changes}
    equal(sorted(got), ["Gone", "New", "Sub", "Topic"])
    equal(got["Topic"], {
        "PolicyAction": "ReplaceAndDelete", "Action": "Modify",
        "LogicalResourceId": "Topic", "PhysicalResourceId":
        physical(stack, "Topic"), "ResourceType": "AWS::SNS::Topic",
        "Replacement": "True", "Scope": ["Properties"], "Details": [{
            "Target": {"Attribute": "Properties", "Name": "TopicName",
                       "RequiresRecreation": "Always"},
            "Evaluation": "Static", "ChangeSource": "ParameterReference",
            "CausingEntity": "Name"}, {
            "Target": {"Attribute": "Properties", "Name": "TopicName",
                       "RequiresRecreation": "Always"},
            "Evaluation": "Dynamic",
            "ChangeSource": "DirectModification"}]})
    equal(got["Sub"]["Replacement"], "Conditional")
    equal(got["Sub"]["Details"], [{
        "Target": {"Attribute": "Properties", "Name": "TopicArn",
                   "RequiresRecreation": "Conditionally"},
        "Evaluation": "Dynamic", "ChangeSource": "ResourceReference",
        "CausingEntity": "Topic"}])
    equal((got["Gone"]["Action"], got["Gone"]["PolicyAction"]),
          ("Remove", "Retain"))
    equal(got["New"]["Action"], "Add")
    shown = cfn.describe_change_set(
        ChangeSetName=arn, IncludePropertyValues=True)["Changes"]
    topic = [c["ResourceChange"] for c in shown
             if c["ResourceChange"]["LogicalResourceId"] == "Topic"][0]
    equal(json.loads(topic["BeforeContext"])["Properties"],
          {"TopicName": one})
    equal(json.loads(topic["AfterContext"])["Properties"],
          {"TopicName": two})
    equal(topic["Details"][0]["Target"]["AfterValue"], two)
    # Nothing has happened yet; then just that.
    assert physical(stack, "Topic").endswith(one)
    cfn.execute_change_set(ChangeSetName=arn)
    cfn.get_waiter("stack_update_complete").wait(
        StackName=stack, WaiterConfig=FAST)
    assert physical(stack, "Topic").endswith(two)
    equal(sorted(r["LogicalResourceId"] for r in cfn.list_stack_resources(
        StackName=stack)["StackResourceSummaries"]),
        ["New", "Same", "Sub", "Topic"])
    sqs.delete_queue(QueueUrl=gone)
    new = physical(stack, "New")
    delete(stack)
    sqs.delete_queue(QueueUrl=new)


@case
def a_change_set_without_changes_fails():
    stack = create(QUEUE)
    got = cfn.create_change_set(
        StackName=stack, ChangeSetName="none", TemplateBody=QUEUE)
    described = cfn.describe_change_set(
        StackName=stack, ChangeSetName="none")
    equal((described["Status"], described["ExecutionStatus"],
           described["StatusReason"]), (
        "FAILED", "UNAVAILABLE", "The submitted information didn't contain "
        "changes. Submit different information to create a change set."))
    refused("InvalidChangeSetStatus", "ChangeSet [%s] cannot be executed in "
            "its current status of [FAILED]" % got["Id"], 400,
            cfn.execute_change_set, ChangeSetName=got["Id"])
    cfn.delete_change_set(StackName=stack, ChangeSetName="none")
    cfn.delete_change_set(StackName=stack, ChangeSetName="none")
    refused("ChangeSetNotFound", "ChangeSet [none] does not exist", 404,
            cfn.describe_change_set, StackName=stack, ChangeSetName="none")
    refused(INVALID, "StackName must be specified if ChangeSetName is not "
            "specified as an ARN.", 400, cfn.describe_change_set,
            ChangeSetName="none")
    refused(INVALID, "Stack [nostack] does not exist", 400,
            cfn.describe_change_set, StackName="nostack",
            ChangeSetName="none")
    refused(INVALID, "Stack [nostack] does not exist", 400,
            cfn.create_change_set, StackName="nostack", ChangeSetName="x",
            TemplateBody=QUEUE)
    delete(stack)


@case
def other_change_sets_become_obsolete():
    stack = create(QUEUE)
    one = change_set(stack, QUEUE, Parameters=values(Seconds="50"))["Id"]
    two = change_set(stack, QUEUE, Parameters=values(Seconds="60"))["Id"]
    cfn.execute_change_set(ChangeSetName=two)
    equal(cfn.describe_change_set(ChangeSetName=one)["ExecutionStatus"],
          "OBSOLETE")
    refused("InvalidChangeSetStatus", None, 400, cfn.execute_change_set,
            ChangeSetName=one)
    delete(stack)


@case
def values_are_exported_and_imported():
    stack = create(QUEUE)
    export = stack + "-arn"
    found = [e for page in cfn.get_paginator("list_exports").paginate()
             for e in page["Exports"] if e["Name"] == export]
    equal(found, [{"ExportingStackId": stack_of(stack)["StackId"],
                   "Name": export, "Value": outputs(stack)["Arn"]}])
    user = create("""
Resources: {Q: {Type: AWS::SQS::Queue}}
Outputs: {V: {Value: !ImportValue %s}}
""" % export)
    equal(outputs(user)["V"], outputs(stack)["Arn"])
    equal(cfn.list_imports(ExportName=export)["Imports"], [user])
    refused(INVALID, "Export %s cannot be deleted as it is in use by %s"
            % (export, user), 400, cfn.delete_stack, StackName=stack)
    cfn.update_stack(StackName=stack, TemplateBody=resources(
        Jobs={"Type": "AWS::SQS::Queue"}))
    equal(status(stack), "UPDATE_ROLLBACK_COMPLETE")
    twin = create(QUEUE.replace("${AWS::StackName}-arn", export), wait=False)
    equal(status(twin), "ROLLBACK_COMPLETE")
    delete(twin)
    delete(user)
    refused(INVALID, "Export '%s' is not imported by any stack." % export,
            400, cfn.list_imports, ExportName=export)
    delete(stack)
    got = create("""
Resources:
  Q: {Type: AWS::SQS::Queue, Properties: {QueueName: !ImportValue none}}
""", wait=False)
    reason = [e for e in events(got)
              if e["ResourceStatus"] == "CREATE_FAILED"]
    equal(reason[0]["ResourceStatusReason"], "No export named none found.")
    delete(got)


@case
def stacks_are_listed():
    stack = create(QUEUE)
    arn = stack_of(stack)["StackId"]

    def listed(*states):
        pages = cfn.get_paginator("list_stacks").paginate(
            StackStatusFilter=list(states))
        return [s for p in pages for s in p["StackSummaries"]]
    found = [s for s in listed("CREATE_COMPLETE") if s["StackId"] == arn]
    equal(found[0]["TemplateDescription"], "a queue & <its> name")
    assert not [s for s in listed("DELETE_COMPLETE") if s["StackId"] == arn]
    all_ = [s["StackId"] for p in cfn.get_paginator(
        "describe_stacks").paginate() for s in p["Stacks"]]
    assert arn in all_
    delete(stack)
    found = [s for s in listed("DELETE_COMPLETE") if s["StackId"] == arn]
    assert found[0]["DeletionTime"]


@case
def templates_are_kept_validated_and_summed_up():
    stack = create(QUEUE)
    got = cfn.get_template(StackName=stack)
    equal(got["TemplateBody"], QUEUE)
    equal(got["StagesAvailable"], ["Original", "Processed"])
    body = resources(Q={"Type": "AWS::SQS::Queue"})
    as_json = create(body)
    equal(cfn.get_template(StackName=as_json)["TemplateBody"],
          json.loads(body))
    got = plain(cfn.validate_template(TemplateBody=QUEUE))
    equal(got, {"Description": "a queue & <its> name", "Parameters": [
        {"ParameterKey": "Seconds", "DefaultValue": "30", "NoEcho": False},
        {"ParameterKey": "Secret", "DefaultValue": "x", "NoEcho": True}]})
    got = plain(cfn.get_template_summary(StackName=stack))
    equal(got["ResourceTypes"], ["AWS::SQS::Queue"])
    equal(got["Parameters"][0], {
        "ParameterKey": "Seconds", "DefaultValue": "30",
        "ParameterType": "Number", "NoEcho": False,
        "ParameterConstraints": {}})
    got = cfn.get_template_summary(TemplateBody=resources(
        R={"Type": "AWS::IAM::Role", "Properties": {
            "RoleName": "x", "AssumeRolePolicyDocument": {}}}))
    equal(got["Capabilities"], ["CAPABILITY_NAMED_IAM"])
    equal(got["CapabilitiesReason"],
          "The following resource(s) require capabilities: [AWS::IAM::Role]")
    refused(INVALID, "Stack with id nowhere does not exist", 400,
            cfn.get_template, StackName="nowhere")
    for one in (stack, as_json):
        delete(one)


@case
def requests_are_checked():
    stack = create(QUEUE)
    refused("AlreadyExistsException", "Stack [%s] already exists" % stack,
            400, cfn.create_stack, StackName=stack, TemplateBody=QUEUE)
    refused(INVALID, "Stack [nowhere] does not exist", 400, cfn.update_stack,
            StackName="nowhere", TemplateBody=QUEUE)
    refused(INVALID, "1 validation error detected: Value '*a_$' at "
            "'stackName' failed to satisfy constraint: Member must satisfy "
            "regular expression pattern: "
            "[a-zA-Z][-a-zA-Z0-9]*|arn:[-a-zA-Z0-9:/._+]*", 400,
            cfn.create_stack, StackName="*a_$", TemplateBody=QUEUE)
    refused(INVALID, "Either Template URL or Template Body must be "
            "specified.", 400, cfn.update_stack, StackName=stack)
    refused(INVALID, "TemplateURL must be a supported URL.", 400,
            cfn.create_stack, StackName="x",
            TemplateURL="https://example.org/x")
    body = QUEUE + "#" * 51200
    refused(INVALID, "1 validation error detected: Value '%s' at "
            "'templateBody' failed to satisfy constraint: Member must have "
            "length less than or equal to 51200" % body, 400,
            cfn.create_stack, StackName="x", TemplateBody=body)
    refused(INVALID, "Parameters: [Nope] do not exist in the template", 400,
            cfn.create_stack, StackName="x", TemplateBody=QUEUE,
            Parameters=values(Nope="1"))
    refused(INVALID, "Resource type AWS::SQS::Queue is not allowed by "
            "parameter ResourceTypes [AWS::EC2::*]", 400, cfn.create_stack,
            StackName="x", TemplateBody=QUEUE, ResourceTypes=["AWS::EC2::*"])
    refused(INVALID, "Role arn:aws:iam::000000000000:role/none is invalid or "
            "cannot be assumed", 400, cfn.create_stack, StackName="x",
            TemplateBody=QUEUE,
            RoleARN="arn:aws:iam::000000000000:role/none")
    refused(INVALID, "aws: prefixed tag key names are not allowed for "
            "external use.", 400, cfn.create_stack, StackName="x",
            TemplateBody=QUEUE, Tags=[{"Key": "aws:x", "Value": "y"}])
    delete(stack)


@case
def iam_wants_capabilities():
    role = {"Type": "AWS::IAM::Role", "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Action": "sts:AssumeRole",
                "Principal": {"Service": "ec2.amazonaws.com"}}]}}}
    code = "InsufficientCapabilitiesException"
    refused(code, "Requires capabilities : [CAPABILITY_IAM]", 400,
            cfn.create_stack, StackName="x", TemplateBody=resources(R=role))
    stack = create(resources(R=role), Capabilities=["CAPABILITY_IAM"])
    equal(stack_of(stack)["Capabilities"], ["CAPABILITY_IAM"])
    role["Properties"]["RoleName"] = name("role")
    for kw in ({}, {"Capabilities": ["CAPABILITY_IAM"]}):
        refused(code, "Requires capabilities : [CAPABILITY_NAMED_IAM]", 400,
                cfn.update_stack, StackName=stack,
                TemplateBody=resources(R=role), **kw)
    refused(code, None, 400, cfn.create_change_set, StackName=stack,
            ChangeSetName="x", TemplateBody=resources(R=role))
    update(stack, resources(R=role), Capabilities=["CAPABILITY_NAMED_IAM"])
    delete(stack)


@case
def what_exists_is_not_taken_over():
    name_ = name("q")
    url = sqs.create_queue(QueueName=name_)["QueueUrl"]
    stack = create(resources(Q={"Type": "AWS::SQS::Queue", "Properties": {
        "QueueName": name_}}), wait=False)
    equal(status(stack), "ROLLBACK_COMPLETE")
    reason = [e["ResourceStatusReason"] for e in events(stack)
              if e["ResourceStatus"] == "CREATE_FAILED"]
    equal(reason, ["Resource of type 'AWS::SQS::Queue' with identifier '%s' "
                   "already exists." % name_])
    attribute(url, "QueueArn")  # and it is not deleted either
    delete(stack)
    sqs.delete_queue(QueueUrl=url)


@case
def what_is_retained_survives_a_rollback_too():
    kept = {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain"}
    made = {"Type": "AWS::SQS::Queue",
            "DeletionPolicy": "RetainExceptOnCreate"}
    bad = {"Type": "AWS::SQS::Queue", "DependsOn": ["Kept", "Made"],
           "Properties": {"DelaySeconds": -1}}
    good = {"Type": "AWS::SQS::Queue"}
    stack = create(resources(Good=good))
    cfn.update_stack(StackName=stack, TemplateBody=resources(
        Good=good, Kept=kept, Made=made, Bad=bad))
    equal(status(stack), "UPDATE_ROLLBACK_COMPLETE")
    equal(history(stack, "Kept")[-1], "DELETE_SKIPPED")
    equal(history(stack, "Made")[-1], "DELETE_COMPLETE")
    url = [e["PhysicalResourceId"] for e in events(stack)
           if e["LogicalResourceId"] == "Kept"][-1]
    attribute(url, "QueueArn")
    sqs.delete_queue(QueueUrl=url)
    delete(stack)


@case
def events_are_published_to_topics():
    topic = sns.create_topic(Name=name("topic"))["TopicArn"]
    url = sqs.create_queue(QueueName=name("q"))["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs",
                  Endpoint=attribute(url, "QueueArn"),
                  Attributes={"RawMessageDelivery": "true"})
    stack = create(QUEUE, NotificationARNs=[topic])
    equal(stack_of(stack)["NotificationARNs"], [topic])
    got = []
    while len(got) < 5:
        answer = sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
        assert answer.get("Messages"), got
        got += [m["Body"] for m in answer["Messages"]]
    fields = [dict(re.findall(r"^(\w+)='(.*)'$", b, re.M)) for b in got]
    equal(sorted((f["LogicalResourceId"], f["ResourceStatus"])
                 for f in fields),
          sorted([(stack, "CREATE_IN_PROGRESS"),
                  (stack, "CREATE_COMPLETE"),
                  ("Jobs", "CREATE_IN_PROGRESS"),
                  ("Jobs", "CREATE_IN_PROGRESS"),
                  ("Jobs", "CREATE_COMPLETE")]))
    equal({f["StackName"] for f in fields}, {stack})
    delete(stack)
    sqs.delete_queue(QueueUrl=url)
    sns.delete_topic(TopicArn=topic)


@case
def aws_cloudformation_deploy_works():
    stack = name("t")
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
        file.write(QUEUE)
        file.flush()

        def deploy(*args):
            # It names its change sets by the second.
            before = int(time.time())
            while int(time.time()) == before:
                time.sleep(0.05)
            return subprocess.run(
                [sys.executable, "-m", "awscli", "--endpoint-url", ENDPOINT,
                 "--region", "us-east-1", "cloudformation", "deploy",
                 "--stack-name", stack, "--template-file", file.name,
                 *args], capture_output=True, text=True, timeout=120)
        got = deploy("--parameter-overrides", "Seconds=11")
        equal((got.returncode, got.stderr), (0, ""))
        assert "Successfully created/updated stack - " + stack in got.stdout
        equal(attribute(outputs(stack)["Url"], "VisibilityTimeout"), "11")
        got = deploy("--no-fail-on-empty-changeset")
        equal(got.returncode, 0)
        assert "No changes to deploy" in got.stdout, got.stdout
        got = deploy("--parameter-overrides", "Seconds=12")
        equal(got.returncode, 0)
        equal(attribute(outputs(stack)["Url"], "VisibilityTimeout"), "12")
    delete(stack)


@case
def regions_have_their_own_stacks():
    other = client("cloudformation", region="eu-west-1")
    stack = name("t")
    for one, region in ((cfn, "us-east-1"), (other, "eu-west-1")):
        one.create_stack(StackName=stack, TemplateBody="""
Resources: {Q: {Type: AWS::SQS::Queue}}
Outputs: {A: {Value: !GetAtt Q.Arn}, R: {Value: !Ref "AWS::Region"}}
""")
        got = one.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
        assert got[0]["OutputValue"].startswith("arn:aws:sqs:" + region)
        equal(got[1]["OutputValue"], region)
    for one in (cfn, other):
        one.delete_stack(StackName=stack)


if __name__ == "__main__":
    sys.exit(main())
