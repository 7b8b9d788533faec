//! The keys of `[service]` and `[health]`.

use super::*;
use crate::signal::Signal;

fn service(keys: &str) -> Result<Service, ManifestErrors> {
    let text = format!("[service]\ncommand = [\"x\"]\n{keys}\n");
    load(&text).map(|manifest| manifest.service.unwrap())
}

fn refused(keys: &str) -> String {
    service(keys).unwrap_err().to_string()
}

#[test]
fn a_service_that_says_nothing_has_the_defaults() {
    let service = service("").unwrap();
    let from_command = Service::from_command(vec!["x".to_owned()]);
    assert_eq!(service, Service { restart: Restart::OnFailure, ..from_command });
}

#[test]
fn each_kind_of_readiness_is_read() {
    let ready = |text: &str| service(&format!("ready = {{ {text} }}")).unwrap().ready.unwrap();
    let http = "http://127.0.0.1:1/";
    assert_eq!(ready(&format!("http = \"{http}\"")), Ready::Probe(Check::Http(http.to_owned())));
    assert_eq!(ready("tcp = \"[::1]:2\""), Ready::Probe(Check::Tcp("[::1]:2".to_owned())));
    assert_eq!(ready("exec = [\"a\"]"), Ready::Probe(Check::Exec(vec!["a".to_owned()])));
    assert_eq!(ready("log = \"up now\""), Ready::Log("up now".to_owned()));
    assert_eq!(ready("notify = \"fd\""), Ready::Notify(Notify::Fd));
    assert_eq!(ready("notify = \"systemd\""), Ready::Notify(Notify::Systemd));
}

#[test]
fn readiness_is_of_one_kind() {
    for bad in ["", "log = \"a\", notify = \"fd\"", "tcp = \"127.0.0.1:1\", exec = [\"a\"]"] {
        let message = refused(&format!("ready = {{ {bad} }}"));
        assert!(message.starts_with("lightship.toml:3:9: `ready` takes exactly one"), "{message}");
    }
    assert!(refused("ready = { log = \"  \" }").contains("not empty"));
    assert!(refused("ready = { exec = [] }").contains("`exec` of `ready` is an empty command"));
    assert!(refused("ready = { notify = \"sytemd\" }").contains("systemd"));
}

#[test]
fn liveness_has_a_check_and_a_pace() {
    let live = service("live = { tcp = \"127.0.0.1:1\" }").unwrap().live.unwrap();
    assert_eq!((live.period.as_secs(), live.timeout.as_secs(), live.failures), (10, 3, 3));
    let live = service("live = { exec = [\"a\"], period = \"200ms\", timeout = 1, failures = 1 }");
    assert_eq!(live.unwrap().live.unwrap().period.as_millis(), 200);
    assert!(refused("live = { period = \"1s\" }").contains("exactly one of `http`, `tcp`, `exec`"));
    assert!(refused("live = { http = \"https://x/\" }").contains("not an http:// URL"));
    assert!(refused("live = { tcp = \"127.0.0.1:1\", failures = 0 }").contains("can't be 0"));
    assert!(refused("live = { log = \"x\" }").contains("unknown key `log`"));
}

#[test]
fn backoff_keeps_what_is_not_named_and_is_possible() {
    let backoff = |keys: &str| service(&format!("backoff = {{ {keys} }}")).unwrap().backoff;
    assert_eq!(backoff("budget = 0"), Backoff { budget: 0, ..Backoff::default() });
    assert_eq!(backoff("first = \"1m\"").max, Duration::from_mins(1));
    assert!(refused("backoff = { first = 0 }").contains("can't be 0"));
    assert!(refused("backoff = { max = \"1ms\" }").contains("shorter than `first`"));
    assert!(refused("backoff = { budget = 1001 }").contains("1000"));
    assert!(refused("backoff = { frist = 1 }").contains("did you mean `first`?"));
}

