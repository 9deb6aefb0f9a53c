#!/usr/bin/env python3
"""Every operation of SES (version 2) through boto3, results asserted.

usage: boto3_ses.py ENDPOINT [NAME...]

LUNAD_MAIL: the folder of lunad's Maildirs; without it the cases that read
mail are left out. Each case has a region, and so an account, of its own.
"""
import base64
import email
import email.policy
import json
import os
import pathlib
import re
import sys
import time
import urllib.error
import urllib.request

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from peer import (ENDPOINT, case, client, clock, equal, main, name, pass_time,
                  plain, refused)

MAIL = os.environ.get("LUNAD_MAIL")
REGIONS = iter(["us-west-1", "us-west-2", "us-east-2", "ca-central-1",
                "eu-west-1", "eu-west-2", "eu-west-3", "eu-central-1",
                "eu-north-1", "ap-south-1", "sa-east-1", "ap-east-1",
                "af-south-1", "me-south-1", "eu-south-1", "il-central-1",
                "ap-southeast-1", "ap-southeast-2", "ap-southeast-3",
                "ap-northeast-1", "ap-northeast-2", "ap-northeast-3",
                "eu-central-2", "eu-south-2", "ca-west-1", "mx-central-1"])


def ses_case(function):
    def run():
        region = next(REGIONS)
        function(client("sesv2", region=region), region)
    run.__name__ = function.__name__
    return case(run)


def needs_mail(function):
    if MAIL:
        return ses_case(function)
    print("left out (LUNAD_MAIL is not set):", function.__name__)
    return function


def mails(address, count=1):
    """The mails of an address, oldest first, once there are that many."""
    folder = pathlib.Path(MAIL) / address / "new"
    until = time.time() + 10
    while True:
        files = sorted(folder.glob("*"), key=lambda f: int(
            f.name.split(".")[1])) if folder.is_dir() else []
        if len(files) >= count:
            return [email.message_from_bytes(
                f.read_bytes(), policy=email.policy.default) for f in files]
        assert time.time() < until, "%d of %d mails" % (len(files), count)
        time.sleep(0.02)


