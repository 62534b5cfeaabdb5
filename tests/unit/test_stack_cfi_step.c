/* SPDX-License-Identifier: MIT */
/*
 * Steps by tables that are written here, byte by byte: each instruction of call frame information,
 * and the search for the entry (stack/cfi.h).  Steps by compilers' tables are compared with
 * libunwind in test_stack_native.c.
 *
 * Sources: as in stack/cfi.h.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "stack/cfi_memo.h"

#if defined(__x86_64__)

#define RBX 3
#define RBP 6
#define RSP 7
#define R12 12

/* The code that the tables speak of: never run, nor read. */
#define CODE_BYTES 0x100

/* What a test may change about a common entry. */
struct common {
	uint8_t version;
	const char *augmentation;
	uint8_t data[16]; /* of the augmentation */
	uint8_t data_len;
};

static const struct common plain = {.version = 1, .augmentation = "zR", .data = {0}, .data_len = 1};

static _Alignas(8) uint8_t memory[2048]; /* the tables; the code begins behind them */
static size_t used;
static uint64_t stack[32];
static struct module module;
static struct cfi_registers registers;
static bool interrupted;

static void put(const void *bytes, size_t len)
{
	assert_true(used + len <= sizeof(memory));
	memcpy(memory + used, bytes, len);
	used += len;
}

static void put_number(uint64_t value, size_t len)
{
	put(&value, len); /* little-endian machines only */
}

static uintptr_t code(void)
{
	return (uintptr_t)memory + sizeof(memory);
}

static void end_entry(size_t start)
{
	uint32_t len;

	while (used % 4 != 0)
		put_number(0, 1); /* DW_CFA_nop */
	len = (uint32_t)(used - start - 4);
	memcpy(memory + start, &len, sizeof(len));
}

/* CFA is rsp + 8, the return address lies below it; code factor 2, data factor -8. */
static size_t put_common(const struct common *common)
{
	static const uint8_t first[] = {0x0c, RSP, 8, 0x90, 1};
	size_t start = used;

	put_number(0, 4);
	put_number(0, 4);
	put_number(common->version, 1);
	put(common->augmentation, strlen(common->augmentation) + 1);
	put_number(2, 1);
	put_number(0x78, 1);
	put_number(CFI_PC, 1);
	if (common->augmentation[0] == 'z') {
		put_number(common->data_len, 1);
		put(common->data, common->data_len);
	}
	put(first, sizeof(first));
	end_entry(start);
	return start;
}

/* The entry of [begin, end) of the code. */
static size_t put_entry(size_t common, uint64_t begin, uint64_t end, const uint8_t *instructions,
			size_t len)
{
	size_t start = used;

	put_number(0, 4);
	put_number(used - common, 4);
	put_number(code() + begin, 8);
	put_number(end - begin, 8);
	put_number(0, 1); /* no augmentation data */
	put(instructions, len);
	end_entry(start);
	return start;
}

/* Writes the sorted table in front of which the module's address of it points. */
static void put_table(const uint64_t *begins, const size_t *entries, uint32_t count)
{
	size_t start;

	while (used % 4 != 0)
		put_number(0, 1);
	start = used;
	put("\1\x1b\3\x3b", 4);
	put_number(0, 4); /* where .eh_frame is: nobody needs it */
	put_number(count, 4);
	for (uint32_t i = 0; i < count; i++) {
		put_number(code() + begins[i] - ((uintptr_t)memory + start), 4);
		put_number(entries[i] - start, 4);
	}
	module = (struct module){
		.map = module.map,
		.start = (uintptr_t)memory,
		.end = code() + CODE_BYTES,
		.eh_frame_header = (uintptr_t)memory + start,
	};
}

static void reset(void)
{
	memset(memory, 0, sizeof(memory));
	used = 0;
	interrupted = false;
	for (unsigned i = 0; i < 32; i++)
		stack[i] = 5000 + i;
	for (unsigned i = 0; i < CFI_REGISTERS; i++)
		registers.value[i] = 1000 + i;
	registers.value[RSP] = (uintptr_t)&stack[8];
	registers.value[RBP] = (uintptr_t)&stack[16];
}

