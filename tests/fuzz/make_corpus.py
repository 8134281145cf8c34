"""Write the seeds under tests/fuzz/corpus/, the same ones at every run.

Files there that have other names, such as inputs that once were findings, stay.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fuzz import nym_corpus, packet_corpus, shows

CORPUS = Path(__file__).resolve().parent / "corpus"


def seeds() -> dict[str, dict[str, bytes]]:
    """For each target, and for each harness in C, the contents of its files, by their names."""
    made = nym_corpus.wire() | nym_corpus.messages() | shows.messages() | shows.almost()
    made |= packet_corpus.packets() | packet_corpus.harnesses()
    return {
        target: {f"seed_{i}": raw for i, raw in enumerate(raws)} for target, raws in made.items()
    }


def main() -> None:
    total = 0
    for target, files in seeds().items():
        folder = CORPUS / target
        folder.mkdir(parents=True, exist_ok=True)
        for path in folder.glob("seed_*"):
            path.unlink()
        for name, raw in files.items():
            (folder / name).write_bytes(raw)
            total += len(raw)
    print(f"make_corpus: {total:,} bytes in {CORPUS}")


if __name__ == "__main__":
    main()
