"""The program that bench_compilers.py starts beside each module: `_one_module.py <backend>`.

Writes where its package is, then reads seconds, one number a line; for each it processes packets
for so long and answers with how many packets and nanoseconds that were.
"""

import sys

import _rounds
import _work

import sphinxcore as sx

BATCH = 64


def main() -> None:
    key = sx.PrivateKey.generate()
    packets = _work.packets(key, BATCH, sx.NYM.default_version)
    processor = sx.Processor(key, backend=sys.argv[1])
    timed = _rounds.repeated(lambda: processor.process(packets), BATCH)
    print(sx.__file__, flush=True)
    for line in sys.stdin:
        timed(0)  # warm up: another process had the core
        print(*timed(float(line)), flush=True)


if __name__ == "__main__":
    main()
