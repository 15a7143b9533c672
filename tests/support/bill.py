"""Writes the bill of materials of what is deployed (CycloneDX 1.6) out of the lock files: make sbom. It asks no network.

It runs in ``.venv-audit``. What Lambda's runtime brings (Python, boto3) is not shipped, and so not in it; nor are licences, which
lock files do not tell.
"""

import argparse
import os
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packageurl import PackageURL
from packaging.markers import Marker

from support.locks import LAYER, ROOT, Pin, pins

_LAMBDA = {
    "implementation_name": "cpython",
    "os_name": "posix",
    "platform_python_implementation": "CPython",
    "platform_system": "Linux",
    "python_full_version": "3.13.0",
    "python_version": "3.13",
    "sys_platform": "linux",
}
"""Where it is installed. The processor is left open: no pin of ours depends on it."""


def bill(moment: datetime) -> Bom:
    """What the layer and the functions ship, and what needs what.

    Args:
        moment: when it is said to be made.
    """
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    whole = Component(name="postkeep", version=version, type=ComponentType.APPLICATION, bom_ref="postkeep")
    found = Bom(components=[])
    found.metadata.component = whole
    found.metadata.timestamp = moment
    parts = {}
    for folder in [LAYER, *sorted(path.parent.parent for path in ROOT.glob("functions/*/*/__init__.py"))]:
        name = str(folder.relative_to(ROOT))
        part = Component(name=name, version=version, type=ComponentType.APPLICATION, bom_ref=name)
        parts[name] = part
        found.components.add(part)
        lock = folder / "requirements.txt"
        _add(found, part, [pin for pin in pins(lock) if _applies(pin)] if lock.exists() else [])
    layer = parts[str(LAYER.relative_to(ROOT))]
    for part in parts.values():
        found.register_dependency(part, [] if part is layer else [layer])
    found.register_dependency(whole, list(parts.values()))
    said = "\n".join(sorted(f"{one.bom_ref.value} {sorted(h.content for h in one.hashes)}" for one in found.components))
    found.serial_number = uuid5(NAMESPACE_URL, f"{version} {said}")
    return found


def _add(found: Bom, part: Component, shipped: list[Pin]) -> None:
    """Name what a part ships; a package that several parts ship is one component, since the locks hold it to one version."""
    components = {pin.name: _component(pin) for pin in shipped}
    for pin in shipped:
        component = components[pin.name]
        found.components.add(component)
        found.register_dependency(component)
        found.register_dependency(part, [component])
        for name in pin.wanted_by:
            if name in components:
                found.register_dependency(components[name], [component])


def _component(pin: Pin) -> Component:
    purl = PackageURL("pypi", name=pin.name, version=pin.version)
    return Component(
        name=pin.name,
        version=pin.version,
        purl=purl,
        bom_ref=purl.to_string(),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in pin.hashes],
    )


def _applies(pin: Pin) -> bool:
    return not pin.marker or Marker(pin.marker).evaluate(_LAMBDA)


def main() -> None:
    """Write it, once it is found valid; the same locks at the same ``SOURCE_DATE_EPOCH`` give the same bytes."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("file", type=Path)
    file: Path = arguments.parse_args().file
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    made = bill(datetime.fromtimestamp(int(epoch), UTC) if epoch else datetime.now(UTC))
    text = JsonV1Dot6(made).output_as_string(indent=2)
    if error := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        sys.exit(f"sbom: it would not be valid: {error}")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text + "\n", "utf-8")
    print(f"sbom: {len(made.components)} components → {file}")  # noqa: T201 (its user reads it)


if __name__ == "__main__":
    main()
