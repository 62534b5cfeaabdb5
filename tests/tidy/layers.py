#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Holds the code against the table of rooms in docs/architecture.md: knowledge flows one way.

    tests/tidy/layers.py [--root DIRECTORY] [--build DIRECTORY]

Three things are mistakes; each is one line of output, and any of them exit status 1:

    up        a file includes a header of a room that its own room does not use
    private   a file includes a header that its room does not show to others
    link      objects refer to each other in a circle, or one refers to a room that its own does not
              use: what only the linker sees, through a variable or a function declared elsewhere

The objects are those of the build directory, so build first.
"""

import argparse
import os
import re
import subprocess
import sys

TABLE = "docs/architecture.md"
INCLUDE = re.compile(r'^#include "([^"]+)"', re.M)
# Tables and programs' tops stand beside the rooms.
TOPS = {"shim": {"entries.def", "options.def"}, "tools": {"main.c"}}


class Room:
    def __init__(self, name, public, uses):
        self.name, self.public, self.uses = name, public, uses


def read_rooms(root):
    """Rows `| `shim/base` | holds | public | uses |`, from the ground up."""
    rooms = {}
    with open(os.path.join(root, TABLE), encoding="utf-8") as file:
        for line in file:
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if len(cells) != 4 or not re.fullmatch(r"`(shim|tools)/\w+`", cells[0]):
                continue
            name = cells[0].strip("`")
            uses = set(re.findall(r"`([\w/]+)`", cells[3]))
            missing = uses - set(rooms)
            if missing:
                sys.exit(f"{TABLE}: {name} uses {', '.join(sorted(missing))}, not a room above it")
            public = None if cells[2] == "all" else set(re.findall(r"`([\w.]+)`", cells[2]))
            rooms[name] = Room(name, public, uses)
    if not rooms:
        sys.exit(f"{TABLE}: no table of rooms")
    return rooms


def read_sources(root):
    """Path -> text of each file of a room; also what stands in no room."""
    sources, homeless = {}, []
    for top in ("shim", "tools"):
        for directory, _, names in os.walk(os.path.join(root, top)):
            for name in names:
                path = os.path.relpath(os.path.join(directory, name), root)
                if path.count("/") == 1:
                    if name not in TOPS[top]:
                        homeless.append(path)
                elif name.endswith((".c", ".h")):
                    with open(os.path.join(root, path), encoding="utf-8") as file:
                        sources[path] = file.read()
    return sources, homeless


def resolve(root, source, header):
    """The path of a quoted header, as the compiler's -I flags find it; None: not of a room."""
    tops = ("tools", "shim") if source.startswith("tools/") else ("shim",)
    for top in tops:
        path = f"{top}/{header}"
        if header.count("/") == 1 and os.path.isfile(os.path.join(root, path)):
            return path
    if os.path.isfile(os.path.join(root, "include", header)):
        return None
    if header.endswith(".def"):
        return None
    return f"{os.path.dirname(source)}/{header}?"


def circles(graph):
    """The strongly connected components with more than one member (Tarjan, iterative)."""
    index, low, on_stack, stack, found = {}, {}, set(), [], []
    for start in graph:
        if start in index:
            continue
        work = [(start, iter(graph[start]))]
        index[start] = low[start] = len(index)
        stack.append(start)
        on_stack.add(start)
        while work:
            node, edges = work[-1]
            for target in edges:
                if target not in index:
                    index[target] = low[target] = len(index)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, iter(graph.get(target, ()))))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    members = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        members.append(member)
                        if member == node:
                            break
                    if len(members) > 1:
                        found.append(sorted(members))
    return found


def room_of(path):
    return path.rsplit("/", 1)[0]


def check_includes(root, rooms, sources):
    for path, text in sorted(sources.items()):
        room = rooms.get(room_of(path))
        if not room:
            yield f"up: {path}: {room_of(path)} is not in the table of {TABLE}"
            continue
        for header in INCLUDE.findall(text):
            target = resolve(root, path, header)
            if target is None:
                continue
            if target.endswith("?"):
                yield f"up: {path} includes {header}: an include names its room"
                continue
            other = room_of(target)
            if other == room.name:
                continue
            if other not in room.uses:
                yield f"up: {path} includes {header}: {room.name} does not use {other}"
            elif rooms[other].public is not None and \
                    os.path.basename(header) not in rooms[other].public:
                yield f"private: {path} includes {header}: {other} does not show it to others"


def symbols(objects):
    """Object -> (symbols it defines, symbols it wants)."""
    table = {}
    out = subprocess.run(["nm", "-A", "--", *objects], stdout=subprocess.PIPE, check=True,
                         text=True).stdout
    for line in out.splitlines():
        path, rest = line.split(":", 1)
        kind, name = rest.split()[-2:]
        defined, wanted = table.setdefault(path, (set(), set()))
        if kind == "U":
            wanted.add(name)
        elif kind.isupper():
            defined.add(name)
    return table


def check_objects(build, rooms):
    objects = []
    for top in ("shim", "tools"):
        for directory, _, names in os.walk(os.path.join(build, top)):
            objects += [os.path.join(directory, name) for name in names if name.endswith(".o")]
    if not objects:
        sys.exit(f"{build} has no objects: build first")
    table = symbols(sorted(objects))
    # shim and tool are two programs: what one names is never found in the other, but for rooms that
    # both link.
    owners = {}
    for path, (defined, _) in table.items():
        for name in defined:
            owners.setdefault(name, []).append(path)
    graph = {path: set() for path in table}
    for path, (_, wanted) in sorted(table.items()):
        own = os.path.relpath(path, build)
        for name in wanted:
            for owner in owners.get(name, ()):
                other = os.path.relpath(owner, build)
                if own.split("/")[0] != other.split("/")[0] and room_of(own) in rooms and \
                        room_of(other) not in rooms[room_of(own)].uses:
                    continue
                graph[path].add(owner)
                if room_of(own) not in rooms or room_of(other) == room_of(own):
                    continue
                if room_of(other) not in rooms[room_of(own)].uses:
                    yield f"link: {own} uses {name} of {other}: {room_of(own)} does not use " \
                          f"{room_of(other)}"
    for circle in circles(graph):
        yield "link: a circle of " + ", ".join(os.path.relpath(path, build) for path in circle)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--root", default=os.path.join(os.path.dirname(__file__), "..", ".."))
    parser.add_argument("--build", default=os.environ.get("BUILD", "build"))
    arguments = parser.parse_args()
    rooms = read_rooms(arguments.root)
    sources, homeless = read_sources(arguments.root)
    mistakes = [f"up: {path} stands in no room" for path in sorted(homeless)]
    mistakes += check_includes(arguments.root, rooms, sources)
    mistakes += check_objects(arguments.build, rooms)
    for mistake in mistakes:
        print(mistake)
    sys.exit(1 if mistakes else 0)


if __name__ == "__main__":
    main()
