/* SPDX-License-Identifier: MIT */
/* The small languages of call frame information: numbers (cfi_cursor.h) and expressions
 * (cfi_expression.h).  Whole steps are compared with libunwind in test_stack_native.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#include "stack/cfi_cursor.h"
#include "stack/cfi_expression.h"

static struct cfi_cursor over(const uint8_t *bytes, size_t len)
{
	return (struct cfi_cursor){.at = bytes, .end = bytes + len};
}

/* DWARF 5, figures C.1 and C.2 of section 7.6. */
static void numbers_of_variable_length(void **state)
{
	static const struct {
		uint8_t bytes[10];
		size_t len;
		uint64_t value;
	} unsigned_ones[] = {
		{{2}, 1, 2},
		{{127}, 1, 127},
		{{0x80, 1}, 2, 128},
		{{57 + 0x80, 100}, 2, 12857},
		{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, 10, UINT64_MAX},
	};
	static const struct {
		uint8_t bytes[10];
		size_t len;
		int64_t value;
	} signed_ones[] = {
		{{2}, 1, 2},
		{{0x7e}, 1, -2},
		{{127 + 0x80, 0}, 2, 127},
		{{1 + 0x80, 0x7f}, 2, -127},
		{{0x80, 1}, 2, 128},
		{{0x80, 0x7f}, 2, -128},
		{{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f}, 10, INT64_MIN},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(unsigned_ones) / sizeof(unsigned_ones[0]); i++) {
		struct cfi_cursor cursor = over(unsigned_ones[i].bytes, unsigned_ones[i].len);

		assert_int_equal(cfi_read_uleb(&cursor), unsigned_ones[i].value);
		assert_false(cursor.bad);
		assert_ptr_equal(cursor.at, cursor.end);
	}
	for (size_t i = 0; i < sizeof(signed_ones) / sizeof(signed_ones[0]); i++) {
		struct cfi_cursor cursor = over(signed_ones[i].bytes, signed_ones[i].len);

		assert_int_equal(cfi_read_sleb(&cursor), signed_ones[i].value);
		assert_false(cursor.bad);
	}
}

static void numbers_that_are_cut_are_bad(void **state)
{
	static const uint8_t bytes[12] = {0x80, 0x80, 0x80, 0x80, 0x80, 0x80,
					  0x80, 0x80, 0x80, 0x80, 0x80, 0x80};
	struct cfi_cursor cursor = over(bytes, 3);

	(void)state;
	assert_int_equal(cfi_read_uleb(&cursor), 0);
	assert_true(cursor.bad);
	cursor = over(bytes, 12);
	(void)cfi_read_sleb(&cursor);
	assert_true(cursor.bad);
	cursor = over(bytes, 3);
	assert_int_equal(cfi_read_fixed(&cursor, 4), 0);
	assert_true(cursor.bad);
}

static void passing_over_stays_within_the_bytes(void **state)
{
	static const uint8_t bytes[4] = {1, 2, 3, 4};
	struct cfi_cursor cursor = over(bytes, 4);

	(void)state;
	cfi_skip(&cursor, 3);
	assert_int_equal(cfi_read_fixed(&cursor, 1), 4);
	assert_false(cursor.bad);
	cfi_skip(&cursor, 0);
	assert_false(cursor.bad);
	cursor = over(bytes, 4);
	cfi_skip(&cursor, 4);
	assert_false(cursor.bad);
	assert_ptr_equal(cursor.at, cursor.end);
	cursor = over(bytes, 4);
	cfi_skip(&cursor, 5);
	assert_true(cursor.bad);
	cursor = over(bytes, 4);
	cfi_skip(&cursor, UINT64_MAX);
	assert_true(cursor.bad);
}

static const uint64_t in_memory = UINT64_C(0x1122334455667788);

