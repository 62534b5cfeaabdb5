/* SPDX-License-Identifier: MIT */
/* See call_name.h. */
#include "watcher/call_name.h"

#include <sys/syscall.h>

enum operation call_operation(int32_t number, bool writes)
{
	switch (number) {
	case SYS_read:
		return OPERATION_read;
	case SYS_write:
		return OPERATION_write;
	case SYS_readv:
		return OPERATION_readv;
	case SYS_writev:
		return OPERATION_writev;
	case SYS_sendmsg:
		return OPERATION_sendmsg;
	case SYS_recvmsg:
		return OPERATION_recvmsg;
	case SYS_sendmmsg:
		return OPERATION_sendmmsg;
	case SYS_recvmmsg:
		return OPERATION_recvmmsg;
	case SYS_sendfile:
		return OPERATION_sendfile;
	case SYS_splice:
		return OPERATION_splice;
	default:
		return writes ? OPERATION_send : OPERATION_recv;
	}
}
