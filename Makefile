# The words of this house; each is a stage of .ci/run or one go command.

.PHONY: test race fuzz lint bench

test:
	.ci/run test

race:
	.ci/run race

fuzz:
	.ci/run fuzz

lint:
	.ci/run lint

bench:
	go test -run '^$$' -bench . -benchmem ./...
