#!/bin/sh
# image.sh [ARGUMENT...]: builds the image sockpush:VERSION, also named sockpush:latest, with docker, podman or buildah, whichever works
# first. The arguments go to the builder: --platform, --build-arg BASE=… and the like.
#
# Kubernetes reads the name sockpush as docker.io/library/sockpush, and so does docker. podman and buildah read it as localhost/sockpush:
# there the image gets the long names, too, so that `podman save docker.io/library/sockpush` writes the name that the manifests in k8s/ use.
set -eu
cd "$(dirname "$0")/.."

# docker alone may be a client whose engine does not run.
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
set -- --build-arg VERSION="$version" --build-arg REVISION="$revision" "$@" .
for name in sockpush $([ "$engine" = docker ] || echo docker.io/library/sockpush); do set -- -t "$name:$version" -t "$name:latest" "$@"; done
"$engine" build -f docker/Dockerfile "$@"
