#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The C ABI through ctypes, to prove that it is plain: no header, no compiler, no wrapper.

    abi.py LIBRARY

Prints `ok NAME` for each test; its status is 0 when all held.
"""

import ctypes
import json
import os
import sys
import tempfile
import traceback
from ctypes import POINTER, Structure, byref, c_char_p, c_int64, c_size_t, c_uint32, c_uint64
from ctypes import c_void_p

OK, INVALID_ARGUMENT, UNKNOWN_NAME, WRONG_TYPE, RULES = range(5)
FILE_ON_ROOT_SUPERBLOCK, FILE_ON_ROOT_MOUNT, FILE_OVERLAY, FILE_UPPER_DATA = 1, 2, 4, 8
FILE_LAYERS_KNOWN, FILE_ANONYMOUS = 16, 32


class Text(Structure):
    _fields_ = [("data", c_void_p), ("length", c_size_t)]

    def __str__(self):
        return ctypes.string_at(self.data, self.length).decode() if self.data else ""


class Record(Structure):
    """A record that begins with its size."""

    def __init__(self):
        super().__init__(size=ctypes.sizeof(type(self)))


class Diagnostic(Record):
    _fields_ = [("size", c_size_t)]
    _fields_ += [(name, Text) for name in "code message file label help rendered".split()]
    _fields_ += [
        (name, c_uint32) for name in "severity line column end_line end_column reserved".split()
    ]


class Rule(Record):
    _fields_ = [("size", c_size_t), ("name", Text), ("source", Text), ("description", Text)]
    _fields_ += [("tag_count", c_size_t), ("status", c_uint32), ("priority", c_uint32)]


class Inode(Structure):
    _fields_ = [("number", c_uint64), ("byte_count", c_uint64), ("mtime_ns", c_int64)]
    _fields_ += [("ctime_ns", c_int64), ("device", c_uint32), ("generation", c_uint32)]


class Evidence(Record):
    _fields_ = [("size", c_size_t), ("inode", Inode), ("upper", Inode), ("lower", Inode)]
    _fields_ += [("fs_magic", c_uint64)]
    _fields_ += [(name, c_uint32) for name in "flags mode uid gid nlink reserved".split()]


class Verdict(Record):
    _fields_ = [("size", c_size_t), ("path", Text), ("reason", Text), ("sha256", Text)]
    _fields_ += [(name, c_uint32) for name in "verdict evidence drift cacheable".split()]


class Failed(Exception):
    """What the library refused."""

    def __init__(self, status, message, file, line):
        super().__init__(f"{status}: {message} ({file}:{line})")
        self.status, self.message, self.file, self.line = status, message, file, line


AlertFunction = ctypes.CFUNCTYPE(None, c_void_p, c_void_p)

lib = ctypes.CDLL(sys.argv[1])
lib.driftcore_version.restype = c_char_p
lib.driftcore_verdict_name.restype = c_char_p
for function in "options_new sources_new alert_copy".split():
    getattr(lib, f"driftcore_{function}").restype = c_void_p
for function in "error_message error_file alert_json alert_line rules_tag rules_json".split():
    getattr(lib, f"driftcore_{function}").restype = Text
for function in "diagnostics_count rules_count".split():
    getattr(lib, f"driftcore_{function}").restype = c_size_t


def call(name, *arguments):
    """Calls a function that may fail: its error becomes an exception."""
    error = c_void_p()
    status = getattr(lib, f"driftcore_{name}")(*arguments, byref(error))
    if status == OK:
        assert not error, f"{name} left an error behind"
        return
    assert lib.driftcore_error_status(error) == status
    failed = Failed(
        status,
        str(lib.driftcore_error_message(error)),
        str(lib.driftcore_error_file(error)),
        lib.driftcore_error_line(error),
    )
    lib.driftcore_error_free(byref(error))
    assert not error, "a freed pointer is not NULL"
    raise failed


class Owned:
    """An object of the library, freed at the end of a `with`."""

    def __init__(self, kind, pointer=None):
        self.kind, self.pointer = kind, c_void_p(pointer)

    def __enter__(self):
        return self.pointer

    def __exit__(self, *_):
        getattr(lib, f"driftcore_{self.kind}_free")(byref(self.pointer))
        assert not self.pointer


RULE = b"""- rule: shell of python
  desc: a shell
  condition: proc.name in (sh, bash) and proc.pname = python
  output: "%proc.name was started"
  priority: NOTICE
  tags: [shell, python]
