<?php
// SPDX-License-Identifier: MIT
// Included by frames.php.
\App\connect('include');
