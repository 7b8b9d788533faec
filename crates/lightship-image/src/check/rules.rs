//! Holding an image to a budget.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::budget::{Budget, Limit, Limits, Percent};
use super::error::CheckError;
use super::{Baseline, Part, Rule, Unit, Verdict};
use crate::glob::Glob;
use crate::measure::{Entry, Fate, Measurement, OwnerKind, PathId, Sizes};
use crate::tally;

/// Contributions that are told of each rule.
const MOST_PARTS: usize = 5;

/// One of the two measures.
#[derive(Clone, Copy)]
enum Measure {
    Unpacked,
    Compressed,
}

impl Measure {
    fn of(self, sizes: Sizes) -> u64 {
        match self {
            Self::Unpacked => sizes.unpacked,
            Self::Compressed => sizes.packed,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Unpacked => "unpacked",
            Self::Compressed => "compressed",
        }
    }
}

/// Says whether `image` keeps to `budget`.
///
/// # Errors
/// When a rule can't be held against the image at all.
pub fn check(
    image: &Measurement,
    budget: &Budget,
    baseline: Option<&Baseline>,
) -> Result<Verdict, CheckError> {
    let mut checker = Checker { image, rules: Vec::new(), notes: Vec::new() };
    checker.total(budget)?;
    checker.layers(budget)?;
    checker.growth(budget, baseline)?;
    checker.owners(budget)?;
    checker.paths(budget)?;
    checker.forbidden(budget);
    checker.waste(budget);
    checker.setuid(budget);
    checker.largest_file(budget);
    let Checker { mut rules, notes, .. } = checker;
    if rules.is_empty() {
        return Err(CheckError::Empty);
    }
    rules.sort_by_key(|rule| rule.holds);
    Ok(Verdict {
        image: image.name.clone(),
        go: rules.iter().all(|rule| rule.holds),
        total: image.shipped_total(),
        rules,
        notes,
    })
}

struct Checker<'a> {
    image: &'a Measurement,
    rules: Vec<Rule>,
    notes: Vec<String>,
}

impl<'a> Checker<'a> {
    fn rule(&mut self, name: String, unit: Unit, limit: u64, actual: u64, by: Vec<Part>) {
        self.rules.push(Rule {
            name,
            unit,
            limit,
            actual,
            over: actual.saturating_sub(limit),
            holds: actual <= limit,
            by,
            because: None,
        });
    }

    /// Adds the rules of both measures, as far as there are limits.
    fn sizes(
        &mut self,
        name: &str,
        limits: Limits,
        actual: Sizes,
        parts: &dyn Fn(Measure) -> Vec<Part>,
    ) -> Result<(), CheckError> {
        for (measure, limit) in
            [(Measure::Unpacked, limits.unpacked), (Measure::Compressed, limits.compressed)]
        {
            let Some(Limit(limit)) = limit else { continue };
            let name = format!("{name}.{}", measure.name());
            self.needs_packed(&name, measure)?;
            self.rule(name, Unit::Bytes, limit, measure.of(actual), parts(measure));
        }
        Ok(())
    }

    fn needs_packed(&self, rule: &str, measure: Measure) -> Result<(), CheckError> {
        if matches!(measure, Measure::Compressed) && !self.image.is_packed() {
            let image = self.image.name.clone();
            return Err(CheckError::NotPacked { rule: rule.to_owned(), image });
        }
        Ok(())
    }

    /// What the largest owners ship.
    fn largest_owners(&self, measure: Measure) -> Vec<Part> {
        let owner = |(key, owned): (tally::OwnerKey, tally::Owned)| Part {
            name: match key.kind {
                OwnerKind::Unowned => "unowned files".to_owned(),
                kind => format!("{kind} {}", key.name),
            },
            size: measure.of(owned.sizes),
        };
        let dead =
            Part { name: "dead bytes".to_owned(), size: measure.of(self.image.dead_total()) };
        largest(tally::owners(self.image).into_iter().map(owner).chain([dead]))
    }

    fn total(&mut self, budget: &Budget) -> Result<(), CheckError> {
        let image = self.image;
        let parts = |measure| {
            Checker { image, rules: Vec::new(), notes: Vec::new() }.largest_owners(measure)
        };
        self.sizes("total", budget.total, image.shipped_total(), &parts)
    }

