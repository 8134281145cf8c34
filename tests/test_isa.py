"""The instruction patterns of check_isa, on lines as objdump prints them."""

import re

import pytest
from check_isa import ALLOWED, INSTRUCTION, PATTERNS

LINES = (
    ("mov    %rax,%rbx", set()),
    ("pshufd $0x39,%xmm0,%xmm1", set()),
    ("verr   %ax", set()),
    ("shl    $0x3,%rax", set()),
    ("adc    %rax,%rbx", set()),
    ("pshufb %xmm1,%xmm0", {"sse4"}),
    ("aesenc %xmm1,%xmm0", {"aes"}),
    ("sha256rnds2 %xmm0,%xmm1,%xmm2", {"sha"}),
    ("popcnt %rax,%rbx", {"others"}),
    ("andn   %rax,%rbx,%rcx", {"others"}),
    ("andnps %xmm1,%xmm0", set()),
    ("blsr   %rax,%rbx", {"others"}),
    ("mulx   %rax,%rbx,%rcx", {"bmi2"}),
    ("shlx   %rax,%rbx,%rcx", {"bmi2"}),
    ("adox   %rax,%rbx", {"bmi2"}),
    ("vpaddq %ymm0,%ymm1,%ymm2", {"avx"}),
    ("vzeroupper", {"avx"}),
    ("vaesenc %ymm0,%ymm1,%ymm2", {"avx", "aes"}),
    ("vpaddq %zmm0,%zmm1,%zmm2", {"avx", "avx512"}),
    ("vpaddq %ymm16,%ymm1,%ymm2", {"avx", "avx512"}),
    ("vpaddq %ymm0,%ymm1,%ymm2{%k1}", {"avx", "avx512"}),
    ("kmovw  %eax,%k1", {"avx512"}),
    ("vpmadd52luq %zmm0,%zmm1,%zmm2", {"avx", "avx512", "ifma"}),
)


@pytest.mark.parametrize(("line", "features"), LINES, ids=[line.split()[0] for line, _ in LINES])
def test_instruction_is_recognised(line: str, features: set[str]) -> None:
    (instruction,) = INSTRUCTION.findall(f"  4f:\t{line}\n")
    assert {
        name for name, pattern in PATTERNS.items() if re.match(pattern, instruction)
    } == features


def test_sets_allow_known_features() -> None:
    assert set().union(*ALLOWED.values()) == set(PATTERNS) - {"others"}
