/* SPDX-License-Identifier: MIT */
/*
 * A Python of a version that nobody knows: what names one, and no interpreter.  Copied to a name
 * that begins with "libpython" before it is opened.
 */
extern long PyCode_Type[64];
extern const unsigned long Py_Version;

long PyCode_Type[64];
const unsigned long Py_Version = 0x0a0a0000;