def fetch(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


def address(who="ada"):
    return name(who) + "@example.com"


def domain(ses):
    """A verified domain."""
    d = name("shop") + ".example"
    ses.create_email_identity(EmailIdentity=d)
    ses.put_email_identity_dkim_signing_attributes(
        EmailIdentity=d, SigningAttributesOrigin="AWS_SES")
    return d


def production(ses):
    ses.put_account_details(
        MailType="TRANSACTIONAL", WebsiteURL="https://example.com",
        UseCaseDescription="tests", ProductionAccessEnabled=True)


def quota(region, **limits):
    """lunad's own member of PutAccountDetails, which boto3 does not know."""
    request = AWSRequest(
        "POST", ENDPOINT.rstrip("/") + "/v2/email/account/details",
        data=json.dumps({"MailType": "TRANSACTIONAL",
                         "WebsiteURL": "https://example.com",
                         "ProductionAccessEnabled": True,
                         "SendQuota": limits}),
        headers={"Content-Type": "application/json"})
    SigV4Auth(boto3.Session().get_credentials(), "ses", region).add_auth(
        request)
    made = urllib.request.Request(
        request.url, data=request.body, method="POST",
        headers=dict(request.headers))
    with urllib.request.urlopen(made, timeout=10) as answer:
        equal(answer.status, 200)


def simple(subject="Hello", text="Text", **more):
    return {"Simple": {"Subject": {"Data": subject},
                       "Body": {"Text": {"Data": text}}, **more}}


def unverified(region, who, function, **kw):
    refused("MessageRejected", "Email address is not verified. The following "
            "identities failed the check in region %s: %s" % (
                region.upper(), who), 400, function, **kw)


@needs_mail
def addresses_are_verified_by_their_link(ses, region):
    a = address()
    equal(plain(ses.create_email_identity(EmailIdentity=a)), {
        "IdentityType": "EMAIL_ADDRESS", "VerifiedForSendingStatus": False})
    refused("AlreadyExistsException", "Email identity %s already exist." % a,
            400, ses.create_email_identity, EmailIdentity=a)
    equal(plain(ses.get_email_identity(EmailIdentity=a)), {
        "IdentityType": "EMAIL_ADDRESS", "FeedbackForwardingStatus": True,
        "VerifiedForSendingStatus": False, "VerificationStatus": "PENDING",
        "DkimAttributes": {
            "SigningEnabled": False, "Status": "NOT_STARTED",
            "SigningAttributesOrigin": "AWS_SES",
            "NextSigningKeyLength": "RSA_1024_BIT"},
        "MailFromAttributes": {"BehaviorOnMxFailure": "USE_DEFAULT_VALUE"},
        "Policies": {}, "Tags": [], "VerificationInfo": {}})
    [m] = mails(a)
    assert region in m["Subject"], m["Subject"]
    equal(m["To"], a)
    link = re.search(r"^http\S+", m.get_content(), re.M).group(0)
    equal(fetch(link[:-1] + ("0" if link[-1] != "0" else "1"))[0], 400)
    status, text = fetch(link)
    equal((status, json.loads(text)), (200, {
        "EmailIdentity": a, "VerificationStatus": "SUCCESS"}))
    got = ses.get_email_identity(EmailIdentity=a)
    equal((got["VerifiedForSendingStatus"], got["VerificationStatus"]),
          (True, "SUCCESS"))
    equal(ses.list_email_identities()["EmailIdentities"], [{
        "IdentityType": "EMAIL_ADDRESS", "IdentityName": a,
        "SendingEnabled": True, "VerificationStatus": "SUCCESS"}])
    ses.delete_email_identity(EmailIdentity=a)
    missing = ("NotFoundException", "Email identity %s does not exist." % a,
               404)
    refused(*missing, ses.delete_email_identity, EmailIdentity=a)
    refused(*missing, ses.get_email_identity, EmailIdentity=a)


@needs_mail
def links_end(ses, region):
    a = address()
    ses.create_email_identity(EmailIdentity=a)
    link = re.search(r"^http\S+", mails(a)[0].get_content(), re.M).group(0)
    if clock(advance="25h") is None:
        return
    equal(fetch(link)[0], 400)


@ses_case
def domains(ses, region):
    d = name("shop") + ".example"
    made = plain(ses.create_email_identity(EmailIdentity=d))
    equal((made["IdentityType"], made["VerifiedForSendingStatus"],
           made["DkimAttributes"]["Status"]), ("DOMAIN", False, "NOT_STARTED"))
    got = ses.get_email_identity(EmailIdentity=d)
    equal((got["DkimAttributes"]["Status"], got["VerificationStatus"],
           len(got["DkimAttributes"]["Tokens"])), ("PENDING", "PENDING", 3))
    done = ses.put_email_identity_dkim_signing_attributes(
        EmailIdentity=d, SigningAttributesOrigin="AWS_SES")
    equal((done["DkimStatus"], done["DkimTokens"]),
          ("SUCCESS", got["DkimAttributes"]["Tokens"]))
    got = ses.get_email_identity(EmailIdentity=d)
    equal((got["DkimAttributes"]["Status"], got["VerificationStatus"]),
          ("SUCCESS", "SUCCESS"))
    ses.put_email_identity_dkim_attributes(
        EmailIdentity=d, SigningEnabled=False)
    ses.put_email_identity_mail_from_attributes(
        EmailIdentity=d, MailFromDomain="bounce." + d,
        BehaviorOnMxFailure="REJECT_MESSAGE")
    ses.put_email_identity_feedback_attributes(
        EmailIdentity=d, EmailForwardingEnabled=False)
    got = ses.get_email_identity(EmailIdentity=d)
    equal((got["DkimAttributes"]["SigningEnabled"],
           got["FeedbackForwardingStatus"], got["MailFromAttributes"]),
          (False, False, {"MailFromDomain": "bounce." + d,
                          "MailFromDomainStatus": "SUCCESS",
                          "BehaviorOnMxFailure": "REJECT_MESSAGE"}))
    refused("BadRequestException",
            "Domain nobody.example is not verified for DKIM signing.", 400,
            ses.put_email_identity_dkim_attributes,
            EmailIdentity="nobody.example", SigningEnabled=True)
    for bad in ("nobody", "a@b", "a b@example.com", "@example.com",
                "x..example", "a@exam/../ple.com"):
        refused("BadRequestException", None, 400, ses.create_email_identity,
                EmailIdentity=bad)


@ses_case
def the_sandbox(ses, region):
    a, b = address(), address("bob")
    kw = dict(FromEmailAddress=a, Content=simple(),
              Destination={"ToAddresses": [b]})
    unverified(region, "%s, %s" % (a, b), ses.send_email, **kw)
    d = domain(ses)
    kw["FromEmailAddress"] = "Shop <orders@%s>" % d
    unverified(region, b, ses.send_email, **kw)
    kw["Destination"] = {"ToAddresses": ["me@sub." + d.upper()],
                         "CcAddresses": [b], "BccAddresses": ["x@" + d]}
    unverified(region, b, ses.send_email, **kw)
    kw["FeedbackForwardingEmailAddress"] = a
    unverified(region, "%s, %s" % (a, b), ses.send_email, **kw)
    del kw["FeedbackForwardingEmailAddress"]
    got = ses.get_account()
    equal((got["ProductionAccessEnabled"], got["SendQuota"],
           got["SendingEnabled"], got["EnforcementStatus"]),
          (False, {"Max24HourSend": 200.0, "MaxSendRate": 1.0,
                   "SentLast24Hours": 0.0}, True, "HEALTHY"))
    production(ses)
    assert ses.send_email(**kw)["MessageId"]
    got = ses.get_account()
    equal((got["ProductionAccessEnabled"], got["SendQuota"]),
          (True, {"Max24HourSend": 50000.0, "MaxSendRate": 14.0,
                  "SentLast24Hours": 3.0}))
    equal(got["Details"]["ReviewDetails"], {"Status": "GRANTED"})
    # A sender has to be verified there too.
    kw["FromEmailAddress"] = a
    unverified(region, a, ses.send_email, **kw)
    ses.put_account_sending_attributes(SendingEnabled=False)
    refused("SendingPausedException", None, 400, ses.send_email, **kw)


@ses_case
def quotas_and_rates(ses, region):
    d = domain(ses)
    kw = dict(FromEmailAddress="a@" + d, Content=simple(),
              Destination={"ToAddresses": ["b@" + d]})
    fast = ("TooManyRequestsException", "Maximum sending rate exceeded.", 429)
    ses.send_email(**kw)
    refused(*fast, ses.send_email, **kw)
    pass_time(1)
    # Any room lets a message go; it is paid off afterwards.
    ses.send_email(**dict(kw, Destination={
        "ToAddresses": ["%d@%s" % (i, d) for i in range(5)]}))
    pass_time(4)
    refused(*fast, ses.send_email, **kw)
    pass_time(3)
    ses.send_email(**kw)
    quota(region, Max24HourSend=10, MaxSendRate=-1)
    for _ in range(3):
        ses.send_email(**kw)
    equal(ses.get_account()["SendQuota"], {
        "Max24HourSend": 10.0, "MaxSendRate": -1.0, "SentLast24Hours": 10.0})
    refused("TooManyRequestsException", "Daily message quota exceeded.", 429,
            ses.send_email, **kw)
    if clock(advance="24h5m") is not None:
        equal(ses.get_account()["SendQuota"]["SentLast24Hours"], 0.0)
        ses.send_email(**kw)


@needs_mail
def simple_mail(ses, region):
    d = domain(ses)
    quota(region, Max24HourSend=-1, MaxSendRate=-1)
    to, cc, bcc = address("to"), address("cc"), address("bcc")
    sent = ses.send_email(
        FromEmailAddress="Shöp <orders@%s>".replace("ö", "o") % d,
        ReplyToAddresses=["help@" + d],
        Destination={"ToAddresses": ["Ada <%s>" % to], "CcAddresses": [cc],
                     "BccAddresses": [bcc]},
        Content={"Simple": {
            "Subject": {"Data": "Grüße – ✓ " + "lang " * 20,
                        "Charset": "UTF-8"},
            "Body": {"Text": {"Data": "Zeile 1\nZeile 2 =\nü " + "x" * 2000},
                     "Html": {"Data": "<p>Ü</p>"}},
            "Headers": [{"Name": "X-Order", "Value": "7"}],
            "Attachments": [{"RawContent": b"\x00\x01PDF" * 50,
                             "FileName": "Rechnung ü.pdf",
                             "ContentType": "application/pdf"}]}},
        EmailTags=[{"Name": "k", "Value": "v@x.y"}])["MessageId"]
    assert re.match(r"^0100[0-9a-f]{12}-[0-9a-f-]{36}-000000$", sent), sent
    for who in (to, cc, bcc):
        [m] = mails(who)
        equal((m["From"], m["To"], m["Cc"], m["Reply-To"]),
              ("Shop <orders@%s>" % d, "Ada <%s>" % to, cc, "help@" + d))
        assert bcc not in str(m["To"]) + str(m["Cc"]) and not m["Bcc"]
        equal(m["Subject"], "Grüße – ✓ " + "lang " * 20)
        equal(m["Message-ID"], "<%s@%s.amazonses.com>" % (sent, region))
        equal((m["X-Order"], m["Delivered-To"], m["Return-Path"]),
              ("7", who, "<orders@%s>" % d))
        equal(m.get_body(("plain",)).get_content(),
              "Zeile 1\nZeile 2 =\nü " + "x" * 2000 + "\n")
        equal(m.get_body(("html",)).get_content(), "<p>Ü</p>\n")
        [a] = m.iter_attachments()
        equal((a.get_content(), a.get_content_type()),
              (b"\x00\x01PDF" * 50, "application/pdf"))
        equal(a.get_filename(), "Rechnung ü.pdf")
    raw = next((pathlib.Path(MAIL) / to / "new").iterdir()).read_bytes()
    assert b"\r" not in raw
    assert max(len(line) for line in raw.split(b"\n")) <= 998


@needs_mail
def raw_mail(ses, region):
    d = domain(ses)
    quota(region, Max24HourSend=-1, MaxSendRate=-1)
    to, bcc = address("to"), address("bcc")
    message = ("From: =?UTF-8?Q?Sh=C3=B6p?= <a@%s>\r\nTo: %s\r\nBcc: %s\r\n"
               "Subject: raw\r\n folded\r\nMessage-ID: <mine@here>\r\n"
               "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\n"
               "X-Own: kept\r\n\r\nbody\r\n.\r\n" % (d, to, bcc))
    sent = ses.send_email(Content={"Raw": {"Data": message.encode()}})[
        "MessageId"]
    for who in (to, bcc):
        [m] = mails(who)
        equal((m["From"], m["To"], m["Subject"], m["X-Own"], m["Bcc"]),
              ("Shöp <a@%s>" % d, to, "raw folded", "kept", None))
        equal(m["Message-ID"], "<%s@%s.amazonses.com>" % (sent, region))
        assert "1970" not in m["Date"]
        equal(m.get_content(), "body\n.\n")
    other = address("only")
    ses.send_email(Content={"Raw": {"Data": message.encode()}},
                   Destination={"ToAddresses": [other]})
    mails(other)
    equal(len(mails(to)), 1)
    stranger = address("stranger")
    unverified(region, stranger, ses.send_email, FromEmailAddress="a@" + d,
               Content={"Raw": {"Data": message.replace(
                   "=?UTF-8?Q?Sh=C3=B6p?= <a@%s>" % d, stranger).encode()}})
    refused("BadRequestException", "Missing required header 'From'.", 400,
            ses.send_email, FromEmailAddress="a@" + d,
            Destination={"ToAddresses": [to]},
            Content={"Raw": {"Data": b"To: x@y.org\r\n\r\nbody"}})


@ses_case
def templates(ses, region):
    n = name("t")
    content = {"Subject": "Hello {{name}}", "Text": "T {{name}}",
               "Html": "<b>{{name}}</b>"}
    ses.create_email_template(TemplateName=n, TemplateContent=content)
    refused("AlreadyExistsException", None, 400, ses.create_email_template,
            TemplateName=n, TemplateContent=content)
    got = ses.get_email_template(TemplateName=n)
    equal((got["TemplateName"], got["TemplateContent"]), (n, content))
    content["Text"] = "changed {{#if vip}}VIP {{/if}}{{name}}"
    ses.update_email_template(TemplateName=n, TemplateContent=content)
    m = email.message_from_string(ses.test_render_email_template(
        TemplateName=n, TemplateData='{"name":"Ada","vip":true}')[
            "RenderedTemplate"], policy=email.policy.default)
    equal((m["Subject"], m.get_body(("plain",)).get_content(),
           m.get_body(("html",)).get_content()),
          ("Hello Ada", "changed VIP Ada\r\n", "<b>Ada</b>\r\n"))
    refused("BadRequestException",
            "Attribute 'name' is not present in the rendering data.", 400,
            ses.test_render_email_template, TemplateName=n, TemplateData="{}")
    refused("BadRequestException", None, 400, ses.test_render_email_template,
            TemplateName=n, TemplateData="{")
    listed = ses.list_email_templates()["TemplatesMetadata"]
    equal([t["TemplateName"] for t in listed], [n])
    assert listed[0]["CreatedTimestamp"].year >= 2020
    ses.create_email_template(TemplateName=n + "2", TemplateContent=content)
    first = ses.list_email_templates(PageSize=1)
    rest = ses.list_email_templates(PageSize=1, NextToken=first["NextToken"])
    equal([t["TemplateName"] for t in rest["TemplatesMetadata"]], [n + "2"])
    assert "NextToken" not in rest
    missing = ("NotFoundException", "Template %s does not exist." % n, 404)
    ses.delete_email_template(TemplateName=n)
    refused(*missing, ses.get_email_template, TemplateName=n)
    refused(*missing, ses.delete_email_template, TemplateName=n)
    refused(*missing, ses.update_email_template, TemplateName=n,
            TemplateContent=content)
    refused(*missing, ses.test_render_email_template, TemplateName=n,
            TemplateData="{}")
    for bad in ("{{#if a}}", "{{", "{{nope x}}"):
        refused("BadRequestException", None, 400, ses.create_email_template,
                TemplateName=name("t"), TemplateContent={"Subject": bad})


@needs_mail
def template_mail(ses, region):
    d = domain(ses)
    quota(region, Max24HourSend=-1, MaxSendRate=-1)
    n, to = name("t"), address("to")
    ses.create_email_template(TemplateName=n, TemplateContent={
        "Subject": "Draw {{id}}",
        "Text": "{{#each numbers}}{{this}} {{/each}}"})
    kw = dict(FromEmailAddress="a@" + d, Destination={"ToAddresses": [to]})
    ses.send_email(Content={"Template": {
        "TemplateName": n,
        "TemplateData": '{"id":2103807459595387724,"numbers":[1,2,13]}'}},
        **kw)
    ses.send_email(Content={"Template": {
        "TemplateArn": "arn:aws:ses:%s:000000000000:template/%s" % (
            region, n),
        "TemplateData": '{"id":"a\\r\\nBcc: x@y","numbers":[]}'}}, **kw)
    ses.send_email(Content={"Template": {
        "TemplateContent": {"Subject": "inline", "Html": "<i>{{a}}</i>"},
        "TemplateData": '{"a":"<&>"}'}}, **kw)
    one, two, three = mails(to, 3)
    equal((one["Subject"], one.get_content()),
          ("Draw 2103807459595387724", "1 2 13 \n"))
    equal((two["Subject"], two["Bcc"]), ("Draw a  Bcc: x@y", None))
    equal((three.get_content_type(), three.get_content()),
          ("text/html", "<i><&></i>\n"))
    # Accepted, and never delivered, as on AWS.
    assert ses.send_email(Content={"Template": {
        "TemplateName": n, "TemplateData": "{}"}}, **kw)["MessageId"]
    pass_time(1)
    equal(len(mails(to)), 3)
    refused("NotFoundException", "Template nothing does not exist.", 404,
            ses.send_email, Content={"Template": {
                "TemplateName": "nothing", "TemplateData": "{}"}}, **kw)


@needs_mail
def bulk_mail(ses, region):
    d = domain(ses)
    production(ses)
    n = name("t")
    ses.create_email_template(TemplateName=n, TemplateContent={
        "Subject": "{{a}}", "Text": "{{b}}"})
    one, two = address("one"), address("two")

    def entry(to, data=None):
        e = {"Destination": {"ToAddresses": [to]}}
        if data is not None:
            e["ReplacementEmailContent"] = {
                "ReplacementTemplate": {"ReplacementTemplateData": data}}
        return e

    got = ses.send_bulk_email(
        FromEmailAddress="a@" + d,
        DefaultContent={"Template": {
            "TemplateName": n, "TemplateData": '{"a":"A","b":"B"}'}},
        BulkEmailEntries=[entry(one), entry(two, '{"a":"1","b":"2"}'),
                          entry("nobody")])["BulkEmailEntryResults"]
    equal([e["Status"] for e in got],
          ["SUCCESS", "SUCCESS", "INVALID_PARAMETER"])
    equal((mails(one)[0]["Subject"], mails(two)[0].get_content()),
          ("A", "2\n"))
    quota(region, Max24HourSend=2, MaxSendRate=-1)
    got = ses.send_bulk_email(
        FromEmailAddress="a@" + d,
        DefaultContent={"Template": {
            "TemplateName": n, "TemplateData": '{"a":"A","b":"B"}'}},
        BulkEmailEntries=[entry(one)])["BulkEmailEntryResults"]
    equal(got, [{"Status": "ACCOUNT_DAILY_QUOTA_EXCEEDED",
                 "Error": "Daily message quota exceeded."}])


@ses_case
def what_send_email_refuses(ses, region):
    d = domain(ses)
    quota(region, Max24HourSend=-1, MaxSendRate=-1)
    ok = dict(FromEmailAddress="a@" + d, Content=simple(),
              Destination={"ToAddresses": ["b@" + d]})
    bad = "BadRequestException"
    refused(bad, "Missing final '@domain'", 400, ses.send_email, **dict(
        ok, Destination={"ToAddresses": ["nobody"]}))
    for injected in ("b@x.org\r\nBcc: c@x.org", "b@x.org\n", "a\0b@x.org",
                     "<b@x.org>, c@x.org", "b@x.org, c@x.org"):
        refused(bad, None, 400, ses.send_email, **dict(
            ok, Destination={"ToAddresses": [injected]}))
    refused(bad, None, 400, ses.send_email, **dict(
        ok, FromEmailAddress="A\r\nBcc: c@x.org <a@%s>" % d))
    refused(bad, None, 400, ses.send_email, **dict(
        ok, Content=simple("a\r\nBcc: c@x.org")))
    refused(bad, None, 400, ses.send_email, **dict(
        ok, ReplyToAddresses=["a@x.org\r\nBcc: c@x.org"]))
    for header in ({"Name": "X-A", "Value": "a\r\nBcc: c@x.org"},
                   {"Name": "X-A\r\nBcc", "Value": "c@x.org"},
                   {"Name": "Bcc", "Value": "c@x.org"}):
        refused(bad, None, 400, ses.send_email, **dict(
            ok, Content=simple(Headers=[header])))
    refused(bad, None, 400, ses.send_email, **dict(
        ok, Content=simple(Attachments=[{
            "RawContent": b"x", "FileName": "a\r\nX: y"}])))
    refused(bad, "Recipient count exceeds 50.", 400, ses.send_email, **dict(
        ok, Destination={"ToAddresses": ["%d@%s" % (i, d)
                                         for i in range(51)]}))
    ses.send_email(**dict(ok, Destination={
        "ToAddresses": ["%d@%s" % (i, d) for i in range(50)]}))
    refused(bad, "At least one destination address is required.", 400,
            ses.send_email, **dict(ok, Destination={}))
    refused("NotFoundException",
            "Configuration set <nothing> does not exist.", 404,
            ses.send_email, **dict(ok, ConfigurationSetName="nothing"))
    refused(bad, "Invalid tag name <a:b>: only alphanumeric ASCII characters, "
            "'_',  '-' are allowed.", 400, ses.send_email, **dict(
                ok, EmailTags=[{"Name": "a:b", "Value": "c"}]))
    refused(bad, "Source cannot be empty", 400, ses.send_email,
            Content=simple(), Destination=ok["Destination"])


@ses_case
def configuration_sets(ses, region):
    n = name("set")
    ses.create_configuration_set(
        ConfigurationSetName=n, SendingOptions={"SendingEnabled": True})
    refused("AlreadyExistsException", None, 400, ses.create_configuration_set,
            ConfigurationSetName=n)
    got = ses.get_configuration_set(ConfigurationSetName=n)
    equal((got["ConfigurationSetName"], got["SendingOptions"]),
          (n, {"SendingEnabled": True}))
    equal(ses.list_configuration_sets()["ConfigurationSets"], [n])
    d = domain(ses)
    ses.put_email_identity_configuration_set_attributes(
        EmailIdentity=d, ConfigurationSetName=n)
    equal(ses.get_email_identity(EmailIdentity=d)["ConfigurationSetName"], n)
    ses.send_email(FromEmailAddress="a@" + d, Content=simple(),
                   Destination={"ToAddresses": ["b@" + d]},
                   ConfigurationSetName=n)
    ses.delete_configuration_set(ConfigurationSetName=n)
    missing = ("NotFoundException",
               "Configuration set <%s> does not exist." % n, 404)
    refused(*missing, ses.delete_configuration_set, ConfigurationSetName=n)
    refused(*missing, ses.get_configuration_set, ConfigurationSetName=n)


@ses_case
def simulator_and_metrics(ses, region):
    d = domain(ses)
    quota(region, Max24HourSend=-1, MaxSendRate=-1)
    for who in ("success", "bounce", "complaint"):
        ses.send_email(FromEmailAddress="a@" + d, Content=simple(),
                       Destination={"ToAddresses": [
                           who + "@simulator.amazonses.com"]})
    ses.send_email(FromEmailAddress="a@" + d, Content=simple(),
                   Destination={"ToAddresses": ["b@" + d, "c@" + d]})
    now = clock()
    if now is None:
        return
    pass_time(61)
    cw = client("cloudwatch", region=region)
    got = {}
    for n in ("Send", "Delivery", "Bounce", "Complaint"):
        points = cw.get_metric_statistics(
            Namespace="AWS/SES", MetricName=n, Period=3600,
            StartTime=now["now"][:11] + "00:00:00Z",
            EndTime=clock()["now"], Statistics=["Sum"])["Datapoints"]
        got[n] = sum(p["Sum"] for p in points)
    equal(got, {"Send": 4, "Delivery": 4, "Bounce": 1, "Complaint": 1})


if __name__ == "__main__":
    sys.exit(main())
