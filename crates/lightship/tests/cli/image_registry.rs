//! `lightship image push` and `pull`, and images that are looked at where they are, against a
//! real registry.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use testkit::ImageRegistry;

use crate::support::Home;

/// A home with an image in a layout, `out`.
fn home() -> Home {
    let home = Home::new();
    let text = "[image]\nentrypoint = [\"/srv/hello\"]\n\
                [[image.files]]\nto = \"/srv/hello\"\ntext = \"hi\"\n";
    home.write("lightship.toml", text);
    home.run(&["image", "build", "-q", "-o", "out", "--tag", "1.0"]).ok();
    home
}

fn server(home: &Home, password: bool) -> Option<ImageRegistry> {
    let dir = home.path("server");
    fs::create_dir(&dir).unwrap();
    let start: fn(&Path) -> _ =
        if password { ImageRegistry::with_password } else { ImageRegistry::start };
    let server = start(&dir);
    if server.is_none() {
        eprintln!("skipped: there is no `docker-registry` here");
    }
    server
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn what_is_pushed_is_pulled_with_its_digest_and_looked_at_where_it_is() {
    let home = home();
    let Some(server) = server(&home, false) else { return };
    let name = server.name("team/worker:1.0");
    let run = |words: &[&str]| home.run(&[&["image"], words].concat()).ok();
    let pushed = parse(&run(&["push", "out", &name, "--format", "json"]));
    let pulled = parse(&run(&["pull", &name, "-o", "back", "--format", "json"]));
    let digest = pushed["digest"].as_str().unwrap();
    assert_eq!(pulled["digest"], digest);
    let again = parse(&run(&["push", "back", &name, "--format", "json"]));
    assert_eq!((again["digest"].as_str(), &again["sent"]), (Some(digest), &Value::from(0)));

    let measure = |image: &str| {
        let mut told = parse(&run(&["measure", image, "--format", "json"]));
        let image = told["images"][0].as_object_mut().unwrap();
        let format = image.remove("format").unwrap();
        image.remove("image").unwrap();
        (format, image.clone())
    };
    let here = measure("out");
    let by_digest = server.name(&format!("team/worker@{digest}"));
    for there in
        [name.as_str(), &format!("registry:{name}"), &format!("docker://{name}"), &by_digest]
    {
        let (format, image) = measure(there);
        assert_eq!(format, "registry");
        assert_eq!(image, here.1, "{there}");
    }

    let same = run(&["compare", &name, "out"]);
    assert!(same.starts_with(&format!("A = {name}\nB = out\n")), "{same}");
    assert!(run(&["what-if", &name]).contains("COULD GO"));
    assert!(run(&["check", &name, "--budget", "1MB"]).contains("GO"));
    assert_eq!(home.run(&["image", "check", &name, "--budget", "1B"]).code, Some(1));
    run(&["report", &name, "--against", "out", "-o", "page.html"]);
    assert!(fs::read_to_string(home.path("page.html")).unwrap().contains(&name));
}

#[test]
fn a_file_goes_before_a_registry_unless_the_registry_is_named() {
    let home = home();
    // Nobody listens there, and nothing may be asked.
    fs::create_dir_all(home.path("127.0.0.1:1")).unwrap();
    fs::rename(home.path("out"), home.path("127.0.0.1:1/worker")).unwrap();
    home.run(&["image", "measure", "127.0.0.1:1/worker"]).ok();
    let screen = home.run(&["image", "measure", "registry:127.0.0.1:1/worker"]).refused(3);
    assert!(screen.contains("no answer from `http://127.0.0.1:1/v2/worker/"), "{screen}");
    let screen = home.run(&["image", "measure", "127.0.0.1:1/other"]).refused(3);
    assert!(screen.contains("there is no file `127.0.0.1:1/other`, nor"), "{screen}");
    assert!(screen.contains("help: write registry:HOST/NAME:TAG"), "{screen}");
    let screen = home.run(&["image", "measure", "registry:worker"]).refused(2);
    assert!(screen.contains("the registry is named first"), "{screen}");
    let screen = home.run(&["image", "measure", "./127.0.0.1:1/other"]).refused(3);
    assert!(screen.contains("can't open `./127.0.0.1:1/other`"), "{screen}");
}

#[test]
fn what_is_not_there_or_not_for_us_is_told() {
    let home = home();
    let Some(server) = server(&home, true) else { return };
    let name = server.name("team/worker:1.0");
    let host = server.name("");
    let with = |password: &str, words: &[&str]| {
        let auth = json!({ "auths": { host.trim_end_matches('/'): {
            "username": "u", "password": password } } });
        home.write("auth.json", &auth.to_string());
        home.run(&[&["image"], words, &["--authfile", "auth.json"]].concat())
    };
    let pull = ["pull", &name, "-o", "back"];
    for (password, words) in
        [("q", &["push", "out", &name][..]), ("q", &pull), ("q", &["measure", &name])]
    {
        let screen = with(password, words).refused(3);
        assert!(screen.contains("does not let us in (401"), "{screen}");
        assert!(screen.contains("podman login"), "{screen}");
    }
    assert!(home.run(&["image", "measure", &name]).refused(3).contains("let us in (401"));
    with("p", &["push", "out", &name]).ok();
    with("p", &["measure", &name]).ok();
    with("p", &pull).ok();
    for words in [
        &["measure", &server.name("team/worker:2.0")][..],
        &["pull", &server.name("team/worker:2.0"), "-o", "x"],
    ] {
        let screen = with("p", words).refused(3);
        assert!(screen.contains("can't get the manifest `2.0`"), "{screen}");
        assert!(screen.contains("answers 404"), "{screen}");
        assert!(screen.contains("help: "), "{screen}");
    }
    let screen = with("p", &["measure", &name, "--platform", "linux/s390x"]).refused(3);
    assert!(screen.contains("there is no image for linux/s390x in it"), "{screen}");
    let none = home.run(&["image", "push", "nothing", &name]);
    assert!(none.code == Some(3) || none.code == Some(73), "{none:?}");
}
