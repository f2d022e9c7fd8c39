#!/bin/sh
# docs.sh: the documents' links, lines and names are right, and all that the source has is documented (docs.py).
set -eu

PYTHONDONTWRITEBYTECODE=1 exec "${PYTHON:-/usr/bin/python3}" tests/lint/docs.py