"""


def load(text, rules, diagnostics):
    with Owned("sources", lib.driftcore_sources_new()) as sources:
        call("sources_add_text", sources, b"python.yaml", text, c_size_t(len(text)))
        call("rules_load", sources, None, byref(rules), byref(diagnostics))


def version():
    assert lib.driftcore_version().count(b".") == 2


def rules_are_listed():
    with Owned("rules") as rules, Owned("diagnostics") as diagnostics:
        load(RULE, rules, diagnostics)
        assert lib.driftcore_rules_count(rules) == 1
        rule = Rule()
        call("rules_get", rules, c_size_t(0), byref(rule))
        assert str(rule.name) == "shell of python"
        tags = {str(lib.driftcore_rules_tag(rules, c_size_t(0), c_size_t(i))) for i in range(3)}
        assert tags == {"python", "shell", ""} and rule.tag_count == 2, tags
        assert json.loads(str(lib.driftcore_rules_json(rules)))[0]


def bad_rules_say_where():
    with Owned("rules") as rules, Owned("diagnostics") as diagnostics:
        try:
            load(RULE.replace(b"proc.pname", b"proc.pnam"), rules, diagnostics)
        except Failed as failed:
            assert (failed.status, failed.file, failed.line) == (RULES, "python.yaml", 3), failed
        else:
            raise AssertionError("loaded")
        assert not rules and lib.driftcore_diagnostics_count(diagnostics) == 1
        one = Diagnostic()
        call("diagnostics_get", diagnostics, c_size_t(0), byref(one))
        assert str(one.code) == "unknown-field" and one.line == 3, str(one.rendered)
        assert "proc.pnam" in str(one.rendered)


def events_match():
    alerts = []

    def on_alert(context, alert):
        alerts.append((context, str(lib.driftcore_alert_json(c_void_p(alert)))))

    callback = AlertFunction(on_alert)
    flat = json.dumps({"evt.type": "execve", "proc.name": "sh", "proc.pname": "python"}).encode()
    with Owned("rules") as rules, Owned("diagnostics") as diagnostics:
        load(RULE, rules, diagnostics)
        with Owned("matcher") as matcher, Owned("flat_event") as event, Owned("field") as field:
            call("matcher_new", rules, byref(matcher))
            call("flat_event_parse", flat, c_size_t(len(flat)), byref(event))
            found, index = c_size_t(), c_size_t(9)
            call("matcher_match", matcher, event, byref(index), c_size_t(1), byref(found))
            assert (found.value, index.value) == (1, 0)
            call("matcher_alerts", matcher, event, callback, c_void_p(77))
            call("field_find", b"proc.name", byref(field))
            call("flat_event_set_text", event, field, b"ls", c_size_t(2))
            call("matcher_match", matcher, event, None, c_size_t(0), byref(found))
            assert found.value == 0
    [(context, alert)] = alerts
    alert = json.loads(alert)
    assert (context, alert["rule"]) == (77, "shell of python")
    assert alert["output_fields"]["proc.name"] == "sh" and not alert.get("drift"), alert


def judge(evidence, layers):
    with Owned("classified") as classified:
        call(
            "classify", byref(evidence), b"/x", c_size_t(2), layers, None, byref(classified)
        )
        verdict = Verdict()
        call("classified_get", classified, byref(verdict))
        assert str(verdict.path) == "/x"
        return lib.driftcore_verdict_name(verdict.verdict), verdict.drift, str(verdict.reason)


def files_are_judged():
    """By what the kernel says alone, and in layers where that leaves it open."""
    evidence = Evidence()
    evidence.flags = FILE_ANONYMOUS
    assert judge(evidence, None)[:2] == (b"memfd", 1)

    with tempfile.TemporaryDirectory() as directory, Owned("layers") as layers:
        upper, lower = os.path.join(directory, "upper"), os.path.join(directory, "lower")
        os.mkdir(upper)
        os.mkdir(lower)
        with open(os.path.join(upper, "x"), "w", encoding="ascii") as file:
            file.write("new")
            stat = os.fstat(file.fileno())
        evidence.flags = FILE_ON_ROOT_SUPERBLOCK | FILE_OVERLAY | FILE_UPPER_DATA
        evidence.flags |= FILE_LAYERS_KNOWN | FILE_ON_ROOT_MOUNT
        evidence.fs_magic, evidence.mode, evidence.nlink = 0x794C7630, 0o100755, 1
        evidence.inode.number = evidence.upper.number = stat.st_ino
        lowers = (c_char_p * 1)(lower.encode())
        call("layers_new", upper.encode(), lowers, c_size_t(1), c_int64(0), byref(layers))
        found = judge(evidence, layers)
        assert found[:2] == (b"added", 1), found
        assert judge(evidence, None)[0] == b"unknown"


def errors_are_told_apart():
    def status(name, *arguments):
        try:
            call(name, *arguments)
        except Failed as failed:
            assert failed.message
            return failed.status
        return OK

    with Owned("options", lib.driftcore_options_new()) as options:
        assert status("options_set", options, b"rules.matching", b"all") == OK
        assert status("options_set", options, b"rules.matching", b"x") == WRONG_TYPE
        assert status("options_set", options, b"no.option", b"x") == UNKNOWN_NAME
        assert status("options_set", options, b"\xff", b"x") == INVALID_ARGUMENT
        assert status("options_set", None, b"rules.matching", b"all") == INVALID_ARGUMENT


def main():
    failed = 0
    for test in (
        version,
        rules_are_listed,
        bad_rules_say_where,
        events_match,
        files_are_judged,
        errors_are_told_apart,
    ):
        try:
            test()
            print("ok", test.__name__)
        except Exception:
            failed += 1
            traceback.print_exc(file=sys.stdout)
            print("FAILED", test.__name__)
    return failed


if __name__ == "__main__":
    sys.exit(main())
