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

# nginx_tls LINES: one nginx worker on the last processor that serves TLS with
# a certificate of a CA of our own, LINES being what its server block says;
# sets $url, and AWS_CA_BUNDLE. False where it, or openssl, is not installed.
nginx_tls() {
	local at=$work/nginx.$RANDOM port
	port=$(free_port)
	command -v nginx openssl >/dev/null || return
	mkdir -p "$at/tmp"
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -days 2 -subj /CN=bench -addext \
	    subjectAltName=IP:127.0.0.1 -keyout "$at/key" -out "$at/cert" \
	    2>"$at/openssl" || return
	cat >"$at/conf" <<-END
	daemon off;
	$([ "$(id -u)" -ne 0 ] || echo 'user root;')
	worker_processes 1;
	worker_cpu_affinity auto $(printf '1%0*d' "$(($(nproc) - 1))" 0);
	pid $at/pid;
	error_log $at/log;
	events { worker_connections 1024; }
	http {
	access_log off;
	sendfile on;
	client_max_body_size 0;
	keepalive_requests 100000000;
	client_body_temp_path $at/tmp;
	proxy_temp_path $at/tmp;
	fastcgi_temp_path $at/tmp;
	uwsgi_temp_path $at/tmp;
	scgi_temp_path $at/tmp;
	map \$request_method\$args \$s3 {
		default '';
		~^POSTuploads '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>';
		~^POST '<CompleteMultipartUploadResult><ETag>e</ETag></CompleteMultipartUploadResult>';
	}
	server {
	listen 127.0.0.1:$port ssl;
	ssl_certificate $at/cert;
	ssl_certificate_key $at/key;
	$1
	}
	}
	END
	nginx -p "$at" -c "$at/conf" >"$at/out" 2>&1 &
	pids+=($!)
	url=https://127.0.0.1:$port
	export AWS_CA_BUNDLE=$at/cert
	local i
	for ((i = 0; i < 100; i++)); do
		curl -s --cacert "$at/cert" -o "$at/answer" "$url/" && return
		sleep 0.05
	done
	cat "$at/out" >&2
	return 1
}

# s5cmd_peer: the one that is installed, or that Go builds.
s5cmd_peer() {
	[ -x "$peers/s5cmd" ] && return
	command -v go >/dev/null || return
	GOBIN=$peers go install github.com/peak/s5cmd/v2@v2.3.0 \
	    >"$work/go" 2>&1
}