    fn layers(&mut self, budget: &Budget) -> Result<(), CheckError> {
        let image = self.image;
        let layer = |measure: Measure| {
            let name = |at: usize| match &image.layers[at].created_by {
                Some(made) => {
                    let made: String = made.chars().take(60).collect();
                    format!("layer {}: {}", at + 1, crate::measure::printable(made.as_bytes()))
                }
                None => format!("layer {}", at + 1),
            };
            largest(
                image
                    .layers
                    .iter()
                    .enumerate()
                    .map(|(at, layer)| Part { name: name(at), size: measure.of(layer.shipped) }),
            )
        };
        if let Some(limit) = budget.layer.count {
            let count = image.layers.len() as u64;
            self.rule("layer.count".to_owned(), Unit::Count, limit, count, Vec::new());
        }
        let most = |measure: Measure| {
            image.layers.iter().map(|layer| measure.of(layer.shipped)).max().unwrap_or(0)
        };
        let largest = Sizes::new(most(Measure::Unpacked), most(Measure::Compressed));
        let limits =
            Limits { unpacked: budget.layer.unpacked, compressed: budget.layer.compressed };
        self.sizes("layer", limits, largest, &layer)
    }

    fn growth(&mut self, budget: &Budget, baseline: Option<&Baseline>) -> Result<(), CheckError> {
        let growth = &budget.growth;
        if !growth.has_limit() {
            return Ok(());
        }
        let baseline = baseline.ok_or(CheckError::NoBaseline)?;
        let now = self.image.shipped_total();
        for (measure, limit, percent) in [
            (Measure::Unpacked, growth.unpacked, growth.unpacked_percent),
            (Measure::Compressed, growth.compressed, growth.compressed_percent),
        ] {
            let name = format!("growth.{}", measure.name());
            if limit.is_none() && percent.is_none() {
                continue;
            }
            self.needs_packed(&name, measure)?;
            if matches!(measure, Measure::Compressed) && !baseline.is_packed {
                return Err(CheckError::NotPacked { rule: name, image: baseline.name.clone() });
            }
            let before = measure.of(baseline.total);
            let more = measure.of(now).saturating_sub(before);
            if let Some(Limit(limit)) = limit {
                self.rule(name.clone(), Unit::Bytes, limit, more, Vec::new());
                self.because(&format!("against {}", baseline.name));
            }
            if let Some(percent) = percent {
                let limit = share(before, percent);
                self.rule(format!("{name}-percent"), Unit::Bytes, limit, more, Vec::new());
                self.because(&format!(
                    "{} % of {}, {}",
                    percent.0,
                    crate::text::bytes(before),
                    baseline.name
                ));
            }
        }
        Ok(())
    }

    fn because(&mut self, text: &str) {
        if let Some(rule) = self.rules.last_mut() {
            rule.because = Some(crate::measure::printable(text.as_bytes()));
        }
    }

    fn owners(&mut self, budget: &Budget) -> Result<(), CheckError> {
        let owners = tally::owners(self.image);
        for (word, kind, limits) in [
            ("package", OwnerKind::Debian, &budget.package),
            ("npm", OwnerKind::Npm, &budget.npm),
            ("tool", OwnerKind::Tool, &budget.tool),
        ] {
            for (name, limits) in limits {
                let key = tally::OwnerKey { kind, name: name.clone() };
                let sizes = owners.get(&key).map(|owned| owned.sizes);
                if sizes.is_none() {
                    self.notes.push(format!("`{word}.{name}`: the image has no such {word}"));
                }
                let rule = format!("{word}.{name}");
                self.sizes(&rule, *limits, sizes.unwrap_or_default(), &|_| Vec::new())?;
            }
        }
        Ok(())
    }

    fn paths(&mut self, budget: &Budget) -> Result<(), CheckError> {
        for (pattern, limits) in &budget.path {
            let found = self.matching(std::slice::from_ref(pattern));
            if found.is_empty() {
                self.notes.push(format!("`path.\"{pattern}\"`: nothing in the image matches"));
            }
            let sum = found.iter().map(|(entry, _)| entry.sizes).sum();
            let image = self.image;
            let parts = |measure: Measure| {
                largest(found.iter().map(|(entry, path)| Part {
                    name: format!("/{}", image.paths.text(*path)),
                    size: measure.of(entry.sizes),
                }))
            };
            self.sizes(&format!("path.{pattern}"), *limits, sum, &parts)?;
        }
        Ok(())
    }

    /// The live entries that one of the patterns means.
    fn matching(&self, patterns: &[String]) -> Vec<(&'a Entry, PathId)> {
        let image = self.image;
        let globs: Vec<Glob> = patterns.iter().map(|pattern| Glob::new(pattern)).collect();
        let is_meant = |path: PathId| {
            let bytes = image.paths.bytes(path);
            globs.iter().any(|glob| glob.matches(&bytes))
        };
        let live = image.live().map(|(_, entry, path)| (entry, path));
        live.filter(|(_, path)| is_meant(*path)).collect()
    }

