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

# bench runs the Go benchmarks, COUNT times each: ten of a commit and ten of
# another go to benchstat. bench N=5000000 measures leakscope and its peers
# on so many records and writes bench/RESULTS.md. PEERS hands over flags, such
# as PEERS='-only duckdb' or PEERS=-resume.
COUNT ?= 1
bench:
ifdef N
	cd bench/peers && go run -tags sqlite_fts5 ./cmd/run -n $(N) -repo ../.. -out ../RESULTS.md $(PEERS)
else
	go test -run '^$$' -bench . -benchmem -count $(COUNT) ./...
	cd bench && go test -run '^$$' -bench . -benchmem -count $(COUNT) ./...
endif
