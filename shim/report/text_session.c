/* SPDX-License-Identifier: MIT */
/*
 * Records about the session as text: the beginning, blind spots, and the summary.
 */
#include "report/render.h"

#include <string.h>

#include "options/options.h"
#include "registry/registry.h"
#include "report/block.h"
#include "report/suppress.h"
#include "common/names.h"
#include "wire/wire.h"

size_t report_text_session(char *bytes, size_t size, const struct registry *registry,
			   const struct report_writer *writer)
{
	struct block block;

	(void)registry;
	block_init(&block, bytes, size, writer->pid);
	block_begin_line(&block);
	text_put_string(&block.text, "forksan " FORKSAN_VERSION ": session ");
	text_put_string(&block.text, writer->session);
	text_put_string(&block.text, ", mode ");
	text_put_string(&block.text, options_mode_name());
	block_end_line(&block);
	return block.text.len;
}

size_t report_text_blind(char *bytes, size_t size, const struct registry *registry,
			 const struct report_writer *writer)
{
	struct block block;

	(void)registry;
	block_init(&block, bytes, size, writer->pid);
	block_begin_line(&block);
	text_put_string(&block.text,
			counter_is_loss(writer->blind) ? "forksan: not seen, by " : "forksan: by ");
	text_put_int(&block.text, writer->pid);
	text_put_string(&block.text, " (");
	text_put_escaped(&block.text, writer->comm, strnlen(writer->comm, sizeof(writer->comm)));
	text_put_string(&block.text, "): ");
	text_put_string(&block.text, counter_sentence(writer->blind));
	if (writer->detail) {
		text_put_string(&block.text, ": ");
		text_put_escaped(&block.text, writer->detail, strlen(writer->detail));
	}
	block_end_line(&block);
	return block.text.len;
}

/* "  findings of level hazard: 1", "  not seen: stacks not kept: the table was full (lost_stacks
 * 1)": the sentences are about many, and the number is often 1. */
static void put_count(struct block *block, const struct registry *registry,
		      enum registry_counter counter)
{
	uint64_t count = load_relaxed(&registry->header.counters[counter]);

	if (count == 0)
		return;
	block_begin_line(block);
	text_put_string(&block->text, counter_is_loss(counter) ? "  not seen: " : "  ");
	text_put_string(&block->text, counter_sentence(counter));
	if (counter_is_loss(counter)) {
		text_put_string(&block->text, " (");
		text_put_string(&block->text, counter_name(counter));
		text_put_char(&block->text, ' ');
		text_put_uint(&block->text, count);
		text_put_char(&block->text, ')');
	} else {
		text_put_string(&block->text, ": ");
		text_put_uint(&block->text, count);
	}
	block_end_line(block);
}

/* "  not watched: 2 connections to 10.0.0.5:9999, unknown" */
static void put_unwatched(struct block *block, const struct registry *registry)
{
	char peer[FORKSAN_PEER_TEXT_BYTES];

	for (size_t i = 0; i < FORKSAN_UNWATCHED_PEERS; i++) {
		enum protocol protocol;
		uint64_t connections = registry_unwatched(registry, i, &protocol, peer);

		if (connections == 0)
			continue;
		block_begin_line(block);
		text_put_string(&block->text, "  not watched: ");
		text_put_uint(&block->text, connections);
		text_put_string(&block->text,
				connections == 1 ? " connection to " : " connections to ");
		text_put_escaped(&block->text, peer, strlen(peer));
		text_put_string(&block->text, ", ");
		text_put_string(&block->text, wire_protocol_name(protocol));
		block_end_line(block);
	}
}

/* "  suppression never used: known.supp:12: function:f" */
static void put_unused(struct block *block)
{
	unsigned at = 0, line;
	const char *entry;

	while ((entry = suppress_unused(&at, &line)) != NULL) {
		block_begin_line(block);
		text_put_string(&block->text, "  suppression never used: ");
		text_put_escaped(&block->text, options.suppressions, strlen(options.suppressions));
		text_put_char(&block->text, ':');
		text_put_uint(&block->text, line);
		text_put_string(&block->text, ": ");
		text_put_escaped(&block->text, entry, strlen(entry));
		block_end_line(block);
	}
}

size_t report_text_summary(char *bytes, size_t size, const struct registry *registry,
			   const struct report_writer *writer)
{
	struct block block;

	block_init(&block, bytes, size, writer->pid);
	block_begin_line(&block);
	text_put_string(&block.text, "forksan: summary of session ");
	text_put_string(&block.text, writer->session);
	block_end_line(&block);
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		put_count(&block, registry, (enum registry_counter)i);
	put_unwatched(&block, registry);
	put_unused(&block);
	return block.text.len;
}
