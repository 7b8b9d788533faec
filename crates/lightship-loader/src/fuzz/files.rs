//! What has to hold whatever stands in the files of a tool directory, as functions over bytes:
//! fuzzers call them with bytes that they make up (`fuzz/`, see `docs/fuzzing.md`), and a test
//! with those that were worth keeping. Each panics where a promise is broken.
#![expect(clippy::unwrap_used, reason = "whatever fails here is a finding")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use lightship_model::key::{Key, keys};
use lightship_model::manifest::{Manifest, Text};
use lightship_model::plan::{Scope, plan};
use lightship_model::receipt::slug;
use lightship_model::state::ToolStatus;
use lightship_model::time::Timestamp;
use serde_json::{Value, json};

use crate::care::verify::judge;
use crate::observe::{observe, snapshot};
use crate::platform;
use crate::store::state_file::{self, Loaded, StateFile};
use crate::store::{ToolDir, check, links, receipts};

const MANIFEST: &str = "[tools.x]\nversion = \"1.0\"\nscript = { run = [\"true\"] }\n\
                        [tools.y]\nrequires = [\"x\"]\nscript = { run = [\"true\"] }\n";

/// A directory with a tool directory in it, and a program beside that, which nobody must reach.
struct World {
    root: PathBuf,
    dir: ToolDir,
    manifest: Manifest,
}

impl World {
    fn new() -> Self {
        let thread = std::thread::current().id();
        let name = format!("lightship-fuzz-{}-{thread:?}", std::process::id());
        let memory = Path::new("/dev/shm");
        let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let root = base.join(name);
        drop(fs::remove_dir_all(&root));
        let dir = ToolDir::at(&root.join("tools"));
        for folder in [dir.bin(), dir.python(), dir.store(), dir.receipts(), dir.stage()] {
            fs::create_dir_all(folder).unwrap();
        }
        program(&root.join("outside/evil"));
        let manifest = Manifest::load(Text::new("m", MANIFEST), |_, _| Err(String::new()));
        Self { root, dir, manifest: manifest.unwrap() }
    }

    fn key(&self) -> Key {
        let platform = platform::platform(&self.dir, None);
        keys(&self.manifest.tools, &platform)[&"x".parse().unwrap()].clone()
    }

    fn slug(&self) -> String {
        slug(&"x".parse().unwrap(), "1.0", &self.key())
    }

    /// Everything that is not the tool directory is as it was made.
    fn assert_nothing_outside(&self) {
        assert_eq!(names(&self.root), ["outside", "tools"]);
        assert_eq!(names(&self.root.join("outside")), ["evil"]);
        assert_eq!(fs::read(self.root.join("outside/evil")).unwrap(), b"#!/");
        for name in names(self.dir.root()) {
            let known = ["bin", "python", "v1", "loader-state.json"].contains(&name.as_str());
            assert!(known || name.starts_with("loader-state.json.corrupt-"), "{name}");
        }
    }
}

impl Drop for World {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.root));
    }
}

fn program(path: &Path) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, "#!/").unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// `bytes` are `loader-state.json`.
pub fn state(bytes: &[u8]) {
    let world = World::new();
    let path = world.dir.state();
    fs::write(&path, bytes).unwrap();
    let peeked = state_file::peek(&world.dir);
    // Whatever it says, only a receipt makes a tool installed.
    for tool in snapshot(&world.manifest, world.dir.root()).unwrap() {
        assert_ne!(tool.change.status, ToolStatus::Installed, "{tool:?}");
    }
    assert_eq!(fs::read(&path).unwrap(), bytes, "looking changes nothing");
    match state_file::load(&world.dir, Timestamp::from_millis(1)).unwrap() {
        Loaded::Read(state) => {
            assert_eq!(peeked.as_ref(), Some(&state));
            let now = Timestamp::from_millis(2);
            StateFile::new(&world.dir, Some(state.clone()), &[], false, now).save().unwrap();
            let again = state_file::peek(&world.dir).unwrap();
            // A time before 1970 or after 9999 can't be written as it is.
            assert_eq!(again.tools.len(), state.tools.len());
            StateFile::new(&world.dir, Some(again.clone()), &[], false, now).save().unwrap();
            assert_eq!(state_file::peek(&world.dir), Some(again));
        }
        Loaded::SetAside(aside) => {
            assert_eq!(peeked, None);
            assert_eq!(fs::read(aside).unwrap(), bytes, "nothing of it is lost");
            assert!(!path.exists());
        }
        Loaded::Absent => panic!("it was written above"),
    }
    world.assert_nothing_outside();
}

