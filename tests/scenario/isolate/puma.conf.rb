# SPDX-License-Identifier: MIT
workers 2
threads 1, 1
preload_app!
