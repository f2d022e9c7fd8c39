#!/bin/sh
# keep.sh FUZZER...: adds to tests/fuzz/corpus the inputs of build/fuzz/corpus that reach code which no input there reaches.
set -eu

for fuzzer; do
    name=${fuzzer##*/fuzz_}
    mkdir -p "tests/fuzz/corpus/$name"
    # without counters, how often an edge is passed is no reason to keep an input
    "$fuzzer" -set_cover_merge=1 -use_counters=0 -verbosity=0 -max_len=4096 "tests/fuzz/corpus/$name" "build/fuzz/corpus/$name" >"$fuzzer.log" 2>&1 || {
        cat "$fuzzer.log"
        exit 1
    }
    echo "corpus of $name: $(find "tests/fuzz/corpus/$name" -type f | wc -l) inputs, $(cat "tests/fuzz/corpus/$name"/* | wc -c) bytes"
done
echo "corpus: $(find tests/fuzz/corpus -type f -exec cat {} + | wc -c) bytes"
