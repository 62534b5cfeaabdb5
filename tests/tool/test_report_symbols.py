#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""forksan report adds source lines, inlined functions and readable names to native frames."""

import os
import re
import shutil
import subprocess

import toolkit
from toolkit import check, finding, json_report

SOURCE = """\
#include <stdio.h>
static volatile int depth;
static inline __attribute__((always_inline)) void innermost(void)
{
	depth++; /* line 5 */
}
static inline __attribute__((always_inline)) void middle(void)
{
	innermost(); /* line 9 */
}
__attribute__((noinline)) void outer(void)
{
	middle(); /* line 13 */
}
int main(void)
{
	outer();
	return depth != 1;
}
"""
CXX_SOURCE = """\
static volatile int depth;
namespace inner {
inline __attribute__((always_inline)) void run() { depth = depth + 1; }
}
namespace outer {
__attribute__((noinline)) void run() { inner::run(); }
}
int main() { outer::run(); }
"""
EMPTY = {"opened": [], "forked": [], "other_use": [], "this_use": []}


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def build_id(path):
    found = re.search(r"Build ID: ([0-9a-f]+)", output_of("readelf", "-n", path))
    return found.group(1) if found else None


def address_of(path, symbol):
    for line in output_of("nm", path).splitlines():
        if line.split()[-1] == symbol:
            return int(line.split()[0], 16)
    raise LookupError(symbol)


def frame(path, offset, identity, function=None):
    result = {"language": "native", "function": function, "module": path}
    return dict(result, offset=offset, build_id=identity)


def annotated(*frames):
    record = finding(stacks=dict(EMPTY, this_use=list(frames)), culprit={"use": None})
    bug, = json_report(record)["bugs"]
    return bug["kinds"][0]["example"]["stacks"]["this_use"], bug["used"][0]["text"]


def line_of(place):
    return os.path.basename(place["file"] or ""), place["line"]


def check_inlined(name, path, identity, offset):
    (result,), site = annotated(frame(path, offset, identity))
    check(result["function"] == "outer", f"{name}: the function", result)
    check(line_of(result) == (source, 13), f"{name}: its line", result)
    inlined = [(place["function"], line_of(place)) for place in result.get("inlined", [])]
    check(
        inlined == [("innermost", (source, 5)), ("middle", (source, 9))],
        f"{name}: what was inlined, innermost first",
        inlined,
    )
    check(site.endswith(f"{source}:13 outer"), f"{name}: the site has the line", site)


with toolkit.Directory() as directory:
    flags = ["-g", "-O2", "-Wl,--build-id"]
    for kind in (["-pie", "-fPIE"], ["-no-pie"]):
        program = toolkit.compile_c(directory, "inlined", SOURCE, *flags, *kind)
        source = "inlined.c"
        check_inlined(kind[0], program, build_id(program), address_of(program, "outer"))

    offset, identity = address_of(program, "outer"), build_id(program)
    (other,), _ = annotated(frame(program, offset, "00" * 20))
    check("file" not in other, "a file with another build-id is not believed", other)
    (other,), _ = annotated(frame(program, offset, None))
    check("file" not in other, "nor one with a build-id where the log has none", other)
    (other,), _ = annotated(frame(os.path.join(directory, "absent"), offset, identity))
    check("file" not in other, "a file that is gone is no error", other)
    (other,), _ = annotated(frame(program, 0x7FFFFFFFFFFFFFFF, identity))
    check("file" not in other, "nor an offset outside of the file", other)
    toolkit.write(os.path.join(directory, "text"), "no ELF file\n")
    annotated(frame(os.path.join(directory, "text"), offset, identity))
    annotated(frame("/dev/zero", offset, identity))
    os.mkfifo(os.path.join(directory, "fifo"))
    annotated(frame(os.path.join(directory, "fifo"), offset, identity))

    # Debug information in a file of its own, found by the debug link.
    debug = os.path.join(directory, ".debug")
    os.mkdir(debug)
    stripped = os.path.join(directory, "stripped")
    debug_file = os.path.join(debug, "stripped.debug")
    subprocess.run(["objcopy", "--only-keep-debug", program, debug_file], check=True)
    subprocess.run(
        ["objcopy", "--strip-all", f"--add-gnu-debuglink={debug_file}", program, stripped],
        check=True,
    )
    check_inlined("debug link", stripped, identity, offset)
    shutil.rmtree(debug)
    (bare,), _ = annotated(frame(stripped, offset, identity, "kept"))
    check(
        bare["function"] == "kept" and "file" not in bare,
        "without debug information the log's own name stands",
        bare,
    )

    # Dynamic symbols alone still name the function.
    library = toolkit.compile_c(
        directory, "libouter.so", SOURCE, "-shared", "-fPIC", "-s", "-Wl,--build-id"
    )
    dynamic = {
        line.split()[-1]: int(line.split()[0], 16)
        for line in output_of("nm", "-D", "--defined-only", library).splitlines()
    }
    (named,), _ = annotated(frame(library, dynamic["outer"] + 1, build_id(library)))
    check(named["function"] == "outer", "a dynamic symbol names a frame", named)

    anonymous = toolkit.compile_c(directory, "anonymous", SOURCE, "-g", "-O2", "-Wl,--build-id=none")
    place = address_of(anonymous, "outer")
    (other,), _ = annotated(frame(anonymous, place, identity))
    check("file" not in other, "nor a file without build-id where the log has one", other)
    (other,), _ = annotated(frame(anonymous, place, None))
    check(line_of(other) == ("anonymous.c", 13), "where neither has one the path decides", other)

    # Functions of C++ are named with their scope, inlined ones too.
    if shutil.which("c++"):
        scoped = toolkit.write(os.path.join(directory, "scoped.cc"), CXX_SOURCE)
        program = os.path.join(directory, "scoped")
        subprocess.run(["c++", "-g", "-O2", "-Wl,--build-id", "-o", program, scoped], check=True)
        place = address_of(program, "_ZN5outer3runEv")
        (result,), _ = annotated(frame(program, place, build_id(program)))
        check(result.get("demangled") == "outer::run()", "a C++ function", result)
        names = [place["function"] for place in result.get("inlined", [])]
        check(names == ["inner::run()"], "a C++ function that was inlined", result)
    else:
        print("not tested: C++ (no compiler)")