static enum cfi_result memo_step_at(uint64_t offset)
{
	static struct cfi_memo_scratch scratch;
	struct peek peek;

	peek_init(&peek);
	return cfi_memo_step(&peek, &scratch, &module, code() + offset, &registers, &interrupted);
}

/* A step, and the same by a memo that is made and by one that is there. */
static enum cfi_result step_at(uint64_t offset)
{
	static struct cfi_scratch scratch;
	const struct cfi_registers before = registers;
	struct cfi_registers after;
	enum cfi_result result;
	struct peek peek;
	bool was_interrupted;

	peek_init(&peek);
	result = cfi_step(&peek, &scratch, &module, code() + offset, &registers, &interrupted);
	after = registers;
	was_interrupted = interrupted;
	module.map++; /* a file of which there is no memo */
	for (int i = 0; i < 2; i++) {
		registers = before;
		assert_int_equal(memo_step_at(offset), result);
		assert_memory_equal(&registers, &after, sizeof after);
		assert_int_equal(interrupted, was_interrupted);
	}
	return result;
}

/* One step at `offset` of a function of CODE_BYTES with these instructions. */
static enum cfi_result step(const struct common *common, const uint8_t *instructions, size_t len,
			    uint64_t offset)
{
	const uint64_t begin = 0;
	size_t entry;

	reset();
	entry = put_entry(put_common(common), 0, CODE_BYTES, instructions, len);
	put_table(&begin, &entry, 1);
	return step_at(offset);
}

#define STEP(offset, ...)                                                                          \
	step(&plain, (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), offset)

/* rsp and pc of the caller, as indices of `stack`: CFA, and the word that is the return address. */
static void expect_caller(unsigned cfa, unsigned pc)
{
	assert_int_equal(registers.value[RSP], (uintptr_t)&stack[cfa]);
	assert_int_equal(registers.value[CFI_PC], 5000 + pc);
}

/* Writes a function of `len` bytes whose CFA is at rsp + `cfa`. */
static void put_function(uint64_t len, uint8_t cfa)
{
	const uint8_t instructions[] = {0x0e, cfa}; /* DW_CFA_def_cfa_offset */
	const uint64_t begin = 0;
	size_t entry;

	reset();
	entry = put_entry(put_common(&plain), 0, len, instructions, sizeof instructions);
	put_table(&begin, &entry, 1);
}

static void a_memo_is_of_one_function(void **state)
{
	(void)state;
	put_function(CODE_BYTES, 16);
	module.map += 1000;
	assert_int_equal(memo_step_at(0), CFI_STEPPED);
	expect_caller(10, 9);
	/* The way to the entry is not gone again. */
	*(uint8_t *)module.eh_frame_header = 0;
	assert_int_equal(memo_step_at(0), CFI_STEPPED);
	expect_caller(12, 11); /* a step further */
	/* Another file where the first was, with a function of the same size. */
	put_function(CODE_BYTES, 24);
	assert_int_equal(memo_step_at(0), CFI_STEPPED);
	expect_caller(11, 10);
	put_function(CODE_BYTES, 16);
	assert_int_equal(memo_step_at(0), CFI_STEPPED);
	expect_caller(10, 9);
}

static void the_common_instructions_alone(void **state)
{
	(void)state;
	assert_int_equal(STEP(0, 0), CFI_STEPPED);
	expect_caller(9, 8);
	assert_false(interrupted);
	assert_int_equal(registers.value[RBX], 1000 + RBX);
}

