#!/usr/bin/env python3
"""bodies.py ENDPOINT: what each tool sends, against botocore's models.

Tools run against a recorder that passes each request on to ENDPOINT, as it
came. Target, content type, version and path name the operation; the body
must be an input that the operation's model takes: known members of the right
types, the required ones, enumerations, lengths and ranges. One line a case;
the status is 1 when any failed.
"""
import base64
import gzip
import http.client
import http.server
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import urllib.parse

import botocore.session
import dateutil.parser
from botocore.validate import ParamValidator

MODEL = {"monitoring": "cloudwatch", "ses": "sesv2"}
SESSION = botocore.session.get_session()
PEER = urllib.parse.urlsplit(sys.argv[1])


class Recorder(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = []

    def serve(self):
        length = int(self.headers.get("Content-Length", 0))
        body = self.rfile.read(length)
        self.seen.append((self.command, self.path, self.headers, body))
        peer = http.client.HTTPConnection(PEER.hostname, PEER.port)
        peer.putrequest(self.command, self.path, skip_host=True,
                        skip_accept_encoding=True)
        for name, value in self.headers.items():
            peer.putheader(name, value)
        peer.endheaders(body)
        answer = peer.getresponse()
        text = answer.read()
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "connection"):
                self.send_header(name, value)
        self.send_header("Content-Length", len(text))
        self.end_headers()
        self.wfile.write(text)
        peer.close()

    do_GET = do_POST = do_PUT = do_DELETE = serve

    def log_message(self, *args):
        pass


def wrong(path, what):
    raise AssertionError("%s: %s" % (path or "input", what))


def limits(shape, value, path, wire):
    """What ParamValidator leaves out."""
    kind, facts = shape.type_name, shape.metadata
    if kind == "structure":
        for k, v in value.items():
            limits(shape.members[k], v, path + "." + k, wire)
    elif kind == "map":
        for k, v in value.items():
            limits(shape.key, k, path + " key", wire)
            limits(shape.value, v, "%s[%s]" % (path, k), wire)
    elif kind == "list":
        for i, v in enumerate(value):
            limits(shape.member, v, "%s[%d]" % (path, i), wire)
    elif kind == "string" and getattr(shape, "enum", None):
        if value not in shape.enum:
            wrong(path, "%r is none of %s" % (value, shape.enum))
    elif kind == "timestamp" and wire == "json":
        if isinstance(value, str):
            wrong(path, "a timestamp as text: " + value)
    elif kind == "blob" and wire == "json":
        value = base64.b64decode(value, validate=True)
    if kind in ("string", "list", "map", "blob"):
        value = len(value)
    if kind in ("structure", "boolean", "timestamp"):
        return
    if value < facts.get("min", value) or value > facts.get("max", value):
        wrong(path, "%r is not within %r" % (value, facts))


def scalar(shape, text, path):
    kind = shape.type_name
    if kind in ("integer", "long"):
        return int(text)
    if kind in ("float", "double"):
        return float(text)
    if kind == "boolean":
        return {"true": True, "false": False}[text]
    if kind == "timestamp":
        return dateutil.parser.isoparse(text)
    return text


def unform(shape, form, path):
    """Parameters from a form's members below path; used ones are popped."""
    kind = shape.type_name
    if not any(k == path or k.startswith(path + ".") for k in form) and path:
        return None
    if kind == "structure":
        got = {}
        for name, member in shape.members.items():
            wire = member.serialization.get("name", name)
            value = unform(member, form, path + "." + wire if path else wire)
            if value is not None:
                got[name] = value
        return got
    if kind == "list":
        if form.pop(path, None) == "":
            return []
        if not shape.serialization.get("flattened"):
            path += "." + shape.member.serialization.get("name", "member")
        got = []
        while True:
            value = unform(shape.member, form, "%s.%d" % (path, len(got) + 1))
            if value is None:
                return got
            got.append(value)
    if kind == "map":
        if not shape.serialization.get("flattened"):
            path += ".entry"
        got = {}
        while True:
            at = "%s.%d." % (path, len(got) + 1)
            key = unform(shape.key, form, at + shape.key.serialization.get(
                "name", "key"))
            if key is None:
                return got
            got[key] = unform(shape.value, form, at + shape.value.
                              serialization.get("name", "value"))
    return scalar(shape, form.pop(path), path)


