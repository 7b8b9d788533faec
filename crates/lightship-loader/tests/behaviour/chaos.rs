//! Several loaders on one directory, killed at random: whoever is left in the end makes what one
//! undisturbed loader makes, and meanwhile nobody is offered a broken tool.
//!
//! `LIGHTSHIP_CHAOS_SECONDS` is how long each of these tests goes on (5 by default), and
//! `LIGHTSHIP_CHAOS_SEED` makes the choices of an earlier run again.

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use testkit::process::{installers, is_alive};
use testkit::{Loader, Registry, Sandbox, Tree};

use crate::kinds;
use crate::reader::{Expectation, reading};
use crate::support::{makes, names, sandbox, script};

/// Numbers that are the same for the same seed.
struct Dice(u64);

impl Dice {
    /// A seed from the environment or the clock; printed, for whoever wants to see it again.
    #[expect(clippy::print_stdout, reason = "whoever repeats the run needs it")]
    fn roll_out(test: &str) -> Self {
        let clock = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap();
        let seed =
            var("LIGHTSHIP_CHAOS_SEED").unwrap_or_else(|| u64::from(clock().subsec_nanos()).max(1));
        println!("{test}: LIGHTSHIP_CHAOS_SEED={seed}");
        Self(seed)
    }

    /// A number below `end`.
    fn below(&mut self, end: u64) -> u64 {
        // Marsaglia's xorshift.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

fn var(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// How long a test goes on beginning new rounds.
fn duration() -> Duration {
    Duration::from_secs(var("LIGHTSHIP_CHAOS_SECONDS").unwrap_or(5))
}

/// A directory, what an undisturbed loader makes of it, and how long that takes.
struct Arena {
    sandbox: Arc<Sandbox>,
    undisturbed: Tree,
    names: Vec<String>,
    took: Duration,
    dice: Dice,
    kills: u32,
    _registry: Registry,
}

/// A loader, and when it is killed if it is to be.
struct Fighter {
    loader: Loader,
    end: Option<Instant>,
}

impl Arena {
    fn new(test: &str, registry: Registry, manifest: &str) -> Self {
        let sandbox = sandbox();
        sandbox.manifest(manifest);
        let begun = Instant::now();
        let _run = sandbox.run().installed_all();
        let took = begun.elapsed();
        let (undisturbed, names) = (sandbox.installed_tree(), names(&sandbox.dir().join("v1")));
        let dice = Dice::roll_out(test);
        Self {
            sandbox: sandbox.into(),
            undisturbed,
            names,
            took,
            dice,
            kills: 0,
            _registry: registry,
        }
    }

    /// Lets `count` loaders at a time fight until `kills` of them have been
    /// killed, and then the rest come to their end.
    fn round(&mut self, count: usize, kills: u32) {
        let until = self.kills + kills;
        let mut fighters: Vec<Fighter> = Vec::new();
        while self.kills < until {
            while fighters.len() < count {
                fighters.push(self.fighter());
            }
            std::thread::sleep(Duration::from_millis(1));
            let mut left = Vec::new();
            for mut fighter in fighters {
                if fighter.end.is_some_and(|end| Instant::now() >= end) {
                    fighter.loader.kill();
                    drop(fighter.loader.finish());
                    self.kills += 1;
                } else if is_alive(&fighter.loader.pid().to_string()) {
                    left.push(fighter);
                } else {
                    assert_ended_well(fighter.loader);
                }
            }
            fighters = left;
        }
        for fighter in fighters {
            assert_ended_well(fighter.loader);
        }
    }

    /// Most are killed at a random moment, some come to their end; some may load nothing.
    fn fighter(&mut self) -> Fighter {
        let mut command = self.sandbox.loader();
        if self.dice.below(6) == 0 {
            command.env("LOA_DEFERRED_TOOLS", "false");
        }
        let micros = u64::try_from(self.took.as_micros()).unwrap();
        let end = Instant::now() + Duration::from_micros(self.dice.below(micros * 5 / 4));
        let end = (self.dice.below(4) > 0).then_some(end);
        Fighter { loader: Loader::start(command), end }
    }

    /// A loader that nobody disturbs ends with what it would have made alone.
    fn settle(&self) {
        let _run = self.sandbox.run().installed_all();
        assert_eq!(self.sandbox.installed_tree(), self.undisturbed);
        assert_eq!(names(&self.sandbox.dir().join("v1")), self.names);
        assert_eq!(installers(&self.sandbox.dir()), [""; 0]);
        self.sandbox.assert_honest("after the fight");
        self.sandbox.audit();
        // And the next one finds nothing to do at all.
        let acts = self.sandbox.audit().len();
        let _run = self.sandbox.run().installed_all();
        assert_eq!(self.sandbox.audit().len(), acts + 2, "{:#?}", self.sandbox.audit());
    }

    /// `most` bounds the kills of a round.
    #[expect(clippy::print_stdout, reason = "how much was tried is half of the result")]
    fn fight(&mut self, count: usize, most: u64, prints: &(dyn Fn(&str, &str) -> bool + Sync)) {
        let (until, mut rounds) = (Instant::now() + duration(), 0);
        let expectation = Expectation { prints, records: true };
        while rounds == 0 || Instant::now() < until {
            let kills = u32::try_from(1 + self.dice.below(most)).unwrap();
            let when = format!("round {rounds}, {kills} kills");
            fs::remove_dir_all(self.sandbox.dir()).unwrap();
            let sandbox = Arc::clone(&self.sandbox);
            reading(&sandbox, &expectation, &when, || {
                self.round(count, kills);
                self.settle();
            });
            rounds += 1;
        }
        println!("{count} loaders: {rounds} rounds, {} kills", self.kills);
    }
}

/// Nobody killed it: it has found or made everything, or was told to load nothing.
fn assert_ended_well(loader: Loader) {
    let run = loader.finish().ended_well();
    let failed = run.changes().find(|change| change.error.is_some());
    assert!(failed.is_none(), "{run:#?}");
}

/// Tools that need one another, of files enough to be caught in their middle.
fn tools() -> (Registry, String) {
    let registry = Registry::start();
    let tool = |name: &str, requires: &str| {
        let files = "for i in 1 2 3 4 5 6 7 8 9; do echo $i > \"$PREFIX/$i\"; done\n";
        let run = format!("{files}sleep 0.0$(($$ % 5))\n{}", makes(name, name));
        script(name, &format!("requires = [{requires}]"), &run)
    };
    let manifest = format!(
        "{}{}{}{}{}",
        kinds::tool(&registry, "binary"),
        tool("base", ""),
        tool("left", "\"base\""),
        tool("right", "\"base\""),
        tool("top", "\"left\", \"right\"")
    );
    (registry, manifest)
}

fn own_name(name: &str, text: &str) -> bool {
    text.trim_end() == name || name == "tinybinary" && text == "binary works\n"
}

#[test]
fn two_loaders_that_are_killed_at_random() {
    let (registry, manifest) = tools();
    Arena::new("two loaders", registry, &manifest).fight(2, 8, &own_name);
}

#[test]
fn three_loaders_that_are_killed_at_random() {
    let (registry, manifest) = tools();
    Arena::new("three loaders", registry, &manifest).fight(3, 8, &own_name);
}

#[test]
fn loaders_that_are_killed_while_real_clients_work() {
    let registry = Registry::start();
    let kinds = ["cargo", "npm", "pip"].map(|kind| kinds::tool(&registry, kind)).concat();
    let manifest = format!("{}{kinds}", registry.manifest());
    let prints = |name: &str, text: &str| {
        text.starts_with(&format!("{} works", name.trim_start_matches("tiny")))
    };
    Arena::new("real clients", registry, &manifest).fight(2, 3, &prints);
}
