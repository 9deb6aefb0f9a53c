# shellcheck shell=bash
# The payload is a mail's text; then v is; then v is a mail's subject.
fidelity() {
	ready from@example.org
	through ses-send -f from@example.org -t payload@example.org -s x
	mails payload body | arrived payloads
	through -w text ses-send -f from@example.org -t text@example.org -s x \
	    -b '{{v}}'
	mails text body | arrived texts
	through -w subject ses-send -f from@example.org \
	    -t subject@example.org -s '{{v}}'
	mails subject subject | arrived texts
}

# ready ADDRESS: it may send to anybody, at any rate.
ready() {
	aws-call --rest sesv2 POST /v2/email/account/details \
	    MailType=TRANSACTIONAL WebsiteURL=https://example.org \
	    ProductionAccessEnabled:=true \
	    SendQuota:='{"Max24HourSend":-1,"MaxSendRate":100000}' >called
	aws-call --rest sesv2 POST /v2/email/identities EmailIdentity="$1" >called
	lunad_clock 0s >called
	curl -sSf -o called "$(grep -h "^$AWS_ENDPOINT_URL/" \
	    "$LUNAD_DIR/data/mail/$1/new"/* | tr -d '\r')"
}

# mails TO body|subject: of all mails to TO, a JSON string each.
mails() {
	lunad_clock 0s >called
	python3 - "$2" "$LUNAD_DIR/data/mail/$1@example.org/new"/* <<'END_PY'
import email
import email.header
import email.policy
import json
import sys

for path in sys.argv[2:]:
    with open(path, "rb") as f:
        data = f.read()
    if sys.argv[1] == "subject":
        mail = email.message_from_bytes(data)
        text = "".join(
            t.decode(charset or "ascii") if isinstance(t, bytes) else t
            for t, charset in email.header.decode_header(mail["subject"]))
    else:
        mail = email.message_from_bytes(data, policy=email.policy.default)
        text = mail.get_content().removesuffix("\n").replace("\n", "\r\n")
    print(json.dumps(text))
END_PY
}
