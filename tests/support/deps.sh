#!/bin/sh
# SPDX-License-Identifier: MIT
# Installs the Debian packages that building, the demo or the tests need, and only those missing.
#
#   deps.sh [build|demo|test]      each group includes those before it; default: test
#
# With nothing missing it is one dpkg-query.  Services that the packages bring are never started:
# where no policy-rc.d exists, one that refuses stands there while apt-get runs.
# Exit status: 0 all there, 1 something is missing and could not be installed.
set -eu

# group, package, reason
packages() {
	cat <<'TABLE'
build gcc               the compiler
build make              runs everything
build libc6-dev         headers of libc
build libjansson-dev    the tool reads logs with it
build libdw-dev         the tool names source lines with it
build libelf-dev        symbol tables
build zlib1g-dev        packed logs
build libzstd-dev       packed logs
build uthash-dev        the tool's hash tables
build libncurses-dev    forksan top draws with it
build libiberty-dev     names of C++ and Rust functions, linked statically
build clang             programs for the kernel (forksan attach); the second compiler, the fuzzers
build bpftool           puts them into forksan-attach
build libbpf-dev        loads them
demo  python3           the demo and the tests are scripts for /usr/bin/python3
demo  mariadb-server    the database that is shared by mistake
demo  gunicorn          the prefork server of the founding scenario
demo  python3-flask     its application
demo  python3-sqlalchemy the connection pool
demo  python3-pymysql   MySQL driver in Python
demo  python3-mysqldb   MySQL driver in C
test  binutils          readelf and nm look at what is exported
test  golang-go         a program that no library can be in
test  libcmocka-dev     unit tests
test  python3-jsonschema every log is validated
test  postgresql        the other database
test  pgbouncer         a pooler before it
test  python3-psycopg2  PostgreSQL driver
test  redis-server      cache
test  memcached         cache
test  uwsgi-core        prefork server in C
test  uwsgi-plugin-python3 Python in uWSGI
test  perl              goodbyes of Perl's drivers
test  libdbd-mysql-perl Perl DBI on libmariadb
test  libdbd-mariadb-perl Perl DBI, the other driver
test  php-cli           goodbyes of PHP
test  php-mysql         mysqli
test  ruby              goodbyes of Ruby
test  ruby-mysql2       MySQL driver of Ruby
test  ruby-pg           PostgreSQL driver of Ruby
test  valgrind          counts instructions
test  strace            counts system calls
test  libjemalloc2      an allocator beside us
test  libtcmalloc-minimal4 another
test  libeatmydata1     another preloaded library
test  libfaketime       another
test  libffi-platypus-perl forksan's calls from Perl
test  libio-fdpass-perl a descriptor in a message to Perl
test  python3-pytest    a recipe: a plugin that fails a test
test  ruby-rspec        the same for RSpec
test  phpunit           the same for PHPUnit
test  libclang-rt-14-dev its sanitizers
test  bc                arithmetic of the benchmarks
test  g++               the public header in C++
test  curl              a client under test
test  git               a client under test
test  openssl           a client and a server under test
test  libcap2-bin       setcap: programs that forksan cannot be in
test  gcc-multilib      32-bit programs that forksan cannot be in
test  musl-tools        programs of another libc
test  qemu-user-static  programs of AArch64
test  binutils-aarch64-linux-gnu linked for it by clang
test  libc6-dev-arm64-cross with its libc
test  libgcc-12-dev-arm64-cross and the compiler's own parts
test  runsc             a kernel of another make (gVisor)
test  yamllint          looks over the recipes for CI and containers
test  rpm               rpmlint asks it
test  rpmlint           looks over the spec
test  ltrace            beside us in the table of costs
test  libsocket-wrapper another
test  liblttng-ust1     another
test  libunwind8        our stacks are compared with its
test  tmux              a terminal for forksan top
test  python3-redis     Redis driver
test  python3-uvloop    event loops that a fork copies
test  python3-eventlet  the same with green threads
test  python3-psycopg   PostgreSQL driver, version 3
test  python3-psycopg-pool its pool
test  python3-asyncpg   another, with an event loop
test  php-redis         Redis driver of PHP
test  ruby-bunny        AMQP driver of Ruby
test  libpq-dev         PostgreSQL's library in C
test  libhiredis-dev    Redis' library in C
test  python3-celery    worker that forks
test  unicorn           prefork server in Ruby
test  puma              prefork server in Ruby
test  passenger         another, which forks a preloader
test  starman           prefork server in Perl
test  libdbd-pg-perl    PostgreSQL driver of Perl
test  apache2           prefork server in C
test  libapache2-mod-perl2 Perl in it
test  libapache2-mod-wsgi-py3 Python in it
test  php-pgsql         PDO for PostgreSQL
test  ruby-redis        Redis driver of Ruby
test  slapd             directory
test  ldap-utils        its client
test  rabbitmq-server   broker
test  python3-amqp      its driver
test  mosquitto         broker of MQTT
test  python3-paho-mqtt its driver, which lives by a thread
test  python3-pika      its other driver
test  python3-ldap      LDAP driver
test  python3-pylibmc   memcached driver in C
test  php-memcached     memcached driver of PHP
test  python3-requests  HTTP client that keeps connections
test  stress-ng         system calls of every kind
test  libpython3.11-testsuite CPython's own tests
test  nginx-light       a server under load
test  wrk               the load
test  torsocks          another preloaded library
test  python3-django a Django-like depth of stack
test  python3-dev CPython's headers, for the table of offsets
test  libunwind-dev the header of the oracle for stacks
test  shellcheck        looks over the scripts
test  mandoc            looks over the manual pages
test  debhelper         builds the Debian packages
test  lintian           holds them against policy
test  debootstrap       a fresh root to install them into
test  zstd              packs logs
test  chromium          the page of forksan report --html
test  rsyslog           carries the logs of a fleet, at both ends
test  rsyslog-relp      its protocol with acknowledgements
test  rsyslog-pgsql     its way into PostgreSQL
test  clickhouse-server the other store of a fleet
test  clickhouse-client asks it
test  iproute2          agents in network namespaces of their own
test  logrotate         turns the logs of an agent
test  prometheus        promtool tests the rules
test  prometheus-alertmanager amtool tests the route
test  prometheus-node-exporter serves what forksan metrics writes
TABLE
}

