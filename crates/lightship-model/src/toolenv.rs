//! What the service and the user's shell need in their environment to find the tools.

/// Where an image keeps the tools that it was built with.
const BAKED: &str = "/opt/lightship";

/// Where tools and shims go that the tool directory can't hold, or must not wait for: on the
/// container's own disk, one a user, gone with the container.
pub fn local_dir(uid: u32, var: impl Fn(&str) -> Option<String>) -> String {
    let named = |name| var(name).filter(|path| path.starts_with('/'));
    named("LOA_LOCAL_DIR").unwrap_or_else(|| {
        let tmp = named("TMPDIR").unwrap_or_else(|| "/tmp".to_owned());
        format!("{}/lightship-{uid}", tmp.trim_end_matches('/'))
    })
}

/// The directories that tools are found in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roots {
    /// The tool directory.
    pub dir: String,
    /// With the layout of a tool directory, in the image and never written.
    pub baked: String,
    /// The local directory: what [`Self::local_tools`] names in it has the layout of a tool
    /// directory.
    pub local: String,
}

impl Roots {
    /// The roots beside the tool directory `dir`, for the user `uid`. `var` reads lightship's own
    /// environment, not the one that is made for somebody else.
    pub fn new(dir: &str, uid: u32, var: impl Fn(&str) -> Option<String>) -> Self {
        let named = var("LIGHTSHIP_BAKED_DIR").filter(|path| path.starts_with('/'));
        Self {
            dir: dir.to_owned(),
            baked: named.unwrap_or_else(|| BAKED.to_owned()),
            local: local_dir(uid, var),
        }
    }

    /// Where tools are that the tool directory can't hold. Each tool directory has its own place:
    /// two that shared one would take each other's links away.
    pub fn local_tools(&self) -> String {
        format!("{}/tools-{:08x}", self.local, mark(self.dir.trim_end_matches('/')))
    }

    /// Where the shims are.
    pub fn shims(&self) -> String {
        format!("{}/shims", self.local)
    }

    /// The same without the local directory, unless it is `safe`: made, and this user's own.
    /// Anybody may make a directory in `/tmp`, and whoever owns it would own the search path.
    #[must_use]
    pub fn with_local_if(mut self, safe: bool) -> Self {
        if !safe {
            self.local.clear();
        }
        self
    }

    /// Where installed programs are: what goes first on `PATH`, in this order. The local directory
    /// has only what the others can't give: it goes first, or a volume that has become read-only
    /// would go on giving an old version.
    pub fn programs(&self) -> Vec<String> {
        distinct(self.in_order().into_iter().map(|root| format!("{root}/bin")))
    }

    /// All of ours on `PATH`: installed programs, and the shims.
    pub fn bins(&self) -> Vec<String> {
        let shims = (!self.local.is_empty()).then(|| self.shims());
        distinct(self.programs().into_iter().chain(shims))
    }

    /// What goes first on `PYTHONPATH`.
    pub fn pythons(&self) -> Vec<String> {
        distinct(self.in_order().into_iter().map(|root| format!("{root}/python")))
    }

    fn in_order(&self) -> Vec<String> {
        let local = (!self.local.is_empty()).then(|| self.local_tools());
        local.into_iter().chain([self.dir.clone(), self.baked.clone()]).collect()
    }
}

