/* SPDX-License-Identifier: MIT */
/*
 * DWARF expressions in call frame information: the trampoline that returns from a signal handler,
 * the entries of the PLT, and functions that realign the stack have rules that are expressions.
 * Names and numbers: DWARF 5 section 2.5 and table 7.9.  See cfi_expression.h.
 */
#include "stack/cfi_expression.h"

#include "stack/cfi_cursor.h"

#define MAX_DEPTH 16
#define MAX_OPERATIONS 128	 /* a loop (DW_OP_skip backwards) ends here */
#define MAX_EXPRESSION_BYTES 512 /* the longest seen has 60 */

enum operation {
	OP_ADDR = 0x03,
	OP_DEREF = 0x06,
	OP_CONST1U = 0x08,
	OP_CONST1S = 0x09,
	OP_CONST2U = 0x0a,
	OP_CONST2S = 0x0b,
	OP_CONST4U = 0x0c,
	OP_CONST4S = 0x0d,
	OP_CONST8U = 0x0e,
	OP_CONST8S = 0x0f,
	OP_CONSTU = 0x10,
	OP_CONSTS = 0x11,
	OP_DUP = 0x12,
	OP_DROP = 0x13,
	OP_OVER = 0x14,
	OP_PICK = 0x15,
	OP_SWAP = 0x16,
	OP_AND = 0x1a,
	OP_MINUS = 0x1c,
	OP_MUL = 0x1e,
	OP_NEG = 0x1f,
	OP_NOT = 0x20,
	OP_OR = 0x21,
	OP_PLUS = 0x22,
	OP_PLUS_UCONST = 0x23,
	OP_SHL = 0x24,
	OP_SHR = 0x25,
	OP_SHRA = 0x26,
	OP_XOR = 0x27,
	OP_BRA = 0x28,
	OP_EQ = 0x29,
	OP_GE = 0x2a,
	OP_GT = 0x2b,
	OP_LE = 0x2c,
	OP_LT = 0x2d,
	OP_NE = 0x2e,
	OP_SKIP = 0x2f,
	OP_LIT0 = 0x30,
	OP_REG0 = 0x50,
	OP_BREG0 = 0x70,
	OP_REGX = 0x90,
	OP_BREGX = 0x92,
	OP_DEREF_SIZE = 0x94,
	OP_NOP = 0x96,
};

struct machine {
	struct peek *peek;
	const struct cfi_registers *registers;
	struct cfi_cursor code;
	const uint8_t *begin;
	uint64_t stack[MAX_DEPTH];
	unsigned depth;
	bool bad;
};

static void push(struct machine *machine, uint64_t value)
{
	if (machine->depth == MAX_DEPTH)
		machine->bad = true;
	else
		machine->stack[machine->depth++] = value;
}

static uint64_t pop(struct machine *machine)
{
	if (machine->depth == 0) {
		machine->bad = true;
		return 0;
	}
	return machine->stack[--machine->depth];
}

static void pick(struct machine *machine, uint64_t index)
{
	if (index >= machine->depth)
		machine->bad = true;
	else
		push(machine, machine->stack[machine->depth - 1 - index]);
}

static void push_register(struct machine *machine, uint64_t number, int64_t offset)
{
	if (number >= CFI_REGISTERS)
		machine->bad = true;
	else
		push(machine, machine->registers->value[number] + (uint64_t)offset);
}

static void dereference(struct machine *machine, uint64_t size_bytes)
{
	uint64_t value = 0; /* little-endian machines only */

	if (size_bytes == 0 || size_bytes > sizeof(value) ||
	    !peek_copy(machine->peek, (uintptr_t)pop(machine), &value, size_bytes))
		machine->bad = true;
	push(machine, value);
}

static void jump(struct machine *machine, bool taken)
{
	int64_t distance = (int16_t)cfi_read_fixed(&machine->code, 2);
	int64_t position = machine->code.at - machine->begin;

	if (!taken)
		return;
	if (position + distance < 0 || position + distance > machine->code.end - machine->begin)
		machine->bad = true;
	else
		machine->code.at = machine->begin + position + distance;
}

