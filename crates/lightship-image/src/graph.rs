//! A small directed graph of numbered nodes: what can be reached, and what only through one
//! node.

/// Nodes are 0 up to [`Graph::len`]; edges go from who needs to what is needed.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    edges: Vec<Vec<u32>>,
}

impl Graph {
    /// A graph of so many nodes and no edges.
    pub fn new(nodes: usize) -> Self {
        Self { edges: vec![Vec::new(); nodes] }
    }

    pub fn len(&self) -> usize {
        self.edges.len()
    }

    pub fn is_empty(&self) -> bool {
        self.edges.is_empty()
    }

    /// Adds an edge; one that is there already, or leads to no node, is left out.
    pub fn add(&mut self, from: usize, to: usize) {
        if to < self.edges.len()
            && let (Some(edges), Ok(to)) = (self.edges.get_mut(from), u32::try_from(to))
            && !edges.contains(&to)
        {
            edges.push(to);
        }
    }

    /// What a node needs by itself.
    pub fn needs(&self, node: usize) -> impl Iterator<Item = usize> {
        self.edges.get(node).into_iter().flatten().map(|to| *to as usize)
    }

    /// The same nodes with every edge turned round.
    #[must_use]
    pub fn reversed(&self) -> Self {
        let mut turned = Self::new(self.len());
        for from in 0..self.len() {
            for to in self.needs(from) {
                if let (Some(edges), Ok(from)) = (turned.edges.get_mut(to), u32::try_from(from)) {
                    edges.push(from);
                }
            }
        }
        turned
    }

    /// Which nodes are reached from `roots`, without ever entering one that is `barred`.
    pub fn reach(&self, roots: impl IntoIterator<Item = usize>, barred: &[bool]) -> Vec<bool> {
        let mut reached = vec![false; self.len()];
        let mut next: Vec<usize> = roots.into_iter().collect();
        while let Some(node) = next.pop() {
            let is_barred = barred.get(node).copied().unwrap_or(false);
            match reached.get_mut(node) {
                Some(seen) if !*seen && !is_barred => *seen = true,
                _ => continue,
            }
            next.extend(self.needs(node));
        }
        reached
    }

    /// Nodes in the order in which a walk from `roots` has left them: those that are needed
    /// before those that need them, except in circles.
    pub fn postorder(&self, roots: impl IntoIterator<Item = usize>) -> Vec<usize> {
        let mut seen = vec![false; self.len()];
        let mut order = Vec::new();
        for root in roots {
            let mut path = vec![(root, 0)];
            if std::mem::replace(&mut seen[root], true) {
                continue;
            }
            while let Some((node, place)) = path.last_mut() {
                let next = self.edges[*node].get(*place).map(|to| *to as usize);
                *place += 1;
                match next {
                    Some(next) if !std::mem::replace(&mut seen[next], true) => path.push((next, 0)),
                    Some(_) => {}
                    None => {
                        order.push(*node);
                        path.pop();
                    }
                }
            }
        }
        order
    }

    /// A smallest set of nodes from which all are reached: those that nothing needs, and the
    /// first of each circle that nothing outside needs.
    pub fn sources(&self) -> Vec<usize> {
        let mut covered = vec![false; self.len()];
        let mut sources = Vec::new();
        // In this order whatever nothing needs comes before what it needs.
        for node in self.postorder(0..self.len()).into_iter().rev() {
            if !covered[node] {
                sources.push(node);
                let now = self.reach([node], &covered);
                covered.iter_mut().zip(now).for_each(|(covered, now)| *covered |= now);
            }
        }
        sources.sort_unstable();
        sources
    }

    /// For every node the one through which all ways from `roots` to it lead last (its
    /// immediate dominator); nothing for roots, for what is not reached, and for what is
    /// reached on ways that have nothing in common. Cooper, Harvey and Kennedy's method.
    pub fn dominators(&self, roots: &[usize]) -> Vec<Option<usize>> {
        // One more node stands for all roots together, and is numbered last.
        let top = self.len();
        let mut graph = self.clone();
        graph.edges.push(Vec::new());
        for root in roots.iter().filter(|root| **root < top) {
            graph.add(top, *root);
        }
        let order = graph.postorder([top]);
        let mut number = vec![usize::MAX; top + 1];
        for (place, node) in order.iter().enumerate() {
            number[*node] = place;
        }
        let users = graph.reversed();
        let mut above: Vec<Option<usize>> = vec![None; top + 1];
        above[top] = Some(top);
        let mut changed = true;
        while std::mem::take(&mut changed) {
            for node in order.iter().rev().copied().filter(|node| *node != top) {
                let mut known = users.needs(node).filter(|user| above[*user].is_some());
                let Some(first) = known.next() else { continue };
                let common = known.fold(first, |a, b| meet(&above, &number, a, b));
                changed |= above[node].replace(common) != Some(common);
            }
        }
        above.pop();
        above.into_iter().map(|found| found.filter(|node| *node != top)).collect()
    }