static void locations(void **state)
{
	/* An advance, then DW_CFA_def_cfa_offset 16: in force from `at` on. */
	static const struct {
		uint8_t code[12];
		size_t len;
		uint64_t at;
	} cases[] = {
		{{0x42, 0x0e, 16}, 3, 4},	       /* advance_loc 2, times 2 */
		{{0x02, 3, 0x0e, 16}, 4, 6},	       /* advance_loc1 */
		{{0x03, 4, 0, 0x0e, 16}, 5, 8},	       /* advance_loc2 */
		{{0x04, 5, 0, 0, 0, 0x0e, 16}, 7, 10}, /* advance_loc4 */
		{{0x41, 0x00, 0x41, 0x0e, 16}, 5, 4},  /* twice, a nop between */
		{{0x42, 0x2e, 5, 0x0e, 16}, 5, 4},     /* GNU_args_size between */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(step(&plain, cases[i].code, cases[i].len, cases[i].at - 1),
				 CFI_STEPPED);
		expect_caller(9, 8);
		assert_int_equal(step(&plain, cases[i].code, cases[i].len, cases[i].at),
				 CFI_STEPPED);
		expect_caller(10, 9);
	}
}

static void set_loc_is_absolute(void **state)
{
	uint8_t instructions[11] = {0x01};
	uint64_t at = code() + 20;

	(void)state;
	memcpy(instructions + 1, &at, 8);
	instructions[9] = 0x0e;
	instructions[10] = 16;
	assert_int_equal(step(&plain, instructions, sizeof(instructions), 19), CFI_STEPPED);
	expect_caller(9, 8);
	assert_int_equal(step(&plain, instructions, sizeof(instructions), 20), CFI_STEPPED);
	expect_caller(10, 9);
}

static void the_frame_address(void **state)
{
	(void)state;
	assert_int_equal(STEP(0, 0x0c, RBP, 16), CFI_STEPPED); /* def_cfa */
	expect_caller(18, 17);
	assert_int_equal(STEP(0, 0x0d, RBP), CFI_STEPPED); /* def_cfa_register */
	expect_caller(17, 16);
	assert_int_equal(STEP(0, 0x12, RBP, 0x7d), CFI_STEPPED); /* def_cfa_sf -3, times -8 */
	expect_caller(19, 18);
	assert_int_equal(STEP(0, 0x13, 0x7e), CFI_STEPPED); /* def_cfa_offset_sf -2 */
	expect_caller(10, 9);
	/* def_cfa_expression: breg7 16 */
	assert_int_equal(STEP(0, 0x0f, 2, 0x77, 16), CFI_STEPPED);
	expect_caller(10, 9);
	/* an expression is replaced by a register */
	assert_int_equal(STEP(0, 0x0f, 2, 0x77, 16, 0x0c, RBP, 16), CFI_STEPPED);
	expect_caller(18, 17);
	/* of a register that there is none of, and a bad expression */
	assert_int_equal(STEP(0, 0x0c, CFI_REGISTERS, 8), CFI_UNKNOWN);
	assert_int_equal(STEP(0, 0x0f, 1, 0xff), CFI_UNKNOWN);
	assert_int_equal(STEP(0, 0x0f, 1, 0x96), CFI_UNKNOWN); /* nothing is pushed beforehand */
}

static void registers_by_rule(void **state)
{
	static const struct {
		uint8_t code[12];
		size_t len;
		uint64_t value; /* of rbx; the CFA is &stack[9] */
	} cases[] = {
		{{0x83, 2}, 2, 5007},			/* offset: at CFA - 16 */
		{{0x05, RBX, 3}, 3, 5006},		/* offset_extended */
		{{0x11, RBX, 0x7f}, 3, 5010},		/* offset_extended_sf -1 */
		{{0x83, 2, 0x07, RBX}, 4, 0},		/* undefined */
		{{0x83, 2, 0x08, RBX}, 4, 1000 + RBX},	/* same_value */
		{{0x09, RBX, R12}, 3, 1000 + R12},	/* register */
		{{0x10, RBX, 2, 0x77, 8}, 5, 5009},	/* expression: at rsp + 8 */
		{{0x10, RBX, 1, 0x96}, 4, 5009},	/* expression: nop, at the CFA */
		{{0x16, RBX, 1, 0x33}, 4, 3},		/* val_expression: lit3 */
		{{0x83, 2, 0xc3}, 3, 1000 + RBX},	/* restore: as in the common entry */
		{{0x83, 2, 0x06, RBX}, 4, 1000 + RBX},	/* restore_extended */
		{{0x0a, 0x83, 2, 0x0b}, 4, 1000 + RBX}, /* remember_state, restore_state */
		{{0x83, 2, 0x0a, 0x83, 3, 0x0b}, 6, 5007},
		{{0xb1, 2, 0x83, 2}, 4, 5007}, /* a vector register's rule is passed over */
		{{0xd1, 0x83, 2}, 3, 5007},    /* its restoration too */
		{{0x83, 2, 0x2d}, 3, 5007},    /* AArch64's signature: nothing here */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (step(&plain, cases[i].code, cases[i].len, 0) != CFI_STEPPED ||
		    registers.value[RBX] != cases[i].value)
			fail_msg("case %zu: %lu", i, registers.value[RBX]);
		expect_caller(9, 8);
	}
	assert_int_equal(STEP(0, 0x14, RBX, 2), CFI_STEPPED); /* val_offset */
	assert_int_equal(registers.value[RBX], (uintptr_t)&stack[7]);
	assert_int_equal(STEP(0, 0x15, RBX, 0x7e), CFI_STEPPED); /* val_offset_sf */
	assert_int_equal(registers.value[RBX], (uintptr_t)&stack[11]);
}

