# shellcheck shell=bash
# Servers for tests. `load servers` (test/helpers.bash is not needed), then:
#
#	scripted_start <<'END'
#	>> 200
#	{"MessageId":"1"}
#	END
#
# starts the server of test/servers/scripted.py (its header says what a script
# may contain) and points AWS's environment at it: SCRIPTED_URL, and
# AWS_ENDPOINT_URL, keys and region that are obviously made up. A script may
# also be a file: scripted_start FILE. A teardown calls scripted_stop.

# scripted_start [-t CERTIFICATE KEY] [FILE]
scripted_start() {
	local tls=() dir="${BATS_TEST_TMPDIR:?}" script
	if [ "${1-}" = -t ]; then
		tls=("$2" "$3")
		shift 3
	fi
	scripted_stop
	SCRIPTED_LOG=$(mktemp "$dir/scripted.log.XXXXXX")
	script=${1-$SCRIPTED_LOG.script}
	[ $# -gt 0 ] || cat >"$script"
	mkfifo "$SCRIPTED_LOG.url"
	python3 "$(dirname "${BASH_SOURCE[0]}")/servers/scripted.py" "$script" \
	    "$SCRIPTED_LOG" "${tls[@]}" >"$SCRIPTED_LOG.url" \
	    2>"$SCRIPTED_LOG.err" 3>&- &
	SCRIPTED_PID=$!
	read -r SCRIPTED_URL <"$SCRIPTED_LOG.url" || {
		cat "$SCRIPTED_LOG.err" >&2
		return 1
	}
	export SCRIPTED_URL
	servers_env "$SCRIPTED_URL"
}

scripted_stop() {
	[ -n "${SCRIPTED_PID-}" ] || return 0
	kill "$SCRIPTED_PID" 2>/dev/null
	wait "$SCRIPTED_PID" 2>/dev/null || true
	SCRIPTED_PID=
}

# scripted_log [JQ-FILTER]: the requests so far, one a line, as jq prints them:
#	scripted_log '.operation'
#	scripted_log 'select(.reply == null) | .path'
scripted_log() {
	jq -rc "${1-.}" "$SCRIPTED_LOG"
}

# scripted_count [OPERATION]: how many requests came.
scripted_count() {
	jq -r --arg op "${1-}" 'select($op == "" or .operation == $op) | 1' \
	    "$SCRIPTED_LOG" | wc -l
}

# servers_env URL: an AWS environment that reaches nothing but URL.
servers_env() {
	local name
	for name in $(compgen -e AWS_); do
		unset "$name"
	done
	export AWS_ENDPOINT_URL=$1 AWS_REGION=eu-west-1 \
	    AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE \
	    AWS_SECRET_ACCESS_KEY=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY \
	    AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null \
	    AWS_EC2_METADATA_DISABLED=true NO_PROXY=127.0.0.1,localhost
}
