# The programs that are measured beside luna, and starting servers.
# shellcheck disable=SC2154 # bench/run sets $peers and $work

python_peers() {
	[ -x "$peers/venv/bin/aws" ] && return
	mkdir -p "$peers"
	python3 -m venv "$peers/venv" &&
		"$peers/venv/bin/pip" -q install boto3 awscli 'moto[server]' \
		    >"$work/pip" 2>&1
}

node_peers() {
	[ -x "$peers/node_modules/.bin/dynalite" ] &&
		[ -x "$peers/node_modules/.bin/kinesalite" ] && return
	mkdir -p "$peers"
	(cd "$peers" && npm install --no-audit --no-fund node@22 fauxqs \
	    dynalite kinesalite >"$work/npm" 2>&1)
}

server() { # server COMMAND…: start one that prints its URL; sets $url
	local out=$work/out.$RANDOM i
	: >"$out"
	"$@" >"$out" 2>"$out.err" &
	pids+=($!)
	for ((i = 0; i < 200; i++)); do
		url=$(grep -oE 'http://[^ ]+' "$out" | head -n 1 || true)
		[ -n "$url" ] && return
		sleep 0.05
	done
	cat "$out.err" >&2
	return 1
}

free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# listens PORT COMMAND…: start one that is told its port, and wait until it
# answers anything; sets $url
listens() {
	local i
	url=http://127.0.0.1:$1
	shift
	"$@" >"$work/log.${url##*:}" 2>&1 &
	pids+=($!)
	for ((i = 0; i < 300; i++)); do
		curl -s -o "$work/answer" "$url/" && return
		sleep 0.1
	done
	return 1
}
