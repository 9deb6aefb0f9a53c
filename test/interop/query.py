#!/usr/bin/env python3
"""query.py QUERY: query_flatten against botocore's serializers. QUERY is the
unit driver. For each operation of services that speak query, parameters are
made up by the model; what botocore writes and what luna writes must agree.
Prints what differs; exits 1 if anything does."""
import base64
import datetime
import json
import random
import subprocess
import sys

import botocore.serialize
import botocore.session

# Lists of other services (RDS and its kin) name their elements by the model.
SERVICES = '''autoscaling cloudformation cloudsearch ec2 elasticbeanstalk elb
elbv2 iam ses sns sts'''.split()
TEXTS = ['a', 'b c', 'd&e=f', '\u00fc~-._*', '"q"\\\n', '1.0']
NOT_MEMBER = 'References'  # of autoscaling: its elements are called item


def make(shape, ec2, depth=0):
    """Parameters for botocore, and the same with the names on the wire."""
    kind = shape.type_name
    if kind == 'structure':
        theirs, ours = {}, {}
        for name, member in shape.members.items():
            nested = member.type_name in ('structure', 'list', 'map')
            if name == NOT_MEMBER or nested and depth > 4 or \
                    random.random() < 0.35:
                continue
            wire = member.serialization.get('name', name)
            if ec2:
                wire = member.serialization.get(
                    'queryName', wire[0].upper() + wire[1:])
            theirs[name], ours[wire] = make(member, ec2, depth + 1)
        return theirs, ours
    if kind == 'list':
        made = [make(shape.member, ec2, depth + 1)
                for _ in range(random.randint(1 if ec2 else 0, 3))]
        return [m[0] for m in made], [m[1] for m in made]
    if kind == 'map':
        made = {'k&%d' % i: make(shape.value, ec2, depth + 1)
                for i in range(random.randint(1, 2))}
        return ({k: v[0] for k, v in made.items()},
                {k: v[1] for k, v in made.items()})
    if kind == 'blob':
        return b'ab\xff', base64.b64encode(b'ab\xff').decode()
    if kind == 'timestamp':
        return datetime.datetime(2026, 1, 2, 3, 4, 5), '2026-01-02T03:04:05Z'
    value = {'string': lambda: random.choice(TEXTS),
             'integer': lambda: random.randint(0, 2 ** 31),
             'long': lambda: random.randint(0, 2 ** 63),
             'float': lambda: 0.5, 'double': lambda: 2.25,
             'boolean': lambda: random.random() < 0.5}[kind]()
    return value, value


def main():
    random.seed(20261120)
    session = botocore.session.get_session()
    count = differ = 0
    for name in SERVICES:
        model = session.get_service_model(name)
        ec2 = model.metadata['protocol'] == 'ec2'
        serializer = botocore.serialize.create_serializer(
            model.metadata['protocol'], False)
        wanted, lines = [], []
        for operation in map(model.operation_model, model.operation_names):
            if operation.input_shape is None:
                continue
            theirs, ours = make(operation.input_shape, ec2)
            body = serializer.serialize_to_request(theirs, operation)['body']
            wanted.append((operation.name, {
                k: str(v) for k, v in body.items()
                if k not in ('Action', 'Version')}))
            lines.append(json.dumps(ours))
        got = subprocess.run(
            [sys.argv[1], 'flatten'] + (['flat'] if ec2 else []),
            input='\n'.join(lines) + '\n', capture_output=True, text=True,
            check=True).stdout.splitlines()
        assert len(got) == len(wanted), (name, len(got), len(wanted))
        for (operation, want), line in zip(wanted, got):
            count += 1
            if json.loads(line) != want:
                differ += 1
                print(name, operation, 'wanted', want, 'got', line)
    print(count, 'operations,', differ, 'differ')
    sys.exit(differ > 0)


if __name__ == '__main__':
    main()