def rest(model, method, path):
    """The operation of a path, and what its path and query say."""
    path, _, query = path.partition("?")
    for name in model.operation_names:
        operation = model.operation_model(name)
        uri = operation.http["requestUri"].partition("?")[0]
        pattern = re.sub(r"\{(\w+)\+?\}", r"(?P<\1>[^/]+)", uri)
        m = re.fullmatch(pattern, path)
        if not m or operation.http["method"] != method:
            continue
        by_wire = {}
        for k, member in (operation.input_shape.members.items()
                          if operation.input_shape else ()):
            place = member.serialization
            if place.get("location") in ("uri", "querystring"):
                by_wire[place.get("name", k)] = k, member
        given = dict(urllib.parse.parse_qsl(query, strict_parsing=bool(query)))
        given.update({k: urllib.parse.unquote(v)
                      for k, v in m.groupdict().items()})
        return operation, {by_wire[k][0]: scalar(by_wire[k][1], v, k)
                           for k, v in given.items()}
    raise AssertionError("no operation is %s %s" % (method, path))


def check(method, path, headers, body):
    """Validate a request; its service and operation."""
    scope = re.search(r"Credential=[^/]+/\d+/[^/]+/(\w+)/aws4_request",
                      headers["Authorization"]).group(1)
    model = SESSION.get_service_model(MODEL.get(scope, scope))
    facts, kind = model.metadata, headers.get("Content-Type", "")
    if headers.get("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    body = body.decode()
    target = headers.get("X-Amz-Target")
    if target:
        prefix, _, name = target.partition(".")
        operation = model.operation_model(name)
        assert prefix == facts["targetPrefix"], target
        assert kind == "application/x-amz-json-" + facts["jsonVersion"], kind
        assert "json" in facts["protocols"], facts["protocols"]
        assert (method, path) == ("POST", "/"), path
        params, wire = json.loads(body), "json"
    elif kind.startswith("application/x-www-form-urlencoded"):
        form = dict(urllib.parse.parse_qsl(body, keep_blank_values=True,
                                           strict_parsing=True))
        name = form.pop("Action")
        assert form.pop("Version") == facts["apiVersion"], body
        assert "query" in facts["protocols"], facts["protocols"]
        operation, wire = model.operation_model(name), "form"
        params = unform(operation.input_shape, form, "") \
            if operation.input_shape else {}
        assert not form, "no parameters of %s: %s" % (name, form)
    else:
        operation, params = rest(model, method, path)
        if body:
            assert kind == "application/json", kind
            params.update(json.loads(body))
        name, wire = operation.name, "json"
    if operation.input_shape:
        report = ParamValidator().validate(params, operation.input_shape)
        assert not report.has_errors(), "%s: %s: %s" % (
            name, report.generate_report(), json.dumps(params, default=str))
        limits(operation.input_shape, params, "", wire)
    return "%s:%s" % (model.service_name, name)


# The queue q, its FIFO sibling, topics, tables and identities of the cases.
SETUP = r'''
arn=arn:aws:sqs:us-east-1:000000000000
aws-call sqs CreateQueue QueueName=q 'Attributes:={"VisibilityTimeout":"60"}'
aws-call sqs CreateQueue QueueName=q.fifo 'Attributes:={"FifoQueue":"true"}'
aws-call sns CreateTopic Name=t
aws-call sns CreateTopic Name=t.fifo 'Attributes:={"FifoTopic":"true"}'
aws-call sns Subscribe TopicArn=arn:aws:sns:us-east-1:000000000000:t \
    Protocol=sqs "Endpoint=$arn:q" 'Attributes:={"RawMessageDelivery":"true"}'
aws-call dynamodb CreateTable TableName=items BillingMode=PAY_PER_REQUEST \
    'AttributeDefinitions:=[{"AttributeName":"id","AttributeType":"S"},{"AttributeName":"n","AttributeType":"N"},{"AttributeName":"k","AttributeType":"S"}]' \
    'KeySchema:=[{"AttributeName":"id","KeyType":"HASH"},{"AttributeName":"n","KeyType":"RANGE"}]' \
    'GlobalSecondaryIndexes:=[{"IndexName":"by-k","KeySchema":[{"AttributeName":"k","KeyType":"HASH"}],"Projection":{"ProjectionType":"ALL"}}]'
aws-call --rest sesv2 POST /v2/email/identities EmailIdentity=a@example.org
aws-call --rest sesv2 POST /v2/email/templates TemplateName=order \
    'TemplateContent:={"Subject":"{{id}}","Text":"{{id}}"}'
aws-call cloudwatch PutMetricAlarm AlarmName=a Namespace=N MetricName=m \
    Statistic=Sum Period:=60 EvaluationPeriods:=1 Threshold:=1 \
    ComparisonOperator=GreaterThanThreshold
cat >r.jsonl <<'END'
{"id":"a","n":1,"k":"x","who":"é <&> \"q\"","d":2.5e3,"at":"%(now)s"}
{"id":"b","n":-0.00000000000000000000000000000000000001,"k":"x","who":"b c","d":1,"at":"%(now)s","l":[1,"2",null,{"m":{}}],"t":true,"e":""}
{"id":"c","n":12345678901234567890123456789012345678,"k":"y","who":"+&=%%","d":0,"at":"%(now)s","u":"\ud83d\ude00\u0001"}
END
cat >typed.jsonl <<'END'
{"id":{"S":"t"},"n":{"N":"1"},"b":{"B":"AAE="},"ss":{"SS":["a","b"]},"ns":{"NS":["1","2.5"]},"bs":{"BS":["AA=="]},"m":{"M":{"x":{"NULL":true}}}}
END
cat >stack.yaml <<'END'
Parameters:
  Name: {Type: String}
Resources:
  Queue: {Type: "AWS::SQS::Queue", Properties: {QueueName: !Ref Name}}
Outputs:
  Arn: {Value: !GetAtt Queue.Arn}
END
'''

# name: the operations that must be seen, and commands that make them.
CASES = {
    "sns-pub": ("sns:PublishBatch", r'''
        sns-pub t <r.jsonl
        sns-pub t -s 'about {{id}}' -m '{{who}}' -a who='{{who}}' \
            -a n:Number='{{n}}' <r.jsonl
        sns-pub t.fifo --group '{{k}}' --dedup '{{id}}' <r.jsonl'''),
    "sns-pub without an account": (
        "sts:GetCallerIdentity sns:PublishBatch",
        "env -u AWS_ACCOUNT_ID sns-pub t <r.jsonl"),
    "sqs-send": ("sqs:GetQueueUrl sqs:SendMessageBatch", r'''
        grep -v ud83d r.jsonl | sqs-send q
        sqs-send q -d 1 -m '{{who}}' -a who='{{who}}' -a n:Number='{{n}}' \
            <r.jsonl
        sqs-send q --group '{{k}}' -m '{{id}}' <r.jsonl
        sqs-send q.fifo --group '{{k}}' --dedup '{{id}}' -m '{{id}}' \
            <r.jsonl'''),
    "sqs-recv, sqs-ack": (
        "sqs:ReceiveMessage sqs:DeleteMessageBatch "
        "sqs:ChangeMessageVisibilityBatch", r'''
        seq 12 | sed 's/.*/{"n":&}/' | sqs-send q
        sqs-recv q -n 3 | sqs-ack --nack
        sqs-recv q -n 3 | sqs-ack --nack --delay 5
        sqs-recv q -w 0 | sqs-ack
        aws-call sqs CreateQueue QueueName=r.fifo \
            'Attributes:={"FifoQueue":"true"}'
        sqs-recv q.fifo -w 0 | sqs-send r.fifo --as-received | sqs-ack'''),
    "sqs-recv -- COMMAND": (
        "sqs:ReceiveMessage sqs:DeleteMessageBatch",
        "seq 12 | sed 's/.*/{\"n\":&}/' | sqs-send q; sqs-recv q -- cat"),
    "ddb-put": (
        "dynamodb:DescribeTable dynamodb:BatchWriteItem", r'''
        ddb-put items --ttl expires=1h <r.jsonl
        ddb-put items --typed <typed.jsonl'''),
    "ddb-put --new": (
        "dynamodb:DescribeTable dynamodb:PutItem",
        "ddb-put items --new --ttl expires=1h <r.jsonl"),
    "ddb-get": ("dynamodb:BatchGetItem", r'''
        ddb-get items --into i --miss keep <r.jsonl
        ddb-get items <r.jsonl'''),
    "ddb-query": ("dynamodb:Query dynamodb:Scan", r'''
        ddb-query items 'id = :i' i=a
        ddb-query items 'id = :i AND n BETWEEN :a AND :b' i=a a=-1 b=9 --reverse
        ddb-query items --index by-k 'k = :k' k=x --filter 'd > :d' d:=0 -n 1
        ddb-query items --filter 'contains(who, :w)' '' w=b
        ddb-query items --segments 3 --typed'''),
    "ddb-del": ("dynamodb:BatchWriteItem", "ddb-del items <r.jsonl"),
    "cw-metric": ("cloudwatch:PutMetricData", r'''
        cw-metric N -m m <r.jsonl
        cw-metric N -m '{{k}}' --value '{{d}}' -u Bytes/Second -d Who='{{id}}' \
            -d K='{{k}}' --at at --high-res <r.jsonl
        seq 900 | sed 's/.*/{"k":"metric&"}/' | cw-metric N -m '{{k}}' '''),
    "cw-get": ("cloudwatch:GetMetricData", r'''
        cw-get N -m m
        cw-get N -m x -d Who=a -d K=x --stat p99 --period 5m --since 1d \
            --until 2099-01-01
        COLUMNS=60 cw-get N -m m --stat Sum --plot
        cw-get --sql 'SELECT SUM(m) FROM N' || true'''),
    "cw-alarm": (
        "cloudwatch:DescribeAlarms cloudwatch:DescribeAlarmHistory", r'''
        cw-alarm
        cw-alarm --state ALARM
        cw-alarm a
        cw-alarm --history a
        cw-alarm --history'''),
    "ses-send": ("sesv2:GetAccount sesv2:SendEmail", r'''
        ses-send -f a@example.org -t a@example.org -s 'é {{who}}' \
            <<<'{"who":"x"}' || true
        ses-send -f 'A <a@example.org>' -t '{{to}}' -s s -b 'b {{to}}' \
            --html '<b>{{to}}</b>' --reply-to b@example.org \
            <<<'{"to":["a@example.org","C <c@example.org>"]}' || true
        ses-send -f a@example.org -t a@example.org -T order \
            <<<'{"id":7}' || true'''),
    "cfn-deploy": (
        "cloudformation:CreateChangeSet cloudformation:DescribeChangeSet "
        "cloudformation:ExecuteChangeSet cloudformation:DescribeStackEvents "
        "cloudformation:DescribeStacks cloudformation:DeleteChangeSet "
        "cloudformation:DeleteStack", r'''
        cfn-deploy --capability CAPABILITY_IAM s stack.yaml Name=made
        cfn-deploy s stack.yaml Name=made
        cfn-deploy --dry-run s stack.yaml Name=other
        cfn-deploy s stack.yaml
        cfn-deploy --delete s'''),
    "aws-call": (
        "iam:CreateRole sqs:ListQueues sesv2:GetEmailIdentity "
        "sesv2:ListEmailIdentities sesv2:ListEmailTemplates sns:ListTopics", r'''
        aws-call iam CreateRole RoleName=r AssumeRolePolicyDocument={} \
            'Tags:=[{"Key":"a","Value":"b c"}]' || true
        aws-call --pages QueueUrls sqs ListQueues MaxResults:=1
        aws-call --pages Topics sns ListTopics
        aws-call --rest sesv2 GET /v2/email/identities/a%40example.org
        aws-call --rest sesv2 POST /v2/email/list-identities PageSize:=5
        aws-call --rest sesv2 GET /v2/email/templates PageSize:=5'''),
}


def run(commands, env, folder):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands],
                          env=env, cwd=folder, timeout=60, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, "status %d: %s" % (
        done.returncode, done.stdout[-2000:])


def main():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    env = dict(os.environ, AWS_ENDPOINT_URL="http://127.0.0.1:%d" %
               server.server_port)
    failed, count = 0, 0
    with tempfile.TemporaryDirectory() as folder:
        now = subprocess.check_output(["date", "-u", "+%FT%TZ"], text=True)
        run(SETUP % {"now": now.strip()}, env, folder)
        for name, (wanted, commands) in CASES.items():
            Recorder.seen.clear()
            try:
                run(commands, env, folder)
                got = {check(*request) for request in Recorder.seen}
                count += len(Recorder.seen)
                missing = set(wanted.split()) - got
                assert not missing, "not seen: %s, but %s" % (missing, got)
                print("ok", name)
            except Exception as e:  # any failure is a failed case
                failed += 1
                print("FAILED", name)
                print("%s: %s" % (type(e).__name__, e))
    print("%d requests, %d cases failed" % (count, failed))
    return 1 if failed else 0


sys.exit(main())
