/* Counts the instructions that a process executes, one by one, as a debugger would see them: for
 * machines without performance counters. x86-64 Linux. */
#include <signal.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/types.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <stddef.h>

enum { ALL, VPMADD52, VPMULLQ, KINDS };

/* EVEX, map 0F38, 66, W1, 512 bits: opcodes B4 and B5 are vpmadd52, 40 is vpmullq. */
static int kind_of(uint64_t code) {
  const uint8_t p0 = (uint8_t)(code >> 8), p1 = (uint8_t)(code >> 16), p2 = (uint8_t)(code >> 24);
  const uint8_t opcode = (uint8_t)(code >> 32);
  if ((code & 0xff) != 0x62 || (p0 & 7) != 2 || (p1 & 0x83) != 0x81 || (p2 & 0x60) != 0x40) return ALL;
  if (opcode == 0xb4 || opcode == 0xb5) return VPMADD52;
  return opcode == 0x40 ? VPMULLQ : ALL;
}

/* To be called by the process itself; it then stops itself before and after what is counted. */
int be_counted(void) { return (int)ptrace(PTRACE_TRACEME, 0, NULL, NULL); }

/* Counts from one stop of the child to the next, then lets it run. Returns 0, or -1 if it did
 * anything else than that. */
int count(pid_t child, uint64_t counts[KINDS]) {
  int status;
  for (int i = 0; i < KINDS; i++) counts[i] = 0;
  if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status) || WSTOPSIG(status) != SIGSTOP) return -1;
  for (;;) {
    const long at = ptrace(PTRACE_PEEKUSER, child, offsetof(struct user_regs_struct, rip), NULL);
    const int kind = kind_of((uint64_t)ptrace(PTRACE_PEEKTEXT, child, at, NULL));
    counts[ALL]++;
    if (kind != ALL) counts[kind]++;
    if (ptrace(PTRACE_SINGLESTEP, child, NULL, NULL) != 0) return -1;
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) return -1;
    if (WSTOPSIG(status) == SIGSTOP) break;
    if (WSTOPSIG(status) != SIGTRAP) return -1;
  }
  return ptrace(PTRACE_CONT, child, NULL, NULL) == 0 ? 0 : -1;
}
