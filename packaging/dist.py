"""dist.py FOLDER: packs each binary with TLS that `make dist` has put there, and lists the packages as CycloneDX does.

A package's list names the binary in it, whose own list says what is linked.
"""
import hashlib
import json
import pathlib
import sys

from build import build
from description import FORMATS, NAME, PROCESSORS
from package import released

folder = pathlib.Path(sys.argv[1])
version, _ = released()


def component(kind, path, **more):
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return {"type": kind, "name": path.name, "version": version, "hashes": [{"alg": "SHA-256", "content": digest}], **more}


packages = []
for cpu, names in PROCESSORS.items():
    binary = folder / f"{NAME}-{version}-linux-{cpu}"
    bom = {"type": "bom", "url": f"{binary.name}.cdx.json"}
    for format in FORMATS:
        if names[format] != "-":
            packages.append(component("file", build(format, cpu, binary, folder), components=[component("application", binary, externalReferences=[bom])]))
listed = {
    "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
    "metadata": {"component": {"type": "application", "name": NAME, "version": version}}, "components": packages,
}
(folder / f"{NAME}-{version}-packages.cdx.json").write_text(json.dumps(listed, indent=1) + "\n")
