# SPDX-License-Identifier: MIT
workers 2
threads 1, 3
preload_app!
