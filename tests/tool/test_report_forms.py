#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""The forms for other programs: SARIF, JUnit XML, GitHub's annotations; hostile logs stay data in them."""

import json
import os
import xml.etree.ElementTree

import toolkit
from toolkit import check, finding, golden_lines, log_of, run

os.chdir(toolkit.ROOT)
SESSION = json.loads(golden_lines()[0])
SUMMARY = json.loads(golden_lines()[-1])
SUMMARY["counters"].update(io_uring=0, notices=0, hazards=0, violations=0)
here = os.path.join(toolkit.ROOT, "app.py")


def own(line, file=here):
    return [{"language": "python", "function": "<module>", "file": file, "line": line}]


def made(like, number, file=here, **changes):
    record = finding(like=like, id=f"{number:016x}", culprit={"opened": f"{file}:12"}, **changes)
    record["stacks"]["opened"] = own(12, file)
    return record


notice = made("open-at-fork", 1, connection={"protocol": "Redis"})
hazard = made("inherited-use", 2, connection={"protocol": "LDAP"})
violation = made("shared-use", 3)
RECORDS = (SESSION, notice, hazard, violation, SUMMARY)


def show(*arguments, records=RECORDS, status=0):
    result = run("report", *arguments, "-", stdin=log_of(*records))
    check(result.returncode == status, f"{arguments}: status {status}", result)
    return result.stdout


report = json.loads(show("--json"))
fingerprints = [bug["fingerprint"] for bug in report["bugs"]]

# --- SARIF: what the standard requires of each object (2.1.0, sections 3.13 to 3.58) ------------
log = json.loads(show("--sarif"))
check(log["version"] == "2.1.0" and log["$schema"].endswith("sarif-2.1.0.json"), "SARIF 2.1.0", log)
(sarif_run,) = log["runs"]
driver = sarif_run["tool"]["driver"]
check(driver["name"] == "forksan" and driver["version"], "the tool", driver)
(invocation,) = sarif_run["invocations"]
check(invocation == {"executionSuccessful": True, "toolExecutionNotifications": []}, "complete", invocation)
results = sarif_run["results"]
check([result["level"] for result in results] == ["error", "warning", "note"], "levels", results)
for result, fingerprint in zip(results, fingerprints):
    check(driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"], "the rule", result)
    check(result["partialFingerprints"] == {"forksan/v1": fingerprint}, "the fingerprint", result)
    place = result["locations"][0]["physicalLocation"]
    check(place == {"artifactLocation": {"uri": "app.py"}, "region": {"startLine": 12}}, "the place", place)
    check("opened at" in result["message"]["text"], "the message", result["message"])
    for related in result["relatedLocations"]:
        uri = related.get("physicalLocation", {}).get("artifactLocation", {}).get("uri", "file:///")
        check(uri.startswith("file:///"), "a file elsewhere is absolute", uri)
spaced = made("shared-use", 4, file="/srv/a b/ü%.py")
(result,) = json.loads(show("--sarif", records=(SESSION, spaced, SUMMARY)))["runs"][0]["results"]
uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
check(uri == "file:///srv/a%20b/%C3%BC%25.py", "a URI is encoded", uri)
lost = dict(SUMMARY, counters=dict(SUMMARY["counters"], lost_fds=3))
(invocation,) = json.loads(show("--sarif", records=(SESSION, lost), status=67))["runs"][0]["invocations"]
(notification,) = invocation["toolExecutionNotifications"]
check(notification["descriptor"]["id"] == "lost_fds" and "(lost_fds 3)" in notification["message"]["text"],
      "what was not seen is told", notification)

# --- JUnit -------------------------------------------------------------------------------------
for level, status, failures in (("notice", 66, 3), ("hazard", 66, 2), ("violation", 66, 1), (None, 0, 1)):
    arguments = ("--fail-on", level) if level else ()
    suite = xml.etree.ElementTree.fromstring(show("--junit", *arguments, status=status)).find("testsuite")
    cases = suite.findall("testcase")
    check(len(cases) == 4 and suite.get("tests") == "4", "a test for each bug, and one", len(cases))
    found = [case.get("name")[:16] for case in cases if case.find("failure") is not None]
    check(found == fingerprints[:failures], f"{level}: {failures} fail", found)
    check(suite.get("failures") == str(failures) and suite.get("errors") == "0", "counted", suite.attrib)
suite = xml.etree.ElementTree.fromstring(show("--junit", records=(SESSION, lost), status=67))
error = suite.find("testsuite/testcase/error")
check(error is not None and "lost_fds" in error.get("message"), "what was missed is an error")

# --- GitHub ------------------------------------------------------------------------------------
lines = show("--github").splitlines()
check([line.split()[0] for line in lines] == ["::error", "::warning", "::notice"], "commands", lines)
check(all(",file=app.py,line=12::" in line for line in lines), "with their place", lines)
lines = show("--github", records=(SESSION, lost), status=67).splitlines()
check(lines == ["::warning title=forksan was not complete::connections not watched: the descriptor "
                "number was too high (lost_fds 3)"], "what was missed", lines)

# --- hostile strings ---------------------------------------------------------------------------
evil = "\n::error::x\r\x1b[2J]]></testcase><script>\"'&%0A,:\x9b\ufffe"
hostile = made("shared-use", 5, file=f"/srv/{evil}.py", connection={"protocol": evil, "peer": evil})
hostile["stacks"]["opened"][0]["function"] = evil
records = (SESSION, hostile, SUMMARY)
(result,) = json.loads(show("--sarif", records=records))["runs"][0]["results"]
uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
check(uri.isascii() and uri.isprintable() and not set(uri) & set(' <>"\\'), "a URI is one", uri)
suite = xml.etree.ElementTree.fromstring(show("--junit", records=records))
check(len(suite.findall("testsuite/testcase")) == 2, "the XML has no other elements")
text = show("--github", records=records)
check(text.count("\n") == 1 and text.count("::error") == text.count("::error::x") + 1, "one command", text)
check(not [c for c in text if ord(c) < 32 and c != "\n"], "without control characters", text)

toolkit.finish()
