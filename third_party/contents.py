"""contents.py BINARY MAP VERSION COMPILER COMPILER-VERSION LICENSES: lists the contents of one binary.

Writes BINARY.cdx.json, a CycloneDX list of what the linker's map shows as linked, with the sha256 of each source, and LICENSES, the
texts that must accompany copies.
"""
import hashlib
import json
import pathlib
import re
import sys

import licences

binary, linker_map, version, compiler, compiler_version, licenses = sys.argv[1:]
here = pathlib.Path(__file__).parent
linked = pathlib.Path(linker_map).read_text()
SOURCES = {"cjson": "MIT", "musl": "MIT", "mbedtls": "Apache-2.0"}


def source(name):
    """Returns the accepted source that was fetched."""
    for row in (here / "sources.lock").read_text().splitlines():
        words = row.split()
        if words[:1] == [name] and pathlib.Path(f"build/third_party/{name}-{words[1]}.tarball").exists():
            return words[1], words[2], words[5]
    sys.exit(f"contents: no tarball of {name}")


def component(name, number, license, **more):
    return {"type": "library", "name": name, "version": number, "licenses": [license], "bom-ref": f"{name}@{number}", **more}


components = []
for name, license in SOURCES.items():
    if re.search(rf"^(LOAD )?build/third_party/{name}\b|^LOAD \S*obj/build/third_party/{name}/", linked, re.M):
        number, sha256, url = source(name)
        components.append(component(name, number, {"license": {"id": license}}, externalReferences=[
            {"type": "distribution", "url": url, "hashes": [{"alg": "SHA-256", "content": sha256}]}]))
if re.search(r"libgcc\.a\(", linked):
    components.append(component("libgcc", compiler_version, {"expression": "GPL-3.0-or-later WITH GCC-exception-3.1"}))

own = component("sockpush", version, {"license": {"id": "MIT"}}, hashes=[
    {"alg": "SHA-256", "content": hashlib.sha256(pathlib.Path(binary).read_bytes()).hexdigest()}])
own["type"] = "application"
listed = {
    "bomFormat": "CycloneDX",
    "specVersion": "1.5",
    "version": 1,
    "metadata": {"component": own, "tools": {"components": [{"type": "application", "name": compiler, "version": compiler_version}]}},
    "components": components,
    "dependencies": [{"ref": own["bom-ref"], "dependsOn": [one["bom-ref"] for one in components]}],
}
pathlib.Path(binary + ".cdx.json").write_text(json.dumps(listed, indent=1) + "\n")
pathlib.Path(licenses).write_text(licences.together())
