//! Which packages are asked of the archive: those that are named, and those whose slices the
//! named ones' slices need. And what none of these needs, though it depends on it.

use std::collections::{BTreeMap, BTreeSet};

use lightship_debian::resolve::Without;
use lightship_model::digest::Digest;
use lightship_model::manifest::DebSource;

use crate::build::slice::rules;
use crate::build::spec::{Spec, Take};

/// What the archive is asked.
#[derive(Clone, Debug)]
pub struct Question {
    pub deb: DebSource,
    /// By a package that is taken in slices, what no slice of it needs.
    pub without: Without,
}

/// The question of `spec`.
pub fn of(spec: &Spec) -> Question {
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    let mut without = Without::new();
    let mut whole = BTreeSet::new();
    let mut queue: Vec<(&str, Take)> = Vec::new();
    for (wish, take) in &spec.packages {
        let name = wish.split('=').next().unwrap_or(wish);
        names.insert(name, wish.clone());
        queue.push((name, take.clone()));
    }
    let mut seen = BTreeSet::new();
    while let Some((name, take)) = queue.pop() {
        names.entry(name).or_insert_with(|| name.to_owned());
        let (Some(rule), false) = (rules::of(name), take == Take::Whole) else {
            if !matches!(take, Take::Slices(_)) {
                whole.insert(name);
            }
            continue;
        };
        without.insert(name.to_owned(), rule.without.iter().cloned().collect());
        let slices = match &take {
            Take::Slices(slices) => slices,
            Take::Usual | Take::Whole => &rule.default,
        };
        for slice in slices.iter().chain(&rule.always) {
            if !seen.insert((name, slice.clone())) {
                continue;
            }
            for need in rule.slices.get(slice).map_or(&[][..], |slice| &slice.needs) {
                let (package, slice) = rules::parse(name, need);
                queue.push((package, Take::Slices(vec![slice.to_owned()])));
            }
        }
    }
    // What is taken whole as well wants all of it.
    without.retain(|name, needless| !whole.contains(name.as_str()) && !needless.is_empty());
    let packages = names.into_values().collect();
    Question { deb: DebSource { packages, ..spec.deb.clone() }, without }
}

/// A digest of all that decides which packages come: a lock that was made for another one is
/// stale. The keys and the mirror are not in it, as they only say where and by whom.
pub fn recipe(spec: &Spec) -> Digest {
    let Question { deb, without } = of(spec);
    let names: BTreeSet<&str> =
        deb.packages.iter().map(|wish| wish.split('=').next().unwrap_or(wish)).collect();
    // Locks were made with this list when it held for all packages at once.
    let without: BTreeSet<&String> =
        without.values().flatten().filter(|name| !names.contains(name.as_str())).collect();
    let without: Vec<&String> = without.into_iter().collect();
    let npm: Vec<_> = spec.npm.iter().map(|npm| (&npm.package, &npm.version)).collect();
    let parts = (&deb.packages, without, deb.suite, deb.components, spec.architecture, npm);
    Digest::of(format!("{parts:?}").as_bytes())
}

#[cfg(test)]
mod tests {
    use lightship_model::manifest::Text;

    use super::*;

    fn spec(packages: &str) -> Spec {
        let text = format!("[image]\narchitecture = \"amd64\"\npackages = [{packages}]\n");
        crate::build::spec::of_texts(&[Text::new("m", text)]).unwrap()
    }

    #[test]
    fn slices_bring_the_packages_of_the_slices_that_they_need() {
        let deb = of(&spec("\"bash=5.2\"")).deb;
        let expected =
            ["base-files", "base-passwd", "bash=5.2", "dash", "libc-bin", "ncurses-base"];
        assert_eq!(deb.packages, expected);
    }

    #[test]
    fn what_no_slice_of_a_package_needs_is_not_wanted_for_it() {
        let git = "{ name = \"git\", slices = [\"local\"] }";
        let without = |packages: &str| {
            let of_git = of(&spec(packages)).without.remove("git");
            of_git.is_some_and(|needless| needless.contains("perl"))
        };
        assert!(without(git));
        // Whoever else is there, whole or not.
        assert!(without(&format!("{git}, {{ name = \"zsh\", whole = true }}")));
        assert!(without(&format!("{git}, {{ name = \"libstdc++6\", slices = [] }}")));
        assert!(!without("{ name = \"git\", whole = true }"));
    }

    #[test]
    fn another_question_has_another_recipe() {
        let recipes =
            ["\"bash\"", "\"bash=5.2\"", "\"bash\", \"jq\""].map(|text| recipe(&spec(text)));
        assert_eq!(recipes[0], recipe(&spec("\"bash\"")));
        assert_eq!(recipes.iter().collect::<BTreeSet<_>>().len(), 3);
    }
}
