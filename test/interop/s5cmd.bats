#!/usr/bin/env bats
# s5cmd, another's fast client of S3, at lunad.

load ../helpers

setup_file() {
	lunad_start
	export S3_ENDPOINT_URL=$AWS_ENDPOINT_URL
}

teardown_file() {
	lunad_stop
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
}

@test "a tree of files goes up, is listed, comes back and is removed" {
	mkdir -p from/sub
	for n in 1 2 3 4 5 6 7 8 9; do
		echo "file $n" >"from/sub/$n"
	done
	head -c 60000000 /dev/urandom >from/large
	s5cmd mb s3://tree
	s5cmd cp -p 5 'from/*' s3://tree/to/
	run s5cmd ls 's3://tree/to/*'
	echo "$output"
	[ "$(grep -c 'sub/' <<<"$output")" = 9 ]
	s5cmd cp -p 5 's3://tree/to/*' back/
	diff -r from back
	s5cmd cp s3://tree/to/large s3://tree/copy
	[ "$(s5cmd cat s3://tree/copy | cmp - from/large)" = '' ]
	run s5cmd du 's3://tree/*'
	echo "$output"
	[[ $output == 1200000*' bytes in 11 objects'* ]]
	s5cmd sync from/ s3://tree/to/ >said
	[ ! -s said ]
	run s5cmd rb s3://tree
	[[ $output == *BucketNotEmpty* ]]
	s5cmd rm 's3://tree/*' >said
	[ "$(wc -l <said)" = 11 ]
	s5cmd rb s3://tree
}
