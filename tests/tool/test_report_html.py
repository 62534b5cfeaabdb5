#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The page of forksan report --html, in a real Chromium: it shows the report, needs no network, takes 10 000
findings, and a hostile log stays text in it."""

import html.parser
import json
import os
import re
import shutil
import subprocess
import time

import toolkit
from toolkit import check, finding, golden_lines, log_of, run

os.chdir(toolkit.ROOT)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
SESSION = json.loads(golden_lines()[0])
SUMMARY = json.loads(golden_lines()[-1])
SUMMARY["counters"].update(io_uring=0, notices=0, hazards=0, violations=0)
VOID = {"meta", "input", "br", "img", "link", "hr"}


class Page(html.parser.HTMLParser):
    """Elements as (name, attributes, text of their own and of those in them)."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.elements, self.open = [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        element = [tag, dict(attrs), ""]
        self.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag):
        while self.open and self.open.pop()[0] != tag:
            pass

    def handle_data(self, data):
        for element in self.open:
            element[2] += data

    def by_id(self, name):
        return next(element for element in self.elements if element[1].get("id") == name)

    def all(self, tag, **attributes):
        return [e for e in self.elements if e[0] == tag and attributes.items() <= e[1].items()]


def write_page(directory, name, *records, arguments=()):
    result = run("report", "--html", *arguments, "-", stdin=log_of(*records))
    return toolkit.write(os.path.join(directory, name + ".html"), result.stdout), result


def dump(path, directory):
    """The page as Chromium has it when its script has run."""
    result = subprocess.run(
        [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={directory}/profile",
         "--virtual-time-budget=60000", "--dump-dom", f"file://{path}"],
        capture_output=True, timeout=180, check=False, encoding="utf-8", errors="replace",
    )
    page = Page(result.stdout)
    body = page.all("body")
    check(body and "data-ready" in body[0][1], f"{path}: the script ran to its end", result.stderr[-2000:])
    return page


