//! Whole manifests: what is read, and what is said of those that are wrong.

mod supervision;

use super::*;
use crate::key::{Platform, keys};

fn load(text: &str) -> Result<Manifest, ManifestErrors> {
    Manifest::load(Text::new("lightship.toml", text), |_, _| Err("no other file".to_owned()))
}

fn message(text: &str) -> String {
    load(text).unwrap_err().to_string()
}

const TWO_TOOLS: &str = r#"
[tools.rust]
priority = 1
script = { run = ["sh", "-c", "true"] }

[tools.ck-search]
cargo = { package = "ck-search", version = "0.8.1" }
requires = ["rust"]
bins = ["ck"]
load = "on-demand"
estimate = "5m"
timeout = 900
"#;

#[test]
fn what_an_image_holds_is_somebody_elses_to_read() {
    let manifest = load(&format!("{TWO_TOOLS}[image]\nnobody = {{ knows = [1] }}\n")).unwrap();
    assert_eq!(manifest.tools.len(), 2);
    let error = message("[imag]\nx = 1\n");
    assert!(error.starts_with("lightship.toml:1:2"), "{error}");
}

#[test]
fn the_designs_example_is_read() {
    let manifest = load(TWO_TOOLS).unwrap();
    let ck = &manifest.tools[&"ck-search".parse().unwrap()];
    assert_eq!(ck.version, "0.8.1");
    assert_eq!(ck.load, Load::OnDemand);
    assert_eq!(ck.timeout, Some(Duration::from_mins(15)));
    assert_eq!(ck.requires, ["rust".parse().unwrap()]);
    assert_eq!(ck.priority, defaults::PRIORITY);
    let order: Vec<&str> = manifest.tools_in_order().iter().map(|t| t.name.as_str()).collect();
    assert_eq!(order, ["rust", "ck-search"]);
}

#[test]
fn limits_are_read_with_their_units_and_change_no_key() {
    let text = "[loader]\nconfine = \"required\"\nmemory = \"4GiB\"\nsilence = \"10m\"\n\
                [tools.a]\nmemory = 1000\nprocesses = 64\nscript = { run = [\"true\"] }\n";
    let manifest = load(text).unwrap();
    assert_eq!(manifest.loader.confine, Some(Confine::Required));
    let own = manifest.tools[&"a".parse().unwrap()].limits;
    assert_eq!(own, Limits { memory: Some(1000), processes: Some(64), silence: None });
    let both = own.or(manifest.loader.limits);
    assert_eq!((both.memory, both.silence), (Some(1000), Some(Duration::from_mins(10))));
    let platform = Platform {
        arch: "x86_64".into(),
        libc: "glibc-2.36".into(),
        python: None,
        store: "/data".into(),
    };
    let plain = load("[tools.a]\nscript = { run = [\"true\"] }\n").unwrap();
    assert_eq!(keys(&manifest.tools, &platform), keys(&plain.tools, &platform));
}

#[test]
fn a_limit_of_nothing_is_an_error_at_its_place() {
    for key in ["memory = 0", "memory = \"lots\"", "processes = 0"] {
        let message = message(&format!("[tools.a]\n{key}\nscript = {{ run = [\"true\"] }}\n"));
        assert!(message.starts_with("lightship.toml:2:"), "{message}");
    }
    assert!(message("[loader]\nconfine = \"some\"\n").contains("best"));
}

#[test]
fn an_unknown_key_names_its_place_and_the_nearest_key() {
    let text = "[tools.a]\nrequries = []\nscript = { run = [\"true\"] }\n";
    let message = message(text);
    assert!(message.starts_with("lightship.toml:2:1: unknown key `requries`"), "{message}");
    assert!(message.contains("did you mean `requires`?"), "{message}");
}

#[test]
fn a_wrong_type_names_its_place() {
    let message = message("[tools.a]\npriority = \"high\"\nscript = { run = [\"true\"] }\n");
    assert!(message.starts_with("lightship.toml:2:12: "), "{message}");
    assert!(message.contains("expected i32"), "{message}");
}

#[test]
fn a_cycle_names_its_path_and_place() {
    let message = message(
        "[tools.a]\nscript = { run = [\"true\"] }\nrequires = [\"b\"]\n\
         [tools.b]\nscript = { run = [\"true\"] }\nrequires = [\"a\"]\n",
    );
    assert!(message.contains("lightship.toml:3:13"), "{message}");
    assert!(message.contains("a → b → a"), "{message}");
}

