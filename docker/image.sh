#!/bin/sh
# image.sh [ARGUMENT...]: builds the image sockpush:VERSION, also named sockpush:latest, with the first of docker, podman and buildah that
# works. The arguments go to the builder: --platform, --build-arg BASE=… and the like.
#
# Kubernetes and docker read the name sockpush as docker.io/library/sockpush. podman and buildah read it as localhost/sockpush, so there the
# image gets the long names, too, and `podman save docker.io/library/sockpush` writes the name in k8s/.
set -eu
cd "$(dirname "$0")/.."

# docker may be only a client whose engine does not run.
works() { command -v "$1" >/dev/null && "$1" info >/dev/null 2>&1; }

builder() { for one in docker podman buildah; do if works $one; then echo $one; return; fi; done; }

engine=$(builder)
if [ "$engine" != docker ] && command -v docker >/dev/null; then
    echo "image: docker does not work: $(docker info 2>&1 >/dev/null | tail -n 1)" >&2
fi
if [ -z "$engine" ]; then
    NO_INSTALL=1 third_party/install.sh image
    engine=$(builder)
fi
[ -n "$engine" ] || { echo 'image: neither docker, podman nor buildah works here; "docker info" or "podman info" shows the reason' >&2; exit 1; }
version=$(sed -n 's/^#define SOCKPUSH_VERSION *"\(.*\)"/\1/p' src/base/version.h)
revision=$(git rev-parse HEAD 2>/dev/null || true)
echo "image: sockpush:$version, by $engine" >&2
set -- --build-arg VERSION="$version" --build-arg REVISION="$revision" "$@" .
for name in sockpush $([ "$engine" = docker ] || echo docker.io/library/sockpush); do set -- -t "$name:$version" -t "$name:latest" "$@"; done
"$engine" build -f docker/Dockerfile "$@"
