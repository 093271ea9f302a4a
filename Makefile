# The words of this house; each is a stage of .ci/run or one go command.

.PHONY: test race fuzz lint bench profile

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

# profile makes anew what the compiler is told of where an ingest spends its time,
# with which "go build ./examples/leakctl" builds: of five million records and as many
# lines of the corpus.
profile: tmp := $(shell mktemp -d)
profile:
	cd bench && go run ./cmd/gen -n 5000000 -seed 1 -format jsonl -o $(tmp)/c.jsonl
	cd bench && go run ./cmd/gen -n 5000000 -seed 1 -format ulp -o $(tmp)/c.ulp
	cd bench && go run ./cmd/ingest -digest -nomerge -cpuprofile $(tmp)/jsonl.prof $(tmp)/c.jsonl
	cd bench && go run ./cmd/ingest -digest -nomerge -cpuprofile $(tmp)/ulp.prof $(tmp)/c.ulp
	go tool pprof -proto -output examples/leakctl/default.pgo $(tmp)/jsonl.prof $(tmp)/ulp.prof
	rm -r $(tmp)