/* Register n holds 1000 + n, but for number 5, which holds the address of in_memory. */
static bool evaluate(const uint8_t *code, size_t len, uint64_t *out)
{
	uint8_t block[32];
	struct cfi_registers registers;
	struct peek peek;

	assert_true(len < sizeof(block) - 10);
	memset(block, 0, sizeof(block));
	block[0] = (uint8_t)len;
	memcpy(block + 1, code, len);
	for (unsigned i = 0; i < CFI_REGISTERS; i++)
		registers.value[i] = 1000 + i;
	registers.value[5] = (uintptr_t)&in_memory;
	peek_init(&peek);
	return cfi_evaluate(&peek, (uintptr_t)block, &registers, true, 77, out);
}

static void expressions_have_their_values(void **state)
{
	/* 77 is on the stack at the start; operations of DWARF 5 table 7.9 */
	static const struct {
		uint8_t code[20];
		size_t len;
		uint64_t value;
	} cases[] = {
		{{0x96}, 1, 77},						   /* nop */
		{{0x33}, 1, 3},							   /* lit3 */
		{{0x08, 200}, 2, 200},						   /* const1u */
		{{0x09, 0xff}, 2, UINT64_MAX},					   /* const1s */
		{{0x0a, 1, 2}, 3, 0x201},					   /* const2u */
		{{0x0b, 0xfe, 0xff}, 3, UINT64_MAX - 1},			   /* const2s */
		{{0x0c, 1, 2, 3, 4}, 5, 0x4030201},				   /* const4u */
		{{0x0d, 0xfd, 0xff, 0xff, 0xff}, 5, UINT64_MAX - 2},		   /* const4s */
		{{0x0e, 1, 0, 0, 0, 0, 0, 0, 2}, 9, UINT64_C(0x0200000000000001)}, /* const8u */
		{{0x10, 0x80, 1}, 3, 128},					   /* constu */
		{{0x11, 0x7e}, 2, UINT64_MAX - 1},				   /* consts */
		{{0x12, 0x22}, 2, 154},						   /* dup plus */
		{{0x31, 0x13}, 2, 77},						   /* lit1 drop */
		{{0x31, 0x14}, 2, 77},						   /* lit1 over */
		{{0x31, 0x32, 0x15, 2}, 4, 77},		      /* lit1 lit2 pick 2 */
		{{0x31, 0x16}, 2, 77},			      /* lit1 swap */
		{{0x3f, 0x1a}, 2, 77 & 15},		      /* lit15 and */
		{{0x37, 0x1c}, 2, 70},			      /* lit7 minus */
		{{0x32, 0x1e}, 2, 154},			      /* lit2 mul */
		{{0x1f}, 1, (uint64_t)-77},		      /* neg */
		{{0x20}, 1, ~UINT64_C(77)},		      /* not */
		{{0x32, 0x21}, 2, 77 | 2},		      /* lit2 or */
		{{0x33, 0x22}, 2, 80},			      /* lit3 plus */
		{{0x23, 0x85, 0x01}, 3, 77 + 133},	      /* plus_uconst */
		{{0x33, 0x24}, 2, 77 << 3},		      /* lit3 shl */
		{{0x33, 0x25}, 2, 77 >> 3},		      /* lit3 shr */
		{{0x09, 0x80, 0x31, 0x26}, 4, (uint64_t)-64}, /* const1s -128 lit1 shra */
		{{0x37, 0x27}, 2, 77 ^ 7},		      /* lit7 xor */
		{{0x37, 0x2a}, 2, 1},			      /* lit7 ge */
		{{0x37, 0x2b}, 2, 1},			      /* gt */
		{{0x37, 0x2c}, 2, 0},			      /* le */
		{{0x37, 0x2d}, 2, 0},			      /* lt */
		{{0x37, 0x29}, 2, 0},			      /* eq */
		{{0x37, 0x2e}, 2, 1},			      /* ne */
		{{0x31, 0x28, 1, 0, 0x32, 0x33}, 6, 3},	      /* lit1 bra +1: passes over lit2 */
		{{0x30, 0x28, 1, 0, 0x96, 0x34}, 6, 4},	      /* lit0 bra: goes on */
		{{0x2f, 1, 0, 0x32}, 4, 77},		      /* skip +1 */
		{{0x57}, 1, 1007},			      /* reg7 */
		{{0x77, 0x7c}, 2, 1003},		      /* breg7 -4 */
		{{0x90, 0x08}, 2, 1008},		      /* regx 8 */
		{{0x92, 0x08, 0x02}, 3, 1010},		      /* bregx 8 +2 */
		{{0x75, 0, 0x06}, 3, UINT64_C(0x1122334455667788)},    /* breg5 0 deref */
		{{0x33, 0x33, 0x2b}, 3, 0},			       /* of equals: gt */
		{{0x33, 0x33, 0x2d}, 3, 0},			       /* lt */
		{{0x33, 0x33, 0x2a}, 3, 1},			       /* ge */
		{{0x33, 0x33, 0x2c}, 3, 1},			       /* le */
		{{0x30}, 1, 0},					       /* lit0 */
		{{0x4f}, 1, 31},				       /* lit31 */
		{{0x2f, 2, 0, 0x32, 0x33}, 5, 77},		       /* skip to the very end */
		{{0x75, 0, 0x94, 8}, 4, UINT64_C(0x1122334455667788)}, /* deref_size 8 */
		{{0x75, 2, 0x94, 2}, 4, 0x5566},		       /* breg5 2 deref_size 2 */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value = 0;

		if (!evaluate(cases[i].code, cases[i].len, &value))
			fail_msg("case %zu", i);
		if (value != cases[i].value)
			fail_msg("case %zu: %lx, not %lx", i, value, cases[i].value);
	}
}

