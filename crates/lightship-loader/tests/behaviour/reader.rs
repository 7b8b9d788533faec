//! Somebody who uses a tool directory while loaders work and die in it: whatever he is offered
//! must be whole, at every moment.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use lightship_model::receipt::Receipt;
use lightship_model::state::{LoaderState, ToolStatus};
use testkit::Sandbox;

/// What a reader may expect.
pub(crate) struct Expectation<'a> {
    /// Whether a program of that name may print that.
    pub(crate) prints: &'a (dyn Fn(&str, &str) -> bool + Sync),
    /// Whether receipts and state have to be true, too: not where the test itself broke a tool.
    pub(crate) records: bool,
}

/// Looks at the sandbox's tool directory again and again while `body` runs; panics with the
/// first thing that was offered and broken.
#[track_caller]
pub(crate) fn reading<T>(
    sandbox: &Sandbox,
    expectation: &Expectation<'_>,
    when: &str,
    body: impl FnOnce() -> T,
) -> T {
    let over = AtomicBool::new(false);
    let (result, complaint) = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut reader = Reader { sandbox, expectation, ran: Vec::new() };
            while !over.load(Ordering::SeqCst) {
                reader.look()?;
                thread::sleep(Duration::from_millis(3));
            }
            reader.ran.clear();
            reader.look()
        });
        let over = OnDrop(&over);
        let result = body();
        drop(over);
        (result, reader.join().unwrap())
    });
    assert_eq!(complaint, Ok(()), "{when}");
    result
}

/// Ends the reader also when the body panics.
struct OnDrop<'a>(&'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

struct Reader<'a> {
    sandbox: &'a Sandbox,
    expectation: &'a Expectation<'a>,
    /// Links whose programs have run, each with what it pointed to.
    ran: Vec<(PathBuf, PathBuf)>,
}

/// How often something that looks broken is looked at again before it counts: it may have been
/// taken back between two looks.
const LOOKS: usize = 3;

impl Reader<'_> {
    fn look(&mut self) -> Result<(), String> {
        // Where a volume does not take them, tools lie in the local directory.
        let local = self.sandbox.local_tools();
        self.root(&self.sandbox.dir())?;
        self.root(&local)?;
        if !self.expectation.records {
            return Ok(());
        }
        let roots = [self.sandbox.dir(), local];
        again(|| state(&roots))
    }

    /// Looks at one directory of tools.
    fn root(&mut self, dir: &Path) -> Result<(), String> {
        for link in list(&dir.join("bin")) {
            self.program(&link)?;
        }
        for folder in list(&dir.join("python")).filter(|path| path.is_dir()) {
            for link in list(&folder).filter(|link| link.is_symlink()) {
                again(|| {
                    let dangles = link.is_symlink() && !link.is_dir();
                    if dangles { Err(format!("{} leads nowhere", link.display())) } else { Ok(()) }
                })?;
            }
        }
        if !self.expectation.records {
            return Ok(());
        }
        for path in receipts(dir) {
            again(|| holds(dir, &path))?;
        }
        Ok(())
    }

    /// Runs what a link in `bin` offers, unless it was run before.
    fn program(&mut self, link: &Path) -> Result<(), String> {
        let name = link.file_name().unwrap().to_str().unwrap().to_owned();
        if name.starts_with('.') {
            return Ok(());
        }
        again(|| {
            let Ok(target) = fs::read_link(link) else { return Ok(()) };
            let seen = (link.to_owned(), target);
            if self.ran.contains(&seen) && link.exists() {
                return Ok(());
            }
            let ran = self.sandbox.service(link).output();
            let (link, target) = &seen;
            let shown = format!("{} -> {}", link.display(), target.display());
            let output = ran.map_err(|error| format!("{shown} can't be run: {error}"))?;
            let printed = String::from_utf8_lossy(&output.stdout);
            if !output.status.success() || !(self.expectation.prints)(&name, &printed) {
                return Err(format!("{shown} does not do its work: {output:?}"));
            }
            self.ran.retain(|(other, _)| other != link);
            self.ran.push(seen);
            Ok(())
        })
    }
}

/// What `look` says of something that stays broken.
fn again(mut look: impl FnMut() -> Result<(), String>) -> Result<(), String> {
    let mut result = look();
    for _ in 1..LOOKS {
        if result.is_ok() {
            break;
        }
        thread::sleep(Duration::from_millis(2));
        result = look();
    }
    result
}

fn list(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

fn receipts(dir: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    let is_receipt = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "json");
    list(&dir.join("v1/receipts")).filter(is_receipt)
}

/// A receipt that is there can be read, and what it says is there.
fn holds(dir: &Path, path: &Path) -> Result<(), String> {
    let Ok(text) = fs::read(path) else { return Ok(()) };
    let receipt: Receipt = serde_json::from_slice(&text)
        .map_err(|error| format!("{} is no receipt: {error}", path.display()))?;
    let prefix = dir.join("v1/store").join(receipt.slug());
    for entry in &receipt.bins {
        let program = prefix.join(&entry.path);
        if fs::metadata(&program).map(|found| found.len()).ok() != Some(entry.size) {
            return Err(format!("there is a receipt for {}, not the file", program.display()));
        }
    }
    if prefix.is_dir() {
        return Ok(());
    }
    Err(format!("there is a receipt for {}, not the directory", prefix.display()))
}

/// What the state file of the first of `roots` calls installed has a receipt in one of them.
fn state(roots: &[PathBuf]) -> Result<(), String> {
    let Ok(text) = fs::read(roots[0].join("loader-state.json")) else { return Ok(()) };
    let state: LoaderState = serde_json::from_slice(&text)
        .map_err(|error| format!("loader-state.json is torn: {error}"))?;
    let installed = state.tools.values().filter(|tool| tool.status == ToolStatus::Installed);
    let names: Vec<String> = roots
        .iter()
        .flat_map(|root| receipts(root))
        .filter_map(|path| serde_json::from_slice::<Receipt>(&fs::read(path).ok()?).ok())
        .map(|receipt| receipt.name.to_string())
        .collect();
    match installed.map(|tool| tool.name.to_string()).find(|name| !names.contains(name)) {
        None => Ok(()),
        Some(name) => Err(format!("the state calls {name} installed, and there is no receipt")),
    }
}
