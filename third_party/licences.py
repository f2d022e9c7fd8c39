"""The texts that must accompany copies of the binary: sockpush's licence, and those of what is compiled in."""
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[1]
TEXTS = {"cjson": "LICENSE", "musl": "COPYRIGHT", "mbedtls": "LICENSE"}


def texts():
    """Returns {name: text} of those that were fetched."""
    paths = {"sockpush": ROOT / "LICENSE", **{name: ROOT / "build/third_party" / name / file for name, file in TEXTS.items()}}
    return {name: path.read_text() for name, path in paths.items() if path.exists()}


def joined(texts):
    return "\n\n".join(f"=== {name}\n\n{text}" for name, text in texts.items())


def together():
    return joined(texts())
