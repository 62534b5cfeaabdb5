#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The page of forksan report --html as a person uses it, in a real Chromium: by keyboard, in the dark, on paper,
with 10 000 findings and with hostile strings in every field."""

import copy
import json
import os
import re
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "support"))

import browser
import toolkit
from toolkit import check, finding, golden_lines, log_of, run

os.chdir(toolkit.ROOT)
if not browser.CHROMIUM:
    toolkit.skip("chromium is not installed")
SESSION = json.loads(golden_lines()[0])
SUMMARY = json.loads(golden_lines()[-1])
REAL = "tests/golden/gunicorn-mysqlclient.jsonl"
EVIL = ["</script><script>window.pwned=1</script>", "<img src=x onerror=window.pwned=1>", "'\"><svg onload=window.pwned=1>",
        "javascript:window.pwned=1", "\u2028\u2029\u202e\ufeff\u0000".replace("\u0000", "\ufffd"), "${window.pwned=1}", "@REPORT@",
        "<!--<script>", "A" * 3000, "\x1b[31m", "__proto__", "constructor"]


def contrast(one, other):
    """The ratio of WCAG 2.1, 1.4.3, of two colours "rgb(r, g, b)"."""
    def light(text):
        parts = [int(part) / 255 for part in re.findall(r"\d+", text)[:3]]
        parts = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    a, b = sorted((light(one), light(other)))
    return (b + 0.05) / (a + 0.05)


def strings(value, path=()):
    """The paths of all strings in a record."""
    if isinstance(value, dict):
        for name, one in value.items():
            yield from strings(one, (*path, name))
    elif isinstance(value, list):
        for index, one in enumerate(value):
            yield from strings(one, (*path, index))
    elif isinstance(value, str):
        yield path


with toolkit.Directory() as directory, browser.Browser(directory) as page:
    def show(name, *records, log=None):
        result = run("report", "--html", log or "-", stdin=None if log else log_of(*records))
        path = toolkit.write(os.path.join(directory, name + ".html"), result.stdout)
        page.open(f"file://{path}")
        check(page.evaluate("'ready' in document.body.dataset"), f"{name}: the script ran to its end", result.stderr[:500])
        return result.stdout

    def color(selector, name="color"):
        return page.evaluate(f"getComputedStyle(document.querySelector({json.dumps(selector)}))[{json.dumps(name)}]")

    # --- by keyboard -------------------------------------------------------------------------------
    other = finding(connection={"peer": "10.0.0.9:3306"}, id="2" * 16)
    other["stacks"]["opened"] = [{"language": "python", "function": "other", "file": "/srv/other.py", "line": 3}]
    other["culprit"]["opened"] = "/srv/other.py:3"
    more = []
    for i in range(4):
        one = copy.deepcopy(other)
        one["id"] = f"{i + 3:016x}"
        one["stacks"]["opened"][0]["function"] = f"other{i}"
        more.append(one)
    show("keys", SESSION, finding(), other, *more, SUMMARY)
    page.media()
    bugs = page.evaluate("document.querySelectorAll('.bug').length")
    check(bugs == 6, "six bugs", bugs)

    def focused():
        return page.evaluate("document.activeElement.closest('.bug')?.id || document.activeElement.id")

    page.press("j")
    check(focused() == "bug1", "j goes to the first bug", focused())
    for _ in range(3):
        page.press("j")
    check(focused() == "bug4", "and on", focused())
    check(page.evaluate("!document.activeElement.closest('.bug').open"), "which is shut")
    page.press("Enter")
    check(page.evaluate("document.activeElement.closest('.bug').open"), "Enter opens it")
    check(page.evaluate("new Promise(done => setTimeout(() => done(document.querySelector('#bug4 dl') !== null)))"),
          "with its content")
    page.press("k")
    check(focused() == "bug3", "k goes back", focused())
    check(color(":focus-visible", "outlineStyle") == "solid", "where one is can be seen")
    page.press("/")
    check(focused() == "text", "/ goes to the filter", focused())
    page.type("other2")
    check(page.evaluate("[...document.querySelectorAll('.bug')].filter(bug => !bug.hidden).length") == 1, "which filters")
    check("1 of 6 bugs" in page.evaluate("document.getElementById('shown').textContent"), "and says so")
    page.press("j")
    check(focused() == "text" and page.evaluate("document.getElementById('text').value") == "other2j", "j is a letter there")

    # --- light and dark ----------------------------------------------------------------------------
    show("real", log=REAL)
    grounds = {}
    for scheme in ("light", "dark"):
        page.media(scheme=scheme)
        grounds[scheme] = color("body", "backgroundColor")
        for selector in ("body", ".faint", ".violation", ".bug dt", "li.own"):
            ground = color(selector, "backgroundColor")
            if ground in ("rgba(0, 0, 0, 0)", "transparent"):
                ground = grounds[scheme]
            ratio = contrast(color(selector), ground)
            check(ratio >= 4.5, f"{scheme}: {selector} can be read", ratio, color(selector), ground)
    check(grounds["light"] == "rgb(255, 255, 255)" and grounds["dark"] != grounds["light"], "two schemes", grounds)

    # --- on paper ----------------------------------------------------------------------------------
    show("paper", SESSION, finding(), other, *more, SUMMARY)
    page.media("print")
    for hidden in ("form", "#keys", ".fix button"):
        check(color(hidden, "display") == "none", f"{hidden} is not printed")
    check(color(".bug", "breakInside") == "avoid", "a bug stays on a page where it can")
    page.media()
    path = os.path.join(directory, "page.pdf")
    with open(path, "wb") as out:
        out.write(page.pdf())
    check(page.evaluate("[...document.querySelectorAll('.bug')].every(bug => bug.open && bug.querySelector('dl'))"),
          "every bug is open when it is printed")
    with open(path, "rb") as out:
        pdf = out.read()
    check(pdf.startswith(b"%PDF") and pdf.count(b"/Type /Page\n") + pdf.count(b"/Type /Page ") >= 2, "some pages",
          len(pdf))

    # --- hostile strings, one field after the other, and all ---------------------------------------
    whole = json.loads(json.dumps(finding(like="crossed-reply")))
    whole["history"] = [{"pid": 812, "call": "send", "bytes": 4, "message": "Q", "monotonic_ns": 5, "payload": "x"}]
    fixed = {"record", "version", "session", "time", "opened_at", "kind", "level", "id"}
    hostile = []
    for number, path in enumerate(path for path in strings(whole) if path[-1] not in fixed):
        record = copy.deepcopy(whole)
        record["id"] = f"{number + 16:016x}"
        at = record
        for name in path[:-1]:
            at = at[name]
        at[path[-1]] = EVIL[number % len(EVIL)] + " ".join(EVIL)
        hostile.append(record)
    spots = [{"record": "process", "version": 1, "time": whole["time"], "session": whole["session"], "pid": 1, "ppid": 1,
              "comm": evil, "event": evil, "counter": evil, "times": 1, "text": evil} for evil in EVIL]
    source = show("hostile", SESSION, *hostile, *spots, SUMMARY)
    page.evaluate("for (const bug of document.querySelectorAll('.bug')) { bug.open = true; bug.fill(); }")
    check(page.evaluate("window.pwned === undefined && document.title === 'forksan report'"), "nothing of the log ran")
    check(page.evaluate("document.querySelectorAll('script').length === 2 && !document.querySelector('img, iframe, object, a')"),
          "no element of the log is one")
    check(page.evaluate("!document.querySelector('[onload], [onerror], [href], [src]')"), "nor an attribute that acts")
    check("<img src=x" in page.evaluate("document.getElementById('bugs').textContent"), "it is shown as text")
    check(page.evaluate("document.documentElement.scrollWidth <= innerWidth + 1"), "and no line is wider than the page",
          page.evaluate("document.documentElement.scrollWidth"))
    requests = [event["params"]["request"]["url"] for event in page.events if event.get("method") == "Network.requestWillBeSent"]
    check(all(url.startswith("file://") for url in requests), "nothing was asked of a network", requests)

    # --- 10 000 findings ---------------------------------------------------------------------------
    records = []
    for i in range(10_000):
        record = finding(id=f"{i:016x}", pid=1000 + i % 50)
        record["stacks"]["opened"] = [{"language": "python", "function": f"connect{i % 1500}", "file": "/srv/db.py", "line": i}]
        record["culprit"]["opened"] = None
        records.append(record)
    began = time.monotonic()
    source = show("many", SESSION, *records, SUMMARY)
    loaded = time.monotonic() - began
    began = time.monotonic()
    page.press("/")
    page.type("connect77")
    left = page.evaluate("[...document.querySelectorAll('.bug')].filter(bug => !bug.hidden).length")
    filtered = time.monotonic() - began
    check(0 < left < 30, "the filter finds", left)
    print(f"10 000 findings: {len(source) >> 20} MiB, {loaded:.1f} s with the report, {filtered:.1f} s to filter")
    check(filtered < 20, "in time", filtered)

toolkit.finish()
