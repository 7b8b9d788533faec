//! What the service and the user's shell need in their environment to find the tools.

/// Where tools and shims go that the tool directory can't hold, or must not wait for: on the
/// container's own disk, one a user, gone with the container.
pub fn local_dir(uid: u32, var: impl Fn(&str) -> Option<String>) -> String {
    let named = |name| var(name).filter(|path| path.starts_with('/'));
    named("LOA_LOCAL_DIR").unwrap_or_else(|| {
        let tmp = named("TMPDIR").unwrap_or_else(|| "/tmp".to_owned());
        format!("{}/lightship-{uid}", tmp.trim_end_matches('/'))
    })
}

/// `NAME` and value of each variable, for the tool directory `dir`. `var` reads the current
/// environment, whose own values stay, behind ours.
pub fn exports(dir: &str, var: impl Fn(&str) -> Option<String>) -> [(&'static str, String); 3] {
    let before = |first: String, name: &str| match var(name).filter(|rest| !rest.is_empty()) {
        // Nothing is put in twice when lightship runs under lightship.
        Some(rest) if rest.split(':').any(|part| part == first) => rest,
        Some(rest) => format!("{first}:{rest}"),
        None => first,
    };
    [
        ("LOA_TOOL_DIR", dir.to_owned()),
        ("PATH", before(format!("{dir}/bin"), "PATH")),
        ("PYTHONPATH", before(format!("{dir}/python"), "PYTHONPATH")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_local_directory_is_the_users_own_unless_named() {
        assert_eq!(local_dir(7, |_| None), "/tmp/lightship-7");
        let var = |name: &str| (name == "TMPDIR").then(|| "/scratch/".to_owned());
        assert_eq!(local_dir(0, var), "/scratch/lightship-0");
        assert_eq!(local_dir(0, |_| Some("/own".to_owned())), "/own");
    }

    #[test]
    fn ours_go_first_once() {
        let var = |name: &str| (name == "PATH").then(|| "/usr/bin".to_owned());
        let [dir, path, python] = exports("/t", var);
        assert_eq!(dir.1, "/t");
        assert_eq!(path.1, "/t/bin:/usr/bin");
        assert_eq!(python.1, "/t/python");
        let again = exports("/t", |_| Some(path.1.clone()));
        assert_eq!(again[1].1, path.1);
    }
}
