//! A real browser without a window: Chromium, driven by means of Debian's `chromedriver`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use ureq::Agent;

use crate::base64;
use crate::process::LIMIT;

/// The name under which the driver hands out elements.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

const ARGUMENTS: [&str; 9] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,900",
];

/// A running browser with one page; it ends when it is dropped.
#[derive(Debug)]
pub struct Browser {
    driver: Child,
    agent: Agent,
    /// The address of the session, below which every command has its own.
    session: String,
    profile: TempDir,
}

/// A node of the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element(String);

/// A key that has no character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Tab,
    Enter,
    Space,
}

impl Browser {
    /// Starts a browser on a profile of its own.
    pub fn start() -> Self {
        let profile = TempDir::new().unwrap();
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("can't run chromedriver (of chromium-driver): {error}"));
        let said = BufReader::new(driver.stdout.take().unwrap());
        let port = said.lines().map_while(Result::ok).find_map(|line| {
            let (_, port) = line.split_once("successfully on port ")?;
            Some(port.trim_end_matches('.').to_owned())
        });
        let port = port.unwrap_or_else(|| panic!("chromedriver did not start"));
        let root = format!("http://127.0.0.1:{port}");
        let config =
            Agent::config_builder().http_status_as_error(false).timeout_global(Some(LIMIT));
        let agent: Agent = config.build().into();
        let mut browser = Self { driver, agent, session: root, profile };
        let profile = browser.profile.path().display().to_string();
        let mut arguments = ARGUMENTS.map(str::to_owned).to_vec();
        arguments.push(format!("--user-data-dir={profile}"));
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": arguments },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let answer = browser.post("/session", &wanted);
        browser.session.push_str("/session/");
        browser.session.push_str(answer["sessionId"].as_str().unwrap());
        browser
    }

    pub fn open(&self, url: &str) {
        self.post("/url", &json!({ "url": url }));
    }

    pub fn url(&self) -> String {
        self.get("/url").as_str().unwrap().to_owned()
    }

    pub fn title(&self) -> String {
        self.get("/title").as_str().unwrap().to_owned()
    }

    /// Runs the body of a function in the page; gives what it returns.
    pub fn run(&self, script: &str) -> Value {
        self.post("/execute/sync", &json!({ "script": script, "args": [] }))
    }

    /// Waits until a script returns something other than nothing, `false`, 0 or "".
    #[track_caller]
    pub fn wait_for(&self, script: &str) -> Value {
        let until = Instant::now() + LIMIT / 4;
        loop {
            let value = self.run(script);
            if !matches!(&value, Value::Null | Value::Bool(false)) && value != 0 && value != "" {
                return value;
            }
            if Instant::now() > until {
                let text = self.run("return document.body.innerText");
                panic!("never came true: {script}\non the page:\n{}", text.as_str().unwrap());
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Waits until the page shows `text`.
    #[track_caller]
    pub fn shows(&self, text: &str) {
        let text = json!(text);
        self.wait_for(&format!("return document.body.innerText.includes({text})"));
    }

    /// The first element that a CSS selector finds.
    #[track_caller]
    pub fn find(&self, css: &str) -> Element {
        element(&self.post("/element", &json!({ "using": "css selector", "value": css })))
    }

    /// All elements that a CSS selector finds.
    pub fn find_all(&self, css: &str) -> Vec<Element> {
        let found = self.post("/elements", &json!({ "using": "css selector", "value": css }));
        found.as_array().unwrap().iter().map(element).collect()
    }

    /// The element that has the focus.
    pub fn focused(&self) -> Element {
        element(&self.get("/element/active"))
    }

    pub fn click(&self, element: &Element) {
        self.post(&format!("/element/{}/click", element.0), &json!({}));
    }

    /// Types into an element.
    pub fn write(&self, element: &Element, text: &str) {
        self.post(&format!("/element/{}/value", element.0), &json!({ "text": text }));
    }

    /// The text that is to be seen in an element.
    pub fn text(&self, element: &Element) -> String {
        self.of(element, "text")
    }

    /// Its role, as assistive technology is told it.
    pub fn role(&self, element: &Element) -> String {
        self.of(element, "computedrole")
    }

    /// Its accessible name.
    pub fn label(&self, element: &Element) -> String {
        self.of(element, "computedlabel")
    }

    fn of(&self, element: &Element, what: &str) -> String {
        self.get(&format!("/element/{}/{what}", element.0)).as_str().unwrap().to_owned()
    }

    /// Presses a key and lets it go, wherever the focus is.
    pub fn press(&self, key: Key) {
        let value = match key {
            Key::Tab => "\u{e004}",
            Key::Enter => "\u{e007}",
            Key::Space => " ",
        };
        let actions = ["keyDown", "keyUp"].map(|kind| json!({ "type": kind, "value": value }));
        let keyboard = json!({ "type": "key", "id": "keyboard", "actions": actions });
        self.post("/actions", &json!({ "actions": [keyboard] }));
    }

    /// Lets the page see this size in CSS pixels.
    pub fn resize(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1,
                              "mobile": false });
        self.protocol("Emulation.setDeviceMetricsOverride", &metrics);
    }

    /// Lets a media feature like `prefers-color-scheme` have a value.
    pub fn prefer(&self, feature: &str, value: &str) {
        let features = json!({ "features": [{ "name": feature, "value": value }] });
        self.protocol("Emulation.setEmulatedMedia", &features);
    }

    /// A picture of the whole page, as a PNG.
    pub fn screenshot(&self) -> Vec<u8> {
        let options = json!({ "format": "png", "captureBeyondViewport": true });
        let answer = self.protocol("Page.captureScreenshot", &options);
        base64::decode(answer["data"].as_str().unwrap())
    }

    /// A command of the browser's own protocol.
    pub fn protocol(&self, command: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters }))
    }

    /// What came to the console since the last time: errors of scripts, of the policy, and
    /// answers that are failures; the browser's advice on how to write pages is left out.
    pub fn console(&self) -> Vec<String> {
        let entries = self.post("/se/log", &json!({ "type": "browser" }));
        let line = |entry: &Value| format!("{}: {}", entry["source"], entry["message"]);
        let said = entries.as_array().unwrap().iter();
        said.filter(|entry| entry["source"] != "recommendation").map(line).collect()
    }

    #[track_caller]
    fn get(&self, path: &str) -> Value {
        let answer = self.agent.get(format!("{}{path}", self.session)).call();
        value(path, answer)
    }

    #[track_caller]
    fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.agent.post(format!("{}{path}", self.session));
        value(path, request.header("Content-Type", "application/json").send(body.to_string()))
    }
}

#[track_caller]
fn value(path: &str, answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Value {
    let mut answer = answer.unwrap_or_else(|error| panic!("{path}: {error}"));
    let text = answer.body_mut().with_config().limit(64 << 20).read_to_string().unwrap();
    let mut body: Value = serde_json::from_str(&text).unwrap();
    assert!(answer.status().is_success(), "{path}: {}", body["value"]["message"]);
    body["value"].take()
}

fn element(value: &Value) -> Element {
    Element(value[ELEMENT].as_str().unwrap().to_owned())
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Ends the browser; the driver alone would leave it behind.
        drop(self.agent.delete(&self.session).call());
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}
