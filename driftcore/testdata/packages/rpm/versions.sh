#!/bin/bash
# Prints pairs of versions and what the real RPM says of their order.
set -euo pipefail
rpm --eval '%{lua:
local seed = 7
local function random(below)
    seed = (seed * 1103515245 + 12345) % 2147483648
    return seed // 65536 % below
end
local pieces = {"0", "1", "2", "10", "01", "009", "a", "b", "rc", "alpha", "~", "^", ".", "_", "+", "~rc1",
    "^git2", "..", "18446744073709551617", "18446744073709551616"}
local function version()
    local text = ""
    for _ = 0, random(5) do text = text .. pieces[random(#pieces) + 1] end
    return text
end
local function evr()
    local epoch = ""
    if random(4) == 0 then epoch = random(3) .. ":" end
    return epoch .. version() .. "-" .. version()
end
local known = {{"1.0", "1.0.1"}, {"1.0~rc1", "1.0"}, {"1.0^", "1.0"}, {"1.0^git1", "1.0.1"}, {"1.0~~", "1.0~"},
    {"1.0a", "1.0.1"}, {"5.16", "5.16.0"}, {"xyz10", "xyz10.1"}, {"2_0", "2.0"}, {"1.0^~", "1.0^"}, {"6.0.rc1", "6.0"}}
local function show(one, two)
    print(one .. "\t" .. two .. "\t" .. rpm.vercmp(one, two) .. "\n")
end
for _, pair in ipairs(known) do show(pair[1], pair[2]) end
for _ = 1, 250 do show(version(), version()) end
for _ = 1, 150 do show(evr(), evr()) end
}' | sed '/^$/d'