with toolkit.Directory() as directory:
    # --- without a browser ---------------------------------------------------------------------
    path, result = write_page(directory, "one", SESSION, finding(), SUMMARY)
    check(result.returncode == 0, "status 0", result)
    source = result.stdout
    links = re.findall(r'https?://[^"\s]*', source)
    check(set(links) <= {"http://www.w3.org/2000/svg"}, "the page names nothing in a network", links)
    check("default-src 'none'" in source, "and may load nothing")
    check(not re.search(r"innerHTML|insertAdjacent|document\.write|eval\(", source), "text stays text")
    data = re.search(r'<script id="data" type="application/json">(.*?)</script>', source, re.DOTALL)[1]
    report = json.loads(run("report", "--json", "-", stdin=log_of(SESSION, finding(), SUMMARY)).stdout)
    check(json.loads(data) == report, "it holds the report")
    check("<" not in data, "in which nothing can end the script")

    if not CHROMIUM:
        print("not tested: the page in a browser (no chromium)")
        toolkit.finish()

    # --- a real run ----------------------------------------------------------------------------
    log = "tests/golden/gunicorn-mysqlclient.jsonl"
    real = toolkit.write(os.path.join(directory, "real.html"), run("report", "--html", log).stdout)
    page = dump(real, directory)
    check("1 bug: WRONG ANSWERS SEEN" in page.by_id("verdict")[2], "the verdict", page.by_id("verdict"))
    check("Nothing was missed." in page.by_id("watched")[2], "what was watched", page.by_id("watched"))
    check("bare.py:9" in page.by_id("bugs")[2] and "post_fork" in page.by_id("bugs")[2], "place and fix")
    check(len(page.all("svg")) >= 3, "timelines", len(page.all("svg")))
    check(len(page.all("path", **{"class": "crossed"})) == 1, "the crossed reply is marked")
    check(page.all("button") and page.all("ul", **{"class": "tree"}), "fixes to copy, processes")
    check(page.all("li", **{"class": "own"}), "the application's own frames are marked")

    page = dump(write_page(directory, "none", SESSION, SUMMARY)[0], directory)
    check("Nothing found, nothing missed" in page.by_id("verdict")[2], "silence", page.by_id("verdict"))
    lost = dict(SUMMARY, counters=dict(SUMMARY["counters"], lost_fds=3))
    page = dump(write_page(directory, "lost", SESSION, lost)[0], directory)
    check("but something was missed" in page.by_id("verdict")[2], "is none", page.by_id("verdict"))
    check("(lost_fds 3)" in page.by_id("unseen")[2], "with the reason", page.by_id("unseen"))

    # --- a hostile log: every string of a finding ----------------------------------------------
    evil = "</script><script>document.title='pwned'</script><img src=x onerror=\"document.title='pwned'\">" \
           "'\";alert(1)//\u2028{{7*7}}javascript:alert(1)@REPORT@"

    def poison(value, key=""):
        if isinstance(value, dict):
            return {name: poison(one, name) for name, one in value.items()}
        if isinstance(value, list):
            return [poison(one, key) for one in value]
        fixed = ("record", "version", "session", "time", "opened_at", "kind", "level", "language")
        return evil if isinstance(value, str) and key not in fixed else value

    hostile = poison(finding())
    hostile.update(id="1" * 16, certainty="proven",
                   fleet={"hosts": evil, "host_names": [evil, 5, None], "services": evil,
                          "versions": {evil: 1}, "first": 3, "last": evil},
                   history=[{"pid": 812, "call": evil, "bytes": 4, "message": evil, "monotonic_ns": 5}])
    spot = {"record": "process", "version": 1, "time": hostile["time"], "session": hostile["session"],
            "pid": 1, "ppid": 1, "comm": evil, "event": evil, "counter": evil, "times": 1, "text": evil}
    path, result = write_page(directory, "hostile", SESSION, hostile, spot, SUMMARY)
    page = dump(path, directory)
    check(page.all("title")[0][2] == "forksan report", "no script of the log ran", page.all("title"))
    check(not page.all("img") and len(page.all("script")) == 2, "no element of the log is one")
    check("</script><script>document.title" in page.by_id("bugs")[2], "it is shown as text")

    # --- what a store adds -----------------------------------------------------------------------
    seen = finding(fleet={"hosts": 312, "host_names": ["web-7", "web-8"], "services": ["shop"],
                          "versions": ["2.4.0"], "first": "2026-11-24T08:46:56.123456789Z",
                          "last": "2026-11-25T08:46:56.123456789Z"})
    page = dump(write_page(directory, "fleet", SESSION, seen, SUMMARY)[0], directory)
    for part in ("312: web-7, web-8", "shop; versions", "2.4.0", "2026-11-25T08:46:56"):
        check(part in page.by_id("bugs")[2], f"the page has {part}", page.by_id("bugs"))

    # --- 10 000 findings, of 1 024 bugs that are kept ------------------------------------------
    records = []
    for i in range(10_000):
        record = finding(id=f"{i:016x}", pid=1000 + i % 50)
        record["stacks"]["opened"] = [
            {"language": "python", "function": f"connect{i % 1500}", "file": "/srv/db.py", "line": i}
        ]
        record["culprit"]["opened"] = None
        record["history"] = [{"pid": 812, "call": "send", "bytes": 4, "message": "Q", "monotonic_ns": n + 1}
                             for n in range(20)]
        records.append(record)
    path, result = write_page(directory, "many", SESSION, *records, SUMMARY)
    began = time.monotonic()
    page = dump(path, directory)
    print(f"{len(result.stdout) >> 20} MiB, {time.monotonic() - began:.1f} s in Chromium")
    check(len(page.all("details", **{"class": "bug"})) == 1024, "all bugs are there")
    check(len(page.all("svg")) == 3, "three are drawn, the others when they are opened")

toolkit.finish()
