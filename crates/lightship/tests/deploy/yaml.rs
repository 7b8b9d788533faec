//! The YAML of `deploy/` and `.github/`, held against the schemas of those who read it. The
//! validators are in the directory that `LIGHTSHIP_VALIDATORS` names; `deploy/validators DIR` puts
//! them there.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::root;

/// Where the validators are; says so where they are not.
fn validators() -> Option<PathBuf> {
    let named = std::env::var_os("LIGHTSHIP_VALIDATORS").map(PathBuf::from);
    let named = named.filter(|path| path.join("kubernetes_validate").is_dir());
    if named.is_none() {
        eprintln!("skipped: LIGHTSHIP_VALIDATORS names no directory with kubernetes-validate");
    }
    named
}

/// Runs a Python program beside the validators, in the repository.
#[track_caller]
fn python(validators: &Path, text: &str, args: &[&str]) -> String {
    let mut command = Command::new("python3");
    command.args(["-c", text]).args(args).current_dir(root()).env("PYTHONPATH", validators);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{said}");
    String::from_utf8(output.stdout).unwrap()
}

const KUBERNETES: &str = r#"
import glob, sys, yaml, kubernetes_validate
version = kubernetes_validate.latest_version()
kinds = []
for path in sorted(glob.glob("deploy/kubernetes/*.yaml")):
    for one in yaml.safe_load_all(open(path)):
        if one["kind"] != "Kustomization":
            kubernetes_validate.validate(one, version, strict=True)
        kinds.append(one["kind"])
# What is wrong is found.
bad = yaml.safe_load(open("deploy/kubernetes/deployment.yaml"))
bad["spec"]["template"]["spec"]["containers"][0]["startupProb"] = {}
try:
    kubernetes_validate.validate(bad, version, strict=True)
    sys.exit("a wrong key passed")
except kubernetes_validate.ValidationError:
    pass
print(version, *kinds)
"#;

#[test]
fn the_kubernetes_files_fit_the_schema_of_a_current_release() {
    let Some(validators) = validators() else { return };
    let said = python(&validators, KUBERNETES, &[]);
    assert!(
        said.trim().ends_with("Deployment Kustomization Service PersistentVolumeClaim"),
        "{said}"
    );
}

const KUSTOMIZATION: &str = r#"
import os, yaml
folder = "deploy/kubernetes"
one = yaml.safe_load(open(f"{folder}/kustomization.yaml"))
named = one["resources"] + [f for map in one["configMapGenerator"] for f in map["files"]]
missing = [f for f in named if not os.path.exists(f"{folder}/{f}")]
assert not missing, missing
pod = yaml.safe_load(open(f"{folder}/deployment.yaml"))["spec"]["template"]["spec"]
maps = [v["configMap"]["name"] for v in pod["volumes"] if "configMap" in v]
assert maps == [map["name"] for map in one["configMapGenerator"]], maps
claims = [v["persistentVolumeClaim"]["claimName"] for v in pod["volumes"] if "persistentVolumeClaim" in v]
assert claims == [yaml.safe_load(open(f"{folder}/volume.yaml"))["metadata"]["name"]], claims
gateway = pod["containers"][0]
probes = [gateway[name]["httpGet"]["path"] for name in ("startupProbe", "readinessProbe", "livenessProbe")]
assert probes == ["/startupz", "/readyz", "/livez"], probes
ports = {p["name"] for p in gateway["ports"]}
service = yaml.safe_load(open(f"{folder}/service.yaml"))["spec"]["ports"]
assert {p["targetPort"] for p in service} <= ports, ports
"#;

#[test]
fn what_the_kubernetes_files_name_is_there() {
    let Some(validators) = validators() else { return };
    python(&validators, KUSTOMIZATION, &[]);
}

const COMPOSE: &str = r#"
import json, os, sys, yaml, jsonschema
schema = json.load(open(sys.argv[1]))
one = yaml.safe_load(open("deploy/compose.yaml"))
check = jsonschema.Draft7Validator(schema)
errors = [e.message for e in check.iter_errors(one)]
assert not errors, errors
for service in one["services"].values():
    build = service["build"]
    assert os.path.exists(os.path.join("deploy", build["context"], build["dockerfile"]))
one["services"]["gateway"]["read_onli"] = True
assert list(check.iter_errors(one)), "a wrong key passed"
"#;

#[test]
fn the_compose_file_fits_its_schema() {
    let Some(validators) = validators() else { return };
    let schema = validators.join("compose-spec.json");
    python(&validators, COMPOSE, &[schema.to_str().unwrap()]);
}

const WORKFLOW: &str = r#"
import re, yaml
one = yaml.safe_load(open(".github/workflows/images.yml"))
# YAML's own word for true is a key of a workflow.
assert set(one) == {"name", True, "permissions", "concurrency", "jobs"}, set(one)
steps = [step for job in one["jobs"].values() for step in job["steps"]]
uses = [step["uses"] for step in steps if "uses" in step]
assert uses and all(re.fullmatch(r"[\w-]+/[\w-]+@v\d+(\.\d+)*|.*@[0-9a-f]{40}", it) for it in uses), uses
runs = "\n".join(step["run"] for step in steps if "run" in step)
for word in ("image build", "image check", "--budget", "./test"):
    assert word in runs, word
for image in one["jobs"]["budgets"]["strategy"]["matrix"]["image"]:
    open(f"images/{image}.toml"), open(f"images/{image}.budget.toml"), open(f"images/{image}.image.lock")
for image in one["jobs"]["dockerfiles"]["strategy"]["matrix"]["image"]:
    open(f"deploy/Dockerfile.{image}")
"#;

#[test]
fn the_workflow_is_yaml_whose_actions_are_pinned_and_whose_files_are_there() {
    let Some(validators) = validators() else { return };
    python(&validators, WORKFLOW, &[]);
}
