use std::collections::BTreeMap;

use lightship_model::digest::Digest;
use lightship_model::manifest::Text;

use super::*;
use crate::build::packages::{Item, ItemKind, Package, Packages};
use crate::build::spec::Spec;
use crate::elf::Elf;

fn item(kind: ItemKind) -> Item {
    Item { kind, mode: 0o755, uid: 0, gid: 0, mtime: 7 }
}

fn file(elf: Option<&[&str]>) -> Item {
    let elf = elf.map(|needed| Elf {
        needed: needed.iter().map(|name| (*name).to_owned()).collect(),
        ..Elf::default()
    });
    item(ItemKind::File { size: 1, sha256: Digest::of(b"x"), elf })
}

fn package(name: &str, fields: &str, items: &[(&str, Item)]) -> (String, Package) {
    let items = items.iter().map(|(path, item)| ((*path).to_owned(), item.clone()));
    let control = format!("Package: {name}\nVersion: 1\n{fields}");
    let package =
        Package { control, md5sums: String::new(), scripts: Vec::new(), items: items.collect() };
    (name.to_owned(), package)
}

fn link(target: &str) -> Item {
    item(ItemKind::Symlink(target.to_owned()))
}

/// A program, its libraries, and things that it has nothing to do with.
fn packages() -> Packages {
    let lib = "usr/lib/x86_64-linux-gnu";
    let at = |name: &str| format!("{lib}/{name}");
    BTreeMap::from([
        package(
            "jq",
            "Depends: libjq1, perl\n",
            &[
                ("usr/bin/jq", file(Some(&["libjq.so.1"]))),
                ("usr/share/jq/examples", file(None)),
                ("usr/share/doc/jq/copyright", file(None)),
            ],
        ),
        package(
            "libjq1",
            "Provides: libjq\n",
            &[
                (&at("libjq.so.1"), link("libjq.so.1.0")),
                (&at("libjq.so.1.0"), file(Some(&["libonig.so.5"]))),
                (&at("libother.so.1"), file(None)),
                ("usr/share/doc/libjq1", link("libonig5")),
            ],
        ),
        package(
            "libonig5",
            "",
            &[
                (&at("libonig.so.5"), file(None)),
                ("usr/share/doc/libonig5", item(ItemKind::Directory)),
                ("usr/share/doc/libonig5/copyright", file(None)),
            ],
        ),
        package(
            "whole",
            "Depends: libjq, absent | jq\n",
            &[("usr/bin/whole", file(Some(&["no.so"])))],
        ),
    ])
}

fn selected(image: &str) -> Result<Selection, String> {
    let text = Text::new("m", format!("[image]\narchitecture = \"amd64\"\n{image}"));
    let spec: Spec = crate::build::spec::of_texts(&[text]).map_err(|errors| errors.to_string())?;
    select(&spec, &packages(), &[]).map_err(|error| error.to_string())
}

fn names(selection: &Selection) -> Vec<&str> {
    selection.paths.keys().map(String::as_str).collect()
}

#[test]
fn a_slice_has_its_programs_with_the_libraries_that_they_need_and_all_licences() {
    let selection = selected("packages = [\"jq\"]").unwrap();
    let lib = "usr/lib/x86_64-linux-gnu";
    assert_eq!(
        names(&selection),
        [
            "usr/bin/jq",
            &format!("{lib}/libjq.so.1"),
            &format!("{lib}/libjq.so.1.0"),
            &format!("{lib}/libonig.so.5"),
            "usr/share/doc/jq/copyright",
            "usr/share/doc/libjq1",
            "usr/share/doc/libonig5/copyright",
        ]
    );
    assert!(selection.notes.is_empty());
}

#[test]
fn a_whole_package_brings_what_it_depends_on_and_tells_what_is_missing() {
    let selection = selected("packages = [{ name = \"whole\", whole = true }]").unwrap();
    let all = names(&selection);
    // Of a package with a rule the usual slices, of another one everything.
    assert!(all.contains(&"usr/bin/jq") && !all.contains(&"usr/share/jq/examples"));
    assert!(all.iter().any(|path| path.ends_with("libother.so.1")));
    let [note] = selection.notes.as_slice() else { panic!("{:?}", selection.notes) };
    assert!(note.contains("`/usr/bin/whole` needs `no.so`"), "{note}");
}

#[test]
fn a_program_of_a_slice_without_its_library_is_an_error() {
    let text = Text::new("m", "[image]\narchitecture = \"amd64\"\npackages = [\"jq\"]");
    let spec = crate::build::spec::of_texts(&[text]).unwrap();
    let mut packages = packages();
    packages.remove("libonig5");
    let error = select(&spec, &packages, &[]).unwrap_err().to_string();
    assert!(error.contains("libjq.so.1.0` needs `libonig.so.5`"), "{error}");
}

#[test]
fn a_rule_that_does_not_fit_its_package_is_told() {
    let text = Text::new("m", "[image]\narchitecture = \"amd64\"\npackages = [\"jq\"]");
    let spec = crate::build::spec::of_texts(&[text]).unwrap();
    let mut packages = packages();
    packages.get_mut("jq").unwrap().items.remove("usr/bin/jq");
    let error = select(&spec, &packages, &[]).unwrap_err().to_string();
    assert!(error.contains("`usr/bin/jq`, which jq 1 does not have"), "{error}");
}
