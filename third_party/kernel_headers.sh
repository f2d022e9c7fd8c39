#!/bin/sh
# kernel_headers.sh MACHINE FOLDER: makes links in FOLDER to the kernel's headers for MACHINE (aarch64-linux-gnu), and to nothing else in
# /usr/include.
set -eu
mkdir -p "$2"
for part in linux asm-generic asm; do
    for from in "/usr/$1/include/$part" "/usr/include/$1/$part" "/usr/include/$part"; do
        if [ -d "$from" ]; then ln -sfn "$from" "$2/$part"; break; fi
    done
done