/// `bytes` are a receipt: under the name that it gives itself, and as the receipt of a tool that
/// is wanted.
pub fn receipt(bytes: &[u8]) {
    one_receipt(bytes);
    let Ok(Value::Object(mut fields)) = serde_json::from_slice(bytes) else { return };
    let key = World::new().key();
    let wanted = json!({ "name": "x", "version": "1.0", "key": key, "layout": 1 });
    fields.extend(wanted.as_object().unwrap().clone());
    one_receipt(&serde_json::to_vec(&fields).unwrap());
}

fn one_receipt(bytes: &[u8]) {
    let world = World::new();
    let dir = &world.dir;
    let prefix = dir.prefix(&world.slug());
    program(&prefix.join("bin/x"));
    fs::create_dir_all(prefix.join("lib/site-packages")).unwrap();
    let named = serde_json::from_slice::<lightship_model::receipt::Receipt>(bytes).ok();
    let name = named.map(|receipt| receipt.slug()).filter(|slug| is_file_name(slug));
    let path = dir.receipts().join(format!("{}.json", name.as_deref().unwrap_or("none")));
    fs::write(&path, bytes).unwrap();

    let found = receipts::read_all(dir).unwrap();
    assert_eq!(found.by_slug.len() + found.unreadable.len(), 1);
    for (slug, receipt) in &found.by_slug {
        assert!(is_file_name(slug) && receipt.is_sound(), "{receipt:?}");
        if check::holds(dir, receipt).is_ok() && !receipt.pre_existing {
            let prefix = dir.prefix(slug);
            for entry in &receipt.bins {
                let target = fs::canonicalize(check::target(dir, receipt, entry)).unwrap();
                assert!(target.starts_with(&prefix), "{}", target.display());
            }
        }
    }
    let platform = platform::platform(dir, None);
    let keys = keys(&world.manifest.tools, &platform);
    let none = std::collections::BTreeMap::new();
    let observed = observe(dir, &world.manifest, &keys, &none).unwrap();
    let planned = plan(&world.manifest, &keys, observed.found.clone(), &Scope::Deferred);
    assert_eq!(planned.len(), 2);
    let holding: Vec<_> = observed.holding.values().collect();
    // A directory that can't be made (a name too long) fails its tool and no more.
    drop(links::publish(dir, &holding));
    for name in names(&dir.bin()) {
        let target = fs::read_link(dir.bin().join(&name)).unwrap();
        let own = Path::new("../v1/store").join(world.slug());
        let inside = target.strip_prefix(own).is_ok_and(|rest| !rest.starts_with(".."));
        assert!(
            inside || holding.iter().any(|receipt| receipt.pre_existing),
            "{}",
            target.display()
        );
    }
    let (wanted, observed) = crate::care::verify::look(&world.manifest, dir).unwrap();
    assert_eq!(judge(dir, &wanted, &observed, &[], true).len(), 2);
    assert_eq!(fs::read(&path).unwrap(), bytes, "looking changes nothing");
    world.assert_nothing_outside();
}

fn is_file_name(slug: &str) -> bool {
    !slug.contains(['/', '\0']) && slug.len() < 200
}

#[cfg(test)]
mod tests {
    use super::super::tests::replay;
    use super::*;

    /// Calls `check` with what becomes of each seed when bytes of it are changed, lost, doubled,
    /// or replaced by those of another one: the same each time.
    fn mutate(name: &str, check: fn(&[u8])) {
        const EACH: u32 = 12;
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(name);
        let seeds: Vec<Vec<u8>> = names(&folder)
            .iter()
            .map(|name| fs::read(folder.join(name)).unwrap())
            .filter(|seed| seed.len() > 1)
            .collect();
        let mut state = 0x9e37_79b9_u32;
        let mut below = |limit: usize| {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            usize::try_from(state).unwrap() % limit.max(1)
        };
        for seed in &seeds {
            for _ in 0..EACH {
                let mut bytes = seed.clone();
                for _ in 0..=below(3) {
                    let at = below(bytes.len());
                    let end = (at + 1 + below(12)).min(bytes.len());
                    match below(4) {
                        0 if at < end => bytes[at] ^= 1 << below(8),
                        1 => drop(bytes.drain(at..end)),
                        2 => bytes.splice(at..at, bytes[at..end].to_vec()).for_each(drop),
                        _ => {
                            let other = &seeds[below(seeds.len())];
                            let from = below(other.len());
                            let to = (from + 1 + below(40)).min(other.len());
                            bytes.splice(at..end, other[from..to].to_vec()).for_each(drop);
                        }
                    }
                }
                println!("{}", String::from_utf8_lossy(&bytes));
                check(&bytes);
            }
        }
    }

    #[test]
    fn what_becomes_of_them_by_accident() {
        mutate("state", state);
        mutate("receipts", receipt);
    }

    #[test]
    fn states_that_were_worth_keeping() {
        replay("state", state);
    }

    #[test]
    fn receipts_that_were_worth_keeping() {
        replay("receipts", receipt);
    }
}
