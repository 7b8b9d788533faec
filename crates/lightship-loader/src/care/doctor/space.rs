//! Is there room for what is not installed yet?

use std::path::Path;

use lightship_model::receipt::Receipt;

use super::{Context, Finding, Status};
use crate::care::verify::look;
use crate::store::volume::space_at;

const ID: &str = "space";
/// Fewer free files than this are a warning: a Python library has tens of thousands.
const FEW_FILES: u64 = 20_000;

pub(super) fn check(context: &Context<'_>) -> Vec<Finding> {
    // Where tools go; a volume that counts nothing tells nothing.
    let dir = context.volume.tools_dir.as_ref().map(Path::new);
    let there = dir.and_then(|dir| dir.ancestors().find(|path| path.is_dir()));
    let Some(found) = there.and_then(space_at) else { return Vec::new() };
    let room = Room { bytes: found.free_bytes, files: found.free_files };
    vec![judge(&room, &needs(context))]
}

struct Room {
    bytes: u64,
    files: Option<u64>,
}

#[derive(Default)]
struct Needs {
    /// What the tools took that are to be installed, when they were last installed here.
    bytes: u64,
    files: u64,
    /// How many were never installed here.
    unknown: usize,
}

fn needs(context: &Context<'_>) -> Needs {
    let mut needs = Needs::default();
    let Ok((wanted, observed)) = look(context.manifest, &context.dir) else { return needs };
    for wanted in wanted.iter().filter(|wanted| !observed.holding.contains_key(&wanted.name)) {
        let earlier = observed.receipts.by_slug.values();
        let of = |receipt: &&Receipt| receipt.name == wanted.name && !receipt.pre_existing;
        match earlier.filter(of).max_by_key(|receipt| receipt.installed_at) {
            Some(receipt) => {
                needs.bytes += receipt.bytes;
                needs.files += receipt.files;
            }
            None => needs.unknown += 1,
        }
    }
    needs
}

fn judge(room: &Room, needs: &Needs) -> Finding {
    let few = room.files.filter(|files| *files < FEW_FILES.max(needs.files));
    let status = match needs.bytes {
        bytes if bytes > room.bytes => Status::Fail,
        // An installer's scratch space is as large as what it makes.
        bytes if bytes.saturating_mul(2) > room.bytes || few.is_some() => Status::Warn,
        _ if room.bytes == 0 => Status::Fail,
        _ => Status::Ok,
    };
    let files = room.files.map(|files| format!(" and {files} files")).unwrap_or_default();
    let mut what = format!("{} MB{files} are free", room.bytes / 1_000_000);
    if needs.bytes > 0 {
        what = format!(
            "{what}; what is to be installed again took {} MB and {} files",
            needs.bytes / 1_000_000,
            needs.files
        );
    }
    let mut finding = Finding::new(ID, status, what);
    if needs.unknown > 0 {
        let text = format!(
            "{} tools were never installed here: what they need is not known",
            needs.unknown
        );
        finding = finding.detail(text);
    }
    if status > Status::Ok {
        finding = finding.help("make room: `lightship tools gc --dry-run` shows what could go");
    }
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn room_is_compared_with_what_the_tools_took() {
        let status = |bytes, files, wanted| {
            let needs = Needs { bytes: wanted, files: 10, unknown: 0 };
            judge(&Room { bytes, files }, &needs).status
        };
        assert_eq!(status(100, None, 10), Status::Ok);
        assert_eq!(status(100, Some(30_000), 60), Status::Warn);
        assert_eq!(status(100, Some(30_000), 101), Status::Fail);
        assert_eq!(status(100, Some(30), 0), Status::Warn);
        assert_eq!(status(0, None, 0), Status::Fail);
    }
}
