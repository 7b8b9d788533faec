//! Each source, with the real client of its registry.

use lightship_model::digest::Digest;
use lightship_model::state::ToolStatus;
use testkit::{Fault, NpmPackage, Registry, Sandbox, Wheel, archive};

use crate::kinds;
use crate::support::{names, sandbox};

/// A sandbox in which the tool of the kind has been installed.
fn installed(kind: &str) -> Sandbox {
    let registry = Registry::start();
    let sandbox = sandbox();
    sandbox.manifest(&format!("{}{}", registry.manifest(), kinds::tool(&registry, kind)));
    let _run = sandbox.run().installed_all();
    sandbox
}

#[test]
fn a_crate_is_built_by_cargo_and_its_program_runs() {
    let sandbox = installed("cargo");
    assert!(sandbox.output_of("tinycargo").starts_with("cargo works"));
    let (_, receipt) = &sandbox.receipts()["cargo"];
    assert_eq!(receipt.shown_version(), Some("1.0.0"));
}

#[test]
fn a_package_of_npm_is_installed_and_its_program_runs() {
    let sandbox = installed("npm");
    assert!(sandbox.output_of("tinynpm").starts_with("npm works"));
    assert_eq!(sandbox.receipts()["npm"].1.shown_version(), Some("1.0.0"));
}

#[test]
fn an_archive_is_unpacked_as_take_and_links_say() {
    let sandbox = installed("binary");
    assert_eq!(sandbox.output_of("tinybinary"), "binary works");
    let prefix = sandbox.prefix("binary");
    assert_eq!(names(&prefix), ["bin", "lib", "share"]);
    assert_eq!(std::fs::read_to_string(prefix.join("share/data")).unwrap(), "data");
}

#[test]
fn npms_install_scripts_run_only_where_the_manifest_lets_them() {
    let registry = Registry::start();
    let sandbox = sandbox();
    let tool = kinds::tool(&registry, "npm").replace("scripts = true", "scripts = false");
    let tool = tool.lines().filter(|line| !line.starts_with("verify")).collect::<Vec<_>>();
    sandbox.manifest(&format!("{}{}", registry.manifest(), tool.join("\n")));
    let _run = sandbox.run().installed_all();
    assert!(!sandbox.prefix("npm").join("node_modules/tinynpm/seen").exists());
}

#[test]
fn npms_overrides_decide_what_a_dependency_is() {
    let registry = Registry::start();
    let part = NpmPackage {
        version: "1.0.0",
        bin: &[],
        dependencies: &[],
        install_script: None,
        files: &[("index.js", "module.exports = require('./package.json').version;")],
    };
    registry.put_npm("part", &[part, NpmPackage { version: "1.5.0", ..part }]);
    let whole = NpmPackage {
        bin: &[("whole", "./cli.js")],
        dependencies: &[("part", "^1.0.0")],
        files: &[("cli.js", "#!/usr/bin/env node\nconsole.log(require('part'));\n")],
        ..part
    };
    registry.put_npm("whole", &[whole]);
    for (overrides, version) in [("", "1.5.0"), ("overrides = { part = \"1.0.0\" }", "1.0.0")] {
        let sandbox = sandbox();
        let tool = format!("[tools.whole.npm]\npackage = \"whole\"\n{overrides}\n");
        sandbox.manifest(&format!("{}{tool}", registry.manifest()));
        let _run = sandbox.run().installed_all();
        assert_eq!(sandbox.output_of("whole"), version);
    }
}

const PROGRAM: &str = "#!/bin/sh\necho from a file\n";

/// Part of a manifest for a tool that is one file at `url`.
fn single(url: &str, content: &[u8]) -> String {
    let sha256 = Digest::of(content);
    format!("[tools.single]\nbinary = {{ url = \"{url}\", sha256 = \"{sha256}\" }}\n")
}

#[test]
fn a_single_file_is_the_program_whether_from_the_web_or_the_disk() {
    let registry = Registry::start();
    let sandbox = sandbox();
    std::fs::write(sandbox.path("file"), PROGRAM).unwrap();
    let disk = format!("file://{}", sandbox.path("file").display());
    for url in [registry.put_file("single", PROGRAM), disk] {
        sandbox.manifest(&single(&url, PROGRAM.as_bytes()));
        let _run = sandbox.run().installed_all();
        assert_eq!(sandbox.output_of("single"), "from a file");
    }
    assert_eq!(sandbox.acts("download").len(), 2);
}

