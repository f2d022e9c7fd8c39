#!/bin/sh
# os_ifdefs.sh: nothing in src/ asks which operating system it is built for. That is decided by the folder in platform/.
set -eu

if grep -rnE '^[[:space:]]*#[[:space:]]*(el)?if.*(linux|APPLE|MACH|_WIN|MINGW|CYGWIN|BSD|__sun|__unix|ANDROID|GLIBC)' src; then
    echo 'src/ must not depend on the operating system: see platform/' >&2
    exit 1
fi
