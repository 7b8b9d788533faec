//! The programs of each slice, run in a root that holds exactly that slice: from the mirror that
//! this machine's apt is configured for. A rule that no case covers is a fault.
#![expect(clippy::tests_outside_test_module, reason = "an integration test is a test module")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![expect(clippy::print_stdout, reason = "who looks at the log learns what was not run")]

mod cases;
mod chroot;

use std::collections::BTreeSet;

use lightship_image::build::slice::rules;

use self::cases::CASES;
use self::chroot::Chroots;

#[test]
fn every_slice_has_a_case() {
    let covered: BTreeSet<&str> = CASES.iter().flat_map(|case| case.slices).copied().collect();
    for rule in rules::all() {
        for slice in rule.slices.keys() {
            let name = format!("{}:{slice}", rule.package);
            assert!(covered.contains(name.as_str()), "no case runs {name}");
        }
    }
}

#[test]
fn programs_run_in_a_root_of_their_slice_alone() {
    let Some(chroots) = Chroots::new() else { return };
    let mut failed = Vec::new();
    for case in CASES {
        let root = chroots.build(case);
        for (words, expected) in case.runs {
            let (output, good) = root.run(words);
            if !good || !output.contains(expected) {
                failed.push(format!("{:?}: {words:?}\n{output}", case.slices));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[test]
fn https_is_spoken_with_the_certificates_of_the_image() {
    let Some(chroots) = Chroots::new() else { return };
    let Some(registry) = chroot::https_address() else {
        return println!("not run: npm names no registry that is asked by https");
    };
    let case = cases::Case {
        slices: &["git:https", "curl:bins"],
        packages: r#"{ name = "git", slices = ["https"] }, "curl""#,
        runs: &[],
    };
    let root = chroots.build(&case);
    root.give_network();
    let (output, good) =
        root.run(&["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", &registry]);
    assert!(good && output.starts_with('2'), "{output}");
    // It is no repository, which takes TLS to find out.
    let address = format!("{registry}no-repository");
    let (output, _) = root.run(&["git", "ls-remote", &address]);
    let reached = ["not found", "info/refs", "HTTP", "returned error"];
    assert!(reached.iter().any(|word| output.contains(word)), "{output}");
    assert!(!output.contains("certificate") && !output.contains("remote helper"), "{output}");
}
