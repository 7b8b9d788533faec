//! The graph of requirements: the first cycle in it, as a path.

use std::collections::{BTreeMap, BTreeSet};

use crate::name::ToolName;

/// A cycle as `[a, b, a]`, if the graph has one. Edges to unknown names are ignored.
pub(super) fn cycle(edges: &BTreeMap<ToolName, Vec<ToolName>>) -> Option<Vec<ToolName>> {
    let mut done = BTreeSet::new();
    edges.keys().find_map(|start| walk(start, edges, &mut Vec::new(), &mut done))
}

fn walk(
    node: &ToolName,
    edges: &BTreeMap<ToolName, Vec<ToolName>>,
    path: &mut Vec<ToolName>,
    done: &mut BTreeSet<ToolName>,
) -> Option<Vec<ToolName>> {
    if done.contains(node) {
        return None;
    }
    if let Some(at) = path.iter().position(|seen| seen == node) {
        let mut found = path.split_off(at);
        found.push(node.clone());
        return Some(found);
    }
    path.push(node.clone());
    let next = edges.get(node).map_or(&[][..], Vec::as_slice);
    let found = next.iter().find_map(|next| walk(next, edges, path, done));
    path.pop();
    done.insert(node.clone());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(list: &[(&str, &[&str])]) -> BTreeMap<ToolName, Vec<ToolName>> {
        let name = |text: &str| text.parse::<ToolName>().unwrap();
        list.iter().map(|(a, b)| (name(a), b.iter().map(|b| name(b)).collect())).collect()
    }

    #[test]
    fn a_cycle_is_shown_from_its_first_tool_back_to_it() {
        let found = cycle(&edges(&[("a", &["b"]), ("b", &["c"]), ("c", &["d"]), ("d", &["b"])]));
        let found: Vec<String> = found.unwrap().iter().map(ToString::to_string).collect();
        assert_eq!(found, ["b", "c", "d", "b"]);
    }

    #[test]
    fn a_diamond_is_no_cycle_and_a_tool_that_requires_itself_is_one() {
        assert_eq!(cycle(&edges(&[("a", &["b", "c"]), ("b", &["d"]), ("c", &["d"])])), None);
        assert_eq!(cycle(&edges(&[("a", &["a"])])).unwrap().len(), 2);
    }
}
