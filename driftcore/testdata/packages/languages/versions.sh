#!/bin/bash
# Writes tables of pairs of versions, with what `packaging` and RubyGems say of their order.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
python3 - > "$here/pip.tsv" <<'PYTHON'
import random
from pip._vendor.packaging.version import Version

random.seed(7)
known = """1.dev0 1.0.dev456 1.0a1 1.0a2.dev456 1.0a12.dev456 1.0a12 1.0b1.dev456 1.0b2 1.0b2.post345.dev456
1.0b2.post345 1.0rc1.dev456 1.0rc1 1.0 1.0+abc.5 1.0+abc.7 1.0+5 1.0.post456.dev34 1.0.post456 1.0.15 1.1.dev1
1!0.1 2016.10 v1.0 1.0-1 1.0-r4 1.0.c3 1.0_preview_2 1.0.0.0 1.0ALPHA 1.00.1 1.0+ABC-5_x 1.0post""".split()


def version():
    pick = random.choice
    text = pick(["", "", "", "0!", "1!", "v"]) + ".".join(pick(["0", "1", "2", "10", "01"]) for _ in range(random.randint(1, 3)))
    text += pick(["", "", pick("-_.,").strip(",") + pick(["a", "b", "rc", "c", "alpha", "beta", "pre"]) + pick(["", "1", "2", ".3"])])
    text += pick(["", "", ".post" + pick(["", "1", "2"]), "-" + pick("12"), "r1"])
    text += pick(["", "", ".dev" + pick(["", "1", "2"])])
    return text + pick(["", "", "+" + pick(["1", "2", "a", "a.1", "a-2", "10.b"])])


pairs = [(random.choice(known), random.choice(known)) for _ in range(200)]
pairs += list(zip(known, known[1:]))
pairs += [(version(), version()) for _ in range(200)]
for one, two in pairs:
    left, right = Version(one), Version(two)
    print(one, two, (left > right) - (left < right), sep="\t")
PYTHON
ruby > "$here/gem.tsv" <<'RUBY'
random = Random.new(7)
pick = ->(*of) { of[random.rand(of.size)] }
version = lambda do
  text = Array.new(1 + random.rand(4)) { pick["0", "1", "2", "10", "01"] }.join(".")
  text += pick["", "", ".a", ".rc1", ".pre.1", "-1", "-beta.2", "a", ".0.b", ".b.0", ".Rc"]
  text + pick["", "", ".0", ".1"]
end
known = %w[1 1.0 1.0.0 1.a 1.0.a 1.0.a.0 1.0.rc1 1.0.rc2 1.0.rc10 1.0.pre 0.9 1.0-1 1.1 2.0.b1.0 2.0.b1]
pairs = known.product(known) + Array.new(250) { [version.(), version.()] }
pairs.select! { |pair| pair.all? { Gem::Version.correct?(_1) } }
pairs.each { |one, two| puts [one, two, Gem::Version.new(one) <=> Gem::Version.new(two)].join("\t") }
RUBY