#[test]
fn an_unknown_requirement_names_the_nearest_tool() {
    let message = message(&TWO_TOOLS.replace("[\"rust\"]", "[\"rsut\"]"));
    assert!(message.contains("tool `ck-search` requires `rsut`"), "{message}");
    assert!(message.contains("did you mean `rust`?"), "{message}");
}

#[test]
fn no_source_and_two_sources_are_errors() {
    assert!(message("[tools.a]\n").contains("has none"));
    let two = "[tools.a]\nscript = { run = [\"true\"] }\npip = { package = \"x\" }\n";
    assert!(message(two).contains("pip and script"));
}

#[test]
fn every_error_of_the_whole_is_reported_at_once() {
    let errors = load("[capabilities]\nx = [\"nope\"]\n[tools.a]\n").unwrap_err();
    assert_eq!(errors.0.len(), 2, "{errors}");
}

#[test]
fn of_a_great_many_errors_some_are_shown_and_the_others_counted() {
    let lines: Vec<String> = (0..5000).map(|number| format!("c{number} = [\"t\"]\n")).collect();
    let text = lines.concat();
    let ManifestErrors(errors) = load(&format!("[capabilities]\n{text}")).unwrap_err();
    assert_eq!(errors.len(), 21);
    assert_eq!(errors[20].message, "4980 more faults are not shown");
}

#[test]
fn a_placeholder_of_a_tool_that_is_not_required_is_an_error() {
    let text = "[tools.a]\nscript = { run = [\"true\"] }\nenv = { X = \"{{tools.b.prefix}}\" }\n\
                [tools.b]\nscript = { run = [\"true\"] }\n";
    assert!(message(text).contains("{{tools.b.prefix}}"));
}

#[test]
fn two_tools_that_publish_one_program_are_an_error() {
    let text = "[tools.a]\nscript = { run = [\"true\"] }\nbins = [\"x\"]\n\
                [tools.b]\nscript = { run = [\"true\"] }\nbins = [\"x\"]\n";
    assert!(message(text).contains("both publish `x`"));
}

#[test]
fn a_layer_overrides_key_by_key_and_a_source_as_a_whole() {
    let over = "extends = \"core.toml\"\n[tools.ck-search]\npriority = 7\n\
                pip = { package = \"ck\" }\n[service]\nrestart = \"never\"\n";
    let manifest = Manifest::load(Text::new("over.toml", over), |_, what| {
        assert_eq!(what, "core.toml");
        let service = "[service]\ncommand = [\"x\"]\nrestart = \"always\"\n";
        Ok(Text::new(what, format!("{service}{TWO_TOOLS}")))
    })
    .unwrap();
    let ck = &manifest.tools[&"ck-search".parse().unwrap()];
    assert_eq!((ck.priority, ck.source.kind(), ck.version.as_str()), (7, "pip", "latest"));
    assert_eq!(ck.requires.len(), 1);
    let service = manifest.service.unwrap();
    assert_eq!((service.command, service.restart), (vec!["x".to_owned()], Restart::Never));
}

#[test]
fn a_manifest_that_extends_itself_ends() {
    let looped = Text::new("a.toml", "extends = \"a.toml\"\n");
    let error = Manifest::load(looped.clone(), |_, _| Ok(looped.clone())).unwrap_err();
    assert!(error.to_string().contains("never ends"));
}

#[test]
fn urls_of_artefacts_are_checked() {
    let binary = |url: &str| {
        load(&format!(
            "[tools.a]\nbinary = {{ url = \"{url}\", sha256 = \"{}\" }}\n",
            "0".repeat(64)
        ))
    };
    for good in ["https://x/y", "file:///x", "pypi:uv==1/uv.whl", "npm:@a/b@1.2.3"] {
        assert!(binary(good).is_ok(), "{good}");
    }
    for bad in ["ftp://x", "file://x", "pypi:uv/uv.whl", "pypi:uv==1/../x", "npm:a", "x"] {
        assert!(binary(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_command_on_the_command_line_is_never_restarted() {
    assert_eq!(Service::from_command(vec!["x".into()]).restart, Restart::Never);
}

proptest::proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in "(?s).{0,300}") {
        drop(load(&text));
    }

    #[test]
    fn no_mangled_manifest_makes_the_parser_panic(cut in 0usize..400, put in "[\\[\\]{}\"=a-z.\n]{0,8}") {
        let mut text = TWO_TOOLS.to_owned();
        let at = cut.min(text.len());
        text.insert_str(at, &put);
        drop(load(&text));
    }
}
