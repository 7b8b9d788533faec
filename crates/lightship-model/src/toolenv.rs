//! What the service and the user's shell need in their environment to find the tools.

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