# Packages of group $1 and of those that it includes.
wanted() {
	case $1 in
	build) groups='build' ;;
	demo) groups='build|demo' ;;
	test) groups='build|demo|test' ;;
	*)
		echo "deps.sh: unknown group '$1'; one of build, demo, test" >&2
		exit 2
		;;
	esac
	packages | awk -v groups="^($groups)\$" '$1 ~ groups { print $2 }'
}

missing() {
	# A package that dpkg has never heard of is named on stderr only: list what is there.
	# shellcheck disable=SC2086 # package names, one word each
	there=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' $1 2>/dev/null |
		sed -n 's/^installed //p') || true
	for package in $1; do
		case "
$there
" in
		*"
$package
"*) ;;
		*) printf '%s ' "$package" ;;
		esac
	done
}

policy=/usr/sbin/policy-rc.d
install_missing() {
	if [ ! -e $policy ]; then
		trap 'rm -f $policy' EXIT
		trap 'exit 1' HUP INT TERM
		printf '#!/bin/sh\nexit 101\n' >$policy
		chmod 755 $policy
	fi
	export DEBIAN_FRONTEND=noninteractive
	apt-get -qq -o DPkg::Lock::Timeout=300 update
	# shellcheck disable=SC2086
	apt-get -qq -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -o Dpkg::Use-Pty=0 \
		install --no-install-recommends $1 >&2
}

group=${1:-test}
all=$(wanted "$group")
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
	echo "deps.sh: no dpkg and apt-get here, so nothing was looked for; Debian's names for" \
		"what is needed:" >&2
	echo "$all" | tr '\n' ' ' | fold -s -w 100 >&2
	echo >&2
	exit 0
fi
lacking=$(missing "$all")
if [ -z "$lacking" ]; then
	exit 0
fi
if [ "$(id -u)" -ne 0 ]; then
	echo "deps.sh: these packages are missing; run as root: apt-get install $lacking" >&2
	exit 1
fi
echo "deps.sh: installing $lacking" >&2
install_missing "$lacking"
lacking=$(missing "$all")
if [ -n "$lacking" ]; then
	echo "deps.sh: still missing: $lacking" >&2
	exit 1
fi
