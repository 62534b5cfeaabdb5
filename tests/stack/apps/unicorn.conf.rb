# SPDX-License-Identifier: MIT
preload_app true
worker_processes 2
