#!/bin/sh
# twice.sh TARGET COMMIT: builds it again in another directory, with the same make (MAKE), and compares the bytes. The other directory has no
# .git, so that it is given the COMMIT that --version names.
set -eu
rm -rf build/twice
mkdir -p build/twice/build/third_party
cp -R Makefile src platform third_party build/twice
cp build/third_party/*.tarball build/twice/build/third_party
# shellcheck disable=SC2086 # words
${MAKE:?} -C build/twice "$1" REVISION="$2"
cmp "$1" "build/twice/$1"
echo 'two builds, the same bytes'
