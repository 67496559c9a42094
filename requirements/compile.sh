#!/usr/bin/env bash
# Compile the pinned, hashed requirement files from pyproject.toml. Needs `uv`; the files it writes need only pip.
set -euo pipefail
cd "$(dirname "$0")/.."
compile() { # NAME ARG...
    local name=$1
    shift
    uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-header \
        --output-file "requirements/$name.txt" "$@"
}
compile dev pyproject.toml --group dev --group infra
compile emulator --group emulator
compile bench requirements/bench.in
compile fuzz requirements/fuzz.in
for group in receive_webhook publish_event write_holded release_due index_dead_letters; do
    compile "$group" --constraint requirements/dev.txt --group "$group"
done
