/* SPDX-License-Identifier: MIT */
/*
 * Runs a conversation through wire_parse() and writes down what it says, one mark an event, so
 * that a test can compare it with what is meant and with every other way of cutting the bytes.
 *
 *   name+   a request that opens an exchange      name=   that joins the last one
 *   name-   that gets no reply                    !  ?    it says goodbye, surely or likely
 *   .       a whole reply                         n       a whole notice
 *   ~       a confirmation retires a subscription LOST
 */
#ifndef FORKSAN_TESTS_WIRE_TALKING_H
#define FORKSAN_TESTS_WIRE_TALKING_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/parse.h"

#define TALKING_QUEUE 64
#define TALKING_MARKS 4096

struct talking {
	struct wire_parser parser;
	struct wire_request queue[TALKING_QUEUE];
	size_t waiting;
	bool lost;
	char marks[TALKING_MARKS];
	size_t marks_len;
};

static inline void talking_mark(struct talking *t, const char *text)
{
	size_t len = strlen(text);

	if (t->marks_len + len + 2 > sizeof t->marks)
		return;
	memcpy(t->marks + t->marks_len, text, len + 1);
	t->marks_len += len;
}

static inline void talking_pop(struct talking *t)
{
	if (t->waiting == 0)
		return;
	t->waiting--;
	memmove(t->queue, t->queue + 1, t->waiting * sizeof t->queue[0]);
}

static inline void talking_identified(struct talking *t, const struct wire_event *e)
{
	static const char *const exchanges[] = {"-", "+", "="};
	const char *name = wire_message_name(e->protocol, WIRE_CLIENT, e->code);
	char code[16];

	if (name == NULL)
		snprintf(code, sizeof code, "#%x", e->code);
	talking_mark(t, name != NULL ? name : code);
	talking_mark(t, exchanges[e->exchange]);
	if (e->goodbye != WIRE_NO_GOODBYE)
		talking_mark(t, e->goodbye == WIRE_GOODBYE ? "!" : "?");
	talking_mark(t, " ");
	if (e->exchange == WIRE_OPENS && t->waiting < TALKING_QUEUE)
		t->queue[t->waiting++] = e->request;
}

static inline void talking_event(struct talking *t, const struct wire_event *e)
{
	switch (e->kind) {
	case WIRE_NOTHING:
		break;
	case WIRE_LOST:
		talking_mark(t, "LOST ");
		t->lost = true;
		break;
	case WIRE_REQUEST:
		if (e->identified)
			talking_identified(t, e);
		break;
	case WIRE_REPLY:
		while (e->skips_no_reply && t->waiting > 0 && t->queue[0].no_reply)
			talking_pop(t);
		if (e->ends && t->waiting > 0) {
			talking_mark(t, ". ");
			talking_pop(t);
		}
		break;
	case WIRE_NOTICE:
		if (e->ends)
			talking_mark(t, "n ");
		if (!e->retires)
			break;
		talking_mark(t, "~ ");
		talking_pop(t);
		break;
	}
}

/* One write or read.  The bytes are copied to a block of their own for the sanitizers. */
static inline void talking_feed(struct talking *t, enum wire_direction direction,
				const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len > 0 ? len : 1);
	size_t at = 0;

	if (copy == NULL)
		abort();
	memcpy(copy, bytes, len);
	while (at < len && !t->lost) {
		struct wire_event e;
		size_t used = wire_parse(&t->parser, direction, copy + at, len - at,
					 t->waiting > 0 ? &t->queue[0] : NULL, &e);

		if (used == 0 || used > len - at)
			abort();
		at += used;
		talking_event(t, &e);
	}
	free(copy);
}

#endif