    /// For every node the sum of the weights of all that it dominates, itself included: what
    /// goes when it alone goes. 0 for what `roots` do not reach.
    pub fn dominated<W: Copy + std::iter::Sum>(&self, roots: &[usize], weights: &[W]) -> Vec<W> {
        let above = self.dominators(roots);
        let none = || std::iter::empty().sum();
        let reached = self.reach(roots.iter().copied(), &[]);
        let mut sums: Vec<W> = (0..self.len())
            .map(|node| if reached[node] { weights[node] } else { none() })
            .collect();
        let order = {
            // A dominator leaves a walk after what it dominates.
            let mut all = self.postorder(roots.iter().copied());
            all.retain(|node| above[*node].is_some());
            all
        };
        for node in order {
            if let Some(above) = above[node] {
                sums[above] = [sums[above], sums[node]].into_iter().sum();
            }
        }
        sums
    }
}

/// The lowest dominator that two nodes have in common.
fn meet(above: &[Option<usize>], number: &[usize], mut a: usize, mut b: usize) -> usize {
    while a != b {
        let lower = if number[a] < number[b] { &mut a } else { &mut b };
        match above[*lower] {
            Some(up) => *lower = up,
            None => return *lower,
        }
    }
    a
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn graph(nodes: usize, edges: &[(usize, usize)]) -> Graph {
        let mut graph = Graph::new(nodes);
        for (from, to) in edges {
            graph.add(*from, *to);
        }
        graph
    }

    fn any_graph() -> impl Strategy<Value = (Graph, Vec<usize>)> {
        (2_usize..14).prop_flat_map(|nodes| {
            let edges = prop::collection::vec((0..nodes, 0..nodes), 0..3 * nodes);
            let roots = prop::collection::vec(0..nodes, 1..4);
            (edges, roots).prop_map(move |(edges, roots)| (graph(nodes, &edges), roots))
        })
    }

    /// Whether every way from the roots to `node` leads through `other`, by taking it away.
    fn is_dominated(graph: &Graph, roots: &[usize], node: usize, other: usize) -> bool {
        let mut barred = vec![false; graph.len()];
        barred[other] = true;
        !graph.reach(roots.iter().copied(), &barred)[node]
    }

    #[test]
    fn what_two_share_belongs_to_neither() {
        // git and curl share a library; git has one of its own.
        let graph = graph(4, &[(0, 2), (1, 2), (0, 3)]);
        assert_eq!(graph.dominators(&[0, 1]), [None, None, None, Some(0)]);
        assert_eq!(graph.dominated(&[0, 1], &[1_u64, 10, 100, 1000]), [1001, 10, 100, 1000]);
        assert_eq!(graph.sources(), [0, 1]);
    }

    #[test]
    fn a_circle_that_nobody_needs_has_one_source() {
        assert_eq!(graph(3, &[(0, 1), (1, 0), (1, 2)]).sources(), [0]);
    }

    proptest! {
        #[test]
        fn dominators_are_those_that_brute_force_finds((graph, roots) in any_graph()) {
            let above = graph.dominators(&roots);
            let reached = graph.reach(roots.iter().copied(), &[]);
            for (node, is_reached) in reached.iter().enumerate() {
                let mut chain = Vec::new();
                let mut at = node;
                while let Some(up) = above[at] {
                    chain.push(up);
                    at = up;
                }
                chain.sort_unstable();
                let expected: Vec<usize> = (0..graph.len())
                    .filter(|other| *is_reached && *other != node)
                    .filter(|other| is_dominated(&graph, &roots, node, *other))
                    .collect();
                prop_assert_eq!(chain, expected);
            }
        }

        #[test]
        fn what_is_dominated_is_what_goes((graph, roots) in any_graph()) {
            let weights: Vec<u64> = (0..graph.len()).map(|node| 1 << node).collect();
            let sums = graph.dominated(&roots, &weights);
            let reached = graph.reach(roots.iter().copied(), &[]);
            for node in (0..graph.len()).filter(|node| reached[*node]) {
                let gone = (0..graph.len())
                    .filter(|other| reached[*other])
                    .filter(|other| is_dominated(&graph, &roots, *other, node));
                prop_assert_eq!(sums[node], gone.map(|other| weights[other]).sum::<u64>());
            }
        }

        #[test]
        fn sources_reach_everything_and_none_is_left_out_in_vain((graph, _) in any_graph()) {
            let sources = graph.sources();
            let all = graph.reach(sources.iter().copied(), &[]);
            prop_assert!(all.iter().all(|reached| *reached));
            for source in &sources {
                let others = sources.iter().copied().filter(|other| other != source);
                prop_assert!(!graph.reach(others, &[])[*source]);
            }
        }
    }
}