    fn forbidden(&mut self, budget: &Budget) {
        let owners = tally::owners(self.image);
        for (word, kind, names) in [
            ("packages", OwnerKind::Debian, &budget.forbidden.packages),
            ("npm", OwnerKind::Npm, &budget.forbidden.npm),
        ] {
            if names.is_empty() {
                continue;
            }
            let globs: Vec<Glob> = names.iter().map(|name| Glob::new(name)).collect();
            let is_meant = |name: &str| globs.iter().any(|glob| glob.matches(name.as_bytes()));
            let found: Vec<Part> = owners
                .iter()
                .filter(|(key, _)| key.kind == kind && is_meant(&key.name))
                .map(|(key, owned)| Part { name: key.name.clone(), size: owned.sizes.unpacked })
                .collect();
            self.none(format!("forbidden.{word}"), 0, found);
        }
        if !budget.forbidden.paths.is_empty() {
            let found = self.matching(&budget.forbidden.paths);
            let found = found.into_iter().map(|(entry, path)| self.file(entry, path)).collect();
            self.none("forbidden.paths".to_owned(), 0, found);
        }
    }

    fn file(&self, entry: &Entry, path: PathId) -> Part {
        Part { name: format!("/{}", self.image.paths.text(path)), size: entry.sizes.unpacked }
    }

    /// A rule that counts what was found.
    fn none(&mut self, name: String, limit: u64, found: Vec<Part>) {
        let count = found.len() as u64;
        self.rule(name, Unit::Count, limit, count, largest(found));
    }

    fn waste(&mut self, budget: &Budget) {
        if let Some(Limit(limit)) = budget.waste.dead {
            let mut by: BTreeMap<String, u64> = BTreeMap::new();
            for entry in &self.image.entries {
                if let Fate::Dead { .. } = entry.fate {
                    let path = format!("/{}", self.image.paths.text(entry.path));
                    *by.entry(path).or_default() += entry.sizes.unpacked;
                }
            }
            let by = largest(by.into_iter().map(|(name, size)| Part { name, size }));
            let actual = self.image.dead_total().unpacked;
            self.rule("waste.dead".to_owned(), Unit::Bytes, limit, actual, by);
        }
        if let Some(Limit(limit)) = budget.waste.duplicate {
            let by = largest(self.image.duplicates().into_iter().map(|group| {
                Part {
                    name: group
                        .paths
                        .iter()
                        .map(|path| format!("/{path}"))
                        .collect::<Vec<_>>()
                        .join(" = "),
                    size: group.reclaimable.unpacked,
                }
            }));
            let actual = tally::duplicate_total(self.image).unpacked;
            self.rule("waste.duplicate".to_owned(), Unit::Bytes, limit, actual, by);
        }
    }

    fn setuid(&mut self, budget: &Budget) {
        let Some(setuid) = &budget.setuid else { return };
        let allowed: Vec<Glob> = setuid.allow.iter().map(|pattern| Glob::new(pattern)).collect();
        let found: Vec<Part> = self
            .image
            .live()
            .filter(|(_, entry, _)| entry.is_setuid())
            .filter(|(_, _, path)| {
                let bytes = self.image.paths.bytes(*path);
                !allowed.iter().any(|glob| glob.matches(&bytes))
            })
            .map(|(_, entry, path)| self.file(entry, path))
            .collect();
        self.none("setuid.count".to_owned(), setuid.count, found);
    }

    fn largest_file(&mut self, budget: &Budget) {
        let Some(Limit(limit)) = budget.file.unpacked else { return };
        let except: Vec<Glob> = budget.file.except.iter().map(|it| Glob::new(it)).collect();
        let files = self.image.live().filter(|(_, entry, path)| {
            entry.is_file() && {
                let bytes = self.image.paths.bytes(*path);
                !except.iter().any(|glob| glob.matches(&bytes))
            }
        });
        let by = largest(files.map(|(_, entry, path)| self.file(entry, path)));
        let actual = by.first().map_or(0, |part| part.size);
        self.rule("file.unpacked".to_owned(), Unit::Bytes, limit, actual, by);
    }
}

fn largest(parts: impl IntoIterator<Item = Part>) -> Vec<Part> {
    let mut parts: Vec<Part> = parts.into_iter().collect();
    parts.sort_by(|a, b| (Reverse(a.size), &a.name).cmp(&(Reverse(b.size), &b.name)));
    parts.truncate(MOST_PARTS);
    parts.retain(|part| part.size > 0 || parts_matter(part));
    parts
}

/// What weighs nothing may still be what is forbidden: a link, an empty file.
fn parts_matter(part: &Part) -> bool {
    !part.name.starts_with("dead ") && !part.name.starts_with("layer ")
}

/// So many percent of an amount, rounded down.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    reason = "a share of bytes; what does not fit becomes the largest number"
)]
fn share(amount: u64, percent: Percent) -> u64 {
    (amount as f64 * percent.0 / 100.0) as u64
}
