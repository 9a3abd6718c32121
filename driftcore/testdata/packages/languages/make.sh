#!/bin/bash
# Makes what is beside this file, by the real tools: see ../README.md.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
rm -rf "$here"/{pip,npm,gem,cargo,go}
mkdir -p "$here"/{pip,npm,gem,cargo,go}

# pip: a wheel of ours by pip, and an egg of ours by setuptools alone.
mkdir -p dist/drift_py
echo 'def main(): pass' > dist/drift_py/__init__.py
echo 'x = 1' > 'dist/drift_py/a,b.py'
cat > dist/setup.py <<'PY'
from setuptools import setup
setup(name="Drift.Py", version="1.0rc1", packages=["drift_py"], description="A distribution of the tests",
      entry_points={"console_scripts": ["drift-py=drift_py:main"]})
PY
python3 -m venv venv
venv/bin/pip -q install setuptools==68.2.2 wheel==0.42.0
(cd dist && ../venv/bin/python setup.py -q bdist_wheel 2>/dev/null)
venv/bin/pip -q install dist/dist/*.whl
(cd dist && ../venv/bin/python setup.py -q install --root "$work/eggs" --prefix /usr --single-version-externally-managed \
    --record record 2>/dev/null)
cp -r venv/lib/python3*/site-packages/*rift*.dist-info "$here/pip/"
cp -r eggs/usr/lib/python3*/site-packages/*.egg-info "$here/pip/"

# npm
mkdir -p node/inner node/scoped app
echo '{"name": "drift-inner", "version": "0.1.0"}' > node/inner/package.json
cat > node/scoped/package.json <<'JSON'
{"name": "@drift/scoped", "version": "2.0.0-beta.1", "bin": {"drift-scoped": "cli.js"}, "description": "\u007b"}
JSON
echo '#!/usr/bin/env node' > node/scoped/cli.js
(cd node/inner && npm pack --silent > /dev/null)
(cd node/scoped && npm pack --silent > /dev/null)
echo '{"name": "app", "version": "1.0.0", "private": true}' > app/package.json
(cd app && npm install --silent --no-audit --no-fund ../node/inner/*.tgz ../node/scoped/*.tgz)
cp -r app/node_modules "$here/npm/"
rm -rf "$here"/npm/node_modules/.bin "$here"/pip/*/direct_url.json

# gem
mkdir -p gem/exe gem/lib
echo '1' > gem/lib/drift.rb
echo 'puts 1' > gem/exe/drift-rb
cat > gem/drift-rb.gemspec <<'RUBY'
Gem::Specification.new do |s|
  s.name = "drift-rb"
  s.version = "1.2.0.rc1"
  s.summary = "A gem of the tests"
  s.authors = ["Driftcore"]
  s.files = ["lib/drift.rb"]
  s.bindir = "exe"
  s.executables = ["drift-rb"]
end
RUBY
(cd gem && gem build --silent drift-rb.gemspec 2>/dev/null && gem install --silent --local --no-document --install-dir "$work/gems" *.gem)
cp "$work"/gems/specifications/*.gemspec "$here/gem/"

# cargo
cargo init -q --name drift-rs --bin rs 2>/dev/null
cargo install -q --path rs --root "$work/cargo"
cp cargo/.crates2.json cargo/.crates.toml "$here/cargo/"
sed -i "s#$work#/src#g" "$here"/cargo/.crates*

# Go: the inline form from a program of ours, the form with pointers from one that Go 1.15 built. Of both
# only the headers and what they lead to are kept; see sparse.py.
mkdir go && cd go
cat > go.mod <<'GO'
module example.com/drift

go 1.19

require example.com/dep v0.0.0

replace example.com/dep => ./dep
GO
mkdir dep
printf 'module example.com/dep\n' > dep/go.mod
printf 'package dep\n\nconst X = 1\n' > dep/dep.go
printf 'package main\n\nimport "example.com/dep"\n\nfunc main() { println(dep.X) }\n' > main.go
GOFLAGS=-mod=mod CGO_ENABLED=0 go build -trimpath -ldflags=-s -o drift .
python3 "$here/sparse.py" drift > "$here/go/inline.sparse"
go version -m drift > "$here/go/inline.txt"
npm pack --silent esbuild-linux-64@0.8.0 > /dev/null
tar xzf esbuild-linux-64-0.8.0.tgz
python3 "$here/sparse.py" package/bin/esbuild > "$here/go/pointers.sparse"
go version -m package/bin/esbuild > "$here/go/pointers.txt"