#[test]
fn a_registrys_own_artefact_is_found_through_its_index() {
    let registry = Registry::start();
    let wheel = registry.put_wheel(Wheel { name: "tinydata", module: "X = 1\n", program: None });
    let package = NpmPackage {
        version: "1.0.0",
        bin: &[],
        dependencies: &[],
        install_script: None,
        files: &[("tool", PROGRAM)],
    };
    let tarball = registry.put_npm("tinyfile", &[package]);
    let sandbox = sandbox();
    sandbox.manifest(&format!(
        "{}[tools.wheel]\nbinary = {{ url = \
         \"pypi:tinydata==1.0.0/tinydata-1.0.0-py3-none-any.whl\", sha256 = \"{}\" }}\n\
         [tools.tarball]\nbinary = {{ url = \"npm:tinyfile@1.0.0\", sha256 = \"{}\", take = \
         [{{ from = \"package/tool\", to = \"bin/tool\" }}] }}\n",
        registry.manifest(),
        Digest::of(&wheel),
        Digest::of(&tarball),
    ));
    let _run = sandbox.run().installed_all();
    assert_eq!(sandbox.output_of("tool"), "from a file");
    assert!(sandbox.prefix("wheel").join("tinydata.py").is_file());
}

#[test]
fn another_content_than_the_digest_says_fails_without_another_attempt() {
    let registry = Registry::start();
    let sandbox = sandbox();
    let url = registry.put_file("single", "something else");
    sandbox.manifest(&single(&url, PROGRAM.as_bytes()));
    let run = sandbox.run().ended_well();
    assert_eq!(run.last("single").status, ToolStatus::Failed);
    let error = run.last("single").error.as_deref().unwrap();
    assert!(error.contains("another content"), "{error}");
    assert!(error.contains(Digest::of(PROGRAM.as_bytes()).as_str()), "{error}");
    assert_eq!(registry.requests("/files/single"), 1);
    assert!(sandbox.receipts().is_empty());
}

#[test]
fn an_archive_without_what_take_names_fails_and_says_what_is_missing() {
    let registry = Registry::start();
    let sandbox = sandbox();
    let bytes = archive::zip(&[("present", 0o755, PROGRAM)]);
    let sha256 = Digest::of(&bytes);
    let url = registry.put_file("x.zip", bytes);
    sandbox.manifest(&format!(
        "[tools.single]\nbinary = {{ url = \"{url}\", sha256 = \"{sha256}\", take = \
         [{{ from = \"absent\", to = \"bin/x\" }}] }}\n"
    ));
    let error = sandbox.run().ended_well().last("single").error.clone().unwrap();
    assert!(error.contains("there is no `absent`"), "{error}");
}

#[test]
fn a_servers_passing_fault_is_outlived() {
    let registry = Registry::start();
    let url = registry.put_file("single", PROGRAM);
    for fault in [Fault::Status(500), Fault::Short] {
        let sandbox = sandbox();
        sandbox.manifest(&single(&url, PROGRAM.as_bytes()));
        registry.fail("/files/single", [fault]);
        let _run = sandbox.run().installed_all();
        assert_eq!(sandbox.acts("install"), ["single"], "{fault:?}");
        assert_eq!(sandbox.output_of("single"), "from a file");
    }
}

#[test]
fn a_file_that_is_not_there_is_not_asked_for_twice() {
    let registry = Registry::start();
    let sandbox = sandbox();
    sandbox.manifest(&single(&registry.url("/files/nothing"), b""));
    let run = sandbox.run().ended_well();
    assert_eq!(run.last("single").status, ToolStatus::Failed);
    assert_eq!(registry.requests("/files/nothing"), 1);
}

#[test]
fn a_crate_and_packages_that_do_not_exist_are_not_asked_for_again() {
    let registry = Registry::start();
    let sandbox = sandbox();
    sandbox.manifest(&format!(
        "{}[tools.c]\ncargo = {{ package = \"nowhere\" }}\n\
         [tools.n]\nnpm = {{ package = \"nowhere\" }}\n\
         [tools.p]\npip = {{ package = \"nowhere\" }}\n",
        registry.manifest()
    ));
    let run = sandbox.run().ended_well();
    for tool in ["c", "n", "p"] {
        let change = run.last(tool);
        assert_eq!(change.status, ToolStatus::Failed, "{tool}");
        assert!(change.error.as_deref().unwrap().contains("nowhere"), "{change:?}");
    }
    let mut attempts = sandbox.acts("install");
    attempts.sort();
    assert_eq!(attempts, ["c", "n", "p"]);
}
