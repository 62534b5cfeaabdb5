/* SPDX-License-Identifier: MIT */
/*
 * What a finding says of this process and of its end of a connection: asks the kernel.  `forksan
 * attach`, which reports for other processes, has another self.c.
 */
#include "process/process.h"

#include <sys/prctl.h>

#include "base/sys.h"

void process_name(char comm[16])
{
	sys_call(SYS_prctl, PR_GET_NAME, (long)(uintptr_t)comm, 0, 0, 0, 0);
}

pid_t process_parent_pid(void)
{
	return (pid_t)sys_getppid();
}

socklen_t process_local_address(int fd, struct sockaddr_storage *address)
{
	uint32_t len = sizeof *address;

	return sys_getsockname(fd, address, &len) == 0 ? len : 0;
}
