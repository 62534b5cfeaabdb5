/* SPDX-License-Identifier: MIT */
/*
 * shim/entry/copy.c: bytes that move inside the kernel are a use like any other.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include "harness.h"

static int file_with_request(void)
{
	int file = memfd_create("request", MFD_CLOEXEC);

	require(raw_write(file, REQUEST, REQUEST_BYTES) == REQUEST_BYTES);
	return file;
}

static void by_sendfile(int fd)
{
	off_t offset = 0;

	require(sendfile(fd, file_with_request(), &offset, 100) == REQUEST_BYTES);
	require(offset == REQUEST_BYTES);
	raw_receive_reply(fd);
}

static void by_sendfile64(int fd)
{
	off64_t offset = 0;

	require(sendfile64(fd, file_with_request(), &offset, 100) == REQUEST_BYTES);
	require(offset == REQUEST_BYTES);
	raw_receive_reply(fd);
}

static void by_splice_into(int fd)
{
	int ends[2];

	require(pipe(ends) == 0);
	require(raw_write(ends[1], REQUEST, REQUEST_BYTES) == REQUEST_BYTES);
	require(splice(ends[0], NULL, fd, NULL, 100, 0) == REQUEST_BYTES);
	raw_receive_reply(fd);
}

static void by_splice_from(int fd)
{
	char reply[REPLY_BYTES];
	int ends[2];

	require(pipe(ends) == 0);
	raw_send_request(fd);
	require(splice(fd, NULL, ends[1], NULL, 100, 0) == REPLY_BYTES);
	require(raw_read(ends[0], reply, sizeof(reply)) == REPLY_BYTES);
	require(memcmp(reply, REPLY, REPLY_BYTES) == 0);
}

static void run_sendfile(void)
{
	siblings_use(by_sendfile);
}

static void run_sendfile64(void)
{
	siblings_use(by_sendfile64);
}

static void run_splice_into(void)
{
	siblings_use(by_splice_into);
}

static void run_splice_from(void)
{
	siblings_use(by_splice_from);
}

static const struct entry_case cases[] = {
	{.entry = "sendfile", .name = "is a use", .run = run_sendfile, .check = expect_shared_use},
	{.entry = "sendfile64",
	 .name = "is a use",
	 .run = run_sendfile64,
	 .check = expect_shared_use,
	 .operation = "sendfile"},
	{.entry = "splice",
	 .name = "into a connection is a use",
	 .run = run_splice_into,
	 .check = expect_shared_use},
	{.entry = "splice",
	 .name = "out of a connection is a use",
	 .run = run_splice_from,
	 .check = expect_shared_use},
};

int main(int argc, char **argv)
{
	return entry_main(argc, argv, cases, sizeof(cases) / sizeof(cases[0]));
}
