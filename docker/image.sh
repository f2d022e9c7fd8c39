#!/bin/sh
# image.sh [ARGUMENT...]: builds the image sockpush:VERSION, and :latest, with docker, podman or buildah, the first that works here.
# The arguments are the builder's own, --platform or --build-arg BASE=… among them.
set -eu
cd "$(dirname "$0")/.."

# docker may be a client whose engine does not run.
works() { command -v "$1" >/dev/null && "$1" info >/dev/null 2>&1; }

builder() { for one in docker podman buildah; do if works $one; then echo $one; return; fi; done; }

engine=$(builder)
if [ "$engine" != docker ] && command -v docker >/dev/null; then
    echo "image: not by docker: $(docker info 2>&1 >/dev/null | tail -n 1)" >&2
fi
if [ -z "$engine" ]; then
    NO_INSTALL=1 third_party/install.sh image
    engine=$(builder)
fi
[ -n "$engine" ] || { echo 'image: neither docker nor podman nor buildah works here; "docker info" and the like say why' >&2; exit 1; }
version=$(sed -n 's/^#define SOCKPUSH_VERSION *"\(.*\)"/\1/p' src/base/version.h)
revision=$(git rev-parse HEAD 2>/dev/null || true)
echo "image: sockpush:$version, by $engine" >&2
"$engine" build -f docker/Dockerfile -t "sockpush:$version" -t sockpush:latest --build-arg VERSION="$version" --build-arg REVISION="$revision" "$@" .
