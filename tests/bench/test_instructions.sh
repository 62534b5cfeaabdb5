#!/bin/sh
# SPDX-License-Identifier: MIT
# The design's limits in instructions per call hold.
command -v valgrind >/dev/null || { echo "valgrind is not installed"; exit 77; }
exec "$(dirname "$0")/instructions.sh"
