use std::os::unix::fs::symlink;

use super::*;

#[test]
fn a_shim_is_found_through_links_to_links_and_nothing_else_is_one() {
    let root = tempfile::tempdir().unwrap();
    let at = |name: &str| root.path().join(name);
    fs::create_dir(at("shims")).unwrap();
    symlink("/usr/bin/lightship-init", at("shims/.lightship-shim")).unwrap();
    symlink(".lightship-shim", at("shims/ck")).unwrap();
    symlink("shims/ck", at("other")).unwrap();
    symlink(at("other"), at("shims/third")).unwrap();
    symlink("round", at("round")).unwrap();
    symlink("/usr/bin/lightship-init", at("tini")).unwrap();
    for path in ["shims/ck", "other", "shims/third"] {
        assert_eq!(Shim::at(&at(path)).unwrap().name, "ck", "{path}");
    }
    let shim = Shim::at(&at("other")).unwrap();
    assert_eq!(shim.dir.join(MAP), at("shims").join(MAP));
    for path in ["round", "tini", "nothing", "shims/.lightship-shim"] {
        assert_eq!(Shim::at(&at(path)), None, "{path}");
    }
}

#[test]
fn not_waiting_goes_before_the_environment_before_the_manifest() {
    let of = |vars: &[(&str, &str)], manifest| {
        let var = |name: &str| {
            vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        };
        limit(var, manifest).map(|Limit(limit)| limit.as_secs())
    };
    let minute = Some(Duration::from_mins(1));
    assert_eq!(of(&[], None), Ok(1800));
    assert_eq!(of(&[("LIGHTSHIP_NO_WAIT", "0")], minute), Ok(60));
    assert_eq!(of(&[("LIGHTSHIP_WAIT", "90")], minute), Ok(90));
    assert_eq!(of(&[("LIGHTSHIP_WAIT", "2m"), ("LIGHTSHIP_NO_WAIT", "1")], minute), Ok(0));
    assert!(of(&[("LIGHTSHIP_WAIT", "soon")], minute).unwrap_err().contains("soon"));
}

#[test]
fn a_message_is_one_line_that_says_what_to_do() {
    let tool = || "ck-search".parse().unwrap();
    let late =
        ShimError::Late { tool: tool(), words: "installing".into(), limit: Duration::from_secs(5) };
    assert_eq!(
        late.to_string(),
        "the tool ck-search is not there yet (installing), and 5s have passed (LIGHTSHIP_WAIT \
         sets that); it goes on being loaded"
    );
    let failed = ShimError::Failed { tool: tool(), reason: "no space".to_owned() };
    assert!(failed.to_string().contains("lightship tools log ck-search"));
    assert_eq!((late.code(), failed.code(), ShimError::Unknown.code()), (75, 69, 127));
}
