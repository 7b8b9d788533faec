//! Which packages are asked of the archive: those that are named, and those whose slices the
//! named ones' slices need.

use std::collections::{BTreeMap, BTreeSet};

use lightship_model::digest::Digest;
use lightship_model::manifest::DebSource;

use crate::build::slice::rules;
use crate::build::spec::{Spec, Take};

/// The question of `spec`: its source with packages and exceptions filled in.
pub fn of(spec: &Spec) -> DebSource {
    let mut names: BTreeMap<&str, String> = BTreeMap::new();
    let mut without = BTreeSet::new();
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
        without.extend(rule.without.iter().cloned());
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
    // What is taken whole may want what slices do without, and what is named is wanted.
    if !whole.is_empty() {
        without.clear();
    }
    without.retain(|name| !names.contains_key(name.as_str()));
    DebSource {
        packages: names.into_values().collect(),
        without: without.into_iter().collect(),
        ..spec.deb.clone()
    }
}

/// A digest of all that decides which packages come: a lock that was made for another one is
/// stale. The keys and the mirror are not in it, as they only say where and by whom.
pub fn recipe(spec: &Spec) -> Digest {
    let deb = of(spec);
    let npm: Vec<_> = spec.npm.iter().map(|npm| (&npm.package, &npm.version)).collect();
    let parts = (deb.packages, deb.without, deb.suite, deb.components, spec.architecture, npm);
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
        let deb = of(&spec("\"bash=5.2\""));
        let expected =
            ["base-files", "base-passwd", "bash=5.2", "dash", "libc-bin", "ncurses-base"];
        assert_eq!(deb.packages, expected);
    }

    #[test]
    fn what_a_slice_does_without_is_left_out_unless_somebody_wants_it() {
        let git = "{ name = \"git\", slices = [\"local\"] }";
        assert!(of(&spec(git)).without.contains(&"perl".to_owned()));
        assert!(!of(&spec(&format!("{git}, \"perl\""))).without.contains(&"perl".to_owned()));
        let whole = format!("{git}, {{ name = \"zsh\", whole = true }}");
        assert!(of(&spec(&whole)).without.is_empty());
        let needed = format!("{git}, {{ name = \"libstdc++6\", slices = [] }}");
        assert!(of(&spec(&needed)).without.contains(&"perl".to_owned()));
    }

    #[test]
    fn another_question_has_another_recipe() {
        let recipes =
            ["\"bash\"", "\"bash=5.2\"", "\"bash\", \"jq\""].map(|text| recipe(&spec(text)));
        assert_eq!(recipes[0], recipe(&spec("\"bash\"")));
        assert_eq!(recipes.iter().collect::<BTreeSet<_>>().len(), 3);
    }
}