static void expressions_that_make_no_sense_have_none(void **state)
{
	static const struct {
		uint8_t code[20];
		size_t len;
	} cases[] = {
		{{0x13, 0x13}, 2},	 /* drop drop: the stack is empty */
		{{0x22}, 1},		 /* plus of one */
		{{0x15, 1}, 2},		 /* pick what is not there */
		{{0x06}, 1},		 /* deref 77 */
		{{0x75, 0, 0x94, 9}, 4}, /* deref of 9 bytes */
		{{0x75, 0, 0x94, 0}, 4}, /* of none */
		{{0x2f, 0xfd, 0xff}, 3}, /* skip to itself, for ever */
		{{0x2f, 0x00, 0x80}, 3}, /* skip far before the beginning */
		{{0x2f, 0xff, 0x7f}, 3}, /* and far behind the end */
		{{0x0c, 1}, 2},		 /* const4u that is cut */
		{{0x6f, 0x90, 0x7f}, 3}, /* a register that there is none of */
		{{0x97}, 1},		 /* push_object_address: not here */
		{{0xff}, 1},
		{{0x13}, 1},		       /* nothing is left at the end */
		{{0x12, 0x2f, 0xfc, 0xff}, 4}, /* the stack grows for ever */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t value;

		if (evaluate(cases[i].code, cases[i].len, &value))
			fail_msg("case %zu", i);
	}
}

static void an_expression_that_is_not_there_has_no_value(void **state)
{
	struct cfi_registers registers = {{0}};
	struct peek peek;
	uint64_t value;

	(void)state;
	peek_init(&peek);
	assert_false(cfi_evaluate(&peek, 0, &registers, false, 0, &value));
	assert_false(cfi_evaluate(&peek, 8, &registers, false, 0, &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_of_variable_length),
		cmocka_unit_test(numbers_that_are_cut_are_bad),
		cmocka_unit_test(passing_over_stays_within_the_bytes),
		cmocka_unit_test(expressions_have_their_values),
		cmocka_unit_test(expressions_that_make_no_sense_have_none),
		cmocka_unit_test(an_expression_that_is_not_there_has_no_value),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
