#!/bin/sh
# sign.sh KEY PUBLIC FOLDER: signs the folder's SHA256SUMS with signify's secret KEY. First compares the sums with the files, then the
# signature with the PUBLIC half, which users have: a wrong key or file leaves no signature.
set -eu
key=$1 public=$2 sums=$3/SHA256SUMS
signify=$(command -v signify-openbsd || command -v signify) # Debian's signify is another program

[ -f "$public" ] || { echo "sign: $public is absent: the key's public half has to be in the source that is released" >&2; exit 1; }
rm -f "$sums.sig"
(cd "$3" && sha256sum --check --quiet SHA256SUMS)
"$signify" -S -s "$key" -m "$sums" -x "$sums.new"
"$signify" -V -q -p "$public" -m "$sums" -x "$sums.new" || { rm "$sums.new"; exit 1; }
mv "$sums.new" "$sums.sig"
echo "$sums.sig: verified with $public"
