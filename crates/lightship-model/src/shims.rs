//! Shims: a link NAME to `lightship-init` for each program of the manifest, in one directory with
//! a small file that says which program comes from which tool. A shim reads that file and nothing
//! else.

use std::fmt::Write as _;
use std::time::Duration;

use crate::manifest::{Manifest, Tool};
use crate::name::{BinName, ToolName};

/// The file in a directory of shims; a directory that has one is a directory of shims.
pub const MAP: &str = ".lightship-shims";

/// The first line of that file; another one is of another version.
const HEAD: &str = "lightship-shims 1";

/// What a shim has to know.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShimMap {
    /// The control socket of the lightship that made the shims, where it has one.
    pub control: Option<String>,
    /// How long a caller waits; for ever without.
    pub wait: Option<Duration>,
    /// Directories in which installed programs are published, the first one first.
    pub dirs: Vec<String>,
    pub programs: Programs,
}

/// Programs, each with the tool that has it, by name.
pub type Programs = Vec<(BinName, ToolName)>;

impl ShimMap {
    /// The file's text.
    ///
    /// # Errors
    /// With a directory or a control socket that does not fit into a line.
    pub fn to_text(&self) -> Result<String, &'static str> {
        let control = self.control.iter();
        if control.chain(&self.dirs).any(|text| text.contains('\n')) {
            return Err("a path of it has a line break in it");
        }
        let mut text = format!("{HEAD}\n");
        // Writing into a string can't fail.
        if let Some(control) = &self.control {
            writeln!(text, "control {control}").unwrap_or_default();
        }
        if let Some(wait) = self.wait {
            writeln!(text, "wait {}", wait.as_secs()).unwrap_or_default();
        }
        for dir in &self.dirs {
            writeln!(text, "dir {dir}").unwrap_or_default();
        }
        for (program, tool) in &self.programs {
            writeln!(text, "program {program} {tool}").unwrap_or_default();
        }
        Ok(text)
    }

    /// Reads the file's text; nothing when it is not of this version. Lines that are not
    /// understood are skipped.
    pub fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next() != Some(HEAD) {
            return None;
        }
        let mut map = Self::default();
        for line in lines {
            match line.split_once(' ') {
                Some(("control", control)) => map.control = Some(control.to_owned()),
                Some(("wait", seconds)) => {
                    map.wait = seconds.parse().ok().map(Duration::from_secs);
                }
                Some(("dir", dir)) => map.dirs.push(dir.to_owned()),
                Some(("program", words)) => {
                    let Some((program, tool)) = words.split_once(' ') else { continue };
                    if let (Ok(program), Ok(tool)) = (program.parse(), tool.parse()) {
                        map.programs.push((program, tool));
                    }
                }
                _ => {}
            }
        }
        Some(map)
    }
}

/// The programs of a manifest, each with its tool. A tool that does not say which programs it
/// publishes has one that is called like itself.
pub fn programs(manifest: &Manifest) -> Programs {
    let mut programs = Programs::new();
    let mut add = |program: BinName, tool: &Tool| {
        if !programs.iter().any(|(known, _)| *known == program) {
            programs.push((program, tool.name.clone()));
        }
    };
    for tool in manifest.tools.values() {
        tool.bins.iter().flatten().for_each(|program| add(program.clone(), tool));
    }
    // Whoever says it goes before whoever only may.
    for tool in manifest.tools.values().filter(|tool| tool.bins.is_none()) {
        if let Ok(program) = tool.name.as_str().parse() {
            add(program, tool);
        }
    }
    programs.sort();
    programs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Text;

    fn manifest(text: &str) -> Manifest {
        Manifest::load(Text::new("m", text), |_, _| Err(String::new())).unwrap()
    }

    #[test]
    fn a_map_reads_back() {
        let text = "[tools.\"g++\"]\nscript = { run = [\"true\"] }\nbins = [\"c++\", \"cc\"]\n";
        let map = ShimMap {
            control: Some("@lightship-1-1".to_owned()),
            wait: Some(Duration::from_secs(90)),
            dirs: vec!["/data/my tools/bin".to_owned(), "/b".to_owned()],
            programs: programs(&manifest(text)),
        };
        let text = map.to_text().unwrap();
        assert_eq!(ShimMap::parse(&text), Some(map));
        assert!(text.ends_with("dir /b\nprogram c++ g++\nprogram cc g++\n"), "{text}");
    }

    #[test]
    fn what_is_no_map_is_none_and_what_fits_no_line_is_refused() {
        assert_eq!(ShimMap::parse(""), None);
        assert_eq!(ShimMap::parse("lightship-shims 2\ndir /x\n"), None);
        let odd = ShimMap::parse("lightship-shims 1\nnews\nprogram x\nprogram ../x y\n").unwrap();
        assert_eq!(odd, ShimMap::default());
        let map = ShimMap { dirs: vec!["/a\nprogram sh x".to_owned()], ..ShimMap::default() };
        assert!(map.to_text().is_err());
    }

    #[test]
    fn a_tool_that_names_no_programs_has_one_of_its_own_name() {
        let text = "[tools.a]\nscript = { run = [\"true\"] }\n\
                    [tools.b]\nscript = { run = [\"true\"] }\nbins = [\"a\", \"c\"]\n\
                    [tools.library]\nscript = { run = [\"true\"] }\nbins = []\n";
        let found = programs(&manifest(text));
        let found: Vec<_> =
            found.iter().map(|(program, tool)| format!("{program}={tool}")).collect();
        assert_eq!(found, ["a=b", "c=b"], "a program that is named goes first");
    }
}
