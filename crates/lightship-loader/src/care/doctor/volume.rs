//! What the volume under the tool directory can do: each ability is tried.

use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::Command;

use super::{Context, Finding, Status, mount};
use crate::store::sweep::remove_tree;

const ID: &str = "volume";

/// An ability: what it is called, whether tools need it, how it is tried in an empty folder.
struct Ability {
    name: &'static str,
    needed: bool,
    try_it: fn(&Path) -> io::Result<()>,
}

const ABILITIES: [Ability; 6] = [
    Ability { name: "files that last (fsync)", needed: true, try_it: write },
    Ability { name: "rename over a file", needed: true, try_it: rename },
    Ability { name: "symbolic links", needed: true, try_it: link },
    Ability { name: "programs that can be executed", needed: true, try_it: execute },
    Ability { name: "locks", needed: false, try_it: lock },
    Ability { name: "hard links", needed: false, try_it: hard_link },
];

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    let root = context.dir.root();
    let Some(there) = root.ancestors().find(|path| path.is_dir()) else { return Vec::new() };
    let mount = mount::of(there);
    let kind = mount.as_ref().map_or("unknown file system", |mount| mount.kind.as_str());
    let options = mount.as_ref().map(|mount| format!("mounted {}", mount.options));
    let folder = there.join(format!(".lightship-doctor-{}", std::process::id()));
    let finding = if let Err(error) = fs::create_dir(&folder) {
        let what = format!("the volume ({kind}) can't be written: {error}");
        Finding::new(ID, Status::Fail, what)
            .help("mount a volume that can be written, or name another directory")
    } else {
        let lacks: Vec<(&Ability, io::Error)> = ABILITIES
            .iter()
            .filter_map(|ability| Some((ability, (ability.try_it)(&folder).err()?)))
            .collect();
        judge(kind, &lacks)
    };
    // A scratch folder that stays is no harm.
    drop(remove_tree(&folder));
    vec![Finding { detail: finding.detail.or(options), ..finding }]
}

fn judge(kind: &str, lacks: &[(&Ability, io::Error)]) -> Finding {
    if lacks.is_empty() {
        let names: Vec<&str> = ABILITIES.iter().map(|ability| ability.name).collect();
        let what = format!("the volume ({kind}) can hold tools: {}", names.join(", "));
        return Finding::new(ID, Status::Ok, what);
    }
    let needed = lacks.iter().any(|(ability, _)| ability.needed);
    let names: Vec<&str> = lacks.iter().map(|(ability, _)| ability.name).collect();
    let errors: Vec<String> =
        lacks.iter().map(|(ability, error)| format!("{}: {error}", ability.name)).collect();
    let status = if needed { Status::Fail } else { Status::Warn };
    let finding =
        Finding::new(ID, status, format!("the volume ({kind}) lacks {}", names.join(", ")))
            .detail(errors.join("; "));
    if needed {
        return finding.help("tools need another volume, or a directory on the local disk");
    }
    finding
}

fn write(folder: &Path) -> io::Result<()> {
    let mut file = File::create(folder.join("file"))?;
    file.write_all(b"lightship")?;
    file.sync_all()?;
    File::open(folder)?.sync_all()
}

fn rename(folder: &Path) -> io::Result<()> {
    let (from, to) = (folder.join("from"), folder.join("to"));
    fs::write(&to, "old")?;
    fs::write(&from, "new")?;
    fs::rename(&from, &to)?;
    if fs::read(&to)? == b"new" && !from.exists() {
        return Ok(());
    }
    Err(io::Error::other("the old file is still there"))
}

fn link(folder: &Path) -> io::Result<()> {
    let path = folder.join("link");
    symlink("file", &path)?;
    if fs::read_link(path)? == Path::new("file") {
        return Ok(());
    }
    Err(io::Error::other("the link points elsewhere"))
}

fn hard_link(folder: &Path) -> io::Result<()> {
    fs::hard_link(folder.join("file"), folder.join("second"))
}

fn lock(folder: &Path) -> io::Result<()> {
    let path = folder.join("lock");
    let first = File::create(&path)?;
    first.try_lock()?;
    // A lock that does not keep others out is none.
    match File::create(&path)?.try_lock() {
        Ok(()) => Err(io::Error::other("two hold it at once")),
        Err(_) => Ok(()),
    }
}

fn execute(folder: &Path) -> io::Result<()> {
    let path = folder.join("program");
    fs::write(&path, "#!/bin/sh\nexit 0\n")?;
    fs::set_permissions(&path, Permissions::from_mode(0o755))?;
    let mut tries = 0;
    loop {
        match Command::new(&path).status() {
            // Another thread was just starting a process.
            Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy && tries < 50 => {
                tries += 1;
                std::thread::park_timeout(std::time::Duration::from_millis(5));
            }
            // Without a shell there is nothing to try it with; that is no fault of the volume's.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            result => return result.map(drop),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_directory_can_do_it_all() {
        let dir = tempfile::tempdir().unwrap();
        for ability in &ABILITIES {
            (ability.try_it)(dir.path()).unwrap();
        }
        assert_eq!(judge("ext4", &[]).status, Status::Ok);
    }

    #[test]
    fn what_tools_need_fails_and_what_helps_warns() {
        let lack = |index: usize| (&ABILITIES[index], io::Error::other("no"));
        assert_eq!(judge("x", &[lack(4)]).status, Status::Warn);
        let finding = judge("x", &[lack(2), lack(4)]);
        assert_eq!(finding.what, "the volume (x) lacks symbolic links, locks");
        assert_eq!((finding.status, finding.help.is_some()), (Status::Fail, true));
    }
}
