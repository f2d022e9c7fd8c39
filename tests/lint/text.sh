#!/bin/sh
# text.sh: scripts parse (and please shellcheck), no line ends in white space; long files are named, without failing.
set -eu

files() { find . \( -path ./build -o -path ./.git -o -path ./tests/fixtures -o -path ./tests/fuzz/corpus -o -name __pycache__ \) -prune -o -type f -print; }
scripts() { files | while read -r f; do case $(head -n 1 "$f" | tr -d '\0') in '#!/bin/sh'* | *bash*) echo "$f" ;; esac; done; }

failed=0
for script in $(scripts); do
    case $(head -n 1 "$script") in *bash*) bash -n "$script" ;; *) sh -n "$script" ;; esac || failed=1
done
if command -v shellcheck >/dev/null; then
    scripts | xargs shellcheck || failed=1
fi

# -I: text files only
if files | xargs grep -nIE '[[:space:]]+$'; then
    echo 'white space at the end of a line' >&2
    failed=1
fi

files | grep '\.[chsp][hy]*$' | while read -r f; do
    lines=$(wc -l <"$f")
    [ "$lines" -le 300 ] || echo "note: $f has $lines lines, more than 300"
done
exit $failed