# Names: (mangled, readable).  The Rust ones were made by rustc 1.95 and agree with binutils'
# c++filt, but for hashes and the types of constants, which are left out here.
NAMES = [
    ("_ZN2pg9Connector4openERKSs", "pg::Connector::open(std::string const&)"),
    ("_ZN4core3fmt9Formatter9write_fmt17h0123456789abcdefE", "core::fmt::Formatter::write_fmt"),
    (
        "_ZN51_$LT$dyn$u20$core..any..Any$u20$as$u20$a..B$GT$$RF$3fmt17h0123456789abcdefE",
        "<dyn core::any::Any as a::B>&::fmt",
    ),
    ("_RNvNtCs1234_7mycrate3foo3bar", "mycrate::foo::bar"),
    (
        "_RINvNtC3std3mem8align_ofNtNtC3std3mem12DiscriminantE",
        "std::mem::align_of::<std::mem::Discriminant>",
    ),
    ("_RINvCskK7mfDs1mzF_1m3genNCNvB2_4mains1_0EB2_", "m::gen::<m::main::{closure#3}>"),
    (
        "_RINvMNtCsgEmfK2I1SDS_4core5sliceSh11copy_withinINtNtNtB5_3ops5range14RangeInclusivejEE",
        "<[u8]>::copy_within::<core::ops::range::RangeInclusive<usize>>",
    ),
    ("_RNvYNtC1a1BNtC1a1T1f", "<a::B as a::T>::f"),
    ("_RINvC1a1fKj2a_KbE", None),
    ("_RINvC1a1fKj2a_Kb1_E", "a::f::<42, true>"),
    # No char is negative.
    ("_RINvC1a1fKj2a_Kb1_Kcn_E", None),
    ("_RINvC1a1fTlElRxQyE", "a::f::<(i32,), i32, &i64, &mut u64>"),
    ("_RINvC1a1fFG_RL0_hEuDG_INtC1b1TRL0_hEEL_E", "a::f::<for<'a> fn(&'a u8), dyn for<'a> b::T<&'a u8>>"),
    ("_RNvC6_123foo3bar", "123foo::bar"),
    ("main", None),
    ("_R", None),
    ("_RB_", None),
    ("_RNvB0_1a", None),
    ("_RNvC99999999999999999999a1b", None),
    ("_RIC1aB_E", None),
    ("_RINvC1a1f" + "T" * 500, None),
    ("_RINvC1a1f" + "".join(["TB8_B8_"] * 40) + "E" * 41, None),
    ("_Z", None),
    ("_ZN", None),
    ("_ZN3foo17h0123456789abcdefE_extra", None),
    # Hostile: each pair refers back to the one before, 40 doublings of the text; deeper than any
    # stack; a name of a megabyte; a letter beyond ASCII at the end of what fits.
    ("_Z1f" + "St4pairIiiE" + "".join(f"St4pairI{s}{s}E" for s in ["S_", "S0_", *(f"S{i}_" for i in "123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")]), None),
    ("_Z1f" + "P" * 100_000 + "i", None),
    ("_ZN" + "1a" * 400_000 + "E", None),
    ("_RINvC1a1f" + "T" * 3000 + "lE" + "E" * 3000, None),
    ("_RNvC1a" + "2000" + "x" * 2000, "a::" + "x" * 2000),
    ("_RNvNtC1a2044" + "x" * 2044 + "u8tda_1ab", None),
]
frames = [frame("/none", 1, None, mangled) for mangled, _ in NAMES]
for result, (mangled, readable) in zip(annotated(*frames)[0], NAMES):
    check(result.get("demangled") == readable, f"{mangled}", result.get("demangled"))

toolkit.finish()