#[test]
fn hooks_are_commands_and_reload_may_be_a_signal() {
    let service = service(
        "before_start = [\"a\", \"b\"]\nstop = [\"c\"]\nstop_signal = \"SIGINT\"\n\
         reload = \"usr1\"\nsuccess_codes = [143]\nlog = \"json\"\nsession = true",
    )
    .unwrap();
    assert_eq!(service.before_start.unwrap(), ["a", "b"]);
    assert_eq!(service.stop.unwrap(), ["c"]);
    assert_eq!(service.stop_signal.unwrap().number(), 2);
    assert_eq!(service.reload, Some(Reload::Signal(Signal::parse("USR1").unwrap())));
    assert_eq!((service.success_codes, service.log), (vec![143], LogMode::Json));
    assert!(service.session);
    let reload = load("[service]\ncommand = [\"x\"]\nreload = [\"r\"]\n").unwrap();
    assert_eq!(reload.service.unwrap().reload, Some(Reload::Command(vec!["r".to_owned()])));
}

#[test]
fn a_hook_that_can_do_nothing_is_refused_at_its_place() {
    for key in ["before_start", "stop", "reload"] {
        let message = refused(&format!("{key} = []"));
        assert!(message.starts_with("lightship.toml:3:"), "{message}");
        assert!(message.contains(&format!("`{key}` is an empty command")), "{message}");
    }
    assert!(refused("stop_signal = \"TREM\"").contains("did you mean `TERM`?"));
    assert!(refused("stop_signal = \"KILL\"").contains("no process can act on `KILL`"));
    assert!(refused("reload = \"HUPP\"").contains("did you mean `HUP`?"));
    assert!(refused("reload = 1").contains("`reload` is a command like"));
    assert!(refused("success_codes = [256]").starts_with("lightship.toml:3:"));
}

#[test]
fn a_wrong_value_is_told_with_the_file_it_stands_in() {
    let over = Text::new("over.toml", "extends = \"core.toml\"\n[service]\ncommand = [\"x\"]\n");
    let core = "[service]\nstop_signal = \"NOPE\"\n";
    let error = Manifest::load(over, |_, what| Ok(Text::new(what, core))).unwrap_err();
    assert!(error.to_string().starts_with("core.toml:2:15: "), "{error}");
}

#[test]
fn who_sees_details_is_a_choice_that_needs_its_token() {
    let health = |keys: &str| load(&format!("[health]\n{keys}\n")).map(|manifest| manifest.health);
    assert_eq!(health("").unwrap(), HealthSettings::default());
    let file = health("details = \"token\"\ntoken_file = \"/run/t\"").unwrap();
    assert_eq!(file.token, Some(TokenSource::File("/run/t".to_owned())));
    let inline = health("token = \"0123456789abcdef\"").unwrap().token.unwrap();
    assert!(matches!(inline, TokenSource::Inline(token) if token.reveal().len() == 16));
    assert_eq!(health("control = \"off\"").unwrap().control, Control::Off);
    for address in ["/run/x.sock", "@x"] {
        let control = health(&format!("control = \"{address}\"")).unwrap().control;
        assert_eq!(control, Control::At(address.to_owned()));
    }
    for (bad, why) in [
        ("details = \"token\"", "needs a token"),
        ("token = \"short\"", "shorter than 16"),
        ("token = \"0123456789abcdef\"\ntoken_file = \"/t\"", "exclude each other"),
        ("token_file = \"t\"", "not an absolute path"),
        ("control = \"on\"", "not an absolute path"),
        ("details = \"lokal\"", "local"),
    ] {
        let message = health(bad).unwrap_err().to_string();
        assert!(message.starts_with("lightship.toml:2:"), "{message}");
        assert!(message.contains(why), "{message}");
    }
}

#[test]
fn a_token_of_the_upper_layer_replaces_one_of_the_lower() {
    let over = "extends = \"core.toml\"\n[health]\ntoken_file = \"/over\"\n";
    let core = "[health]\ntoken = \"0123456789abcdef\"\ndetails = \"never\"\n";
    let manifest =
        Manifest::load(Text::new("over.toml", over), |_, what| Ok(Text::new(what, core)));
    let health = manifest.unwrap().health;
    assert_eq!(health.token, Some(TokenSource::File("/over".to_owned())));
    assert_eq!(health.details, Details::Never);
}
