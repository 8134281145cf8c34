"""Write what the package depends on as CycloneDX JSON: sbom.py FILE.

Installs .github/requirements/package.txt, by hash, into an environment of its own, and has
cyclonedx-py list that. Needs pip and cyclonedx-bom.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ROOT / ".github" / "requirements" / "package.txt"


def main() -> None:
    target = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, symlinks=os.name != "nt")
        python = Path(folder) / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        run("pip", "--python", python, "install", "--quiet", "--require-hashes", "-r", REQUIREMENTS)
        made = Path(folder) / "sbom.json"
        options = ["--pyproject", ROOT / "pyproject.toml", "--mc-type", "library"]
        run("cyclonedx_py", "environment", *options, "--output-reproducible", "-o", made, python)
        sbom = json.loads(made.read_text(encoding="utf-8"))
    # The tool does not follow pyproject.toml to where the version stands.
    version = re.findall(r'"(.*)"', (ROOT / "sphinxcore" / "_version.py").read_text())[-1]
    component = sbom["metadata"]["component"]
    component |= {"version": version, "purl": f"pkg:pypi/{component['name']}@{version}"}
    if missing := direct() - {plain(one["name"]) for one in sbom["components"]}:
        sys.exit(f"sbom: {', '.join(sorted(missing))} is not listed: make requirements")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(sbom, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    print(f"sbom: {len(sbom['components'])} components in {target.name}")


def run(module: str, *arguments: object) -> None:
    subprocess.run([sys.executable, "-m", module, *map(str, arguments)], check=True)


def direct() -> set[str]:
    """What pyproject.toml asks for on this Python, extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="ascii"))["project"]
    wanted = chain(project["dependencies"], *project["optional-dependencies"].values())
    return {plain(re.split(r"[^\w.-]", one)[0]) for one in wanted if ";" not in one}


def plain(name: str) -> str:
    """A package's name as the index compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()
