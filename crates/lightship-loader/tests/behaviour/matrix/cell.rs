//! A step of an install, and one thing that happens to it.

use std::fmt;

/// A change that the loader makes to its files, as it noted it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    number: u32,
    name: String,
    path: String,
}

impl Step {
    /// Reads the lines that `LIGHTSHIP_STEPS` asks for.
    pub(super) fn read(text: &str) -> Vec<Self> {
        let parse = |line: &str| {
            let mut words = line.splitn(3, ' ').map(str::to_owned);
            let number = words.next()?.parse().ok()?;
            Some(Self { number, name: words.next()?, path: words.next()? })
        };
        let steps: Vec<Self> = text.lines().filter_map(parse).collect();
        let numbers = steps.iter().map(|step| step.number);
        assert!(numbers.eq(1..=steps.len().try_into().unwrap()), "{steps:#?}");
        steps
    }

    /// Whether half of it can be done.
    fn has_halves(&self) -> bool {
        matches!(self.name.as_str(), "write" | "remove-tree")
    }
}

/// What happens to a step: the words of the loader's `fault.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    KillBefore,
    KillWithin,
    KillAfter,
    InputOutput,
    NoSpace,
    ReadOnly,
    StaysFull,
    StaysReadOnly,
    StaysBroken,
}

pub(super) const KINDS: [Kind; 9] = [
    Kind::KillAfter,
    Kind::NoSpace,
    Kind::StaysReadOnly,
    Kind::InputOutput,
    Kind::KillWithin,
    Kind::StaysFull,
    Kind::ReadOnly,
    Kind::KillBefore,
    Kind::StaysBroken,
];

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::KillBefore => "kill-before",
            Self::KillWithin => "kill-within",
            Self::KillAfter => "kill-after",
            Self::InputOutput => "eio",
            Self::NoSpace => "enospc",
            Self::ReadOnly => "erofs",
            Self::StaysFull => "full",
            Self::StaysReadOnly => "read-only",
            Self::StaysBroken => "broken",
        }
    }

    /// The number of the error that it is; nothing for a kill.
    pub(super) fn errno(self) -> Option<i32> {
        match self {
            Self::KillBefore | Self::KillWithin | Self::KillAfter => None,
            Self::InputOutput | Self::StaysBroken => Some(5),
            Self::NoSpace | Self::StaysFull => Some(28),
            Self::ReadOnly | Self::StaysReadOnly => Some(30),
        }
    }
}

/// One cell of the matrix.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell<'a> {
    pub(super) step: &'a Step,
    pub(super) kind: Kind,
}

impl Cell<'_> {
    /// The value of `LIGHTSHIP_STEP`.
    pub(super) fn order(&self) -> String {
        format!("{}@{}", self.kind.word(), self.step.number)
    }
}

impl fmt::Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} {})", self.order(), self.step.name, self.step.path)
    }
}

/// All cells for `steps`.
pub(super) fn all(steps: &[Step]) -> Vec<Cell<'_>> {
    let kinds = |step: &Step| {
        let halves = step.has_halves();
        KINDS.into_iter().filter(move |kind| halves || *kind != Kind::KillWithin)
    };
    steps.iter().flat_map(|step| kinds(step).map(move |kind| Cell { step, kind })).collect()
}

/// About `count` of the cells, spread evenly over the steps and over the kinds; another `turn`
/// gives others.
pub(super) fn some(steps: &[Step], count: usize, turn: usize) -> Vec<Cell<'_>> {
    let choose = |index: usize| {
        let step = &steps[(index * steps.len() + turn * 7) / count % steps.len()];
        let kind = KINDS[(index + turn * 4) % KINDS.len()];
        (step.has_halves() || kind != Kind::KillWithin).then_some(Cell { step, kind })
    };
    (0..count).filter_map(choose).collect()
}
