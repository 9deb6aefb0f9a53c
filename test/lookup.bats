load cases

@test "what was put is found until it is dropped" {
	local p seed
	p=$(program lookup)
	for seed in 1 2 3; do
		run "$p" "$seed"
		echo "$output"
		[ "$status" -eq 0 ]
	done
}