static void the_outermost_frame(void **state)
{
	(void)state;
	assert_int_equal(STEP(0, 0x07, CFI_PC), CFI_OUTERMOST);
	assert_int_equal(STEP(0, 0x16, CFI_PC, 1, 0x30), CFI_OUTERMOST); /* its pc is 0 */
}

static void instructions_that_make_no_sense(void **state)
{
	static const struct {
		uint8_t code[12];
		size_t len;
	} cases[] = {
		{{0x3f}, 1},			     /* unknown */
		{{0x0b}, 1},			     /* nothing was remembered */
		{{0x0a, 0x0a, 0x0a, 0x0a, 0x0a}, 5}, /* one more than there is room for */
		{{0x09, RBX, CFI_REGISTERS}, 3},     /* in a register that there is none of */
		{{0x16, RBX, 0x7f}, 3},		     /* an expression behind the entry's end */
		{{0x04, 1, 0}, 3},		     /* cut */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (step(&plain, cases[i].code, cases[i].len, 0x80) != CFI_UNKNOWN)
			fail_msg("case %zu", i);
	assert_int_equal(STEP(0, 0x0a, 0x0a, 0x0a, 0x0a), CFI_STEPPED);
	/* saved where nothing can be read */
	assert_int_equal(STEP(0, 0x10, RBX, 1, 0x31), CFI_UNKNOWN);
}

static void augmentations(void **state)
{
	const struct common signal = {1, "zRS", {0}, 1};
	/* a personality of 4 bytes, pc-relative, and the encoding of a language's data */
	const struct common personality = {1, "zPLR", {0x1b, 1, 2, 3, 4, 0x1b, 0}, 7};
	const struct common newer = {3, "zR", {0}, 1};
	const struct common none = {1, "", {0}, 0};
	const struct common unknown = {1, "zX", {9, 9}, 2};
	const struct common older = {1, "eh", {0}, 0};
	const struct common future = {4, "zR", {0}, 1};
	const uint8_t nop = 0;

	(void)state;
	assert_int_equal(step(&signal, &nop, 1, 0), CFI_STEPPED);
	assert_true(interrupted);
	assert_int_equal(step(&personality, &nop, 1, 0), CFI_STEPPED);
	expect_caller(9, 8);
	assert_false(interrupted);
	assert_int_equal(step(&newer, &nop, 1, 0), CFI_STEPPED);
	expect_caller(9, 8);
	assert_int_equal(step(&unknown, &nop, 1, 0), CFI_STEPPED);
	expect_caller(9, 8);
	/* without an augmentation the entry has no length of its data: our 0 is a nop */
	assert_int_equal(step(&none, &nop, 1, 0), CFI_STEPPED);
	expect_caller(9, 8);
	assert_int_equal(step(&older, &nop, 1, 0), CFI_UNKNOWN);
	assert_int_equal(step(&future, &nop, 1, 0), CFI_UNKNOWN);
}

static void the_entry_of_an_address(void **state)
{
	const uint64_t begins[3] = {0x10, 0x20, 0x40};
	const uint64_t ends[3] = {0x20, 0x30, 0x50};
	size_t common, entries[3];

	(void)state;
	reset();
	common = put_common(&plain);
	for (uint8_t i = 0; i < 3; i++) {
		const uint8_t instructions[2] = {0x0e, (uint8_t)(16 + 8 * i)};

		entries[i] = put_entry(common, begins[i], ends[i], instructions, 2);
	}
	put_table(begins, entries, 3);
	for (uint64_t at = 0; at < 0x60; at++) {
		bool covered = (at >= 0x10 && at < 0x30) || (at >= 0x40 && at < 0x50);
		unsigned which = at < 0x20 ? 0 : at < 0x40 ? 1 : 2;

		registers.value[RSP] = (uintptr_t)&stack[8];
		assert_int_equal(step_at(at), covered ? CFI_STEPPED : CFI_UNKNOWN);
		if (covered)
			expect_caller(10 + which, 9 + which);
	}
}

static void tables_that_make_no_sense(void **state)
{
	static const uint8_t nop = 0;
	uint8_t *header;

	(void)state;
	for (unsigned i = 0; i < 4; i++) { /* version and encodings */
		(void)step(&plain, &nop, 1, 0);
		header = (uint8_t *)module.eh_frame_header;
		header[i] ^= i == 1 ? 0xff : 0x42;
		assert_int_equal(step_at(0), CFI_UNKNOWN);
	}
	(void)step(&plain, &nop, 1, 0);
	memset((uint8_t *)module.eh_frame_header + 8, 0, 4); /* no entries */
	assert_int_equal(step_at(0), CFI_UNKNOWN);
	(void)step(&plain, &nop, 1, 0);
	memset((uint8_t *)module.eh_frame_header + 8, 0xff, 4); /* more than fit */
	assert_int_equal(step_at(0), CFI_UNKNOWN);
	(void)step(&plain, &nop, 1, 0);
	module.end = module.eh_frame_header + 12; /* the module ends before the table */
	assert_int_equal(step_at(0), CFI_UNKNOWN);
	(void)step(&plain, &nop, 1, 0);
	module.end = module.eh_frame_header + 12 + 8; /* behind its only pair */
	registers.value[RSP] = (uintptr_t)&stack[8];
	assert_int_equal(step_at(0), CFI_STEPPED);
	module.end--;
	assert_int_equal(step_at(0), CFI_UNKNOWN);
	(void)step(&plain, &nop, 1, 0);
	module.eh_frame_header = 0;
	assert_int_equal(step_at(0), CFI_UNKNOWN);
	/* lengths of entries: none, and 64 bits wide */
	(void)step(&plain, &nop, 1, 0);
	memset(memory, 0, 4);
	assert_int_equal(step_at(0), CFI_UNKNOWN);
	(void)step(&plain, &nop, 1, 0);
	memset(memory, 0xff, 4);
	assert_int_equal(step_at(0), CFI_UNKNOWN);
	/* a common entry whose place is not that of one: its id is not 0 */
	(void)step(&plain, &nop, 1, 0);
	memory[4] = 1;
	assert_int_equal(step_at(0), CFI_UNKNOWN);
	/* its return address in a register that there is none of */
	(void)step(&plain, &nop, 1, 0);
	memory[14] = CFI_REGISTERS;
	assert_int_equal(step_at(0), CFI_UNKNOWN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_memo_is_of_one_function),
		cmocka_unit_test(the_common_instructions_alone),
		cmocka_unit_test(locations),
		cmocka_unit_test(set_loc_is_absolute),
		cmocka_unit_test(the_frame_address),
		cmocka_unit_test(registers_by_rule),
		cmocka_unit_test(the_outermost_frame),
		cmocka_unit_test(instructions_that_make_no_sense),
		cmocka_unit_test(augmentations),
		cmocka_unit_test(the_entry_of_an_address),
		cmocka_unit_test(tables_that_make_no_sense),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void)
{
	return 77; /* the registers' numbers are x86_64's */
}

#endif