/// A short name for a path (FNV-1a); it goes into the first lines of scripts, which are short.
fn mark(path: &str) -> u32 {
    let add = |mark: u32, byte: u8| (mark ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    path.bytes().fold(0x811c_9dc5, add)
}

fn distinct(folders: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut list = Vec::new();
    for folder in folders {
        if !list.contains(&folder) {
            list.push(folder);
        }
    }
    list
}

/// `NAME` and value of each variable. `var` reads the environment that they are put into, whose
/// own values stay, behind ours.
pub fn exports(roots: &Roots, var: impl Fn(&str) -> Option<String>) -> [(&'static str, String); 3] {
    [
        ("LOA_TOOL_DIR", roots.dir.clone()),
        ("PATH", path(roots, var("PATH"))),
        ("PYTHONPATH", before(&roots.pythons(), var("PYTHONPATH"))),
    ]
}

/// Installed programs go first. Shims go last: a program that the machine has must not be hidden
/// by one that is not there yet.
fn path(roots: &Roots, rest: Option<String>) -> String {
    let path = before(&roots.programs(), rest);
    if roots.local.is_empty() {
        return path;
    }
    let shims = roots.shims();
    if path.split(':').any(|part| part == shims) { path } else { format!("{path}:{shims}") }
}

/// `first`, then `rest`. Nothing is put in twice when lightship runs under lightship, and a
/// `rest` that has them all stays as its owner arranged it.
fn before(first: &[String], rest: Option<String>) -> String {
    let Some(rest) = rest.filter(|rest| !rest.is_empty()) else { return first.join(":") };
    if first.iter().all(|folder| rest.split(':').any(|part| part == folder)) {
        return rest;
    }
    let others = rest.split(':').filter(|part| !first.iter().any(|folder| folder == part));
    first.iter().map(String::as_str).chain(others).collect::<Vec<_>>().join(":")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roots(dir: &str) -> Roots {
        Roots::new(dir, 0, |_| None)
    }

    #[test]
    fn the_local_directory_is_the_users_own_unless_named() {
        assert_eq!(local_dir(7, |_| None), "/tmp/lightship-7");
        let var = |name: &str| (name == "TMPDIR").then(|| "/scratch/".to_owned());
        assert_eq!(local_dir(0, var), "/scratch/lightship-0");
        assert_eq!(local_dir(0, |_| Some("/own".to_owned())), "/own");
    }

    #[test]
    fn each_tool_directory_has_a_local_one_however_it_is_written() {
        assert_eq!(roots("/t/").local_tools(), roots("/t").local_tools());
        assert_ne!(roots("/a/t").local_tools(), roots("/b/t").local_tools());
    }

    #[test]
    fn ours_go_first_once_and_shims_behind_everything() {
        let var = |name: &str| (name == "PATH").then(|| "/usr/bin".to_owned());
        let [dir, path, python] = exports(&roots("/t"), var);
        assert_eq!(dir.1, "/t");
        assert_eq!(
            path.1,
            "/tmp/lightship-0/tools-5bd1f71e/bin:/t/bin:/opt/lightship/bin:/usr/bin:\
             /tmp/lightship-0/shims"
        );
        let pythons = "/tmp/lightship-0/tools-5bd1f71e/python:/t/python:/opt/lightship/python";
        assert_eq!(python.1, pythons);
        let again = exports(&roots("/t"), |_| Some(path.1.clone()));
        assert_eq!(again[1].1, path.1);
    }

    #[test]
    fn what_a_user_put_before_ours_stays_there() {
        let all = roots("/t").bins().join(":");
        let path = format!("/venv/bin:{all}:/bin");
        assert_eq!(exports(&roots("/t"), |_| Some(path.clone()))[1].1, path);
    }

    #[test]
    fn another_directory_goes_before_the_shims_of_an_outer_lightship() {
        let outer = format!("{}:/bin", roots("/outer").bins().join(":"));
        let path = &exports(&roots("/inner"), |_| Some(outer.clone()))[1].1;
        let shims = path.find("/tmp/lightship-0/shims").unwrap();
        assert!(path.find("/inner/bin").unwrap() < shims, "{path}");
        assert_eq!(path.matches("shims").count(), 1, "{path}");
        assert!(path.contains("/outer/bin"), "{path}");
    }

    #[test]
    fn a_local_directory_of_somebody_else_is_not_on_the_path() {
        let roots = roots("/t").with_local_if(false);
        assert_eq!(roots.bins(), ["/t/bin", "/opt/lightship/bin"]);
        assert_eq!(roots.pythons(), ["/t/python", "/opt/lightship/python"]);
    }

    #[test]
    fn a_tool_directory_that_is_the_baked_one_is_named_once() {
        assert_eq!(roots(BAKED).bins().len(), 3);
    }
}
