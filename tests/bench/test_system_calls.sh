#!/bin/sh
# SPDX-License-Identifier: MIT
# No more system calls of ours than the limits allow.
command -v strace >/dev/null || { echo "strace is not installed"; exit 77; }
exec "$(dirname "$0")/system_calls.sh"
