# -*- encoding: utf-8 -*-
# stub: drift-rb 1.2.0.rc1 ruby lib

Gem::Specification.new do |s|
  s.name = "drift-rb".freeze
  s.version = "1.2.0.rc1"

  s.required_rubygems_version = Gem::Requirement.new("> 1.3.1".freeze) if s.respond_to? :required_rubygems_version=
  s.require_paths = ["lib".freeze]
  s.authors = ["Driftcore".freeze]
  s.bindir = "exe".freeze
  s.date = "2026-11-30"
  s.executables = ["drift-rb".freeze]
  s.files = ["exe/drift-rb".freeze]
  s.rubygems_version = "3.3.15".freeze
  s.summary = "A gem of the tests".freeze

  s.installed_by_version = "3.3.15" if s.respond_to? :installed_by_version
end
