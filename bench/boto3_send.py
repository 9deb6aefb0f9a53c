#!/usr/bin/env python3
"""Send the lines of stdin to a queue by boto3, ten a call: what bench/run
holds sqs-send against. usage: boto3_send.py ENDPOINT"""
import sys

import boto3

endpoint = sys.argv[1]
sqs = boto3.client("sqs", endpoint_url=endpoint)
queue = endpoint + "/000000000000/q"
batch = []


def send():
    reply = sqs.send_message_batch(QueueUrl=queue, Entries=[
        {"Id": str(i), "MessageBody": line} for i, line in enumerate(batch)])
    assert len(reply["Successful"]) == len(batch), reply
    batch.clear()


for line in sys.stdin:
    batch.append(line.rstrip("\n"))
    if len(batch) == 10:
        send()
if batch:
    send()
