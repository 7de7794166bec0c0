#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Fails when a module uses one above or beside it, or what its floor has to do without.

The floors are those of ARCHITECTURE.md. A module may include itself and what stands on a lower floor;
programs may include every module; nobody includes a program, a test or an example.
"""

import pathlib
import re
import sys

import sources

FLOORS = [{"base"}, {"coap"}, {"oscore"}, {"lwm2m"}, {"card", "client", "server", "registry"}, {"store", "tls"}, {"net"}, {"api"}]
FLOOR_OF = {module: height for height, floor in enumerate(FLOORS) for module in floor}

# No sockets, clocks, threads or devices: everything is passed in.
ENGINES = {"base", "card", "coap", "oscore", "lwm2m", "client", "server"}
ENGINE_HEADERS = re.compile(
    r"(thread|mutex|shared_mutex|condition_variable|future|semaphore|latch|barrier|stop_token|atomic|random"
    r"|ctime|time\.h|csignal|signal\.h|filesystem|iostream|istream|ostream|fstream|sstream|iomanip|syncstream"
    r"|unistd\.h|pthread\.h|fcntl\.h|poll\.h|netdb\.h|(sys|netinet|arpa|net|linux)/.*"
    r"|(boost|spdlog|nlohmann|pugixml|sqlite3|toml\+\+|CLI)\b.*)")
ENGINE_WORDS = re.compile(
    r"\b(steady_clock|system_clock|high_resolution_clock|random_device|std::j?thread|gettimeofday|clock_gettime|getenv)\b")

# No heap either: memory is handed over at set-up.
DEVICE = {"base", "card", "coap", "oscore", "lwm2m", "client"}
DEVICE_HEADERS = re.compile(
    r"(string|vector|map|set|unordered_map|unordered_set|deque|list|forward_list|queue|stack|functional|any|regex"
    r"|memory_resource|locale|format)")
DEVICE_WORDS = re.compile(
    r"\bstd::(string|vector|map|set|unordered_map|unordered_set|deque|list|function|unique_ptr|shared_ptr"
    r"|make_unique|make_shared|allocator|to_string)\b"
    r"|\b(malloc|calloc|realloc|strdup)\s*\(|\bnew\s+[A-Za-z_:]")

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]', re.MULTILINE)
COMMENT_OR_LITERAL = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def code_of(text):
    """The text without comments and literals, line numbers kept. Digit separators are no literals."""
    text = re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", "", text)
    return COMMENT_OR_LITERAL.sub(lambda match: "\n" * match.group().count("\n"), text)


def line_of(text, offset):
    return text.count("\n", 0, offset) + 1


def include_faults(module, text):
    """What is wrong with the includes of a file of `module`: (line, what)."""
    for match in INCLUDE.finditer(text):
        quoted, name = match.group(1) == '"', match.group(2)
        line = line_of(text, match.start())
        parts = name.split("/")
        if parts[0] == "linnet":
            other = parts[1]
            if other not in FLOOR_OF:
                yield line, f"includes {name}: no module '{other}'"
            elif other != module and FLOOR_OF[other] >= FLOOR_OF[module]:
                where = "beside" if FLOOR_OF[other] == FLOOR_OF[module] else "above"
                yield line, f"includes {name}: {other} stands {where} {module}"
        elif quoted:
            yield line, f'includes "{name}": modules are included as "linnet/<module>/...", others in <>'
        elif module in ENGINES and ENGINE_HEADERS.fullmatch(name):
            yield line, f"includes <{name}>: {module} has no input, output, clock or thread"
        elif module in DEVICE and DEVICE_HEADERS.fullmatch(name):
            yield line, f"includes <{name}>: {module} has no heap"


def word_faults(module, text):
    code = code_of(text)
    for modules, words, lacks in ((ENGINES, ENGINE_WORDS, "clock, thread or device"), (DEVICE, DEVICE_WORDS, "heap")):
        if module in modules:
            for match in words.finditer(code):
                yield line_of(code, match.start()), f"says '{match.group()}': {module} has no {lacks}"


def depends_faults(module, text):
    """The same order for what CMake links: DEPENDS of linnet_module().

    A folder may hold a second library, named <module>_<what>; that one may stand on the module itself, or the
    module on it.
    """
    for match in re.finditer(r"linnet_module\(\s*(\w+)([^)]*)\)", text):
        second = match.group(1).startswith(f"{module}_")
        section = re.search(r"\bDEPENDS\b([\w\s]*?)(?=\b(?:SOURCES|LIBRARIES|ENGINE)\b|$)", match.group(2))
        for other in section.group(1).split() if section else []:
            if other == module if second else other.startswith(f"{module}_"):
                continue
            if other not in FLOOR_OF:
                yield line_of(text, match.start()), f"depends on '{other}': no such module"
            elif FLOOR_OF[other] >= FLOOR_OF[module]:
                yield line_of(text, match.start()), f"depends on {other}, which does not stand below {module}"


def faults(root):
    """Every breach below root/src, as 'path:line: what'."""
    src = root / "src" / "linnet"
    for path in sources.listed(root):
        if src not in path.parents or path.parent == src:
            continue
        module, shown = path.relative_to(src).parts[0], path.relative_to(root)
        if module not in FLOOR_OF:
            yield f"{shown}:1: module '{module}' has no floor in {pathlib.Path(__file__).name}"
            continue
        text = path.read_text(encoding="utf-8")
        found = []
        if path.suffix in (".hpp", ".cpp"):
            found = [*include_faults(module, text), *word_faults(module, text)]
        elif path.name == "CMakeLists.txt":
            found = depends_faults(module, text)
        for line, what in sorted(found):
            yield f"{shown}:{line}: {what}"


def main(argv):
    root = pathlib.Path(argv[1]).resolve() if len(argv) > 1 else sources.ROOT
    found = list(faults(root))
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
