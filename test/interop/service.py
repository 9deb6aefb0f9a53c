#!/usr/bin/env python3
"""service.py SERVICE CONF: the table of libaws/service.c against botocore's
models and endpoint rules. SERVICE and CONF are the unit drivers. Prints what
differs; exits 1 if anything does."""
import json
import os
import subprocess
import sys

import botocore
from botocore.endpoint_provider import EndpointProvider
from botocore.exceptions import EndpointProviderError
from botocore.loaders import Loader

MODEL = {  # luna's name: botocore's, where they differ
    'dynamodb-streams': 'dynamodbstreams',
    'tagging': 'resourcegroupstaggingapi',
}
SAME = '''apigateway athena cloudformation cloudwatch dynamodb ec2 events
firehose glue iam kinesis kinesisanalyticsv2 kms lambda logs s3 scheduler
secretsmanager ses sesv2 sns sqs ssm stepfunctions sts'''.split()
MODEL.update({name: name for name in SAME})

REGIONS = '''us-east-1 eu-central-1 cn-north-1 us-gov-west-1 us-gov-east-1
eusc-de-east-1 us-iso-east-1 us-isob-east-1 eu-isoe-west-1
us-isof-south-1'''.split()

# Where luna leaves botocore's rules, by choice: a service, the beginning of a
# region's name, FIPS, dual-stack.
LEFT_OUT = [
    # Refused: name the endpoint in AWS_ENDPOINT_URL_IAM.
    ('iam', 'cn-', None, None), ('iam', 'eusc-', None, None),
    ('iam', 'us-iso', None, None), ('iam', 'eu-iso', None, None),
    # botocore has three rules for four cases; luna never drops "-fips".
    ('stepfunctions', 'us-gov-', None, None),
    # No such endpoint: luna's host name does not resolve.
    ('s3', 'cn-', True, None),
    # botocore's rules have changed here from 1.43.11 to 1.44.5.
    ('dynamodb-streams', 'eusc-', None, True),
    ('dynamodb-streams', 'us-iso', None, True),
    ('dynamodb-streams', 'eu-iso', None, True),
    # The plain name there, as everywhere else.
    ('secretsmanager', 'cn-', True, True),
    ('secretsmanager', 'eusc-', None, True),
    ('secretsmanager', 'us-iso', None, True),
    ('secretsmanager', 'eu-iso', None, True),
]

service, conf = sys.argv[1:3]
loader = Loader()
loader.search_paths.append(os.path.join(botocore.__path__[0], 'data'))
with open(os.path.join(botocore.__path__[0], 'data/partitions.json')) as f:
    partitions = json.load(f)
checked = differ = 0


def same(what, ours, theirs):
    global checked, differ
    checked += 1
    if ours != theirs:
        differ += 1
        print(f'{what}: luna has {ours}, botocore {theirs}')


def fields(name, meta):
    """The fields that the driver prints, from a model."""
    protocol = meta['protocol']
    served = meta.get('protocols', [protocol])
    if 'json' in served:  # luna speaks no CBOR
        protocol = 'json'
    if protocol == 'ec2':
        protocol = 'query'
    compatible = 'awsQueryCompatible' in meta
    query = protocol == 'query' or 'query' in served or compatible
    is_json = protocol == 'json'
    return [
        name, meta['serviceId'].upper().replace(' ', '_'), protocol,
        meta['endpointPrefix'],
        meta.get('signingName', meta['endpointPrefix']),
        meta['jsonVersion'] if is_json else '-',
        meta['targetPrefix'] if is_json else '-',
        meta['apiVersion'] if query else '-',
        '1' if compatible else '0',
    ]


def left_out(name, region, fips, dual):
    return any(
        name == n and region.startswith(r) and f in (None, fips)
        and d in (None, dual) and (fips or dual)
        for n, r, f, d in LEFT_OUT)


def ours(name, region, fips, dual):
    env = {'AWS_REGION': region,
           'AWS_USE_FIPS_ENDPOINT': str(fips).lower(),
           'AWS_USE_DUALSTACK_ENDPOINT': str(dual).lower()}
    out = subprocess.run([conf, name], env=env, capture_output=True,
                         text=True, check=True).stdout
    return out.splitlines()[-1].split(' ')[1:]


def theirs(provider, name, region, fips, dual):
    given = {'Region': region, 'UseFIPS': fips, 'UseDualStack': dual}
    if name == 'sts':
        given['UseGlobalEndpoint'] = False
    try:
        found = provider.resolve_endpoint(**given)
    except EndpointProviderError as e:
        return ['error', str(e)]
    scheme = found.properties.get('authSchemes', [{}])[0]
    return [found.url, scheme.get('signingRegion', region)]


for name, model in sorted(MODEL.items()):
    meta = loader.load_service_model(model, 'service-2')['metadata']
    line = subprocess.run([service, name], capture_output=True, text=True,
                          check=True).stdout
    same(name, line.split(), fields(name, meta))
    rules = loader.load_service_model(model, 'endpoint-rule-set-1')
    provider = EndpointProvider(rules, partitions)
    for region in REGIONS:
        for fips in (False, True):
            for dual in (False, True):
                if left_out(name, region, fips, dual):
                    continue
                same(f'{name} in {region}, FIPS {fips}, dual-stack {dual}',
                     ours(name, region, fips, dual),
                     theirs(provider, name, region, fips, dual))

print(f'{len(MODEL)} services, {checked} comparisons, {differ} differ '
      f'(botocore {botocore.__version__})')
sys.exit(1 if differ else 0)
