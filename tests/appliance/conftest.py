"""Makes the readers of tests/e2e importable here, and says which kernels are booted."""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e" / "lib"))

KERNELS = pathlib.Path(__file__).resolve().parents[2] / "build" / "third_party" / "kernels"


def pytest_report_header():
    return [f"kernel: {path.read_text().strip()}" for path in sorted(KERNELS.glob("*/version"))]
