# shellcheck shell=bash
fidelity() {
	slack
	through slack-notify --rate 1000
	said | arrived read
	slack
	through -w text slack-notify --rate 1000 --text '{{v}}'
	said | arrived texts
}

slack() {
	scripted_start <<<$'>> 200 repeat=inf\n\nok'
	export SLACK_WEBHOOK_URL=$SCRIPTED_URL/services/T000/B000/not-a-secret
}

# said: the texts posted, as they are read.
said() {
	jq -c '.body | fromjson | .text | gsub("&lt;"; "<") |
	    gsub("&gt;"; ">") | gsub("&amp;"; "&")' "$SCRIPTED_LOG"
}
