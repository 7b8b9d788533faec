//! The time of an image: that of `SOURCE_DATE_EPOCH`, or else one that follows from what is in
//! it. The clock of the building machine is never asked.

use super::tree::{Owner, Tree};

/// Seconds since 1970. `set` is the value of `SOURCE_DATE_EPOCH`; without it the newest file of
/// a Debian package counts, and in an image without packages the newest of all.
///
/// # Errors
/// When `set` is no number.
pub fn epoch(tree: &Tree, set: Option<&str>) -> Result<u64, String> {
    if let Some(set) = set.filter(|set| !set.is_empty()) {
        let help = "whole seconds since 1970 are wanted";
        return set.parse().map_err(|_| format!("SOURCE_DATE_EPOCH is `{set}`: {help}"));
    }
    let newest = |packages: bool| {
        let nodes = tree.0.values();
        let counted = nodes.filter(|node| !packages || matches!(node.owner, Owner::Package(_)));
        counted.map(|node| node.mtime).max()
    };
    Ok(newest(true).or_else(|| newest(false)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::sample::{file, tree};
    use crate::build::tree::Stratum;

    #[test]
    fn the_variable_wins_then_packages_then_anything() {
        let package = Owner::Package("bash".into());
        let mut tree = tree([
            ("a", file("", Stratum::System).at(5).of(package)),
            ("b", file("", Stratum::Tools).at(9)),
        ]);
        assert_eq!(epoch(&tree, Some("3")), Ok(3));
        assert_eq!(epoch(&tree, Some("")), Ok(5));
        assert_eq!(epoch(&tree, None), Ok(5));
        tree.0.remove("a");
        assert_eq!(epoch(&tree, None), Ok(9));
        assert!(epoch(&tree, Some("today")).unwrap_err().contains("`today`"));
    }
}