static void operate_on_two(struct machine *machine, uint8_t operation)
{
	uint64_t b = pop(machine);
	uint64_t a = pop(machine);

	switch (operation) {
	case OP_AND:
		push(machine, a & b);
		break;
	case OP_MINUS:
		push(machine, a - b);
		break;
	case OP_MUL:
		push(machine, a * b);
		break;
	case OP_OR:
		push(machine, a | b);
		break;
	case OP_PLUS:
		push(machine, a + b);
		break;
	case OP_SHL:
		push(machine, b < 64 ? a << b : 0);
		break;
	case OP_SHR:
		push(machine, b < 64 ? a >> b : 0);
		break;
	case OP_SHRA:
		push(machine, (uint64_t)((int64_t)a >> (b < 64 ? b : 63)));
		break;
	case OP_XOR:
		push(machine, a ^ b);
		break;
	case OP_EQ:
		push(machine, a == b);
		break;
	case OP_GE:
		push(machine, (int64_t)a >= (int64_t)b);
		break;
	case OP_GT:
		push(machine, (int64_t)a > (int64_t)b);
		break;
	case OP_LE:
		push(machine, (int64_t)a <= (int64_t)b);
		break;
	case OP_LT:
		push(machine, (int64_t)a < (int64_t)b);
		break;
	case OP_NE:
		push(machine, a != b);
		break;
	case OP_SWAP:
		push(machine, b);
		push(machine, a);
		break;
	default:
		machine->bad = true;
	}
}

static void operate(struct machine *machine, uint8_t operation)
{
	struct cfi_cursor *code = &machine->code;
	uint64_t number;

	if (operation >= OP_LIT0 && operation < OP_REG0) {
		push(machine, operation - OP_LIT0);
		return;
	}
	if (operation >= OP_REG0 && operation < OP_BREG0) {
		push_register(machine, operation - OP_REG0, 0);
		return;
	}
	if (operation >= OP_BREG0 && operation < OP_REGX) {
		push_register(machine, operation - OP_BREG0, cfi_read_sleb(code));
		return;
	}
	switch (operation) {
	case OP_NOP:
		break;
	case OP_ADDR:
	case OP_CONST8U:
	case OP_CONST8S:
		push(machine, cfi_read_fixed(code, 8));
		break;
	case OP_CONST1U:
		push(machine, cfi_read_fixed(code, 1));
		break;
	case OP_CONST1S:
		push(machine, (uint64_t)(int8_t)cfi_read_fixed(code, 1));
		break;
	case OP_CONST2U:
		push(machine, cfi_read_fixed(code, 2));
		break;
	case OP_CONST2S:
		push(machine, (uint64_t)(int16_t)cfi_read_fixed(code, 2));
		break;
	case OP_CONST4U:
		push(machine, cfi_read_fixed(code, 4));
		break;
	case OP_CONST4S:
		push(machine, (uint64_t)(int32_t)cfi_read_fixed(code, 4));
		break;
	case OP_CONSTU:
		push(machine, cfi_read_uleb(code));
		break;
	case OP_CONSTS:
		push(machine, (uint64_t)cfi_read_sleb(code));
		break;
	case OP_DUP:
		pick(machine, 0);
		break;
	case OP_DROP:
		(void)pop(machine);
		break;
	case OP_OVER:
		pick(machine, 1);
		break;
	case OP_PICK:
		pick(machine, cfi_read_fixed(code, 1));
		break;
	case OP_NEG:
		push(machine, -pop(machine));
		break;
	case OP_NOT:
		push(machine, ~pop(machine));
		break;
	case OP_PLUS_UCONST:
		push(machine, pop(machine) + cfi_read_uleb(code));
		break;
	case OP_BRA:
		jump(machine, pop(machine) != 0);
		break;
	case OP_SKIP:
		jump(machine, true);
		break;
	case OP_REGX:
		push_register(machine, cfi_read_uleb(code), 0);
		break;
	case OP_BREGX:
		number = cfi_read_uleb(code);
		push_register(machine, number, cfi_read_sleb(code));
		break;
	case OP_DEREF:
		dereference(machine, 8);
		break;
	case OP_DEREF_SIZE:
		dereference(machine, cfi_read_fixed(code, 1));
		break;
	default:
		operate_on_two(machine, operation);
	}
}

bool cfi_evaluate(struct peek *peek, uintptr_t block, const struct cfi_registers *registers,
		  bool push_first, uint64_t first, uint64_t *out)
{
	struct cfi_cursor length = {.at = (const uint8_t *)block};
	struct machine machine = {.peek = peek, .registers = registers};
	uint64_t len;

	if (!peek_can_read(peek, block, 10))
		return false;
	length.end = length.at + 10;
	len = cfi_read_uleb(&length);
	if (length.bad || len > MAX_EXPRESSION_BYTES ||
	    !peek_can_read(peek, (uintptr_t)length.at, len))
		return false;
	machine.begin = length.at;
	machine.code = (struct cfi_cursor){.at = length.at, .end = length.at + len};
	if (push_first)
		push(&machine, first);
	for (unsigned i = 0; i < MAX_OPERATIONS && machine.code.at < machine.code.end; i++) {
		operate(&machine, (uint8_t)cfi_read_fixed(&machine.code, 1));
		if (machine.bad || machine.code.bad)
			return false;
	}
	if (machine.code.at < machine.code.end)
		return false;
	*out = pop(&machine);
	return !machine.bad;
}
