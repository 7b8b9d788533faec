//! Programs that must be told where their parts are: a reviewed table. Everything else finds
//! itself, or needs nothing but libraries.

use std::fs;
use std::path::Path;

use super::Layout;

/// How such a program is started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Launch {
    pub(super) vars: Vec<(&'static str, String)>,
    /// Before the caller's own arguments.
    pub(super) arguments: Vec<String>,
}

/// What the program needs whose file, behind all links, is called `name`.
pub(super) fn launch(layout: &Layout, name: &str) -> Option<Launch> {
    let root = layout.root.display().to_string();
    let triplet = layout.triplet;
    let bare = name.strip_prefix(&format!("{triplet}-")).unwrap_or(name);
    let (stem, version) = bare.rsplit_once('-').unwrap_or((bare, ""));
    let numbered = version.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let stem = if numbered { stem } else { bare };
    match stem {
        "gcc" | "g++" | "cpp" => {
            let mut arguments = vec![format!("--sysroot={root}"), format!("-B{root}/usr/bin/")];
            if stem != "cpp" {
                // What it links finds the compiler's own libraries, and its libraries' too.
                let lib = layout.lib.display();
                arguments.push(format!("-Wl,--disable-new-dtags,-rpath,{lib}"));
            }
            Some(Launch { vars: Vec::new(), arguments })
        }
        "pkgconf" | "pkg-config" => {
            let folders = [
                format!("{root}/usr/lib/{triplet}/pkgconfig"),
                format!("{root}/usr/share/pkgconfig"),
            ];
            let vars = vec![
                ("PKG_CONFIG_LIBDIR", folders.join(":")),
                ("PKG_CONFIG_SYSROOT_DIR", root),
                // Its directories have names of the system's, and are not.
                ("PKG_CONFIG_ALLOW_SYSTEM_LIBS", "1".to_owned()),
                ("PKG_CONFIG_ALLOW_SYSTEM_CFLAGS", "1".to_owned()),
            ];
            Some(Launch { vars, arguments: Vec::new() })
        }
        "git" => {
            let vars = vec![
                ("GIT_EXEC_PATH", format!("{root}/usr/lib/git-core")),
                ("GIT_TEMPLATE_DIR", format!("{root}/usr/share/git-core/templates")),
            ];
            Some(Launch { vars, arguments: Vec::new() })
        }
        _ if is_perl(bare) => {
            let vars = vec![("PERL5LIB", perl_folders(layout).join(":"))];
            Some(Launch { vars, arguments: Vec::new() })
        }
        _ => None,
    }
}

fn is_perl(name: &str) -> bool {
    name.strip_prefix("perl")
        .is_some_and(|rest| rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.'))
}

/// Perl's directories in the order of its own list.
fn perl_folders(layout: &Layout) -> Vec<String> {
    let lib = layout.root.join("usr/lib").join(layout.triplet);
    let share = layout.root.join("usr/share");
    let versions = |folder: &Path| {
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut found: Vec<_> = entries.map(|entry| entry.path()).collect();
        found.sort();
        found
    };
    let mut folders = versions(&lib.join("perl5"));
    folders.push(share.join("perl5"));
    folders.push(lib.join("perl-base"));
    folders.extend(versions(&lib.join("perl")));
    folders.extend(versions(&share.join("perl")));
    folders.iter().filter(|path| path.is_dir()).map(|path| path.display().to_string()).collect()
}

/// The script that starts `program` so.
pub(super) fn script(shell: &str, program: &Path, launch: &Launch) -> String {
    let mut lines = vec![format!("#!{shell}")];
    let export = |(name, value): &(&str, String)| format!("export {name}={}", quoted(value));
    lines.extend(launch.vars.iter().map(export));
    let mut words = vec!["exec".to_owned(), quoted(&program.display().to_string())];
    words.extend(launch.arguments.iter().map(|argument| quoted(argument)));
    words.push("\"$@\"\n".to_owned());
    lines.push(words.join(" "));
    lines.join("\n")
}

/// A word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compilers_under_all_their_names_are_told_their_root() {
        let place = tempfile::tempdir().unwrap();
        let layout = Layout::new(place.path()).unwrap();
        let triplet = layout.triplet;
        for name in
            ["gcc", "gcc-12", &format!("{triplet}-gcc-12"), "g++", &format!("{triplet}-g++")]
        {
            let launch = launch(&layout, name).unwrap_or_else(|| panic!("{name}"));
            assert!(launch.arguments[0].starts_with("--sysroot=/"), "{launch:?}");
            assert_eq!(launch.arguments.len(), 3);
        }
        for name in ["gcc-ar-12", "gcc-nm", "ld", "python3.11", "make", "perldoc"] {
            assert_eq!(launch(&layout, name), None, "{name}");
        }
        assert_eq!(launch(&layout, "perl5.36.0").unwrap().vars[0].0, "PERL5LIB");
    }

    #[test]
    fn no_path_can_be_taken_for_something_else_by_the_shell() {
        let launch = Launch { vars: vec![("A", "x y".into())], arguments: vec!["$(no)'".into()] };
        let text = script("/bin/sh", Path::new("/a b/c"), &launch);
        assert_eq!(text, "#!/bin/sh\nexport A='x y'\nexec '/a b/c' '$(no)'\\''' \"$@\"\n");
    }
}
