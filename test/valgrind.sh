#!/bin/sh
# Make a BUILD whose programs run those of another under valgrind.
# usage: valgrind.sh BUILD VALGRIND-BUILD
set -eu
build=$(cd "$1" && pwd)
for kind in bin test; do
	mkdir -p "$2/$kind"
	for program in "$build/$kind"/*; do
		if [ ! -f "$program" ] || [ ! -x "$program" ]; then
			continue
		fi
		wrapper=$2/$kind/$(basename "$program")
		cat >"$wrapper" <<END
#!/bin/sh
exec valgrind -q --error-exitcode=99 --leak-check=full \\
    --show-leak-kinds=definite --errors-for-leak-kinds=definite \\
    $program "\$@"
END
		chmod +x "$wrapper"
	done
done
