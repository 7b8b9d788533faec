use super::*;
use lightship_model::manifest::{Check, Ready, Service};

fn spec(texts: &[&str]) -> Result<Spec, String> {
    let texts: Vec<Text> = texts.iter().map(|text| Text::new("/m/lightship.toml", *text)).collect();
    merge::merge(&texts, Registries::default(), None).map_err(|errors| errors.to_string())
}

#[test]
fn an_upper_manifest_adds_and_replaces() {
    let base = "[image]\npackages = [\"bash\", \"curl\"]\nenv = { A = \"1\", B = \"1\" }\n\
                command = [\"bash\"]\nports = [80]\n\
                [[image.files]]\nto = \"/etc/x\"\ntext = \"old\"\n";
    let over = "[image]\npackages = [{ name = \"git\", slices = [\"https\"] }]\n\
                env = { B = \"2\" }\nports = [\"53/udp\"]\n\
                [[image.files]]\nto = \"/etc/x\"\nfrom = \"x.conf\"\nmode = \"0600\"\n";
    let spec = spec(&[base, over]).unwrap();
    assert_eq!(spec.packages.keys().collect::<Vec<_>>(), ["bash", "curl", "git"]);
    assert_eq!(spec.packages["git"], Take::Slices(vec!["https".into()]));
    assert_eq!(spec.start.env.values().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(spec.start.command.as_deref(), Some(&["bash".to_owned()][..]));
    assert_eq!(spec.start.ports.iter().collect::<Vec<_>>(), ["53/udp", "80/tcp"]);
    let [file] = spec.files.as_slice() else { panic!("{:?}", spec.files) };
    assert_eq!(file.from, From::Path("/m/x.conf".into()));
    assert_eq!(file.mode, Some(0o600));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (text, expected) in [
        ("[service]\ncommand = [\"x\"]\n", "no `[image]`"),
        ("[image]\npakages = []\n", "did you mean `packages`?"),
        ("[image]\npackages = [{ name = \"git\", slice = [] }]\n", "did you mean `slices`?"),
        ("[image]\npackages = [\"bash\", { name = \"git\", slices = [\"htps\"] }]\n", ":2:21:"),
        ("[image]\npackages = [{ name = \"zsh\", slices = [\"x\"] }]\n", "take it `whole`"),
        ("[image]\npackages = [{ name = \"git\", slices = [], whole = true }]\n", "not both"),
        ("[image]\npackages = [\"../x\"]\n", "no package's name"),
        ("[image]\nworkdir = \"work\"\n", "no path in an image"),
        ("[image]\n[[image.files]]\nto = \"/a/../b\"\ntext = \"\"\n", "no path in an image"),
        ("[image]\n[[image.files]]\nto = \"/a\"\n", "exactly one of"),
        ("[image]\n[[image.files]]\nto = \"/a\"\ntext = \"\"\nmode = \"9\"\n", "no mode such as"),
        ("[image]\n[[image.users]]\nname = \"a:b\"\nuid = 1\n", "no user's name"),
        ("[image]\narchitecture = \"mips\"\n", "\"amd64\" or \"arm64\""),
        ("[image]\nports = [\"x\"]\n", "no port such as"),
        ("[image.warm]\nkeep = [\"/c\"]\n", "no [service] to start"),
        ("[image.warm]\ncommand = [\"x\"]\n", "has to `keep` a directory"),
        ("[image.warm]\nkeep = [\"c\"]\n", "no path in an image"),
        ("[image.warm]\nkeep = [\"/c\"]\nready = { tcp = \"x\", log = \"y\" }\n", "exactly one of"),
    ] {
        let error = spec(&[text]).unwrap_err();
        assert!(error.contains(expected), "{text}\n{error}");
        assert!(error.starts_with("/m/lightship.toml:"), "{error}");
    }
}

#[test]
fn a_start_at_build_time_is_the_services_or_one_of_its_own() {
    let of = |image: &str, ready: Option<Ready>| {
        let text = format!("[image.warm]\nkeep = [\"/c\"]\n{image}");
        let service = Service { ready, ..Service::from_command(vec!["serve".to_owned()]) };
        let texts = [Text::new("/m/lightship.toml", text)];
        let spec = merge::merge(&texts, Registries::default(), Some(&service));
        spec.map(|spec| spec.warm.unwrap()).map_err(|errors| errors.to_string())
    };
    let tcp = || Some(Ready::Probe(Check::Tcp("127.0.0.1:1".to_owned())));
    let warm = of("settle = \"7s\"", tcp()).unwrap();
    assert_eq!((warm.command[0].as_str(), warm.settle.as_secs()), ("serve", 7));
    assert_eq!(warm.until, Until::Tcp("127.0.0.1:1".into()));
    assert_eq!(of("ready = { log = \"up\" }", tcp()).unwrap().until, Until::Log("up".into()));
    let warm = of("command = [\"fill\"]", tcp()).unwrap();
    assert_eq!((warm.command[0].as_str(), warm.until), ("fill", Until::Ends));
    assert!(of("", None).unwrap_err().contains("when is the service ready?"));
    let exec = Some(Ready::Probe(Check::Exec(vec!["x".to_owned()])));
    assert!(of("", exec).unwrap_err().contains("when is the service ready?"));
}
