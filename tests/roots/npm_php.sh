#!/bin/sh
# SPDX-License-Identifier: MIT
# Brings PHP 8.3, which no Debian release has, into the directory $1: the npm registry has builds for Amazon Linux 2
# (glibc 2.26), with the libraries that they need.  40 MB, unpacked 160 MB.  $1/php is its command line.
set -eu

work=$1.new
rm -rf "$work"
mkdir -p "$work"
cd "$work"
npm pack --silent @libphp/amazon-linux-2-v83@0.0.14 >/dev/null
tar xzf ./*.tgz
rm ./*.tgz
cd - >/dev/null
rm -rf "$1"
mv "$work" "$1"
native=$(realpath "$1")/package/native
extensions=$(printf ' -d extension=%s' pdo pdo_pgsql mysqlnd mysqli ffi)
# It lacks ext/posix.
cat >"$1/posix.php" <<'END'
<?php function posix_kill($pid, $signal) { return FFI::cdef("int kill(int, int);")->kill($pid, $signal) == 0; }
END
cat >"$1/php" <<END
#!/bin/sh
LD_LIBRARY_PATH=$native/lib exec $native/php/php -n -d extension_dir=$native/php/modules \\
	-d zend_extension=opcache$extensions -d ffi.enable=1 -d auto_prepend_file=$(realpath "$1")/posix.php "\$@"
END
chmod 755 "$1/php"
